"""A history as people ask about it: visits of states with their attempts, and the items of inline Maps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stepfunctions.visual.status import Overlay, Reader, Visit, follow

Event = Mapping[str, Any]

_BEGINS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "ParallelStateStarted", "MapStateStarted")
_STARTS = ("TaskStarted", "LambdaFunctionStarted", "ActivityStarted")
_AGAIN = {"started": "RUNNING", "pending": "PENDING_REDRIVE"}
_ENDS = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "TimedOut": "FAILED", "Aborted": "ABORTED"}


def milliseconds(time: Any) -> float | None:
    """Return a timestamp of boto3 as milliseconds since 1970; None for what is none."""
    if isinstance(time, datetime):
        return round(time.timestamp() * 1000, 3)
    return time * 1000.0 if isinstance(time, (int, float)) else None


def details_of(event: Event) -> dict[str, Any]:
    """Return the details of an event, empty when it has none."""
    return next((dict(value or {}) for key, value in event.items() if key.endswith("EventDetails")), {})


def parsed(text: Any) -> Any:
    """Return JSON text as a value, and what is no JSON as it is; ``NaN``, which JSON has not, is a text."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


@dataclass(slots=True)
class Attempt:
    """One try of a state's work. Times are milliseconds since 1970."""

    scheduled: float | None
    event: int
    started: float | None = None
    end: float | None = None
    status: str = "RUNNING"
    kind: str = ""
    """Which service is called: ``lambda``, ``sagemaker`` …"""
    resource: str = ""
    parameters: str | None = None
    submitted: str | None = None
    """What the service answered when it took a job."""
    output: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class Item:
    """One iteration of an inline Map."""

    index: int
    start: float | None
    end: float | None = None
    status: str = "RUNNING"


@dataclass(slots=True)
class Span:
    """A visit of a state with all that the history tells of it."""

    visit: Visit
    number: int
    parent: int | None
    item: int | None
    """The index of the item of the Map that the visit is directly inside."""
    start: float | None = None
    end: float | None = None
    given: str | None = None
    """The input, as the history has it."""
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    items: dict[int, Item] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    """The Map Runs that the visit started."""
    last: float | None = None
    """When the last event of it was."""


@dataclass(slots=True)
class Failure:
    """Where an execution failed: the deepest state that the history leads to."""

    span: int | None
    error: str | None
    cause: str | None


@dataclass(slots=True)
class History:
    """A history that was read."""

    events: list[Event]
    """By their ids, each once."""
    spans: list[Span]
    owner: dict[int, int]
    """The span that each event belongs to."""
    overlay: Overlay
    failure: Failure | None


def read(events: Iterable[Event]) -> History:
    """Read a history: its events may come in any order, more than once, or be only a part of it."""
    ordered = sorted({event.get("id", 0): event for event in events}.values(), key=lambda event: event.get("id", 0))
    reader = follow(ordered)
    overlay = reader.overlay()
    numbers = {id(visit): number for number, visit in enumerate(reader.visits)}
    spans = _spans(reader, ordered, numbers)
    owner: dict[int, int] = {}
    for event in ordered:
        visit = reader.owner.get(event.get("id", 0))
        if visit is None or str(event.get("type", "")).startswith("Execution"):
            continue
        span = spans[numbers[id(visit)]]
        owner[event["id"]] = span.number
        _take(span, event)
    for span in spans:
        _stand(span, reader.items(span.visit.name, span.visit))
        _close(span, spans)
    return History(ordered, spans, owner, overlay, _failure(ordered, owner, spans))


def _spans(reader: Reader, events: list[Event], numbers: dict[int, int]) -> list[Span]:
    kinds = {event.get("id", 0): event for event in events}
    spans: list[Span] = []
    for number, visit in enumerate(reader.visits):
        before = reader.left.get(visit.after)
        item: int | None = None
        if before is not None and id(before) in numbers and numbers[id(before)] < number:
            item = spans[numbers[id(before)]].item
        elif str(kinds.get(visit.after, {}).get("type", "")) == "MapIterationStarted":
            item = details_of(kinds[visit.after]).get("index")
        parent = None if visit.parent is None else numbers[id(visit.parent)]
        spans.append(Span(visit, number, parent, item))
    return spans


