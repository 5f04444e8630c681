"""The rows of SQS: queues, messages, and what a FIFO queue has taken lately."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE queues (id INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL,
                         tags TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL);
    CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT,
                           queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE, message_id TEXT NOT NULL,
                           body TEXT NOT NULL, attributes TEXT NOT NULL, system TEXT NOT NULL, sent REAL NOT NULL,
                           visible REAL NOT NULL, received INTEGER NOT NULL, first REAL, grouped TEXT, receipt TEXT);
    CREATE INDEX messages_of_queue ON messages (queue, visible);
    CREATE TABLE taken (queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE, dedup TEXT NOT NULL,
                        until REAL NOT NULL, message_id TEXT NOT NULL, sequence TEXT NOT NULL,
                        PRIMARY KEY (queue, dedup)) WITHOUT ROWID;
    """,
)
DEDUPLICATION_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. Times are epoch seconds."""

    id: int
    arn: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    created: float
    modified: float

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.arn.rpartition(":")[2]

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of each message group."""
        return self.name.endswith(".fifo")


@dataclass(frozen=True, slots=True)
class Message:
    """A message. ``attributes`` are MessageAttributes; ``system`` those that AWS adds, as texts."""

    id: int
    message_id: str
    body: str
    attributes: dict[str, Any]
    system: dict[str, str]
    sent: float
    received: int
    first: float | None
    grouped: str | None
    receipt: str


