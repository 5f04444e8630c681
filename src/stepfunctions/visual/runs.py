"""What is asked of the service for a picture, beside the history: the counts of Distributed Maps."""

from __future__ import annotations

from typing import Any


def map_counts(client: Any, events: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the item counts of each Distributed Map that the events tell of, by the name of its state."""
    names: dict[int, str] = {
        event["id"]: event["stateEnteredEventDetails"]["name"] for event in events if event["type"] == "MapStateEntered"
    }
    parents = {event["id"]: event.get("previousEventId", 0) for event in events}
    counts: dict[str, dict[str, int]] = {}
    for event in events:
        if event["type"] != "MapRunStarted":
            continue
        before = parents[event["id"]]
        while before and before not in names:
            before = parents.get(before, 0)
        run = client.describe_map_run(mapRunArn=event["mapRunStartedEventDetails"]["mapRunArn"])
        if before:
            counts[names[before]] = {key: value for key, value in run["itemCounts"].items() if isinstance(value, int)}
    return counts
