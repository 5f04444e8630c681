"""A service's own SQLite file: write-ahead log, one writer at a time, a reading connection per thread.

Whatever its durability, the file survives a killed process without loss and is never torn by one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stepfunctions.errors import LocalCloudError
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.store.connections import BUSY_SECONDS, opening, taken

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)


class Database:
    """One SQLite file. Rows are :class:`sqlite3.Row`; any thread may use any method.

    ``migrations`` are SQL scripts, only ever appended to: those not applied yet run in one transaction
    together with the change of ``user_version``. A file that a newer version wrote, or that cannot be opened,
    raises :class:`LocalCloudError`; :class:`DamagedData` when it is damaged.
    """

    def __init__(self, path: Path | str, migrations: Sequence[str], durability: Durability = Durability.NORMAL) -> None:
        self.path = Path(path)
        self.durability = durability
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._closed = False
        self._readers: dict[threading.Thread, sqlite3.Connection] = {}
        self._readers_lock = threading.Lock()
        with opening(self.path):
            self._writer = self._connect()
            try:
                self._migrate(migrations)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection inside a transaction: committed at the end, rolled back on any error.

        Threads take turns. Nested in the same thread, it joins the outer transaction. Raises
        sqlite3.OperationalError when another program keeps the file locked, and when the disk is full.
        """
        with taken(self._lock, BUSY_SECONDS):
            if self._depth:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # SQLite may have rolled back itself, as on a full disk
                    self._writer.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    def read(self) -> sqlite3.Connection:
        """Return this thread's reading connection; it sees what is committed and refuses to write."""
        thread = threading.current_thread()
        connection = self._readers.get(thread)
        if connection is None:
            with self._readers_lock:
                if self._closed:
                    raise sqlite3.ProgrammingError(f"{self.path} is closed")
                for other in [one for one in self._readers if not one.is_alive()]:
                    self._readers.pop(other).close()
                connection = self._connect()
                connection.execute("PRAGMA query_only=ON")
                self._readers[thread] = connection
        return connection

    def close(self) -> None:
        """Close every connection. Calls after it fail; closing twice does nothing."""
        with self._lock, self._readers_lock:
            self._closed = True
            for connection in self._readers.values():
                connection.close()
            self._readers.clear()
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            for pragma in (*_PRAGMAS, f"PRAGMA synchronous={self.durability.synchronous}"):
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, migrations: Sequence[str]) -> None:
        with self.write() as writer:
            applied = int(writer.execute("PRAGMA user_version").fetchone()[0])
            if applied > len(migrations):
                raise LocalCloudError(
                    f"{self.path} was written by a newer version of stepfunctions-sdk: update it, "
                    f"or use another data directory"
                )
            for script in migrations[applied:]:
                for statement in _statements(script):
                    writer.execute(statement)
            writer.execute(f"PRAGMA user_version={len(migrations)}")


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; sqlite3's own ``executescript`` would commit our transaction."""
    pending = ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            if pending.strip() != ";":
                yield pending
            pending = ""
    rest = pending.rstrip(";").strip()
    if rest and not all(line.strip().startswith("--") or not line.strip() for line in rest.splitlines()):
        yield rest
