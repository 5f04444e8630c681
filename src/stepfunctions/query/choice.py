"""The tests of a Choice state (JSONPath), compiled.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html

A comparison of two values of different kinds is false. A path that leads to nothing fails the state,
except for ``IsPresent``: test that first, in an ``And``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from stepfunctions.asl.choice import And, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.errors import StateFailed
from stepfunctions.query.jsonpath import Path, compile_path
from stepfunctions.query.path_tokens import InvalidPath, PathNotFound
from stepfunctions.query.scope import Evaluator, Scope
from stepfunctions.query.timestamps import parse_timestamp
from stepfunctions.query.values import is_number

CompiledTest: TypeAlias = Callable[[Scope], bool]


def compile_test(test: Test) -> CompiledTest:
    """Compile one test of a rule.

    Raises QuerySyntaxError. The compiled test raises StateFailed (``States.Runtime``) for a path that
    leads to nothing.
    """
    if isinstance(test, Comparison):
        return _comparison(test)
    if isinstance(test, Not):
        inner = compile_test(test.test)
        return lambda scope: not inner(scope)
    tests = [compile_test(each) for each in test.tests]
    if isinstance(test, And):
        return lambda scope: all(each(scope) for each in tests)
    assert isinstance(test, Or)
    return lambda scope: any(each(scope) for each in tests)


def _comparison(test: Comparison) -> CompiledTest:
    operator, value = test.operator, test.value
    path = compile_path(test.variable)
    if operator == "IsPresent":
        return _presence(path, value)
    read = _reader(path)
    if operator in TYPE_TESTS:
        is_kind = TYPE_TESTS[operator]
        return lambda scope: is_kind(read(scope)) is value
    if operator == "StringMatches":
        matches = compile_pattern(value)
        return lambda scope: matches(read(scope))
    if not operator.endswith("Path"):
        compare = _against(operator, value)
        return lambda scope: compare(read(scope))
    kind, holds = _split(operator.removesuffix("Path"))
    key, other = KINDS[kind], _reader(compile_path(value))

    def test_paths(scope: Scope) -> bool:
        left, right = key(read(scope)), key(other(scope))
        return left is not None and right is not None and holds(left, right)

    return test_paths


def _against(operator: str, value: JSON) -> Callable[[JSON], bool]:
    """A comparison with a constant, whose side is prepared once."""
    kind, holds = _split(operator)
    key = KINDS[kind]
    constant = key(value)

    def compare(found: JSON) -> bool:
        left = key(found)
        return left is not None and holds(left, constant)

    return compare


def _split(operator: str) -> tuple[str, Callable[[JSON, JSON], bool]]:
    kind = next(kind for kind in KINDS if operator.startswith(kind))
    return kind, ORDERS[operator.removeprefix(kind)]


def _reader(path: Path) -> Evaluator:
    evaluate, text = path.evaluate, path.text

    def read(scope: Scope) -> JSON:
        try:
            return evaluate(scope)
        except (PathNotFound, InvalidPath):
            raise StateFailed(
                "States.Runtime",
                f"Invalid path '{text}': The choice state's condition path references an invalid value.",
            ) from None

    return read


def _presence(path: Path, wanted: JSON) -> CompiledTest:
    evaluate, definite = path.evaluate, path.definite

    def is_present(scope: Scope) -> bool:
        try:
            found = evaluate(scope)
        except (PathNotFound, InvalidPath):
            return wanted is False
        # An indefinite path always gives a list: what it matched is present, an empty list is nothing.
        return (definite or bool(found)) is wanted

    return is_present


def compile_pattern(pattern: str) -> Callable[[JSON], bool]:
    r"""Compile a StringMatches pattern: ``*`` is any text, ``\*`` a star, ``\\`` a backslash.

    The compiled pattern takes time proportional to the value, however many stars it has; it is false
    for a value that is no string.
    """
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        whole = pieces[0]
        return lambda value: isinstance(value, str) and value == whole
    first, middle, last = pieces[0], [piece for piece in pieces[1:-1] if piece], pieces[-1]

    def matches(value: JSON) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        at, end = len(first), len(value) - len(last)
        if end < at or not value.endswith(last):
            return False
        # The leftmost place for each piece leaves the most room for the next: no backtracking.
        for piece in middle:
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches


def _pieces(pattern: str) -> list[str]:
    """The texts between the stars of a pattern, escapes taken away."""
    pieces, current = [], ""
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            pieces.append(current)
            current = ""
        elif character == "\\":
            escaped = next(characters, "")
            current += escaped if escaped in ("*", "\\") else character + escaped
        else:
            current += character
    return [*pieces, current]


def _string(value: JSON) -> JSON:
    return value if isinstance(value, str) else None


def _number(value: JSON) -> JSON:
    return value if is_number(value) else None


def _boolean(value: JSON) -> JSON:
    return value if isinstance(value, bool) else None


def _timestamp(value: JSON) -> JSON:
    return parse_timestamp(value) if isinstance(value, str) else None


KINDS: Mapping[str, Callable[[JSON], JSON]] = MappingProxyType(
    {"String": _string, "Numeric": _number, "Timestamp": _timestamp, "Boolean": _boolean}
)
"""Kind of a comparison -> the value as it is compared, or None when it is not of this kind."""

ORDERS: Mapping[str, Callable[[JSON, JSON], bool]] = MappingProxyType(
    {
        "Equals": lambda left, right: bool(left == right),
        "LessThan": lambda left, right: bool(left < right),
        "GreaterThan": lambda left, right: bool(left > right),
        "LessThanEquals": lambda left, right: bool(left <= right),
        "GreaterThanEquals": lambda left, right: bool(left >= right),
    }
)

TYPE_TESTS: Mapping[str, Callable[[JSON], bool]] = MappingProxyType(
    {
        "IsNull": lambda value: value is None,
        "IsString": lambda value: isinstance(value, str),
        "IsNumeric": is_number,
        "IsBoolean": lambda value: isinstance(value, bool),
        "IsTimestamp": lambda value: _timestamp(value) is not None,
    }
)
