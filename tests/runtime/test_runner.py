"""The runner without a thread: every test steps it itself and moves the clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.advance import advance as real
from stepfunctions.engine.messages import TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.runtime import core

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
SYNC = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync"}
PASS = {"Type": "Pass"}


def test_a_chain_runs_to_its_end_in_one_commit(world: Any) -> None:
    arn = world.run({"A": {"Type": "Pass", "Result": 1, "ResultPath": "$.r", "Next": "B"}, "B": PASS}, {"a": "é"})
    assert world.output(arn) == {"a": "é", "r": 1}
    assert world.types(arn) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert world.runner.idle


def test_a_task_is_started_after_its_row_is_committed(world: Any) -> None:
    seen: list[Any] = []

    def answer(call: TaskCall) -> None:
        seen.append(world.store.executions.pending(call.execution_arn).tasks[0][0])
        assert world.types(call.execution_arn)[-1] == "TaskStarted"

    world.tasks.answer = answer
    arn = world.run({"T": {**TASK, "Parameters": {"q.$": "$.x"}}}, {"x": 5})
    assert seen == [world.tasks.calls[0].command]
    assert world.tasks.calls[0].command.arguments == Document({"q": 5})
    assert world.tasks.calls[0].key == f"{arn}/1/1"
    world.tasks.succeed({"done": True})
    world.runner.pump()
    assert world.output(arn) == {"done": True}
    assert world.store.executions.pending(arn).tasks == []


def test_late_and_double_outcomes_are_ignored(world: Any) -> None:
    arn = world.run({"T": {**TASK, "Next": "U"}, "U": TASK})
    first = world.tasks.calls[0]
    world.tasks.succeed(1, first)
    world.tasks.succeed(2, first)
    world.tasks.fail("Late", first)
    world.runner.pump()
    assert world.status(arn) == "RUNNING"
    world.tasks.succeed(3)
    world.runner.pump()
    world.tasks.succeed(4)
    assert world.runner.pump()
    assert world.output(arn) == 3
    assert world.types(arn).count("TaskSucceeded") == 2


def test_waits_and_retries_follow_the_clock(world: Any) -> None:
    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 10, "BackoffRate": 2.0, "MaxAttempts": 2}]
    arn = world.run({"W": {"Type": "Wait", "Seconds": 100, "Next": "T"}, "T": {**TASK, "Retry": retry}})
    assert world.runner.next_due() == world.clock.now() + 100
    world.clock.advance(99)
    world.runner.pump()
    assert not world.tasks.calls
    world.clock.advance(1)
    world.runner.pump()
    for expected in (10, 20):
        world.tasks.fail()
        world.runner.pump()
        assert world.runner.next_due() == world.clock.now() + expected
        world.clock.advance(expected)
        world.runner.pump()
    assert [call.command.attempt for call in world.tasks.calls] == [2, 4, 6]
    world.tasks.fail()
    world.runner.pump()
    described = world.describe(arn)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Broken", "because")
    assert world.runner.next_due() is None


def test_a_timeout_cancels_the_task(world: Any) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "P"}]
    arn = world.run({"T": {**SYNC, "TimeoutSeconds": 60, "Next": "P", "Catch": catch}, "P": PASS})
    world.tasks.submit({"JobRunId": "j"})
    world.runner.pump()
    assert world.store.executions.pending(arn).tasks[0][1] == Document({"JobRunId": "j"})
    world.clock.advance(60)
    world.runner.pump()
    assert world.status(arn) == "SUCCEEDED"
    assert world.tasks.cancelled == [world.tasks.calls[0].key]
    assert "TaskTimedOut" in world.types(arn)


def test_heartbeats_push_the_timer(world: Any) -> None:
    task = {
        **TASK,
        "Resource": TASK["Resource"] + ".waitForTaskToken",
        "HeartbeatSeconds": 30,
        "Parameters": {"MessageBody": {"t.$": "$$.Task.Token"}},
    }
    arn = world.run({"T": task})
    token = world.tasks.calls[0].command.arguments.value["MessageBody"]["t"]
    for _ in range(3):
        world.clock.advance(29)
        world.runner.pump()
        world.api.send_task_heartbeat({"taskToken": token})
    world.clock.advance(30)
    world.runner.pump()
    assert world.describe(arn)["error"] == "States.Timeout"


def test_stopping_cancels_what_runs(world: Any) -> None:
    branches = [{"StartAt": name, "States": {name: SYNC}} for name in ("A", "B")]
    arn = world.run({"P": {"Type": "Parallel", "Branches": branches}})
    world.api.stop_execution({"executionArn": arn, "error": "Enough", "cause": "why not"})
    world.runner.pump()
    described = world.describe(arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "why not")
    assert sorted(world.tasks.cancelled) == sorted(call.key for call in world.tasks.calls)
    assert world.types(arn)[-1] == "ExecutionAborted"
    world.tasks.succeed()
    world.runner.pump()
    assert world.types(arn)[-1] == "ExecutionAborted"


@pytest.mark.parametrize("restart", [False, True])
def test_a_cancel_says_how_its_job_was_submitted(world: Any, restart: bool) -> None:
    arn = world.run({"T": SYNC})
    world.tasks.submit({"JobRunId": "j"})
    world.runner.pump()
    if restart:
        world.restart()
    world.api.stop_execution({"executionArn": arn})
    (cancel,) = world.tasks.cancels
    assert (cancel.key, cancel.submitted) == (world.tasks.calls[0].key, Document({"JobRunId": "j"}))
    assert cancel.command.resource.arn == SYNC["Resource"]
    assert world.runner._core._jobs._submitted == {}


def test_a_job_submitted_after_its_cancel_is_cancelled_again(world: Any) -> None:
    arn = world.run({"T": SYNC})
    world.api.stop_execution({"executionArn": arn})
    assert [cancel.submitted for cancel in world.tasks.cancels] == [None]
    world.tasks.submit({"JobRunId": "j"})
    world.tasks.submit({"JobRunId": "j"})
    world.tasks.fail()
    world.runner.pump()
    assert [cancel.submitted for cancel in world.tasks.cancels] == [None, Document({"JobRunId": "j"})]
    assert world.runner._core._jobs._cancelled == {}


def test_a_task_cancelled_in_the_step_that_started_it_never_starts(world: Any) -> None:
    broken = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
    branches = [{"StartAt": "T", "States": {"T": TASK}}, broken]
    arn = world.run({"P": {"Type": "Parallel", "Branches": branches}})
    assert world.status(arn) == "FAILED"
    assert world.tasks.calls == []


LOOP: dict[str, Any] = {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "C"}], "Default": "A"},
    "C": PASS,
}


def test_an_endless_loop_can_be_stopped_between_commits(world: Any) -> None:
    machine = world.create(LOOP)
    arn = world.begin(machine)
    assert world.types(arn)[-1] in {"PassStateExited", "ChoiceStateExited"}
    world.api.stop_execution({"executionArn": arn})
    assert world.status(arn) == "ABORTED"
    assert len(world.types(arn)) < 10_000


def test_a_long_history_ends_the_execution(world: Any) -> None:
    arn = world.run(LOOP)
    assert world.status(arn) == "FAILED"
    assert 24_990 <= len(world.types(arn)) <= 25_000


BIG: dict[str, Any] = {
    "Start": {"Type": "Pass", "Result": [1, 2, 3], "ResultPath": "$.items", "Next": "Both"},
    "Both": {
        "Type": "Parallel",
        "ResultPath": "$.both",
        "Next": "Each",
        "Branches": [
            {
                "StartAt": "W",
                "States": {
                    "W": {"Type": "Wait", "Seconds": 5, "Next": "T"},
                    "T": {**SYNC, "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2}]},
                },
            },
            {
                "StartAt": "U",
                "States": {"U": {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}, "C": PASS},
            },
        ],
    },
    "Each": {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "ResultPath": "$.each",
        "Next": "Spread",
        "ItemProcessor": {"StartAt": "I", "States": {"I": {**TASK, "TimeoutSeconds": 30}}},
    },
    "Spread": {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "ResultPath": "$.spread",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "D",
            "States": {"D": {"Type": "Wait", "Seconds": 1, "Next": "E"}, "E": SYNC},
        },
    },
}


def answer_big(call: TaskCall) -> Any:
    """Fails U, and T at its first attempt; a function of the call alone, so that it is the same after a restart."""
    task = call.command
    if task.state == "U" or (task.state == "T" and task.attempt == 2):
        return TaskFailed(task.branch, task.attempt, "Broken", "because")
    return TaskSucceeded(task.branch, task.attempt, Document({"did": task.state, "with": task.arguments.value}))


def normal(world: Any, arn: str) -> Any:
    """What must be the same whenever the process was killed: everything but time and the children's names."""

    def shown(one: str) -> list[Any]:
        return [
            (event.id, event.previous_id, event.type, event.name, event.payload and event.payload.value, event.extra)
            for event in world.store.executions.history(one, limit=1000)
        ]

    children = [(json.loads(child["input"]), shown(child["executionArn"])) for child in world.children(arn)]
    return shown(arn), world.output(arn), children


