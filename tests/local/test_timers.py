"""Timers of the services, on a clock that is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from stepfunctions.local.timers import Timers
from stepfunctions.runtime.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
def timers(clock: ManualClock) -> Iterator[Timers]:
    made = Timers(clock)
    made.start()
    yield made
    made.stop()


def test_an_act_runs_when_it_is_due_and_no_earlier(timers: Timers, clock: ManualClock) -> None:
    ran, done = [], threading.Event()
    timers.set("a", 1010.0, lambda: ran.append("a"))
    timers.set("b", 1020.0, done.set)
    clock.advance_to(1009.0)
    assert not ran
    clock.advance_to(1020.0)
    assert done.wait(10)
    assert ran == ["a"]


def test_what_is_set_again_or_cancelled_does_not_run(timers: Timers, clock: ManualClock) -> None:
    ran, done = [], threading.Event()
    timers.set("a", 1010.0, lambda: ran.append("first"))
    timers.set("a", 1012.0, lambda: ran.append("second"))
    timers.set("b", 1011.0, lambda: ran.append("cancelled"))
    timers.cancel("b")
    timers.set("c", 1030.0, done.set)
    clock.advance_to(1012.0)
    clock.advance_to(1030.0)
    assert done.wait(10)
    assert ran == ["second"]


def test_an_act_that_fails_harms_no_other(timers: Timers, caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    timers.set("bad", 0.0, lambda: 1 / 0)  # type: ignore[arg-type]
    timers.set("good", 1.0, done.set)
    assert done.wait(10)
    assert all("what was due as bad failed" in record.getMessage() for record in caplog.records)


def test_a_stop_waits_for_what_is_running(timers: Timers) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def act() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    timers.set("a", 0.0, act)
    assert begun.wait(10)
    stopping = threading.Thread(target=timers.stop)
    stopping.start()
    go_on.set()
    stopping.join(10)
    assert ended.is_set()


def test_an_act_may_set_itself_again(timers: Timers, clock: ManualClock) -> None:
    times, done = [], threading.Event()

    def tick() -> None:
        times.append(clock.now())
        if len(times) == 3:
            done.set()
        else:
            timers.set("tick", clock.now() + 60, tick)
            clock.advance(60)

    timers.set("tick", 1000.0, tick)
    assert done.wait(10)
    assert times == [1000.0, 1060.0, 1120.0]
