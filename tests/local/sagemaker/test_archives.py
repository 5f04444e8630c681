"""Archives: packed the same way every time, and never unpacked outside their folder."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stepfunctions.local.sagemaker.archives import BadArchive, pack, unpack


def tar_of(*members: tarfile.TarInfo, content: bytes = b"x") -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def test_round_trip(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "model.bin").write_bytes(os.urandom(100_000))
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")
    pack(source, tmp_path / "a.tar.gz")
    with open(tmp_path / "a.tar.gz", "rb") as file:
        unpack(file, tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "deep" / "model.bin").read_bytes() == (source / "deep" / "model.bin").read_bytes()
    assert (out / "deep" / "empty").is_dir()
    assert os.access(out / "run.sh", os.X_OK)
    assert os.readlink(out / "link") == "run.sh"


def test_same_files_same_bytes(tmp_path: Path) -> None:
    for name, order in (("a", ("one", "two")), ("b", ("two", "one"))):
        for number, file in enumerate(order):
            (tmp_path / name / file).mkdir(parents=True)
            (tmp_path / name / file / "f").write_text(file)
            os.utime(tmp_path / name / file / "f", (number, 1000 * number))
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


ESCAPES: dict[str, Callable[[], io.BytesIO]] = {
    "parent": lambda: tar_of(member("../escaped")),
    "deep parent": lambda: tar_of(member("a/../../escaped")),
    "absolute": lambda: tar_of(member("/tmp/escaped")),
    "symbolic link": lambda: tar_of(member("out", tarfile.SYMTYPE, ".."), member("out/escaped")),
    "absolute link": lambda: tar_of(member("out", tarfile.SYMTYPE, "/"), member("out/escaped")),
    "link in two steps": lambda: tar_of(
        member("here", tarfile.SYMTYPE, "."), member("up", tarfile.SYMTYPE, "here/.."), member("up/escaped")
    ),
    "hard link": lambda: tar_of(member("in", tarfile.LNKTYPE, "../secret")),
    "device": lambda: tar_of(member("null", tarfile.CHRTYPE)),
    "pipe": lambda: tar_of(member("pipe", tarfile.FIFOTYPE)),
}


@pytest.mark.parametrize("name", ESCAPES)
def test_escapes_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(BadArchive, match="its member"):
        unpack(ESCAPES[name](), tmp_path / "into")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["into", "secret"]
    assert not Path("/tmp/escaped").exists()


def test_a_file_does_not_write_through_a_link(tmp_path: Path) -> None:
    unpack(tar_of(member("kept"), content=b"kept"), tmp_path)
    (tmp_path / "link").symlink_to("kept")
    unpack(tar_of(member("link"), content=b"new"), tmp_path)
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert (tmp_path / "link").read_bytes() == b"new"


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_no_archive(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="not a readable"):
        unpack(io.BytesIO(content), tmp_path)


def test_a_truncated_archive(tmp_path: Path) -> None:
    whole = tar_of(member("a"), content=os.urandom(100_000)).getvalue()
    with pytest.raises(BadArchive, match="not a readable"):
        unpack(io.BytesIO(whole[:50_000]), tmp_path)


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(tar_of(member("a"), content=os.urandom(100_000)).getvalue()))
    whole[1000:40_000:100] = bytes(390)
    with pytest.raises(BadArchive, match="not a readable") as caught:
        unpack(io.BytesIO(bytes(whole)), tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadArchive, match="not a readable") as caught:
        unpack(io.BytesIO(b"no archive"), tmp_path)
    assert "\n" not in str(caught.value)


def test_an_archive_larger_than_the_disk_is_refused_before_it_fills_it(tmp_path: Path) -> None:
    bomb = tarfile.TarInfo("bomb")
    bomb.size = 1 << 50
    with pytest.raises(BadArchive, match="larger than the free space"):
        unpack(io.BytesIO(bomb.tobuf() + bytes(10_240)), tmp_path)
    assert list(tmp_path.iterdir()) == []
