"""What the JSONata of Step Functions, version 2.0.6, does not have: operators that the library reads, but AWS refuses.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re

_COMMON = r"(?P<skip>\s+|/\*.*?\*/)|(?P<newer>\?\?|\?:)"
_VALUE = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\$*\w+|\$+|[)\]}]"""
_REGEX = r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[])+/[a-z]*"
_FUNCTION = r"(?:function|λ)\s*\([^()]*\)\s*<[^{]*"
"""Up to its body: its ``<…>`` has question marks and colons of its own."""
_AFTER_VALUE = re.compile(rf"{_COMMON}|(?:and|or|in)\b|(?P<value>{_VALUE})|.", re.DOTALL)
_BEFORE_VALUE = re.compile(rf"{_COMMON}|{_FUNCTION}|(?P<value>{_REGEX}|{_VALUE})|.", re.DOTALL)


def unsupported(text: str) -> tuple[int, str] | None:
    """Return the position and text of the first ``??`` or ``?:`` of an expression that can be read; None for none."""
    if "??" not in text and "?:" not in text:
        return None
    at, after_value = 0, False
    while at < len(text):
        token = (_AFTER_VALUE if after_value else _BEFORE_VALUE).match(text, at)
        assert token is not None, "the last alternative matches anything"
        if token.lastgroup == "newer":
            return at, token[0]
        at = token.end()
        if token.lastgroup != "skip":
            after_value = token.lastgroup == "value"
    return None