def steps_to_the_end(world: Any, arn: str) -> int:
    """Run cycle by cycle, moving time when nothing else is left; returns the number of cycles."""
    count = 0
    while world.status(arn) == "RUNNING":
        if world.runner.step():
            count += 1
        else:
            world.clock.advance_to(world.runner.next_due())
    return count


def test_a_restart_after_any_commit_changes_nothing(world: Any) -> None:
    world.tasks.answer = answer_big
    machine = world.create(BIG)
    whole = world.begin(machine, {"x": 1}, "whole")
    cycles = steps_to_the_end(world, whole)
    expected = normal(world, whole)
    assert len(expected[0]) > 50
    for stop in range(1, cycles):
        arn = world.begin(machine, {"x": 1}, f"after-{stop}")
        done = 0
        while done < stop and world.status(arn) == "RUNNING":
            if world.runner.step():
                done += 1
            else:
                world.clock.advance_to(world.runner.next_due())
        world.restart()
        steps_to_the_end(world, arn)
        assert canonical(normal(world, arn)) == canonical(expected), f"after cycle {stop}"


def canonical(history: Any) -> Any:
    """Leave out the one thing named after the execution: the ARN of its map run."""
    events, output, children = history
    cleaned = [(*event[:5], None if event[5] and "mapRunArn" in event[5] else event[5]) for event in events]
    return cleaned, output, children


