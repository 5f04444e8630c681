"""What is known of a JSON value before anything runs: the members that it can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query.intrinsics import Call, is_intrinsic, parse_intrinsic
from stepfunctions.query.jsonpath import Path, compile_path


@dataclass(frozen=True)
class Shape:
    """The members that a value can have, each with its own shape. ``open``: it may have any others too.

    A value without members, closed, is a number, a text, or the like. What may be a list is open.
    """

    members: Mapping[str, Shape] = field(default_factory=lambda: MappingProxyType({}))
    open: bool = False

    def at(self, keys: Sequence[str | int]) -> Shape | None:
        """Return what is known of the value that keys lead to, None when no value can be there."""
        shape = self
        for key in keys:
            if shape.open and key not in shape.members:
                return ANY
            found = shape.members.get(key) if isinstance(key, str) else None
            if found is None:
                return None if isinstance(key, str) else ANY
            shape = found
        return shape

    def put(self, keys: Sequence[str | int], value: Shape) -> Shape:
        """Return the shape with a value put where keys lead, as a ResultPath does."""
        if not keys:
            return value
        key, *rest = keys
        if not isinstance(key, str):
            return ANY
        inner = self.members.get(key, ANY if self.open else NOTHING)
        return Shape({**self.members, key: inner.put(rest, value)}, self.open)

    def __or__(self, other: Shape) -> Shape:
        """Return what is known of a value that is one or the other."""
        if self == other:
            return self
        if (self.open and not self.members) or (other.open and not other.members):
            return ANY
        names = self.members.keys() | other.members.keys()
        return Shape(
            {name: _either(self.members.get(name), other.members.get(name)) for name in names}, self.open or other.open
        )


def _either(one: Shape | None, other: Shape | None) -> Shape:
    if one is None or other is None:
        found = one or other
        assert found is not None
        return found
    return one | other


ANY = Shape(open=True)
"""Nothing is known."""
NOTHING = Shape()
"""It has no members: a text, a number, null, or an empty object."""
ERROR_OUTPUT = Shape({"Error": NOTHING, "Cause": NOTHING})
"""What a Catch is given."""
_DEEPEST = 20


def shape_of(value: JSON) -> Shape:
    """Return the shape of a constant."""
    return made_of(value, lambda _: ANY, template=False)


def made_of(payload: JSON, read: Callable[[str], Shape], *, template: bool = True, depth: int = 0) -> Shape:
    """Return the shape of what a payload template makes; ``read`` gives the shape of a ``.$`` member's text."""
    if isinstance(payload, list) or depth > _DEEPEST:
        return ANY
    if not isinstance(payload, dict):
        return NOTHING
    members = {}
    for key, item in payload.items():
        if template and key.endswith(".$"):
            members[key[:-2]] = read(item) if isinstance(item, str) else ANY
        else:
            members[key] = made_of(item, read, template=template, depth=depth + 1)
    return Shape(members)


def keys_of(text: str, root: str = "$") -> Sequence[str | int] | None:
    """Return the names and indexes of a plain path, None for what is no path, not plain, or of another root."""
    if not text.startswith(root) or text.startswith("States."):
        return None
    try:
        path = compile_path(text)
    except QuerySyntaxError:
        return None
    return path.keys if path.root == root else None


def paths_in(text: str) -> Iterator[str]:
    """Yield a path itself, or the paths among the arguments of a call of an intrinsic function."""
    if not is_intrinsic(text):
        yield text
        return
    try:
        waiting: list[Any] = [parse_intrinsic(text)]
    except QuerySyntaxError:
        return
    while waiting:
        argument = waiting.pop()
        if isinstance(argument, Call):
            waiting += argument.arguments
        elif isinstance(argument, Path):
            yield argument.text
