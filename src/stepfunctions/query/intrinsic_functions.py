"""The 18 intrinsic functions: what each makes of its arguments, and its limits.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html

Where the guide is silent, or the service does something else, the answers are those that people have recorded from
it: fractions are cut off except in States.MathAdd, States.ArrayContains compares texts, States.ArrayUnique gives the
order of a set in Java, Base64 is read leniently.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType
from typing import NoReturn, TypeAlias

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.query.java import hash_ordered
from stepfunctions.query.values import frozen, is_number, java_text

MAX_RANGE = 1_000
"""Most items of States.ArrayRange."""
MAX_CHARACTERS = 10_000
"""Longest text of States.Base64Encode, Base64Decode and Hash."""
MAX_ARRAY_BYTES = 262_144
"""Largest array of States.ArrayPartition and ArrayContains, as UTF-8 JSON."""
INTEGERS = range(-2_147_483_648, 2_147_483_648)
"""The integers of States.MathAdd and MathRandom."""


class IntrinsicError(ValueError):
    """A function cannot work with its arguments; the text says which and why."""


Chance: TypeAlias = Callable[[], random.Random]


@dataclass(frozen=True, slots=True)
class Function:
    """An intrinsic function: how many arguments it takes (``most`` None: any number) and what it does."""

    fewest: int
    most: int | None
    call: Callable[[Sequence[JSON], Chance], JSON]


def _array(value: JSON, which: str) -> list[JSON]:
    if isinstance(value, list):
        return value
    raise IntrinsicError(f"The {which} argument must be an array but is {_shown(value)}")


def _string(value: JSON, which: str, longest: int | None = None) -> str:
    if not isinstance(value, str):
        raise IntrinsicError(f"The {which} argument must be a string but is {_shown(value)}")
    if longest is not None and len(value) > longest:
        raise IntrinsicError(f"The {which} argument has {len(value)} characters; {longest} are allowed")
    return value


def _number(value: JSON, which: str) -> float:
    if not is_number(value) or not math.isfinite(value):
        raise IntrinsicError(f"The {which} argument must be a number but is {_shown(value)}")
    return value  # type: ignore[no-any-return]


def _integer(value: JSON, which: str) -> int:
    """An integer of 32 bits; a fraction is cut off."""
    return _bounded(int(_number(value, which)), f"The {which} argument")


def _bounded(number: int, what: str) -> int:
    if number not in INTEGERS:
        raise IntrinsicError(f"{what} must be between {INTEGERS[0]} and {INTEGERS[-1]} but is {number}")
    return number


def _rounded(value: JSON, which: str) -> int:
    """An integer of 32 bits; a fraction is rounded to the nearest, halves up, as Java's Math.round does."""
    number = _number(value, which)
    below = math.floor(number)
    return _bounded(below + 1 if number - below >= 0.5 else below, f"The {which} argument")


def _small(array: list[JSON]) -> list[JSON]:
    size = len(dumps(array).encode())
    if size > MAX_ARRAY_BYTES:
        raise IntrinsicError(f"The first argument has {size} bytes; {MAX_ARRAY_BYTES} are allowed")
    return array


