"""The clock that jumps: time passes as ever while anything is at work, and goes on to what is due next when nothing is.

Whoever waits for a time waits in :meth:`JumpClock.wait`, whoever works says so to its :class:`Work`. Calls that
merely wait for others (GetActivityTask, StartSyncExecution, ReceiveMessage) are no work.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from stepfunctions.engine.ports import Clock
from stepfunctions.errors import LocalCloudError
from stepfunctions.runtime.clock import SystemClock, iso

_log = logging.getLogger(__name__)

FILE = "clock.json"
KINDS = ("real", "jump")
_LONGEST_SLEEP = 60.0
_RECORD = 128
_LOOK = 0.05
"""Seconds after which one who waits for the clock looks again: threads may end without a word."""
EARLIEST = 946_684_800.0
"""The year 2000, in seconds of the epoch: no clock begins before it."""
LATEST = 32_503_680_000.0
"""The year 3000, in seconds of the epoch: no clock goes further."""


_NOTHING = nullcontext()


class Work:
    """What is at work. This one, of clocks that do not jump, keeps nothing."""

    def begin(self, key: str) -> None:
        """Say that something has begun. Any thread may end it; a second time changes nothing."""

    def end(self, key: str) -> None:
        """Say that what has this key is done, or forgotten."""

    def during(self) -> AbstractContextManager[None]:
        """Return a context: inside it something is at work."""
        return _NOTHING


class JumpClock(Work):
    """The time of this machine, plus what was jumped over. Any thread may call.

    ``path`` is the file that keeps what was jumped over, so that time does not go back in a restart. ``start``: the
    time, in epoch seconds, at which a new one begins; one that ``path`` has goes on where it was.
    ``held``: do not jump unasked; :meth:`advance_to` still does. It is kept too.
    A thread that has waited here counts as at work until it waits again, or ends.
    """

    def __init__(self, path: Path | str, *, start: float | None = None, held: bool | None = None) -> None:
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._path = Path(path)
        kept = _kept(self._path, 0.0 if start is None else start - time.time())
        self._offset = kept.offset
        self._held = kept.held if held is None else held
        self._target: float | None = None
        self._loops: dict[threading.Thread, tuple[float | None, Any] | None] = {}
        self._keys: set[str] = set()
        self._running = 0
        self.jumps = 0
        self._write(self._offset)

    def now(self) -> float:
        """Return the time as epoch seconds."""
        return time.time() + self._offset

    @property
    def offset(self) -> float:
        """How many seconds this is ahead of the machine's clock; less than 0 behind it."""
        return self._offset

    @property
    def held(self) -> bool:
        """Whether it jumps only when it is asked to."""
        return self._held

    @property
    def at_work(self) -> int:
        """How much is at work; what waits for a time, or for others, does not count."""
        with self._lock:
            return self._running + len(self._keys)

    def hold(self, held: bool) -> None:
        """Jump only when asked to, or unasked again."""
        with self._lock:
            self._held = held
            self._write(self._offset)
            self._jump()

    def wait(self, until: float | None, wake: Any) -> None:
        """Block until ``wake`` is set or the time is ``until`` (None: no such time)."""
        thread = threading.current_thread()
        with self._lock:
            self._loops[thread] = (until, wake)
            self._jump()
        try:
            while not wake.is_set():
                left = _LONGEST_SLEEP if until is None else min(until - self.now(), _LONGEST_SLEEP)
                if left <= 0:
                    return
                wake.wait(left)
        finally:
            with self._lock:
                self._loops[thread] = None

    def advance_to(self, moment: float, *, timeout: float | None = None) -> bool:
        """Go on to a moment, over all that is due until then, each at its time; return when all of it is done.

        What is at work is waited for; False when that took longer than ``timeout`` real seconds.
        Raises ValueError for a moment that has passed, or beyond the year 3000.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            now = self.now()
            if not moment <= LATEST:
                raise ValueError(f"a clock goes up to {iso(LATEST)}")
            if moment < now:
                raise ValueError(f"a clock goes forward only: it is {iso(now)}, and that is after {iso(moment)}")
            self._target = moment if self._target is None else max(moment, self._target)
            self._jump()
            while self.now() < moment or not self._settled():
                left = _LONGEST_SLEEP if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    return False
                self._moved.wait(min(left, _LOOK))
            return True

    def begin(self, key: str) -> None:
        """See :class:`Work`."""
        with self._lock:
            self._keys.add(key)

    def end(self, key: str) -> None:
        """See :class:`Work`."""
        with self._lock:
            self._keys.discard(key)
            self._jump()

    def during(self) -> AbstractContextManager[None]:
        """See :class:`Work`."""
        return self._counted()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._jump()

    def _due(self) -> list[float] | None:
        """Return the times that are waited for, None while anything is at work; with the lock held."""
        if self._running or self._keys:
            return None
        due: list[float] = []
        for thread, waiting in list(self._loops.items()):
            if not thread.is_alive():
                del self._loops[thread]
            elif waiting is None or waiting[1].is_set():
                return None
            elif waiting[0] is not None:
                due.append(waiting[0])
        return due

    def _settled(self) -> bool:
        due = self._due()
        return due is not None and min(due, default=LATEST) > self.now()

    def _jump(self) -> None:
        """Go to what is due next as long as nothing is at work; with the lock held."""
        while self._jumped():
            pass
        self._moved.notify_all()

    def _jumped(self) -> bool:
        due = self._due()
        if due is None:
            return False
        now = self.now()
        if self._target is not None and self._target <= now:
            self._target = None
        moment = min([*due, *([] if self._target is None else [self._target])], default=LATEST)
        free = not self._held or (self._target is not None and moment <= self._target)
        if not (now < moment < LATEST and free):
            return False
        try:
            self._write(self._offset + moment - now)
        except OSError as error:  # the disk is full: time passes as it does without jumps
            _log.error("the clock cannot jump, as %s cannot be written: %s", self._path, error)
            return False
        self._offset += moment - now
        self.jumps += 1
        for waiting in self._loops.values():
            if waiting is not None and waiting[0] is not None and waiting[0] <= moment:
                waiting[1].set()
        return True

    def _write(self, offset: float) -> None:
        """Keep the offset before anyone sees a time that follows from it."""
        text = json.dumps({"offset": offset, "held": self._held}).ljust(_RECORD - 1) + "\n"
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(file, text.encode(), 0)
        finally:
            os.close(file)


def made(clock: Clock | str, data_dir: Path, start: str | None = None) -> Clock:
    """Return the clock of a name; ``start``, in ISO 8601, is when the clock of a new data directory begins.

    Raises LocalCloudError where time would go back: a real clock after one that jumped, a start that is before what a
    directory has already; and for a start that is no time, or that of a real clock.
    """
    if start is not None and clock != "jump":
        raise LocalCloudError("A real clock has no start: use --clock jump with --start")
    if not isinstance(clock, str):
        return clock
    if clock == "jump":
        return JumpClock(data_dir / FILE, start=None if start is None else _start(start, data_dir))
    if clock != "real":
        raise LocalCloudError(f"There is no clock '{clock}': it is {' or '.join(KINDS)}")
    ahead = _kept(data_dir / FILE).offset
    if ahead != 0:
        raise LocalCloudError(
            f"The time of the data directory {data_dir} is {iso(time.time() + ahead)}, and is not the real one: "
            "start it with --clock jump, or use another --data-dir"
        )
    return SystemClock()


def _start(text: str, data_dir: Path) -> float:
    """Return the epoch seconds of a start."""
    try:
        written = datetime.fromisoformat(text.replace("Z", "+00:00"))
        start = (written if written.tzinfo else written.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        raise LocalCloudError(f"--start is {text!r}: write a time such as 2013-01-07T06:00:00Z") from None
    if not EARLIEST <= start <= LATEST:
        raise LocalCloudError(f"--start is {text!r}: a clock goes from {iso(EARLIEST)} to {iso(LATEST)}")
    if not (data_dir / FILE).exists() and any(data_dir.glob("*.db")):
        raise LocalCloudError(
            f"The data directory {data_dir} has lived by a real clock, which --start cannot change: use another one"
        )
    return start


class _Kept(NamedTuple):
    offset: float
    held: bool


def _kept(path: Path, new: float = 0.0) -> _Kept:
    """Return what a file keeps; ``new``: how far the clock is ahead where there is none."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return _Kept(new, False)
    try:
        kept = json.loads(text)
        return _Kept(float(kept["offset"]), bool(kept["held"]))
    except (ValueError, TypeError, KeyError):
        raise LocalCloudError(
            f"{path} is damaged: it should say how far the clock is ahead, in seconds, as "
            '{"offset": 0.0, "held": false}'
        ) from None
