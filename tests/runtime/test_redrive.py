"""RedriveExecution: what failed goes on where it failed, with what it had there."""

from __future__ import annotations

from typing import Any

import pytest

TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
PASS: dict[str, Any] = {"Type": "Pass"}
STATES = {
    "First": {**PASS, "Result": {"n": 1}, "Assign": {"kept.$": "$.n"}, "Next": "Try"},
    "Try": {**TASK, "ResultPath": "$.answer", "Next": "Last"},
    "Last": {**PASS, "Parameters": {"all.$": "$", "kept.$": "$kept", "count.$": "$$.Execution.RedriveCount"}},
}


def failed(world: Any, states: Any = STATES, **definition: Any) -> str:
    arn = str(world.run(states, **definition))
    world.tasks.fail()
    world.runner.pump()
    assert world.status(arn) == "FAILED"
    return arn


def test_the_failed_state_is_entered_again(world: Any, api: Any) -> None:
    arn = failed(world)
    assert world.describe(arn)["redriveStatus"] == "REDRIVABLE"
    assert "redriveStatusReason" not in world.describe(arn)
    world.clock.advance(3600)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    running = api("DescribeExecution", executionArn=arn)
    assert (running["status"], running["redriveCount"]) == ("RUNNING", 1)
    assert not {"error", "cause", "stopDate"} & set(running)
    assert len({call.key for call in world.tasks.calls}) == 2, "a job of its own"
    world.tasks.succeed("well")
    world.runner.pump()
    assert world.output(arn) == {"all": {"n": 1, "answer": "well"}, "kept": 1, "count": 1}
    events = api("GetExecutionHistory", executionArn=arn, maxResults=1000)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    at = kinds.index("ExecutionRedriven")
    assert kinds[at - 1 : at + 2] == ["ExecutionFailed", "ExecutionRedriven", "TaskStateEntered"]
    assert events[at]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert events[at + 1]["previousEventId"] == events[at]["id"]
    assert kinds.count("PassStateEntered") == 2, "what went well is not done again"


def test_again_and_again_and_through_restarts(world: Any, api: Any) -> None:
    arn = failed(world)
    for count in (1, 2, 3):
        api("RedriveExecution", executionArn=arn)
        world.restart()
        world.runner.pump()
        assert world.status(arn) == "RUNNING"
        world.tasks.fail()
        world.runner.pump()
        assert (world.status(arn), world.describe(arn)["redriveCount"]) == ("FAILED", count)
    assert len({call.key for call in world.tasks.calls}) == 4


def test_after_a_stop_and_after_a_timeout(world: Any, api: Any) -> None:
    arn = world.run(STATES, TimeoutSeconds=60)
    api("StopExecution", executionArn=arn)
    assert world.status(arn) == "ABORTED"
    api("RedriveExecution", executionArn=arn)
    world.clock.advance(61)
    world.runner.pump()
    assert world.status(arn) == "TIMED_OUT", "the time runs anew"
    api("RedriveExecution", executionArn=arn)
    world.clock.advance(59)
    world.runner.pump()
    world.tasks.succeed("late")
    world.runner.pump()
    assert world.output(arn)["count"] == 2


def test_a_fail_state_fails_again(world: Any, api: Any) -> None:
    arn = world.run({"First": PASS | {"Next": "Stop"}, "Stop": {"Type": "Fail", "Error": "E"}})
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert world.describe(arn)["error"] == "E"
    assert world.types(arn).count("FailStateEntered") == 2


def test_retries_begin_anew(world: Any, api: Any) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arn = world.run({"Try": {**TASK, "Retry": retry}})
    for _ in range(2):
        world.tasks.fail()
        world.runner.pump()
        world.clock.advance(1)
        world.runner.pump()
    assert world.status(arn) == "FAILED"
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    assert world.status(arn) == "RUNNING", "it waits for its retry"


def test_a_token_repeats_the_answer(world: Any, api: Any) -> None:
    arn = failed(world)
    first = api("RedriveExecution", executionArn=arn, clientToken="once")
    world.clock.advance(5)
    assert api("RedriveExecution", executionArn=arn, clientToken="once") == first
    assert "RUNNING" in api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn, clientToken="twice")
    assert world.describe(arn)["redriveCount"] == 1


def test_what_cannot_be_redriven(world: Any, api: Any) -> None:
    running = world.run(STATES)
    assert "RUNNING" in api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=running)
    world.tasks.succeed("well")
    world.runner.pump()
    assert "SUCCEEDED" in api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=running)
    assert world.describe(running)["redriveStatus"] == "NOT_REDRIVABLE"
    api.refuses("ExecutionDoesNotExist", "RedriveExecution", executionArn=running + "x")
    old = world.begin(world.create(STATES, "old"))
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    world.clock.advance(14 * 86_400 + 1)
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=old)
    assert "redrivable period exceeded" in message
    assert "redrivable period exceeded" in world.describe(old)["redriveStatusReason"]


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_branches_and_items_are_not_redriven_yet(world: Any, api: Any, kind: str) -> None:
    inner = {"StartAt": "In", "States": {"In": TASK}}
    state = {"Type": kind, **({"Branches": [inner]} if kind == "Parallel" else {"ItemProcessor": inner})}
    arn = world.run({"Outer": state}, [1])
    world.tasks.fail()
    world.runner.pump()
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert "in a Parallel or Map state" in message
    assert world.describe(arn)["redriveStatus"] == "NOT_REDRIVABLE"


def test_a_state_after_a_map_is_redriven(world: Any, api: Any) -> None:
    inner = {"StartAt": "In", "States": {"In": {**PASS, "Assign": {"inner": 1}}}}
    arn = failed(
        world,
        {
            "Start": {**PASS, "Result": {"l": [1, 2]}, "Next": "Items"},
            "Items": {"Type": "Map", "ItemProcessor": inner, "ItemsPath": "$.l", "Next": "Try"},
            "Try": TASK,
        },
    )
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert world.tasks.calls[-1].command.arguments.value == [1, 2]
    world.tasks.succeed("well")
    world.runner.pump()
    assert world.output(arn) == "well"


def test_a_full_history_has_no_room(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = failed(world)
    monkeypatch.setattr("stepfunctions.runtime.operations.redrive.MAX_EVENTS", 5)
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert "event limit exceeded" in message


def test_a_long_history_is_read_in_pages(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.runtime.operations.redrive._PAGE", 2)
    arn = failed(world)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    world.tasks.succeed("well")
    world.runner.pump()
    assert world.output(arn)["kept"] == 1
