"""What the services have to do later: one thread that waits on the cloud's clock for whatever is due next.

Nothing here is durable. A service keeps its own rows and sets its timers again when it starts.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

from stepfunctions.engine.ports import Clock
from stepfunctions.local.clocks import Work
from stepfunctions.local.threads import DaemonPool

_log = logging.getLogger(__name__)

_THREADS = 8
_STOP_SECONDS = 5.0
Act = Callable[[], None]


class Timers:
    """Acts by key, each with the time it is due (epoch seconds of the cloud's clock). Any thread may call.

    A due act runs once, in a thread of a pool, so it may block; acts that are due together may run in any order.
    ``work`` is told while they are under way.
    """

    def __init__(self, clock: Clock, work: Work | None = None) -> None:
        self._clock = clock
        self._work = work or Work()
        self._pool = DaemonPool("timer", _THREADS)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._acts: dict[str, tuple[int, Act]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._running = 0
        self._ended = threading.Condition(self._lock)

    def set(self, key: str, due: float, act: Act) -> None:
        """Run ``act`` at ``due``, soon when that has passed; it replaces what was set with this key.

        Start a key with the name of its service: ``"scheduler:default/nightly"``.
        """
        with self._lock:
            number = next(self._order)
            self._acts[key] = (number, act)
            heapq.heappush(self._heap, (due, number, key))
        self._wake.set()

    def cancel(self, key: str) -> None:
        """Forget what was set with this key. An act that is running already goes on."""
        with self._lock:
            self._acts.pop(key, None)

    def start(self) -> None:
        """Begin to wait."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no act any more, forget all of them, and wait (at most 5 seconds) for those that are running."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            self._acts.clear()
            self._heap.clear()
            self._ended.wait_for(lambda: self._running == 0, _STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            due = self._submit_due()
            if not self._stopping:
                self._clock.wait(due, self._wake)

    def _submit_due(self) -> float | None:
        """Begin what is due; return when the next act is, None when there is none."""
        with self._lock:
            while self._heap:
                due, number, key = self._heap[0]
                live = self._acts.get(key)
                if live is None or live[0] != number:
                    heapq.heappop(self._heap)
                elif due <= self._clock.now():
                    heapq.heappop(self._heap)
                    del self._acts[key]
                    self._work.begin(f"timer:{number}")
                    self._running += 1
                    self._pool.submit(self._guarded(key, number, live[1]))
                else:
                    return due
        return None

    def _guarded(self, key: str, number: int, act: Act) -> Act:
        def run() -> None:
            try:
                act()
            except Exception:  # noqa: BLE001 - the other timers go on
                _log.exception("what was due as %s failed", key)
            finally:
                self._work.end(f"timer:{number}")
                with self._lock:
                    self._running -= 1
                    self._ended.notify_all()

        return run
