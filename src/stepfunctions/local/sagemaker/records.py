"""The rows of SageMaker: one table for every kind of resource, with what its Describe operation answers as JSON."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.database import Database
from stepfunctions.local.sagemaker import events

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

MIGRATIONS = (
    """
CREATE TABLE resources (
  kind TEXT NOT NULL,                -- training-job, model, endpoint-config, endpoint: as in its ARN
  name TEXT NOT NULL COLLATE NOCASE,
  token TEXT,                        -- makes a repeated call of the engine the same call
  status TEXT,
  created REAL NOT NULL,
  modified REAL NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE INDEX resources_created ON resources (kind, created);
CREATE TABLE tags (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)) WITHOUT ROWID;
""",
)
HIDDEN = "$"
"""How the names of those members begin that are ours and in no answer."""
_DEFAULT_PAGE = 10
_SORT_COLUMNS = {"Name": "name", "CreationTime": "created", "Status": "status"}

Record = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a List operation."""

    records: list[Record]
    next_token: str | None


class Records:
    """Reads and writes of ``sagemaker.db``. Records are dicts with aware datetimes, as the API answers them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._database: Database = cloud.database("sagemaker", MIGRATIONS)

    def now(self) -> datetime:
        """The cloud's time, to the millisecond, as AWS keeps it."""
        return datetime.fromtimestamp(round(self._cloud.clock.now(), 3), timezone.utc)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a resource."""
        return f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account}:{kind}/{name}"

    def create(
        self,
        kind: str,
        name: str,
        record: Record,
        token: str | None,
        *,
        taken: Callable[[], ServiceError],
        tags: list[dict[str, str]] | None = None,
        status: str | None = None,
    ) -> bool:
        """Insert a resource. False when this very call (its token) made it before; raises ``taken()`` otherwise."""
        created = record["CreationTime"].timestamp()
        with self._database.write() as writer:
            old = writer.execute("SELECT token FROM resources WHERE kind = ? AND name = ?", (kind, name)).fetchone()
            if old is not None:
                if token is not None and old["token"] == token:
                    return False
                raise taken()
            writer.execute(
                "INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?, ?)",
                (kind, name, token, status, created, created, encode(record)),
            )
            self.tag(self.arn(kind, name), tags or [])
        self.announce(kind, name, record)
        return True

    def get(self, kind: str, name: str) -> Record | None:
        """Return a resource's record."""
        row = (
            self._database.read()
            .execute("SELECT record FROM resources WHERE kind = ? AND name = ?", (kind, name))
            .fetchone()
        )
        return None if row is None else decode(row["record"])

    def token(self, kind: str, name: str) -> str | None:
        """Return the token of the last call that created or updated a resource."""
        row = (
            self._database.read()
            .execute("SELECT token FROM resources WHERE kind = ? AND name = ?", (kind, name))
            .fetchone()
        )
        return None if row is None else row["token"]

    def by_token(self, kind: str, token: str) -> Record | None:
        """Return the resource that a call with this token made."""
        row = (
            self._database.read()
            .execute("SELECT record FROM resources WHERE kind = ? AND token = ?", (kind, token))
            .fetchone()
        )
        return None if row is None else decode(row["record"])

    def change(
        self, kind: str, name: str, edit: Callable[[Record], str | None], *, token: str | None = None
    ) -> Record | None:
        """Let ``edit`` change a record in one transaction; it returns the resource's status.

        Returns the changed record, None when there is no such resource.
        """
        with self._database.write() as writer:
            row = writer.execute("SELECT record FROM resources WHERE kind = ? AND name = ?", (kind, name)).fetchone()
            if row is None:
                return None
            record = decode(row["record"])
            before, stage = events.statuses(kind, record), events.stage(record)
            status = edit(record)
            writer.execute(
                "UPDATE resources SET record = ?, status = ?, modified = ?, token = coalesce(?, token)"
                " WHERE kind = ? AND name = ?",
                (encode(record), status, self._cloud.clock.now(), token, kind, name),
            )
        if events.statuses(kind, record) != before:
            self.announce(kind, name, record)
        if events.stage(record) != stage:
            self.announce(kind, name, record, events.DEPLOYMENT)
        return record

    def announce(self, kind: str, name: str, record: Record, type: str | None = None) -> None:
        """Put the event of a resource's new status on the bus, or one of another type; some kinds have none."""
        if kind in events.KINDS and self._cloud.has("events"):
            arn = self.arn(kind, name)
            detail = events.detail_of(kind, shown(record), self.tags(arn))
            self._cloud.publish("aws.sagemaker", type or events.detail_type(kind), detail, [arn])

    def delete(self, kind: str, name: str) -> bool:
        """Delete a resource and its tags; tell whether it was there."""
        with self._database.write() as writer:
            writer.execute("DELETE FROM tags WHERE arn = ?", (self.arn(kind, name),))
            return bool(writer.execute("DELETE FROM resources WHERE kind = ? AND name = ?", (kind, name)).rowcount)

    def all(self, kind: str, *statuses: str) -> list[Record]:
        """Return the resources of a kind, those with one of these statuses if any is given, oldest first."""
        marks = ", ".join("?" * len(statuses))
        rows = (
            self._database.read()
            .execute(
                f"SELECT record FROM resources WHERE kind = ? {f'AND status IN ({marks})' if statuses else ''}"
                " ORDER BY created",
                (kind, *statuses),
            )
            .fetchall()
        )
        return [decode(row["record"]) for row in rows]

    def page(
        self,
        kind: str,
        request: Record,
        *,
        order: str = "Descending",
        fits: Callable[[Record], bool] = lambda _: True,
    ) -> Listing:
        """Return the page that a List request asks for: its filters, order, ``MaxResults`` and ``NextToken``.

        ``fits``: what else a record must be.
        """
        column = _SORT_COLUMNS[request.get("SortBy", "CreationTime")]
        up = request.get("SortOrder", order) == "Ascending"
        where = ["kind = ?"]
        values: list[Any] = [kind]
        for member, condition in _FILTERS.items():
            if member in request:
                value = request[member]
                where.append(condition)
                values.append(value.timestamp() if isinstance(value, datetime) else value)
        if "NextToken" in request:
            where.append(f"({column}, name) {'>' if up else '<'} (?, ?)")
            values += _read_token(request["NextToken"])
        limit = request.get("MaxResults", _DEFAULT_PAGE)
        direction = "ASC" if up else "DESC"
        found = self._database.read().execute(
            f"SELECT {column}, name, record FROM resources WHERE {' AND '.join(where)}"
            f" ORDER BY {column} {direction}, name {direction}",
            values,
        )
        rows = list(itertools.islice((row for row in found if fits(decode(row["record"]))), limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        token = _make_token([rows[-1][0], rows[-1]["name"]]) if more else None
        return Listing([decode(row["record"]) for row in rows], token)

    def tag(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Add tags to a resource; a key that is there gets the new value."""
        if tags:
            with self._database.write() as writer:
                writer.executemany(
                    "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", [(arn, tag["Key"], tag["Value"]) for tag in tags]
                )

    def untag(self, arn: str, keys: list[str]) -> None:
        """Remove tags by key."""
        with self._database.write() as writer:
            writer.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def tags(self, arn: str) -> list[dict[str, str]]:
        """Return a resource's tags by key."""
        rows = self._database.read().execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return [{"Key": row["key"], "Value": row["value"]} for row in rows.fetchall()]


_FILTERS = {
    "NameContains": "instr(lower(name), lower(?)) > 0",
    "CreationTimeAfter": "created > ?",
    "CreationTimeBefore": "created < ?",
    "LastModifiedTimeAfter": "modified > ?",
    "LastModifiedTimeBefore": "modified < ?",
    "StatusEquals": "status = ?",
}


def shown(record: Record) -> Record:
    """Return a record without the members that are ours alone."""
    return {name: value for name, value in record.items() if not name.startswith(HIDDEN)}


def invalid(message: str) -> ServiceError:
    """SageMaker's usual refusal."""
    return ServiceError("ValidationException", message)


def unsupported(request: Record, members: dict[str, str]) -> None:
    """Refuse request members that would do nothing here; the values say what to do instead."""
    for member, instead in members.items():
        if request.get(member):
            raise invalid(f"{member} is not supported by the local cloud{': ' + instead if instead else '.'}")


def encode(record: Record) -> str:
    """Write a record as JSON; times as ``{"$time": seconds}``."""
    return json.dumps(record, default=_time, separators=(",", ":"))


def decode(text: str) -> Record:
    """Read a record back."""
    record: Record = json.loads(text, object_hook=_from_time)
    return record


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return {"$time": value.timestamp()}
    raise TypeError(f"{value!r} cannot be kept")


def _from_time(value: dict[str, Any]) -> Any:
    return datetime.fromtimestamp(value["$time"], timezone.utc) if value.keys() == {"$time"} else value


def _make_token(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(token: str) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        place = None
    if not isinstance(place, list) or len(place) != 2:
        raise invalid("Invalid NextToken.")
    return place
