"""What goes on although something cannot be written now: work done a while later, ends that owners get to know."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from stepfunctions.local.jobs.model import Exit, Job, JobOwner

_log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds until what could not be written is tried again: the disk is full, or the file locked."""


class Later:
    """Calls functions after a while, each in a thread of its own. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()

    def after(self, seconds: float, function: Callable[..., None], *arguments: Any) -> None:
        """Call the function in so many seconds."""
        timer = threading.Timer(seconds, function, arguments)
        timer.daemon = True
        with self._lock:
            self._timers = {other for other in self._timers if other.is_alive()} | {timer}
            timer.start()

    def cancel(self) -> None:
        """Call nothing of what is not called yet."""
        with self._lock:
            timers, self._timers = self._timers, set()
        for timer in timers:
            timer.cancel()


def finish(owner: JobOwner, job: Job, exit: Exit) -> None:
    """Let the owner finish a job, as failed where it cannot. Raises sqlite3.OperationalError: try again later."""
    try:
        owner.finish(job, exit)
    except sqlite3.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - a job must end; its owner is asked for a plain failure instead
        _log.exception("job %s %s could not be finished", job.kind, job.key)
        refused = f"its results could not be collected: {error}"
        try:
            owner.finish(job, Exit(refused=refused, code=exit.code, started_at=exit.started_at, ended_at=time.time()))
        except sqlite3.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - logged; nothing more can be done
            _log.exception("job %s %s could not be failed", job.kind, job.key)
