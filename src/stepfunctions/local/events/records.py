"""The rows of EventBridge: buses, rules, targets, archives, replays, tags, and archived events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE resources (kind TEXT NOT NULL, owner TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL,
                            created REAL NOT NULL, modified REAL NOT NULL, body TEXT NOT NULL,
                            PRIMARY KEY (kind, owner, parent, name)) WITHOUT ROWID;
    CREATE TABLE tags (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
    CREATE TABLE archived (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, archive TEXT NOT NULL,
                           time REAL NOT NULL, size INTEGER NOT NULL, event TEXT NOT NULL);
    CREATE INDEX archived_by_time ON archived (owner, archive, time, id);
    """,
)
BUS, RULE, TARGET, ARCHIVE, REPLAY = "event-bus", "rule", "target", "archive", "replay"
DEFAULT_BUS = "default"
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A resource. ``owner`` is ``region:account``, as in its ARN; ``parent`` is the bus of a rule, and
    ``<bus>/<rule>`` of a target. Times are seconds of the epoch."""

    kind: str
    owner: str
    parent: str
    name: str
    created: float
    modified: float
    body: Body = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN, https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html."""
        inner = f"{self.parent}/{self.name}" if self.parent not in ("", DEFAULT_BUS) else self.name
        return f"arn:aws:events:{self.owner}:{self.kind}/{inner}"


@dataclass(frozen=True, slots=True)
class Archived:
    """An archived event and when it came."""

    id: int
    time: float
    event: str


class EventTables:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, kind: str, owner: str, name: str, parent: str = "") -> Row | None:
        """Return a resource, or None."""
        return next(self._rows("kind = ? AND owner = ? AND parent = ? AND name = ?", (kind, owner, parent, name)), None)

    def put(self, row: Row) -> None:
        """Make a resource, or replace it."""
        with self.database.write() as cx:
            cx.execute(
                "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.kind, row.owner, row.parent, row.name, row.created, row.modified, json.dumps(row.body)),
            )

    def drop(self, row: Row) -> None:
        """Remove a resource and its tags."""
        with self.database.write() as cx:
            cx.execute(
                "DELETE FROM resources WHERE kind = ? AND owner = ? AND parent = ? AND name = ?",
                (row.kind, row.owner, row.parent, row.name),
            )
            cx.execute("DELETE FROM tags WHERE arn = ?", (row.arn,))

    def all(self, kind: str, owner: str = "", parent: str = "", prefix: str = "") -> list[Row]:
        """Return resources by name; of every owner and parent where none is given."""
        return list(
            self._rows(
                "kind = ? AND ? IN (owner, '') AND ? IN (parent, '') AND substr(name, 1, ?) = ? ORDER BY name",
                (kind, owner, parent, len(prefix), prefix),
            )
        )

    def _rows(self, where: str, values: Sequence[object]) -> Iterator[Row]:
        for row in self.database.read().execute(f"SELECT * FROM resources WHERE {where}", values).fetchall():
            yield Row(**{**dict(row), "body": json.loads(row["body"])})

    # --- archived events --------------------------------------------------------------------------------

    def archive(self, archive: Row, now: float, event: str) -> None:
        """Keep an event."""
        with self.database.write() as cx:
            cx.execute(
                "INSERT INTO archived (owner, archive, time, size, event) VALUES (?, ?, ?, ?, ?)",
                (archive.owner, archive.name, now, len(event.encode()), event),
            )

    def archived(self, owner: str, name: str, start: float, end: float, after: int, limit: int) -> list[Archived]:
        """Return events that came at start <= time < end, as they came; those after the one of this id."""
        rows = self.database.read().execute(
            "SELECT id, time, event FROM archived WHERE owner = ? AND archive = ? AND time >= ? AND time < ?"
            " AND id > ? ORDER BY id LIMIT ?",
            (owner, name, start, end, after, limit),
        )
        return [Archived(*row) for row in rows.fetchall()]

    def archive_size(self, archive: Row) -> tuple[int, int]:
        """Return how many events an archive has, and their bytes."""
        rows = self.database.read().execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM archived WHERE owner = ? AND archive = ?",
            (archive.owner, archive.name),
        )
        count, size = rows.fetchone()
        return count, size

    def oldest(self, archive: Row) -> float | None:
        """Return when the oldest event of an archive came, None when it has none."""
        row = (
            self.database.read()
            .execute("SELECT min(time) FROM archived WHERE owner = ? AND archive = ?", (archive.owner, archive.name))
            .fetchone()
        )
        return None if row[0] is None else float(row[0])

    def forget(self, archive: Row, before: float = float("inf")) -> None:
        """Remove an archive's events that came up to a time."""
        with self.database.write() as cx:
            cx.execute(
                "DELETE FROM archived WHERE owner = ? AND archive = ? AND time <= ?",
                (archive.owner, archive.name, before),
            )

    # --- tags -------------------------------------------------------------------------------------------

    def tag(self, arn: str, tags: Sequence[dict[str, str]]) -> None:
        """Add tags to a resource; a key that is there gets the new value."""
        with self.database.write() as cx:
            cx.executemany(
                "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", [(arn, tag["Key"], tag["Value"]) for tag in tags]
            )

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key."""
        with self.database.write() as cx:
            cx.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def tags(self, arn: str) -> list[dict[str, str]]:
        """Return a resource's tags by key."""
        rows = self.database.read().execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return [{"Key": row["key"], "Value": row["value"]} for row in rows.fetchall()]


def page(rows: Sequence[Row], request: Body) -> tuple[list[Row], Body]:
    """Return the page of rows (by name) that a request's ``NextToken`` and ``Limit`` ask for, and its next token.

    A token is the name of the last row shown. Limit is 100 unless said.
    """
    limit, after = request.get("Limit", 100), request.get("NextToken")
    rest = [row for row in rows if after is None or row.name > after]
    return rest[:limit], ({"NextToken": rest[limit - 1].name} if len(rest) > limit else {})


def missing(text: str, where: str = "") -> ServiceError:
    """A resource that does not exist, in EventBridge's words."""
    return ServiceError("ResourceNotFoundException", f"{text} does not exist{where}.")


def invalid(text: str) -> ServiceError:
    """EventBridge's usual refusal."""
    return ServiceError("ValidationException", text)
