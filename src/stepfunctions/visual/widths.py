"""How wide text is, without a font: from a table of glyph widths, so that a layout is the same on every machine.

The widths are those of a wide sans-serif face (DejaVu Sans, what Linux falls back to); Arial, Helvetica and their like
are about a tenth narrower, so text always has room.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

# Thousandths of the font size, for the characters 32 to 126.
_ASCII = (
    318,
    401,
    460,
    838,
    636,
    950,
    780,
    275,
    390,
    390,
    500,
    838,
    318,
    361,
    318,
    337,
    636,
    636,
    636,
    636,
    636,
    636,
    636,
    636,
    636,
    636,
    337,
    337,
    838,
    838,
    838,
    556,
    1015,
    684,
    686,
    722,
    770,
    667,
    611,
    778,
    752,
    295,
    500,
    667,
    557,
    863,
    748,
    787,
    667,
    787,
    722,
    667,
    611,
    732,
    684,
    989,
    685,
    667,
    685,
    390,
    337,
    390,
    838,
    556,
    500,
    613,
    635,
    550,
    635,
    615,
    352,
    635,
    634,
    278,
    278,
    579,
    278,
    974,
    634,
    612,
    635,
    635,
    411,
    521,
    392,
    634,
    592,
    818,
    592,
    592,
    525,
    636,
    337,
    636,
    838,
)
_OTHER = 720
_WIDE = 1040
_PICTOGRAM = 1300
_RANGES = (
    (0x0300, 0x036F, 0),
    (0x1100, 0x115F, _WIDE),
    (0x200B, 0x200F, 0),
    (0x2600, 0x27BF, 1000),
    (0x2E80, 0xA4CF, _WIDE),
    (0xAC00, 0xD7A3, _WIDE),
    (0xF900, 0xFAFF, _WIDE),
    (0xFE00, 0xFE0F, 0),
    (0xFE30, 0xFE6F, _WIDE),
    (0xFF00, 0xFF60, _WIDE),
    (0x1F000, 0x1FAFF, _PICTOGRAM),
    (0x20000, 0x3FFFD, _WIDE),
)
ELLIPSIS = "…"


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> float:
    """Return the width of ``text`` in pixels at a font size of ``size`` pixels."""
    return sum(map(_thousandths, text)) * size / 1000


def _thousandths(character: str) -> int:
    code = ord(character)
    if 32 <= code <= 126:
        return _ASCII[code - 32]
    for low, high, width in _RANGES:
        if low <= code <= high:
            return width
    return 1000 if code in (0x2014, 0x2026) else _OTHER


def shorten(text: str, size: int, room: float) -> str:
    """Return ``text``, cut and ended with an ellipsis if it is wider than ``room`` pixels."""
    if text_width(text, size) <= room:
        return text
    left = room - text_width(ELLIPSIS, size)
    kept = 0
    for character in text:
        left -= _thousandths(character) * size / 1000
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip() + ELLIPSIS


def wrap(text: str, size: int, room: float, lines: int = 2) -> tuple[str, ...]:
    """Return ``text`` in at most ``lines`` lines of ``room`` pixels: broken between words, in a word that is too long,
    and cut with an ellipsis when it does not fit.
    """
    found: list[str] = []
    rest = " ".join(text.split()) or text
    while rest and len(found) < lines - 1 and text_width(rest, size) > room:
        cut = _break(rest, size, room)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest or not found:
        found.append(shorten(rest, size, room))
    return tuple(found)


def _break(text: str, size: int, room: float) -> int:
    """Return where to break: after the last space that fits, else at a sign or before a capital."""
    left, last, best, space = room, 1, 0, 0
    for position, character in enumerate(text):
        left -= _thousandths(character) * size / 1000
        if left < 0:
            break
        last = position + 1
        following = text[position + 1 : position + 2]
        if character == " ":
            space = position + 1
        elif character in "-_/:" or following == "." or (character.islower() and following.isupper()):
            best = position + 1
    else:
        return len(text)
    if text[last : last + 1] == " ":
        return last
    return space if space > last * 0.35 else best if best > last * 0.4 else last


def widest(lines: Sequence[str], size: int) -> float:
    """Return the width of the widest of these lines."""
    return max((text_width(line, size) for line in lines), default=0.0)
