"""Histories as visits, attempts and items; whole, cut and out of order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.visual.report.conftest import Ran, task

from stepfunctions.errors import StateFailed
from stepfunctions.visual.report.reading import read


def test_visits_are_nested_and_know_their_item(failing: Ran) -> None:
    history = read(failing.events)
    trained = [span for span in history.spans if span.visit.name == "Train"]
    assert sorted(span.item for span in trained if span.item is not None) == [0, 1, 2, 3]
    each = next(span for span in history.spans if span.visit.name == "Each")
    assert {span.parent for span in trained} == {each.number}
    assert each.parent == next(span.number for span in history.spans if span.visit.name == "Both")
    assert each.item is None
    assert {index: item.status for index, item in each.items.items()}[2] == "FAILED"


def test_the_deepest_failed_state_is_found(failing: Ran) -> None:
    history = read(failing.events)
    assert history.failure is not None
    assert history.failure.span is not None
    span = history.spans[history.failure.span]
    assert (span.visit.name, span.item, span.error) == ("Train", 2, "Diverged")


def test_each_attempt_has_its_time_and_its_error(failing: Ran) -> None:
    span = next(span for span in read(failing.events).spans if span.visit.name == "Train" and span.item == 2)
    first, second = span.attempts
    assert [one.status for one in span.attempts] == ["FAILED", "FAILED"]
    assert (first.error, first.kind, first.resource) == ("Diverged", "lambda", "invoke")
    assert first.end is not None
    assert second.scheduled is not None
    assert second.scheduled - first.end == pytest.approx(5000)


def test_an_error_that_was_caught_stays_and_one_that_was_retried_goes(run: Callable[..., Ran]) -> None:
    calls: list[Any] = []

    def once(payload: Any) -> Any:
        calls.append(payload)
        if len(calls) == 1:
            raise StateFailed("Busy", "later")
        return payload

    def never(payload: Any) -> Any:
        raise StateFailed("Gone", "for good")

    states = {
        "A": {**task("once", Retry=[{"ErrorEquals": ["Busy"]}]), "Next": "B"},
        "B": task("never", Catch=[{"ErrorEquals": ["Gone"], "Next": "C"}]),
        "C": {"Type": "Pass", "End": True},
    }
    states["A"].pop("End")
    history = read(run({"StartAt": "A", "States": states}, once=once, never=never).events)
    found = {span.visit.name: (span.visit.status, span.error) for span in history.spans}
    assert found == {"A": ("SUCCEEDED", None), "B": ("CAUGHT", "Gone"), "C": ("SUCCEEDED", None)}
    assert history.failure is None


def test_a_failed_expression_is_its_states_error(run: Callable[..., Ran]) -> None:
    states = {"A": {"Type": "Pass", "Output": "{% $nothing() %}", "End": True}}
    ran = run({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})
    history = read(ran.events)
    assert history.failure is not None
    assert history.spans[history.failure.span or 0].visit.name == "A"
    assert history.failure.error == "States.QueryEvaluationError"


def test_the_order_of_the_events_does_not_matter_and_doubles_are_one(failing: Ran) -> None:
    events = failing.events
    mixed = events + events[3:9]
    random.Random(1).shuffle(mixed)
    expected, found = read(events), read(mixed)
    assert [event["id"] for event in found.events] == [event["id"] for event in expected.events]
    assert found.spans == expected.spans


def test_cut_anywhere_a_history_can_be_read(failing: Ran) -> None:
    events = failing.events
    whole = {span.visit.name for span in read(events).spans}
    for cut in range(len(events) + 1):
        beginning = read(events[:cut])
        rest = read(events[cut:])
        assert {span.visit.name for span in beginning.spans} | {span.visit.name for span in rest.spans} == whole
        assert rest.failure is None if cut == len(events) else rest.failure is not None
        read(events[cut : cut + 7])


def test_what_runs_has_no_end(failing: Ran) -> None:
    events = failing.events
    started = next(place for place, event in enumerate(events) if event["type"] == "TaskStarted")
    history = read(events[: started + 1])
    running = [span for span in history.spans if span.visit.name == "Train"]
    assert running
    assert all(span.end is None and span.visit.status == "RUNNING" for span in running)
