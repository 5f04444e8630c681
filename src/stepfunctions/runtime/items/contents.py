"""Contents of objects: decompressed as their names say.

``.gz`` and ``.gzip`` are GZIP, ``.zst`` and ``.zstd`` Zstandard:
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, BinaryIO, cast

from stepfunctions.runtime.items.broken import BrokenItems, reader_failed


def text_of(raw: BinaryIO, key: str) -> io.TextIOWrapper:
    """Return the text of an object, without a byte order mark; closing it closes ``raw``."""
    return io.TextIOWrapper(decompressed(raw, key), encoding="utf-8-sig", newline="")


def decompressed(raw: BinaryIO, key: str) -> BinaryIO:
    """Return the content of an object; closing it closes ``raw``."""
    if key.endswith((".gz", ".gzip")):
        return _buffered(gzip.GzipFile(fileobj=raw, mode="rb"), raw)
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
    reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    return cast("IO[bytes]", _Zstandard(reader, zstandard.ZstdError))


class _Zstandard:
    """Turns the library's own errors into one that readers know."""

    def __init__(self, reader: IO[bytes], error: type[Exception]) -> None:
        self._reader, self._error = reader, error

    def read(self, size: int = -1) -> bytes:
        try:
            return self._reader.read(size)
        except self._error as error:
            raise BrokenItems(str(error)) from error


def _buffered(source: IO[bytes], raw: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Decompressed(source, raw)))


class _Decompressed(io.RawIOBase):
    """A stream over a decompressor, which leaves the stream below it open: closing this one closes both."""

    def __init__(self, source: IO[bytes], raw: BinaryIO) -> None:
        self._source, self._raw = source, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:
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
