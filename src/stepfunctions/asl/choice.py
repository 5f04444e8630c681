"""The rules of a Choice state.

Specification: https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, Absent

OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        **{
            f"{kind}{comparison}{path}": (f"{kind.lower()} path" if path else kind.lower())
            for kind in ("String", "Numeric", "Timestamp")
            for comparison in ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
            for path in ("", "Path")
        },
        "BooleanEquals": "boolean",
        "BooleanEqualsPath": "boolean path",
        "StringMatches": "string",
        **{f"Is{test}": "boolean" for test in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")},
    }
)
"""Every comparison operator -> the kind of its value: string, numeric, timestamp, boolean, or one with `` path``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """``Variable`` compared by one operator of :data:`OPERATORS`."""

    variable: str
    operator: str
    value: JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """True when its test is false."""

    test: Test


@dataclass(frozen=True, kw_only=True, slots=True)
class And:
    """True when all its tests are true. Evaluated from left to right, stops at the first false one."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Or:
    """True when one of its tests is true. Evaluated from left to right, stops at the first true one."""

    tests: tuple[Test, ...]


Test: TypeAlias = "Comparison | Not | And | Or"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceRule:
    """A top-level rule: either ``test`` (JSONPath) or ``condition`` (JSONata), and where it leads."""

    next: str
    test: Test | None = None
    condition: str | bool | None = None
    assign: JSON = ABSENT
    output: JSON = ABSENT
    comment: str | Absent = ABSENT


def comparisons(test: Test | None) -> Iterator[Comparison]:
    """Yield the comparisons of a test, those inside Not, And and Or too."""
    if isinstance(test, Comparison):
        yield test
    elif isinstance(test, Not):
        yield from comparisons(test.test)
    elif test is not None:
        for one in test.tests:
            yield from comparisons(one)
