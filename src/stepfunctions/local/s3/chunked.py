"""Decoder of ``aws-chunked`` bodies: chunks with sizes, optional signatures, and trailing headers.

Signatures are read and not checked: the local cloud has no secret keys.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stepfunctions.local.s3.faults import S3Error

_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
MAX_LINE = 16 * 1024
"""A size line or trailer line longer than this is refused, so that a broken body cannot fill the memory."""


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Tell whether a request with these (lower-case) headers has an aws-chunked body."""
    encodings = headers.get("content-encoding", "").split(",")
    return headers.get("x-amz-content-sha256", "").startswith("STREAMING-") or any(
        encoding.strip() == "aws-chunked" for encoding in encodings
    )


class ChunkedDecoder:
    """Decodes a body given in any pieces. ``trailers`` (lower-case names) is complete once ``done``."""

    def __init__(self) -> None:
        self.trailers: dict[str, str] = {}
        self.done = False
        self._line = bytearray()
        self._left = 0  # bytes of the present chunk's data still to come
        self._state = self._size_line

    def feed(self, data: bytes) -> list[memoryview]:
        """Return the decoded bytes of this piece as views into it; raises InvalidChunkFormat."""
        out: list[memoryview] = []
        view, position = memoryview(data), 0
        while position < len(data):
            if self.done:
                raise _malformed("there is data after the last chunk")
            if self._left:
                end = min(len(data), position + self._left)
                out.append(view[position:end])
                self._left -= end - position
                position = end
                continue
            position = self._take_line(data, position)
        return out

    def finish(self) -> None:
        """Check that the body is complete; raises IncompleteBody."""
        # Some clients end an unsigned body without the empty line behind the last chunk.
        ended = self.done or (self._state == self._trailer_line and not self._line)
        if not ended:
            raise S3Error("IncompleteBody", "The request body terminated unexpectedly")
        self.done = True

    def _take_line(self, data: bytes, position: int) -> int:
        newline = data.find(b"\n", position)
        end = len(data) if newline < 0 else newline + 1
        self._line += data[position:end]
        if len(self._line) > MAX_LINE:
            raise _malformed("a line is too long")
        if newline >= 0:
            if not self._line.endswith(b"\r\n"):
                raise _malformed("a line does not end in CR LF")
            line = bytes(self._line[:-2])
            self._line.clear()
            self._state(line)
        return end

    def _size_line(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise _malformed(f"{line[:40]!r} is not a chunk size")
        self._left = int(size[1], 16)
        self._state = self._data_end if self._left else self._trailer_line

    def _data_end(self, line: bytes) -> None:
        if line:
            raise _malformed("a chunk is longer than its size")
        self._state = self._size_line

    def _trailer_line(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        name, colon, value = line.partition(b":")
        if not colon:
            raise _malformed(f"{line[:40]!r} is not a trailer")
        self.trailers[name.strip().decode("latin-1").lower()] = value.strip().decode("latin-1")


def _malformed(why: str) -> S3Error:
    return S3Error("InvalidChunkFormat", f"The aws-chunked body cannot be read: {why}.")
