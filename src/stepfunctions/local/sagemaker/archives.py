"""The .tar.gz files of SageMaker: models, outputs and code."""

from __future__ import annotations

import gzip
import lzma
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

# Artefacts are written once and read here: time matters more than size.
_LEVEL = 1


class BadArchive(Exception):
    """An archive cannot be unpacked; the text says why."""


def pack(folder: Path, archive: Path) -> None:
    """Write a folder's content as .tar.gz. The same files give the same bytes: sorted, without times or owners."""
    with (
        open(archive, "wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def unpack(archive: BinaryIO, into: Path) -> None:
    """Unpack an opened .tar.gz (or .tar) into a folder.

    Raises :class:`BadArchive` for a file that is none, for a member that would leave the folder or is neither file,
    folder nor a link inside it, and for more content than the disk has room for; then nothing of it counts.
    """
    into.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(into).free
    try:
        with tarfile.open(fileobj=archive, mode="r:*") as tar:
            for member in tar:
                room -= member.size  # the sizes of a tar file are true: its content is as long as they say
                if room < 0:
                    raise BadArchive("its content is larger than the free space of the disk")
                _unpack_member(tar, member, into)
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise BadArchive(f"it is not a readable tar.gz archive: {why}") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    _check_inside(member.name, member.name)
    target = into / member.name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if member.issym():
        _check_inside(member.linkname, member.name)
        target.symlink_to(member.linkname)
    elif member.isfile() or member.islnk():
        if member.islnk():
            _check_inside(member.linkname, member.name)
        source = tar.extractfile(member)
        if source is None:
            raise BadArchive(f"its member '{member.name}' has no content")
        with source, open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)
    else:
        raise BadArchive(f"its member '{member.name}' is neither a file, a folder nor a link")


def _check_inside(path: str, member: str) -> None:
    """Refuse names that lead elsewhere. Without ``..`` in any name or link, nothing can."""
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise BadArchive(f"its member '{member}' would be written outside the folder")
