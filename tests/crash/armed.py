"""The command line, armed: ``python armed.py POINT NUMBER local start ...`` kills itself at a point of the program.

The package knows nothing of it: functions are wrapped by their names before the command begins. The process is killed
when it gets to the point for the ``NUMBER``-th time.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORE = "stepfunctions.db"
FAULTY = 50
"""Every how many commits the planted fault shows."""


class Trap:
    """Kills this process at the given arrival at its point."""

    def __init__(self, point: str, number: int) -> None:
        self.point = point
        self._left = number
        self._lock = threading.Lock()

    def arrive(self) -> None:
        """One of the moments that the point means."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.write(2, f"killed at {self.point}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a function by one that calls ``around`` with it and its arguments. It must exist."""
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return around(function, *args, **kwargs)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, look: Callable[..., bool], trap: Trap) -> None:
    """Arrive after each call of a function of whose arguments ``look`` says yes."""

    def around(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        wanted = look(*args, **kwargs)
        result = function(*args, **kwargs)
        if wanted:
            trap.arrive()
        return result

    wrap(owner, name, around)


def during_commit(wanted: Callable[..., bool], looks: Callable[[str], bool], trap: Trap) -> None:
    """Arrive at each statement that ``looks`` picks within the engine's commits that are ``wanted``."""
    from stepfunctions.runtime.store.sqlite import SqliteExecutions

    inside = threading.local()

    def commit(function: Callable[..., Any], store: Any, changes: Any, map_runs: Any = ()) -> Any:
        inside.wanted = wanted(changes, map_runs)
        try:
            return function(store, changes, map_runs)
        finally:
            inside.wanted = False

    def traced(statement: str) -> None:
        if getattr(inside, "wanted", False) and looks(statement):
            trap.arrive()

    def connect(function: Callable[..., Any], path: Any, *args: Any, **kwargs: Any) -> Any:
        connection = function(path, *args, **kwargs)
        if Path(str(path)).name == STORE:
            connection.set_trace_callback(traced)
        return connection

    wrap(SqliteExecutions, "commit", commit)
    wrap(sqlite3, "connect", connect)


def before_commit(trap: Trap) -> None:
    """Everything of a transaction of the engine is written, but for its COMMIT."""
    during_commit(lambda changes, _: bool(changes), lambda statement: statement == "COMMIT", trap)


def map_cursor(trap: Trap) -> None:
    """The cursor of a Map Run has moved: when its row is to be written, and when that is to be committed."""
    cursors: dict[str, int] = {}

    def moved(_: Any, map_runs: Any) -> bool:
        found = [run for run in map_runs if cursors.get(run.arn) != run.cursor]
        cursors.update((run.arn, run.cursor) for run in found)
        return bool(found)

    during_commit(moved, lambda statement: statement == "COMMIT" or "map_runs" in statement, trap)


def after_commit(trap: Trap) -> None:
    """A task that is to begin is committed, and nobody has been told."""
    from stepfunctions.engine.messages import RunTask
    from stepfunctions.runtime.store.sqlite import SqliteExecutions

    def begins(_: Any, changes: Any, map_runs: Any = ()) -> bool:
        return any(isinstance(command, RunTask) for change in changes for command in change.commands)

    after(SqliteExecutions, "commit", begins, trap)


def after_effect(trap: Trap) -> None:
    """A service has done what a task asked of it, and the task has no outcome yet."""
    from stepfunctions.local.tasks.cloud_tasks import CloudTasks

    after(CloudTasks, "request", lambda *_, **__: True, trap)


def artefact_rename(trap: Trap) -> None:
    """The archive of a model is renamed into its place in S3: just before that, and just after."""
    from stepfunctions.local.s3.contents import Contents

    taken = set()

    def stage_file(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        staged = function(*args, **kwargs)
        taken.add(str(staged.path))
        return staged

    def rename(function: Callable[..., Any], source: Any, target: Any) -> None:
        wanted = str(source) in taken
        if wanted:
            trap.arrive()
        function(source, target)
        if wanted:
            trap.arrive()

    wrap(Contents, "stage_file", stage_file)
    wrap(os, "rename", rename)


def loses_an_event(trap: Trap) -> None:
    """A planted fault: now and then an event of a history is not written."""
    from stepfunctions.runtime.store.sqlite import SqliteExecutions

    commits = itertools.count(1)

    def commit(function: Callable[..., Any], store: Any, changes: Any, map_runs: Any = ()) -> Any:
        for change in changes:
            if len(change.events) > 1 and next(commits) % FAULTY == 0:
                del change.events[0]
        return function(store, changes, map_runs)

    wrap(SqliteExecutions, "commit", commit)
    del trap


def loses_a_start(trap: Trap) -> None:
    """A planted fault: now and then an execution is acknowledged that is not in the store."""
    from stepfunctions.runtime.store.sqlite import SqliteExecutions

    starts = itertools.count(1)

    def lost(change: Any) -> bool:
        return bool(change.events) and change.events[0].id == 1 and next(starts) % 10 == 0

    def commit(function: Callable[..., Any], store: Any, changes: Any, map_runs: Any = ()) -> Any:
        return function(store, [change for change in changes if not lost(change)], map_runs)

    wrap(SqliteExecutions, "commit", commit)
    del trap


FAULTS: dict[str, Callable[[Trap], None]] = {"loses-an-event": loses_an_event, "loses-a-start": loses_a_start}
"""Faults of the program, to see that the checks notice."""

POINTS: dict[str, Callable[[Trap], None]] = {
    "before-commit": before_commit,
    "after-commit": after_commit,
    "after-effect": after_effect,
    "artefact-rename": artefact_rename,
    "map-cursor": map_cursor,
}


if __name__ == "__main__":
    point, number, *rest = sys.argv[1:]
    (POINTS | FAULTS)[point](Trap(point, int(number)))
    sys.argv[1:] = rest
    from stepfunctions.cli.main import main

    main()
