"""HandleSuccess and HandleFailed: leave one summary of the execution where people and tools look for it.

A production workflow would also publish it (SNS, chat, a ticket); this one only stores it.
"""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

import storage


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Run", "Week", "Status"}`` with ``{"Prepare", "Routes"}`` or ``{"Error"}`` -> the summary."""
    summary = {key: event[key] for key in ("Run", "Week", "Status")}
    if "Error" in event:
        summary["Error"] = event["Error"]
    else:
        # A tolerated failure has no row of its own.
        rows = [row for row in event["Routes"] if isinstance(row, dict) and "Decision" in row]
        prepared = {key: event["Prepare"][key] for key in ("Eligible", "Due", "Reasons")}
        summary |= prepared | summarise(rows) | {"Failed": prepared["Due"] - len(rows)}
    storage.write_json(f"runs/{event['Run']}/summary.json", summary)
    return summary


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Decisions and mean errors (minutes, each route counting once) of the trained routes."""
    challenged = [row for row in rows if row["Champion"] is not None]
    return {
        "Trained": len(rows),
        "Decisions": dict(Counter(row["Decision"] for row in rows)),
        "ModelLosesToBaseline": sum(row["Model"] >= row["Baseline"] for row in rows),
        "Model": _mean(row["Model"] for row in rows),
        "Baseline": _mean(row["Baseline"] for row in rows),
        "Champion": _mean(row["Champion"] for row in challenged),
        "ModelWhereChampion": _mean(row["Model"] for row in challenged),
    }


def _mean(values: Any) -> float | None:
    numbers = list(values)
    return round(statistics.fmean(numbers), 3) if numbers else None
