"""What the local cloud may use of this machine: sizes as people write them, and how jobs are kept within theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

_SIZE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>[KMGT](?:i?B)?|B)?", re.IGNORECASE)
_UNITS = MappingProxyType(
    {
        "b": 1,
        **{f"{letter}{end}": 1000**power for power, letter in enumerate("kmgt", 1) for end in ("", "b")},
        **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
    }
)


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Bytes of memory that each job may have, and of disk that the data directory should keep to; None: no limit."""

    job_memory: int | None = None
    disk: int | None = None


def size_of(text: str) -> int:
    """Return the bytes that a size means: ``"2GB"``, ``"512 MiB"``, ``"1048576"``. Raises ValueError for others.

    >>> size_of("2GB"), size_of("1.5 KiB")
    (2000000000, 1536)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or not float(found["number"]):
        raise ValueError(f"'{text}' is no size: write 500MB, 2GB or 1.5GiB")
    return int(float(found["number"]) * _UNITS[(found["unit"] or "B").lower()])


def shown(size: float) -> str:
    """Return bytes as people read them.

    >>> shown(2_500_000_000)
    '2.5 GB'
    """
    units = iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
