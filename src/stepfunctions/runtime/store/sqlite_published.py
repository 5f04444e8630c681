"""Versions and aliases in the SQLite store."""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.asl.document import dumps
from stepfunctions.runtime.store.connections import Connections
from stepfunctions.runtime.store.published import AliasRow, VersionRow

_VERSION = (
    "arn",
    "machine_arn",
    "number",
    "revision_id",
    "definition_id",
    "role_arn",
    "settings",
    "description",
    "created_at",
    "deleted",
)
_ALIAS = ("arn", "machine_arn", "name", "description", "weights", "created_at", "updated_at")


def _put(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


class SqlitePublished:
    """PublishedStore in SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def put_version(self, version: VersionRow) -> None:
        """See the port."""
        row: dict[str, Any] = {name: getattr(version, name) for name in _VERSION}
        row["settings"] = dumps(version.settings)
        with self._db.write() as cx:
            cx.execute(_put("versions", _VERSION), tuple(row.values()))

    def versions(self, machine_arn: str) -> list[VersionRow]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute(
                f"SELECT {', '.join(_VERSION)} FROM versions WHERE machine_arn = ? ORDER BY number DESC", (machine_arn,)
            ).fetchall()
        return [_version(row) for row in rows]

    def put_alias(self, alias: AliasRow) -> None:
        """See the port."""
        row: dict[str, Any] = {name: getattr(alias, name) for name in _ALIAS}
        row["weights"] = dumps([list(pair) for pair in alias.weights])
        with self._db.write() as cx:
            cx.execute(_put("aliases", _ALIAS), tuple(row.values()))

    def aliases(self, machine_arn: str) -> list[AliasRow]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute(
                f"SELECT {', '.join(_ALIAS)} FROM aliases WHERE machine_arn = ? ORDER BY name", (machine_arn,)
            ).fetchall()
        return [_alias(row) for row in rows]

    def delete_alias(self, arn: str) -> None:
        """See the port."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM aliases WHERE arn = ?", (arn,))

    def forget(self, machine_arn: str) -> None:
        """See the port."""
        with self._db.write() as cx:
            for table in ("versions", "aliases"):
                cx.execute(f"DELETE FROM {table} WHERE machine_arn = ?", (machine_arn,))


def _version(row: Any) -> VersionRow:
    columns = dict(zip(_VERSION, row, strict=True))
    columns["settings"] = json.loads(columns["settings"])
    columns["deleted"] = bool(columns["deleted"])
    return VersionRow(**columns)


def _alias(row: Any) -> AliasRow:
    columns = dict(zip(_ALIAS, row, strict=True))
    columns["weights"] = tuple((arn, weight) for arn, weight in json.loads(columns["weights"]))
    return AliasRow(**columns)