def _shown(value: JSON) -> str:
    text = dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _array_partition(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    array, size = _small(_array(arguments[0], "first")), _integer(arguments[1], "second")
    if size <= 0:
        raise IntrinsicError(f"The second argument must be a positive integer but is {size}")
    return [array[start : start + size] for start in range(0, len(array), size)]


def _array_contains(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    wanted = _plain_text(arguments[1])
    return any(_plain_text(item) == wanted for item in _small(_array(arguments[0], "first")))


def _plain_text(value: JSON) -> str:
    return value if isinstance(value, str) else dumps(value)


def _array_range(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    first, last, step = map(_integer, arguments, ("first", "second", "third"))
    if step == 0:
        raise IntrinsicError("The third argument, the step, must not be 0")
    items = range(first, last + (1 if step > 0 else -1), step)
    if len(items) > MAX_RANGE:
        raise IntrinsicError(f"The range would have {len(items)} items; {MAX_RANGE} are allowed")
    return list(items)


def _array_get_item(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    array, index = _array(arguments[0], "first"), _integer(arguments[1], "second")
    if not array:
        return None  # recorded
    if not 0 <= index < len(array):
        raise IntrinsicError(f"The index {index} is outside of the array, which has {len(array)} items")
    return array[index]


def _array_unique(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    unique: dict[Hashable, JSON] = {}
    for item in _array(arguments[0], "first"):
        unique.setdefault(frozen(item), item)
    return hash_ordered(unique.values())


def _base64_encode(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    return base64.b64encode(_utf8(_string(arguments[0], "first", MAX_CHARACTERS))).decode("ascii")


def _base64_decode(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    """Other characters are skipped, padding may be left out, and what follows it is ignored."""
    text = _string(arguments[0], "first", MAX_CHARACTERS).partition("=")[0]
    digits = _NO_BASE64.sub("", text.translate(_URL_SAFE))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(digits + "===").decode("utf-8", "replace")


_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_URL_SAFE = str.maketrans("-_", "+/")


HASHES: Mapping[str, str] = MappingProxyType(
    {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
)


def _hash(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    text = _string(_plain_text(arguments[0]), "first", MAX_CHARACTERS)
    algorithm = _string(arguments[1], "second")
    if algorithm not in HASHES:
        raise IntrinsicError(f"The second argument must be one of {', '.join(HASHES)} but is {_shown(algorithm)}")
    return digest(text, algorithm)


def digest(text: str, algorithm: str) -> str:
    """Return the hexadecimal hash of a text by an algorithm of HASHES."""
    return hashlib.new(HASHES[algorithm], _utf8(text), usedforsecurity=False).hexdigest()


def _utf8(text: str) -> bytes:
    # Java writes '?' for half of a surrogate pair.
    return text.encode("utf-8", "replace")


def _json_merge(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    first, second, deep = arguments
    if deep is True:
        raise IntrinsicError("The third argument must be false: only shallow merging is supported")
    for value, which in ((first, "first"), (second, "second")):
        if not isinstance(value, dict):
            raise IntrinsicError(f"The {which} argument must be an object but is {_shown(value)}")
    return {**first, **second}


def _string_to_json(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    text = _string(arguments[0], "first")
    if not text.strip():
        return None  # recorded: an empty or blank text gives null
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise IntrinsicError(f"The first argument is not valid JSON: {_shown(text)}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _math_random(arguments: Sequence[JSON], chance: Chance) -> JSON:
    start, end = _integer(arguments[0], "first"), _integer(arguments[1], "second")
    if start >= end:
        raise IntrinsicError(f"The first argument, {start}, must be smaller than the second, {end}")
    source = random.Random(_integer(arguments[2], "third")) if len(arguments) == 3 else chance()
    return source.randrange(start, end)


def _math_add(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    return _bounded(_rounded(arguments[0], "first") + _rounded(arguments[1], "second"), "The sum")


def _string_split(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    """Every character of the second argument separates; empty pieces are left out (recorded)."""
    text, separators = _string(arguments[0], "first"), _string(arguments[1], "second")
    return ["".join(piece) for separates, piece in groupby(text, separators.__contains__) if not separates]


def _uuid(_arguments: Sequence[JSON], chance: Chance) -> JSON:
    return str(uuid.UUID(int=chance().getrandbits(128), version=4))


def _format(arguments: Sequence[JSON], _chance: Chance) -> JSON:
    return fill(split_template(_string(arguments[0], "first")), arguments[1:])


@lru_cache(maxsize=64)  # it is nearly always written in the definition
def split_template(template: str) -> list[str]:
    r"""Return the texts between the ``{}`` of a template; ``\{``, ``\}``, ``\'`` and ``\\`` lose their backslash.

    Raises IntrinsicError for any other brace.
    """
    pieces, position = [""], 0
    for mark in _MARK.finditer(template):
        pieces[-1] += template[position : mark.start()]
        position = mark.end()
        if mark[0] == "{}":
            pieces.append("")
        elif mark[1]:
            pieces[-1] += mark[1]
        else:
            raise IntrinsicError(f"The template has a {mark[0]} that is no placeholder: write \\{mark[0]}")
    pieces[-1] += template[position:]
    return pieces


_MARK = re.compile(r"\\([{}'\\])|\{\}|[{}]")


def fill(pieces: Sequence[str], values: Sequence[JSON]) -> str:
    """Put values between the pieces of a template, as AWS writes them."""
    if len(pieces) - 1 != len(values):
        raise IntrinsicError(f"The template has {len(pieces) - 1} placeholders but {len(values)} values were given")
    filled = pieces[0]
    for index, value in enumerate(values):
        filled += (value if isinstance(value, str) else java_text(value)) + pieces[index + 1]
    return filled


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "States.Array": Function(0, None, lambda arguments, _chance: list(arguments)),
        "States.ArrayPartition": Function(2, 2, _array_partition),
        "States.ArrayContains": Function(2, 2, _array_contains),
        "States.ArrayRange": Function(3, 3, _array_range),
        "States.ArrayGetItem": Function(2, 2, _array_get_item),
        "States.ArrayLength": Function(1, 1, lambda arguments, _chance: len(_array(arguments[0], "first"))),
        "States.ArrayUnique": Function(1, 1, _array_unique),
        "States.Base64Encode": Function(1, 1, _base64_encode),
        "States.Base64Decode": Function(1, 1, _base64_decode),
        "States.Hash": Function(2, 2, _hash),
        "States.JsonMerge": Function(3, 3, _json_merge),
        "States.StringToJson": Function(1, 1, _string_to_json),
        "States.JsonToString": Function(1, 1, lambda arguments, _chance: dumps(arguments[0])),
        "States.MathRandom": Function(2, 3, _math_random),
        "States.MathAdd": Function(2, 2, _math_add),
        "States.StringSplit": Function(2, 2, _string_split),
        "States.UUID": Function(0, 0, _uuid),
        "States.Format": Function(1, None, _format),
    }
)
"""Name of an intrinsic function -> the function."""
