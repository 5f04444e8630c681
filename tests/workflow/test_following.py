"""Watching an execution: its events, its end, its status; in an event loop too."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from stepfunctions.errors import ExecutionFailed, WaitTimeout
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Chain, Fail, FrozenGraph, Pass, Task
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow, following

WAIT = 30.0


def started(door: Any, definition: Any = None, **given: Any) -> Execution:
    flow = Workflow(door.name, definition or Chain([Pass("A"), Pass("B")]), door.role, client=door.client)
    flow.create()
    return flow.execute(**given)


def waiting(door: Any) -> Execution:
    return started(door, FrozenGraph(door.waiting_task()), inputs={"n": 1})


def answer(door: Any, execution: Execution) -> None:
    for event in execution.events(follow=True, timeout=WAIT):
        if event["type"] == "TaskScheduled":
            token = json.loads(event["taskScheduledEventDetails"]["parameters"])["Input"]["token"]
            door.client.send_task_success(taskToken=token, output='{"answer": 42}')
            return


def test_every_event_in_order(door: Any) -> None:
    execution = started(door, Chain([Pass(f"State {n}") for n in range(60)]))
    execution.wait(WAIT)
    assert [event["id"] for event in execution.events()] == list(range(1, 123))
    newest = execution.events(reverse_order=True)
    assert next(newest)["id"] == 122
    assert [event["id"] for event in newest] == list(range(121, 0, -1))
    assert [event["id"] for event in execution.events(follow=True)] == list(range(1, 123))
    with pytest.raises(ValueError, match="in which things happen"):
        execution.events(follow=True, reverse_order=True)


def test_each_event_is_told_once_while_it_waits(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_NEWEST", 2)  # several pages from the end
    execution = waiting(door)
    seen: list[dict[str, Any]] = []

    def on_event(event: dict[str, Any]) -> None:
        seen.append(event)
        if event["type"] == "TaskScheduled":
            token = json.loads(event["taskScheduledEventDetails"]["parameters"])["Input"]["token"]
            door.client.send_task_success(taskToken=token, output='{"answer": 42}')

    described = execution.wait(WAIT, on_event)
    assert json.loads(described["output"]) == {"answer": 42}
    assert [event["id"] for event in seen] == list(range(1, len(seen) + 1))
    assert seen[-1]["type"] == "ExecutionSucceeded"
    assert [event["id"] for event in seen] == [event["id"] for event in execution.events()]


def test_what_a_listener_raises_ends_the_wait(door: Any) -> None:
    execution = started(door)

    def on_event(event: dict[str, Any]) -> None:
        raise KeyError(event["type"])

    with pytest.raises(KeyError, match="ExecutionStarted"):
        execution.wait(WAIT, on_event)
    assert execution.get_output(wait=True, timeout=WAIT) == {}


def test_following_has_a_timeout(door: Any) -> None:
    execution = waiting(door)
    seen: list[dict[str, Any]] = []
    with pytest.raises(WaitTimeout, match=r"still running after 0\.2 s"):
        seen.extend(execution.events(follow=True, timeout=0.2))
    assert seen[0]["type"] == "ExecutionStarted"
    with pytest.raises(WaitTimeout):
        execution.wait(0, on_event=lambda event: None)
    execution.stop()


def test_a_wait_raises_for_a_failure_when_asked(door: Any) -> None:
    execution = started(door, Fail("Stop here", error="Late", cause="by an hour"))
    assert execution.wait(WAIT)["status"] == "FAILED"
    with pytest.raises(ExecutionFailed, match="in state 'Stop here': Late"):
        execution.wait(WAIT, raise_on_failure=True)
    failure = execution.failure
    assert failure is not None
    assert (failure.state, failure.error, failure.cause) == ("Stop here", "Late", "by an hour")
    well = started(type(door)(door.client, door.role), Pass("P"))
    well.wait(WAIT)
    assert well.failure is None


def test_await_gives_the_output(door: Any) -> None:
    async def both() -> list[Any]:
        flow = Workflow(door.name, Pass("Copy"), door.role, client=door.client)
        flow.create()
        return await asyncio.gather(*(flow.execute(inputs=n) for n in range(5)))

    assert asyncio.run(both()) == [0, 1, 2, 3, 4]


def test_await_raises_for_a_failure(door: Any) -> None:
    async def fails() -> None:
        await started(door, Fail("Stop here", error="Late"))

    with pytest.raises(ExecutionFailed, match="in state 'Stop here': Late"):
        asyncio.run(fails())


def test_a_cancelled_await_leaves_the_execution_running_and_no_thread(door: Any) -> None:
    execution = waiting(door)
    before = set(threading.enumerate())  # idle ones of other tests may end meanwhile

    async def gives_up() -> None:
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(execution, 0.2)

    asyncio.run(gives_up())
    assert set(threading.enumerate()) - before == set()
    assert execution.describe()["status"] == "RUNNING"
    answer(door, execution)
    assert execution.get_output(wait=True, timeout=WAIT) == {"answer": 42}


def test_the_status_is_asked_for_anew(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = waiting(door)
    assert execution.status is ExecutionStatus.Running
    answer(door, execution)
    monkeypatch.setattr("stepfunctions.workflow.execution.STATUS_SECONDS", 0.0)
    read = next(status for status in iter(lambda: execution.status.value, None) if status != "RUNNING")
    assert read == "SUCCEEDED" == execution.known_status.value
    assert execution.stop_date is not None


def test_in_process_the_status_is_always_the_one_now() -> None:
    answers = iter([KeyError("busy"), "done"])

    def answer(_: Any) -> Any:
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    task = Task("T", resource="arn:aws:lambda:us-east-1:123456789012:function:f")
    execution = Workflow("w", task, "r").run(mocks={"T": answer})
    assert execution.status is ExecutionStatus.Failed
    assert execution.redrive().status is ExecutionStatus.Succeeded


def test_a_status_just_told_is_taken_and_one_after_a_stop_is_not(door: Any) -> None:
    execution = waiting(door)
    asked: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(door.client, name)

    execution.client = Counting()
    execution.describe()
    asked.clear()
    assert (execution.status, execution.status) == (ExecutionStatus.Running, ExecutionStatus.Running)
    assert ("describe_execution" in asked) is isinstance(door.client, LocalClient), "which costs nothing to ask"
    asked.clear()
    execution.stop()
    assert execution.status is ExecutionStatus.Aborted
    assert asked[:2] == ["stop_execution", "describe_execution"]
    asked.clear()
    assert execution.status is ExecutionStatus.Aborted, "ended: never asked again"
    assert asked == []
    execution.status = "RUNNING"
    assert execution.known_status is ExecutionStatus.Running


def test_the_pauses_between_two_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    pauses = following.Pauses(None)
    taken = [pauses.next() for _ in range(20)]
    assert taken[:3] == [0.1, pytest.approx(0.15), pytest.approx(0.225)]
    assert taken[-1] == 5.0
    for _ in range(50):
        pauses.shorten()
    assert pauses.next() == 1.0, "events that keep coming do not use up the API's quota"
    early = following.Pauses(None)
    early.shorten()
    assert early.next() == 0.1
    limited = following.Pauses(10)
    now[0] = 9.99
    assert limited.next() == pytest.approx(0.01)
    now[0] = 10.0
    assert limited.next() is None


def test_a_failed_run_goes_on_where_it_failed() -> None:
    mocks: dict[str, Any] = {"Try": ConnectionError("lost")}
    steps = Chain([Pass("A", result={"n": 1}), Task("Try", resource="arn:aws:states:::aws-sdk:glue:getJob")])
    execution = Workflow("w", steps, "arn:aws:iam::123456789012:role/r").run(mocks=mocks)
    assert execution.status is ExecutionStatus.Failed
    mocks["Try"] = lambda given: given["n"] + 1
    assert execution.redrive() is execution
    assert execution.get_output(wait=True, timeout=WAIT) == 2
    with pytest.raises(execution.client.exceptions.ExecutionNotRedrivable, match="SUCCEEDED"):
        execution.redrive()


def test_a_redrive_through_a_service(door: Any) -> None:
    execution = started(door, Chain([Pass("A"), Fail("Stop here", error="Late")]))
    execution.wait(WAIT)
    execution.redrive()
    assert execution.wait(WAIT)["redriveCount"] == 1
    assert execution.known_status is ExecutionStatus.Failed
