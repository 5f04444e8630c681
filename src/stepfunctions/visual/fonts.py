"""The font of a .png: a rasteriser draws no letter of a family that the machine does not have."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
    "~/.fonts",
    "~/.local/share/fonts",
)
_BEST = "DejaVuSans"
_SPECIAL = ("bold", "italic", "oblique", "condensed", "light", "thin", "black", "mono", "serif")
_NO_LETTERS = ("emoji", "symbol", "icon", "math", "awesome", "dingbat")


@cache
def family(folders: tuple[str, ...] = FOLDERS) -> str | None:
    """Return the name of the plainest family of letters in these folders and below; None when there is none."""
    files = (file for folder in folders for file in Path(folder).expanduser().rglob("*.[to]tf"))
    for file in sorted(files, key=_plainness):
        name = _family_of(file)
        if name is not None:
            return name
    return None


def _plainness(file: Path) -> tuple[bool, int, str]:
    stem = file.stem.lower()
    odd = sum(word in stem for word in _SPECIAL) + 9 * sum(word in stem for word in _NO_LETTERS)
    return file.stem != _BEST, odd, str(file)


def _family_of(file: Path) -> str | None:
    """Return the family that a font file says it is of: https://learn.microsoft.com/typography/opentype/spec/name."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    tables = (12 + 16 * number for number in range(_number(data, 4)))
    start = next((_number(data, at + 8, 4) for at in tables if data[at : at + 4] == b"name"), None)
    if start is None:
        return None
    found: dict[int, str] = {}
    for record in range(start + 6, start + 6 + 12 * _number(data, start + 2), 12):
        platform, name = _number(data, record), _number(data, record + 6)
        if platform in (0, 3) and name in (1, 16):
            begin = start + _number(data, start + 4) + _number(data, record + 10)
            found.setdefault(name, data[begin : begin + _number(data, record + 8)].decode("utf-16-be", "replace"))
    return found.get(16, found.get(1))


def _number(data: bytes, at: int, size: int = 2) -> int:
    return int.from_bytes(data[at : at + size], "big")
