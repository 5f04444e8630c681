"""The two clocks, the machine's and one that tests move by hand, and how their times are written."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import Any

_LONGEST_SLEEP = 60.0
"""Seconds after which a sleeper looks at the wall clock again: it may have been set, or the machine slept."""


def moment(seconds: float) -> datetime:
    """Return epoch seconds as the aware datetime, in UTC, that the APIs show."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def iso(seconds: float) -> str:
    """Return epoch seconds in ISO 8601, in UTC, to the millisecond: ``2026-01-31T08:00:00.000Z``."""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SystemClock:
    """The time of this machine. Waits outlive restarts, so it is wall time, not the monotonic clock."""

    def now(self) -> float:
        """Return the time as epoch seconds."""
        return time.time()

    def wait(self, until: float | None, wake: threading.Event) -> None:
        """Block until ``wake`` is set or the time is ``until`` (None: no such time)."""
        while not wake.is_set():
            left = _LONGEST_SLEEP if until is None else min(until - time.time(), _LONGEST_SLEEP)
            if left <= 0:
                return
            wake.wait(left)


class ManualClock:
    """A clock that stands still until it is moved. Threads may share it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._sleepers: list[Any] = []

    def now(self) -> float:
        """Return the time as epoch seconds, as last set."""
        return self._now

    def wait(self, until: float | None, wake: threading.Event) -> None:
        """Block until ``wake`` is set or the clock was moved."""
        with self._lock:
            if until is not None and until <= self._now:
                return
            self._sleepers.append(wake)
        try:
            wake.wait()
        finally:
            with self._lock:
                self._sleepers.remove(wake)

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raises ValueError for a negative number: time does not go back."""
        if seconds < 0:
            raise ValueError(f"a clock goes forward only, not by {seconds} seconds")
        self.advance_to(self._now + seconds)

    def advance_to(self, moment: float) -> None:
        """Move the clock to ``moment``; a moment in the past changes nothing."""
        with self._lock:
            self._now = max(self._now, moment)
            for wake in self._sleepers:
                wake.set()
