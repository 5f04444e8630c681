"""S3 as Distributed Maps need it: where item files are read from, and results are written to."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from stepfunctions.asl.document import dumps
from stepfunctions.errors import ServiceError


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """An object of a listing. ``size`` in bytes, ``etag`` without quotes, ``modified`` in epoch seconds."""

    key: str
    size: int
    etag: str
    modified: float


class Upload(Protocol):
    """An object being written. Nobody sees it before ``finish``."""

    def write(self, data: bytes) -> None:
        """Append."""

    def finish(self) -> None:
        """Store the object; raises ServiceError (NoSuchBucket, AccessDenied) when it cannot be."""

    def discard(self) -> None:
        """Forget what was written. Harmless after ``finish`` and twice."""


class ObjectStore(Protocol):
    """Objects in buckets. Every method raises ServiceError (NoSuchBucket, NoSuchKey, AccessDenied) where it fails."""

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        """Return the content of an object, or of one version of it, as a stream that can seek; the caller closes it."""

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        """Yield the objects with this prefix in order of their keys, a few at a time."""

    def create(self, bucket: str, key: str) -> Upload:
        """Begin to write an object."""


class MemoryObjects:
    """Objects in memory. Those of ``given`` have the names ``s3://bucket/key``; a bucket is there when an object is.

    ``given`` is read whenever an object is, and never changed; what is written hides an object of the same name.
    """

    def __init__(self, given: Mapping[str, Any] | None = None, now: Callable[[], float] = time.time) -> None:
        self._given = {} if given is None else given
        self._written: dict[str, tuple[bytes, float]] = {}
        self._now = now
        self._began = now()

    def put(self, bucket: str, key: str, content: Any) -> None:
        """Write an object: bytes as they are, text in UTF-8, any other value as JSON."""
        self._written[f"s3://{bucket}/{key}"] = _bytes(content), self._now()

    def get(self, bucket: str, key: str) -> bytes:
        """Return the content of an object; raises ServiceError (NoSuchKey) when it is not there."""
        name = f"s3://{bucket}/{key}"
        if name in self._written:
            return self._written[name][0]
        if name not in self._given:
            raise ServiceError("NoSuchKey", f"there is no mock for it; give one as mocks={{'{name}': ...}}", 404)
        return _bytes(self._given[name])

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys with this prefix, sorted; none when the bucket is not there."""
        start = f"s3://{bucket}/"
        names = {name for names in (self._given, self._written) for name in names if name.startswith(start + prefix)}
        return sorted(name.removeprefix(start) for name in names)

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        """See ObjectStore. There is one version, ``null``."""
        content = self.get(bucket, key)
        if version not in (None, "null"):
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        return io.BytesIO(content)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        """See ObjectStore."""
        if not self.keys(bucket):
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        for key in self.keys(bucket, prefix):
            content = self.get(bucket, key)
            modified = self._written.get(f"s3://{bucket}/{key}", (b"", self._began))[1]
            etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
            yield ObjectSummary(key, len(content), etag, modified)

    def create(self, bucket: str, key: str) -> Upload:
        """See ObjectStore."""
        return _MemoryUpload(self, bucket, key)


class _MemoryUpload:
    def __init__(self, objects: MemoryObjects, bucket: str, key: str) -> None:
        self._objects, self._bucket, self._key = objects, bucket, key
        self._content = bytearray()

    def write(self, data: bytes) -> None:
        self._content += data

    def finish(self) -> None:
        self._objects.put(self._bucket, self._key, bytes(self._content))

    def discard(self) -> None:
        self._content.clear()


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else dumps(content)).encode()
