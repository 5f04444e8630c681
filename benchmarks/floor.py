"""The least that a history can cost in CPython: the same copies and the same text, and nothing else.

A workload's history is taken from a run. Then a plain loop makes it again: the document of a state that changes it is
copied and made JSON once, each event gets its details as AWS shapes them, as text, and goes to a list, or to SQLite
with a commit an execution or a commit a state. No definition is looked at, no expression computed, nothing is checked.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inside import open_client, run_once
from machines import Workload

Plan = list[tuple[int, int, str, dict[str, Any], str, Any, bool]]
"""Of each event: id, previous id, type, details, which of them is the document, the document, whether it is new."""

ROUNDS = 5
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
_TABLE = (
    "CREATE TABLE events (execution INTEGER, id INTEGER, previous_id INTEGER, timestamp REAL, type TEXT, details TEXT,"
    " PRIMARY KEY (execution, id)) WITHOUT ROWID"
)


def plan(workload: Workload) -> Plan:
    """The events of one execution; of a Distributed Map, those of one item."""
    definition, given = workload.definition, workload.given
    if workload.unit == "item":
        inner = next(iter(definition["States"].values()))["ItemProcessor"]
        definition = {name: value for name, value in inner.items() if name != "ProcessorConfig"}
        given = {"n": 0} if workload.items else 0
    client = open_client(workload)
    arn = run_once(client, definition, given)
    found: Plan = []
    before = ""
    token: dict[str, Any] = {}
    while True:
        page = client.get_execution_history(executionArn=arn, maxResults=1000, **token)
        for event in page["events"]:
            name = next((name for name in event if name.endswith("EventDetails")), "")
            details = dict(event.get(name, {}))
            document = next((key for key in ("input", "output", "parameters") if key in details), "")
            text = details.get(document, "")
            value = json.loads(text) if text else None
            found.append(
                (event["id"], event["previousEventId"], event["type"], details, document, value, text != before)
            )
            before = text or before
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def _again(events: Plan, write: Callable[[tuple[Any, ...], str], None]) -> None:
    """Make one history anew."""
    text = ""
    for number, previous, kind, details, document, value, new in events:
        if document:
            if new:
                text = _text(value.copy() if isinstance(value, dict | list) else value)
            details = {**details, document: text}
        write((number, previous, time.time(), kind, _text(details)), kind)


def in_memory(workload: Workload) -> float:
    """CPU microseconds a unit, kept in lists."""
    events = plan(workload)

    def once(executions: int) -> None:
        kept = []
        for _ in range(executions):
            history: list[Any] = []
            _again(events, lambda row, _, add=history.append: add(row))  # type: ignore[misc]
            kept.append(history)

    return _best(workload, len(events), once)


def in_sqlite(workload: Workload, commit: str, synchronous: str = "NORMAL") -> float:
    """CPU microseconds a unit, in SQLite's write-ahead log, with one commit an ``execution`` or a ``state``."""
    events = plan(workload)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA synchronous = {synchronous}")
        database.execute(_TABLE)
        executions = iter(range(10**9))

        def once(count: int) -> None:
            for _ in range(count):
                execution = next(executions)
                rows: list[tuple[Any, ...]] = []

                def flush(rows: list[tuple[Any, ...]] = rows) -> None:
                    database.execute("BEGIN")
                    database.executemany(_INSERT, rows)
                    database.execute("COMMIT")
                    rows.clear()

                def write(
                    row: tuple[Any, ...], kind: str, rows: list[tuple[Any, ...]] = rows, number: int = execution
                ) -> None:
                    rows.append((number, *row))
                    if commit == "state" and kind.endswith("Exited"):
                        flush()

                _again(events, write)
                flush()

        return _best(workload, len(events), once)


def _best(workload: Workload, events: int, once: Callable[[int], None]) -> float:
    """CPU microseconds a unit, the best of some rounds of about 20,000 events."""
    executions = max(1, 20_000 // events)
    units = 1 if workload.unit == "item" else workload.units
    found = []
    for _ in range(ROUNDS):
        before = time.process_time()
        once(executions)
        found.append(time.process_time() - before)
    return min(found) * 1e6 / (executions * units)
