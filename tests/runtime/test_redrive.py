"""RedriveExecution: what failed goes on where it failed, with what it had there.

The rules themselves are cases of the conformance suite; here are restarts, limits of time and number, and the store.
"""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.engine import map_distributed
from stepfunctions.engine.messages import Outcome, TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import Change, TaskCall

TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
PASS: dict[str, Any] = {"Type": "Pass"}
DAY = 86_400
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


def spread(kind: str = "STANDARD", inner: Any = None, **fields: Any) -> dict[str, Any]:
    """A machine of one Distributed Map over its input."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "T"}
    states = inner or {"T": TASK}
    return {"M": {"Type": "Map", "Label": "each", "ItemProcessor": {**processor, "States": states}, **fields}}


def run_of(world: Any, arn: str) -> dict[str, Any]:
    (listed,) = world.api.list_map_runs({"executionArn": arn})["mapRuns"]
    described: dict[str, Any] = world.api.describe_map_run({"mapRunArn": listed["mapRunArn"]})
    return described


def counts(run: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in run["itemCounts"].items() if count}


def test_a_running_redrive_shows_nothing_of_the_failure(world: Any, api: Any) -> None:
    arn = failed(world)
    world.clock.advance(3600)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    running = api("DescribeExecution", executionArn=arn)
    assert (running["status"], running["redriveCount"]) == ("RUNNING", 1)
    assert (running["redriveDate"] - running["startDate"]).total_seconds() == 3600
    assert not {"error", "cause", "stopDate"} & set(running)
    assert len({call.key for call in world.tasks.calls}) == 2, "a job of its own"
    world.tasks.succeed("well")
    world.runner.pump()
    assert world.output(arn) == {"all": {"n": 1, "answer": "well"}, "kept": 1, "count": 1}


def test_again_and_again_and_through_restarts(world: Any, api: Any) -> None:
    arn = failed(world)
    for count in (1, 2, 3):
        api("RedriveExecution", executionArn=arn)
        world.restart()
        world.runner.pump()
        assert world.status(arn) == "RUNNING"
        world.tasks.fail()
        world.runner.pump()
        world.restart()
        assert (world.status(arn), world.describe(arn)["redriveCount"]) == ("FAILED", count)
    assert len({call.key for call in world.tasks.calls}) == 4


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_kill_after_any_commit_changes_nothing(world: Any, api: Any, kind: str) -> None:
    """A Parallel of a nested Map, a Distributed Map and a Wait: killed at each commit of the run and its redrives."""
    inner = {"StartAt": "In", "States": {"In": TASK}}
    branches = [
        {"StartAt": "Items", "States": {"Items": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner}}},
        {"StartAt": "M", "States": spread(kind, MaxConcurrency=2)},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5}}},
    ]
    broken = {"In": 2, "T": 2}

    def answer(call: TaskCall) -> Outcome:
        task = call.command
        if task.arguments.value == 1 and broken[task.state] > 0:
            broken[task.state] -= 1
            return TaskFailed(task.branch, task.attempt, "Broken", "")
        return TaskSucceeded(task.branch, task.attempt, task.arguments)

    world.tasks.answer = answer
    arn = world.begin(world.create({"P": {"Type": "Parallel", "Branches": branches}}), [0, 1, 2])
    for _ in range(400):
        world.runner.step()
        world.restart()
        status = world.status(arn)
        if status == "SUCCEEDED":
            break
        if status == "FAILED":
            api("RedriveExecution", executionArn=arn)
        elif world.runner.next_due() is not None:
            world.clock.advance(1)
    assert world.output(arn) == [[0, 1, 2], [0, 1, 2], [0, 1, 2]]
    assert 1 < world.describe(arn)["redriveCount"] <= 4
    run = run_of(world, arn)
    assert (run["status"], counts(run)) == ("SUCCEEDED", {"succeeded": 3, "total": 3})
    events = api("GetExecutionHistory", executionArn=arn, maxResults=1000)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    entered = [event["type"] for event in events if event["type"].endswith("StateEntered")]
    assert entered.count("ParallelStateEntered") == entered.count("WaitStateEntered") == 1
    assert entered.count("MapStateEntered") == 2
    assert entered.count("TaskStateEntered") == 3, "one of each inline iteration"


def test_what_fails_again_at_once_takes_with_it_what_was_to_be_redriven(world: Any, api: Any) -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    inner = {"StartAt": "B", "States": {"B": TASK}}
    branches = [
        {
            "StartAt": "W",
            "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}},
        },
        {"StartAt": "A", "States": {"A": TASK}},
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [inner]}}},
    ]
    arn = world.begin(world.create({"All": {"Type": "Parallel", "Branches": branches, "Retry": retry}}))
    world.runner.pump()
    for _ in range(3):
        world.clock.advance(1)
        world.runner.pump()
    assert (world.status(arn), len(world.tasks.calls)) == ("FAILED", 4)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert len(world.tasks.calls) == 4, "all branches begin anew after the retrier's second, and none before"
    for _ in range(2):
        world.clock.advance(1)
        world.runner.pump()
    assert (world.status(arn), len(world.tasks.calls)) == ("FAILED", 6)


def test_a_token_is_remembered_for_a_quarter_of_an_hour(world: Any, api: Any) -> None:
    arn = failed(world)
    first = api("RedriveExecution", executionArn=arn, clientToken="once")
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    world.restart()
    world.clock.advance(900)
    assert api("RedriveExecution", executionArn=arn, clientToken="once") == first
    assert world.describe(arn)["redriveCount"] == 1
    world.clock.advance(1)
    assert api("RedriveExecution", executionArn=arn, clientToken="once") != first
    assert world.describe(arn)["redriveCount"] == 2


def test_the_last_ten_tokens_are_remembered(world: Any, api: Any) -> None:
    arn = world.run({"F": {"Type": "Fail", "Error": "E"}})
    for number in range(11):
        api("RedriveExecution", executionArn=arn, clientToken=f"t{number}")
    api("RedriveExecution", executionArn=arn, clientToken="t1")
    assert world.describe(arn)["redriveCount"] == 11
    api("RedriveExecution", executionArn=arn, clientToken="t0")
    assert world.describe(arn)["redriveCount"] == 12


def test_the_period_of_fourteen_days(world: Any, api: Any) -> None:
    arn = failed(world)
    world.clock.advance(14 * DAY)
    assert world.describe(arn)["redriveStatus"] == "REDRIVABLE"
    world.clock.advance(1)
    reason = "Execution redrivable period exceeded"
    assert world.describe(arn)["redriveStatusReason"] == reason
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert message == f"Execution {arn} invalid for redrive as: {reason}"


def test_the_longest_time_of_a_year(world: Any) -> None:
    arn = world.run({"W": {"Type": "Wait", "Seconds": 360 * DAY, "Next": "F"}, "F": {"Type": "Fail"}})
    world.clock.advance(360 * DAY)
    world.runner.pump()
    world.clock.advance(5 * DAY)
    assert world.describe(arn)["redriveStatus"] == "REDRIVABLE"
    world.clock.advance(1)
    assert world.describe(arn)["redriveStatusReason"] == "Execution has exceeded the max execution time"


def test_a_full_history_has_no_room(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = failed(world)
    for name in ("stepfunctions.runtime.operations.redrive.MAX_EVENTS", "stepfunctions.engine.map_run.MAX_EVENTS"):
        monkeypatch.setattr(name, len(world.types(arn)) + 2)
    assert world.describe(arn)["redriveStatus"] == "REDRIVABLE"
    for name in ("stepfunctions.runtime.operations.redrive.MAX_EVENTS", "stepfunctions.engine.map_run.MAX_EVENTS"):
        monkeypatch.setattr(name, len(world.types(arn)) + 1)
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert message.endswith("Execution history event limit exceeded")


def test_a_machine_that_is_being_deleted(world: Any, api: Any) -> None:
    machine = world.create(STATES)
    world.begin(machine, name="open")
    arn = world.begin(machine, name="failed")
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    api("DeleteStateMachine", stateMachineArn=machine)
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert message.endswith("State machine is in DELETING status")


def test_an_execution_of_which_nothing_was_kept(world: Any, api: Any) -> None:
    """As earlier versions of this package left them."""
    arn = failed(world)
    execution = world.store.executions.load(arn)
    execution.removed = set(execution.branches)
    execution.branches.clear()
    world.store.executions.commit([Change(execution)])
    message = api.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=arn)
    assert message.endswith("Execution was started before the launch of RedriveExecution")


def test_a_late_answer_to_the_first_attempt_changes_nothing(world: Any, api: Any) -> None:
    arn = world.run(STATES)
    (first,) = world.tasks.calls
    api("StopExecution", executionArn=arn)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    world.tasks.succeed("old", first)
    world.runner.pump()
    assert world.status(arn) == "RUNNING"
    world.tasks.succeed("new")
    world.runner.pump()
    assert world.output(arn)["all"]["answer"] == "new"


def test_children_that_are_too_old_are_not_redriven(world: Any, api: Any) -> None:
    """They count as failed, so the first one exceeds the tolerance at once."""
    arn = world.run(spread(ToleratedFailureCount=1), [0, 1, 2])
    world.tasks.fail(call=world.tasks.calls[0])
    world.runner.pump()
    world.clock.advance(10 * DAY)
    for call in world.tasks.calls[1:]:
        world.tasks.fail(call=call)
        world.runner.pump()
    assert world.status(arn) == "FAILED"
    world.clock.advance(10 * DAY)
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert len(world.tasks.calls) == 5
    run = run_of(world, arn)
    assert counts(run) == {"running": 2, "failed": 1, "total": 3, "failuresNotRedrivable": 1}
    assert run["executionCounts"]["failuresNotRedrivable"] == 1
    old = next(child for child in world.children(arn) if child["status"] == "FAILED")
    assert old["redriveStatusReason"] == "Execution redrivable period exceeded"
    for call in world.tasks.calls[3:]:
        world.tasks.succeed("well", call)
    world.runner.pump()
    assert world.status(arn) == "SUCCEEDED", "one failure is tolerated"


def test_a_map_run_is_redriven_a_thousand_times(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_distributed, "MAX_REDRIVES", 2)
    arn = world.run(spread(inner={"T": {"Type": "Fail"}}), [0])
    for _ in range(2):
        api("RedriveExecution", executionArn=arn)
        world.runner.pump()
    assert run_of(world, arn)["redriveCount"] == 2
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert (world.status(arn), world.describe(arn)["error"]) == ("FAILED", "States.Runtime")
    assert run_of(world, arn)["redriveCount"] == 2


@pytest.mark.parametrize("killed", [False, True])
def test_a_map_run_that_is_still_at_work_ends_before_it_is_redriven(world: Any, api: Any, killed: bool) -> None:
    inner = {"T": {"Type": "Wait", "Seconds": 9, "Next": "U"}, "U": TASK}
    arn = world.run(spread("EXPRESS", inner), [0, 1])
    api("StopExecution", executionArn=arn)
    assert counts(run_of(world, arn)) == {"running": 2, "total": 2}
    api("RedriveExecution", executionArn=arn)
    if killed:
        world.restart()
    world.runner.pump()
    assert (world.status(arn), run_of(world, arn)["redriveCount"]) == ("RUNNING", 0)
    world.clock.advance(9)
    world.runner.pump()
    one, other = world.tasks.calls
    world.tasks.succeed("kept", one)
    world.tasks.fail(call=other)
    world.runner.pump()
    if killed:
        world.restart()
    world.runner.pump()
    run = run_of(world, arn)
    assert (run["redriveCount"], counts(run)) == (1, {"running": 1, "succeeded": 1, "total": 2})
    world.clock.advance(9)
    world.runner.pump()
    world.tasks.succeed("anew")
    world.runner.pump()
    assert world.output(arn) == ["kept", "anew"]


def test_a_stop_while_a_redrive_waits_for_the_end(world: Any, api: Any) -> None:
    arn = world.run(spread("EXPRESS"), [0])
    api("StopExecution", executionArn=arn)
    api("RedriveExecution", executionArn=arn)
    api("StopExecution", executionArn=arn)
    world.tasks.fail()
    world.runner.pump()
    assert (world.status(arn), run_of(world, arn)["redriveCount"]) == ("ABORTED", 0)


def test_batches_are_counted_by_their_items(world: Any, api: Any) -> None:
    arn = world.run(spread(ItemBatcher={"MaxItemsPerBatch": 2}, MaxConcurrency=1), [0, 1, 2, 3, 4])
    world.tasks.succeed("first")
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    assert counts(run_of(world, arn)) == {"pending": 1, "succeeded": 2, "failed": 2, "total": 5}
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert counts(run_of(world, arn)) == {"pending": 1, "running": 2, "succeeded": 2, "total": 5}
    listed = api("ListExecutions", mapRunArn=run_of(world, arn)["mapRunArn"])["executions"]
    assert [one["itemCount"] for one in listed] == [2, 2]
    for _ in range(2):
        world.tasks.succeed("more")
        world.runner.pump()
    assert world.output(arn) == ["first", "more", "more"]


def test_results_are_written_anew(world: Any, api: Any) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}
    arn = world.run(spread(ResultWriter=writer, MaxConcurrency=1), [0, 1, 2])
    world.tasks.succeed("first")
    world.runner.pump()
    world.tasks.fail()
    world.runner.pump()
    failed = run_of(world, arn)
    assert counts(failed) == {"pending": 1, "succeeded": 1, "failed": 1, "total": 3, "resultsWritten": 3}
    api("RedriveExecution", executionArn=arn)
    world.runner.pump()
    assert counts(run_of(world, arn)) == {"pending": 1, "running": 1, "succeeded": 1, "total": 3}
    for _ in range(2):
        world.tasks.succeed("more")
        world.runner.pump()
    assert counts(run_of(world, arn)) == {"succeeded": 3, "total": 3, "resultsWritten": 3}
    assert set(world.output(arn)) == {"MapRunArn", "ResultWriterDetails"}
