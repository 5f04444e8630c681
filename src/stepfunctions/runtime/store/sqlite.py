"""The durable store: one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Branch, Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import SetTimer, TimerKind
from stepfunctions.engine.ports import Change, Pending
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.store.connections import Connections
from stepfunctions.runtime.store.rows import (
    COUNTERS,
    map_run_from_json,
    map_run_to_json,
    task_from_json,
)
from stepfunctions.runtime.store.schema import LISTED_AT
from stepfunctions.runtime.store.sqlite_activities import SqliteActivities
from stepfunctions.runtime.store.sqlite_batch import NEW, UNKNOWN, Batch
from stepfunctions.runtime.store.sqlite_columns import HEADER, execution_of
from stepfunctions.runtime.store.sqlite_machines import SqliteMachines
from stepfunctions.runtime.store.sqlite_published import SqlitePublished
from stepfunctions.runtime.store.sqlite_retention import SqliteRetention

_PAGE = 4_000_000
"""Characters of payloads after which a page of a history ends."""
_EVENTS = """
    SELECT id, previous_id, timestamp, type, name, CASE typeof(payload) WHEN 'integer' THEN
        (SELECT payload FROM events first WHERE first.execution = event.execution AND first.id = event.payload)
        ELSE payload END, extra
    FROM events event WHERE execution = ?"""


class SqliteStore:
    """The stores in one file, which is made when missing. Threads may share it; processes may not."""

    def __init__(self, path: Path | str, durability: Durability = Durability.NORMAL) -> None:
        self._connections = Connections(path, durability)
        self.executions = SqliteExecutions(self._connections)
        self.machines = SqliteMachines(self._connections)
        self.map_runs = SqliteMapRuns(self._connections)
        self.published = SqlitePublished(self._connections)
        self.activities = SqliteActivities(self._connections)
        self.retention = SqliteRetention(self._connections)

    def close(self) -> None:
        """Close the file."""
        self._connections.close()


class SqliteExecutions:
    """ExecutionStore in SQLite. One thread commits; any thread reads."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections
        self._open: dict[str, tuple[int, int]] = {}
        """Of open executions the row's id and the next_branch in it: a commit need not look, or write what is there."""
        self._last = 0

    def commit(self, changes: Sequence[Change], map_runs: Sequence[MapRun] = ()) -> None:
        """See the port."""
        batch = Batch()
        try:
            with self._db.write() as cx:
                if not self._last:
                    self._last = cx.execute("SELECT coalesce(max(id), 0) FROM executions").fetchone()[0]
                for change in changes:
                    execution = change.execution
                    number, next_branch = self._place(cx, execution.arn)
                    batch.add(change, number, next_branch)
                    self._open[execution.arn] = number, execution.next_branch
                batch.write(cx)
                _write_map_runs(cx, map_runs)
        except BaseException:
            self._open.clear()
            self._last = 0
            raise
        for change in changes:
            change.execution.dirty.clear()
            change.execution.removed.clear()
            if change.execution.ended:
                del self._open[change.execution.arn]

    def _place(self, cx: sqlite3.Connection, arn: str) -> tuple[int, int]:
        """Return the id of an execution's row and the next_branch in it (see ``Batch.add``)."""
        known = self._open.get(arn)
        if known is not None:
            return known
        found = cx.execute("SELECT id FROM executions WHERE arn = ?", (arn,)).fetchone()
        if found is not None:
            return found[0], UNKNOWN
        self._last += 1
        return self._last, NEW

    def load(self, arn: str, branches: bool = True) -> Execution | None:
        """See the port."""
        with self._db.read() as cx:
            row = cx.execute(f"SELECT id, input, output, {HEADER} FROM executions WHERE arn = ?", (arn,)).fetchone()
            if row is None:
                return None
            execution = execution_of(row[3:], Document.parse(row[1]), row[2])
            if not execution.ended:  # its row is not written again for each event
                latest = cx.execute("SELECT max(id) FROM events WHERE execution = ?", (row[0],)).fetchone()[0]
                execution.last_event_id = max(execution.last_event_id, latest or 0)
            if branches:
                rows = cx.execute("SELECT row FROM branches WHERE execution = ?", (row[0],))
                execution.attach([Branch.from_json(text) for (text,) in rows])
            return execution

    def open_arns(self) -> list[str]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute("SELECT arn FROM executions WHERE status = 'RUNNING' ORDER BY id")
            return [arn for (arn,) in rows]

    def pending(self, arn: str) -> Pending:
        """See the port."""
        of = "FROM {} WHERE execution = (SELECT id FROM executions WHERE arn = ?)"
        with self._db.read() as cx:
            tasks = cx.execute("SELECT row, submitted " + of.format("tasks"), (arn,)).fetchall()
            timers = cx.execute("SELECT branch, attempt, kind, due " + of.format("timers"), (arn,)).fetchall()
            runs = _map_runs(cx, "execution_arn = ? AND status = 'RUNNING'", arn)
            return Pending(
                [(task_from_json(row), Document.parse(text) if text is not None else None) for row, text in tasks],
                [SetTimer(branch, attempt, TimerKind(kind), due) for branch, attempt, kind, due in timers],
                runs,
            )

    def history(self, arn: str, after: int = 0, limit: int = 1000, reverse: bool = False) -> list[HistoryEvent]:
        """See the port."""
        with self._db.read() as cx:
            found = cx.execute("SELECT id FROM executions WHERE arn = ?", (arn,)).fetchone()
            if found is None:
                return []
            where = " AND id > ? ORDER BY id" if not reverse else " AND id < ? ORDER BY id DESC"
            start = after if after or not reverse else 1 << 62
            events: list[HistoryEvent] = []
            size = 0
            for number, previous, timestamp, kind, name, payload, extra in cx.execute(
                f"{_EVENTS}{where} LIMIT ?", (found[0], start, limit)
            ):
                document = None if payload is None else Document.parse(payload)
                details = None if extra is None else Document.parse(extra).value
                events.append(HistoryEvent(number, previous, timestamp, kind, name, document, details))
                size += len(payload or "")
                if size > _PAGE:
                    break
        return events

    def page(
        self, machine_arn: str | None, status: str | None, map_run_arn: str | None, after: str | None, limit: int
    ) -> tuple[list[Execution], str | None]:
        """See the port."""
        wanted = {"machine_arn": machine_arn, "status": status, "map_run_arn": map_run_arn}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        place: list[float] = []
        if after is not None:
            when, number = after.split()
            where += f" AND {LISTED_AT} <= ? AND ({LISTED_AT} < ? OR id < ?)"
            place = [float(when), float(when), int(number)]
        with self._db.read() as cx:
            rows = cx.execute(
                f"SELECT id, {LISTED_AT}, {HEADER} FROM executions WHERE TRUE{where}"
                f" ORDER BY {LISTED_AT} DESC, id DESC LIMIT ?",
                (*given.values(), *place, limit + 1),
            ).fetchall()
        mark = f"{rows[limit - 1][1]!r} {rows[limit - 1][0]}" if len(rows) > limit else None
        return [execution_of(row[2:], Document(None), None) for row in rows[:limit]], mark


