"""An execution drawn in a terminal: what is shown of it, and what goes first when there is no room."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stepfunctions.cli.watching import Beside, event_line
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


def test_nothing_steers_the_terminal(events: list[dict[str, Any]]) -> None:
    name = "a\x1b[2J \n b\u202e\x9b2J"
    tree = Tree({"StartAt": name, "States": {name: {"Type": "Wait", "Timestamp": "\x1b]0;t\x07"}}}, "run-1")
    tree.log("Lambda function f", ["\x1b[31mred\x1b[0m\x08 \x1b]0;title\x07", " 5%\r 99%\n"])
    tree.take([{"id": 1, "type": "WaitStateEntered", "timestamp": events[0]["timestamp"],
                "stateEnteredEventDetails": {"name": name}}])  # fmt: skip
    text = drawn(tree, height=13, terminal=True)
    assert not set(text.replace("\n", "")) & {chr(code) for code in (*range(32), *range(127, 160), 0x202E)}
    assert "● a b\ufffd\ufffd2J  Wait until" in text
    assert "Running" in text
    assert re.search(r"Running +\S+ (s|h|d)", text), "its time is found by its name"
    assert "red\ufffd" in text
    assert "  99%" in text
    assert " 5%" not in text


def test_an_event_is_one_line_that_steers_nothing() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    event = {"type": "TaskFailed", "timestamp": at, "taskFailedEventDetails": {"error": "a\nb", "cause": "\x1b[2J\x07"}}
    assert event_line(event) == "00:00:00 TaskFailed a b: \ufffd"


class Refusing:
    """A client of somebody who may not read Map Runs."""

    meta = SimpleNamespace(region_name="us-east-1")

    def describe_map_run(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeMapRun")


def test_what_may_not_be_read_does_not_end_the_watching() -> None:
    tree = Tree(FLAKY, "run-1")
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    entered = {"id": 1, "type": "MapStateEntered", "timestamp": at, "stateEnteredEventDetails": {"name": "Each"}}
    started = {"id": 2, "previousEventId": 1, "type": "MapRunStarted", "timestamp": at,
               "mapRunStartedEventDetails": {"mapRunArn": "arn"}}  # fmt: skip
    tree.take([entered, started])
    Beside(Refusing(), aws=False).look(tree, now=True)
    assert "● Each" in drawn(tree)


@pytest.mark.parametrize("width", [1, 8, 20, 40])
def test_a_narrow_terminal_cuts_lines(events: list[dict[str, Any]], width: int) -> None:
    tree = Tree(FLAKY, "run-1")
    tree.take(events)
    assert all(len(line) <= width for line in drawn(tree, width=width, height=20, terminal=True).splitlines())


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
