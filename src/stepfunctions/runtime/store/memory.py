"""The store in memory: the readable reference, and what in-process runs and Express executions use.

It keeps copies, not the engine's objects, and what it loads went through the text of a row, as after a restart.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, TypeAlias

from stepfunctions.asl.document import Document, dumps
from stepfunctions.engine.execution import Branch, Execution, Header, Status
from stepfunctions.engine.history import HistoryEvent
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
)
from stepfunctions.engine.ports import Change, Machine, Pending
from stepfunctions.runtime.store.activities import MemoryActivities
from stepfunctions.runtime.store.published import MemoryPublished
from stepfunctions.runtime.store.rows import TimerKey, Wait, bare, header


@dataclass(slots=True)
class _Rows:
    """Everything about one execution."""

    number: int
    header: Header
    branches: dict[int, _Row] = field(default_factory=dict)
    events: list[HistoryEvent] = field(default_factory=list)
    waits: _Waits | None = None


@dataclass(slots=True)
class _Waits:
    """What an open execution waits for."""

    tasks: dict[Wait, RunTask] = field(default_factory=dict)
    submitted: dict[Wait, Document] = field(default_factory=dict)
    timers: dict[TimerKey, SetTimer] = field(default_factory=dict)


class MemoryStore:
    """The stores over dictionaries. Threads may share it."""

    def __init__(self) -> None:
        lock = threading.RLock()
        map_runs: dict[str, MapRun] = {}
        self.executions = MemoryExecutions(lock, map_runs)
        self.machines = MemoryMachines(lock)
        self.map_runs = MemoryMapRuns(lock, map_runs, self.executions)
        self.published = MemoryPublished(lock)
        self.activities = MemoryActivities(lock)
        self.retention = self.executions

    def close(self) -> None:
        """Nothing to let go of."""


class MemoryExecutions:
    """ExecutionStore and RetentionStore in memory."""

    def __init__(self, lock: threading.RLock, map_runs: dict[str, MapRun]) -> None:
        self._lock = lock
        self._map_runs = map_runs
        self._rows: dict[str, _Rows] = {}
        self._last = 0

    def commit(self, changes: Sequence[Change], map_runs: Sequence[MapRun] = ()) -> None:
        """See the port. Only making the rows can fail, and that comes before anything is written."""
        self.write(changes, self.prepare(changes), map_runs)

    def prepare(self, changes: Sequence[Change]) -> list[dict[int, _Row]]:
        """Make the rows of changes: the part of a commit that can fail."""
        return list(map(_rows_of, changes))

    def write(
        self, changes: Sequence[Change], rows: Sequence[dict[int, _Row]], map_runs: Sequence[MapRun] = ()
    ) -> None:
        """Write changes whose rows are made."""
        with self._lock:
            for change, branches in zip(changes, rows, strict=True):
                self._write(change, branches)
            for run in map_runs:
                self._map_runs[run.arn] = replace(run)

    def forget(self, arn: str) -> None:
        """Remove an execution that has ended, with its map runs and their children."""
        with self._lock:
            rows = self._rows.get(arn)
            if rows is None or not rows.header.ended:
                return
            for run in [run.arn for run in self._map_runs.values() if run.execution_arn == arn]:
                del self._map_runs[run]
                for child in self.children(run):
                    del self._rows[child.arn]
            del self._rows[arn]

    def ended_before(self, when: float, limit: int) -> list[str]:
        """See RetentionStore."""
        with self._lock:
            ended = (
                arn
                for arn, rows in self._rows.items()
                if rows.header.parent_map_run_arn is None and rows.header.ended and _listed_at(rows.header) < when
            )
            return list(itertools.islice(ended, limit))

    def _write(self, change: Change, branches: dict[int, _Row]) -> None:
        execution = change.execution
        ended = execution.ended
        rows = self._rows.get(execution.arn)
        if rows is None:
            self._last += 1
            rows = self._rows[execution.arn] = _Rows(self._last, header(execution))
        elif ended or rows.header.ended:
            rows.header = header(execution)
        else:  # what changes while it runs
            known = rows.header
            known.next_branch = execution.next_branch
            known.last_event_id = execution.last_event_id
            known.transitions = execution.transitions
        rows.events += change.events
        rows.branches.update(branches)
        for number in execution.removed:
            rows.branches.pop(number, None)
        if ended:
            rows.waits = None
        elif change.commands or rows.waits:
            waits = rows.waits
            if waits is None:
                waits = rows.waits = _Waits()
            for outcome in change.taken:
                _take(waits, outcome)
            for command in change.commands:
                _do(waits, command)
        execution.dirty.clear()
        execution.removed.clear()

    def load(self, arn: str, branches: bool = True) -> Execution | None:
        """See the port."""
        with self._lock:
            rows = self._rows.get(arn)
            if rows is None:
                return None
            execution = bare(rows.header)
            if branches:
                execution.attach([Branch.from_json(Branch(*row).to_json()) for row in rows.branches.values()])
            return execution

    def open_arns(self) -> list[str]:
        """See the port."""
        with self._lock:
            return [arn for arn, rows in self._rows.items() if not rows.header.ended]

    def pending(self, arn: str) -> Pending:
        """See the port."""
        with self._lock:
            waits = self._rows[arn].waits or _Waits()
            return Pending(
                [(task, waits.submitted.get(wait)) for wait, task in waits.tasks.items()],
                list(waits.timers.values()),
                [
                    replace(run)
                    for run in self._map_runs.values()
                    if run.execution_arn == arn and run.status == Status.RUNNING
                ],
            )

    def history(self, arn: str, after: int = 0, limit: int = 1000, reverse: bool = False) -> list[HistoryEvent]:
        """See the port."""
        with self._lock:
            rows = self._rows.get(arn)
            events = rows.events if rows else []
            if not reverse:
                return events[after : after + limit]
            end = after - 1 if after else len(events)
            return events[max(0, end - limit) : end][::-1]

    def page(
        self, machine_arn: str | None, status: str | None, map_run_arn: str | None, after: str | None, limit: int
    ) -> tuple[list[Execution], str | None]:
        """See the port."""
        last = None if after is None else (float(after.split()[0]), int(after.split()[1]))
        with self._lock:
            found = [
                (_listed_at(rows.header), rows.number, rows.header)
                for rows in self._rows.values()
                if machine_arn in (None, rows.header.machine_arn)
                and status in (None, rows.header.status)
                and map_run_arn in (None, rows.header.parent_map_run_arn)
            ]
            found = heapq.nlargest(limit + 1, (one for one in found if last is None or one[:2] < last), _place)
            page = [replace(bare(one), input=Document(None), output=None) for _, _, one in found[:limit]]
        return page, f"{found[limit - 1][0]!r} {found[limit - 1][1]}" if len(found) > limit else None

    def children(self, map_run_arn: str) -> list[Header]:
        """Return the children of a map run that have ended, in item order."""
        with self._lock:
            children = [
                rows.header
                for rows in self._rows.values()
                if rows.header.parent_map_run_arn == map_run_arn and rows.header.ended
            ]
        children.sort(key=lambda child: child.item_index or 0)
        return children


def _rows_of(change: Change) -> dict[int, _Row]:
    """Return copies of the branches to write. What no text can be made of fails here, as in every store."""
    execution = change.execution
    rows = {}
    for number in execution.dirty - execution.removed:
        branch = execution.branches[number]
        rows[number] = _all_of(branch)
        if branch.variables:
            dumps(branch.variables)
        for document in (branch.input, branch.effective, branch.output):
            if document is not None:
                document.text  # noqa: B018 - kept in the document
    return rows


_Row: TypeAlias = "tuple[Any, ...]"
"""The fields of a branch, none of which is changed in place."""
_all_of: Callable[[Branch], _Row] = attrgetter(*(field.name for field in fields(Branch)))


def _take(waits: _Waits, outcome: Outcome) -> None:
    """Do to the waits what an outcome does."""
    if isinstance(outcome, (TaskSucceeded, TaskFailed, MapRunEnded)):
        waits.tasks.pop((outcome.branch, outcome.attempt), None)
        waits.submitted.pop((outcome.branch, outcome.attempt), None)
    elif isinstance(outcome, TaskSubmitted):
        if (outcome.branch, outcome.attempt) in waits.tasks:
            waits.submitted[outcome.branch, outcome.attempt] = outcome.output
    elif isinstance(outcome, TimerFired):
        timer = waits.timers.get((outcome.branch, outcome.kind))
        if timer and timer.attempt == outcome.attempt:
            del waits.timers[outcome.branch, outcome.kind]


def _do(waits: _Waits, command: Command) -> None:
    """Do to the waits what a command does."""
    if isinstance(command, RunTask):
        waits.tasks[command.branch, command.attempt] = command
    elif isinstance(command, CancelTask):
        waits.tasks.pop((command.branch, command.attempt), None)
        waits.submitted.pop((command.branch, command.attempt), None)
    elif isinstance(command, SetTimer):
        waits.timers[command.branch, command.kind] = command
    elif isinstance(command, CancelTimers):
        for key in [key for key in waits.timers if key[0] == command.branch]:
            del waits.timers[key]


def _listed_at(one: Header) -> float:
    return next(when for when in (one.stopped_at, one.redriven_at, one.started_at) if when is not None)


def _place(found: tuple[float, int, Header]) -> tuple[float, int]:
    return found[:2]


class MemoryMachines:
    """MachineStore in memory."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._machines: dict[str, Machine] = {}
        self._definitions: dict[str, str] = {}

    def put(self, machine: Machine) -> None:
        """See the port."""
        with self._lock:
            self._machines[machine.arn] = replace(machine, tags=dict(machine.tags))
            self._definitions[machine.definition_id] = machine.definition

    def get(self, arn: str) -> Machine | None:
        """See the port."""
        with self._lock:
            machine = self._machines.get(arn)
            return replace(machine, tags=dict(machine.tags)) if machine else None

    def delete(self, arn: str) -> None:
        """See the port."""
        with self._lock:
            self._machines.pop(arn, None)

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[Machine], str | None]:
        """See the port."""
        with self._lock:
            names = sorted(
                name for name in self._machines if name.startswith(prefix) and (after is None or name > after)
            )
            page = [replace(self._machines[name]) for name in names[:limit]]
            return page, names[limit - 1] if len(names) > limit else None

    def definition(self, definition_id: str) -> str:
        """See the port."""
        return self._definitions[definition_id]


class MemoryMapRuns:
    """MapRunStore in memory."""

    def __init__(self, lock: threading.RLock, runs: dict[str, MapRun], executions: MemoryExecutions) -> None:
        self._lock = lock
        self._runs = runs
        self._executions = executions

    def get(self, arn: str) -> MapRun | None:
        """See the port."""
        with self._lock:
            run = self._runs.get(arn)
            return replace(run) if run else None

    def of_execution(self, execution_arn: str) -> list[MapRun]:
        """See the port."""
        with self._lock:
            return [replace(run) for run in self._runs.values() if run.execution_arn == execution_arn]

    def unwritten(self) -> list[MapRun]:
        """See the port."""
        with self._lock:
            return [replace(run) for run in self._runs.values() if run.unwritten]

    def children(self, arn: str, first: int = 0) -> Iterator[Execution]:
        """See the port."""
        return (bare(child) for child in self._executions.children(arn) if (child.item_index or 0) >= first)

    def outputs(self, arn: str) -> Iterator[Document]:
        """See the port."""
        return (child.output for child in self._executions.children(arn) if child.output is not None)
