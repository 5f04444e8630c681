"""What is asked of AWS for a report: the execution, its history, its Map Runs. Only calls that boto3 has.

A service that refuses what is not needed for a page is no reason to have none: what was refused is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.visual.graph import Graph
from stepfunctions.visual.report.reading import Event, details_of
from stepfunctions.visual.status import ENDS, Overlay
from stepfunctions.visual.text import line_of

MOST_EVENTS = 25_000
"""As many as a history can have."""
MOST_ITEMS = 1_000
"""Items of a Distributed Map that are listed, of those that failed and of all."""
_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_NAMED = 5
"""States that a sentence names."""
MOST_FAILURES = 50
"""Failed items of a Distributed Map that are looked into."""

_OF_THE_CALLER = ("Throttl", "Expired", "UnrecognizedClient", "InvalidClientToken", "Signature")
"""What is in the names of errors that the next question would have too."""

Services = Callable[[str], Any]
"""Gives boto3's client of a service."""


@dataclass(slots=True)
class MapRun:
    """A Distributed Map's run: DescribeMapRun's answer, and its children as ListExecutions has them."""

    arn: str
    described: dict[str, Any]
    children: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = True
    """Whether all children are listed."""


@dataclass(slots=True)
class Asked:
    """What the service answered."""

    execution: dict[str, Any]
    machine: dict[str, Any]
    events: list[Event]
    runs: list[MapRun]
    notes: list[str]
    """What could not be had, in sentences for people."""


class Questions:
    """Asks, and notes each refusal once."""

    def __init__(self) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        self._refusals = (BotoCoreError, ClientError, ServiceError)
        self.notes: list[str] = []
        self.lost = 0
        """How often a service was not reached, or answers nothing to whoever asks."""

    def ask(self, what: str, call: Callable[..., Any], *, absent: str = "", **request: Any) -> Any:
        """Return an answer; None, with a note, when the call is refused. ``absent`` is the error that needs no note."""
        try:
            return call(**request)
        except self._refusals as error:
            code = getattr(error, "code", None) or getattr(error, "response", {}).get("Error", {}).get("Code", "")
            self.lost += not code or any(word in code for word in _OF_THE_CALLER)
            note = f"{what} could not be read: {error}"
            if note not in self.notes and not (absent and code == absent):
                self.notes.append(note)
            return None

    def pages(self, what: str, call: Callable[..., Any], key: str, most: int, **request: Any) -> Iterator[Any]:
        """Yield at most ``most`` entries of a listing, up to where it is refused."""
        token: dict[str, str] = {}
        while most > 0:
            answer = self.ask(what, call, maxResults=min(most, 1000), **request, **token)
            entries = (answer or {}).get(key, [])[:most]
            yield from entries
            most -= len(entries)
            if not (answer or {}).get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}


def gather(
    client: Any,
    execution_arn: str,
    questions: Questions,
    most_events: int = MOST_EVENTS,
    most_items: int | None = None,
) -> Asked:
    """Return what is known of an execution, and ``most_items`` of Map Runs. Raises what DescribeExecution does.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    execution = client.describe_execution(executionArn=execution_arn)
    machine = questions.ask("The definition", client.describe_state_machine_for_execution, executionArn=execution_arn)
    refused = len(questions.notes)
    events = list(
        questions.pages(
            "The history", client.get_execution_history, "events", most_events + 1, executionArn=execution_arn
        )
    )
    if len(events) > most_events:
        events.pop()
        questions.notes.append(f"The history is longer: its first {most_events:,} events are shown.")
        questions.notes += gaps(events, None)
    elif len(questions.notes) == refused:
        questions.notes += gaps(events, execution["status"])
    started = [details_of(event).get("mapRunArn") for event in events if event.get("type") == "MapRunStarted"]
    runs = [run for arn in dict.fromkeys(started) if arn and (run := map_run(client, arn, questions, most_items))]
    return Asked(execution, machine or {}, events, runs, questions.notes)


def gaps(events: list[Event], status: str | None) -> list[str]:
    """Return what is missing of a history, in sentences.

    ``status`` is the execution's, which tells whether there is an end; None: it is known that there is more.
    """
    numbers = {event.get("id", 0) for event in events}
    if not numbers:
        return ["The history has no events."]
    found = []
    if min(numbers) > 1:
        found.append("The beginning of the history is missing.")
    whole = max(numbers) - min(numbers) + 1
    if len(numbers) < whole:
        found.append(f"Events of the history are missing: {len(numbers):,} of {whole:,} are there.")
    if status in _ENDED and not any(event.get("type") in ENDS for event in events):
        found.append("The end of the history is missing.")
    return found


def strangers(graph: Graph, overlay: Overlay) -> list[str]:
    """Return what is to be said, in a sentence, of states of a history that a definition does not have."""
    drawn = {node.name for node in graph.nodes}
    names = sorted({line_of(name) for name in overlay.states if name not in drawn})
    if not names:
        return []
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return [f"The execution had states that the definition does not have: {', '.join(names[:_NAMED])}{more}."]


def map_run(client: Any, arn: str, questions: Questions, most: int | None = None) -> MapRun | None:
    """Return a Map Run with its children, of which some that failed are looked into; None when it is refused."""
    most = MOST_ITEMS if most is None else most
    described = questions.ask(f"The Map Run {arn.rsplit(':', 1)[-1]}", client.describe_map_run, mapRunArn=arn)
    if described is None:
        return None
    counts = described.get("itemCounts", {})
    found: dict[str, dict[str, Any]] = {}
    filters: list[dict[str, str]] = [{}]
    if sum(counts.get(name, 0) for name in ("failed", "timedOut", "aborted")):
        filters = [{"statusFilter": status} for status in ("FAILED", "TIMED_OUT", "ABORTED")] + filters
    for given in filters:
        for child in questions.pages(
            "The items of a Map Run", client.list_executions, "executions", most, mapRunArn=arn, **given
        ):
            found.setdefault(child["executionArn"], dict(child))
    children = sorted(found.values(), key=lambda child: (child["startDate"], child["name"]))
    for child in [child for child in children if child["status"] in ("FAILED", "TIMED_OUT")][:MOST_FAILURES]:
        child.update(child_of(client, child["executionArn"], questions))
    total = described.get("executionCounts", {}).get("total", 0)
    return MapRun(arn, described, children, total <= most)


def child_of(client: Any, arn: str, questions: Questions) -> dict[str, Any]:
    """Return DescribeExecution's answer for a child, and its history (``events``), which only a Standard one has."""
    child = dict(questions.ask("A failed child", client.describe_execution, executionArn=arn) or {})
    if child and ":express:" not in arn:
        pages = questions.pages(
            "The history of a failed child", client.get_execution_history, "events", MOST_EVENTS, executionArn=arn
        )
        child["events"] = list(pages)
    return child
