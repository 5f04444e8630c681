"""Event patterns: checked and compiled once, matched against events as parsed JSON.

The language: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
Where that page leaves it open, AWS's own matcher decides (https://github.com/aws/event-ruler).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stepfunctions.catalog.event_operators import OPERATORS, PatternError, Test
from stepfunctions.errors import ServiceError

Path = tuple[str, ...]
Check = Callable[[Any, "Fields"], bool]
_MISSING = object()
_DEEPEST = 100
_COMBINATIONS = 1000


class Pattern:
    """A compiled pattern.

    ``anchors`` are fields that an event must have with one of these texts to match: an index may begin with them.
    ``empty``: whether ``{}`` is allowed, which everything matches.
    Raises :class:`ServiceError` (``InvalidEventPatternException``) that says where the pattern is wrong.
    """

    __slots__ = ("_check", "anchors")

    def __init__(self, text: str, *, empty: bool = False) -> None:
        self.anchors: dict[Path, frozenset[str]] = {}
        try:
            pattern = json.loads(text, parse_constant=_no_constant)
            if not isinstance(pattern, dict):
                raise PatternError("Filter is not an object")
            if not pattern and not empty:
                raise PatternError("Empty patterns are not allowed")
            if _combinations(pattern) > _COMBINATIONS:
                raise PatternError(f"$or leads to more than {_COMBINATIONS} combinations")
            self._check = self._object(pattern, ())
        except PatternError as error:
            raise _invalid(str(error)) from None
        except (ValueError, RecursionError):
            raise _invalid("it is not JSON that can be read") from None

    def matches(self, event: Mapping[str, Any], fields: Fields | None = None) -> bool:
        """Whether an event matches. ``fields``: the event's own, where it is compared with many patterns."""
        return self._check(event, fields or Fields(event))

    def _object(self, pattern: dict[str, Any], path: Path, *, anchored: bool = True) -> Check:
        """Compile what the members of an object must be; each array of the event gives one object to all of them."""
        if not pattern and path:
            raise PatternError(f"Empty objects are not allowed{_at(path)}")
        if len(path) > _DEEPEST:
            raise PatternError(f"it is nested deeper than {_DEEPEST} levels")
        members: list[tuple[bool, str, Check]] = []
        choices: list[tuple[Check, ...]] = []
        for name, value in pattern.items():
            here = (*path, name)
            if name == "$or" and _is_or(value):
                if not all(value):
                    raise PatternError(f"Empty objects are not allowed{_at(here)}")
                choices.append(tuple(self._object(one, path, anchored=False) for one in value))
            elif isinstance(value, dict):
                members.append((_is_exact(value), name, self._object(value, here, anchored=anchored)))
            elif isinstance(value, list):
                members.append((_is_exact(value), name, self._leaf(value, here, anchored=anchored)))
            else:
                raise PatternError(f'"{name}" must be an object or an array{_at(path)}')
        members.sort(key=lambda member: member[0])  # an index has compared texts already: what has operators first
        return _object_check(tuple((name, check) for _, name, check in members), tuple(choices))

    def _leaf(self, values: list[Any], path: Path, *, anchored: bool) -> Check:
        if not values:
            raise PatternError(f"Empty arrays are not allowed{_at(path)}")
        texts = frozenset(value for value in values if isinstance(value, str))
        if anchored and len(texts) == len(frozenset(map(_key, values))):
            self.anchors[path] = texts
        others = frozenset(_key(value) for value in values if not isinstance(value, (str, dict)))
        tests: list[Test] = []
        absent = False
        for value in values:
            if isinstance(value, list) or (isinstance(value, float) and not math.isfinite(value)):
                raise PatternError(f"Match value must be String, number, true, false, or null{_at(path)}")
            if not isinstance(value, dict):
                continue
            if len(value) != 1:
                raise PatternError(f"Only one key allowed in match expression{_at(path)}")
            ((name, operand),) = value.items()
            absent = absent or (name == "exists" and operand is False)
            tests.append(_test(name, operand, path))
        return _leaf_check(path, texts, others, tuple(tests), absent)


class Fields:
    """The paths of an event's fields, looked up when a pattern asks whether one is absent; shared by all patterns."""

    __slots__ = ("_event", "_paths")

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._paths: frozenset[Path] | None = None

    def lacks(self, path: Path) -> bool:
        """Whether an event has no value there."""
        if self._paths is None:
            self._paths = frozenset(_paths(self._event, ()))
        return path not in self._paths


def _paths(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths(member, (*path, name))
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member, path)
    else:
        yield path


def _object_check(members: tuple[tuple[str, Check], ...], choices: tuple[tuple[Check, ...], ...]) -> Check:
    def check(value: Any, fields: Fields) -> bool:
        if isinstance(value, dict):
            for name, member in members:
                if not member(value.get(name, _MISSING), fields):
                    return False
        elif isinstance(value, list) and value:
            return any(check(one, fields) for one in value)
        elif not all(member(_MISSING, fields) for _, member in members):
            return False
        for choice in choices:
            for one in choice:
                if one(value, fields):
                    break
            else:
                return False
        return True

    return check


def _leaf_check(
    path: Path, texts: frozenset[str], others: frozenset[Any], tests: tuple[Test, ...], absent: bool
) -> Check:
    def check(value: Any, fields: Fields) -> bool:
        if isinstance(value, str):
            if value in texts:
                return True
        elif isinstance(value, list) and value:
            return any(check(one, fields) for one in value)
        elif value is _MISSING or isinstance(value, (dict, list)):
            return absent and fields.lacks(path)
        elif _key(value) in others:
            return True
        for test in tests:  # noqa: SIM110 - no generator: this runs for each rule that an event may match
            if test(value):
                return True
        return False

    return check


def _test(name: str, operand: Any, path: Path) -> Test:
    maker = OPERATORS.get(name)
    if maker is None:
        raise PatternError(f"Unrecognized match type {name}{_at(path)}")
    try:
        return maker(operand)
    except PatternError as error:
        raise PatternError(f"{error}{_at(path)}") from None


def _key(value: Any) -> Any:
    """Tell true from 1: they are equal in Python. Objects and arrays are only told from texts."""
    return (type(value), None) if isinstance(value, (dict, list)) else (value, isinstance(value, bool))


def _is_or(value: Any) -> bool:
    """Whether ``$or`` is the operator and no field of that name: AWS's three conditions."""
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(isinstance(one, dict) and not OPERATORS.keys() & one.keys() for one in value)
    )


def _is_exact(value: Any) -> bool:
    """Whether a part of a pattern has no operator."""
    if isinstance(value, list):
        return not any(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and all(_is_exact(one) for one in value.values())


def _combinations(pattern: Mapping[str, Any]) -> int:
    count = 1
    for name, value in pattern.items():
        if name == "$or" and _is_or(value):
            count *= sum(map(_combinations, value))
        elif isinstance(value, dict):
            count *= _combinations(value)
    return count


def _at(path: Path) -> str:
    return f" at '{'.'.join(path)}'" if path else ""


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _invalid(reason: str) -> ServiceError:
    return ServiceError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")
