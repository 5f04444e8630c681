"""RFC 3339 timestamps as the States Language wants them: a capital ``T``, and ``Z`` or an offset."""

from __future__ import annotations

import re
from datetime import date
from typing import TypeAlias

Instant: TypeAlias = tuple[int, str]
"""Seconds since 1970 and the digits after the point without trailing zeros: ordered as instants are."""

_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?"
    r"(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()


def parse_timestamp(text: str) -> Instant | None:
    """Return the instant of an RFC 3339 timestamp, or None when the text is none.

    Fractions of any length are kept exactly. A leap second is the first second of the next minute.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    offset = int(match[9] or 0) * 3_600 + int(match[10] or 0) * 60
    seconds += -offset if match[8] == "+" else offset
    return seconds, (match[7] or "").rstrip("0")


def epoch_seconds(text: str) -> float | None:
    """Return a timestamp as seconds since 1970 (UTC), or None when the text is no RFC 3339 timestamp."""
    instant = parse_timestamp(text)
    if instant is None:
        return None
    return instant[0] + float(f"0.{instant[1]}")
