"""Contents of objects: decompressed as their names say.

``.gz`` and ``.gzip`` are GZIP, ``.zst`` and ``.zstd`` Zstandard:
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import IO, Any, BinaryIO, cast

from stepfunctions.runtime.items.broken import BrokenItems, reader_failed


def text_of(raw: BinaryIO, key: str) -> io.TextIOWrapper:
    """Return the text of an object, without a byte order mark; closing it closes ``raw``."""
    return io.TextIOWrapper(decompressed(raw, key), encoding="utf-8-sig", newline="")


def decompressed(raw: BinaryIO, key: str) -> BinaryIO:
    """Return the content of an object; closing it closes ``raw``."""
    if key.endswith((".gz", ".gzip")):
        return _buffered(cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")), raw)
    if key.endswith((".zst", ".zstd")):
        return _buffered(_zstandard(raw, key), raw)
    return raw


def _zstandard(raw: BinaryIO, key: str) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raw.close()
        raise reader_failed(
            f"Reading '{key}' needs the package zstandard: pip install 'stepfunctions-sdk[local]'"
        ) from None
    return cast("IO[bytes]", _Zstandard(raw, zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError))


_INPUT = 1024
"""Compressed bytes taken at once: they may be 32 MB when they are decompressed."""


class _Zstandard:
    """Frames of Zstandard, one after the other. The library's own reader does not see that a file ends too early."""

    def __init__(self, raw: BinaryIO, frame: Callable[[], Any], error: type[Exception]) -> None:
        self._raw, self._frame, self._error = raw, frame, error
        self._current: Any = None
        self._rest = b""
        self._ready = memoryview(b"")

    def read(self, size: int) -> memoryview:
        """Return at most ``size`` bytes, none at the end."""
        while not self._ready and self._more():
            pass
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def _more(self) -> bool:
        given = self._rest or self._raw.read(_INPUT)
        if not given:
            if self._current is not None:
                raise BrokenItems("the file ends within a frame")
            return False
        self._current = self._current or self._frame()
        try:
            self._ready = memoryview(self._current.decompress(given))
        except self._error as error:
            raise BrokenItems(str(error)) from error
        self._rest = self._current.unused_data
        if self._current.eof:
            self._current = None
        return True


def _buffered(source: IO[bytes], raw: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Decompressed(source, raw)))


class _Decompressed(io.RawIOBase):
    """A stream over a decompressor, which leaves the stream below it open: closing this one closes both."""

    def __init__(self, source: IO[bytes], raw: BinaryIO) -> None:
        self._source, self._raw = source, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        try:
            data = self._source.read(len(view))
        except (EOFError, zlib.error) as error:
            raise BrokenItems(str(error)) from error
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
