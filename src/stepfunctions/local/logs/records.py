"""The rows of CloudWatch Logs: groups, streams, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE groups (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
                         class TEXT NOT NULL, key TEXT, retention INTEGER, UNIQUE (owner, name));
    CREATE TABLE streams (id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
                          name TEXT NOT NULL, created INTEGER NOT NULL, UNIQUE (group_id, name));
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL REFERENCES streams (id)
                         ON DELETE CASCADE, timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL,
                         message TEXT NOT NULL);
    CREATE INDEX events_of_stream ON events (stream_id, timestamp, id);
    """,
    """
    CREATE TABLE files (path TEXT PRIMARY KEY, owner TEXT NOT NULL, log_group TEXT NOT NULL, stream TEXT NOT NULL,
                        taken INTEGER NOT NULL) WITHOUT ROWID;
    """,
)
Mark = tuple[int, int]
"""A place between events: (timestamp, id) of the one beside it."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A log group. ``owner`` is ``region:account``; times are milliseconds of the epoch."""

    id: int
    owner: str
    name: str
    created: int
    kind: str
    key: str | None
    retention: int | None


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A log stream with the times of its first and last event and when the last one came in."""

    id: int
    name: str
    created: int
    first: int | None
    last: int | None
    ingested: int | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event."""

    id: int
    stream: str
    timestamp: int
    ingested: int
    message: str

    @property
    def mark(self) -> Mark:
        """Where it stands."""
        return self.timestamp, self.id


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file whose lines belong to a stream; ``taken`` bytes of it are there already."""

    path: str
    owner: str
    group: str
    stream: str
    taken: int


class LogTables:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add_group(self, owner: str, name: str, created: int, kind: str, key: str | None) -> bool:
        """Make a group; False when there is one."""
        with self._db.write() as cx:
            made = cx.execute(
                "INSERT OR IGNORE INTO groups (owner, name, created, class, key) VALUES (?, ?, ?, ?, ?)",
                (owner, name, created, kind, key),
            )
            return made.rowcount == 1

    def group(self, owner: str, name: str) -> GroupRow | None:
        """Return a group, or None."""
        return next(iter(self._groups("owner = ? AND name = ?", (owner, name))), None)

    def groups(self, owner: str, after: str, limit: int, prefix: str, part: str) -> list[GroupRow]:
        """Return groups by name whose names begin with ``prefix`` and have ``part`` in them, whatever its case."""
        return self._groups(
            "owner = ? AND name > ? AND substr(name, 1, ?) = ? AND instr(lower(name), ?) ORDER BY name LIMIT ?",
            (owner, after, len(prefix), prefix, part.lower(), limit),
        )

    def _groups(self, where: str, values: Sequence[object]) -> list[GroupRow]:
        rows = self._db.read().execute(
            f"SELECT id, owner, name, created, class, key, retention FROM groups WHERE {where}", values
        )
        return [GroupRow(*row) for row in rows]

    def size(self, group: GroupRow) -> int:
        """Return the bytes of a group's events: each counts 26 more than its message. Reads them all."""
        rows = self._db.read().execute(
            "SELECT coalesce(sum(length(message) + 26), 0) FROM events JOIN streams ON streams.id = stream_id"
            " WHERE group_id = ?",
            (group.id,),
        )
        return int(rows.fetchone()[0])

    def drop_group(self, group: GroupRow) -> None:
        """Remove a group with its streams and events."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM groups WHERE id = ?", (group.id,))

    def retain(self, group: GroupRow, days: int | None) -> None:
        """Note how many days a group is to be kept."""
        with self._db.write() as cx:
            cx.execute("UPDATE groups SET retention = ? WHERE id = ?", (days, group.id))

    def add_stream(self, group: GroupRow, name: str, created: int) -> bool:
        """Make a stream; False when there is one."""
        with self._db.write() as cx:
            made = cx.execute(
                "INSERT OR IGNORE INTO streams (group_id, name, created) VALUES (?, ?, ?)", (group.id, name, created)
            )
            return made.rowcount == 1

    def stream_ids(self, group: GroupRow, prefix: str = "") -> dict[str, int]:
        """Return the names of a group's streams with their ids."""
        rows = self._db.read().execute(
            "SELECT name, id FROM streams WHERE group_id = ? AND substr(name, 1, ?) = ? ORDER BY name",
            (group.id, len(prefix), prefix),
        )
        return dict(rows)

    def streams(self, group: GroupRow, prefix: str = "") -> list[StreamRow]:
        """Return the streams of a group by name. Reads all their events."""
        rows = self._db.read().execute(
            "SELECT streams.id, name, created, min(timestamp), max(timestamp), max(ingested) FROM streams"
            " LEFT JOIN events ON stream_id = streams.id WHERE group_id = ? AND substr(name, 1, ?) = ?"
            " GROUP BY streams.id ORDER BY name",
            (group.id, len(prefix), prefix),
        )
        return [StreamRow(*row) for row in rows]

    def drop_stream(self, stream: int) -> None:
        """Remove a stream with its events."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM streams WHERE id = ?", (stream,))

    def add_events(self, stream: int, events: Sequence[tuple[int, str]], ingested: int) -> None:
        """Add events: times and messages."""
        with self._db.write() as cx:
            cx.executemany(
                "INSERT INTO events (stream_id, timestamp, ingested, message) VALUES (?, ?, ?, ?)",
                [(stream, timestamp, ingested, message) for timestamp, message in events],
            )

    def append(self, owner: str, group: str, stream: str, events: Sequence[tuple[int, str]], now: int) -> None:
        """Add events to a stream; group and stream are made when missing. What is there already is not read."""
        with self._db.write() as cx:
            self.add_group(owner, group, now, "STANDARD", None)
            (group_id,) = cx.execute("SELECT id FROM groups WHERE owner = ? AND name = ?", (owner, group)).fetchone()
            cx.execute(
                "INSERT OR IGNORE INTO streams (group_id, name, created) VALUES (?, ?, ?)", (group_id, stream, now)
            )
            found = cx.execute("SELECT id FROM streams WHERE group_id = ? AND name = ?", (group_id, stream))
            self.add_events(found.fetchone()[0], events, now)

    def events(
        self,
        streams: Sequence[int],
        start: int | None,
        end: int | None,
        limit: int,
        after: Mark | None = None,
        before: Mark | None = None,
        latest: bool = False,
    ) -> list[EventRow]:
        """Return events with start <= time < end between two marks, in order: the first ones, or the ``latest``."""
        where = f"stream_id IN ({', '.join('?' * len(streams))})"
        values: list[object] = list(streams)
        for condition, value in (
            ("timestamp >= ?", start),
            ("timestamp < ?", end),
            ("(timestamp, events.id) > (?, ?)", after),
            ("(timestamp, events.id) < (?, ?)", before),
        ):
            if value is not None:
                where += f" AND {condition}"
                values += value if isinstance(value, tuple) else [value]
        order = "DESC" if latest else "ASC"
        rows = self._db.read().execute(
            "SELECT events.id, name, timestamp, ingested, message FROM events JOIN streams ON streams.id = stream_id"
            f" WHERE {where} ORDER BY timestamp {order}, events.id {order} LIMIT ?",
            (*values, limit),
        )
        found = [EventRow(*row) for row in rows]
        return found[::-1] if latest else found

    # --- files that jobs and functions write ---------------------------------------------------------------

    def follow_file(self, file: FileRow) -> None:
        """Note a file, unless it is noted."""
        with self._db.write() as cx:
            cx.execute("INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?, ?)", astuple(file))

    def files(self, owner: str | None = None, group: str | None = None, folder: str | None = None) -> list[FileRow]:
        """Return the noted files: of an owner, of a group, in a folder."""
        where, values = "1", []
        for condition, value in (("owner = ?", owner), ("log_group = ?", group)):
            if value is not None:
                where += f" AND {condition}"
                values.append(value)
        if folder is not None:
            where += " AND path > ? AND path < ?"
            values += [f"{folder}/", f"{folder}0"]  # '0' is what follows '/'
        rows = self._db.read().execute(
            f"SELECT path, owner, log_group, stream, taken FROM files WHERE {where} ORDER BY path", values
        )
        return [FileRow(*row) for row in rows]

    def take_lines(self, file: FileRow, lines: Sequence[str], size: int, now: int) -> FileRow:
        """Add lines of a file to its stream, and note that so many bytes of it are taken, in one transaction."""
        with self._db.write() as cx:
            if lines:
                self.append(file.owner, file.group, file.stream, [(now, line) for line in lines], now)
            cx.execute("UPDATE files SET taken = taken + ? WHERE path = ?", (size, file.path))
        return replace(file, taken=file.taken + size)

    def forget_file(self, path: str) -> None:
        """Remove the note of a file."""
        with self._db.write() as cx:
            cx.execute("DELETE FROM files WHERE path = ?", (path,))
