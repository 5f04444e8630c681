"""Work that is due in a while: one thread for all of it."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Poller:
    """Calls functions after a pause, in a thread of its own that is made when needed. They must not block."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._running = False
        self._closed = False

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Call ``work`` in so many seconds, unless the poller is closed by then."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._count), work))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="poller", daemon=True).start()
            self._changed.notify()

    def close(self) -> None:
        """Call nothing more."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._due:
                    self._running = False
                    return
                pause = self._due[0][0] - time.monotonic()
                if pause > 0:
                    self._changed.wait(pause)
                    continue
                _, _, work = heapq.heappop(self._due)
            work()
