"""Read the members of one array or object of a JSON file of any size, a few at a time.

Memory holds one member and one chunk of the file; a member may be 8 MiB, as AWS allows for an item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TextIO

from stepfunctions.asl.document import JSON

MAX_MEMBER = 8 * 1024 * 1024
"""The most characters one member may have."""

_CHUNK = 1 << 16
_NOT_BLANK = re.compile(r"[^ \t\r\n]")
_BRACKET = re.compile(r'["\[\]{}]')
_STRING_END = re.compile(r'["\\]')


class JsonStreamError(ValueError):
    """The text is no JSON, or has no array or object at the place asked for."""


def no_constant(name: str) -> JSON:
    """Refuse NaN and Infinity, which Python would read: a ``parse_constant`` of the json module."""
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=no_constant).raw_decode


class JsonStream:
    """A cursor in a JSON text. ``descend`` to a place once, then read ``members``."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._text = ""
        self._position = 0
        self._dropped = 0

    def descend(self, pointer: str) -> None:
        """Move to the value under a JSON Pointer (RFC 6901; "" or "/" alone is the whole document)."""
        if pointer in ("", "/"):
            return
        if not pointer.startswith("/"):
            raise JsonStreamError(f"the JSON Pointer '{pointer}' does not begin with '/'")
        for token in pointer[1:].split("/"):
            name = token.replace("~1", "/").replace("~0", "~")
            if not self._enter(name):
                raise JsonStreamError(f"nothing is found at the JSON Pointer '{pointer}'")

    def members(self) -> Iterator[tuple[str | None, JSON]]:
        """Yield (None, element) of an array, or (name, value) of an object, in the order of the text."""
        if self._peek() == "[":
            for _ in self._elements():
                yield None, self._value()
        elif self._peek() == "{":
            for name in self._names():
                yield name, self._value()
        else:
            raise JsonStreamError("Attempting to map over non-iterable node.")

    def _enter(self, name: str) -> bool:
        char = self._peek()
        if char == "{":
            for found in self._names():
                if found == name:
                    return True
                self._skip()
        elif char == "[" and name.isdecimal():
            for index in self._elements():
                if index == int(name):
                    return True
                self._skip()
        return False

    def _elements(self) -> Iterator[int]:
        self._position += 1
        if self._peek() == "]":
            self._position += 1
            return
        index = 0
        while True:
            yield index
            if self._take(",]") == "]":
                return
            index += 1

    def _names(self) -> Iterator[str]:
        self._position += 1
        if self._peek() == "}":
            self._position += 1
            return
        while True:
            if self._peek() != '"':
                raise self._wrong("a member name in double quotes")
            name: str = self._value()
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def _take(self, allowed: str) -> str:
        char = self._peek()
        if not char or char not in allowed:
            raise self._wrong(" or ".join(f"'{one}'" for one in allowed))
        self._position += 1
        return char

    def _wrong(self, expected: str) -> JsonStreamError:
        found = self._peek()
        what = f"'{found}'" if found else "the end of the file"
        return JsonStreamError(f"expected {expected} at character {self._dropped + self._position + 1}, found {what}")

    def _peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            match = _NOT_BLANK.search(self._text, self._position)
            if match:
                self._position = match.start()
                return match.group()
            self._position = len(self._text)
            if not self._more():
                return ""

    def _value(self) -> JSON:
        self._peek()
        while True:
            try:
                value, end = _decode(self._text, self._position)
            except ValueError as error:
                if self._more():
                    continue
                at = self._dropped + getattr(error, "pos", self._position) + 1
                raise JsonStreamError(f"{getattr(error, 'msg', error)} at character {at}") from None
            except RecursionError:
                raise JsonStreamError("the JSON is nested too deeply") from None
            # A number cut by the end of the chunk ("1e+") is read as a shorter one.
            if end + 2 >= len(self._text) and self._more():
                continue
            self._position = end
            return value

    def _skip(self) -> None:
        """Pass one value without holding it."""
        if self._peek() not in "[{":
            self._value()
            return
        depth = 0
        while True:
            match = self._find(_BRACKET)
            if match == '"':
                while self._find(_STRING_END) == "\\":
                    self._character()
                continue
            depth += 1 if match in "[{" else -1
            if depth == 0:
                return

    def _find(self, pattern: re.Pattern[str]) -> str:
        """Move behind the next match and return it."""
        while True:
            match = pattern.search(self._text, self._position)
            if match:
                self._position = match.end()
                return match.group()
            self._position = len(self._text)
            if not self._more():
                raise self._wrong("the end of a value")

    def _character(self) -> None:
        if self._position == len(self._text) and not self._more():
            raise self._wrong("the end of a string")
        self._position += 1

    def _more(self) -> bool:
        """Drop what was read and append a chunk as large as what is left; False at the end of the file."""
        left = len(self._text) - self._position
        if left > MAX_MEMBER:
            raise JsonStreamError(
                f"the value at character {self._dropped + self._position + 1} is larger than "
                f"{MAX_MEMBER} characters, or is not JSON"
            )
        chunk = self._source.read(max(_CHUNK, left))
        if not chunk:
            return False
        self._dropped += self._position
        self._text = self._text[self._position :] + chunk
        self._position = 0
        return True
