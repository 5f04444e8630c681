from __future__ import annotations

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import LONGEST_STANDARD
from stepfunctions.engine.messages import EXECUTION_BRANCH, SetTimer, TimerFired, TimerKind
from stepfunctions.runtime.timers import Timers

WAIT, RETRY, HEARTBEAT = TimerKind.WAIT, TimerKind.RETRY, TimerKind.HEARTBEAT


def test_due_timers_come_in_order_and_once() -> None:
    timers = Timers()
    timers.set("b", SetTimer(1, 1, WAIT, 30))
    timers.set("a", SetTimer(1, 1, WAIT, 10))
    timers.set("a", SetTimer(2, 5, RETRY, 20))
    assert timers.next_due() == 10
    assert list(timers.take_due(20)) == [("a", TimerFired(1, 1, WAIT)), ("a", TimerFired(2, 5, RETRY))]
    assert list(timers.take_due(20)) == []
    assert list(timers.take_due(30)) == [("b", TimerFired(1, 1, WAIT))]
    assert timers.next_due() is None


def test_a_new_timer_replaces_one_of_its_kind() -> None:
    timers = Timers()
    timers.set("a", SetTimer(1, 1, HEARTBEAT, 10))
    timers.set("a", SetTimer(1, 1, WAIT, 15))
    timers.set("a", SetTimer(1, 1, HEARTBEAT, 20))
    assert list(timers.take_due(99)) == [("a", TimerFired(1, 1, WAIT)), ("a", TimerFired(1, 1, HEARTBEAT))]


def test_cancel_and_forget() -> None:
    timers = Timers()
    for arn in ("a", "b"):
        for branch in (1, 2):
            timers.set(arn, SetTimer(branch, 1, WAIT, branch))
    timers.cancel("a", 1)
    timers.cancel("a", 7)
    timers.cancel("unknown", 1)
    timers.forget("b")
    timers.forget("b")
    assert list(timers.take_due(99)) == [("a", TimerFired(2, 1, WAIT))]


def test_stale_timers_do_not_pile_up() -> None:
    timers = Timers()
    for beat in range(50_000):
        timers.set("a", SetTimer(1, 1, HEARTBEAT, 1000.0 + beat))
    assert len(timers._heap) < 2_000
    assert timers.next_due() == 1000.0 + 49_999


def test_what_has_been_open_for_a_year_is_overdue_and_no_timer_is_due_later() -> None:
    timers = Timers()
    old, new = (
        Execution(name, name, "m", "m", "r", Document({}), started_at)
        for name, started_at in (("old", 0.0), ("new", 5.0))
    )
    live = {"old": old, "new": new}
    assert list(timers.take_overdue(live, 10)) == []
    assert timers.next_due() is None
    timers.set("new", SetTimer(1, 1, WAIT, 2.0 * LONGEST_STANDARD))
    assert timers.next_due() == LONGEST_STANDARD
    assert list(timers.take_overdue(live, LONGEST_STANDARD)) == [
        ("old", TimerFired(EXECUTION_BRANCH, 0, TimerKind.EXECUTION))
    ]
