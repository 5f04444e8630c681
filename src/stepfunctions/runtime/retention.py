"""Forget executions that ended long ago, as AWS does after 90 days.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions
"""

from __future__ import annotations

import logging
import threading

from stepfunctions.engine.ports import Clock
from stepfunctions.runtime.store import Store

_log = logging.getLogger(__name__)

DAYS = 90.0
_PAUSE = 3600.0
_AT_ONCE = 100


class Retention:
    """Removes, in a thread of its own, executions that ended more than ``days`` days ago, with all that is theirs."""

    def __init__(self, store: Store, clock: Clock, days: float = DAYS) -> None:
        self._store = store.retention
        self._clock = clock
        self._seconds = days * 86_400
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look at once, and then every hour of real time."""
        self._thread = threading.Thread(target=self._loop, name="retention", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the execution at work."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def sweep(self) -> int:
        """Remove what is due; returns how many executions that were, children of map runs not counted."""
        removed = 0
        while not self._stopping.is_set():
            due = self._store.ended_before(self._clock.now() - self._seconds, _AT_ONCE)
            for arn in due:
                if self._stopping.is_set():
                    break
                self._store.forget(arn)
                removed += 1
            if not due:
                break
        return removed

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.sweep()
            except Exception:  # noqa: BLE001 - a full disk, a locked file: it is tried again
                _log.exception("executions that ended long ago could not be removed; it is tried again in an hour")
            self._stopping.wait(_PAUSE)
