"""Choose: the routes that are retrained this week (the weekly workflow). One of these holds, in this order:

1. ``new route``  nothing serves it yet, and ``MIN_FLIGHTS`` were scheduled in the weeks that models are trained on;
2. ``drift``      its delays are not those that it was last trained on;
3. ``growth``     there are ``MIN_GROWTH`` times as many flights to train on as when it was last trained.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import storage

MIN_FLIGHTS = 50
MIN_GROWTH = 2


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Run", "Drifted": a key}`` -> ``{"Eligible", "Due", "DueKey", "Reasons"}``; routes go to S3 as JSON lines."""
    run = event["Run"]
    scheduled: dict[str, int] = storage.read_json(f"runs/{run}/scheduled.json")
    drifted = {json.loads(line)["Model"] for line in storage.read_bytes(event["Drifted"]).decode().splitlines()}
    registry = storage.champions()
    due = []
    for route, flights in sorted(scheduled.items()):
        record = registry.get(route)
        last = record["last_trained"]["flights"] if record else 0
        reason = _reason(flights, last, route in drifted) if record or flights >= MIN_FLIGHTS else None
        if reason:
            champion = record["artifact"] if record else None
            item = {"Route": route, "Flights": flights, "NewFlights": flights - last}
            due.append({**item, "Reason": reason, "Champion": champion})
    key = f"runs/{run}/due.jsonl"
    storage.write_bytes(key, "".join(json.dumps(item) + "\n" for item in due).encode(), "application/jsonl")
    eligible = {route for route, flights in scheduled.items() if flights >= MIN_FLIGHTS} | set(registry)
    return {
        "Eligible": len(eligible),
        "Due": len(due),
        "DueKey": key,
        "Reasons": dict(Counter(item["Reason"] for item in due)),
    }


def _reason(flights: int, last: int, drifted: bool) -> str | None:
    if not last:
        return "new route"
    if drifted:
        return "drift"
    return "growth" if flights >= MIN_GROWTH * last else None
