"""An execution in a terminal: a tree of its states with durations and attempts, bars of its Maps, the end of a log."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stepfunctions.visual.graph import build
from stepfunctions.visual.report.reading import Event, History, Span, milliseconds, read
from stepfunctions.visual.status import COUNTED_AS_ENDED, StateStatus
from stepfunctions.visual.text import Row, line_of, plain, rows

STYLES = {
    "✓": "green",
    "●": "blue",
    "✕": "red",
    "!": "yellow",
    "–": "bright_black",
    "○": "bright_black",
    "·": "bright_black",
}
_BAR = 20
_LEAST_ROWS = 3
_LOG_ROWS = 5
_MOST_ROWS = 200
"""States that are shown when all is over."""
_AHEAD = 60.0
"""Seconds by which the service's clock must be ahead of this one's to be one that jumps."""


class Tree:
    """The states of an execution as they stand. It is drawn anew, with the time, whenever rich asks for it."""

    def __init__(self, definition: Any, name: str) -> None:
        self._graph = build(definition)
        self._name = name
        self._events: dict[int, Event] = {}
        self._counts: dict[str, Mapping[str, int]] = {}
        self._log: tuple[str, Sequence[str]] = ("", ())
        self._ended: str | None = None
        self._behind = 0.0
        self.history: History = read([])

    def take(self, events: Iterable[Event]) -> None:
        """Take events that are new."""
        fresh = {int(event["id"]): event for event in events}
        if fresh:
            self._events |= fresh
            self.history = read(self._events.values())
            last = milliseconds(max(fresh.items())[1].get("timestamp"))
            ahead = (last or 0.0) / 1000 - time.time()
            self._behind = ahead if ahead > _AHEAD else 0.0

    def count(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Take item counts of Distributed Maps, by the names of their states; what was told of others still holds."""
        self._counts |= counts

    def log(self, whose: str, lines: Sequence[str]) -> None:
        """Take the last lines of what runs now; of a line that was written over, what stood there last."""
        self._log = plain(whose), [plain(line.rstrip().rpartition("\r")[2]) for line in lines[-_LOG_ROWS:]]

    def end(self, status: str) -> None:
        """Take the status that the execution ended with."""
        self._ended = status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the tree, no higher than the terminal while the execution runs."""
        overlay = self.history.overlay
        for name, counts in self._counts.items():
            if name in overlay.states:
                overlay.states[name].counts = {key: int(value) for key, value in counts.items()}
        found = rows(self._graph, overlay)
        most = _MOST_ROWS
        log = self._log_lines() if self._ended is None else []
        if self._ended is None and console.is_terminal:
            most = max(options.size.height - len(log) - 3, _LEAST_ROWS)
        shown, hidden = fitting(found, most)
        spans = {line_of(span.visit.name): span for span in self.history.spans}
        states = {line_of(name): status for name, status in self.history.overlay.states.items()}
        table = Table.grid(padding=(0, 1))
        for column in ("states", "status", "time"):
            table.add_column(column, no_wrap=True, overflow="ellipsis", justify="right" if column == "time" else "left")
        for row in shown:
            table.add_row(*self._cells(row, spans, states))
        more = [Text(f"… {hidden} more states", style="dim")] if hidden else []
        yield Group(self._header(), table, *more, *log)

    def _header(self) -> Text:
        status = self._ended or "RUNNING"
        sign = {"RUNNING": "●", "SUCCEEDED": "✓"}.get(status, "✕")
        begun = self.history.events[0].get("timestamp") if self.history.events else None
        return Text.assemble(
            (f"{sign} ", STYLES[sign]),
            (self._name, "bold"),
            (f"  {status.lower()}  {self._since(milliseconds(begun), self._stopped())}", "dim"),
        )

    def _stopped(self) -> float | None:
        return milliseconds(self.history.events[-1].get("timestamp")) if self._ended and self.history.events else None

    def _cells(self, row: Row, spans: Mapping[str, Span], states: Mapping[str, StateStatus]) -> tuple[Any, ...]:
        indent = "  " * row.depth
        if not row.detail:
            return Text(f"{indent}{row.name}", style="dim"), "", ""
        style = STYLES.get(row.sign, "")
        name = Text.assemble(indent, (f"{row.sign} ", style), row.name, (f"  {row.detail}", "dim"))
        span = spans.get(row.name)
        status = states.get(row.name)
        said: Any = Text("" if row.sign in "○·" else row.status, style=style)
        if status is not None and status.counts.get("total"):
            done = sum(status.counts.get(kind, 0) for kind in COUNTED_AS_ENDED)
            bar = ProgressBar(total=status.counts["total"], completed=done, width=_BAR)
            said = Table.grid(padding=(0, 1))
            said.add_row(bar, Text(row.status.partition(" · ")[2], style=style))
        return name, said, Text(self._since(span.start, span.end), style="dim") if span is not None else ""

    def _since(self, start: float | None, end: float | None) -> str:
        if start is None:
            return ""
        until = end if end is not None else (time.time() + self._behind) * 1000
        return duration(max(until - start, 0.0) / 1000)

    def _log_lines(self) -> list[Text]:
        whose, lines = self._log
        if not lines:
            return []
        return [
            Text(f"─ {whose}", style="dim"),
            *(Text(f"  {line}", no_wrap=True, overflow="ellipsis") for line in lines),
        ]


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> [duration(one) for one in (0.25, 4.31, 75, 7_260, 200_000)]
    ['0.3 s', '4.3 s', '1 min 15 s', '2 h 1 min', '2 d 7 h']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds % 60)} s"


def fitting(found: Sequence[Row], most: int) -> tuple[list[Row], int]:
    """Return at most so many rows, and how many states are left out.

    First what is inside of states that have ended goes, then states that were not reached from the end on, then what
    ended first.
    """
    shown = list(found)
    if len(shown) > most:
        shown = _without_insides(shown)
    for goes in ("○·", "✓–!"):
        order = range(len(shown) - 1, -1, -1) if goes == "○·" else range(len(shown))
        drop: set[int] = set()
        for index in order:
            if len(shown) - len(drop) <= most:
                break
            if shown[index].sign and shown[index].sign in goes:
                drop.add(index)
        shown = [row for index, row in enumerate(shown) if index not in drop]
    shown = shown[:most]
    return shown, sum(1 for row in found if row.detail) - sum(1 for row in shown if row.detail)


def _without_insides(found: Sequence[Row]) -> list[Row]:
    kept: list[Row] = []
    ended: int | None = None
    for row in found:
        if ended is not None and row.depth > ended:
            continue
        ended = row.depth if row.detail and row.sign in "✓–" else None
        kept.append(row)
    return kept
