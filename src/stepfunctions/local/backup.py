"""Copies of a data directory, taken while its server works, and the room that deleted rows left in its databases.

Databases are copied by SQLite's backup API (https://www.sqlite.org/backup.html), first the one of the executions: what
an execution has seen another service do is then in the copy of that service, which is taken later. Objects are linked
where the file system can, because their files never change.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.datadir import CONSOLE_TOKEN, DataDir
from stepfunctions.local.s3.contents import link_or_copy

_TRANSIENT = frozenset({CONSOLE_TOKEN, "server.json", "server.json.new", "server.lock", "endpoints", "incoming"})
"""What belongs to a running server, not to its data."""


@dataclass(frozen=True)
class Backup:
    """What was copied: how many databases and files, and the bytes of both."""

    databases: int
    files: int
    size: int


def backup(data_dir: Path, target: Path, progress: Callable[[str], None] = lambda _: None) -> Backup:
    """Copy a data directory into ``target``, a new folder: a server can be started on it at once.

    The server of the data directory may run meanwhile. ``progress`` gets a line for each part. Raises LocalCloudError
    when there is nothing to copy, the target is there, or cannot be written; an unfinished copy is removed.
    """
    data_dir, target = data_dir.absolute(), target.absolute()
    databases = _databases(data_dir)
    if not databases:
        raise LocalCloudError(f"{data_dir} is no data directory: there is no database in it")
    if target.is_relative_to(data_dir):
        raise LocalCloudError(f"{target} is inside the data directory: choose a folder outside {data_dir}")
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise LocalCloudError(f"{target} is there already: choose a new folder") from None
    except OSError as error:
        raise LocalCloudError(f"Cannot write to {target}: {error.strerror or error}") from error
    try:
        for path in databases:
            progress(path.name)
            if path.name == "s3.db":
                _copy_objects(data_dir, target)
            else:
                _copy_database(path, target / path.name)
        progress("files")
        _copy_files(data_dir, target)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, (OSError, sqlite3.Error)):
            raise LocalCloudError(f"Cannot copy {data_dir} to {target}: {error}") from error
        raise
    copied = [path for path in target.rglob("*") if path.is_file()]
    return Backup(len(databases), len(copied) - len(databases), sum(path.stat().st_size for path in copied))


def vacuum(data_dir: Path) -> Iterator[tuple[str, int, int]]:
    """Rewrite each database without the room of deleted rows; yields its name, its bytes before and after.

    Raises LocalCloudError when a server runs on the data directory, or a database cannot be rewritten.
    """
    data_dir = data_dir.absolute()
    databases = _databases(data_dir)
    if not databases:
        raise LocalCloudError(f"{data_dir} is no data directory: there is no database in it")
    with DataDir(data_dir):
        for path in databases:
            before = _size(path)
            try:
                with closing(sqlite3.connect(path, isolation_level=None)) as database:
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    database.execute("VACUUM")
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise LocalCloudError(f"Cannot vacuum {path}: {error}") from error
            yield path.name, before, _size(path)


def _databases(data_dir: Path) -> list[Path]:
    """Return the databases in the order in which they are copied: who calls others first, objects last."""
    order = {"stepfunctions.db": 0, "jobs.db": 1, "s3.db": 3}
    return sorted(data_dir.glob("*.db"), key=lambda path: (order.get(path.name, 2), path.name))


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)


def _copy_objects(data_dir: Path, target: Path) -> None:
    """Copy the objects and their index, so that each content that the index names is there.

    While the index is copied nobody can change it, so what it names stays; writers wait. Most contents are linked
    before that.
    """
    contents = Path("s3", "content")
    _link_contents(data_dir / contents, target / contents)
    with closing(sqlite3.connect(data_dir / "s3.db", isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        _copy_database(data_dir / "s3.db", target / "s3.db")
        for (name,) in held.execute("SELECT content FROM objects UNION SELECT content FROM parts"):
            place = contents / name[-2:] / name
            if not (target / place).exists():
                (target / place).parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(data_dir / place, target / place)
        held.execute("ROLLBACK")


def _link_contents(source: Path, target: Path) -> None:
    for shard in sorted(source.iterdir()) if source.exists() else ():
        (target / shard.name).mkdir(parents=True, exist_ok=True)
        for name in os.listdir(shard):
            goal = target / shard.name / name
            if not goal.exists():
                try:
                    link_or_copy(shard / name, goal)
                except FileNotFoundError:  # removed meanwhile
                    continue


def _copy_files(data_dir: Path, target: Path) -> None:
    """Copy what is no database and no object: code of functions, images, folders of jobs.

    The record of a job's process (``jobs/KIND/KEY/ATTEMPT/process.json``) stays behind: the process works for the data
    directory, and a server on the copy must neither wait for it nor end it. It starts the job in a new attempt.
    """
    for folder, folders, names in os.walk(data_dir):
        inside = Path(folder).relative_to(data_dir)
        folders[:] = [name for name in folders if name not in _TRANSIENT and inside / name != Path("s3/content")]
        (target / inside).mkdir(parents=True, exist_ok=True)
        for name in names:
            source = Path(folder, name)
            if name in _TRANSIENT or name.endswith((".db", ".db-wal", ".db-shm")):
                continue
            if name == "process.json" and len(inside.parts) == 4 and inside.parts[0] == "jobs":
                continue
            try:
                if source.is_file() or source.is_symlink():  # no socket of a job
                    shutil.copy2(source, target / inside / name, follow_symlinks=False)
            except FileNotFoundError:  # removed meanwhile
                continue
