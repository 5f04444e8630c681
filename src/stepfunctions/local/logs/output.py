"""What jobs and functions print, taken from their files into CloudWatch Logs: when somebody looks, and when a job ends.

Until then a line costs nothing but its place in a file. The time of an event is when it was taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from stepfunctions.local.logs.records import FileRow, LogTables

_LONGEST = 256 * 1024
"""Bytes of a message; what is longer becomes several."""
_PIECE = 1024 * 1024
"""Bytes that are read at once."""


class Output:
    """Follows files: each belongs to a log group and a stream. What was taken is not taken again, by no server."""

    def __init__(self, rows: LogTables, now: Callable[[], int]) -> None:
        self._rows = rows
        self._now = now
        self._lock = threading.Lock()
        for file in rows.files():
            if not Path(file.path).parent.exists():
                rows.forget_file(file.path)

    def follow(self, path: Path, owner: str, group: str, stream: str) -> None:
        """Take what is written into a file, which need not be there yet, from its beginning on."""
        self._rows.follow_file(FileRow(str(path), owner, group, stream, 0))

    def take(self, owner: str, group: str | None = None) -> None:
        """Take what was written since: into one group, or into all."""
        with self._lock:
            for file in self._rows.files(owner, group):
                self._take(file, whole=False)

    def end(self, folder: Path) -> None:
        """Take the rest of a job's output: nothing will be added to the files in its folder."""
        with self._lock:
            for file in self._rows.files(folder=str(folder)):
                self._take(file, whole=True)
                self._rows.forget_file(file.path)

    def _take(self, file: FileRow, *, whole: bool) -> None:
        try:
            with open(file.path, "rb") as opened:
                opened.seek(file.taken)
                while piece := opened.read(_PIECE):
                    last = len(piece) < _PIECE
                    end = len(piece) if whole and last else piece.rfind(b"\n") + 1
                    end = end or (0 if last and len(piece) < _LONGEST else len(piece))
                    if not end:
                        return
                    file = self._rows.take_lines(file, _messages(piece[:end]), end, self._now())
                    opened.seek(file.taken)
        except OSError:  # nothing was printed yet, or the job's folder was removed
            return


def _messages(text: bytes) -> list[str]:
    """Return the lines that are not empty, the longest ones in parts."""
    lines = [line.rstrip(b"\r") for line in text.split(b"\n")]
    parts = [line[start : start + _LONGEST] for line in lines for start in range(0, len(line), _LONGEST)]
    return [part.decode(errors="replace") for part in parts if part.strip()]
