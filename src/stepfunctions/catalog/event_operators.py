"""The comparison operators of event patterns: each makes a test of one value of an event.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Test = Callable[[Any], bool]
_LARGEST = 5_000_000_000
_COMPARE = MappingProxyType(
    {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
_IGNORE_CASE = "equals-ignore-case"


class PatternError(Exception):
    """What is wrong with a pattern, in AWS's words where they are known."""


def _text(name: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise PatternError(f"{name} match pattern must be a string")
    return operand


def _of_texts(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _affix(name: str, of: Callable[[str, str], bool]) -> Callable[[Any], Test]:
    """Return the maker of ``prefix`` or ``suffix``, whose operand may also be ``{"equals-ignore-case": text}``."""

    def make(operand: Any) -> Test:
        if isinstance(operand, dict):
            if list(operand) != [_IGNORE_CASE]:
                raise PatternError(f"Unsupported {name} pattern: {', '.join(operand) or 'empty object'}")
            lowered = _text(_IGNORE_CASE, operand[_IGNORE_CASE]).lower()
            return _of_texts(lambda value: of(value.lower(), lowered))
        text = _text(name, operand)
        return _of_texts(lambda value: of(value, text))

    return make


def _ignore_case(operand: Any) -> Test:
    lowered = _text(_IGNORE_CASE, operand).lower()
    return _of_texts(lambda value: value.lower() == lowered)


def _wildcard(operand: Any) -> Test:
    """Match pieces of text in order, each as early as it goes: no pattern takes longer than a few passes."""
    first, *rest = _pieces(_text("wildcard", operand))
    if not rest:
        return _of_texts(lambda value: value == first)
    *middle, last = rest

    def test(value: str) -> bool:
        if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
            return False
        place, end = len(first), len(value) - len(last)
        for piece in middle:
            found = value.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True

    return _of_texts(test)


def _pieces(text: str) -> list[str]:
    """Split at the stars that no backslash escapes."""
    pieces, escaped, star = [""], False, False
    for place, char in enumerate(text):
        if escaped:
            if char not in "*\\":
                raise PatternError(f"Invalid escape character at pos {place - 1}")
            pieces[-1] += char
            escaped = star = False
        elif char == "*":
            if star:
                raise PatternError(f"Consecutive wildcard characters at pos {place - 1}")
            pieces.append("")
            star = True
        elif char == "\\":
            escaped = True
        else:
            pieces[-1] += char
            star = False
    if escaped:
        raise PatternError(f"Invalid escape character at pos {len(text) - 1}")
    return pieces


def _numeric(operand: Any) -> Test:
    if not isinstance(operand, list):
        raise PatternError("Value of numeric must be an array.")
    if not operand:
        raise PatternError("Invalid member in numeric match: ]")
    bounds = []
    for sign, bound in zip(operand[::2], [*operand[1::2], None], strict=False):
        if not isinstance(sign, str):
            raise PatternError(f"Invalid member in numeric match: {sign}")
        if sign not in _COMPARE:
            raise PatternError(f"Unrecognized numeric range operator: {sign}")
        if isinstance(bound, bool) or not isinstance(bound, (int, float)):
            raise PatternError(f"Value of {'equals' if sign == '=' else sign} must be numeric")
        if not -_LARGEST <= bound <= _LARGEST:
            raise PatternError(f"Value must be between {-_LARGEST} and {_LARGEST}, inclusive")
        bounds.append((sign, bound))
    if len(bounds) > 1:
        _check_range(bounds)
    tests = [(_COMPARE[sign], bound) for sign, bound in bounds]

    def test(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        for compare, bound in tests:  # noqa: SIM110 - no generator: this runs for each rule an event may match
            if not compare(value, bound):
                return False
        return True

    return test


def _check_range(bounds: list[tuple[str, float]]) -> None:
    (low, bottom), (high, top), *more = bounds
    if more or low not in (">", ">="):
        raise PatternError("Too many elements in numeric expression")
    if high not in ("<", "<="):
        raise PatternError(f"Bad numeric range operator: {high}")
    if bottom >= top:
        raise PatternError("Bottom must be less than top")


def _cidr(operand: Any) -> Test:
    text = _text("cidr", operand)
    if text.count("/") != 1:
        raise PatternError("Malformed CIDR, one '/' required")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise PatternError(f"Malformed CIDR: {text}") from None

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _of_texts(test)


def _exists(operand: Any) -> Test:
    if not isinstance(operand, bool):
        raise PatternError("exists match pattern must be either true or false.")
    return lambda _value: operand


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        return _anything_but_test(operand)
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        raise PatternError("Empty arrays are not allowed")
    if any(isinstance(value, bool) or not isinstance(value, (str, int, float)) for value in values):
        raise PatternError("Inside anything but list, only strings and numbers are supported.")
    if len({isinstance(value, str) for value in values}) > 1:
        raise PatternError(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    listed = frozenset(values)
    return lambda value: isinstance(value, bool) or value not in listed


def _anything_but_test(operand: dict[str, Any]) -> Test:
    """Return the test of ``anything-but`` with an operator inside: it must hold for none of its values."""
    if len(operand) != 1:
        raise PatternError("Only one key allowed in match expression")
    ((name, inner),) = operand.items()
    maker = _INSIDE_ANYTHING_BUT.get(name)
    if maker is None:
        raise PatternError(f"Unsupported anything-but pattern: {name}")
    values = inner if isinstance(inner, list) else [inner]
    if not values:
        raise PatternError("Empty arrays are not allowed")
    if "" in values and name in ("prefix", "suffix"):
        raise PatternError(f"Null {name} not allowed")
    tests = [maker(_text(name, value)) for value in values]
    return lambda value: not any(test(value) for test in tests)


_TEXTS: Mapping[str, Callable[[Any], Test]] = {
    "prefix": _affix("prefix", str.startswith),
    "suffix": _affix("suffix", str.endswith),
    _IGNORE_CASE: _ignore_case,
    "wildcard": _wildcard,
}
_INSIDE_ANYTHING_BUT = MappingProxyType(_TEXTS)
OPERATORS: Mapping[str, Callable[[Any], Test]] = MappingProxyType(
    {**_TEXTS, "anything-but": _anything_but, "numeric": _numeric, "cidr": _cidr, "exists": _exists}
)
"""Name of an operator -> what makes its test of the operand; raises PatternError. Values are no objects, no arrays."""
