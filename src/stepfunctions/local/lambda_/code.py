"""A function's code: zips unpacked once under the hash of their content, and local folders used in place."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stepfunctions.errors import ServiceError
from stepfunctions.runtime.durability import to_disk

LOCAL_FOLDER_BUCKET = "local-folder"
"""The S3Bucket of a function whose code is a folder of this machine; S3Key is the folder's absolute path."""

UNZIPPED_LIMIT = 262_144_000
_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
_SKIPPED = {"__pycache__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Where a function's files are. ``sha256`` is base64 as AWS shows it, ``size`` is in bytes."""

    folder: Path
    sha256: str
    size: int
    in_place: bool = False


class CodeStore:
    """Unpacked zips in ``root``, one folder a content; a folder that exists is complete (made by rename).

    ``sync``: an unpacked folder is on the disk before :meth:`add_zip` returns.
    """

    def __init__(self, root: Path, sync: bool = False) -> None:
        self._root = root
        self._sync = sync

    def folder(self, sha256: str) -> Path:
        """Return the folder of a content. It follows from the hash, so that a data directory can be moved."""
        return self._root / base64.b64decode(sha256).hex()

    def add_zip(self, source: BinaryIO) -> Code:
        """Unpack a zip and return its code; the same content again is found, not unpacked.

        Raises ServiceError InvalidParameterValueException: no zip, a name that leaves the folder,
        a link, or more than 250 MB unzipped.
        """
        digest, size = _digest(source)
        sha256 = base64.b64encode(digest).decode()
        folder = self.folder(sha256)
        if not folder.is_dir():
            self._unpack(source, folder)
        return Code(folder=folder, sha256=sha256, size=size)

    def _unpack(self, source: BinaryIO, folder: Path) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self._root))
        try:
            _extract(source, fresh)
            fresh.chmod(0o755)
            if self._sync:
                for path in (*fresh.rglob("*"), fresh):
                    to_disk(path)
            try:
                fresh.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another thread unpacked the same content first
                    raise
            for path in (self._root, *self._root.parents[:2]) if self._sync else ():
                to_disk(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def remove_unused(self, used: set[Path]) -> None:
        """Delete unpacked code that no function uses any more, and what an interrupted unpacking left."""
        if self._root.is_dir():
            for folder in self._root.iterdir():
                if folder not in used:
                    shutil.rmtree(folder, ignore_errors=True)


def folder_code(path: str) -> Code:
    """Return the code in a local folder, used in place. Raises InvalidParameterValueException."""
    folder = Path(path)
    if not folder.is_absolute() or not folder.is_dir():
        raise ServiceError(
            "InvalidParameterValueException",
            f"S3Bucket '{LOCAL_FOLDER_BUCKET}' means a folder of this machine, and S3Key its absolute path; "
            f"there is no folder '{path}'.",
        )
    digest, size = hashlib.sha256(), 0
    for name, info in _files(folder):
        size += info.st_size
        digest.update(f"{name}\0{info.st_size}\0".encode())
        with open(folder / name, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return Code(folder=folder, sha256=base64.b64encode(digest.digest()).decode(), size=size, in_place=True)


class FolderWatch:
    """Tells when files of a folder changed: :meth:`changed` is asked before each invocation.

    A look takes time that grows with the number of files, so after one that took t seconds the next comes
    20 t later at the earliest: a small folder is looked at on each call, a huge one costs at most 5 %.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next_look = 0.0
        self._seen = self._look()

    def changed(self) -> bool:
        """Return whether a file was added, removed or written since the last time this returned True."""
        if time.monotonic() < self._next_look:
            return False
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        return True

    def _look(self) -> frozenset[tuple[str, int, int, int]]:
        begun = time.monotonic()
        seen = frozenset((name, s.st_mtime_ns, s.st_size, s.st_ino) for name, s in _files(self._folder))
        ended = time.monotonic()
        self._next_look = ended + 20 * (ended - begun)
        return seen


def _files(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Return the files below a folder with their status, sorted by name; hidden ones and caches left out."""
    found: list[tuple[str, os.stat_result]] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if entry.name.startswith(".") or entry.name in _SKIPPED:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{name}/")
                    elif entry.is_file():
                        found.append((name, entry.stat()))
        except OSError:  # removed while we look: the next look sees it
            continue
    return sorted(found)


def _digest(source: BinaryIO) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    while block := source.read(1 << 20):
        digest.update(block)
        size += len(block)
    return digest.digest(), size


def _extract(source: BinaryIO, into: Path) -> None:
    source.seek(0)
    left = UNZIPPED_LIMIT
    try:
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                target = into.joinpath(*_safe_parts(entry))
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                left = _write(archive, entry, target, left)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ServiceError("InvalidParameterValueException", _UNREADABLE) from error
    except OSError as error:
        if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
            raise ServiceError(
                "InvalidParameterValueException", f"{_UNREADABLE} Two entries have the same path: {error.filename}"
            ) from error
        raise


def _safe_parts(entry: zipfile.ZipInfo) -> list[str]:
    """Return the parts of an entry's path. Raises for one that would leave the folder, and for links."""
    name = entry.filename.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or (parts and ":" in parts[0]):
        raise ServiceError(
            "InvalidParameterValueException",
            f"{_UNREADABLE} The entry '{entry.filename}' leaves the function's folder.",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ServiceError(
            "InvalidParameterValueException",
            f"{_UNREADABLE} The entry '{entry.filename}' is a symbolic link; put the file itself into the zip.",
        )
    return parts


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write one file, and return how many bytes may still follow."""
    with archive.open(entry) as content, open(target, "wb") as file:
        while block := content.read(1 << 20):
            left -= len(block)
            if left < 0:  # counted while unpacking: the sizes that a zip claims may lie
                raise ServiceError(
                    "InvalidParameterValueException",
                    f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes",
                )
            file.write(block)
    executable = (entry.external_attr >> 16) & 0o111
    target.chmod(0o755 if executable else 0o644)
    return left
