"""The runner with its engine thread and workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import Resource
from stepfunctions.engine.messages import Outcome, RunTask, TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.errors import LocalCloudError, WaitTimeout
from stepfunctions.runtime.clock import ManualClock, SystemClock
from stepfunctions.runtime.dispatch import Dispatcher

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        pause.wait(0.002)


class Slow:
    """An Integration that blocks in ``start`` until it is let go, and counts how many do at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0
        self.started: list[str] = []
        self.cancelled: list[str] = []

    def start(self, call: TaskCall) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.started.append(call.key)
        assert self.gate.wait(20)
        with self.lock:
            self.now -= 1
        call.report(TaskSucceeded(call.command.branch, call.command.attempt, Document("done")))

    def resume(self, call: TaskCall) -> None:
        self.start(call)

    def cancel(self, call: TaskCall) -> None:
        self.cancelled.append(call.key)


def test_a_stop_lets_go_of_those_who_wait(world: Any) -> None:
    world.threaded(workers=1)
    arn = world.begin(world.create({"W": {"Type": "Wait", "Seconds": 10_000, "End": True}}))
    runner = world.runner
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(runner.wait_for(arn, 60)))
    waiting.start()
    until(lambda: bool(runner._waiting))
    runner.stop()
    waiting.join(10)
    assert (waiting.is_alive(), answers) == (False, [False])
    assert not runner._waiting


def test_many_executions_at_once(world: Any) -> None:
    world.tasks.answer = lambda call: TaskSucceeded(
        call.command.branch, call.command.attempt, Document(call.command.arguments.value)
    )
    world.threaded(workers=4)
    machine = world.create({"A": {"Type": "Pass", "Next": "T"}, "T": TASK})
    arns: list[str] = []

    def start(first: int) -> None:
        arns.extend(world.begin(machine, number, str(number)) for number in range(first, first + 25))

    starters = [threading.Thread(target=start, args=(first,)) for first in range(0, 100, 25)]
    for thread in starters:
        thread.start()
    for thread in starters:
        thread.join()
    outputs = {world.api.wait_for(arn, 20)["output"] for arn in arns}
    assert outputs == {str(number) for number in range(100)}


def test_a_moved_clock_wakes_the_engine(world: Any) -> None:
    world.threaded()
    arn = world.begin(world.create({"W": {"Type": "Wait", "Seconds": 3600}}))
    with pytest.raises(WaitTimeout):
        world.api.wait_for(arn, 0.01)
    world.clock.advance(3600)
    assert world.api.wait_for(arn, 20)["status"] == "SUCCEEDED"


def test_stop_and_start_again(world: Any) -> None:
    world.threaded()
    arn = world.begin(world.create({"T": TASK}))
    until(lambda: len(world.tasks.calls) == 1)
    world.runner.stop()
    with pytest.raises(LocalCloudError, match="was stopped"):
        world.api.stop_execution({"executionArn": arn})
    world.threaded()
    until(lambda: len(world.tasks.resumed) == 1)
    world.tasks.succeed("after", world.tasks.resumed[0])
    assert world.api.wait_for(arn, 20)["output"] == '"after"'


def test_a_runner_that_was_stopped_refuses(world: Any) -> None:
    world.threaded()
    machine = world.create({"P": {"Type": "Pass"}})
    world.runner.stop()
    with pytest.raises(LocalCloudError, match="was stopped"):
        world.begin(machine)


def test_tasks_run_on_a_bounded_number_of_threads(world: Any) -> None:
    slow = Slow()
    world.threaded(slow, workers=3)
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "T",
        "States": {"T": TASK},
    }
    arn = world.begin(world.create({"M": {"Type": "Map", "ItemProcessor": processor}}), list(range(20)))
    until(lambda: slow.now == 3)
    slow.gate.set()
    assert world.api.wait_for(arn, 20)["status"] == "SUCCEEDED"
    assert slow.most == 3
    assert len(slow.started) == len(set(slow.started)) == 20


