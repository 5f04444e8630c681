"""The rows of alarms and of what happened to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.cloudwatch.records import DAY
from stepfunctions.local.database import Database

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
HISTORY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm. Times are seconds of the epoch; ``previous`` is the state before, until the change is announced."""

    owner: str
    name: str
    kind: str
    configuration: Mapping[str, Any]
    updated: float
    state: str
    reason: str
    data: str
    state_updated: float
    changed: float
    previous: Mapping[str, Any] | None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:cloudwatch:{self.owner}:alarm:{self.name}"


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of an alarm's history."""

    id: int
    alarm: str
    kind: str
    time: float
    type: str
    summary: str
    data: str


class AlarmTables:
    """Reads and writes alarms, their history and tags."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[Alarm]:
        """Return every alarm of every owner."""
        return [_alarm(row) for row in self._db.read().execute("SELECT * FROM alarms ORDER BY owner, name")]

    def of(self, owner: str) -> list[Alarm]:
        """Return an owner's alarms by name."""
        rows = self._db.read().execute("SELECT * FROM alarms WHERE owner = ? ORDER BY name", (owner,))
        return [_alarm(row) for row in rows]

    def get(self, owner: str, name: str) -> Alarm | None:
        """Return an alarm, or None."""
        rows = self._db.read().execute("SELECT * FROM alarms WHERE owner = ? AND name = ?", (owner, name))
        return next((_alarm(row) for row in rows), None)

    def save(self, alarm: Alarm, *happened: tuple[str, str, Mapping[str, Any]]) -> None:
        """Keep an alarm, with what goes into its history at the same time: type, summary, data."""
        with self._db.write() as cx:
            previous = "" if alarm.previous is None else json.dumps(alarm.previous)
            cx.execute(
                f"INSERT OR REPLACE INTO alarms VALUES ({', '.join('?' * 11)})",
                (alarm.owner, alarm.name, alarm.kind, json.dumps(alarm.configuration), alarm.updated, alarm.state,
                 alarm.reason, alarm.data, alarm.state_updated, alarm.changed, previous),
            )  # fmt: skip
            for type_, summary, data in happened:
                self.happened(alarm, alarm.updated if type_ == "ConfigurationUpdate" else alarm.state_updated,
                              type_, summary, data)  # fmt: skip

    def happened(self, alarm: Alarm, time: float, type_: str, summary: str, data: Mapping[str, Any]) -> None:
        """Add to an alarm's history; what is older than 30 days goes."""
        with self._db.write() as cx:
            cx.execute(
                "INSERT INTO history (owner, alarm, kind, time, type, summary, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (alarm.owner, alarm.name, alarm.kind, time, type_, summary[:255], json.dumps(data)[:4095]),
            )
            cx.execute(
                "DELETE FROM history WHERE owner = ? AND alarm = ? AND time < ?",
                (alarm.owner, alarm.name, time - HISTORY_DAYS * DAY),
            )

    def told(self, alarm: Alarm) -> None:
        """Note that everybody knows of an alarm's latest change."""
        with self._db.write() as cx:
            cx.execute(
                "UPDATE alarms SET previous = '' WHERE owner = ? AND name = ? AND changed = ?",
                (alarm.owner, alarm.name, alarm.changed),
            )

    def drop(self, alarm: Alarm, now: float) -> None:
        """Remove an alarm; its history stays."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM alarms WHERE owner = ? AND name = ?", (alarm.owner, alarm.name))
            cx.execute("DELETE FROM tags WHERE arn = ?", (alarm.arn,))
            self.happened(alarm, now, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', {"type": "Delete"})

    def history(
        self, owner: str, where: Mapping[str, object], kinds: Sequence[str], after: int | None, limit: int, newest: bool
    ) -> list[Happened]:
        """Return what happened, newest or oldest first, beyond the entry with number ``after``.

        ``where``: values that ``alarm``, ``type``, ``since`` and ``until`` must have, where they are given.
        """
        conditions = {"alarm": "alarm = ?", "type": "type = ?", "since": "time >= ?", "until": "time <= ?"}
        clauses, values = ["owner = ?", f"kind IN ({', '.join('?' * len(kinds))})"], [owner, *kinds]
        found: list[object] = [*values]
        for name, value in where.items():
            clauses.append(conditions[name])
            found.append(value)
        if after is not None:
            clauses.append("id < ?" if newest else "id > ?")
            found.append(after)
        rows = self._db.read().execute(
            f"SELECT id, alarm, kind, time, type, summary, data FROM history WHERE {' AND '.join(clauses)}"
            f" ORDER BY id {'DESC' if newest else 'ASC'} LIMIT ?",
            (*found, limit),
        )
        return [Happened(*row) for row in rows]

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to something."""
        with self._db.write() as cx:
            rows = [(arn, key, value) for key, value in tags.items()]
            cx.executemany("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", rows)

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags."""
        with self._db.write() as cx:
            cx.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of something by key."""
        rows = self._db.read().execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return dict(tuple(row) for row in rows)


def _alarm(row: sqlite3.Row) -> Alarm:
    previous = json.loads(row["previous"]) if row["previous"] else None
    return Alarm(
        row["owner"], row["name"], row["kind"], json.loads(row["configuration"]), row["updated"], row["state"],
        row["reason"], row["data"], row["state_updated"], row["changed"], previous,
    )  # fmt: skip