def test_restarting_after_every_commit_changes_nothing(world: Any) -> None:
    world.tasks.answer = answer_big
    machine = world.create(BIG)
    whole = world.begin(machine, {"x": 1}, "whole")
    steps_to_the_end(world, whole)
    arn = world.begin(machine, {"x": 1}, "often")
    while world.status(arn) == "RUNNING":
        world.restart()
        if not world.runner.step():
            world.clock.advance_to(world.runner.next_due())
    assert canonical(normal(world, arn)) == canonical(normal(world, whole))


def test_a_restart_resumes_tasks_with_their_key_and_submission(world: Any) -> None:
    arn = world.run({"T": SYNC})
    key = world.tasks.calls[0].key
    world.tasks.submit({"JobRunId": "j"})
    world.runner.pump()
    world.restart()
    world.runner.pump()
    (call,) = world.tasks.resumed
    assert (call.key, call.submitted) == (key, Document({"JobRunId": "j"}))
    world.tasks.succeed("ok", call)
    world.runner.pump()
    assert world.output(arn) == "ok"


def test_timers_keep_their_due_time_over_a_restart(world: Any) -> None:
    arn = world.run({"W": {"Type": "Wait", "Seconds": 100}})
    due = world.clock.now() + 100
    world.clock.advance(60)
    world.restart()
    assert world.runner.next_due() == due
    world.clock.advance(1000)
    world.restart()
    world.runner.pump()
    assert world.status(arn) == "SUCCEEDED"


