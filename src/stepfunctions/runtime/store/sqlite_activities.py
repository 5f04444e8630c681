"""Activities in the SQLite store."""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.asl.document import dumps
from stepfunctions.runtime.store.activities import ActivityRow
from stepfunctions.runtime.store.connections import Connections

_COLUMNS = "arn, name, created_at, encryption, tags"


class SqliteActivities:
    """ActivityStore in SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def put(self, activity: ActivityRow) -> None:
        """See the port."""
        row = (activity.arn, activity.name, activity.created_at, dumps(activity.encryption), dumps(activity.tags))
        with self._db.write() as cx:
            cx.execute(f"INSERT OR REPLACE INTO activities ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", row)

    def get(self, arn: str) -> ActivityRow | None:
        """See the port."""
        with self._db.read() as cx:
            row = cx.execute(f"SELECT {_COLUMNS} FROM activities WHERE arn = ?", (arn,)).fetchone()
        return _activity(row) if row else None

    def delete(self, arn: str) -> None:
        """See the port."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM activities WHERE arn = ?", (arn,))

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[ActivityRow], str | None]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute(
                f"SELECT {_COLUMNS} FROM activities WHERE arn > ? AND substr(arn, 1, ?) = ? ORDER BY arn LIMIT ?",
                (after or prefix, len(prefix), prefix, limit + 1),
            ).fetchall()
        page = [_activity(row) for row in rows[:limit]]
        return page, page[-1].arn if len(rows) > limit else None


def _activity(row: Any) -> ActivityRow:
    arn, name, created_at, encryption, tags = row
    return ActivityRow(
        arn=arn, name=name, created_at=created_at, encryption=json.loads(encryption), tags=json.loads(tags)
    )
