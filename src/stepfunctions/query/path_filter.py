"""Filters of a JSONPath: a test of one item, compiled to a predicate.

How two values compare is Jayway JsonPath's way: a number on the left compares as a number with a text,
a text on the left as a text with a number, and values of other kinds are unequal and not ordered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from stepfunctions.asl.document import JSON
from stepfunctions.query.path_tokens import (
    Compare,
    Every,
    Exists,
    InvalidPath,
    Literal,
    Negated,
    Operand,
    Query,
    Some,
    Steps,
    Test,
)
from stepfunctions.query.values import is_number, java_text, same

MAX_VISITS = 5_000_000
"""How many nodes one evaluation may look at."""

MISSING: Final = object()
"""What a path inside a filter gives when it finds nothing. Equal to nothing, itself included."""


class Walk:
    """One evaluation of a path: the document that ``$`` means inside filters, and the work left."""

    __slots__ = ("left", "root")

    def __init__(self, root: JSON) -> None:
        self.root = root
        self.left = MAX_VISITS

    def spend(self, nodes: list[JSON]) -> list[JSON]:
        """Return these nodes, accounted for; raises InvalidPath when the path works without end."""
        self.left -= len(nodes)
        if self.left < 0:
            raise InvalidPath(f"The path looks at more than {MAX_VISITS:,} values")
        return nodes


Predicate: TypeAlias = Callable[[Walk, JSON], bool]
Finder: TypeAlias = Callable[[Walk, JSON], JSON]
"""Gives what a path finds below a node: a value, a list, or MISSING."""


def compile_filter(test: Test, compile_query: Callable[[Steps], Finder]) -> Predicate:
    """Return the predicate of a filter; ``compile_query`` compiles the paths inside it."""
    if isinstance(test, Exists):
        return _exists(test.query, compile_query)
    if isinstance(test, Compare):
        return _comparison(test, compile_query)
    if isinstance(test, Negated):
        inner = compile_filter(test.test, compile_query)
        return lambda walk, item: not inner(walk, item)
    predicates = [compile_filter(each, compile_query) for each in test.tests]
    if isinstance(test, Every):
        return lambda walk, item: all(predicate(walk, item) for predicate in predicates)
    assert isinstance(test, Some)
    return lambda walk, item: any(predicate(walk, item) for predicate in predicates)


def _exists(query: Query, compile_query: Callable[[Steps], Finder]) -> Predicate:
    find = compile_query(query.path)
    definite, relative = query.path.definite, query.relative

    def exists(walk: Walk, item: JSON) -> bool:
        found = find(walk, item if relative else walk.root)
        return found is not MISSING and (definite or bool(found))

    return exists


def _comparison(test: Compare, compile_query: Callable[[Steps], Finder]) -> Predicate:
    compare = COMPARISONS[test.operator]
    left, right = _operand(test.left, compile_query), _operand(test.right, compile_query)
    return lambda walk, item: compare(left(walk, item), right(walk, item))


def _operand(operand: Operand, compile_query: Callable[[Steps], Finder]) -> Finder:
    if isinstance(operand, Query):
        find = compile_query(operand.path)
        if operand.relative:
            return find
        return lambda walk, _item: find(walk, walk.root)
    constant = operand.value if isinstance(operand, Literal) else operand.pattern
    return lambda _walk, _item: constant


def _equal(left: JSON, right: JSON) -> bool:
    if left is MISSING:
        return False
    if is_number(left) and isinstance(right, str):
        try:
            return bool(left == float(right))
        except ValueError:
            return False
    if isinstance(left, str) and is_number(right):
        return left == java_text(right)
    return same(left, right)


def _same_kind(left: JSON, right: JSON) -> bool:
    return left is not MISSING and same(left, right)


def _ordered(holds: Callable[[JSON, JSON], bool]) -> Callable[[JSON, JSON], bool]:
    def compare(left: JSON, right: JSON) -> bool:
        if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return holds(left, right)
        return False

    return compare


def _matches(left: JSON, right: JSON) -> bool:
    pattern, value = (left, right) if isinstance(left, re.Pattern) else (right, left)
    if not isinstance(pattern, re.Pattern) or not isinstance(value, (str, int, float)):
        return False
    return pattern.fullmatch(value if isinstance(value, str) else java_text(value)) is not None


def _in(left: JSON, right: JSON) -> bool:
    return isinstance(right, list) and any(_equal(left, item) for item in right)


def _contains(left: JSON, right: JSON) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _in(right, left)


def _within(left: JSON, right: JSON) -> bool:
    return isinstance(left, list) and isinstance(right, list) and all(_in(item, right) for item in left)


def _any_of(left: JSON, right: JSON) -> bool:
    return isinstance(left, list) and isinstance(right, list) and any(_in(item, right) for item in left)


def _size(left: JSON, right: JSON) -> bool:
    return isinstance(left, (str, list)) and is_number(right) and len(left) == right


def _empty(left: JSON, right: JSON) -> bool:
    return isinstance(left, (str, list, dict)) and isinstance(right, bool) and (not left) is right


COMPARISONS: Mapping[str, Callable[[JSON, JSON], bool]] = MappingProxyType(
    {
        "==": _equal,
        "!=": lambda left, right: not _equal(left, right),
        "===": _same_kind,
        "!==": lambda left, right: not _same_kind(left, right),
        "<": _ordered(lambda left, right: bool(left < right)),
        "<=": _ordered(lambda left, right: bool(left <= right)),
        ">": _ordered(lambda left, right: bool(left > right)),
        ">=": _ordered(lambda left, right: bool(left >= right)),
        "=~": _matches,
        "in": _in,
        "nin": lambda left, right: not _in(left, right),
        "contains": _contains,
        "subsetof": _within,
        "all": lambda left, right: _within(right, left),
        "anyof": _any_of,
        "noneof": lambda left, right: isinstance(left, list) and not _any_of(left, right),
        "size": _size,
        "empty": _empty,
    }
)
"""Operator of a filter -> how it compares."""
