"""What the JSONata of Step Functions, version 2.0.6, does not have: operators that the library reads, but AWS refuses.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/)
    |(?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\$*\w+|\$+|[)\]}])
    |(?P<slash>/)
    |(?P<newer>\?\?|\?:)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[])+/[a-z]*", re.DOTALL)
_FUNCTION = re.compile(r"(?:function|λ)\s*\([^()]*\)\s*<", re.DOTALL)


def unsupported(text: str) -> tuple[int, str] | None:
    """Return the position and text of the first ``??`` or ``?:`` of an expression that can be read; None for none."""
    if "??" not in text and "?:" not in text:
        return None
    at, after_value = 0, False
    while at < len(text):
        signature = _FUNCTION.match(text, at)
        if signature is not None:  # its <…> has question marks and colons of its own
            at, after_value = _end_of_signature(text, signature.end()), False
            continue
        regex = None if after_value else _REGEX.match(text, at)
        token = _TOKEN.match(text, at)
        assert token is not None, "the last alternative matches anything"
        if token.lastgroup == "newer":
            return at, token[0]
        if token.lastgroup == "slash" and regex is not None:
            at, after_value = regex.end(), True
            continue
        at = token.end()
        if token.lastgroup != "skip":
            after_value = token.lastgroup == "value" and token[0] not in ("and", "or", "in")
    return None


def _end_of_signature(text: str, at: int) -> int:
    depth = 1
    while depth and at < len(text):
        depth += {"<": 1, ">": -1}.get(text[at], 0)
        at += 1
    return at