class SqsTables:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make several writes one transaction."""
        with self._db.write():
            yield

    # --- queues -----------------------------------------------------------------------------------------

    def add(self, arn: str, attributes: Mapping[str, str], tags: Mapping[str, str], now: float) -> None:
        """Make a queue."""
        with self._db.write() as cx:
            row = (arn, json.dumps(dict(attributes)), json.dumps(dict(tags)), now, now)
            cx.execute("INSERT INTO queues (arn, attributes, tags, created, modified) VALUES (?, ?, ?, ?, ?)", row)

    def queue(self, arn: str) -> Queue | None:
        """Return a queue by its ARN."""
        row = self._db.read().execute("SELECT * FROM queues WHERE arn = ?", (arn,)).fetchone()
        return None if row is None else _queue(row)

    def queues(self, prefix: str) -> list[Queue]:
        """Return the queues whose ARN begins so, by name."""
        rows = self._db.read().execute(
            "SELECT * FROM queues WHERE substr(arn, 1, ?) = ? ORDER BY arn", (len(prefix), prefix)
        )
        return [_queue(row) for row in rows.fetchall()]

    def change(self, queue: Queue, attributes: Mapping[str, str], tags: Mapping[str, str], now: float) -> None:
        """Give a queue other attributes and tags."""
        with self._db.write() as cx:
            cx.execute(
                "UPDATE queues SET attributes = ?, tags = ?, modified = ? WHERE id = ?",
                (json.dumps(dict(attributes)), json.dumps(dict(tags)), now, queue.id),
            )

    def drop(self, queue: Queue) -> None:
        """Delete a queue with its messages."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM queues WHERE id = ?", (queue.id,))

    def purge(self, queue: Queue) -> None:
        """Delete the messages of a queue."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM messages WHERE queue = ?", (queue.id,))

    def counts(self, queue: Queue, now: float) -> tuple[int, int, int]:
        """Return how many messages can be received, are received, and are delayed."""
        row = self._db.read().execute(
            "SELECT count(*) FILTER (WHERE visible <= ?1),"
            " count(*) FILTER (WHERE visible > ?1 AND receipt IS NOT NULL),"
            " count(*) FILTER (WHERE visible > ?1 AND receipt IS NULL) FROM messages WHERE queue = ?2",
            (now, queue.id),
        )
        ready, taken, delayed = row.fetchone()
        return ready, taken, delayed

    # --- messages ---------------------------------------------------------------------------------------

    def taken(self, queue: Queue, dedup: str, now: float) -> tuple[str, str] | None:
        """Return the ID and sequence number of a message taken in the last five minutes under a deduplication ID."""
        with self._db.write() as cx:  # also what the same batch has just put
            row = cx.execute(
                "SELECT * FROM taken WHERE queue = ? AND dedup = ? AND until > ?", (queue.id, dedup, now)
            ).fetchone()
        return None if row is None else (row["message_id"], row["sequence"])

    def put(
        self, queue: Queue, message_id: str, body: str, attributes: Mapping[str, Any], system: Mapping[str, str],
        *, now: float, visible: float, grouped: str | None = None, dedup: str | None = None,
    ) -> str:  # fmt: skip
        """Add a message; returns its sequence number."""
        with self._db.write() as cx:
            cursor = cx.execute(
                "INSERT INTO messages (queue, message_id, body, attributes, system, sent, visible, received, grouped)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (queue.id, message_id, body, json.dumps(attributes), json.dumps(system), now, visible, grouped),
            )
            sequence = f"{18_800_000_000_000_000_000 + int(cursor.lastrowid or 0)}"
            if dedup is not None:
                cx.execute("DELETE FROM taken WHERE until <= ?", (now,))
                cx.execute(
                    "INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, ?)",
                    (queue.id, dedup, now + DEDUPLICATION_SECONDS, message_id, sequence),
                )
        return sequence

    def receive(self, queue: Queue, most: int, now: float, visible: float) -> list[Message]:
        """Take messages that can be received, the oldest first; they are hidden until ``visible``."""
        oldest = now - float(queue.attributes["MessageRetentionPeriod"])
        with self._db.write() as cx:
            cx.execute("DELETE FROM messages WHERE queue = ? AND sent < ?", (queue.id, oldest))
            rows = cx.execute(
                "SELECT * FROM messages WHERE queue = ?1 AND visible <= ?2 AND (grouped IS NULL OR grouped NOT IN"
                " (SELECT grouped FROM messages WHERE queue = ?1 AND visible > ?2 AND grouped IS NOT NULL"
                "  AND receipt IS NOT NULL)) ORDER BY id LIMIT ?3",
                (queue.id, now, most),
            ).fetchall()
            found = []
            for row in rows:
                receipt = secrets.token_urlsafe(48)
                cx.execute(
                    "UPDATE messages SET visible = ?, received = received + 1, first = coalesce(first, ?), receipt = ?"
                    " WHERE id = ?",
                    (visible, now, receipt, row["id"]),
                )
                found.append(_message(row, receipt, now))
        return found

    def move(self, message: Message, to: Queue, source: str, now: float) -> None:
        """Put a message into another queue, with where it came from; its time of sending stays."""
        system = {**message.system, "DeadLetterQueueSourceArn": source}
        with self._db.write() as cx:
            cx.execute(
                "UPDATE messages SET queue = ?, system = ?, visible = ?, receipt = NULL WHERE id = ?",
                (to.id, json.dumps(system), now, message.id),
            )

    def next_visible(self, queue: Queue, now: float) -> float | None:
        """Return when the next hidden message of a queue can be received."""
        row = self._db.read().execute(
            "SELECT min(visible) FROM messages WHERE queue = ? AND visible > ?", (queue.id, now)
        )
        found: float | None = row.fetchone()[0]
        return found

    def delete(self, queue: Queue, receipt: str) -> bool:
        """Delete a message by the receipt of its last reception; whether there was one."""
        with self._db.write() as cx:
            done = cx.execute("DELETE FROM messages WHERE queue = ? AND receipt = ?", (queue.id, receipt))
            return done.rowcount > 0

    def hide(self, queue: Queue, receipt: str, now: float, visible: float) -> bool:
        """Change until when a received message is hidden; False when it is not hidden (any more)."""
        with self._db.write() as cx:
            done = cx.execute(
                "UPDATE messages SET visible = ? WHERE queue = ? AND receipt = ? AND visible > ?",
                (visible, queue.id, receipt, now),
            )
            return done.rowcount > 0


def _queue(row: Any) -> Queue:
    return Queue(
        row["id"], row["arn"], json.loads(row["attributes"]), json.loads(row["tags"]), row["created"], row["modified"]
    )


def _message(row: Any, receipt: str, now: float) -> Message:
    return Message(
        row["id"],
        row["message_id"],
        row["body"],
        json.loads(row["attributes"]),
        json.loads(row["system"]),
        row["sent"],
        row["received"] + 1,
        row["first"] if row["first"] is not None else now,
        row["grouped"],
        receipt,
    )
