"""How much survives which accident."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path


class Durability(str, Enum):
    """What is safe once a call was answered."""

    FULL = "full"
    """On the disk: it survives a power cut. Each group of commits waits for one fsync."""
    NORMAL = "normal"
    """With the operating system: it survives a killed process. A power cut may take the last transactions."""
    MEMORY = "memory"
    """State machines, executions and activities are in memory only: gone when the process ends. For tests."""

    @property
    def synchronous(self) -> str:
        """SQLite's ``PRAGMA synchronous``: https://www.sqlite.org/pragma.html#pragma_synchronous."""
        return {Durability.FULL: "FULL", Durability.NORMAL: "NORMAL", Durability.MEMORY: "OFF"}[self]


def to_disk(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
