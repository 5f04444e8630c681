"""Migrations of the SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.runtime.store.schema import MIGRATIONS, migrate
from stepfunctions.runtime.store.sqlite import SqliteStore


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_each_migration_is_applied_once(connection: sqlite3.Connection) -> None:
    first = (("CREATE TABLE a (x)",),)
    migrate(connection, first)
    migrate(connection, first)
    assert version(connection) == 1
    migrate(connection, (*first, ("CREATE TABLE b (x)", "INSERT INTO b VALUES (1)")))
    assert version(connection) == 2
    assert connection.execute("SELECT x FROM b").fetchall() == [(1,)]


def test_a_migration_that_fails_leaves_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (("CREATE TABLE a (x)", "CREATE NONSENSE"),))
    assert version(connection) == 0
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "states.db"
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    assert version(connection) == len(MIGRATIONS)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LocalCloudError, match="upgrade the package, or use another data directory"):
        SqliteStore(path)
