"""The rows of SNS: topics and their subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE topics (arn TEXT PRIMARY KEY, attributes TEXT NOT NULL, tags TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE subscriptions (arn TEXT PRIMARY KEY, topic TEXT NOT NULL REFERENCES topics (arn) ON DELETE CASCADE,
                                protocol TEXT NOT NULL, endpoint TEXT NOT NULL, attributes TEXT NOT NULL,
                                UNIQUE (topic, protocol, endpoint)) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic."""

    arn: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of each message group."""
        return self.arn.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription: protocol ``sqs`` or ``lambda``, and the ARN of what gets the messages."""

    arn: str
    topic: str
    protocol: str
    endpoint: str
    attributes: Mapping[str, str]


class SnsTables:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make several writes one transaction."""
        with self._db.write():
            yield

    def put_topic(self, topic: Topic) -> None:
        """Write a topic."""
        with self._db.write() as cx:
            cx.execute(
                "INSERT INTO topics VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET attributes = ?2, tags = ?3",
                (topic.arn, json.dumps(dict(topic.attributes)), json.dumps(dict(topic.tags))),
            )

    def topic(self, arn: str) -> Topic | None:
        """Return a topic."""
        row = self._db.read().execute("SELECT * FROM topics WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else _topic(row)

    def topics(self, prefix: str, after: str, limit: int) -> list[Topic]:
        """Return topics whose ARN begins so, by ARN."""
        rows = self._db.read().execute(
            "SELECT * FROM topics WHERE substr(arn, 1, ?) = ? AND arn > ? ORDER BY arn LIMIT ?",
            (len(prefix), prefix, after, limit),
        )
        return [_topic(row) for row in rows.fetchall()]

    def drop_topic(self, arn: str) -> None:
        """Delete a topic with its subscriptions."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM topics WHERE arn = ?", (arn,))

    def put(self, one: Subscription) -> None:
        """Write a subscription."""
        with self._db.write() as cx:
            cx.execute(
                "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?)",
                (one.arn, one.topic, one.protocol, one.endpoint, json.dumps(dict(one.attributes))),
            )

    def subscription(self, arn: str) -> Subscription | None:
        """Return a subscription."""
        row = self._db.read().execute("SELECT * FROM subscriptions WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else _subscription(row)

    def subscribed(self, topic: str, protocol: str, endpoint: str) -> Subscription | None:
        """Return the subscription of an endpoint to a topic."""
        row = self._db.read().execute(
            "SELECT * FROM subscriptions WHERE topic = ? AND protocol = ? AND endpoint = ?", (topic, protocol, endpoint)
        )
        found = row.fetchone()
        return None if found is None else _subscription(found)

    def subscriptions(self, prefix: str, after: str = "", limit: int = -1) -> list[Subscription]:
        """Return subscriptions whose ARN begins so, by ARN; ``<topic>:`` gives a topic's."""
        rows = self._db.read().execute(
            "SELECT * FROM subscriptions WHERE substr(arn, 1, ?) = ? AND arn > ? ORDER BY arn LIMIT ?",
            (len(prefix), prefix, after, limit),
        )
        return [_subscription(row) for row in rows.fetchall()]

    def drop(self, arn: str) -> None:
        """Delete a subscription."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM subscriptions WHERE arn = ?", (arn,))


def _topic(row: Any) -> Topic:
    return Topic(row["arn"], json.loads(row["attributes"]), json.loads(row["tags"]))


def _subscription(row: Any) -> Subscription:
    return Subscription(row["arn"], row["topic"], row["protocol"], row["endpoint"], json.loads(row["attributes"]))
