"""Prepare: decide which routes are due for retraining in a given week.

Only what the schedule shows up to the end of that week is counted, and cancelled flights count too: being
scheduled is what makes a route one of ours. A route is *eligible* with at least ``MIN_FLIGHTS`` scheduled
flights, and an eligible route is *due* when one of these holds, in this order:

1. ``new route``       nothing serves it yet;
2. ``new flights``     at least ``MIN_NEW_FLIGHTS`` flights since it was last trained (a busy route's week);
3. ``growth``          at least ``MIN_GROWTH`` more flights than when it was last trained (a young or a growing route);
4. ``age``             last trained ``MAX_AGE_WEEKS`` weeks ago or earlier (so that quiet routes get their turn).

"Last trained" counts trainings that lost against their champion as well: losing is no reason to try again tomorrow.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import zipfile
from collections import Counter
from typing import Any

import storage

MIN_FLIGHTS = 50
MIN_NEW_FLIGHTS = 50
MIN_GROWTH = 0.05
MAX_AGE_WEEKS = 13


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Week", "Run"}`` -> ``{"Eligible", "Due", "DueKey", "Reasons"}``; the due routes are written as JSON lines."""
    week, run = int(event["Week"]), event["Run"]
    counts = scheduled_flights(storage.read_bytes("raw/flights.csv.zip"), week)
    registry = storage.champions()
    later = [record["route"] for record in registry.values() if record["last_trained"]["week"] > week]
    if later:
        # A champion that has learnt from later flights cannot be compared honestly on earlier ones.
        raise ValueError(f"Week {week} lies before the last training of {len(later)} routes, e.g. {later[0]}.")
    due = list(due_routes(counts, registry, week))
    key = f"runs/{run}/due.jsonl"
    lines = "".join(json.dumps(item) + "\n" for item in due)
    storage.write_bytes(key, lines.encode(), "application/jsonl")
    return {
        "Eligible": sum(count >= MIN_FLIGHTS for count in counts.values()),
        "Due": len(due),
        "DueKey": key,
        "Reasons": dict(Counter(item["Reason"] for item in due)),
    }


def scheduled_flights(archive: bytes, week: int) -> Counter[str]:
    """Route -> flights scheduled up to the end of the week (days 1 to 7 x week of the year)."""
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        name = next(name for name in zipped.namelist() if name.endswith("flights.csv"))
        with zipped.open(name) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
            rows = csv.reader(text)
            header = next(rows)
            year, month, day, origin, dest = (
                header.index(field) for field in ("year", "month", "day", "origin", "dest")
            )
            dates: Counter[tuple[str, str, str, str, str]] = Counter(
                (row[year], row[month], row[day], row[origin], row[dest]) for row in rows
            )
    for (y, m, d, start, end), flights in dates.items():
        if datetime.date(int(y), int(m), int(d)).timetuple().tm_yday <= 7 * week:
            counts[f"{start}-{end}"] += flights
    return counts


def due_routes(counts: Counter[str], registry: dict[str, dict[str, Any]], week: int) -> Any:
    """The items of the Map, ordered by route."""
    for route, flights in sorted(counts.items()):
        if flights < MIN_FLIGHTS:
            continue
        record = registry.get(route)
        reason = _reason(flights, record, week)
        if reason:
            yield {
                "Route": route,
                "Flights": flights,
                "NewFlights": flights - (record["last_trained"]["flights"] if record else 0),
                "Reason": reason,
                "Champion": record["artifact"] if record else None,
            }


def _reason(flights: int, record: dict[str, Any] | None, week: int) -> str | None:
    if record is None:
        return "new route"
    last = record["last_trained"]
    new = flights - last["flights"]
    if new >= MIN_NEW_FLIGHTS:
        return "new flights"
    if new >= MIN_GROWTH * last["flights"]:
        return "growth"
    return "age" if week - last["week"] >= MAX_AGE_WEEKS else None
