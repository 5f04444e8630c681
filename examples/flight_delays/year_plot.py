"""Draw ``year.json``: what was retrained in each week of the year, and what it was good for.

python year_plot.py year.json images/year.svg

Beside the picture it leaves ``year.csv``: which routes drifted, and in which weeks; and a small ``year.json`` that has
what both are made of, and can be given to this script in place of the large one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

WIDTH, LEFT, RIGHT, HEIGHT, GAP, TOP = 960, 60, 20, 150, 64, 84
INK, FAINT, GRID = "#1f2933", "#52606d", "#e4e7eb"
DRIFT, GROWTH, NEW = "#d9480f", "#ffc078", "#ced4da"
SERVING, FROZEN, WORSE = "#1864ab", "#868e96", "#a61e4d"
Points = list[tuple[int, float]]


class Panel:
    """One diagram over the weeks of the year."""

    def __init__(self, place: int, title: str, low: float, high: float) -> None:
        self.top = TOP + place * (HEIGHT + GAP)
        self.low, self.high = low, high
        self.parts = [f'<text x="{LEFT}" y="{self.top - 12}" font-weight="600">{title}</text>']
        for value in _ticks(low, high):
            y = self.y(value)
            self.parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK if value == 0 else GRID}"/>')
            self.parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{FAINT}">{value:g}</text>')
        for month in range(1, 13):
            x = self.x(((date(2013, month, 15) - date(2013, 1, 1)).days) / 7 + 1)
            name = date(2013, month, 1).strftime("%b")
            y = self.top + HEIGHT + 16
            self.parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="{FAINT}">{name}</text>')

    def x(self, week: float) -> float:
        """The middle of a week; the 53rd has a single day."""
        return LEFT + (week - 0.5) * (WIDTH - LEFT - RIGHT) / 53

    def y(self, value: float) -> float:
        """A value's height."""
        return self.top + HEIGHT * (1 - (value - self.low) / (self.high - self.low))

    def bars(self, points: Points, colour: str | Callable[[float], str], base: Points | None = None) -> None:
        """A bar a week, on other bars if there are some."""
        below = dict(base or [])
        for week, value in points:
            start = below.get(week, 0)
            ends = sorted((self.y(start), self.y(start + value)))
            fill = colour if isinstance(colour, str) else colour(value)
            if value:
                title = f"<title>Week {week}, to {_last_day(week):%d %B}: {value:g}</title>"
                self.parts.append(
                    f'<rect x="{self.x(week) - 6:.1f}" y="{ends[0]:.1f}" width="12" height="{ends[1] - ends[0]:.1f}" '
                    f'fill="{fill}">{title}</rect>'
                )

    def line(self, points: Points, colour: str, dash: str = "") -> None:
        """A line through the weeks."""
        path = "L".join(f"{self.x(week):.1f} {self.y(value):.1f}" for week, value in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Colours and what they are, right of the title."""
        x = WIDTH - RIGHT
        for text, colour in reversed(entries):
            x -= round(6.8 * len(text)) + 6
            self.parts.append(f'<text x="{x}" y="{self.top - 12}" fill="{FAINT}">{text}</text>')
            self.parts.append(f'<rect x="{x - 16}" y="{self.top - 22}" width="10" height="10" fill="{colour}"/>')
            x -= 34


def _last_day(week: int) -> date:
    return date(2013, 1, 1) + timedelta(days=7 * week - 1)


def _ticks(low: float, high: float) -> list[float]:
    step = next(one for one in (0.5, 1, 2, 5, 10, 20, 50, 100) if (high - low) / one <= 5)
    first = -(-low // step)
    return [step * (first + at) for at in range(int((high - first * step) // step) + 1)]


def _retrained(weeks: list[dict[str, Any]]) -> list[str]:
    reasons = {name: [(row["week"], row["reasons"].get(name, 0)) for row in weeks] for name in _REASONS}
    panel = Panel(0, "Models trained", 0, max(sum(row["reasons"].values()) for row in weeks) * 1.05)
    base: Points = [(row["week"], 0) for row in weeks]
    for name, (_, colour) in _REASONS.items():
        panel.bars(reasons[name], colour, base)
        base = [(week, below + more) for (week, below), (_, more) in zip(base, reasons[name], strict=True)]
    panel.legend(list(_REASONS.values()))
    return panel.parts


_REASONS = {
    "drift": ("the delays drifted", DRIFT),
    "growth": ("twice the flights", GROWTH),
    "new route": ("first model", NEW),
}


def _errors(errors: list[dict[str, Any]]) -> list[str]:
    lines: dict[str, Points] = {name: [(row["week"], row[name]) for row in errors] for name in ("frozen", "serving")}
    values = [value for points in lines.values() for _, value in points]
    panel = Panel(1, "Mean absolute error of all flights of the week, minutes", 0, max(values) * 1.05)
    panel.line(lines["frozen"], FROZEN, "4 3")
    panel.line(lines["serving"], SERVING)
    panel.legend([("retrained", SERVING), ("not retrained after week 13", FROZEN)])
    return panel.parts


def _gains(errors: list[dict[str, Any]]) -> list[str]:
    gains: Points = [
        (row["week"], row["differ"]["frozen"] - row["differ"]["serving"]) for row in errors if row["differ"]["flights"]
    ]
    low, high = (bound([0.0, *(gain for _, gain in gains)]) for bound in (min, max))
    room = 0.1 * (high - low) or 1.0
    panel = Panel(
        2, "Minutes by which the error is smaller, where the retrained model is another one", low - room, high + room
    )
    panel.bars(gains, lambda gain: SERVING if gain > 0 else WORSE)
    panel.legend([("better", SERVING), ("worse", WORSE)])
    return panel.parts


def draw(year: dict[str, Any]) -> str:
    """The picture, as SVG."""
    height = TOP + 3 * (HEIGHT + GAP) - 20
    parts = [*_retrained(year["weeks"]), *_errors(year["errors"]), *_gains(year["errors"])]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            'font-family="system-ui, sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>',
            f'<g fill="{INK}">',
            f'<text x="{LEFT}" y="36" font-size="18" font-weight="600">The flights of 2013: what drifted, '
            "and what retraining was good for</text>",
            *parts,
            "</g>",
            "</svg>\n",
        ]
    )


def drifted(weeks: list[dict[str, Any]]) -> str:
    """Which routes drifted, those first that did most often, and when."""
    found: dict[str, list[str]] = {}
    for row in weeks:
        for route, told in row["drift"].items():
            if told["verdict"] == "Drifted":
                found.setdefault(route, []).append(str(row["week"]))
    lines = [
        f"{route},{' '.join(weeks)}" for route, weeks in sorted(found.items(), key=lambda one: (-len(one[1]), one))
    ]
    return "\n".join(["route,weeks", *lines]) + "\n"


def small(year: dict[str, Any]) -> dict[str, Any]:
    """What the picture and the table need of a year."""
    weeks = []
    for row in year["weeks"]:
        verdicts = {route: {"verdict": told["verdict"]} for route, told in row["drift"].items()}
        drift = {route: told for route, told in verdicts.items() if told["verdict"] == "Drifted"}
        weeks.append({"week": row["week"], "reasons": row["reasons"], "drift": drift})
    return {"weeks": weeks, "errors": year["errors"]}


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    if target.with_suffix(".json").resolve() == source.resolve():
        sys.exit(f"{source} would be replaced by its summary: draw into another folder, such as images/{target.name}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    made = json.loads(source.read_text())
    target.write_text(draw(made))
    target.with_suffix(".csv").write_text(drifted(made["weeks"]))
    target.with_suffix(".json").write_text(json.dumps(small(made)) + "\n")
