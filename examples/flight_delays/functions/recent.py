"""Recent: what the drift monitor compares, and how many flights each route has (the weekly workflow).

Of the lake's last weeks, and of nothing later: the delays of the last ``RECENT_WEEKS``, as CSV with a column for the
route, and the flights that were scheduled in the last ``TRAINING_WEEKS``, as JSON.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import storage

RECENT_WEEKS = 4
TRAINING_WEEKS = 13


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Week", "Run"}`` -> ``{"Data": the recent delays, "Flights": how many}``; all weeks must be there."""
    week, run = int(event["Week"]), event["Run"]
    scheduled: Counter[str] = Counter()
    arrived: list[tuple[str, str]] = []
    for number in range(max(1, week - TRAINING_WEEKS + 1), week + 1):
        rows = list(csv.DictReader(io.StringIO(storage.read_bytes(storage.partition(number)).decode())))
        scheduled.update(row["route"] for row in rows)
        if number > week - RECENT_WEEKS:
            arrived += [(row["route"], row["arr_delay"]) for row in rows if row["status"] == "arrived"]
    text = io.StringIO()
    csv.writer(text).writerows([("route", "arr_delay"), *arrived])
    key = f"recent/{run}/flights.csv"
    storage.write_bytes(key, text.getvalue().encode(), "text/csv")
    storage.write_json(f"runs/{run}/scheduled.json", scheduled)
    return {"Data": storage.uri(key), "Flights": len(arrived)}
