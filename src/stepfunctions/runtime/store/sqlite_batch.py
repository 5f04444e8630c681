"""The rows that one commit of executions writes to the SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from stepfunctions.asl.document import Lasting, dumps
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.ports import Change
from stepfunctions.runtime.store.rows import task_to_json, waits_of
from stepfunctions.runtime.store.sqlite_columns import INSERT, UPDATE

NEW, UNKNOWN = 0, -1
_SHARED = 100
"""Payloads of more characters than this are written once a step; later events refer to the first."""


class Batch:
    """The rows of one transaction, gathered by statement so that each runs once."""

    def __init__(self) -> None:
        self._statements: dict[str, list[tuple[Any, ...]]] = {}

    def _run(self, statement: str, row: tuple[Any, ...]) -> None:
        rows = self._statements.get(statement)
        if rows is None:
            rows = self._statements[statement] = []
        rows.append(row)

    def write(self, cx: sqlite3.Connection) -> None:
        """Run the statements: what goes first, then what comes, as _PLACES orders them."""
        for statement in sorted(self._statements, key=_PLACES.__getitem__):
            cx.executemany(statement, self._statements[statement])

    def add(self, change: Change, number: int, next_branch: int) -> None:
        """Gather the rows of one change.

        ``next_branch`` is what the execution's row has: NEW when there is no row, UNKNOWN when it was not read.
        """
        execution = change.execution
        new = next_branch == NEW
        if next_branch in (NEW, UNKNOWN) or execution.ended:
            self._header(execution, number, new)
        elif next_branch != execution.next_branch:
            self._run(_NEXT_BRANCH, (execution.next_branch, number))
        if change.events:
            self._statements.setdefault(_PUT_EVENT, []).extend(_event_rows(number, change.events))
        if not execution.ended:
            self._waits(change, number)
        elif not new:
            for statement in _FORGET_WAITS:
                self._run(statement, (number,))
        if execution.branches or not execution.ended:
            self._branches(execution, number)
        elif not new:
            self._run(_FORGET_BRANCHES, (number,))

    def _header(self, execution: Execution, number: int, new: bool) -> None:
        changing = (
            execution.status,
            execution.started_at,
            execution.stopped_at,
            execution.error,
            execution.cause,
            execution.next_branch,
            execution.last_event_id,
            execution.transitions,
            execution.redrive_count,
            execution.redriven_at,
            dumps(execution.redrive_tokens) if execution.redrive_tokens else "[]",
            execution.output.text if execution.output is not None else None,
        )
        if new:
            self._run(
                INSERT,
                (
                    number,
                    execution.arn,
                    execution.name,
                    execution.machine_arn,
                    execution.machine_name,
                    execution.role_arn,
                    execution.definition_id,
                    execution.region,
                    execution.type,
                    execution.parent_map_run_arn,
                    execution.item_index,
                    execution.item_count,
                    execution.version_arn,
                    execution.alias_arn,
                    execution.trace_header,
                    execution.input.text,
                    *changing,
                ),
            )
        else:
            self._run(UPDATE, (*changing, number))

    def _branches(self, execution: Execution, number: int) -> None:
        for branch in execution.dirty - execution.removed:
            self._run(_PUT_BRANCH, (number, branch, execution.branches[branch].to_json()))
        for branch in execution.removed:
            self._run(_DROP_BRANCH, (number, branch))

    def _waits(self, change: Change, number: int) -> None:
        if not change.taken and not change.commands:
            return
        waits = waits_of(change.taken, change.commands)
        for (branch, attempt), output in waits.submitted.items():
            self._run(_SUBMITTED, (output.text, number, branch, attempt))
        for branch, attempt in waits.tasks_gone:
            self._run(_DROP_TASK, (number, branch, attempt))
        for branch, attempt, kind in waits.timers_gone:
            self._run(_DROP_TIMER, (number, branch, kind.value, attempt))
        for branch in waits.branches_quiet:
            self._run(_DROP_TIMERS, (number, branch))
        for (branch, attempt), task in waits.tasks.items():
            self._run(_PUT_TASK, (number, branch, attempt, task_to_json(task)))
        for (branch, kind), timer in waits.timers.items():
            self._run(_PUT_TIMER, (number, branch, kind.value, timer.attempt, timer.due))


def _event_rows(number: int, events: Iterable[HistoryEvent]) -> Iterator[tuple[Any, ...]]:
    written: dict[int, int] = {}
    for id_, previous, timestamp, kind, name, document, extra in events:
        payload: str | int | None = None
        if document is not None:
            payload = document.text
            if len(payload) > _SHARED:
                first = written.setdefault(id(document), id_)
                if first != id_:
                    payload = first
        details = None if extra is None else extra.text if isinstance(extra, Lasting) else dumps(extra)
        yield number, id_, previous, timestamp, kind, name, payload, details


_NEXT_BRANCH = "UPDATE executions SET next_branch = ? WHERE id = ?"
_PUT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_BRANCH = "INSERT OR REPLACE INTO branches VALUES (?, ?, ?)"
_DROP_BRANCH = "DELETE FROM branches WHERE execution = ? AND id = ?"
_SUBMITTED = "UPDATE tasks SET submitted = ? WHERE execution = ? AND branch = ? AND attempt = ?"
_DROP_TASK = "DELETE FROM tasks WHERE execution = ? AND branch = ? AND attempt = ?"
_DROP_TIMER = "DELETE FROM timers WHERE execution = ? AND branch = ? AND kind = ? AND attempt = ?"
_DROP_TIMERS = "DELETE FROM timers WHERE execution = ? AND branch = ?"
_PUT_TASK = "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, NULL)"
_PUT_TIMER = "INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?, ?)"
_FORGET_BRANCHES = "DELETE FROM branches WHERE execution = ?"
_FORGET_WAITS = tuple(f"DELETE FROM {table} WHERE execution = ?" for table in ("timers", "tasks"))
_PLACES = {
    statement: place
    for place, statement in enumerate(
        (
            *_FORGET_WAITS,
            _FORGET_BRANCHES,
            INSERT,
            UPDATE,
            _NEXT_BRANCH,
            _PUT_EVENT,
            _PUT_BRANCH,
            _DROP_BRANCH,
            _SUBMITTED,
            _DROP_TASK,
            _DROP_TIMER,
            _DROP_TIMERS,
            _PUT_TASK,
            _PUT_TIMER,
        )
    )
}
