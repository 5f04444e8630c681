"""What is asked of the service for a picture, beside the history: the counts of Distributed Maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.visual.report.asking import Questions
from stepfunctions.visual.report.reading import details_of


def map_counts(
    client: Any, events: Iterable[Mapping[str, Any]], questions: Questions | None = None
) -> dict[str, dict[str, int]]:
    """Return the item counts of each Distributed Map that the events tell of, by the name of its state.

    A Map Run that the service refuses to describe has none; ``questions`` notes why.
    """
    asking = questions or Questions()
    ordered = sorted(events, key=lambda event: event.get("id", 0))
    names = {
        event.get("id", 0): str(details_of(event).get("name", "?"))
        for event in ordered
        if event.get("type") == "MapStateEntered"
    }
    parents = {event.get("id", 0): event.get("previousEventId", 0) for event in ordered}
    counts: dict[str, dict[str, int]] = {}
    for event in ordered:
        arn = details_of(event).get("mapRunArn")
        if event.get("type") != "MapRunStarted" or not arn:
            continue
        before = _above(event, parents, names)
        if before is None:
            continue
        what = f"The item counts of {names[before]}"
        run = asking.ask(what, client.describe_map_run, mapRunArn=arn) or {}
        told = {key: value for key, value in run.get("itemCounts", {}).items() if isinstance(value, int)}
        if told:
            counts[names[before]] = told
    return counts


def _above(event: Mapping[str, Any], parents: Mapping[int, int], names: Mapping[int, str]) -> int | None:
    """Return the event that entered the Map of an event; None when the history does not have it."""
    before = event.get("previousEventId", 0)
    for _ in range(len(parents)):  # no further, in a history whose events follow each other in a ring
        if not before or before in names:
            break
        before = parents.get(before, 0)
    return before if before in names else None
