"""Histories as nobody should write them: cut, mixed, doubled, in rings, without details, of another definition."""

from __future__ import annotations

import copy
import io
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.visual.report.conftest import Page, Ran
from tests.visual.test_map_runs import Redriven

from stepfunctions.visual import Picture
from stepfunctions.visual.report import report
from stepfunctions.visual.runs import map_counts
from stepfunctions.visual.terminal import Tree

Events = list[dict[str, Any]]


class Told:
    """A client that tells of an execution another history, or another definition; of None it tells neither."""

    def __init__(self, client: Any, events: Events, definition: str | None = "") -> None:
        self._client = client
        self._events = events
        self._definition = definition

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        return {"events": self._events}

    def describe_state_machine_for_execution(self, **request: Any) -> dict[str, Any]:
        told = dict(self._client.describe_state_machine_for_execution(**request))
        if self._definition is None:
            del told["definition"]
        elif self._definition:
            told["definition"] = self._definition
        return told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def doubled_end(events: Events, _: random.Random) -> Events:
    last = max(events, key=lambda event: event["id"])
    return [*events, {**copy.deepcopy(last), "id": last["id"] + 1, "previousEventId": last["id"]}]


def one_changed(key: str, values: Callable[[Events], list[Any]]) -> Callable[[Events, random.Random], Events]:
    def change(events: Events, chance: random.Random) -> Events:
        at = chance.randrange(len(events))
        return [*events[:at], {**events[at], key: chance.choice(values(events))}, *events[at + 1 :]]

    return change


def without_details(events: Events, chance: random.Random) -> Events:
    at = chance.randrange(len(events))
    kept = {key: value for key, value in events[at].items() if not key.endswith("EventDetails")}
    return [*events[:at], kept, *events[at + 1 :]]


def emptied_details(events: Events, chance: random.Random) -> Events:
    at = chance.randrange(len(events))
    kept = {key: {} if key.endswith("EventDetails") else value for key, value in events[at].items()}
    return [*events[:at], kept, *events[at + 1 :]]


CHANGES: dict[str, Callable[[Events, random.Random], Events]] = {
    "cut at the end": lambda events, chance: events[: chance.randrange(len(events))],
    "cut at the start": lambda events, chance: events[chance.randrange(len(events)) :],
    "mixed": lambda events, chance: chance.sample(events, len(events)),
    "some twice": lambda events, chance: events + chance.choices(events, k=5),
    "ended twice": doubled_end,
    "a ring": one_changed("previousEventId", lambda events: [event["id"] for event in events]),
    "an id twice": one_changed("id", lambda events: [event["id"] for event in events]),
    "another type": one_changed("type", lambda events: ["", "Strange", *(event["type"] for event in events)]),
    "without details": without_details,
    "empty details": emptied_details,
}
OTHER = json.dumps({"StartAt": "Other", "States": {"Other": {"Type": "Succeed"}}})
DEFINITIONS = ["", None, "{}", "[]", "null", "no JSON", OTHER, '{"States": {"Both": 3, "M": {"Branches": [1]}}}']


@pytest.fixture(scope="module")
def told() -> list[tuple[Any, str, Events]]:
    once, again = Redriven(), Redriven()
    again.redrive()
    return [(one.client, one.arn, one.events) for one in (once, again)]


@settings(max_examples=60)
@given(
    changes=st.lists(st.sampled_from(sorted(CHANGES)), max_size=5),
    definition=st.sampled_from(DEFINITIONS),
    seed=st.integers(0, 10_000),
)
def test_whatever_a_history_is_there_is_a_picture_a_page_and_a_tree(
    failing: Ran, told: list[tuple[Any, str, Events]], changes: list[str], definition: str | None, seed: int
) -> None:
    for client, arn, events in [(failing.client, failing.arn, failing.events), *told]:
        chance, history = random.Random(seed), copy.deepcopy(events)
        for change in changes:
            history = CHANGES[change](history, chance) if history else history
        asked = Told(client, history, definition)
        document = Page(report(asked, arn)).document
        assert document["execution"]["status"] in ("FAILED", "SUCCEEDED")
        assert len(document["events"]) == len({event["id"] for event in history})
        picture = Picture.of(document["definition"], events=history, map_counts=map_counts(asked, history))
        assert picture.svg
        assert picture.text
        tree = Tree(document["definition"], "run")
        tree.take(history)
        Console(file=io.StringIO(), width=80).print(tree)


def notes(ran: Ran, events: Events, definition: str | None = "") -> list[str]:
    found: list[str] = Page(report(Told(ran.client, events, definition), ran.arn)).document["notes"]
    return found


def test_what_is_missing_is_said(failing: Ran) -> None:
    events = failing.events
    many = len(events)
    assert notes(failing, events) == notes(failing, events[::-1]) == notes(failing, events * 2) == []
    assert notes(failing, []) == ["The history has no events."]
    assert notes(failing, events[5:]) == ["The beginning of the history is missing."]
    assert notes(failing, events[:-1]) == ["The end of the history is missing."]
    some = f"Events of the history are missing: {many - 2} of {many} are there."
    assert notes(failing, events[:4] + events[6:]) == [some]


def test_another_definition_is_said(failing: Ran) -> None:
    assert notes(failing, failing.events, None) == []
    (said,) = notes(failing, failing.events, OTHER)
    assert said.startswith("The execution had states that the definition does not have: ")


def test_an_execution_that_ended_twice_and_was_redriven_goes_on(script: Any) -> None:
    script.add("WaitStateEntered", name="W")
    script.add("ExecutionAborted", after=0)
    script.add("ExecutionAborted", after=0)
    assert Picture.of({}, events=script.events).overlay.states["W"].status == "ABORTED"  # type: ignore[union-attr]
    script.add("ExecutionRedriven")
    assert Picture.of({}, events=script.events).overlay.states["W"].status == "RUNNING"  # type: ignore[union-attr]
