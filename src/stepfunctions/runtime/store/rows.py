"""How the records of the engine become rows, for any store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.engine.execution import Execution, Header
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import (
    CancelTask,
    CancelTimers,
    Command,
    MapRunEnded,
    Outcome,
    RunTask,
    SetTimer,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)

Wait = tuple[int, int]
"""``(branch, attempt)``"""
TimerKey = tuple[int, TimerKind]
"""``(branch, kind)``"""


@dataclass(slots=True)
class Waits:
    """What one change does to the rows of waits, each row named at most once."""

    tasks_gone: list[Wait] = field(default_factory=list)
    tasks: dict[Wait, RunTask] = field(default_factory=dict)
    submitted: dict[Wait, Document] = field(default_factory=dict)
    timers_gone: list[tuple[int, int, TimerKind]] = field(default_factory=list)
    """Fired timers ``(branch, attempt, kind)``; a row with another attempt is a newer timer and stays."""
    branches_quiet: list[int] = field(default_factory=list)
    """Branches all of whose timers go."""
    timers: dict[TimerKey, SetTimer] = field(default_factory=dict)


def waits_of(taken: Iterable[Outcome], commands: Iterable[Command]) -> Waits:
    """Return what these outcomes and then these commands do to the rows of waits."""
    waits = Waits()
    for outcome in taken:
        if isinstance(outcome, (TaskSucceeded, TaskFailed, MapRunEnded)):
            waits.tasks_gone.append((outcome.branch, outcome.attempt))
        elif isinstance(outcome, TaskSubmitted):
            waits.submitted[outcome.branch, outcome.attempt] = outcome.output
        elif isinstance(outcome, TimerFired):
            waits.timers_gone.append((outcome.branch, outcome.attempt, outcome.kind))
    for command in commands:
        if isinstance(command, SetTimer):
            waits.timers[command.branch, command.kind] = command
        elif isinstance(command, CancelTimers):
            waits.branches_quiet.append(command.branch)
            for key in [key for key in waits.timers if key[0] == command.branch]:
                del waits.timers[key]
        elif isinstance(command, RunTask):
            waits.tasks[command.branch, command.attempt] = command
        elif isinstance(command, CancelTask):
            waits.tasks_gone.append((command.branch, command.attempt))
            waits.tasks.pop((command.branch, command.attempt), None)
    return waits


_stored = attrgetter(*(field.name for field in fields(Header)))


def header(execution: Header) -> Header:
    """Return a copy of the stored part of an execution."""
    return Header(*_stored(execution))


def bare(header: Header) -> Execution:
    """Return an execution of this header, without branches."""
    return Execution(*_stored(header))


def task_to_json(task: RunTask) -> str:
    """Return a task as the text of a row."""
    row = dumps(
        {
            "branch": task.branch,
            "attempt": task.attempt,
            "state": task.state,
            "resource": task.resource.arn,
            "token": task.token,
            "credentials": task.credentials,
            "timeout_seconds": task.timeout_seconds,
            "heartbeat_seconds": task.heartbeat_seconds,
        }
    )
    return f'{row[:-1]},"arguments":{task.arguments.text}}}'


def task_from_json(text: str) -> RunTask:
    """Return the task of such a row."""
    row = Document.parse(text).value
    row["resource"] = Resource.parse(row["resource"])
    row["arguments"] = Document(row["arguments"])
    return RunTask(**row)


COUNTERS = (
    "status",
    "stopped_at",
    "cursor",
    "exhausted",
    "total",
    "running",
    "succeeded",
    "failed",
    "timed_out",
    "aborted",
    "written",
    "running_items",
    "succeeded_items",
    "failed_items",
    "timed_out_items",
    "aborted_items",
    "written_items",
    "error",
    "cause",
    "unwritten",
    "attempt",
    "redrive_count",
    "redriven_at",
    "redrive_from",
    "redrive_until",
    "pending_redrive",
    "pending_redrive_items",
    "not_redrivable",
    "not_redrivable_items",
    "max_concurrency",
    "tolerated_failure_count",
    "tolerated_failure_percentage",
)
"""The fields of a MapRun that change while it runs; the rest is written once."""

_FIXED = tuple(field.name for field in fields(MapRun) if field.name not in COUNTERS)


def map_run_to_json(run: MapRun) -> str:
    """Return what never changes of a map run as the text of a row."""
    row: dict[str, Any] = {}
    for name in _FIXED:
        value: JSON = getattr(run, name)
        if value is not None:
            row[name] = value.value if isinstance(value, Document) else value
    return dumps(row)


def map_run_from_json(text: str, counters: Iterable[JSON]) -> MapRun:
    """Return the map run of such a row and its counters (in the order of COUNTERS)."""
    row = Document.parse(text).value
    row["input"] = Document(row.get("input"))
    if "items" in row:
        row["items"] = Document(row["items"])
    row.update(zip(COUNTERS, counters, strict=True))
    del row["exhausted"]  # it follows from the others
    row["unwritten"] = bool(row["unwritten"])
    return MapRun(**row)
