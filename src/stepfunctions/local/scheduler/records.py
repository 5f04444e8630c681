"""The rows of EventBridge Scheduler: groups and schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE groups (owner TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL, tags TEXT NOT NULL,
                         token TEXT, PRIMARY KEY (owner, name));
    CREATE TABLE schedules (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, group_name TEXT NOT NULL,
                            name TEXT NOT NULL, definition TEXT NOT NULL, created REAL NOT NULL,
                            modified REAL NOT NULL, token TEXT, due REAL, fires REAL,
                            UNIQUE (owner, group_name, name));
    """,
)
DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A schedule group. ``owner`` is ``region:account``; ``token`` the client's of its creation."""

    owner: str
    name: str
    created: float
    tags: Mapping[str, str]
    token: str | None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:scheduler:{self.owner}:schedule-group/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule. ``definition`` has the members of CreateSchedule's request, its times as seconds of the epoch.

    ``due``: the scheduled time that comes next, None when none comes; ``fires``: when its target is invoked for it,
    later than ``due`` within a flexible time window. ``id`` is 0 before it is written.
    """

    id: int = 0
    owner: str
    group: str
    name: str
    definition: Mapping[str, Any]
    created: float
    modified: float
    token: str | None
    due: float | None
    fires: float | None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:scheduler:{self.owner}:schedule/{self.group}/{self.name}"


class SchedulerTables:
    """Reads and writes the rows. What is written is durable when the method returns."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def group(self, owner: str, name: str) -> GroupRow | None:
        """Return a group, or None."""
        return next(iter(self._groups("owner = ? AND name = ?", (owner, name))), None)

    def groups(self, owner: str, prefix: str, after: str, limit: int) -> list[GroupRow]:
        """Return groups by name."""
        where = "owner = ? AND substr(name, 1, ?) = ? AND name > ? ORDER BY name LIMIT ?"
        return self._groups(where, (owner, len(prefix), prefix, after, limit))

    def _groups(self, where: str, values: tuple[Any, ...]) -> list[GroupRow]:
        rows = self.database.read().execute(f"SELECT * FROM groups WHERE {where}", values)
        return [GroupRow(**{**row, "tags": json.loads(row["tags"])}) for row in map(dict, rows)]

    def put_group(self, group: GroupRow) -> None:
        """Write a group."""
        values = (group.owner, group.name, group.created, json.dumps(dict(group.tags)), group.token)
        with self.database.write() as cx:
            cx.execute("REPLACE INTO groups VALUES (?, ?, ?, ?, ?)", values)

    def drop_group(self, group: GroupRow) -> None:
        """Remove a group with its schedules."""
        with self.database.write() as cx:
            cx.execute("DELETE FROM schedules WHERE owner = ? AND group_name = ?", (group.owner, group.name))
            cx.execute("DELETE FROM groups WHERE owner = ? AND name = ?", (group.owner, group.name))

    def schedule(self, owner: str, group: str, name: str) -> ScheduleRow | None:
        """Return a schedule, or None."""
        found = self._schedules("owner = ? AND group_name = ? AND name = ?", (owner, group, name))
        return next(iter(found), None)

    def by_id(self, number: int) -> ScheduleRow | None:
        """Return a schedule by its number, or None."""
        return next(iter(self._schedules("id = ?", (number,))), None)

    def waiting(self) -> list[ScheduleRow]:
        """Return the schedules that have something to do."""
        return self._schedules("fires IS NOT NULL", ())

    def of_group(self, group: GroupRow) -> list[ScheduleRow]:
        """Return the schedules of a group."""
        return self._schedules("owner = ? AND group_name = ?", (group.owner, group.name))

    def schedules(
        self, owner: str, group: str | None, prefix: str, state: str | None, after: tuple[str, str], limit: int
    ) -> list[ScheduleRow]:
        """Return schedules by group and name."""
        return self._schedules(
            "owner = ? AND group_name = coalesce(?, group_name) AND substr(name, 1, ?) = ?"
            " AND json_extract(definition, '$.State') = coalesce(?, json_extract(definition, '$.State'))"
            " AND (group_name, name) > (?, ?) ORDER BY group_name, name LIMIT ?",
            (owner, group, len(prefix), prefix, state, *after, limit),
        )

    def _schedules(self, where: str, values: tuple[Any, ...]) -> list[ScheduleRow]:
        rows = self.database.read().execute(f"SELECT * FROM schedules WHERE {where}", values)
        return [_schedule(dict(row)) for row in rows]

    def put(self, row: ScheduleRow) -> ScheduleRow:
        """Write a schedule and return it with its number."""
        values = (
            row.id or None,
            row.owner,
            row.group,
            row.name,
            json.dumps(dict(row.definition)),
            row.created,
            row.modified,
            row.token,
            row.due,
            row.fires,
        )
        with self.database.write() as cx:
            cx.execute(f"REPLACE INTO schedules VALUES ({', '.join('?' * len(values))})", values)
            where = (row.owner, row.group, row.name)
            found = cx.execute("SELECT * FROM schedules WHERE owner = ? AND group_name = ? AND name = ?", where)
            return _schedule(dict(found.fetchone()))

    def drop(self, row: ScheduleRow) -> None:
        """Remove a schedule."""
        with self.database.write() as cx:
            cx.execute("DELETE FROM schedules WHERE id = ?", (row.id,))


def _schedule(row: dict[str, Any]) -> ScheduleRow:
    group = row.pop("group_name")
    return ScheduleRow(**{**row, "group": group, "definition": json.loads(row["definition"])})
