"""An execution drawn in a terminal: what is shown of it, and what goes first when there is no room."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual.terminal import Tree, fitting
from stepfunctions.visual.text import Row

ROLE = "arn:aws:iam::123456789012:role/r"
ONE = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
FLAKY: dict[str, Any] = {
    "StartAt": "Prepare",
    "States": {
        "Prepare": {"Type": "Pass", "Result": [1, 2, 3], "Next": "Each"},
        "Each": {"Type": "Map", "ItemProcessor": ONE, "Next": "Work"},
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "flaky"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
            "Next": "Never",
        },
        "Sorry": {"Type": "Fail", "Error": "Sorry"},
        "Never": {"Type": "Succeed"},
    },
}


def drawn(tree: Tree, width: int = 100, height: int = 40, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=terminal, color_system=None)
    with console.capture() as capture:
        console.print(tree)
    return capture.get()


def flaky(event: Any, context: Any) -> None:
    raise ValueError("no")


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    """The history of a run in which the function fails twice."""
    client = LocalClient(functions={"flaky": flaky})
    machine = client.create_state_machine(name="m", definition=json.dumps(FLAKY), roleArn=ROLE)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    client.run_until_idle()
    found: list[dict[str, Any]] = client.get_execution_history(executionArn=arn)["events"]
    return found


def test_the_end_of_a_run(events: list[dict[str, Any]]) -> None:
    tree = Tree(FLAKY, "run-1")
    tree.take(events)
    tree.end("FAILED")
    lines = drawn(tree).splitlines()
    assert lines[0].startswith("✕ run-1  failed  1.0 s")
    assert [line.split()[0] + " " + line.split()[1] for line in lines[1:]] == [
        "✓ Prepare",
        "✓ Each",
        "✓ One",
        "! Work",
        "○ Never",
        "✕ Sorry",
    ]
    assert "━" in lines[2]
    assert "3/3" in lines[2]
    assert "Caught error · 1 retry" in lines[4]
    assert lines[4].endswith("1.0 s")


def test_a_run_on_its_way_is_no_higher_than_the_terminal(events: list[dict[str, Any]]) -> None:
    tree = Tree(FLAKY, "run-1")
    begun = next(index for index, event in enumerate(events) if event["type"] == "TaskScheduled")
    tree.take(events[: begun + 1])
    tree.log("Lambda function flaky", [f"line {number}" for number in range(9)])
    text = drawn(tree, height=13, terminal=True)
    lines = text.splitlines()
    assert lines[0].startswith("● run-1  running")
    assert "● Work" in text
    assert "One" not in text, "what is inside of a state that has ended is hidden first"
    assert "line 8" in text
    assert "line 3" not in text
    assert len(lines) <= 14


def test_names_are_texts(events: list[dict[str, Any]]) -> None:
    definition = {"StartAt": "[red]x[/]", "States": {"[red]x[/]": {"Type": "Succeed"}}}
    assert "○ [red]x[/]" in drawn(Tree(definition, "[bold]name"))
    assert "[bold]name" in drawn(Tree(definition, "[bold]name"))


def test_a_distributed_map_shows_its_counts(events: list[dict[str, Any]]) -> None:
    tree = Tree(FLAKY, "run-1")
    tree.take(events)
    tree.count({"Each": {"total": 40, "succeeded": 17, "failed": 3, "running": 5}})
    assert "20/40 · 3 failed · 5 running" in drawn(tree)


def test_parts_of_a_history_are_drawn_too(events: list[dict[str, Any]]) -> None:
    for cut in range(len(events)):
        tree = Tree(FLAKY, "run-1")
        tree.take(events[cut:])
        tree.take(events[:cut])
        whole = Tree(FLAKY, "run-1")
        whole.take(events)
        for one in (tree, whole):
            one.end("FAILED")
        assert drawn(tree) == drawn(whole)
        part = Tree({}, "run-1")
        part.take(events[cut:])
        assert "run-1" in drawn(part)


signs = st.sampled_from("✓●✕!–○·")
some = st.lists(
    st.builds(
        Row, st.integers(0, 3), st.text("ab", min_size=1, max_size=3), st.sampled_from(["Task", ""]), signs,
        st.just(""), st.just(()),
    ),
    max_size=30,
)  # fmt: skip


@given(some, st.integers(1, 30))
def test_what_runs_or_failed_is_the_last_to_go(found: list[Row], most: int) -> None:
    shown, hidden = fitting(found, most)
    assert len(shown) <= most
    assert hidden == sum(bool(row.detail) for row in found) - sum(bool(row.detail) for row in shown)
    kept = [row for row in found if any(row is one for one in shown)]
    assert [id(row) for row in kept] == [id(row) for row in shown], "in their order"
    if len(found) <= most:
        assert shown == found
