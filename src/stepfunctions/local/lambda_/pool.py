"""The warm workers of one function: taken for an invocation, given back, started when too few, ended when idle."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from stepfunctions.local.lambda_.workers import Event, Reply, Worker

MAX_WORKERS = 2 * (os.cpu_count() or 1)
"""How many invocations of one function run at once; more wait for a free worker."""
EXTRA_IDLE_SECONDS = 30.0
LAST_IDLE_SECONDS = 600.0


class Retired(Exception):
    """The pool is closed: the function was changed or deleted meanwhile."""


class Pool:
    """Workers of one revision of a function. Any thread may call any method.

    A busy function gets another worker only after a caller has waited as long as starting one takes, so a
    burst of short calls shares the warm ones. One worker stays warm for ten minutes, the others for 30 s.
    """

    def __init__(self, start: Callable[[], Worker], max_workers: int = MAX_WORKERS) -> None:
        self._start_worker = start
        self._max = max_workers
        self._free = threading.Condition()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._total = 0  # idle, busy, and being started
        self._start_seconds = 0.0
        self._closed = False

    def invoke(self, event: Event, *, tail: bool = False) -> tuple[Reply, bytes]:
        """Run one event in a warm worker and return its reply, with the end of its log when ``tail``.

        Raises :class:`Retired` when the pool was closed before a worker took the event.
        """
        worker, reply = self._take()
        since = 0
        try:
            if tail:
                since = worker.log_size() if reply is None else 0
            if reply is None:
                reply = worker.invoke(event)
            return reply, worker.log_tail(since) if tail else b""
        finally:
            self._give_back(worker)

    def close_idle(self, now: float) -> bool:
        """End workers that were idle for too long; returns whether any worker is left. ``now`` is monotonic."""
        ended: list[Worker] = []
        with self._free:
            kept: list[Worker] = []
            for index, worker in enumerate(reversed(self._idle)):  # the most recently used first
                limit = EXTRA_IDLE_SECONDS if index or self._total > len(self._idle) else LAST_IDLE_SECONDS
                (kept if now - worker.idle_since < limit else ended).append(worker)
            self._idle = kept[::-1]
            self._total -= len(ended)
            left = self._total > 0
        for worker in ended:
            worker.close()
        return left

    def close(self, *, busy_too: bool = False) -> None:
        """End the idle workers now, and the busy ones when their invocation ends or, ``busy_too``, now."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._total -= len(idle)
            if busy_too:
                for worker in self._busy:
                    worker.interrupt()
            self._free.notify_all()
        for worker in idle:
            worker.close()

    def _take(self) -> tuple[Worker, Reply | None]:
        """Return a worker of our own, and the reply to give when it could not be initialised."""
        waited_until = time.monotonic() + self._start_seconds
        with self._free:
            while True:
                if self._closed:
                    raise Retired
                while self._idle:
                    worker = self._idle.pop()
                    if worker.alive():
                        self._busy.add(worker)
                        return worker, None
                    self._total -= 1
                    worker.close()
                left = waited_until - time.monotonic()
                if self._total == 0 or (self._total < self._max and left <= 0):
                    self._total += 1
                    break
                self._free.wait(left if self._total < self._max else None)
        return self._start()

    def _start(self) -> tuple[Worker, Reply | None]:
        try:
            worker = self._start_worker()
        except BaseException:
            self._forget_one()
            raise
        with self._free:
            self._busy.add(worker)
            if self._closed:
                worker.interrupt()
        reply = worker.wait_ready()
        self._start_seconds = min(worker.init_seconds, 5.0)
        return worker, reply

    def _give_back(self, worker: Worker) -> None:
        worker.idle_since = time.monotonic()
        with self._free:
            self._busy.discard(worker)
            if worker.usable and not self._closed:
                self._idle.append(worker)
                self._free.notify()
                return
        self._forget_one()
        worker.close()

    def _forget_one(self) -> None:
        with self._free:
            self._total -= 1
            self._free.notify()
