"""What a data directory holds: remove all of it, and find its logs."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.clocks import FILE
from stepfunctions.local.datadir import CONSOLE_TOKEN, SERVER_LOG, DataDir
from stepfunctions.local.jobs import marks
from stepfunctions.local.jobs.processes import boot_id
from stepfunctions.local.jobs.watch import is_alive
from stepfunctions.local.services import SERVICES

_DATABASES = frozenset({*SERVICES, "jobs", "deliveries"})
_FOLDERS = frozenset({"endpoints", "images", "jobs", "lambda", "s3"})
_OF_SERVERS = frozenset({".gitignore", CONSOLE_TOKEN, "server.json", "server.json.new", "server.lock"})
_FILES = _OF_SERVERS | {FILE, SERVER_LOG, f"{SERVER_LOG}.1"}


def reset(data_dir: Path) -> list[str]:
    """Remove what the local cloud keeps in a data directory, but for its images; returns the names, sorted.

    Jobs that still run are killed first.

    Raises LocalCloudError while a server runs on it, and, before anything is removed, when there is no data directory
    or anything in it is not the local cloud's.
    """
    if not data_dir.is_dir():
        raise LocalCloudError(f"There is no data directory {data_dir}: name it with --data-dir")
    names = {entry.name for entry in data_dir.iterdir()}
    foreign = sorted(name for name in names if not _is_ours(data_dir / name))
    if foreign or "server.lock" not in names:
        what = f"'{foreign[0]}' in it is not the local cloud's" if foreign else "no local cloud ever ran on it"
        raise LocalCloudError(f"{data_dir} is left as it is: {what}. Remove what you do not need yourself.")
    with DataDir(data_dir):
        _end_jobs(data_dir)
        removed = sorted(names - _OF_SERVERS - {"images"})
        for name in removed:
            path = data_dir / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return removed


def _end_jobs(data_dir: Path) -> None:
    for path in data_dir.glob("jobs/*/*/*/process.json"):
        process = marks.read_json(path)
        if process and process["boot"] == boot_id() and process["pid"] and is_alive(process["pid"], process["start"]):
            with suppress(ProcessLookupError):
                os.killpg(process["pid"], signal.SIGKILL)


def logs(data_dir: Path) -> dict[str, list[Path]]:
    """Return the log files by name, newest last: ``server``, ``job/<kind>/<key>``, ``function/<name>``."""
    found: dict[str, list[Path]] = {}
    if (data_dir / SERVER_LOG).is_file():
        found["server"] = [data_dir / SERVER_LOG]
    for path in sorted(data_dir.glob("jobs/*/*/*/*.log")):
        kind, key = path.parts[-4:-2]
        found.setdefault(f"job/{unquote(kind)}/{unquote(key)}", []).append(path)
    for path in sorted(data_dir.glob("lambda/logs/*/*.log")):
        found.setdefault(f"function/{path.parent.name}", []).append(path)
    for files in found.values():
        files.sort(key=lambda path: path.stat().st_mtime)
    return found


def _is_ours(path: Path) -> bool:
    name = path.name.removesuffix("-wal").removesuffix("-shm")
    if name.endswith(".db"):
        return name.removesuffix(".db") in _DATABASES
    return name in _FILES or (name in _FOLDERS and path.is_dir() and not path.is_symlink())
