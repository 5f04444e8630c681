"""JSON values compared, and written as AWS writes them into texts."""

from __future__ import annotations

import math
from collections.abc import Hashable
from decimal import Decimal

from stepfunctions.asl.document import JSON


def is_number(value: JSON) -> bool:
    """Whether this is a JSON number (Python counts True as an int, JSON does not)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number_of(text: str) -> int | float:
    """Return the number that a text is: an integer of any length when it is written as one."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def frozen(value: JSON) -> Hashable:
    """Return a hashable key that is equal for equal JSON values: ``1`` is ``1.0`` but not ``true``."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, dict):
        return (dict, frozenset((key, frozen(item)) for key, item in value.items()))
    if isinstance(value, list):
        return (list, tuple([frozen(item) for item in value]))
    return value  # type: ignore[no-any-return]  # str, number or None: hashable, and equal as JSON


def same(left: JSON, right: JSON) -> bool:
    """Whether two JSON values are equal; the order of an object's fields does not matter."""
    return frozen(left) == frozen(right)


def java_text(value: JSON) -> str:
    """Return a value as Java prints it: ``{a=1, b=[x, y]}``.

    AWS formats objects and arrays like this in ``States.Format`` and in texts of its JSONPath library
    (recorded answers), so a workflow that builds strings gets the same text here.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([java_text(item) for item in value]) + "]"
    if isinstance(value, float):
        return _java_double(value)
    return str(value)


_INFINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}


def _java_double(value: float) -> str:
    """Double.toString: plain from 10^-3 up to 10^7, otherwise computerised scientific notation."""
    if value in _INFINITE:
        return _INFINITE[value]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{int(exponent) + len(rest)}"
