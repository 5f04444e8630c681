"""What every benchmark returns: rows, and the table made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number. ``limit``: what it may be at most, None where nothing was promised; ``aim``: what is hoped.

    ``wall``: the same with the clock on the wall; ``memory``: the most resident, in MiB; ``floor``: the same work with
    nothing but CPython, measured in the same run; ``beside``: the same of the peers, by their names.
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""
    aim: float | None = None
    wall: float | None = None
    memory: float | None = None
    floor: float | None = None
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or nothing without a limit."""
        return "" if self.limit is None else "ok" if self.value <= self.limit else "over"


def line(row: Row) -> str:
    """A row as text."""
    limit = "" if row.limit is None else f"<= {row.limit:g}"
    more = [
        f"aim {row.aim:g}" if row.aim is not None else "",
        f"floor {number(row.floor)} (x {row.value / row.floor:.1f})" if row.floor else "",
        f"wall {number(row.wall)}" if row.wall is not None else "",
        f"{row.memory:.0f} MiB" if row.memory is not None else "",
        *(f"{name} {value}" for name, value in row.beside.items()),
        row.note,
    ]
    text = f"{row.what:<56} {number(row.value):>9} {row.unit:<8} {limit:>8} {row.verdict:<5}"
    return f"{text} {', '.join(filter(None, more))}".rstrip()


def number(value: float) -> str:
    """Three significant digits, or all of the integer part."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def show(title: str, rows: Iterable[Row]) -> list[Row]:
    """Print a block of the table as soon as it is measured, and return it."""
    print(f"\n{title:<56} {'measured':>9} {'':<8} {'limit':>8}", flush=True)
    measured = []
    for row in rows:
        print(line(row), flush=True)
        measured.append(row)
    return measured


def markdown(rows: Iterable[Row], peers: Iterable[str]) -> str:
    """Return the rows as a table of a page, with a column for each of these peers."""
    names = list(peers)
    heads = ["", "measured", "limit", "aim", "", "wall", "peak MiB", "floor", "× floor", *names]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for row in rows:
        what = f"{row.what} ({row.note})" if row.note else row.what
        cells = [
            what,
            f"**{number(row.value)} {row.unit}**",
            *("" if value is None else f"{value:g}" for value in (row.limit, row.aim)),
            row.verdict,
            *("" if value is None else number(value) for value in (row.wall, row.memory, row.floor)),
            f"{row.value / row.floor:.1f}" if row.floor else "",
            *(row.beside.get(name, "") for name in names),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
