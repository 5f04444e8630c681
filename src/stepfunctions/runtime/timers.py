"""The timers of open executions: a heap beside the rows of the store."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping

from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import LONGEST_STANDARD
from stepfunctions.engine.messages import EXECUTION_BRANCH, SetTimer, TimerFired, TimerKind

_Key = tuple[int, TimerKind]


class Timers:
    """Timers by execution. Cancelled ones stay in the heap until they surface or outnumber the live ones."""

    def __init__(self) -> None:
        self._live: dict[str, dict[_Key, SetTimer]] = {}
        self._heap: list[tuple[float, int, str, SetTimer]] = []
        self._order = 0
        self._count = 0
        self.longest = 0.0
        """Before this time no execution has been open for as long as it may be; 0 = to be looked up."""

    def set(self, arn: str, timer: SetTimer) -> None:
        """Add a timer; it replaces the branch's earlier one of its kind."""
        timers = self._live.setdefault(arn, {})
        key = (timer.branch, timer.kind)
        self._count += key not in timers
        timers[key] = timer
        self._order += 1
        heapq.heappush(self._heap, (timer.due, self._order, arn, timer))
        if len(self._heap) > 2 * self._count + 1000:
            self._heap = [entry for entry in self._heap if self._is_live(entry[2], entry[3])]
            heapq.heapify(self._heap)

    def cancel(self, arn: str, branch: int) -> None:
        """Drop every timer of a branch."""
        timers = self._live.get(arn, {})
        for key in [key for key in timers if key[0] == branch]:
            self._drop(arn, key)

    def forget(self, arn: str) -> None:
        """Drop every timer of an execution."""
        self._count -= len(self._live.pop(arn, ()))

    def next_due(self) -> float | None:
        """Return when the next timer is due, as epoch seconds; None when there is none."""
        while self._heap:
            due, _, arn, timer = self._heap[0]
            if self._is_live(arn, timer):
                return min(due, self.longest or due)
            heapq.heappop(self._heap)
        return None

    def take(self, live: Mapping[str, Execution], now: float, most: int) -> Iterable[tuple[str, TimerFired]]:
        """Remove and give what is overdue, and at most so many of what is due."""
        if now < self.longest and not (self._heap and self._heap[0][0] <= now):
            return ()
        return itertools.chain(self.take_overdue(live, now), itertools.islice(self.take_due(now), most))

    def take_overdue(self, live: Mapping[str, Execution], now: float) -> Iterator[tuple[str, TimerFired]]:
        """Yield the end of each execution that has been open for a year.

        That is looked up when the oldest may be: no execution has a timer for it.
        """
        if now >= self.longest:
            self.longest = min([now, *(one.started_at for one in live.values())]) + LONGEST_STANDARD
            overdue = [arn for arn, one in live.items() if now >= one.started_at + LONGEST_STANDARD]
            yield from ((arn, TimerFired(EXECUTION_BRANCH, 0, TimerKind.EXECUTION)) for arn in overdue)

    def take_due(self, now: float) -> Iterator[tuple[str, TimerFired]]:
        """Remove and yield what is due, in the order of the due times."""
        while True:
            if self.next_due() is None or self._heap[0][0] > now:
                return
            _, _, arn, timer = heapq.heappop(self._heap)
            self._drop(arn, (timer.branch, timer.kind))
            yield arn, TimerFired(timer.branch, timer.attempt, timer.kind)

    def _is_live(self, arn: str, timer: SetTimer) -> bool:
        return self._live.get(arn, {}).get((timer.branch, timer.kind)) is timer

    def _drop(self, arn: str, key: _Key) -> None:
        timers = self._live[arn]
        del timers[key]
        self._count -= 1
        if not timers:
            del self._live[arn]
