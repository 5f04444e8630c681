"""The order in which Java's HashSet gives its values: that of ``States.ArrayUnique`` (recorded answers).

https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/HashMap.html
"""

from __future__ import annotations

import struct
from collections.abc import Collection

from stepfunctions.asl.document import JSON

_MASK = 0xFFFF_FFFF
_INTS = range(-(2**31), 2**31)
_SMALLEST_TABLE = 16


def hash_ordered(values: Collection[JSON]) -> list[JSON]:
    """Return different JSON values in the order of a HashSet that they are put into one after the other.

    That is by their place in its table; those that share one keep the order that they have.
    """
    size = _SMALLEST_TABLE
    while len(values) > size * 3 // 4:
        size *= 2
    return sorted(values, key=lambda value: _place(value) & (size - 1))


def _place(value: JSON) -> int:
    code = hash_code(value)
    return code ^ (code >> 16)


def hash_code(value: JSON) -> int:
    """Return Java's ``hashCode`` of a JSON value, as 32 bits without a sign."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float)):
        return _number(value)
    code = 0
    if isinstance(value, list):
        code = 1
        for item in value:
            code = (31 * code + hash_code(item)) & _MASK
        return code
    for name, item in value.items():
        code += _text(name) ^ hash_code(item)
    return code & _MASK


def _text(value: str) -> int:
    units = value.encode("utf-16-be", "surrogatepass")
    code = 0
    for index in range(0, len(units), 2):
        code = (31 * code + (units[index] << 8 | units[index + 1])) & _MASK
    return code


def _number(value: float) -> int:
    if isinstance(value, int):
        return (value if value in _INTS else value ^ (value >> 32)) & _MASK
    bits: int = struct.unpack(">Q", struct.pack(">d", value))[0]
    return (bits ^ (bits >> 32)) & _MASK