def test_a_commit_that_fails_loses_nothing(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = world.run({"W": {"Type": "Wait", "Seconds": 10, "Next": "T"}, "T": TASK})
    real = world.store.executions.commit
    failures = [OSError("disk full"), OSError("disk full")]

    def commit(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        real(*arguments)

    monkeypatch.setattr(world.store.executions, "commit", commit)
    world.clock.advance(10)
    with pytest.raises(OSError, match="disk full"):
        world.runner.pump()
    with pytest.raises(OSError, match="disk full"):
        world.begin(world.create({"P": PASS}, "other"), name="refused")
    world.runner.pump()
    assert len(world.tasks.calls) == 1
    failures.append(OSError("disk full"))
    world.tasks.succeed("kept")
    with pytest.raises(OSError, match="disk full"):
        world.runner.pump()
    world.runner.pump()
    assert world.output(arn) == "kept"
    assert world.tasks.resumed == []


def test_a_fault_of_the_engine_ends_only_that_execution(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.create({"T": TASK})
    bad, good = world.begin(machine, name="bad"), world.begin(machine, name="good")

    def advance(execution: Any, outcome: Any, now: float, *more: Any) -> Any:
        if execution.name == "bad" and isinstance(outcome, TaskSucceeded):
            raise ZeroDivisionError("a bug")
        return real(execution, outcome, now, *more)

    monkeypatch.setattr(core, "advance", advance)
    for call in tuple(world.tasks.calls):
        world.tasks.succeed("fine", call)
    world.runner.pump()
    assert world.output(good) == "fine"
    described = world.describe(bad)
    assert (described["status"], described["error"]) == ("ABORTED", "States.Runtime")
    assert "a bug" in described["cause"]
    assert world.runner.idle


def test_an_execution_that_cannot_even_be_ended_does_not_hold_up_the_rest(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = world.create({"T": TASK})
    world.begin(machine, name="bad")

    def advance(execution: Any, outcome: Any, now: float, *more: Any) -> Any:
        if execution.name == "bad":
            raise ZeroDivisionError("a bug")
        return real(execution, outcome, now, *more)

    monkeypatch.setattr(core, "advance", advance)
    world.tasks.succeed()
    world.runner.pump()
    good = world.begin(machine, name="good")
    world.tasks.succeed("fine")
    world.runner.pump()
    assert world.output(good) == "fine"


def test_after_a_restart_every_execution_goes_on(world: Any) -> None:
    waiting = world.create({"T": TASK}, "waiting")
    for number in range(6):
        world.begin(waiting, name=f"w{number}")
    loop = {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "P"}], "Default": "L"}
    arn = world.begin(world.create({"L": loop, "P": PASS}, "loop"), name="loop")
    assert len(world.types(arn)) == 2_001, "it was killed in the middle"
    world.restart()
    world.runner.pump()
    assert len(world.types(arn)) == 25_000


@pytest.mark.parametrize("alone", [True, False])
def test_data_that_cannot_be_written_fails_its_execution_only(
    world: Any, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    machine = world.create({"T": TASK})
    bad, good = world.begin(machine, name="bad"), world.begin(machine, name="good")
    real_commit = world.store.executions.commit

    def commit(changes: Any, runs: Any = ()) -> None:
        for change in changes:
            if any("poison" in event.payload.text for event in change.events if event.payload):
                raise OverflowError("too large a number")
        real_commit(changes, runs)

    monkeypatch.setattr(world.store.executions, "commit", commit)
    calls = {call.execution_arn: call for call in world.tasks.calls}
    world.tasks.succeed("poison", calls[bad])
    if not alone:
        world.tasks.succeed("fine", calls[good])
    world.runner.pump()
    if alone:
        world.tasks.succeed("fine", calls[good])
        world.runner.pump()
    assert world.output(good) == "fine"
    assert (world.status(bad), world.describe(bad)["error"]) == ("ABORTED", "States.Runtime")
    assert "too large a number" in world.describe(bad)["cause"]
    assert world.runner.idle
    with pytest.raises(RuntimeError, match="too large a number"):
        world.begin(machine, "poison", name="refused")
    assert world.begin(machine, "welcome", name="welcome")


def test_errors_of_any_characters_are_kept(world: Any) -> None:
    arn = world.run({"T": TASK})
    world.tasks.fail("Broken\ud800")
    world.runner.pump()
    assert world.describe(arn)["error"] == "Broken?"
    stopped = world.begin(world.create({"T": TASK}, "other"), name="stopped")
    world.api.stop_execution({"executionArn": stopped, "error": "é", "cause": "\udfff"})
    assert (world.describe(stopped)["error"], world.describe(stopped)["cause"]) == ("é", "?")


def test_memory_holds_open_executions_only(world: Any) -> None:
    machine = world.create({"P": PASS})
    for number in range(50):
        world.begin(machine, name=str(number))
    waiting = world.begin(world.create({"T": TASK}, "other"), name="waiting")
    assert [*world.runner._core.live] == [waiting]
    world.tasks.succeed()
    world.runner.pump()
    assert world.runner.idle
    assert world.runner._core._more == {}


def test_callbacks_at_the_end(world: Any) -> None:
    called: list[str] = []
    arn = world.run({"T": TASK})
    world.runner.on_end(arn, lambda: called.append(str(1 / 0)))
    world.runner.on_end(arn, lambda: called.append("then"))
    assert called == []
    assert not world.runner.wait_for(arn)
    world.tasks.succeed()
    assert world.runner.wait_for(arn)
    assert called == ["then"]
    world.runner.on_end(arn, lambda: called.append("at once"))
    world.runner.on_end("unknown", lambda: called.append("too"))
    assert called == ["then", "at once", "too"]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_is_due_at_the_same_time_goes_on_in_the_order_it_began(world: Any, restarts: bool) -> None:
    wait = {"Type": "Wait", "Seconds": 3, "End": True}
    branches = [
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "Later"}, "Later": wait}},
        {"StartAt": "Earlier", "States": {"Earlier": wait}},
    ]
    arn = world.begin(world.create({"Both": {"Type": "Parallel", "Branches": branches}}))
    world.runner.pump()
    if restarts:
        world.restart()
    world.clock.advance(3)
    world.runner.pump()
    events = world.api.get_execution_history({"executionArn": arn})["events"]
    exited = [event["stateExitedEventDetails"]["name"] for event in events if event["type"] == "WaitStateExited"]
    assert exited == ["Earlier", "Later"]
