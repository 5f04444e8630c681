"""The rows of CloudFormation: stacks, their resources, events, exports and change sets.

What an operation still has to do is in its stack's row, so that a restart goes on with it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

Body = dict[str, Any]
MIGRATIONS = (
    """
    CREATE TABLE stacks (id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, name TEXT NOT NULL,
                         status TEXT NOT NULL, operation TEXT, doc TEXT NOT NULL);
    CREATE UNIQUE INDEX living ON stacks (owner, name) WHERE status <> 'DELETE_COMPLETE';
    CREATE TABLE resources (stack INTEGER NOT NULL REFERENCES stacks (id), logical TEXT NOT NULL, position INTEGER
                            NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (stack, logical));
    CREATE TABLE leftovers (id INTEGER PRIMARY KEY, stack INTEGER NOT NULL REFERENCES stacks (id), doc TEXT NOT NULL);
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, stack INTEGER NOT NULL REFERENCES stacks (id),
                         doc TEXT NOT NULL);
    CREATE INDEX events_of_stack ON events (stack, id);
    CREATE TABLE exports (owner TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, stack INTEGER NOT NULL
                          REFERENCES stacks (id), PRIMARY KEY (owner, name));
    CREATE TABLE imports (owner TEXT NOT NULL, name TEXT NOT NULL, stack INTEGER NOT NULL REFERENCES stacks (id),
                          PRIMARY KEY (owner, name, stack));
    CREATE TABLE changes (arn TEXT PRIMARY KEY, stack INTEGER NOT NULL REFERENCES stacks (id), name TEXT NOT NULL,
                          doc TEXT NOT NULL);
    CREATE TABLE drifts (id TEXT PRIMARY KEY, stack INTEGER NOT NULL REFERENCES stacks (id), doc TEXT NOT NULL);
    """,
)
DELETED = "DELETE_COMPLETE"


@dataclass(slots=True)
class Stack:
    """A stack. ``owner`` is ``region:account``, ``operation`` the engine's, ``doc`` the rest that the API shows."""

    id: int
    arn: str
    owner: str
    name: str
    status: str
    operation: Body | None
    doc: Body

    @property
    def region(self) -> str:
        """Where it is."""
        return self.owner.partition(":")[0]

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.owner.partition(":")[2]


