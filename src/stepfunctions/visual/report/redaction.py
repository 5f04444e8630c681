"""What a page must not tell: values of payloads, all of them or those below given names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

HIDDEN = "[redacted]"
_SHORTEST = 4
"""Characters of a hidden value that are looked for in other text; a shorter one would be found in half of all words."""

_NAME = re.compile(r"""(?<![\w.-])([\w.-]+)\\*["']?\s*[:=]\s*""")
_AFTER = re.compile(
    re.escape(HIDDEN) + r"""|[{[].*|"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)|\\+"[^"\\]*\\*"?|[^\s,;}\]&"']+""",
    re.DOTALL,
)
"""A name in free text, and what stands after it: a text, what was cut of one, all that a bracket opens, or a word."""

_NO_JSON: Any = object()

Redact = bool | Iterable[str]


class Redaction:
    """Hides values. ``redact``: True hides every value of every payload, and all free text; names hide what is below
    such a key of any payload (``*`` stands for anything, case does not matter), and the same text wherever it is.
    """

    def __init__(self, redact: Redact = False) -> None:
        if isinstance(redact, str) or not (isinstance(redact, bool) or all(isinstance(one, str) for one in redact)):
            raise ValueError(f'redact={redact!r}: give True, or a list of names: redact=["password", "*token*"].')
        self.all = redact is True
        self._names = [] if isinstance(redact, bool) else [name.lower() for name in redact]
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._seen = 0

    @property
    def active(self) -> bool:
        """Whether anything is hidden."""
        return self.all or bool(self._names)

    def learn(self, text: str | None) -> None:
        """Take note of the values that are hidden in a payload; to be called with all of them before any is shown."""
        if self._names and text:
            self._learn(_value(text), hidden=False)

    def _learn(self, value: Any, *, hidden: bool) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self._learn(inner, hidden=hidden or self._hides(key))
        elif isinstance(value, list):
            for inner in value:
                self._learn(inner, hidden=hidden)
        elif isinstance(value, str) and not hidden and _may_be_json(value):
            self._learn(_value(value), hidden=False)
        elif hidden and not isinstance(value, bool) and value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            if len(text) >= _SHORTEST:
                self._values.add(text)

    def _hides(self, key: str) -> bool:
        name = key.removesuffix(".$").lower()
        return any(fnmatchcase(name, wanted) for wanted in self._names)

    def payload(self, text: str | None) -> str | None:
        """Return a payload without what is hidden; keys stay."""
        if not self.active or not text:
            return text
        value = _value(text, _NO_JSON)
        if value is _NO_JSON:
            return self.text(text)
        return json.dumps(self._hide(value, hidden=self.all), ensure_ascii=False)

    def _hide(self, value: Any, *, hidden: bool) -> Any:
        if isinstance(value, dict):
            return {
                key if self.all else self._known(key): self._hide(inner, hidden=hidden or self._hides(key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._hide(inner, hidden=hidden) for inner in value]
        if hidden:
            return HIDDEN
        if isinstance(value, str):
            if _may_be_json(value) and (inner := _value(value, _NO_JSON)) is not _NO_JSON:
                return json.dumps(self._hide(inner, hidden=False), ensure_ascii=False)
            return self.text(value)
        return HIDDEN if not isinstance(value, bool) and json.dumps(value) in self._values else value

    def text(self, text: str | None) -> str | None:
        """Return free text (a cause, a line of a log) without what is hidden, and without what stands there after such
        a name: ``token=…``, ``"token": "…``.
        """
        if not text or not self.active:
            return text
        if self.all:
            return HIDDEN
        text, at, parts = self._known(text), 0, []
        for found in _NAME.finditer(text):
            if found.start() >= at and self._hides(found[1]) and (value := _AFTER.match(text, found.end())):
                parts += [text[at : found.end()], HIDDEN]
                at = value.end()
        return "".join([*parts, text[at:]])

    def _known(self, text: str) -> str:
        """Return text without the values that were learned."""
        if not self._values:
            return text
        if self._pattern is None or self._seen != len(self._values):
            written = {json.dumps(one, ensure_ascii=plain)[1:-1] for one in self._values for plain in (True, False)}
            longest = sorted(self._values | written, key=len, reverse=True)
            self._pattern, self._seen = re.compile("|".join(map(re.escape, longest))), len(self._values)
        return self._pattern.sub(HIDDEN, text)

    def name(self, text: str | None) -> str | None:
        """Return a name (of an error, of a resource), which stays when all values are hidden."""
        return text if self.all or not text else self._known(text)

    def definition(self, definition: Any, states: bool = False) -> Any:
        """Return a definition; it is code, of which only what is below a given name is hidden. Names of ``states``
        are none.
        """
        if isinstance(definition, dict):
            return {
                key: self._hide(inner, hidden=True)
                if not states and self._hides(key)
                else self.definition(inner, states=not states and key == "States")
                for key, inner in definition.items()
            }
        if isinstance(definition, list):
            return [self.definition(inner) for inner in definition]
        return definition if self.all or not isinstance(definition, str) else self._known(definition)


def _value(text: str, otherwise: Any = None) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def _may_be_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[", '"')
