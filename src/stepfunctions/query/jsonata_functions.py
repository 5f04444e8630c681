"""The functions that Step Functions adds to JSONata, with their limits.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn

Where the guide is silent, the answers are those that people have recorded from the service: numbers are cut off
towards zero, ``$partition`` and ``$range`` without a result give nothing, ``$random(seed)`` is Java's generator.
"""

from __future__ import annotations

import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from stepfunctions.asl.document import JSON
from stepfunctions.query.intrinsic_functions import HASHES, digest

MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
"""What the service says of an expression that makes too much."""

MAX_RANGE = 360_145
"""Most items of ``$range``."""


class FunctionFailed(Exception):
    """A function cannot work with its arguments; ``code`` is JSONata's, empty where it has none for this."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def partition(array: JSON, size: float | None = None) -> JSON:
    """Cut an array into arrays of ``size`` items; the last one may have fewer."""
    if array is None or array == []:
        return None
    items = array if isinstance(array, list) else [array]
    length = len(items) if size is None else int(size)
    if length < 0:
        raise FunctionFailed("D3137", "Second argument must be zero or greater")
    return [items[start : start + length] for start in range(0, len(items), length)] if length else None


def number_range(first: float | None, last: float | None, step: float | None = None) -> JSON:
    """Return the numbers from ``first`` to ``last``, both inclusive. A single one is no array, as in any sequence."""
    if first is None or last is None or step is None or not int(step):
        return None
    start, stop, delta = int(first), int(last), int(step)
    numbers = range(start, stop + (1 if delta > 0 else -1), delta)
    if not numbers:
        return None
    if (stop - start) // delta >= MAX_RANGE:
        raise FunctionFailed("", MEMORY)
    return start if len(numbers) == 1 else list(numbers)


def hexdigest(text: str | None, algorithm: str | None = None) -> str | None:
    """Return the hexadecimal hash of a text."""
    if text is None or algorithm is None:
        return None
    if algorithm not in HASHES:
        raise FunctionFailed("D3137", f"Second argument must be one of {', '.join(HASHES)}")
    return digest(text, algorithm)


def parse(text: str | None = None) -> JSON:
    """Return the value of a JSON text."""
    if text is None:
        return None
    try:
        text = _QUOTED.sub(_in_double_quotes, text)
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise FunctionFailed("D3137", "Invalid JSON") from None
    # A function's None is JSONata's undefined; what is no JSON number arrives as null.
    return math.nan if value is None else value


def _members(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'((?:\\.|[^\'\\])*)\'', re.DOTALL)


def _in_double_quotes(found: re.Match[str]) -> str:
    """The service takes texts in single quotes too (recorded)."""
    inner = found[1]
    return found[0] if inner is None else f'"{_BARE.sub(_escaped, inner)}"'


_BARE = re.compile(r"\\'|\\.|\"", re.DOTALL)


def _escaped(found: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(found[0], found[0])


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


REGISTERED: Mapping[str, tuple[Callable[..., Any], str]] = MappingProxyType(
    {
        "partition": (partition, "<xn?:x>"),
        "range": (number_range, "<nnn?:x>"),
        "hash": (hexdigest, "<ss?:s>"),
        "parse": (parse, "<s?:x>"),
    }
)
"""Name -> a function of its arguments alone, and its signature. An undefined argument arrives as None."""


def _random(chance: Callable[[], random.Random], *arguments: JSON) -> float:
    _at_most(1, "random", arguments)
    if not arguments or arguments[0] is None:
        return chance().random()
    seed = arguments[0]
    if isinstance(seed, bool) or not isinstance(seed, (int, float)):
        raise _mismatch("random", 1)
    return java_random(int(seed))


def java_random(seed: int) -> float:
    """Return what Java's ``new Random(seed).nextDouble()`` gives: the service's ``$random(seed)``."""
    first = _next(seed ^ 0x5DEECE66D)
    return ((first >> 22 << 27) + (_next(first) >> 21)) / 2**53


def _next(state: int) -> int:
    return (state * 0x5DEECE66D + 0xB) % 2**48


def _uuid(chance: Callable[[], random.Random], *arguments: JSON) -> str:
    _at_most(0, "uuid", arguments)
    return str(uuid.UUID(int=chance().getrandbits(128), version=4))


def _at_most(most: int, name: str, arguments: tuple[JSON, ...]) -> None:
    if len(arguments) > most:
        raise _mismatch(name, most + 1)


def _mismatch(name: str, which: int) -> FunctionFailed:
    return FunctionFailed("T0410", f'Argument {which} of function "{name}" does not match function signature')


DRAWN: Mapping[str, Callable[..., JSON]] = MappingProxyType({"random": _random, "uuid": _uuid})
"""Name -> a function of a scope's ``chance`` and its arguments: bound for each evaluation."""