class Tables:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction that the methods called inside join."""
        return self._db.write()

    # --- stacks -----------------------------------------------------------------------------------------

    def add_stack(self, arn: str, owner: str, name: str, status: str, doc: Body) -> Stack | None:
        """Make a stack; None when there is one of this name."""
        with self._db.write() as cx:
            made = cx.execute(
                "INSERT OR IGNORE INTO stacks (arn, owner, name, status, doc) VALUES (?, ?, ?, ?, ?)",
                (arn, owner, name, status, json.dumps(doc)),
            )
            if made.rowcount != 1:
                return None
            return Stack(int(made.lastrowid or 0), arn, owner, name, status, None, doc)

    def save(self, stack: Stack) -> None:
        """Write a stack's status, operation and doc."""
        with self._db.write() as cx:
            operation = None if stack.operation is None else json.dumps(stack.operation)
            cx.execute(
                "UPDATE stacks SET status = ?, operation = ?, doc = ? WHERE id = ?",
                (stack.status, operation, json.dumps(stack.doc), stack.id),
            )

    def stack(self, owner: str, name: str) -> Stack | None:
        """Return a stack by its ARN, or a living one by its name."""
        if name.startswith("arn:"):
            return next(iter(self._stacks("owner = ? AND arn = ?", owner, name)), None)
        return next(iter(self._stacks("owner = ? AND name = ? AND status <> ?", owner, name, DELETED)), None)

    def stack_of(self, number: int) -> Stack:
        """Return a stack by the number of its row."""
        return self._stacks("id = ?", number)[0]

    def stacks(self, owner: str) -> list[Stack]:
        """Return all stacks, the latest first."""
        return self._stacks("owner = ? ORDER BY id DESC", owner)

    def at_work(self) -> list[Stack]:
        """Return the stacks whose operation is not done."""
        return self._stacks("operation IS NOT NULL ORDER BY id")

    def _stacks(self, where: str, *values: object) -> list[Stack]:
        rows = self._db.read().execute(
            f"SELECT id, arn, owner, name, status, operation, doc FROM stacks WHERE {where}", values
        )
        return [
            Stack(row[0], row[1], row[2], row[3], row[4], json.loads(row[5] or "null"), json.loads(row[6]))
            for row in rows
        ]

    # --- resources --------------------------------------------------------------------------------------

    def put_resource(self, stack: Stack, logical: str, position: int, doc: Body) -> None:
        """Write a resource."""
        with self._db.write() as cx:
            cx.execute(
                "INSERT OR REPLACE INTO resources (stack, logical, position, doc) VALUES (?, ?, ?, ?)",
                (stack.id, logical, position, json.dumps(doc)),
            )

    def drop_resource(self, stack: Stack, logical: str) -> None:
        """Forget a resource."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM resources WHERE stack = ? AND logical = ?", (stack.id, logical))

    def resources(self, stack: Stack) -> dict[str, Body]:
        """Return a stack's resources in the order in which they are made."""
        rows = self._db.read().execute(
            "SELECT logical, doc FROM resources WHERE stack = ? ORDER BY position, logical", (stack.id,)
        )
        return {row[0]: json.loads(row[1]) for row in rows}

    def add_leftover(self, stack: Stack, doc: Body) -> None:
        """Note a resource that is to be deleted when the operation is done."""
        with self._db.write() as cx:
            cx.execute("INSERT INTO leftovers (stack, doc) VALUES (?, ?)", (stack.id, json.dumps(doc)))

    def leftovers(self, stack: Stack) -> list[tuple[int, Body]]:
        """Return what is to be deleted, the latest first."""
        rows = self._db.read().execute("SELECT id, doc FROM leftovers WHERE stack = ? ORDER BY id DESC", (stack.id,))
        return [(row[0], json.loads(row[1])) for row in rows]

    def drop_leftover(self, number: int) -> None:
        """Forget what was deleted."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM leftovers WHERE id = ?", (number,))

    # --- events -----------------------------------------------------------------------------------------

    def add_event(self, stack: Stack, doc: Body) -> None:
        """Add an event."""
        with self._db.write() as cx:
            cx.execute("INSERT INTO events (stack, doc) VALUES (?, ?)", (stack.id, json.dumps(doc)))

    def events(self, stack: Stack, before: int | None, limit: int) -> list[tuple[int, Body]]:
        """Return events, the latest first."""
        rows = self._db.read().execute(
            "SELECT id, doc FROM events WHERE stack = ? AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
            (stack.id, before, before, limit),
        )
        return [(row[0], json.loads(row[1])) for row in rows]

    # --- exports ----------------------------------------------------------------------------------------

    def set_exports(self, stack: Stack, exports: dict[str, str]) -> None:
        """Write what a stack exports."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM exports WHERE stack = ?", (stack.id,))
            cx.executemany(
                "INSERT INTO exports (owner, name, value, stack) VALUES (?, ?, ?, ?)",
                [(stack.owner, name, value, stack.id) for name, value in exports.items()],
            )

    def set_imports(self, stack: Stack, names: set[str]) -> None:
        """Write which exports a stack uses."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM imports WHERE stack = ?", (stack.id,))
            cx.executemany(
                "INSERT INTO imports (owner, name, stack) VALUES (?, ?, ?)",
                [(stack.owner, name, stack.id) for name in names],
            )

    def exports(self, owner: str) -> dict[str, tuple[str, int]]:
        """Return all exports by name: value and stack."""
        rows = self._db.read().execute("SELECT name, value, stack FROM exports WHERE owner = ? ORDER BY name", (owner,))
        return {row[0]: (row[1], row[2]) for row in rows}

    def importers(self, owner: str, name: str) -> list[str]:
        """Return the names of the stacks that use an export."""
        rows = self._db.read().execute(
            "SELECT stacks.name FROM imports JOIN stacks ON stacks.id = stack"
            " WHERE imports.owner = ? AND imports.name = ? ORDER BY stacks.name",
            (owner, name),
        )
        return [row[0] for row in rows]

    # --- change sets and drift --------------------------------------------------------------------------

    def put_change(self, arn: str, stack: Stack, name: str, doc: Body) -> None:
        """Write a change set."""
        with self._db.write() as cx:
            cx.execute(
                "INSERT OR REPLACE INTO changes (arn, stack, name, doc) VALUES (?, ?, ?, ?)",
                (arn, stack.id, name, json.dumps(doc)),
            )

    def change(self, arn: str) -> tuple[int, Body] | None:
        """Return the stack and the doc of a change set, or None."""
        row = self._db.read().execute("SELECT stack, doc FROM changes WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def changes(self, stack: Stack) -> list[Body]:
        """Return the change sets of a stack, by name."""
        rows = self._db.read().execute("SELECT doc FROM changes WHERE stack = ? ORDER BY name", (stack.id,))
        return [json.loads(row[0]) for row in rows]

    def drop_changes(self, stack: Stack, arn: str | None = None) -> None:
        """Forget a change set, or all of a stack."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM changes WHERE stack = ? AND (? IS NULL OR arn = ?)", (stack.id, arn, arn))

    def put_drift(self, number: str, stack: Stack, doc: Body) -> None:
        """Write what a drift detection found."""
        with self._db.write() as cx:
            cx.execute("INSERT INTO drifts (id, stack, doc) VALUES (?, ?, ?)", (number, stack.id, json.dumps(doc)))

    def drift(self, number: str) -> Body | None:
        """Return what a drift detection found, or None."""
        row = self._db.read().execute("SELECT doc FROM drifts WHERE id = ?", (number,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def latest_drift(self, stack: Stack) -> Body | None:
        """Return what the last drift detection of a stack found, or None."""
        row = (
            self._db.read()
            .execute("SELECT doc FROM drifts WHERE stack = ? ORDER BY rowid DESC LIMIT 1", (stack.id,))
            .fetchone()
        )
        return None if row is None else dict(json.loads(row[0]))
