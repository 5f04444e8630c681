"""What a page shows, as one JSON document: what a report has inside, and what a console can be asked for."""

from __future__ import annotations

import json
import time
from typing import Any

from stepfunctions.visual.graph import Graph, build
from stepfunctions.visual.picture import Picture
from stepfunctions.visual.report.asking import Asked, MapRun, strangers
from stepfunctions.visual.report.jobs import REASON, Job
from stepfunctions.visual.report.nested import Nested, started_by
from stepfunctions.visual.report.reading import Event, Failure, History, Span, details_of, milliseconds, parsed, read
from stepfunctions.visual.report.redaction import Redaction
from stepfunctions.visual.status import StateStatus

VERSION = 1
_SHORT = 60
_PAYLOADS = frozenset({"input", "output", "parameters", "cause", "arguments"})
_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")


class Texts:
    """Long texts, each once: the output of a state is the input of the next."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._places: dict[str, int] = {}

    def __call__(self, text: str | None) -> Any:
        """Return a text, or where it is: ``{"$": place}``."""
        if text is None or len(text) <= _SHORT:
            return text
        place = self._places.setdefault(text, len(self.list))
        if place == len(self.list):
            self.list.append(text)
        return {"$": place}


def make(asked: Asked, history: History, jobs: list[Job], below: list[Nested], redaction: Redaction) -> dict[str, Any]:
    """Return the document. Times are milliseconds since 1970."""
    if redaction.active:
        _learn(asked, history, jobs, redaction)
    return _Writer(asked, history, jobs, below, redaction).document()


def _learn(asked: Asked, history: History, jobs: list[Job], redaction: Redaction) -> None:
    """Show all payloads to the redaction, which hides the values of one in the text of another."""
    for job in jobs:
        redaction.learn(json.dumps(job.parameters))
        for _, line in job.lines:
            if line[:1] == "{":
                redaction.learn(line)
    children = [child for run in asked.runs for child in run.children]
    for execution in (asked.execution, *children):
        redaction.learn(execution.get("input"))
        redaction.learn(execution.get("output"))
    events = [*history.events, *(event for child in children for event in child.get("events", ()))]
    for event in events:
        details = details_of(event)
        for key in _PAYLOADS:
            redaction.learn(details.get(key))
        for name, value in (details.get("assignedVariables") or {}).items():
            redaction.learn(f'{{"{name}": {value}}}')


class _Writer:
    def __init__(
        self, asked: Asked, history: History, jobs: list[Job], below: list[Nested], redaction: Redaction
    ) -> None:
        self.asked = asked
        self.history = history
        self.jobs = jobs
        self.below = below
        self.hide = redaction
        self.texts = Texts()
        self.definition = redaction.definition(parsed(asked.machine.get("definition", "{}")))
        self.graph: Graph = build(self.definition)
        self.children = _by_parent(history.spans)
        self.runs = {run.arn: run for run in asked.runs}
        for span in history.spans:
            for arn in span.runs:
                counts = self.runs[arn].described.get("itemCounts", {}) if arn in self.runs else {}
                history.overlay.states[span.visit.name].counts = {
                    name: number for name, number in counts.items() if isinstance(number, int)
                }

    def payload(self, text: Any) -> Any:
        return self.texts(self.hide.payload(text)) if isinstance(text, str) else None

    def document(self) -> dict[str, Any]:
        maps = self._maps()
        return {
            "version": VERSION,
            "made": round(time.time() * 1000),
            "execution": self._execution(),
            "definition": self.definition,
            "svg": self._svg(),
            "states": self._states(),
            "spans": [self._span(span) for span in self.history.spans],
            "events": [self._event(event) for event in self.history.events],
            "maps": maps,
            "failure": self._failure(self.history.failure, maps),
            "jobs": [self._job(job) for job in self.jobs],
            "notes": [self.hide.name(note) for note in (*self.asked.notes, *self._strangers())],
            "texts": self.texts.list,
        }

    def _strangers(self) -> list[str]:
        return strangers(self.graph, self.history.overlay) if self.definition else []

    def _execution(self) -> dict[str, Any]:
        told = self.asked.execution
        arn = told["executionArn"]
        return {
            "arn": arn,
            "name": told.get("name") or arn.rsplit(":", 1)[-1],
            "machine": self.asked.machine.get("name") or arn.split(":")[6].partition("/")[0],
            "machineArn": told.get("stateMachineArn"),
            "type": "EXPRESS" if ":express:" in arn else "STANDARD",
            "status": told["status"],
            "start": milliseconds(told.get("startDate")),
            "end": milliseconds(told.get("stopDate")),
            "error": self.hide.name(told.get("error")),
            "cause": self.payload(told.get("cause")),
            "input": self.payload(told.get("input")),
            "output": self.payload(told.get("output")),
            "redrives": told.get("redriveCount", 0),
            "redacted": self.hide.active,
        }

    def _svg(self) -> str:
        picture = Picture(self.graph, self.history.overlay, portrait=True, theme="auto", title="Graph of the states")
        return picture.to_svg()

    def _states(self) -> list[dict[str, Any]]:
        found = []
        for node in self.graph.nodes:
            if node.type in ("Start", "End"):
                continue
            status = self.history.overlay.of(node) or StateStatus()
            owner = self.graph.regions[node.region].owner
            found.append(
                {
                    "key": node.key,
                    "name": node.name,
                    "type": node.type,
                    "detail": node.detail,
                    "status": "" if node.apart else status.status,
                    "words": "Runs in executions of its own" if node.apart else status.text(),
                    "inside": None if owner is None else self.graph.nodes[owner].key,
                }
            )
        return found

    def _span(self, span: Span) -> dict[str, Any]:
        visit = span.visit
        made = {
            "state": visit.name,
            "type": visit.kind,
            "parent": span.parent,
            "item": span.item,
            "start": span.start,
            "end": span.end,
            "status": visit.status,
            "retries": visit.retries or None,
            "input": self.payload(span.given),
            "output": self.payload(span.output),
            "error": self.hide.name(span.error),
            "cause": self.payload(span.cause),
            "attempts": [
                {
                    "scheduled": attempt.scheduled,
                    "started": attempt.started,
                    "end": attempt.end,
                    "status": attempt.status,
                    "resource": ":".join(filter(None, (attempt.kind, attempt.resource))),
                    "parameters": self.payload(attempt.parameters),
                    "error": self.hide.name(attempt.error),
                    "cause": self.payload(attempt.cause),
                    "child": started_by(attempt),
                }
                for attempt in span.attempts
            ],
        }
        return {key: value for key, value in made.items() if value not in (None, []) or key == "item"}

    def _event(self, event: Event) -> list[Any]:
        details = {}
        for key, value in details_of(event).items():
            if key in _PAYLOADS:
                details[key] = self.payload(value)
            elif key == "assignedVariables" and isinstance(value, dict):
                details[key] = {name: self.payload(text) for name, text in value.items()}
            elif not key.endswith("Details"):
                details[key] = self.texts(self.hide.name(value)) if isinstance(value, str) else value
        number = event.get("id", 0)
        owner = self.history.owner.get(number)
        at = milliseconds(event.get("timestamp"))
        return [number, event.get("previousEventId", 0), at, str(event.get("type", "")), owner, details]

    def _maps(self) -> list[dict[str, Any]]:
        found = []
        for span in self.history.spans:
            if span.items:
                found.append(self._inline(span))
            found += [self._run(span, self.runs[arn]) for arn in span.runs if arn in self.runs]
        return found

    def _inline(self, span: Span) -> dict[str, Any]:
        items = []
        by_item: dict[int | None, list[Span]] = {}
        for one in self.children.get(span.number, ()):
            by_item.setdefault(one.item, []).append(one)
        for index, item in sorted(span.items.items()):
            inside = by_item.get(index, [])
            bad = next((one for one in inside if one.visit.status == "FAILED"), None)
            shown = bad or next(iter(inside), None)
            made: dict[str, Any] = {"name": index, "status": item.status, "start": item.start, "end": item.end}
            if shown is not None:
                made["span"] = self._deepest(shown).number if bad else shown.number
            if bad is not None:
                made["error"] = self.hide.name(self._deepest(bad).error)
            items.append(made)
        return {"kind": "inline", "span": span.number, "state": span.visit.name, "items": items, "complete": True}

    def _deepest(self, span: Span) -> Span:
        """Return the failed state at the bottom of a failed one."""
        while inside := [one for one in self.children.get(span.number, ()) if one.visit.status == "FAILED"]:
            span = inside[0]
        return span

    def _run(self, span: Span, run: MapRun) -> dict[str, Any]:
        told = run.described
        limits = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage", "redriveCount")
        return {
            "kind": "distributed",
            "span": span.number,
            "state": span.visit.name,
            "arn": run.arn,
            "status": told.get("status"),
            "counts": told.get("itemCounts", {}),
            "limits": {key: told[key] for key in limits if key in told},
            "items": [self._child(child) for child in run.children],
            "complete": run.complete,
        }

    def _child(self, child: dict[str, Any]) -> dict[str, Any]:
        made = {
            "name": child["name"],
            "arn": child["executionArn"],
            "status": child["status"],
            "start": milliseconds(child.get("startDate")),
            "end": milliseconds(child.get("stopDate")),
            "error": self.hide.name(child.get("error")),
            "cause": self.payload(child.get("cause")),
            "input": self.payload(child.get("input")),
            "output": self.payload(child.get("output")),
        }
        if child.get("events"):
            history = read(child["events"])
            if history.failure is not None and history.failure.span is not None:
                made["state"] = history.spans[history.failure.span].visit.name
        return {key: value for key, value in made.items() if value is not None}

    def _failure(self, failure: Failure | None, maps: list[dict[str, Any]]) -> dict[str, Any] | None:
        if failure is None:
            told = self.asked.execution
            if told["status"] not in _ENDED_BADLY:
                return None
            failure = Failure(None, told.get("error"), told.get("cause"))  # its end is not in the history
        made: dict[str, Any] = {
            "error": self.hide.name(failure.error),
            "cause": self.payload(failure.cause),
            "path": [],
        }
        if failure.span is None:
            return made
        span = self.history.spans[failure.span]
        made.update({"span": span.number, "state": span.visit.name, "path": self._path(span)})
        if span.error:
            made.update({"error": self.hide.name(span.error), "cause": self.payload(span.cause)})
        if self.below:
            made["below"] = [{"arn": one.arn, "state": one.state} for one in self.below]
            made.update({"error": self.hide.name(self.below[-1].error), "cause": self.payload(self.below[-1].cause)})
        for number, one in enumerate(maps):
            worst = [place for place, item in enumerate(one["items"]) if item["status"] in _ENDED_BADLY[:2]]
            if one["span"] == span.number and one["kind"] == "distributed" and worst:
                first = min(worst, key=lambda place: (not one["items"][place].get("state"), place))
                item = one["items"][first]
                made.update({"map": number, "mapItem": first, "itemName": item["name"]})
                made.update({key: item[key] for key in ("state", "error", "cause") if key in item})
        return made

    def _path(self, span: Span) -> list[dict[str, Any]]:
        """Return what the state is inside of, outermost first, and the state."""
        path: list[dict[str, Any]] = []
        at: Span | None = span
        while at is not None:
            path.append({"state": at.visit.name, "span": at.number, "item": at.item})
            at = None if at.parent is None else self.history.spans[at.parent]
        return path[::-1]

    def _job(self, job: Job) -> dict[str, Any]:
        return {
            "kind": job.kind,
            "name": job.name,
            "groups": [group for group, _ in job.sources],
            "attempts": job.attempts,
            "failed": job.failed,
            "facts": {
                name: self.hide.text(value) if name == REASON else self.hide.name(value)
                for name, value in job.facts.items()
            },
            "parameters": parsed(self.hide.payload(json.dumps(job.parameters))),
            "metrics": job.metrics,
            "lines": [[at, self.hide.payload(line)] for at, line in job.lines],
        }


def _by_parent(spans: list[Span]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for span in spans:
        if span.parent is not None:
            found.setdefault(span.parent, []).append(span)
    return found
