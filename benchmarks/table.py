"""What every benchmark returns: rows, and the table made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number. ``limit``: what it may be at most, None where nothing was promised."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or nothing without a limit."""
        return "" if self.limit is None else "ok" if self.value <= self.limit else "over"


def line(row: Row) -> str:
    """A row as text."""
    limit = "" if row.limit is None else f"<= {row.limit:g}"
    text = f"{row.what:<52} {number(row.value):>9} {row.unit:<8} {limit:>8} {row.verdict:<5} {row.note}"
    return text.rstrip()


def number(value: float) -> str:
    """Three significant digits, or all of the integer part."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def show(title: str, rows: Iterable[Row]) -> list[Row]:
    """Print a block of the table as soon as it is measured, and return it."""
    print(f"\n{title:<52} {'measured':>9} {'':<8} {'limit':>8}", flush=True)
    measured = []
    for row in rows:
        print(line(row), flush=True)
        measured.append(row)
    return measured
