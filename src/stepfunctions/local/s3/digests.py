"""MD5 and the checksums of S3, computed while bytes pass by; all of them are verified.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Protocol

from stepfunctions.local.s3.faults import S3Error, invalid_argument, invalid_request, not_implemented

CRCS = {"CRC32": "CRC32", "CRC32C": "CRC32C", "CRC64NVME": "CRC64-NVME"}
"""The algorithms that can be combined from those of parts, with the names that anycrc has for them."""
LENGTHS = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""The supported algorithms and the bytes of their values."""


class Hasher(Protocol):
    """What ``hashlib``'s objects do, as far as it is needed here."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the value of the bytes so far."""


class _Crc:
    """A CRC, computed many times faster than zlib does."""

    def __init__(self, algorithm: str) -> None:
        self._model = _model(algorithm)
        self._value = 0
        self._length = LENGTHS[algorithm]

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = self._model.calc(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._length, "big")


@cache
def _model(algorithm: str) -> Any:
    import anycrc

    return anycrc.Model(CRCS[algorithm])


_HASHERS: dict[str, Callable[[], Hasher]] = {
    **{algorithm: partial(_Crc, algorithm) for algorithm in CRCS},
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}


@dataclass(frozen=True)
class Measured:
    """What was found while a content passed by: size in bytes, MD5, and base64 checksums by algorithm."""

    size: int
    md5: bytes
    checksums: Mapping[str, str] = field(default_factory=dict)


class Meter:
    """Measures a content chunk by chunk: size, MD5 and the checksums asked for."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._hashers = {algorithm: _HASHERS[algorithm]() for algorithm in algorithms}

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes."""
        self._size += len(data)
        self._md5.update(data)
        for hasher in self._hashers.values():
            hasher.update(data)

    def finish(self) -> Measured:
        """Return what was measured."""
        checksums = {name: base64.b64encode(hasher.digest()).decode() for name, hasher in self._hashers.items()}
        return Measured(self._size, self._md5.digest(), checksums)


def algorithm_of(name: str) -> str:
    """Return the algorithm in upper case; raises NotImplemented with the supported ones for any other."""
    algorithm = name.upper()
    if algorithm not in LENGTHS:
        raise not_implemented(f"The checksum algorithm {name}", f"Use one of {', '.join(LENGTHS)}.")
    return algorithm


def verify_md5(expected: str | None, measured: Measured) -> None:
    """Check a Content-MD5 header; raises InvalidDigest (not base64 of 16 bytes) or BadDigest."""
    if expected is None:
        return
    try:
        wanted = base64.b64decode(expected, validate=True)
    except binascii.Error:
        wanted = b""
    if len(wanted) != 16:
        raise S3Error("InvalidDigest", "The Content-MD5 you specified is not valid.", 400, {"Content-MD5": expected})
    if wanted != measured.md5:
        raise S3Error(
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
            400,
            {"ExpectedDigest": expected, "CalculatedDigest": base64.b64encode(measured.md5).decode()},
        )


def verify_checksums(expected: Mapping[str, str], measured: Measured) -> None:
    """Check the checksums a client sent; raises InvalidRequest (malformed) or BadDigest."""
    for algorithm, value in expected.items():
        decode_checksum(algorithm, value)
        found = measured.checksums.get(algorithm)
        if found is not None and found != value:
            raise S3Error(
                "BadDigest",
                f"The {algorithm} you specified did not match the calculated checksum.",
                400,
                {"ExpectedDigest": value, "CalculatedDigest": found},
            )


def decode_checksum(algorithm: str, value: str) -> bytes:
    """Return the bytes of a base64 checksum; raises InvalidRequest when it is not one of this algorithm."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != LENGTHS[algorithm]:
        raise invalid_request(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
    return raw


def composite(algorithm: str, parts: Iterable[str]) -> str:
    """Return the checksum of checksums of a multipart object: base64 and ``-`` and the number of parts."""
    raw = [decode_checksum(algorithm, part) for part in parts]
    meter = Meter([algorithm])
    meter.update(b"".join(raw))
    return f"{meter.finish().checksums[algorithm]}-{len(raw)}"


def full_object(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    """Return the CRC of the whole object from the (checksum, size) of its parts in order."""
    if algorithm not in CRCS:
        raise invalid_argument(
            f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    whole, model = 0, _model(algorithm)
    for value, size in parts:
        whole = model.combine(whole, int.from_bytes(decode_checksum(algorithm, value), "big"), size)
    return base64.b64encode(whole.to_bytes(LENGTHS[algorithm], "big")).decode()
