"""How much disk a data directory uses, and how it is kept within a budget."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stepfunctions.local.resources import shown

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 60.0


def used(data_dir: Path) -> dict[str, int]:
    """Return the bytes on the disk of each part of a data directory, and of all of it as ``total``."""
    parts: dict[str, int] = {}
    with os.scandir(data_dir) as entries:
        for entry in entries:
            name = entry.name.removesuffix("-wal").removesuffix("-shm")
            parts[name] = parts.get(name, 0) + sum(_sizes(entry))
    return {**{name: parts[name] for name in sorted(parts)}, "total": sum(parts.values())}


def size(folder: Path) -> int:
    """Return the bytes on the disk of all that is in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sum(sum(_sizes(entry)) for entry in entries)
    return 0


def _sizes(entry: os.DirEntry[str]) -> Iterator[int]:
    """Yield the size of each file; links are not followed, and what vanishes meanwhile has none."""
    with suppress(OSError):
        yield entry.stat(follow_symlinks=False).st_blocks * 512
        if entry.is_dir(follow_symlinks=False):
            with os.scandir(entry.path) as entries:
                for inner in entries:
                    yield from _sizes(inner)


class Keeper:
    """Keeps a data directory within its budget by removing what finished jobs left, those that ended first, first.

    Objects, databases, models and the logs of functions are never removed; ``job.json`` of a job stays. Sizes are
    looked at every minute.
    """

    def __init__(self, data_dir: Path, budget: int) -> None:
        self._data_dir = data_dir
        self._budget = budget
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look from now on, in a thread that keeps no process alive."""
        threading.Thread(target=self._run, name="disk", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def look(self) -> int:
        """Make room where it is needed; returns how many bytes are used then."""
        total = used(self._data_dir)["total"]
        removed = 0
        for job in self._finished() if total > self._budget else ():
            freed = sum(size(attempt) for attempt in job.iterdir() if attempt.is_dir() and not attempt.is_symlink())
            for attempt in job.iterdir():
                if attempt.is_dir() and not attempt.is_symlink():
                    shutil.rmtree(attempt, ignore_errors=True)
            total -= freed
            removed += freed > 0
            if total <= self._budget:
                break
        if removed:
            _log.warning("the folders of %d finished jobs were removed: the budget is %s", removed, shown(self._budget))
        if total > self._budget:
            _log.warning(
                "%s holds %s, more than its budget of %s, and no finished job is left to remove: remove objects",
                self._data_dir, shown(total), shown(self._budget),
            )  # fmt: skip
        return total

    def _finished(self) -> list[Path]:
        """Return the folders of jobs that have ended, the first one first."""
        ended = []
        for file in self._data_dir.glob("jobs/*/*/job.json"):
            with suppress(OSError, ValueError):
                if json.loads(file.read_bytes()).get("state") == "ENDED":
                    ended.append((file.stat().st_mtime, file.parent))
        return [folder for _, folder in sorted(ended)]

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                self.look()
            except OSError as error:
                _log.warning("the disk cannot be looked at: %s", error)
