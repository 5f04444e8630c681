"""Where the values of a JSON or YAML text stand: lines and columns by JSON Pointer.

A member of an object stands where its key does, an element of a list where it begins. Lines and columns count from 1.
"""

from __future__ import annotations

import bisect
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from stepfunctions.asl.machine import escape_pointer
from stepfunctions.errors import DefinitionError, Problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\]:,"]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)
_TAG = re.compile(r"![^\s\[\]{},]*[ \t]+")
MOST = 1_000_000
"""Values that a text may have, aliases of YAML followed: more is a mistake, or an attack."""
DEEPEST = 200
"""Levels of values in values that a YAML text may have; one whose alias is inside of what it names has no end."""


class Source(Protocol):
    """What knows the line and the column of a character of a text."""

    def at(self, index: int) -> tuple[int, int]:
        """Return line and column."""


class Lines:
    """The lines of a whole file."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, index: int) -> tuple[int, int]:
        """Return line and column."""
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class Place:
    """Indexes of characters: where a key, or an element, begins, and where the value does."""

    key: int
    value: int


class Positions:
    """Where the values of a text stand. ``form``: ``"json"`` or ``"yaml"``."""

    def __init__(self, text: str, form: str, source: Source | None = None) -> None:
        self._text = text
        self._source = source or Lines(text)
        self._places: Mapping[str, Place] = _json_places(text) if form == "json" else _yaml_places(text)
        self._prefix = ""

    def below(self, pointer: str) -> Positions:
        """Return the positions of what is below a value, by pointers from there."""
        made = copy.copy(self)
        made._prefix = self._prefix + pointer
        return made

    def knows(self, pointer: str) -> bool:
        """Tell whether there is a value."""
        return self._prefix + pointer in self._places

    def place(self, pointer: str) -> Place | None:
        """Return where a value stands in the text, None when there is none."""
        return self._places.get(self._prefix + pointer)

    def of(self, pointer: str | None) -> tuple[int, int]:
        """Return line and column of a value; of what holds it, where there is none."""
        return self._source.at(self._place(self._prefix + (pointer or "")).key)

    def inside(self, pointer: str, offset: int) -> tuple[int, int]:
        """Return line and column of a character of a string; where the string stands, if that cannot be told."""
        place = self._places.get(self._prefix + pointer)
        if place is None:
            return self.of(pointer)
        found = _inside(self._text, place.value, offset)
        return self._source.at(place.value if found is None else found)

    def beginning_at(self, indexes: frozenset[int]) -> frozenset[str]:
        """Return the pointers of the values that begin at one of these characters."""
        return frozenset(pointer for pointer, place in self._places.items() if place.value in indexes)

    def _place(self, pointer: str) -> Place:
        while pointer not in self._places and pointer:
            pointer = pointer.rpartition("/")[0]
        return self._places.get(pointer, Place(0, 0))


def _inside(text: str, start: int, offset: int) -> int | None:
    """Return the index of a character of the string that begins at ``start``: a quotation mark, | or neither."""
    tag = _TAG.match(text, start)
    start = start if tag is None else tag.end()
    mark = text[start : start + 1]
    if mark == '"':
        return _escaped(text, start + 1, offset)
    if mark == "'":
        return _doubled(text, start + 1, offset)
    if mark == "|":
        return _block(text, start, offset)
    return None if mark == ">" or "\n" in text[start : start + offset] else start + offset


def _escaped(text: str, index: int, offset: int) -> int:
    for _ in range(offset):
        if index >= len(text) or text[index] == '"':
            break
        found = _ESCAPE.match(text, index)
        index = index + 1 if found is None else found.end()
    return index


def _doubled(text: str, index: int, offset: int) -> int:
    for _ in range(offset):
        index += 2 if text[index : index + 2] == "''" else 1
    return index


def _block(text: str, start: int, offset: int) -> int | None:
    """Return the index of a character of a literal block, whose lines are indented."""
    index = text.find("\n", start) + 1
    first = re.compile(r"(?:[ \t]*\r?\n)*( *)\S").match(text, index)
    if index == 0 or first is None:
        return None
    indent = len(first[1])
    while True:
        end = text.find("\n", index)
        end = len(text) if end < 0 else end
        length = max(0, end - index - indent)
        if offset <= length or end == len(text):
            return index + min(indent, end - index) + min(offset, length)
        offset, index = offset - length - 1, end + 1


def _json_places(text: str) -> dict[str, Place]:
    places: dict[str, Place] = {}
    frames: list[list[Any]] = []  # prefix, whether it is an object, the next index, whether a key comes next
    key = ("", 0)
    for found in _TOKEN.finditer(text):
        token, start = found[0], found.start()
        frame = frames[-1] if frames else None
        if token == ",":
            if frame is not None:
                frame[2] += 1
                frame[3] = True
        elif token in "}]":
            if frames:
                frames.pop()
        elif frame is not None and frame[1] and frame[3] and token.startswith('"'):
            key, frame[3] = (f"{frame[0]}/{escape_pointer(_string(token))}", start), False
        else:
            if frame is None:
                pointer, at = "", start
            else:
                pointer, at = key if frame[1] else (f"{frame[0]}/{frame[2]}", start)
            places[pointer] = Place(at, start)
            if token in "{[":
                frames.append([pointer, token == "{", 0, True])
    return places


def _string(token: str) -> str:
    import json

    if "\\" not in token:
        return token[1:-1]
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1]


def _yaml_places(text: str) -> dict[str, Place]:
    """Return the places of a YAML text that can be read. Raises DefinitionError for one with far too many values."""
    return places_of(composed(text))


def composed(text: str) -> Any:
    """Return the root node of a YAML text, None for an empty one. Raises yaml.YAMLError and RecursionError."""
    import yaml

    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # which ends the process when a text is nested too deeply
    return yaml.compose(text, Loader=yaml.SafeLoader if _may_be_deep(text) else fast)


def places_of(root: Any) -> dict[str, Place]:
    """Return the places of the values below a YAML node, a merged mapping's before those that hide them.

    Raises RecursionError for one that is nested too deeply, and DefinitionError for one with far too many values.
    """
    import yaml

    places: dict[str, Place] = {}
    stack: list[tuple[str, int, yaml.Node, int]] = [] if root is None else [("", root.start_mark.index, root, 0)]
    while stack:
        pointer, at, node, depth = stack.pop()
        if depth > DEEPEST:
            raise RecursionError
        places[pointer] = Place(at, node.start_mark.index)
        if len(places) > MOST:
            said = f"The text has more than {MOST:,} values, aliases followed."
            raise DefinitionError([Problem(path="", message=said, code="INVALID_YAML_DESCRIPTION")])
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                    stack.append((f"{pointer}/{escape_pointer(key.value)}", key.start_mark.index, value, depth + 1))
            brought = [one for key, value in node.value if key.tag == MERGE for one in merged(value)]
            stack += [(pointer, at, one, depth + 1) for one in brought]
        elif isinstance(node, yaml.SequenceNode):
            stack += [
                (f"{pointer}/{index}", one.start_mark.index, one, depth + 1) for index, one in enumerate(node.value)
            ]
    return places


MERGE = "tag:yaml.org,2002:merge"
_ONE_LINE = re.compile(r"(?:[-?:] +){100}|^ {400}", re.MULTILINE)


def _may_be_deep(text: str) -> bool:
    """Tell whether a text may be nested some hundred levels deep."""
    if _ONE_LINE.search(text):
        return True
    depth = deepest = 0
    for found in re.finditer(r"[\[{\]}]", text):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest > 200


def merged(value: Any) -> list[Any]:
    """Return the mappings that a merge key of YAML brings in."""
    return list(value.value) if value.id == "sequence" else [value]
