"""Filter patterns: words, and conditions on the members of JSON messages.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from stepfunctions.errors import ServiceError

Matcher = Callable[[str], bool]

_WORD = re.compile(r'(?P<sign>[-?]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]+))')
_CONDITION = re.compile(
    r'\s*\$\.(?P<path>[\w.\[\]-]+)\s*(?P<operator>=|!=|<=|>=|<|>)\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"&|()]+))\s*'
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matcher(pattern: str) -> Matcher:
    """Return what tells whether a message matches. Raises InvalidParameterException for patterns we cannot read."""
    text = pattern.strip()
    if not text:
        return lambda _message: True
    if text.startswith("{") and text.endswith("}"):
        return _of_json(text[1:-1])
    if text[0] in "[%{":
        raise _unreadable(pattern)
    return _of_words(text)


def _of_words(text: str) -> Matcher:
    """All words, none of those with ``-``, and one of those with ``?``."""
    signs: dict[str, list[str]] = {"": [], "-": [], "?": []}
    for found in _WORD.finditer(text):
        word = found["bare"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
        signs[found["sign"]].append(word)
    return lambda message: (
        all(word in message for word in signs[""])
        and not any(word in message for word in signs["-"])
        and (not signs["?"] or any(word in message for word in signs["?"]))
    )


def _of_json(text: str) -> Matcher:
    """Conditions with ``||`` between groups with ``&&``."""
    groups = [[_condition(one) for one in group.split("&&")] for group in text.split("||")]

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return any(all(one(document) for one in group) for group in groups)

    return matches


def _condition(text: str) -> Callable[[Any], bool]:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise _unreadable(text)
    steps = re.findall(r"[^.\[\]]+", found["path"])
    name, wanted = found["operator"], found["bare"] if found["quoted"] is None else found["quoted"]

    def holds(document: Any) -> bool:
        value = document
        for step in steps:
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return False
        if name in _OPERATORS:
            try:
                return _OPERATORS[name](float(value), float(wanted))
            except (TypeError, ValueError):
                return False
        shown = value if isinstance(value, str) else json.dumps(value)
        equal = fnmatchcase(shown, wanted.replace("[", "[[]").replace("?", "[?]"))
        return equal is (name == "=")

    return holds


def _unreadable(pattern: str) -> ServiceError:
    return ServiceError(
        "InvalidParameterException",
        f"Invalid filter pattern '{pattern.strip()}': the local cloud reads words, and {{ $.member = value }} with "
        "=, !=, <, >, && and ||",
    )
