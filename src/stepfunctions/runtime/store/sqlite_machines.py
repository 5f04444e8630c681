"""State machines and definitions in the SQLite store."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from stepfunctions.asl.document import dumps
from stepfunctions.engine.ports import Machine
from stepfunctions.runtime.store.connections import Connections

_COLUMNS = (
    "arn",
    "name",
    "type",
    "role_arn",
    "definition_id",
    "revision_id",
    "created_at",
    "updated_at",
    "status",
    "settings",
    "tags",
)
_SELECT = (
    f"SELECT text, {', '.join(_COLUMNS)} FROM machines JOIN definitions ON definitions.id = machines.definition_id"
)


class SqliteMachines:
    """MachineStore in SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def put(self, machine: Machine) -> None:
        """See the port."""
        row = [getattr(machine, name) for name in _COLUMNS[:-2]]
        with self._db.write() as cx:
            cx.execute("INSERT OR IGNORE INTO definitions VALUES (?, ?)", (machine.definition_id, machine.definition))
            cx.execute(
                f"INSERT OR REPLACE INTO machines ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})",
                (*row, dumps(machine.settings), dumps(machine.tags)),
            )

    def get(self, arn: str) -> Machine | None:
        """See the port."""
        with self._db.read() as cx:
            row = cx.execute(f"{_SELECT} WHERE arn = ?", (arn,)).fetchone()
            return _machine(row) if row else None

    def delete(self, arn: str) -> None:
        """See the port."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM machines WHERE arn = ?", (arn,))

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[Machine], str | None]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute(
                f"{_SELECT} WHERE arn > ? AND substr(arn, 1, ?) = ? ORDER BY arn LIMIT ?",
                (after or prefix, len(prefix), prefix, limit + 1),
            ).fetchall()
        machines = [_machine(row) for row in rows[:limit]]
        return machines, machines[-1].arn if len(rows) > limit else None

    def definition(self, definition_id: str) -> str:
        """See the port."""
        with self._db.read() as cx:
            row: sqlite3.Row | None = cx.execute(
                "SELECT text FROM definitions WHERE id = ?", (definition_id,)
            ).fetchone()
        if row is None:
            raise KeyError(definition_id)
        text: str = row[0]
        return text


def _machine(row: Any) -> Machine:
    columns = dict(zip(_COLUMNS, row[1:], strict=True))
    columns["settings"] = json.loads(columns["settings"])
    columns["tags"] = json.loads(columns["tags"])
    return Machine(**columns, definition=row[0])
