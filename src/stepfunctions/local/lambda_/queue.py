"""Asynchronous invocations (InvocationType Event): rows until they are done, so none is lost in a restart."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stepfunctions.engine.ports import Clock
from stepfunctions.local.clocks import Work
from stepfunctions.local.database import Database

_log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
RETRY_SECONDS = 60.0
"""AWS waits one minute before the second attempt of a failed event and two before the third and last."""
_PARALLEL = 8
_PAUSE = 1.0
"""Seconds until the database is tried again: the disk is full, or the file locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEvent:
    """An accepted event that has not been handled yet; ``attempts`` is how often it has failed."""

    id: int
    function: str
    request_id: str
    payload: bytes
    client_context: str | None
    attempts: int
    due: float


class EventQueue:
    """Hands each event to ``deliver`` in a thread, at most three times.

    ``deliver`` returns True when the event is done (or its function is gone), False when the handler failed;
    raising counts as failing. An attempt that a stop cuts short does not count.
    """

    def __init__(
        self, database: Database, clock: Clock, deliver: Callable[[QueuedEvent], bool], work: Work | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._work = work or Work()
        self._deliver = deliver
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._in_flight: set[int] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._runners = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="lambda-event")

    def add(self, function: str, request_id: str, payload: bytes, client_context: str | None) -> None:
        """Accept an event: it is durable when this returns."""
        with self._database.write() as writer:
            writer.execute(
                "INSERT INTO events (function, request_id, payload, client_context, attempts, due)"
                " VALUES (?, ?, ?, ?, 0, ?)",
                (function, request_id, payload, client_context, self._clock.now()),
            )
        self._wake.set()

    def start(self) -> None:
        """Begin to deliver, first what an earlier process left."""
        self._thread = threading.Thread(target=self._run, name="lambda-events", daemon=True)
        self._thread.start()

    def stop(self, interrupt: Callable[[], None]) -> None:
        """Stop delivering: ``interrupt`` has to end the attempts in flight, which are waited for."""
        self._stopping.set()
        self._wake.set()
        interrupt()
        if self._thread is not None:
            self._thread.join()
        self._runners.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                event = self._next()
            except sqlite3.OperationalError as error:
                _log.error("the waiting events cannot be read now: %s", error)
                self._stopping.wait(_PAUSE)
                continue
            if event is None:
                self._clock.wait(None, self._wake)
            elif event.due > self._clock.now():
                self._clock.wait(event.due, self._wake)
            else:
                with self._lock:
                    self._in_flight.add(event.id)
                self._work.begin(f"lambda-event:{event.id}")
                self._runners.submit(self._attempt, event)

    def _next(self) -> QueuedEvent | None:
        """Return the waiting event that is due first; None when there is none or enough are in flight."""
        with self._lock:
            in_flight = tuple(self._in_flight)
        if len(in_flight) >= _PARALLEL:
            return None
        marks = ",".join("?" * len(in_flight))
        row = (
            self._database.read()
            .execute(f"SELECT * FROM events WHERE id NOT IN ({marks}) ORDER BY due, id LIMIT 1", in_flight)
            .fetchone()
        )
        return None if row is None else QueuedEvent(**dict(row))

    def _attempt(self, event: QueuedEvent) -> None:
        try:
            done = self._deliver(event)
        except Exception:  # noqa: BLE001 - whatever it is, the queue goes on
            done = False
            if not self._stopping.is_set():
                _log.exception("event %s of the function %s could not be delivered", event.request_id, event.function)
        try:
            while not self._stopping.is_set() and not self._settled(event, done):
                self._stopping.wait(_PAUSE)
        finally:
            with self._lock:
                self._in_flight.discard(event.id)
            self._wake.set()
            self._work.end(f"lambda-event:{event.id}")

    def _settled(self, event: QueuedEvent, done: bool) -> bool:
        try:
            self._settle(event, done)
        except sqlite3.OperationalError as error:  # it must not be handled again only because of this
            _log.error("the end of the event %s cannot be written now: %s", event.request_id, error)
            return False
        return True

    def _settle(self, event: QueuedEvent, done: bool) -> None:
        attempts = event.attempts + 1
        with self._database.write() as writer:
            if done or attempts >= MAX_ATTEMPTS:
                writer.execute("DELETE FROM events WHERE id = ?", (event.id,))
            else:
                writer.execute(
                    "UPDATE events SET attempts = ?, due = ? WHERE id = ?",
                    (attempts, self._clock.now() + RETRY_SECONDS * attempts, event.id),
                )
