"""Histories read: statuses, retries, iterations and the transitions taken; written by hand and by the engine."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from stepfunctions.errors import StateFailed
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual import Picture
from stepfunctions.visual.report.reading import read
from stepfunctions.visual.status import read_history

Definition = dict[str, Any]


def statuses(events: list[dict[str, Any]]) -> dict[str, str]:
    return {name: status.status for name, status in read_history(events).states.items()}


def test_a_state_is_running_until_it_is_left(script: Any) -> None:
    script.task("A")
    script.add("TaskStateEntered", name="B")
    script.add("TaskScheduled")
    assert statuses(script.events) == {"A": "SUCCEEDED", "B": "RUNNING"}


def test_retries_are_counted_and_a_caught_error_is_not_a_failure(script: Any) -> None:
    script.task("A", failures=2)
    script.task("B", failures=1, caught=True)
    overlay = read_history(script.events)
    assert overlay.states["A"].text() == "Succeeded · 2 retries"
    assert overlay.states["B"].text() == "Caught error · 1 retry"
    assert ("A", "B") in overlay.taken
    assert ("", "A") in overlay.taken


def test_the_failed_state_is_the_one_whose_error_nobody_caught(script: Any) -> None:
    script.task("A")
    script.add("TaskStateEntered", name="B")
    script.add("TaskScheduled")
    script.add("TaskTimedOut", error="States.Timeout")
    script.add("ExecutionFailed")
    assert statuses(script.events) == {"A": "SUCCEEDED", "B": "FAILED"}


def test_a_state_without_an_event_of_its_own_fails_with_the_execution(script: Any) -> None:
    script.add("ChoiceStateEntered", name="Which?")
    script.add("ExecutionFailed", error="States.NoChoiceMatched")
    assert statuses(script.events) == {"Which?": "FAILED"}


@pytest.mark.parametrize("end", ["ExecutionAborted", "ExecutionTimedOut"])
def test_open_states_are_aborted_with_the_execution(script: Any, end: str) -> None:
    script.add("WaitStateEntered", name="Wait")
    script.add(end)
    assert statuses(script.events) == {"Wait": "ABORTED"}


def test_the_order_of_events_does_not_matter(script: Any) -> None:
    script.task("A", failures=1)
    script.task("B", caught=True)
    assert read_history(script.events[::-1]) == read_history(script.events)


def test_a_history_that_begins_in_the_middle_is_read(script: Any) -> None:
    script.task("A", failures=1)
    script.task("B")
    assert statuses(script.events[5:])["B"] == "SUCCEEDED"


@pytest.mark.parametrize("lost", ["A", "B"])
def test_a_state_that_was_left_succeeded_though_its_beginning_is_lost(script: Any, lost: str) -> None:
    for name in "ABC":
        script.task(name)
    kept = [event for event in script.events if (event.get("stateEnteredEventDetails") or {}).get("name") != lost]
    assert len(kept) == len(script.events) - 1
    assert statuses(kept) == dict.fromkeys("ABC", "SUCCEEDED")


def test_events_that_come_twice_count_once(nested: Definition) -> None:
    mocks = {"Collect": {"items": [1, 2]}, "Check": {"status": "READY"}, "Train": {}, "Notify": {}, "Clean up": {}}
    events = run(nested, mocks)
    assert read_history(events + events) == read_history(events)


def test_a_redrive_goes_on_where_it_failed() -> None:
    tries: list[int] = []

    def train(given: dict[str, Any]) -> dict[str, Any]:
        tries.append(given["n"])
        if given["n"] == 1 and tries.count(1) == 1:
            raise StateFailed("Boom", "once")
        return given

    body = {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                  "Parameters": {"FunctionName": "train", "Payload.$": "$"}}}  # fmt: skip
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "T", "States": body}, "End": True}
    wait = {"Type": "Wait", "Seconds": 9, "End": True}
    branches = [{"StartAt": "M", "States": {"M": each}}, {"StartAt": "W", "States": {"W": wait}}]
    definition = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
    client = LocalClient({"train": train})
    role = "arn:aws:iam::123456789012:role/r"
    machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)
    given = json.dumps({"items": [{"n": number} for number in range(3)]})
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=given)["executionArn"]
    client.run_until_idle()
    failed = client.get_execution_history(executionArn=arn)["events"]
    assert statuses(failed) == {"P": "FAILED", "M": "FAILED", "W": "ABORTED", "T": "FAILED"}
    client.redrive_execution(executionArn=arn)
    client.run_until_idle()
    events = client.get_execution_history(executionArn=arn)["events"]
    again = [event["type"] for event in events].index("TaskStarted", len(failed)) + 1
    assert statuses(events[:again]) == {"P": "RUNNING", "M": "RUNNING", "W": "RUNNING", "T": "RUNNING"}
    said = [read_history(events[:cut]).states["M"].text() for cut in (len(failed), len(failed) + 1, again)]
    assert said == ["Failed · 3/3 · 1 failed · 1 aborted", "Running · 1/3 · 1 running", "Running · 1/3 · 2 running"]
    standing = [item.status for span in read(events[:again]).spans for item in span.items.values()]
    assert standing == ["SUCCEEDED", "RUNNING", "RUNNING"]
    states = read_history(events).states
    assert {name: state.text() for name, state in states.items()} == {
        "P": "Succeeded",
        "M": "Succeeded · 3/3",
        "W": "Succeeded",
        "T": "3 succeeded",
    }


def test_map_counts_of_a_distributed_map_are_told(script: Any) -> None:
    script.add("MapStateEntered", name="Each")
    script.add("MapStateStarted", length=0)
    script.add("MapRunStarted", mapRunArn="arn")
    counts = {"Each": {"total": 40, "succeeded": 17, "failed": 3, "running": 5}}
    assert read_history(script.events, counts).states["Each"].text() == "Running · 20/40 · 3 failed · 5 running"
    late = {"Each": {"total": 9, "succeeded": 1, "failed": 0, "timedOut": 2, "running": 0, "aborted": 6}}
    assert read_history(script.events, late).states["Each"].text() == "Running · 9/9 · 2 timed out · 6 aborted"


def test_a_map_that_is_tried_again_counts_its_items_anew(script: Any) -> None:
    script.add("MapStateEntered", name="Each")
    for status in ("Failed", "Succeeded"):
        begun = script.add("MapStateStarted", after=2, length=2)
        assert read_history(script.events).states["Each"].counts["failed"] == 0
        for index in range(2):
            script.add("MapIterationStarted", after=begun, name="Each", index=index)
            script.add(f"MapIteration{status}", name="Each", index=index)
        script.add(f"MapState{status}")
    assert read_history(script.events).states["Each"].text() == "Running · 2/2 · 1 retry"


@pytest.mark.parametrize("end", ["ExecutionAborted", "ExecutionTimedOut"])
def test_items_that_were_under_way_at_the_end_do_not_run(script: Any, end: str) -> None:
    script.add("MapStateEntered", name="Each")
    begun = script.add("MapStateStarted", length=2)
    for index in range(2):
        script.add("MapIterationStarted", after=begun, name="Each", index=index)
    script.add(end, after=0)
    assert read_history(script.events).states["Each"].text() == "Aborted · 2/2 · 2 aborted"
    assert [item.status for span in read(script.events).spans for item in span.items.values()] == ["ABORTED"] * 2


def run(definition: Definition, mocks: dict[str, Any], given: Any = None) -> list[dict[str, Any]]:
    """Run a definition on the engine and return its history."""
    client = LocalClient(mocks)
    machine = client.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given or {}))
    client.run_until_idle(10)
    events: list[dict[str, Any]] = client.get_execution_history(executionArn=started["executionArn"])["events"]
    return events


def test_what_the_engine_writes_is_read(nested: Definition) -> None:
    def check(given: dict[str, Any]) -> dict[str, Any]:
        if given["item"] == 1:
            raise StateFailed("Boom", "one of three")
        return {**given, "status": "READY", "tries": 0}

    nested = copy.deepcopy(nested)
    each = nested["States"]["Both"]["Branches"][0]["States"]["Each"]
    each["ItemsPath"] = "$.items"
    mocks = {
        "Collect": {"items": [{"item": number} for number in range(3)]},
        "Check": check,
        "Train": {},
        "Notify": {},
        "Clean up": {},
    }
    overlay = read_history(run(nested, mocks))
    assert overlay.states["Collect"].status == "SUCCEEDED"
    assert overlay.states["Check"].text() == "1 failed · 1 aborted · 1 succeeded"
    assert overlay.states["Each"].status == "FAILED"
    assert overlay.states["Each"].counts["failed"] == 1
    assert overlay.states["Both"].status == "CAUGHT"
    assert overlay.states["Clean up"].status == "SUCCEEDED"
    assert overlay.states["Reject"].status == "FAILED"
    assert ("Both", "Clean up") in overlay.taken
    assert "Publish" not in overlay.states


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "FAILED"),
        ({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}, "CAUGHT"),
        ({"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}, "FAILED"),
    ],
)
def test_a_failed_expression_is_of_its_state_though_its_event_follows_the_one_before(
    fields: dict[str, Any], told: str
) -> None:
    broken = {
        "Type": "Map",
        "Items": "{% $no %}",
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
        "Next": "Z",
    }
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {**broken, **fields}, "Z": {"Type": "Succeed"}}
    overlay = read_history(run({"QueryLanguage": "JSONata", "StartAt": "A", "States": states}, {}))
    assert overlay.states["A"].status == "SUCCEEDED"
    assert overlay.states["B"].status == told
    assert ("A", "B") in overlay.taken


def test_of_several_iterations_the_one_whose_expression_failed_is_the_failed_one() -> None:
    inner = {
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "Output": "{% $states.input = 2 ? $no : 1 %}", "End": True}},
    }
    state = {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": inner, "MaxConcurrency": 1, "End": True}
    overlay = read_history(run({"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": state}}, {}))
    assert overlay.states["I"].text() == "1 failed · 1 succeeded"
    assert overlay.states["M"].status == "FAILED"


def test_iterations_are_counted(task: Callable[..., Definition]) -> None:
    body = {"StartAt": "Work", "States": {"Work": task()}}
    definition = {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": body, "End": True}},
    }
    events = run(definition, {"Work": 1}, {"items": [1, 2, 3]})
    overlay = read_history(events)
    assert overlay.states["Each"].text() == "Succeeded · 3/3"
    assert overlay.states["Work"].text() == "3 succeeded"
    half = next(index for index, event in enumerate(events) if event["type"] == "MapIterationSucceeded")
    assert "1/3" in read_history(events[: half + 1]).states["Each"].text()
    assert "Each  [Map]  Succeeded · 3/3" in Picture.of(definition, events).text
