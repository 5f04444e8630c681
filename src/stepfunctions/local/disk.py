"""How much disk a data directory uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


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
