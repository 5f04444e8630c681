"""Jobs: a durable queue of processes. Whatever is killed, a job ends once, and only whole results count.

Threads: a pool prepares and finishes, a :class:`Watcher` notices ends, a timer kills what does not stop. Every
attempt has its folder, ``jobs/<kind>/<key>/<attempt>/``, in which the zygote writes ``process.json`` before the
process goes and ``exit.json`` after it; beside the attempts, from the start of the process on, ``job.json`` is for
people and scripts:
``{"kind", "key", "state", "attempt", "folder", "pid", "started_at", "exit"}``.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.asl.document import JSON
from stepfunctions.errors import StepFunctionsError
from stepfunctions.local.jobs import marks
from stepfunctions.local.jobs.model import ENDED, FINISHING, QUEUED, RUNNING, Exit, Job, JobOwner, ProcessSpec
from stepfunctions.local.jobs.processes import Process, Processes, ZygoteGone, boot_id, read_exit
from stepfunctions.local.jobs.retrying import PAUSE, Later, finish
from stepfunctions.local.jobs.table import MIGRATIONS, JobTable, Row
from stepfunctions.local.jobs.watch import Watcher, is_alive

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_EXIT_SECONDS = 5.0
_MOST_ATTEMPTS = 5
Key = tuple[str, str]


class Jobs:
    """The jobs of one cloud; at most ``cloud.max_jobs`` run at once, first come first served."""

    def __init__(self, cloud: Cloud) -> None:
        self.folder = cloud.data_dir / "jobs"
        self.processes = Processes(self.folder, cloud.resources.job_memory)
        self._table = JobTable(cloud.database("jobs", MIGRATIONS))
        self._max = max(1, cloud.max_jobs)
        self._work = cloud.work
        self._output = cloud.service("logs").output
        self._lock = threading.RLock()
        self._owners: dict[str, JobOwner] = {}
        self._queue: deque[Row] = deque()
        self._active: dict[Key, Row] = {}
        self._holding: set[Key] = set()
        self._callbacks: dict[Key, list[Callable[[], None]]] = {}
        self._later = Later()
        self._watcher: Watcher | None = None
        self._pool: ThreadPoolExecutor | None = None

    # ------------------------------------------------------------------------------------------- for services

    def register(self, kind: str, owner: JobOwner) -> None:
        """Say who prepares and finishes the jobs of a kind; jobs of it that a former server left are resumed."""
        with self._lock:
            self._owners[kind] = owner
            if self._pool is not None:
                self._recover([kind])

    def submit(self, kind: str, key: str, details: JSON) -> None:
        """Queue a job. Submitting the same kind and key again does nothing."""
        with self._lock:
            row = self._table.insert(kind, key, details)
            if row is None:
                return
            if self._pool is not None and kind in self._owners:
                self._take(row)
                self._queue.append(row)
                self._fill()

    def stop(self, kind: str, key: str) -> None:
        """End a job: SIGTERM to its process group, SIGKILL after its grace period. It still finishes.

        A job that has ended, or was never submitted, is left alone.
        """
        with self._lock:
            row = self._active.get((kind, key)) or self._table.get(kind, key)
            if row is None or row.state not in (QUEUED, RUNNING) or row.stopping:
                return
            row.stopping = True
            self._save(row)
            if row in self._queue:
                self._queue.remove(row)
                self._submit(self._stopped, row)
            elif row.pid is not None:
                self._terminate(row)

    def on_end(self, kind: str, key: str, callback: Callable[[], None]) -> None:
        """Call back once the job has ended, after its owner's ``finish``; at once when it already has."""
        with self._lock:
            row = self._active.get((kind, key)) or self._table.get(kind, key)
            if row is None or row.state != ENDED:
                self._callbacks.setdefault((kind, key), []).append(callback)
                return
        callback()

    def counts(self) -> dict[str, int]:
        """Return how many jobs wait for room, and how many have it."""
        with self._lock:
            return {"queued": len(self._queue), "running": len(self._holding)}

    def forget(self, kind: str, key: str) -> None:
        """Drop an ended job's row and folder."""
        self._table.delete(kind, key)
        if self._table.get(kind, key) is None:
            shutil.rmtree(self.job_folder(kind, key), ignore_errors=True)

    def describe(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return what ``job.json`` says: state, attempt, folder, pid, exit; None for an unknown job."""
        if (row := self._table.get(kind, key)) is None:
            return None
        return marks.read_json(self.job_folder(kind, key) / "job.json") or self._public(row)

    def job_folder(self, kind: str, key: str) -> Path:
        """Return the folder of a job; its attempts are ``1``, ``2``, ... below."""
        return self.folder / quote(kind, safe="") / quote(key, safe=" ")[-200:]

    def launch(self, spec: ProcessSpec, *, channel: bool = False) -> Process:
        """Start a long-lived process that ends with this server: see :meth:`Processes.launch`."""
        return self.processes.launch(spec, channel=channel)

    def start(self) -> None:
        """Resume what a former server left: attach to what runs, finish what ended, start the rest again."""
        with self._lock:
            if self._pool is None:
                self._watcher = Watcher()
                self._pool = ThreadPoolExecutor(self._max + 2, thread_name_prefix="jobs")
                self._recover(list(self._owners))

    def close(self) -> None:
        """Stop queueing and watching. Running jobs go on, and the next server attaches to them. Idempotent."""
        with self._lock:
            pool, self._pool = self._pool, None
        self._later.cancel()
        if self._watcher is not None:
            self._watcher.close()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self.processes.close()

    # --------------------------------------------------------------------------------------- the way of a job

    def _take(self, row: Row) -> None:
        """Have a job, until it has ended and all know it."""
        self._active[row.kind, row.key] = row
        self._work.begin(f"job:{row.kind}:{row.key}")

    def _submit(self, function: Callable[[Row], None], row: Row) -> None:
        """Run in the pool, unless it is closed: then the next server does it."""
        with self._lock:
            if self._pool is not None:
                self._pool.submit(_logged, function, row)

    def _fill(self) -> None:
        """Begin as many queued jobs as there is room for."""
        with self._lock:
            while self._pool is not None and self._queue and len(self._holding) < self._max:
                row = self._queue.popleft()
                self._holding.add((row.kind, row.key))
                row.state, row.attempt, row.pid = RUNNING, row.attempt + 1, None
                try:
                    self._table.save(row)
                except sqlite3.OperationalError as error:
                    _log.error("job %s %s cannot begin yet: %s", row.kind, row.key, error)
                    self._holding.discard((row.kind, row.key))
                    row.state, row.attempt = QUEUED, row.attempt - 1
                    self._queue.appendleft(row)
                    self._later.after(PAUSE, self._fill)
                    return
                self._submit(self._begin, row)

    def _save(self, row: Row) -> None:
        """Write a row now, or once it can be: a server that is killed before has only to do again what it says."""
        try:
            self._table.save(row)
        except sqlite3.OperationalError as error:
            _log.error("job %s %s: its state cannot be written yet: %s", row.kind, row.key, error)
            self._later.after(PAUSE, self._submit, self._save, row)

    def _begin(self, row: Row) -> None:
        owner = self._owners[row.kind]
        folder = self._attempt_folder(row)
        if _is_stopping(row):
            self._stopped(row)
            return
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            spec = owner.prepare(self._job(row))
            if _is_stopping(row):
                self._stopped(row)
                return
            process = self.processes.start(spec, folder)
        except ZygoteGone:
            self._again(row)
            return
        except Exception as error:  # noqa: BLE001 - whatever an owner raises, the job must end with a reason
            if not isinstance(error, StepFunctionsError):
                _log.exception("job %s %s could not be prepared", row.kind, row.key)
            self._end(row, Exit(refused=str(error) or repr(error), ended_at=time.time()))
            return
        with self._lock:
            row.pid = process.pid
            self._save(row)
            if row.stopping:
                self._terminate(row)
        self._attached(row, process.pid, process.start, process.started_at)

    def _attached(self, row: Row, pid: int, start: int | None, started_at: float) -> None:
        """A process runs, begun now or by a former server: tell its owner, and watch it."""
        job = self._job(row, pid, started_at)
        self._write_public(row, started_at)
        try:
            self._owners[row.kind].started(job)
        except Exception:  # noqa: BLE001 - the process runs and will be finished
            _log.exception("the start of job %s %s could not be noted", row.kind, row.key)
        if self._watcher is not None:
            self._watcher.watch(pid, start, partial(self._submit, self._gone, row))

    def _gone(self, row: Row) -> None:
        """The process is gone: take what its zygote recorded, or start again when that was lost with it."""
        exit = self._recorded(row, wait=True)
        if exit is None:
            self._end_left_behind(row)
        if exit is not None:
            self._end(row, exit)
        elif row.stopping:
            self._stopped(row)
        else:
            self._again(row)

    def _end_left_behind(self, row: Row) -> None:
        """End what a lost process had started: nobody else does, and a new attempt must not run beside it."""
        process = marks.read_json(self._attempt_folder(row) / "process.json")
        if process is not None and process["pid"] and process["boot"] == boot_id():
            marks.kill_left_behind(process["pid"], process["zygote"])

    def _stopped(self, row: Row) -> None:
        """End a job that was stopped before it ran, or whose end nobody saw."""
        self._end(row, Exit(stopped=True, ended_at=time.time()))

    def _again(self, row: Row) -> None:
        """Queue an attempt anew, before everything that waits."""
        if row.attempt >= _MOST_ATTEMPTS:
            self._end(row, Exit(refused=f"its process was lost {row.attempt} times", ended_at=time.time()))
            return
        with self._lock:
            self._holding.discard((row.kind, row.key))
            row.state, row.pid = QUEUED, None
            self._save(row)
            self._queue.appendleft(row)
            self._fill()

    def _end(self, row: Row, exit: Exit) -> None:
        """Let the owner finish; its slot is free at once."""
        with self._lock:
            self._holding.discard((row.kind, row.key))
            row.state = FINISHING
            self._save(row)
            self._fill()
        self._finish(row, exit)

    def _finish(self, row: Row, exit: Exit) -> None:
        try:
            self._output.end(self._attempt_folder(row))
            finish(self._owners[row.kind], self._job(row, row.pid, exit.started_at), exit)
        except sqlite3.OperationalError as error:
            _log.error("job %s %s cannot be finished yet: %s", row.kind, row.key, error)
            self._later.after(PAUSE, self._submit, partial(self._finish, exit=exit), row)
            return
        with self._lock:
            row.state = ENDED
            self._write_public(row, exit.started_at, exit)
            self._save(row)
            self._active.pop((row.kind, row.key), None)
            callbacks = self._callbacks.pop((row.kind, row.key), [])
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - one listener's fault is not the others'
                _log.exception("a listener of job %s %s failed", row.kind, row.key)
        self._work.end(f"job:{row.kind}:{row.key}")

    # ---------------------------------------------------------------------------------------- stop and resume

    def _terminate(self, row: Row) -> None:
        """SIGTERM now, SIGKILL after the grace period, each only if it is still that process."""
        record = marks.read_json(self._attempt_folder(row) / "process.json")
        if record is None:
            return
        _send(record, signal.SIGTERM)
        self._later.after(record.get("grace", 0.0), _send, record, signal.SIGKILL)

    def _recover(self, kinds: list[str]) -> None:
        for row in self._table.open_rows(kinds):
            if (row.kind, row.key) in self._active:
                continue
            self._take(row)
            if row.state == QUEUED:
                self._queue.append(row)
            else:
                self._holding.add((row.kind, row.key))
                self._submit(self._resume, row)
        self._fill()

    def _resume(self, row: Row) -> None:
        """Decide what became of an attempt that a former server began."""
        folder = self._attempt_folder(row)
        record = marks.read_json(folder / "process.json")
        if record is None:
            # The zygote may be about to start it: whoever makes the file first decides.
            folder.mkdir(parents=True, exist_ok=True)
            marks.claim(str(folder), {"pid": 0, "start": None, "boot": "", "at": 0.0, "zygote": 0, "stderr": ""})
            record = marks.read_json(folder / "process.json") or {}
        if record.get("boot") == boot_id() and is_alive(record["pid"], record["start"]):
            with self._lock:
                row.pid = record["pid"]
                if row.stopping:
                    self._terminate(row)
            self._attached(row, record["pid"], record["start"], record["at"])
        else:
            self._gone(row)

    def _recorded(self, row: Row, *, wait: bool) -> Exit | None:
        """Read ``exit.json``; it comes within moments of the end, as long as the zygote is there to write it."""
        folder = self._attempt_folder(row)
        process = marks.read_json(folder / "process.json") or {}
        deadline = time.monotonic() + _EXIT_SECONDS
        while (record := marks.read_json(folder / "exit.json")) is None:
            alive = process.get("boot") == boot_id() and is_alive(process.get("zygote", 0), None)
            if not wait or not alive or time.monotonic() > deadline:
                record = marks.read_json(folder / "exit.json")
                break
            time.sleep(0.002)
        return None if record is None else read_exit(record, Path(process.get("stderr", "")), stopped=row.stopping)

    def _attempt_folder(self, row: Row) -> Path:
        return self.job_folder(row.kind, row.key) / str(row.attempt)

    def _job(self, row: Row, pid: int | None = None, started_at: float | None = None) -> Job:
        return Job(
            kind=row.kind,
            key=row.key,
            details=row.details,
            attempt=row.attempt,
            folder=self._attempt_folder(row),
            pid=pid,
            started_at=started_at,
        )

    def _public(self, row: Row, started_at: float | None = None, exit: Exit | None = None) -> dict[str, Any]:
        return {
            "kind": row.kind,
            "key": row.key,
            "state": row.state,
            "attempt": row.attempt,
            "folder": str(self._attempt_folder(row)),
            "pid": row.pid,
            "started_at": started_at,
            "exit": None if exit is None else asdict(exit),
        }

    def _write_public(self, row: Row, started_at: float | None = None, exit: Exit | None = None) -> None:
        folder = self.job_folder(row.kind, row.key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            marks.write_json(str(folder / "job.json"), self._public(row, started_at, exit))
        except OSError as error:  # it is for people; the job goes on
            _log.error("job.json of job %s %s could not be written: %s", row.kind, row.key, error)


def _is_stopping(row: Row) -> bool:
    """Whether a stop was asked for: another thread may do so at any time."""
    return row.stopping


def _send(record: dict[str, Any], number: int) -> None:
    if is_alive(record["pid"], record["start"]):
        marks.kill_group(record["pid"], number)


def _logged(function: Callable[[Row], None], row: Row) -> None:
    try:
        function(row)
    except Exception:  # noqa: BLE001 - a pool would swallow it
        _log.exception("job %s %s", row.kind, row.key)
