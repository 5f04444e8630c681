"""Connections to one SQLite file: one writer behind a lock, and as many readers as read at the same time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stepfunctions.errors import DamagedData, LocalCloudError
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.store.schema import migrate

BUSY_SECONDS = 10.0
"""How long a write waits while another program writes to the file."""
_DAMAGE = (LookupError, TypeError, ValueError, sqlite3.DatabaseError)


class Connections:
    """Opens and migrates the file, with a write-ahead log: what is committed survives a killed process.

    Raises LocalCloudError, which says what to do, when the file cannot be opened.
    """

    def __init__(self, path: Path | str, durability: Durability = Durability.NORMAL) -> None:
        self._path = str(path)
        self._write_lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        with opening(self._path):
            self._writer = self._connect()
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.execute(f"PRAGMA synchronous = {durability.synchronous}")
                self._writer.execute("PRAGMA journal_size_limit = 16777216")
                migrate(self._writer)
            except BaseException:
                self._writer.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        connection.execute("PRAGMA cache_size = -8000")
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Raises sqlite3.OperationalError when another program keeps the file locked, and when the disk is full.
        """
        with taken(self._write_lock, BUSY_SECONDS):
            writer = self._writer
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading, taken from the idle ones; it sees everything committed so far.

        Raises DamagedData when what is read in the block makes no sense: the file is damaged.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException as error:
            connection.close()  # a statement cut short would keep showing it what was there then
            if not isinstance(error, _DAMAGE) or (isinstance(error, sqlite3.Error) and not _is_damage(error)):
                raise
            raise DamagedData(
                f"{self._path} is damaged: a row cannot be read ({error}). Restore the file from a backup"
            ) from error
        self._idle.append(connection)

    def close(self) -> None:
        """Close all connections. No thread may be reading or writing."""
        while self._idle:
            self._idle.pop().close()
        self._writer.close()


@contextmanager
def opening(path: Path | str) -> Iterator[None]:
    """Raise what goes wrong while a file is opened and first read as LocalCloudError, which says what to do.

    A row that is no JSON (ValueError) and a table that is missing are damage.
    """
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        text = str(error)
        if "locked" in text:
            raise LocalCloudError(f"Cannot open {path}: {text}. End the program that writes to it") from error
        if "full" in text or "readonly" in text or "unable to open" in text:
            raise LocalCloudError(f"Cannot open {path}: {text}. Make room, and let this user write there") from error
        raise DamagedData(f"{path} is damaged ({text}): restore it from a backup, or use another data directory") from (
            error
        )


@contextmanager
def taken(lock: threading.Lock | threading.RLock, seconds: float) -> Iterator[None]:
    """Hold a lock; sqlite3.OperationalError when others hold it for so long, as those before wait for the file."""
    if not lock.acquire(timeout=seconds):
        raise sqlite3.OperationalError("database is locked")
    try:
        yield
    finally:
        lock.release()


def _is_damage(error: sqlite3.Error) -> bool:
    """Tell a damaged file from one that is locked, closed or cannot be read now."""
    return type(error) is sqlite3.DatabaseError or str(error).startswith("Could not decode")