_PUT_MAP_RUN = (
    f"INSERT INTO map_runs (arn, execution_arn, row, {', '.join(COUNTERS)})"
    f" VALUES (?, ?, ?, {', '.join('?' * len(COUNTERS))})"
)
_UPDATE_MAP_RUN = f"UPDATE map_runs SET {', '.join(f'{name} = ?' for name in COUNTERS)} WHERE arn = ?"


def _write_map_runs(cx: sqlite3.Connection, runs: Iterable[MapRun]) -> None:
    for run in runs:
        counters = [getattr(run, name) for name in COUNTERS]
        if not cx.execute(_UPDATE_MAP_RUN, (*counters, run.arn)).rowcount:
            cx.execute(_PUT_MAP_RUN, (run.arn, run.execution_arn, map_run_to_json(run), *counters))


def _map_runs(cx: sqlite3.Connection, where: str, *values: str) -> list[MapRun]:
    rows = cx.execute(f"SELECT row, {', '.join(COUNTERS)} FROM map_runs WHERE {where} ORDER BY id", values)
    return [map_run_from_json(text, counters) for text, *counters in rows]


class SqliteMapRuns:
    """MapRunStore in SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def get(self, arn: str) -> MapRun | None:
        """See the port."""
        with self._db.read() as cx:
            return next(iter(_map_runs(cx, "arn = ?", arn)), None)

    def of_execution(self, execution_arn: str) -> list[MapRun]:
        """See the port."""
        with self._db.read() as cx:
            return _map_runs(cx, "execution_arn = ?", execution_arn)

    def unwritten(self) -> list[MapRun]:
        """See the port."""
        with self._db.read() as cx:
            return _map_runs(cx, "unwritten")

    def children(self, arn: str, first: int = 0) -> Iterator[Execution]:
        """See the port."""
        for _, given, output, *columns in self._ended(f"item_index, input, output, {HEADER}", arn, first):
            yield execution_of(columns, Document.parse(given), output)

    def outputs(self, arn: str) -> Iterator[Document]:
        """See the port."""
        return (Document.parse(output) for _, output in self._ended("item_index, output", arn, 0) if output is not None)

    def _ended(self, columns: str, arn: str, first: int) -> Iterator[Sequence[Any]]:
        """Yield these columns, the first of which is the item's index, of the children that have ended."""
        last = first - 1
        while True:
            with self._db.read() as cx:
                rows = cx.execute(
                    f"SELECT {columns} FROM executions WHERE map_run_arn = ?"
                    " AND item_index > ? AND status <> 'RUNNING' ORDER BY item_index LIMIT 200",
                    (arn, last),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from rows