def _take(span: Span, event: Event) -> None:
    """Add what an event says to the span that it belongs to."""
    kind, details, at = str(event.get("type", "")), details_of(event), milliseconds(event.get("timestamp"))
    span.last = at
    if kind.endswith("StateEntered"):
        span.start, span.given = at, details.get("input")
    elif kind.endswith("StateExited"):
        span.end, span.output = at, details.get("output")
    elif kind.startswith("MapIteration"):
        _iterate(span, kind, details, at)
    elif kind == "MapRunStarted":
        span.runs.append(str(details.get("mapRunArn", "")))
    elif kind in _BEGINS:
        span.attempts.append(_begun(event, kind, details, at))
    elif kind in _STARTS and span.attempts:
        span.attempts[-1].started = at
    elif kind == "TaskSubmitted" and span.attempts:
        span.attempts[-1].submitted = details.get("output")
    elif kind == "EvaluationFailed":
        span.error, span.cause = details.get("error"), details.get("cause")
    else:
        _finish(span, kind, details, at)


def _begun(event: Event, kind: str, details: dict[str, Any], at: float | None) -> Attempt:
    attempt = Attempt(at, int(event["id"]), resource=str(details.get("resource", "")))
    attempt.kind = {"LambdaFunctionScheduled": "function", "ActivityScheduled": "activity"}.get(
        kind, str(details.get("resourceType", ""))
    )
    attempt.parameters = details.get("parameters", details.get("input"))
    return attempt


def _iterate(span: Span, kind: str, details: dict[str, Any], at: float | None) -> None:
    index, word = int(details.get("index", -1)), kind.removeprefix("MapIteration")
    if word == "Started":
        span.items[index] = Item(index, at)
    elif index in span.items:
        span.items[index].end, span.items[index].status = at, _ENDS.get(word, "RUNNING")


def _stand(span: Span, words: Mapping[int, str]) -> None:
    """An item that a redrive tries again has not ended, whatever its last end was; one that it never will has."""
    for index, item in span.items.items():
        word = words.get(index)
        if word in _AGAIN:
            item.status, item.end = _AGAIN[word], None
        elif word == "aborted" and item.end is None:
            item.status, item.end = "ABORTED", span.last


def _finish(span: Span, kind: str, details: dict[str, Any], at: float | None) -> None:
    """Take the end of an attempt; an error that came before any attempt is the visit's own."""
    status = next((_ENDS[word] for word in _ENDS if kind.endswith(word)), None)
    if status is None:
        return
    if span.attempts and (status != "ABORTED" or span.attempts[-1].status == "RUNNING"):
        attempt = span.attempts[-1]
        attempt.end, attempt.status = at, status
        attempt.output = details.get("output", attempt.output)
        attempt.error = details.get("error", attempt.error)
        attempt.cause = details.get("cause", attempt.cause)
    if status == "FAILED" and details.get("error"):
        span.error, span.cause = details.get("error"), details.get("cause")


def _close(span: Span, spans: list[Span]) -> None:
    """A visit without an Exited event ended with its last event, or with what it is inside of."""
    status = span.visit.status
    if status == "RUNNING":
        return
    if span.end is None:
        above = None if span.parent is None else spans[span.parent]
        ended = above.items[span.item].end if above and span.item is not None and span.item in above.items else None
        span.end = ended if status == "ABORTED" and ended is not None else span.last
    for attempt in span.attempts:
        if attempt.status == "RUNNING":
            attempt.end, attempt.status = span.end, "ABORTED"
    if status not in ("FAILED", "CAUGHT", "ABORTED"):
        span.error = span.cause = None


def _failure(events: list[Event], owner: dict[int, int], spans: list[Span]) -> Failure | None:
    """Follow the end of the execution back to the state that it came from."""
    by_id = {event.get("id", 0): event for event in events}
    end = next((event for event in reversed(events) if str(event.get("type", "")).startswith("Execution")), None)
    if end is None or str(end["type"]) not in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"):
        return None
    said = details_of(end)
    error, cause = said.get("error"), said.get("cause")
    found: int | None = None
    event = by_id.get(end.get("previousEventId", 0)) if end["type"] == "ExecutionFailed" else None
    while event is not None:
        found = owner.get(event["id"], found)
        kind = str(event.get("type", ""))
        if kind.endswith("StateEntered") or kind == "EvaluationFailed":
            break
        before = event.get("previousEventId", 0)
        event = by_id.get(before) if before < event["id"] else None  # no event follows itself, or a later one
    if found is not None and not spans[found].error:
        spans[found].error, spans[found].cause = error, cause
    return Failure(found, error, cause)
