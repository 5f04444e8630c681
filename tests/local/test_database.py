from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.database import Database

FIRST = """
-- notes; with a semicolon
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TRIGGER kept BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'kept; always'); END;
"""
SECOND = "ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0"


def rows(database: Database) -> list[tuple[object, ...]]:
    return [tuple(row) for row in database.read().execute("SELECT id, text FROM notes ORDER BY id")]


def test_migrations_run_once_and_later_ones_keep_the_rows(tmp_path: Path) -> None:
    first = Database(tmp_path / "a" / "notes.db", [FIRST])
    with first.write() as cx:
        cx.execute("INSERT INTO notes (text) VALUES ('one')")
    first.close()
    second = Database(tmp_path / "a" / "notes.db", [FIRST, SECOND])
    assert [tuple(row) for row in second.read().execute("SELECT text, done FROM notes")] == [("one", 0)]
    with pytest.raises(sqlite3.IntegrityError, match="kept; always"), second.write() as cx:
        cx.execute("DELETE FROM notes")
    second.close()


def test_a_broken_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    Database(tmp_path / "notes.db", [FIRST]).close()
    with pytest.raises(LocalCloudError, match="no such table: nowhere"):
        Database(tmp_path / "notes.db", [FIRST, "CREATE TABLE more (id INTEGER); INSERT INTO nowhere VALUES (1);"])
    database = Database(tmp_path / "notes.db", [FIRST, SECOND])
    names = [row["name"] for row in database.read().execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    database.close()
    assert names == ["notes"]


def test_a_file_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    Database(tmp_path / "notes.db", [FIRST, SECOND]).close()
    with pytest.raises(LocalCloudError, match="newer version") as caught:
        Database(tmp_path / "notes.db", [FIRST])
    assert "\n" not in str(caught.value)


def test_something_else_than_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"not a database, but longer than a page header " * 9)
    with pytest.raises(LocalCloudError, match=r"notes\.db is damaged .* restore it"):
        Database(tmp_path / "notes.db", [FIRST])


def test_an_error_rolls_back_and_nested_writes_are_one_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", [FIRST])

    def outer() -> None:
        with database.write() as cx:
            cx.execute("INSERT INTO notes (text) VALUES ('outer')")
            with database.write() as inner:
                inner.execute("INSERT INTO notes (text) VALUES ('inner')")
            raise RuntimeError("too late")

    with pytest.raises(RuntimeError):
        outer()
    assert rows(database) == []
    with database.write() as cx:
        cx.execute("INSERT INTO notes (text) VALUES ('next')")
    assert [text for _, text in rows(database)] == ["next"]
    database.close()


def test_readers_cannot_write_and_see_only_what_is_committed(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", [FIRST])
    with database.write() as cx:
        cx.execute("INSERT INTO notes (text) VALUES ('one')")
        assert rows(database) == []
    assert len(rows(database)) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.read().execute("INSERT INTO notes (text) VALUES ('two')")
    database.close()
    with pytest.raises(sqlite3.ProgrammingError):
        database.read()


def test_threads_write_in_turns_and_their_readers_are_closed_behind_them(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", [FIRST])

    def add() -> None:
        for _ in range(20):
            with database.write() as cx:
                count = cx.execute("SELECT count(*) FROM notes").fetchone()[0]
                cx.execute("INSERT INTO notes (id, text) VALUES (?, 'x')", (count + 1,))
            rows(database)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for number, _ in rows(database)] == list(range(1, 161))
    assert len(database._readers) == 1
    database.close()


REFERS = """
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE,
                    after INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED);
"""


def test_a_commit_that_fails_is_rolled_back_and_the_next_write_works(tmp_path: Path) -> None:
    """As on a full disk: an open transaction left behind would fail every write after it."""
    database = Database(tmp_path / "notes.db", [REFERS])
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), database.write() as cx:
        cx.execute("INSERT INTO notes (text, after) VALUES ('one', 99)")  # found by COMMIT
    with database.write() as cx:
        cx.execute("INSERT INTO notes (text) VALUES ('two')")
    assert rows(database) == [(1, "two")]
    database.close()


def test_an_error_with_which_sqlite_rolls_back_is_the_one_raised(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", [REFERS])
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), database.write() as cx:
        cx.execute("INSERT OR ROLLBACK INTO notes (text) VALUES ('one'), ('one')")
    with database.write() as cx:
        cx.execute("INSERT INTO notes (text) VALUES ('one')")
    assert len(rows(database)) == 1
    database.close()
