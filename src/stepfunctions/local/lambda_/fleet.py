"""The pools of all functions: the right revision's workers for each invocation, and none that is not needed."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from stepfunctions.errors import ServiceError
from stepfunctions.local.lambda_.code import FolderWatch
from stepfunctions.local.lambda_.configuration import handler_environment
from stepfunctions.local.lambda_.functions import Function
from stepfunctions.local.lambda_.pool import Pool, Retired
from stepfunctions.local.lambda_.workers import Event, Launch, Reply, Worker, WorkerSpec

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_HOUSEKEEPING_SECONDS = 10.0
MOST = 1000
"""Invocations at work or waiting for a worker, of all functions: AWS's quota of concurrent executions."""


class _Crew:
    """The pool of a function's revision, and the watch on its folder when its code is used in place."""

    def __init__(self, function: Function, start: Callable[[], Worker]) -> None:
        self.revision = function.revision
        self.watch = FolderWatch(function.code.folder) if function.code.in_place else None
        self.pool = Pool(start)

    def current(self, function: Function) -> bool:
        return self.revision == function.revision and (self.watch is None or not self.watch.changed())


class Fleet:
    """Runs events in warm workers.

    ``find`` returns the present revision of a function or raises ServiceError; ``launch`` starts a process;
    ``logs`` is the folder of the log files.
    """

    def __init__(self, find: Callable[[str], Function], launch: Launch, logs: Path, cloud: Cloud) -> None:
        self._find = find
        self._launch = launch
        self._logs = logs
        self._cloud = cloud
        self._lock = threading.Lock()
        self._crews: dict[str, _Crew] = {}
        self._stop = threading.Event()
        self._present = 0
        self._housekeeper: threading.Thread | None = None

    def invoke(self, name: str, event: Event, *, tail: bool = False) -> tuple[Reply, bytes]:
        """Run one event with the present revision of a function; returns the reply and the end of the log.

        Raises what ``find`` raises, TooManyRequestsException (429) when too many wait already, and :class:`Retired`
        once the fleet is stopped.
        """
        with self._room():
            while True:
                try:
                    return self._pool(name).invoke(event, tail=tail)
                except Retired:
                    if self._stop.is_set():
                        raise
                    continue

    def retire(self, name: str, *, forget_logs: bool = False) -> None:
        """End the workers of a function that was changed or deleted; busy ones finish what they do."""
        with self._lock:
            crew = self._crews.pop(name, None)
        if crew is not None:
            crew.pool.close()
        if forget_logs:
            shutil.rmtree(self._logs / name, ignore_errors=True)

    def stop(self) -> None:
        """End every worker at once, busy or not."""
        self._stop.set()
        with self._lock:
            crews = list(self._crews.values())
            self._crews.clear()
            housekeeper, self._housekeeper = self._housekeeper, None
        for crew in crews:
            crew.pool.close(busy_too=True)
        if housekeeper is not None:
            housekeeper.join()

    @contextmanager
    def _room(self) -> Iterator[None]:
        with self._lock:
            if self._present >= MOST:
                raise ServiceError("TooManyRequestsException", "Rate Exceeded.", 429)
            self._present += 1
        try:
            yield
        finally:
            with self._lock:
                self._present -= 1

    def _pool(self, name: str) -> Pool:
        with self._lock:
            if self._stop.is_set():
                raise Retired
            function = self._find(name)
            if not function.code.folder.is_dir():
                raise ServiceError(
                    "CodeArtifactUserDeletedException",
                    f"The folder with the code of function {name} is gone: {function.code.folder}",
                    409,
                )
            crew = self._crews.get(name)
            if crew is not None and crew.current(function):
                return crew.pool
            if crew is not None:
                crew.pool.close()
            crew = _Crew(function, lambda: Worker(self._spec(function), self._launch))
            self._crews[name] = crew
            if self._housekeeper is None:
                self._housekeeper = threading.Thread(target=self._keep_house, name="lambda-housekeeper", daemon=True)
                self._housekeeper.start()
            return crew.pool

    def _spec(self, function: Function) -> WorkerSpec:
        today = datetime.now(timezone.utc)
        instance = secrets.token_hex(16)
        stream = f"{today:%Y/%m/%d}/[$LATEST]{instance}"
        log = self._logs / function.name / f"{today:%Y-%m-%d}-{instance}.log"
        base = self._cloud.client_env(function.configuration["Role"])
        if function.code.in_place:
            base["PYTHONDONTWRITEBYTECODE"] = "1"  # the folder is the user's
        self._cloud.service("logs").follow(function.configuration["LoggingConfig"]["LogGroup"], stream, log)
        return WorkerSpec(
            function=function.name,
            folder=function.code.folder,
            env=handler_environment(function.configuration, function.code, stream, base),
            log=log,
        )

    def _keep_house(self) -> None:
        while not self._stop.wait(_HOUSEKEEPING_SECONDS):
            with self._lock:
                pools = [crew.pool for crew in self._crews.values()]
            for pool in pools:
                pool.close_idle(time.monotonic())
