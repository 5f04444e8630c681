"""The rows of the jobs: what must survive the server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.local.database import Database
from stepfunctions.local.jobs.model import ENDED, QUEUED

MIGRATIONS = (
    """
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,            -- the order of the queue
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  details TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  stopping INTEGER NOT NULL DEFAULT 0,
  pid INTEGER,
  UNIQUE (kind, key)
);
CREATE INDEX jobs_open ON jobs (kind, state) WHERE state <> 'ENDED';
""",
)


@dataclass(slots=True)
class Row:
    """One job as the table has it."""

    id: int
    kind: str
    key: str
    details: JSON
    state: str
    attempt: int
    stopping: bool
    pid: int | None


class JobTable:
    """Reads and writes of ``jobs.db``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, kind: str, key: str, details: JSON) -> Row | None:
        """Queue a job; None when there is one of that kind and key already."""
        with self._database.write() as writer:
            cursor = writer.execute(
                "INSERT OR IGNORE INTO jobs (kind, key, details, state) VALUES (?, ?, ?, ?)",
                (kind, key, json.dumps(details), QUEUED),
            )
            if not cursor.rowcount:
                return None
            return Row(int(cursor.lastrowid or 0), kind, key, details, QUEUED, 0, False, None)

    def get(self, kind: str, key: str) -> Row | None:
        """Return a job's row."""
        row = self._database.read().execute("SELECT * FROM jobs WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else _row(row)

    def open_rows(self, kinds: Iterable[str]) -> list[Row]:
        """Return the jobs of these kinds that have not ended, oldest first."""
        wanted = list(kinds)
        marks = ", ".join("?" * len(wanted))
        rows = (
            self._database.read()
            .execute(f"SELECT * FROM jobs WHERE state <> ? AND kind IN ({marks}) ORDER BY id", (ENDED, *wanted))
            .fetchall()
        )
        return [_row(row) for row in rows]

    def save(self, row: Row) -> None:
        """Write what changes: state, attempt, stopping, pid."""
        with self._database.write() as writer:
            writer.execute(
                "UPDATE jobs SET state = ?, attempt = ?, stopping = ?, pid = ? WHERE id = ?",
                (row.state, row.attempt, int(row.stopping), row.pid, row.id),
            )

    def delete(self, kind: str, key: str) -> None:
        """Forget a job that has ended, so that its key can be used again."""
        with self._database.write() as writer:
            writer.execute("DELETE FROM jobs WHERE kind = ? AND key = ? AND state = ?", (kind, key, ENDED))


def _row(row: Any) -> Row:
    return Row(
        row["id"],
        row["kind"],
        row["key"],
        json.loads(row["details"]),
        row["state"],
        row["attempt"],
        bool(row["stopping"]),
        row["pid"],
    )
