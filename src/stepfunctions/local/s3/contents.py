"""The files that hold the bytes of objects and parts, under names that say nothing of bucket or key.

A content is immutable: it is written under ``incoming/``, renamed into ``content/`` and only then named by a row
of the index. So a crash leaves at most files that no row names, and :meth:`Contents.sweep` removes those.
Keys never become file names, so no key can leave the folder.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from stepfunctions.local.s3.digests import Measured, Meter
from stepfunctions.local.s3.faults import S3Error
from stepfunctions.runtime.durability import to_disk

BLOCK = 1024 * 1024
_SHARDS = 256
_READ_ONLY = 0o444


@dataclass(eq=False)
class Staged:
    """A complete file under ``incoming/`` with what was measured of it; used once, or discarded."""

    path: Path
    measured: Measured

    def discard(self) -> None:
        """Remove the file if nothing took it."""
        self.path.unlink(missing_ok=True)


@dataclass(eq=False)
class Staging:
    """A file being written. End with :meth:`finish` or :meth:`discard`.

    One thread may :meth:`store` pieces while another measures (:meth:`measure`) the same ones; never two of a kind.
    """

    path: Path
    meter: Meter
    sync: bool = False
    _file: BinaryIO = field(init=False)

    def __post_init__(self) -> None:
        self._file = open(self.path, "xb", buffering=0)  # noqa: SIM115 - closed by finish or discard

    def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Append these pieces and measure them."""
        for piece in pieces:
            self.measure([piece])
            self.store([piece])

    def store(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Append these pieces without measuring them."""
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[self._file.write(view) :]

    def measure(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Measure these pieces without appending them."""
        for piece in pieces:
            self.meter.update(piece)

    def finish(self) -> Staged:
        """Close the file, on the disk if it is to be synced, and return it."""
        if self.sync:
            os.fsync(self._file.fileno())
        self._file.close()
        return Staged(self.path, self.meter.finish())

    def discard(self) -> None:
        """Close and remove the file. Harmless after :meth:`finish` and twice."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Contents:
    """The content files of one data folder. Thread-safe. Only one process may own a folder at a time.

    ``sync``: a content and its name are on the disk before :meth:`adopt`, :meth:`duplicate` and :meth:`join` return.
    """

    def __init__(self, folder: Path, sync: bool = False) -> None:
        self._sync = sync
        self._incoming = folder / "incoming"
        self._content = folder / "content"
        self._session = secrets.token_hex(6)
        self._numbers = itertools.count()
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a killed process was still receiving
        for made in (self._incoming, *(self._content / f"{shard:02x}" for shard in range(_SHARDS))):
            made.mkdir(parents=True, exist_ok=True)
        for path in (self._content, folder, folder.parent) if sync else ():
            to_disk(path)

    def stage(self, algorithms: Iterable[str] = ()) -> Staging:
        """Begin a new file, measured with these checksum algorithms besides MD5."""
        return Staging(self._incoming / self._new_name(), Meter(algorithms), self._sync)

    def stage_file(self, source: Path, *, move: bool, algorithms: Iterable[str] = ()) -> Staged:
        """Take a file of this machine: moved where that is safe, else copied; ``move`` removes the source.

        A source with several hard links is copied, so that no other name can change the content.
        """
        status = source.lstat()
        movable = move and stat.S_ISREG(status.st_mode) and status.st_nlink == 1
        if movable:
            taken = self._incoming / self._new_name()
            try:
                os.rename(source, taken)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EACCES):
                    raise
            else:
                with open(taken, "rb", buffering=0) as file:
                    if self._sync:
                        os.fsync(file.fileno())
                    return Staged(taken, measure(file, algorithms))
        staging = self.stage(algorithms)
        try:
            with open(source, "rb", buffering=0) as file:
                staging.write(_blocks(file))
            staged = staging.finish()
        except BaseException:
            staging.discard()
            raise
        if move:
            source.unlink()
        return staged

    def adopt(self, staged: Staged) -> str:
        """Put a staged file into its place for good and return its content id."""
        content = self._new_name()
        os.chmod(staged.path, _READ_ONLY)
        os.rename(staged.path, self.path(content))
        self._sync_folder(content)
        return content

    def _sync_folder(self, content: str) -> None:
        """Put the name of a content on the disk."""
        if self._sync:
            to_disk(self.path(content).parent)

    def path(self, content: str) -> Path:
        """Return where a content is. The file may be read and linked, never written."""
        return self._content / content[-2:] / content

    def open(self, content: str) -> BinaryIO:
        """Open a content for reading; raises FileNotFoundError.

        A file that is no plain file any more, because somebody put a link in its place, is refused: what it links
        to is not the object.
        """
        try:
            number = os.open(self.path(content), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _replaced(self.path(content)) from None
            raise
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise _replaced(self.path(content))
        return open(number, "rb")

    def duplicate(self, content: str) -> str:
        """Give a content a second id without copying its bytes where the file system can; raises FileNotFoundError."""
        copy = self._new_name()
        link_or_copy(self.path(content), self.path(copy))
        self._sync_folder(copy)
        return copy

    def join(self, contents: Sequence[str]) -> str:
        """Write these contents one after the other into a new one; raises FileNotFoundError."""
        if len(contents) == 1:
            return self.duplicate(contents[0])
        target = self._incoming / self._new_name()
        try:
            with open(target, "xb", buffering=0) as out:
                for content in contents:
                    with self.open(content) as part:
                        _append(part, out)
                if self._sync:
                    os.fsync(out.fileno())
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return self.adopt(Staged(target, Measured(0, b"")))

    def remove(self, contents: Iterable[str]) -> None:
        """Remove contents that no row names any more. Readers that have one open go on reading it."""
        for content in contents:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(content))

    def sweep(self, named: Callable[[Sequence[str]], set[str]]) -> int:
        """Remove the contents of earlier processes that no row names; ``named`` says which of some ids are.

        Returns how many were removed. Contents of this process are left alone: their rows may be on the way.
        """
        removed = 0
        for shard in self._content.iterdir():
            ids = [name for name in os.listdir(shard) if not name.startswith(self._session)]
            for start in range(0, len(ids), 500):
                batch = ids[start : start + 500]
                orphans = set(batch) - named(batch)
                self.remove(orphans)
                removed += len(orphans)
        return removed

    def _new_name(self) -> str:
        # The session is new in every process; the counter spreads files over the shards by its last digits.
        return f"{self._session}{next(self._numbers):08x}"


def _replaced(path: Path) -> S3Error:
    return S3Error("InternalError", f"The file of an object was replaced by something else: {path}", 500)


def link_or_copy(source: Path, target: Path) -> None:
    """Make ``target`` a hard link to ``source``, or a read-only copy where links are not possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(source, target)
        os.chmod(target, _READ_ONLY)


def measure(file: BinaryIO, algorithms: Iterable[str]) -> Measured:
    """Read the rest of a file and measure it."""
    meter = Meter(algorithms)
    for block in _blocks(file):
        meter.update(block)
    return meter.finish()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def _append(source: BinaryIO, target: BinaryIO) -> None:
    left = os.fstat(source.fileno()).st_size
    copy_file_range = getattr(os, "copy_file_range", None)
    while left and copy_file_range is not None:
        try:
            copied = copy_file_range(source.fileno(), target.fileno(), left)
        except OSError:  # another file system, or one that cannot: plain reads and writes do
            break
        if not copied:
            break
        left -= copied
    shutil.copyfileobj(source, target, BLOCK)
