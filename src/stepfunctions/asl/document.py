"""JSON values with their text made once.

The output of one state is the input of the next, and both stand in the history as text. A
:class:`Document` carries a value and its text together and makes each from the other at most once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

JSON: TypeAlias = Any
"""A JSON value: dict with str keys, list, str, int, float, bool or None. Never changed in place once shared."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encoder_of(default: Callable[[Any], JSON] | None = None) -> Callable[[JSON], str]:
    """Return what writes compact JSON: made once, where ``encode`` makes anew what it writes with for each text.

    It raises ValueError for NaN and the infinities. ``default`` gives the JSON value of anything else, or raises
    TypeError, as ``json.JSONEncoder`` has it.
    """
    parts = _parts_of(default)
    return lambda value: "".join(parts(value, 0))


def _parts_of(default: Callable[[Any], JSON] | None = None) -> Callable[[JSON, int], Iterable[str]]:
    """Return what writes a value, at so many levels of indentation (0), as texts to be joined."""
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=default)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without CPython's accelerator
        return lambda value, _: (encoder.encode(value),)
    parts: Callable[[JSON, int], Iterable[str]] = make(
        None, encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    return parts


_parts = _parts_of()


def dumps(value: JSON) -> str:
    """Return the compact text of a JSON value, as AWS writes payloads into a history.

    It can always be written as UTF-8: half of a surrogate pair stays the escape that it came as. A number that JSON
    does not have is a text: ``"Infinity"``, ``"-Infinity"``, ``"NaN"``.
    """
    try:
        text = "".join(_parts(value, 0))
    except ValueError:
        text = "".join(_parts(_without_infinity(value), 0))
    return text if text.isascii() else _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _without_infinity(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {name: _without_infinity(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_infinity(item) for item in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def is_deeper(value: JSON, levels: int) -> bool:
    """Tell whether a value is nested more than so many levels deep: ``[[]]`` has two."""
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


class Document:
    """An immutable JSON value and its text; ``size`` is the number of UTF-8 bytes, as the 256 KiB limit counts."""

    __slots__ = ("_has_value", "_text", "_value")

    _text: str | None
    _value: JSON
    _has_value: bool

    def __init__(self, value: JSON) -> None:
        self._value = value
        self._has_value = True
        self._text = None

    @classmethod
    def parse(cls, text: str) -> Document:
        """Return a document of this JSON text; the text is parsed when ``value`` is first read."""
        document = cls.__new__(cls)
        document._text = text
        document._value = None
        document._has_value = False
        return document

    @property
    def value(self) -> JSON:
        """The JSON value. Shared: do not change it in place."""
        if not self._has_value:
            self._value = json.loads(self._text or "null")
            self._has_value = True
        return self._value

    @property
    def text(self) -> str:
        """The compact JSON text."""
        if self._text is None:
            self._text = dumps(self._value)
        return self._text

    @property
    def size(self) -> int:
        """The length of the text in UTF-8 bytes."""
        text = self.text
        return len(text) if text.isascii() else len(text.encode())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Document({self.text})"


class Lasting(dict[str, JSON]):
    """An object that is written again and again and never changed: its text is made once."""

    __slots__ = ("_text",)

    _text: str

    @property
    def text(self) -> str:
        """The compact JSON text."""
        try:
            return self._text
        except AttributeError:
            self._text = dumps(self)
            return self._text
