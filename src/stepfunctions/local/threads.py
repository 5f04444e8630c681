"""Threads for blocking calls: made when needed, kept for the next call, never in the way of the process's end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Work = tuple["Future[Any]", Callable[[], Any]]


class DaemonPool:
    """At most ``limit`` daemon threads; more work waits its turn. Idle threads end after ``idle_seconds``.

    Unlike :class:`concurrent.futures.ThreadPoolExecutor`, a call that still blocks does not keep the process
    alive: the local cloud may stop while a client waits for a long execution.
    """

    def __init__(self, name: str, limit: int, *, idle_seconds: float = 30.0) -> None:
        self._name = name
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._work: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._waiting = 0  # threads with nothing to do, less the work already queued for them

    @property
    def backlog(self) -> int:
        """How much work waits for a thread."""
        return self._work.qsize()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run a function in a thread and return its future."""
        future: Future[T] = Future()
        with self._lock:
            self._work.put((future, function))
            self._waiting -= 1
            grow = self._waiting < 0 and self._threads < self._limit
            if grow:
                self._threads += 1
                self._waiting += 1
                number = self._threads
        if grow:
            threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True).start()
        return future

    def _run(self) -> None:
        while True:
            try:
                future, function = self._work.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if not self._work.empty():
                        continue
                    self._threads -= 1
                    self._waiting -= 1
                return
            _perform(future, function)
            del future, function  # an idle thread must not hold the last request's body
            with self._lock:
                self._waiting += 1


def _perform(future: Future[T], function: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it belongs to whoever reads the future
        future.set_exception(error)
    else:
        future.set_result(result)
