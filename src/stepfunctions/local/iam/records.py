"""The rows of IAM: roles and policies, each as one JSON record, and the access keys that stand for roles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE entities (account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
                           record TEXT NOT NULL, PRIMARY KEY (account, kind, name)) WITHOUT ROWID;
    CREATE TABLE keys (key TEXT PRIMARY KEY, role TEXT NOT NULL UNIQUE) WITHOUT ROWID;
    CREATE TABLE missing (role TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, first REAL NOT NULL,
                          last REAL NOT NULL, times INTEGER NOT NULL,
                          PRIMARY KEY (role, action, resource)) WITHOUT ROWID;
    """,
)
ROLE, POLICY = "role", "policy"
Record = dict[str, Any]


class IamTables:
    """Reads and writes the rows. A record is what the API shows, with times as epoch seconds."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, account: str, kind: str, name: str) -> Record | None:
        """Return a role or policy by its name, whatever its case."""
        row = (
            self._db.read()
            .execute("SELECT record FROM entities WHERE account = ? AND kind = ? AND name = ?", (account, kind, name))
            .fetchone()
        )
        return None if row is None else json.loads(row["record"])

    def all(self, account: str, kind: str, after: str = "") -> Iterator[Record]:
        """Yield roles or policies by name, those after a name."""
        rows = self._db.read().execute(
            "SELECT record FROM entities WHERE account = ? AND kind = ? AND name > ? ORDER BY name",
            (account, kind, after),
        )
        return (json.loads(row["record"]) for row in rows.fetchall())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make reads and writes of a call one transaction."""
        with self._db.write():
            yield

    def put(self, account: str, kind: str, name: str, record: Record) -> None:
        """Write a role or policy."""
        with self._db.write() as cx:
            cx.execute("INSERT OR REPLACE INTO entities VALUES (?, ?, ?, ?)", (account, kind, name, json.dumps(record)))

    def drop(self, account: str, kind: str, name: str) -> None:
        """Delete a role or policy."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM entities WHERE account = ? AND kind = ? AND name = ?", (account, kind, name))

    def key_of(self, role: str, new: str) -> str:
        """Return the access key that stands for a role's ARN; ``new`` when it has none yet."""
        row = self._db.read().execute("SELECT key FROM keys WHERE role = ?", (role,)).fetchone()
        if row is None:
            with self._db.write() as cx:
                cx.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (new, role))
                row = cx.execute("SELECT key FROM keys WHERE role = ?", (role,)).fetchone()
        return str(row["key"])

    def role_of(self, key: str) -> str | None:
        """Return the ARN of the role that an access key stands for."""
        row = self._db.read().execute("SELECT role FROM keys WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row["role"])

    def note_missing(self, role: str, action: str, resource: str, now: float) -> bool:
        """Count a right that a role lacks; whether it is the first time."""
        with self._db.write() as cx:
            times = cx.execute(
                "INSERT INTO missing VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE"
                " SET last = excluded.last, times = times + 1 RETURNING times",
                (role, action, resource, now, now),
            ).fetchone()["times"]
        return bool(times == 1)

    def missing(self) -> list[Record]:
        """Return the rights that roles lacked, by role, action and resource."""
        rows = self._db.read().execute("SELECT * FROM missing ORDER BY role, action, resource")
        return [dict(row) for row in rows.fetchall()]


def account_of(role: str) -> str:
    """Return the account of a role's ARN, "" for a text that is none."""
    parts = role.split(":")
    return parts[4] if len(parts) > 5 else ""
