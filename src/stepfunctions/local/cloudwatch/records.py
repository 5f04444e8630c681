"""The rows of CloudWatch's metrics: one a metric, and one a metric's period and unit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stepfunctions.local.cloudwatch.statistics import Summary
from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE metrics (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                          dimensions TEXT NOT NULL, last INTEGER NOT NULL,
                          UNIQUE (owner, namespace, name, dimensions));
    CREATE TABLE points (metric INTEGER NOT NULL REFERENCES metrics (id) ON DELETE CASCADE, time INTEGER NOT NULL,
                         period INTEGER NOT NULL, unit TEXT NOT NULL, count REAL NOT NULL, total REAL NOT NULL,
                         least REAL NOT NULL, most REAL NOT NULL, spread TEXT,
                         PRIMARY KEY (metric, time, period, unit)) WITHOUT ROWID;
    CREATE INDEX points_by_age ON points (period, time);
    CREATE TABLE alarms (owner TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, configuration TEXT NOT NULL,
                         updated REAL NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, data TEXT NOT NULL,
                         state_updated REAL NOT NULL, changed REAL NOT NULL, previous TEXT NOT NULL DEFAULT '',
                         PRIMARY KEY (owner, name)) WITHOUT ROWID;
    CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, alarm TEXT NOT NULL,
                          kind TEXT NOT NULL, time REAL NOT NULL, type TEXT NOT NULL, summary TEXT NOT NULL,
                          data TEXT NOT NULL);
    CREATE INDEX history_of_alarm ON history (owner, alarm, id);
    CREATE TABLE dashboards (owner TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, modified REAL NOT NULL,
                             PRIMARY KEY (owner, name)) WITHOUT ROWID;
    CREATE TABLE tags (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key))
                      WITHOUT ROWID;
    """,
)
MINUTE, HOUR, DAY = 60, 3600, 86_400
RETENTION = ((1, 3 * HOUR, MINUTE), (MINUTE, 15 * DAY, 5 * MINUTE), (5 * MINUTE, 63 * DAY, HOUR))
"""AWS's: points of this many seconds are kept so long, then as parts of points of so many seconds."""
LONGEST = 455 * DAY

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """What identifies a metric. ``owner`` is ``region:account``; ``dimensions`` are sorted."""

    owner: str
    namespace: str
    name: str
    dimensions: Pairs = ()


@dataclass(frozen=True, slots=True)
class Datum:
    """The values of a metric in the ``period`` (1 or 60 seconds) that begins at ``time``."""

    metric: Metric
    time: int
    period: int
    unit: str
    summary: Summary


class MetricTables:
    """Reads and writes metrics and their points."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._compacted = 0.0

    def put(self, data: Sequence[Datum], now: float) -> None:
        """Count values in; they are safe when this returns."""
        with self._db.write() as cx:
            for datum in data:
                _add(cx, self._id(cx, datum), datum.time, datum.period, datum.unit, datum.summary)
            if now >= self._compacted + HOUR:
                self._compacted = now
                _compact(cx, now)

    def _id(self, cx: sqlite3.Connection, datum: Datum) -> int:
        metric = datum.metric
        row = cx.execute(
            "INSERT INTO metrics (owner, namespace, name, dimensions, last) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET last = max(last, excluded.last) RETURNING id",
            (metric.owner, metric.namespace, metric.name, json.dumps(metric.dimensions), datum.time),
        ).fetchone()
        return int(row[0])

    def points(self, metric: Metric, start: float, end: float, unit: str | None) -> Iterator[tuple[int, str, Summary]]:
        """Yield time, unit and values of what begins at or after ``start`` and before ``end``, in order."""
        rows = self._db.read().execute(
            "SELECT time, unit, count, total, least, most, spread FROM points WHERE metric ="
            " (SELECT id FROM metrics WHERE owner = ? AND namespace = ? AND name = ? AND dimensions = ?)"
            " AND time >= ? AND time < ? ORDER BY time",
            (metric.owner, metric.namespace, metric.name, json.dumps(metric.dimensions), start, end),
        )
        for row in rows:
            if unit is None or row["unit"] == unit:
                yield row["time"], row["unit"], _summary(row)

    def sums(self, metric: Metric, start: int, period: int, unit: str | None) -> Iterator[tuple[int, Summary, int]]:
        """Yield, without the spread, the values of each period that has any, and the time of its first point.

        It has no end: points in the future come too.
        """
        rows = self._db.read().execute(
            "SELECT (time - :start) / :period AS nth, sum(count) AS count, sum(total) AS total, min(least) AS least,"
            " max(most) AS most, min(time) AS first FROM points WHERE metric ="
            " (SELECT id FROM metrics WHERE owner = :owner AND namespace = :namespace AND name = :name AND"
            " dimensions = :dimensions) AND time >= :start AND coalesce(:unit, unit) = unit GROUP BY nth ORDER BY nth",
            {
                "start": start,
                "period": period,
                "owner": metric.owner,
                "namespace": metric.namespace,
                "name": metric.name,
                "dimensions": json.dumps(metric.dimensions),
                "unit": unit,
            },
        )
        for row in rows:
            summary = Summary(row["count"], row["total"], row["least"], row["most"], None)
            yield start + row["nth"] * period, summary, row["first"]

    def metrics(
        self, owner: str, namespace: str | None, name: str | None, after: int, since: float
    ) -> Iterator[tuple[int, Metric]]:
        """Yield metrics with their numbers after one, which had values since a time."""
        rows = self._db.read().execute(
            "SELECT id, namespace, name, dimensions FROM metrics WHERE owner = ? AND id > ? AND last >= ?"
            " AND coalesce(?, namespace) = namespace AND coalesce(?, name) = name ORDER BY id",
            (owner, after, since, namespace, name),
        )
        for row in rows:
            pairs = tuple((key, value) for key, value in json.loads(row["dimensions"]))
            yield row["id"], Metric(owner, row["namespace"], row["name"], pairs)


def _add(cx: sqlite3.Connection, metric: int, time: int, period: int, unit: str, summary: Summary) -> None:
    key = (metric, time, period, unit)
    found = cx.execute(
        "SELECT count, total, least, most, spread FROM points WHERE metric = ? AND time = ? AND period = ?"
        " AND unit = ?",
        key,
    ).fetchone()
    if found is not None:
        before = _summary(found)
        before.add(summary)
        summary = before
    spread = None if summary.spread is None else json.dumps(list(summary.spread.items()))
    cx.execute(
        "INSERT OR REPLACE INTO points (metric, time, period, unit, count, total, least, most, spread)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, summary.count, summary.total, summary.least, summary.most, spread),
    )


def _summary(row: sqlite3.Row) -> Summary:
    text = row["spread"]
    spread = None if text is None else {float(value): float(count) for value, count in json.loads(text)}
    return Summary(row["count"], row["total"], row["least"], row["most"], spread)


def _compact(cx: sqlite3.Connection, now: float) -> None:
    """Join what is older than AWS keeps it in this resolution, and forget what is older than AWS keeps anything."""
    for period, age, wider in RETENTION:
        old = cx.execute("SELECT * FROM points WHERE period = ? AND time < ?", (period, now - age)).fetchall()
        for row in old:
            _add(cx, row["metric"], row["time"] // wider * wider, wider, row["unit"], _summary(row))
        cx.execute("DELETE FROM points WHERE period = ? AND time < ?", (period, now - age))
    cx.execute("DELETE FROM points WHERE time < ?", (now - LONGEST,))
    cx.execute("DELETE FROM metrics WHERE last < ?", (now - LONGEST,))
