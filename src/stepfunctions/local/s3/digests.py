"""MD5 and the checksums of S3, computed while bytes pass by.

CRC32, SHA1 and SHA256 are always verified. CRC32C and CRC64NVME have no fast implementation in the standard
library: they are verified for contents of at most ``SLOW_LIMIT`` bytes; the value of a longer content is stored
and given back as the client sent it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from stepfunctions.local.s3.faults import S3Error, invalid_argument, invalid_request, not_implemented

SLOW_LIMIT = 1024 * 1024
"""Contents up to this many bytes are verified also with the algorithms that run in plain Python."""


@dataclass(frozen=True)
class Polynomial:
    """A reflected CRC whose start value and final XOR are all ones."""

    width: int
    value: int


CRC32 = Polynomial(32, 0xEDB88320)
CRC32C = Polynomial(32, 0x82F63B78)
CRC64NVME = Polynomial(64, 0x9A6C9329AC4BC9B5)

POLYNOMIALS = {"CRC32": CRC32, "CRC32C": CRC32C, "CRC64NVME": CRC64NVME}
LENGTHS = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""The supported algorithms and the bytes of their values."""


class Hasher(Protocol):
    """What ``hashlib``'s objects do, as far as it is needed here."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the value of the bytes so far."""


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _SlowCrc:
    def __init__(self, polynomial: Polynomial) -> None:
        self._table = _table(polynomial)
        self._bytes = polynomial.width // 8
        self._ones = (1 << polynomial.width) - 1
        self._register = self._ones

    def update(self, data: bytes | memoryview, /) -> None:
        table, register = self._table, self._register
        for byte in data:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        self._register = register

    def digest(self) -> bytes:
        return (self._register ^ self._ones).to_bytes(self._bytes, "big")


@cache
def _table(polynomial: Polynomial) -> tuple[int, ...]:
    table = []
    for register in range(256):
        for _ in range(8):
            register = (register >> 1) ^ (polynomial.value if register & 1 else 0)
        table.append(register)
    return tuple(table)


def combine(polynomial: Polynomial, first: int, second: int, second_length: int) -> int:
    """Return the CRC of two contents joined, from the CRC of each and the length of the second in bytes."""
    # Appending one zero bit is a linear map of the register; the map is squared for each bit of the length.
    width = polynomial.width
    matrix = [polynomial.value] + [1 << bit for bit in range(width - 1)]
    length = second_length * 8
    while length:
        if length & 1:
            first = _times(matrix, first)
        matrix = [_times(matrix, column) for column in matrix]
        length >>= 1
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    result, index = 0, 0
    while vector:
        if vector & 1:
            result ^= matrix[index]
        vector >>= 1
        index += 1
    return result


_FAST: dict[str, Callable[[], Hasher]] = {
    "CRC32": _Crc32,
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}


@dataclass(frozen=True)
class Measured:
    """What was found while a content passed by: size in bytes, MD5, and base64 checksums by algorithm.

    A checksum is missing when it was asked for but not computed (see ``SLOW_LIMIT``).
    """

    size: int
    md5: bytes
    checksums: Mapping[str, str] = field(default_factory=dict)


class Meter:
    """Measures a content chunk by chunk: size, MD5 and the checksums asked for."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._hashers: dict[str, Hasher] = {}
        self._slow: dict[str, Hasher] = {}
        for algorithm in algorithms:
            if algorithm in _FAST:
                self._hashers[algorithm] = _FAST[algorithm]()
            else:
                self._slow[algorithm] = _SlowCrc(POLYNOMIALS[algorithm])

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes."""
        self._size += len(data)
        self._md5.update(data)
        for hasher in self._hashers.values():
            hasher.update(data)
        if self._slow and self._size > SLOW_LIMIT:
            self._slow.clear()
        for hasher in self._slow.values():
            hasher.update(data)

    def finish(self) -> Measured:
        """Return what was measured."""
        hashers = {**self._hashers, **self._slow}
        checksums = {name: base64.b64encode(hasher.digest()).decode() for name, hasher in hashers.items()}
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
    polynomial = POLYNOMIALS.get(algorithm)
    if polynomial is None:
        raise invalid_argument(
            f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    whole = 0
    for value, size in parts:
        whole = combine(polynomial, whole, int.from_bytes(decode_checksum(algorithm, value), "big"), size)
    return base64.b64encode(whole.to_bytes(polynomial.width // 8, "big")).decode()