def test_a_store_that_fails_for_a_while(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.runtime.runner._PAUSE", 0.01)
    world.threaded()
    arn = world.begin(world.create({"T": TASK}))
    until(lambda: len(world.tasks.calls) == 1)
    real = world.store.executions.commit
    failed = threading.Event()

    def commit(*arguments: Any) -> None:
        if not failed.is_set():
            failed.set()
            raise OSError("disk full")
        real(*arguments)

    monkeypatch.setattr(world.store.executions, "commit", commit)
    world.tasks.succeed("kept")
    assert world.api.wait_for(arn, 20)["output"] == '"kept"'
    assert failed.is_set()


# --- the dispatcher -------------------------------------------------------------------------------------


def call(number: int, report: Callable[[Outcome], None] = lambda outcome: None) -> TaskCall:
    resource = Resource.parse("arn:aws:states:::sqs:sendMessage")
    return TaskCall(str(number), RunTask(1, number, "T", resource, Document({})), "arn", None, report)


def test_a_cancel_waits_for_its_start_and_removes_what_queues() -> None:
    slow = Slow()
    drained = threading.Event()
    dispatcher = Dispatcher(slow, 1, drained.set)
    dispatcher.start(call(1))
    until(lambda: slow.started == ["1"])
    dispatcher.start(call(2))
    dispatcher.start(call(3))
    assert (dispatcher.backlog, dispatcher.busy) == (2, True)
    dispatcher.cancel(call(1))
    dispatcher.cancel(call(2))
    assert slow.cancelled == []
    slow.gate.set()
    until(lambda: not dispatcher.busy)
    assert drained.wait(20)
    assert (slow.started, slow.cancelled) == (["1", "3"], ["1"])
    dispatcher.cancel(call(3))
    until(lambda: slow.cancelled == ["1", "3"])
    dispatcher.close()


def test_a_resumed_task_that_queues_is_cancelled_all_the_same() -> None:
    slow = Slow()
    dispatcher = Dispatcher(slow, 1, lambda: None)
    dispatcher.start(call(1))
    until(lambda: slow.started == ["1"])
    dispatcher.resume(call(2))
    dispatcher.cancel(call(2))
    slow.gate.set()
    until(lambda: slow.cancelled == ["2"])
    assert slow.started == ["1"]
    dispatcher.close()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_integration_that_raises_fails_its_task(workers: int, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Slow):
        def start(self, call: TaskCall) -> None:
            raise ZeroDivisionError("a bug")

    outcomes: list[Outcome] = []
    dispatcher = Dispatcher(Broken(), workers, lambda: None)
    dispatcher.start(call(7, outcomes.append))
    until(lambda: bool(outcomes))
    assert outcomes == [TaskFailed(1, 7, "States.TaskFailed", "ZeroDivisionError: a bug", "start")]
    assert "a bug" in caplog.text
    dispatcher.close()


def test_nothing_begins_after_close() -> None:
    slow = Slow()
    dispatcher = Dispatcher(slow, 1, lambda: None)
    dispatcher.close()
    dispatcher.start(call(1))
    assert (slow.started, dispatcher.backlog) == ([], 0)


# --- clocks ---------------------------------------------------------------------------------------------


def test_the_system_clock_waits_for_the_moment_or_the_event() -> None:
    clock, wake = SystemClock(), threading.Event()
    begun = time.monotonic()
    clock.wait(clock.now() + 0.05, wake)
    assert 0.04 < time.monotonic() - begun < 5
    clock.wait(clock.now() - 1, wake)
    wake.set()
    clock.wait(None, wake)
    clock.wait(clock.now() + 3600, wake)
    assert time.monotonic() - begun < 10


def test_the_manual_clock_moves_forward_only() -> None:
    clock, wake = ManualClock(100), threading.Event()
    clock.wait(100, wake)
    clock.advance(5)
    clock.advance_to(50)
    assert (clock.now(), wake.is_set()) == (105, False)
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(-1)
    sleeper = threading.Thread(target=clock.wait, args=(110, wake))
    sleeper.start()
    until(lambda: bool(clock._sleepers))
    clock.advance(1)
    sleeper.join(20)
    assert wake.is_set()
