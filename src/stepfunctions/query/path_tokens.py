"""The parts of a JSONPath: what the parser makes and the evaluator reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from stepfunctions.asl.document import JSON


class PathNotFound(LookupError):
    """A definite path leads to nothing; the text is Jayway JsonPath's, which AWS shows to users."""


class InvalidPath(LookupError):
    """A path cannot be applied to this document: an index on something that is no array."""


@dataclass(frozen=True, slots=True)
class Name:
    """``.name`` or ``['name']``."""

    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """``['a','b']``: at the end of a path one object with these fields, before that each of them in turn."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """``.*`` or ``[*]``."""


@dataclass(frozen=True, slots=True)
class Index:
    """``[3]``; a negative one counts from the end. ``[(@.length-1)]`` is read as ``[-1]``."""

    index: int


@dataclass(frozen=True, slots=True)
class Indexes:
    """``[0,2]``: these items, in this order; those that do not exist are left out."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """``[start:stop]``; one of the two may be missing. A step is read and ignored, as Jayway does."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(test)]``: the items of an array, or the object itself, for which the test holds."""

    test: Test


Selector: TypeAlias = "Name | Names | Wildcard | Index | Indexes | Slice | Filter"


@dataclass(frozen=True, slots=True)
class Step:
    """One selector; ``deep`` when it follows ``..``: it is applied to every object and array below."""

    selector: Selector
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """A path without its root. ``function`` is the name of the function at its end (``length``), or None."""

    steps: tuple[Step, ...]
    function: str | None = None

    @property
    def keys(self) -> tuple[str | int, ...] | None:
        """Names and indexes from the root to the one node of a reference path; None for other paths."""
        if self.function is not None:
            return None
        found: list[str | int] = []
        for step in self.steps:
            if step.deep or not isinstance(step.selector, (Name, Index)):
                return None
            found.append(step.selector.name if isinstance(step.selector, Name) else step.selector.index)
        return tuple(found)

    @property
    def definite(self) -> bool:
        """Whether the path leads to one value (which may be missing) and not to a list of matches."""
        if self.function is not None:
            return True
        last = len(self.steps) - 1
        return all(
            not step.deep
            and (isinstance(step.selector, (Name, Index)) or (isinstance(step.selector, Names) and position == last))
            for position, step in enumerate(self.steps)
        )


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of a filter."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Pattern:
    """``/text/flags`` of a filter."""

    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Query:
    """A path inside a filter: from the item under test (``@``) or from the whole document (``$``)."""

    relative: bool
    path: Steps


Operand: TypeAlias = "Literal | Pattern | Query"


@dataclass(frozen=True, slots=True)
class Exists:
    """``@.x``: true when the path finds something, null included."""

    query: Query


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Negated:
    """``!test``."""

    test: Test


@dataclass(frozen=True, slots=True)
class Every:
    """``a && b``."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """``a || b``."""

    tests: tuple[Test, ...]


Test: TypeAlias = "Exists | Compare | Negated | Every | Some"
