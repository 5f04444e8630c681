"""What a history says about each state: where it stands, how often it was tried, which transitions were taken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stepfunctions.visual.graph import Node

WORDS = {
    "SUCCEEDED": "Succeeded",
    "RUNNING": "Running",
    "FAILED": "Failed",
    "CAUGHT": "Caught error",
    "ABORTED": "Aborted",
    "NOT_REACHED": "Not reached",
}
_BRIEF = {"SUCCEEDED": "done", "CAUGHT": "caught"}
SIGNS = {"SUCCEEDED": "✓", "RUNNING": "●", "FAILED": "✕", "CAUGHT": "!", "ABORTED": "–", "NOT_REACHED": "○"}
_WORST_FIRST = ("RUNNING", "FAILED", "ABORTED", "CAUGHT", "SUCCEEDED")
_BEGINS_WORK = frozenset(
    {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "ParallelStateStarted", "MapStateStarted"}
)
ENDS = {
    "ExecutionSucceeded": "",
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "ABORTED",
}
_REDRIVEN = (*_BEGINS_WORK, "MapRunRedriven", "StateExited")
"""How events end that say that a state runs again."""


COUNTED_AS_ENDED = ("succeeded", "failed", "timedOut", "aborted")
"""Counts of items that have ended."""
_COUNTED = {"failed": "failed", "timedOut": "timed out", "running": "running", "aborted": "aborted"}


class Finding(Protocol):
    """What is wrong with a definition, as the linter says it: only this much of it is looked at."""

    @property
    def severity(self) -> str:
        """``error``, ``warning`` or ``info``."""

    @property
    def path(self) -> str | None:
        """The JSON Pointer of the place."""

    @property
    def message(self) -> str:
        """What is wrong."""


@dataclass(slots=True)
class StateStatus:
    """Where a state stands. ``counts`` are iterations of a Map by status, with ``total`` if it is known."""

    status: str = "NOT_REACHED"
    retries: int = 0
    visits: int = 0
    tally: dict[str, int] = field(default_factory=dict)
    """How many visits ended how, when the state is inside an inline Map and was visited more than once."""
    counts: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    """What the linter says of the state, of a definition that did not run."""

    def text(self, brief: bool = False) -> str:
        """Return it in words: ``Failed · 2 retries``, ``Running · 20/40 · 3 failed``, ``1 error · 2 warnings``.

        ``brief``: for where there is little room: ``3 running · 5 done``, ``20/40 · 3 failed``.
        """
        if self.findings:
            severities = Counter(finding.severity for finding in self.findings)
            return " · ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in severities.items())
        parts = [WORDS[self.status]]
        if self.counts:
            parts = [*([] if brief else parts), *_count_words(self.counts)]
        elif self.tally:
            words = WORDS | _BRIEF if brief else WORDS
            parts = [f"{self.tally[status]} {words[status].lower()}" for status in _WORST_FIRST if status in self.tally]
            parts[0] = parts[0].capitalize()
        if self.retries:
            parts.append(f"{self.retries} retr{'y' if self.retries == 1 else 'ies'}")
        return " · ".join(parts)


def _count_words(counts: Mapping[str, int]) -> list[str]:
    done = sum(counts.get(name, 0) for name in COUNTED_AS_ENDED)
    total = counts.get("total", done + counts.get("running", 0))
    return [f"{done}/{total}"] + [f"{counts[name]} {word}" for name, word in _COUNTED.items() if counts.get(name)]


@dataclass(slots=True)
class Overlay:
    """A history put over a graph: the status of each state by name, and the transitions taken (source, target)."""

    states: dict[str, StateStatus] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)
    ran: bool = True
    """Whether it is a history: a state that it does not name was not reached."""

    def of(self, node: Node) -> StateStatus | None:
        """Return the status of a state: not reached if the history does not name it, None if it cannot know."""
        if node.type in ("Start", "End"):
            return None
        return self.states.get(node.name) or (StateStatus() if self.ran and not node.apart else None)


_LOOKS = {"error": "FAILED", "warning": "CAUGHT"}
"""Severity of a finding -> the status whose colours and mark it has."""


def read_findings(findings: Iterable[Finding]) -> Overlay:
    """Return the errors and warnings of a definition put over its graph; the innermost state of each has it."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        name = _state_at(finding.path or "")
        if name is not None and finding.severity in _LOOKS:
            found.setdefault(name, []).append(finding)
    states = {}
    for name, several in found.items():
        worst = min((finding.severity for finding in several), key=list(_LOOKS).index)
        states[name] = StateStatus(_LOOKS[worst], findings=tuple(several))
    return Overlay(states, ran=False)


_STATE = re.compile(r"/States/([^/]+)(/Branches/\d+|/ItemProcessor|/Iterator)?")


def _state_at(path: str) -> str | None:
    """Return the name of the innermost state that a JSON Pointer leads to, or into; None for what is in none."""
    name, inside, end = None, True, 0
    while inside and (found := _STATE.match(path, end)):
        name, inside, end = found[1], bool(found[2]), found.end()
    return None if name is None else name.replace("~1", "/").replace("~0", "~")


@dataclass(slots=True)
class Visit:
    """One time that a state was entered."""

    name: str
    kind: str
    """The state's type."""
    parent: Visit | None
    """The Parallel or Map that it is inside."""
    in_map: bool
    after: int = 0
    """The event that its Entered event follows."""
    item: int | None = None
    """The index of the item of the inline Map that it is directly inside."""
    failing: bool = False
    retries: int = 0
    status: str = "RUNNING"


class Reader:
    """Follows ``previousEventId`` from each event to the visit of the state that it belongs to (``owner``, by id)."""

    def __init__(self) -> None:
        self.owner: dict[int, Visit | None] = {}
        self.left: dict[int, Visit] = {}
        self.visits: list[Visit] = []
        self.taken: set[tuple[str, str]] = set()
        self.iterations: dict[str, dict[int, dict[int, str]]] = {}
        """By the name of a Map, and its visit, what each item did last, by its index."""
        self.lengths: dict[str, dict[int, int]] = {}
        self.steps: dict[int, bool] = {}
        self.indexes: dict[int, int] = {}
        """The item that an event begins."""
        self.open: list[Visit] = []
        """The visits that were not over when the execution ended."""

    def read(self, event: Mapping[str, Any]) -> None:
        """Take the next event: they come by their ids."""
        kind, number, previous = str(event.get("type", "")), event.get("id", 0), event.get("previousEventId", 0)
        visit = self.owner.get(previous)
        if kind.endswith(_REDRIVEN):
            self._reopen(visit)
        if kind.endswith("StateEntered"):
            visit = self._enter(event, kind, previous, visit)
        elif kind.endswith("StateExited"):
            visit = self._leave(event, kind, visit)
        elif kind in ENDS:
            self._end(kind, visit)
        elif kind == "ExecutionRedriven":
            for open_ in self.open:
                self._reopen(open_)
            self.open = []
        elif kind.startswith("MapIteration"):
            visit = self._iteration(event, kind, visit)
        elif kind == "EvaluationFailed":
            visit = self._evaluation(event, previous, visit)
            if visit is not None:
                visit.failing = True
        else:
            if kind.startswith(("ParallelState", "MapState", "MapRun")):
                visit = _climb(visit, kind="Parallel" if kind.startswith("Parallel") else "Map")
            if visit is not None:
                self._inside(event, kind, visit)
        self.owner[number] = visit

    def _enter(self, event: Mapping[str, Any], kind: str, previous: int, before: Visit | None) -> Visit:
        name = str((event.get("stateEnteredEventDetails") or {}).get("name", "?"))
        came_from = self.left.get(previous)
        parent = came_from.parent if came_from is not None else before
        in_map = (
            came_from.in_map
            if came_from is not None
            else self.steps.get(previous, False) or (before is not None and before.in_map)
        )
        item = came_from.item if came_from is not None else self.indexes.get(previous)
        visit = Visit(name, kind.removesuffix("StateEntered"), parent, in_map, previous, item)
        if kind == "FailStateEntered":
            visit.status = "FAILED"
        self._reopen(parent)
        self._start_item(visit)
        self.visits.append(visit)
        if came_from is not None:
            self.taken.add((came_from.name, name))
        elif before is None:
            self.taken.add(("", name))
        return visit

    def _leave(self, event: Mapping[str, Any], kind: str, visit: Visit | None) -> Visit:
        """Return the visit that ends; of one that began before the history does, its end is all that is known."""
        name = (event.get("stateExitedEventDetails") or {}).get("name")
        found = _climb(visit, name=name)
        if found is None or (name is not None and found.name != name):
            found = Visit(str(name or "?"), kind.removesuffix("StateExited"), None, in_map=False)
            self.visits.append(found)
        found.status = "CAUGHT" if found.failing else "SUCCEEDED"
        self.left[event.get("id", 0)] = found
        return found

    def _evaluation(self, event: Mapping[str, Any], previous: int, visit: Visit | None) -> Visit | None:
        """Return the visit whose expression failed: one that failed at once has the Entered event beside it."""
        name = (event.get("evaluationFailedEventDetails") or {}).get("state")
        if visit is not None and visit.name == name and visit.status == "RUNNING" and visit.after != previous:
            return visit
        return next((one for one in reversed(self.visits) if one.name == name and one.after == previous), visit)

    def _iteration(self, event: Mapping[str, Any], kind: str, visit: Visit | None) -> Visit | None:
        word = kind.removeprefix("MapIteration")
        details = event.get(f"m{kind[1:]}EventDetails") or {}
        name = str(details.get("name", visit.name if visit is not None else "?"))
        self.steps[event.get("id", 0)] = True
        if word == "Started":
            self.indexes[event.get("id", 0)] = details.get("index", -1)
        while visit is not None and visit.name != name:
            if word in ("Failed", "Aborted"):
                _close(visit, "ABORTED")
            visit = visit.parent
        self._items(name, visit)[details.get("index", -1)] = word.lower()
        return visit

    def _inside(self, event: Mapping[str, Any], kind: str, visit: Visit) -> None:
        if kind == "MapStateStarted":
            length = (event.get("mapStateStartedEventDetails") or {}).get("length", 0)
            self.lengths.setdefault(visit.name, {})[id(visit)] = length
            self._items(visit.name, visit).clear()  # a Map that is tried again begins with its first item
        if kind == "MapRunStarted":
            self.lengths.pop(visit.name, None)  # its items run in histories of their own: nothing here counts them
        if kind in _BEGINS_WORK and visit.failing:
            visit.retries += 1
            visit.failing = False
        elif kind.endswith("Aborted"):  # may follow the event that failed the scope, which is another state's
            if not visit.failing and visit.status == "RUNNING" and kind.startswith(visit.kind):
                visit.status = "ABORTED"
        elif kind.endswith(("Failed", "TimedOut")):
            visit.failing = True
        elif kind.endswith("Succeeded"):
            visit.failing = False

    def _end(self, kind: str, visit: Visit | None) -> None:
        if kind == "ExecutionFailed" and visit is not None and visit.status == "RUNNING":
            visit.failing = True
        for open_ in [one for one in self.visits if one.status == "RUNNING"]:
            self.open.append(open_)
            _close(open_, "ABORTED")

    def _reopen(self, visit: Visit | None) -> None:
        """A state that failed or was aborted runs again: a redrive goes on in the visits that were there.

        The item that it is inside of runs too; the others of its Map that did not succeed wait for their turn.
        """
        inside = []
        while visit is not None and visit.status in ("FAILED", "ABORTED") and visit.kind != "Fail":
            visit.status, visit.failing = "RUNNING", False
            if visit.kind == "Map":
                items = self._items(visit.name, visit)
                items.update({index: "pending" for index in items if items[index] != "succeeded"})
            inside.append(visit)
            visit = visit.parent
        for one in inside:
            self._start_item(one)

    def _start_item(self, visit: Visit) -> None:
        """The item that a state is directly inside of runs."""
        above = visit.parent
        if above is not None and above.kind == "Map" and visit.item is not None:
            self._items(above.name, above)[visit.item] = "started"

    def _items(self, name: str, visit: Visit | None) -> dict[int, str]:
        return self.iterations.setdefault(name, {}).setdefault(id(visit), {})

    def items(self, name: str, visit: Visit | None) -> dict[int, str]:
        """Return what each item of an inline Map did last: started, pending, succeeded, failed or aborted."""
        found = self.iterations.get(name, {}).get(id(visit), {})
        if visit is None or visit.status == "RUNNING":
            return found
        return {index: "aborted" if word == "started" else word for index, word in found.items()}

    def overlay(self) -> Overlay:
        """Return what the events that were read say; no visit's status changes after that."""
        found = Overlay(taken=self.taken)
        by_name: dict[str, list[Visit]] = {}
        for visit in self.visits:
            _settle(visit)
            by_name.setdefault(visit.name, []).append(visit)
        for name, visits in by_name.items():
            tally = Counter(visit.status for visit in visits)
            many = visits[-1].in_map and len(visits) > 1
            status = next(status for status in _WORST_FIRST if tally[status]) if many else visits[-1].status
            words = Counter(word for visit in (*visits, None) for word in self.items(name, visit).values())
            counts = _iteration_counts(words, self.lengths.get(name))
            found.states[name] = StateStatus(
                status, sum(visit.retries for visit in visits), len(visits), dict(tally) if many else {}, counts
            )
            for visit in visits:
                if visit.status == "SUCCEEDED":
                    found.taken.add((name, ""))
        return found


def _climb(visit: Visit | None, name: str | None = None, kind: str | None = None) -> Visit | None:
    """Return the visit of that name or type that this one is inside of, or this one."""
    found = visit
    while found is not None and not ((name is None or found.name == name) and (kind is None or found.kind == kind)):
        found = found.parent
    return found or visit


def _close(visit: Visit, status: str) -> None:
    if visit.status == "RUNNING":
        visit.status = "FAILED" if visit.failing else status


def _settle(visit: Visit) -> None:
    """A state that is open inside a container that has ended ended with it."""
    parent = visit.parent
    if visit.status == "RUNNING" and parent is not None and parent.status != "RUNNING":
        _close(visit, "ABORTED")


def _iteration_counts(seen: Counter[str], lengths: Mapping[int, int] | None) -> dict[str, int]:
    if not seen and not lengths:
        return {}
    ended = {name: seen[name] for name in ("succeeded", "failed", "aborted")}
    return {"total": max(sum((lengths or {}).values()), seen.total()), **ended, "running": seen["started"]}


def read_history(
    events: Iterable[Mapping[str, Any]], map_counts: Mapping[str, Mapping[str, int]] | None = None
) -> Overlay:
    """Return what a history says (events as GetExecutionHistory lists them, in any order).

    ``map_counts`` gives the numbers of Distributed Maps, whose children are not in the history: for each state's name
    some of ``total``, ``succeeded``, ``failed``, ``timedOut``, ``running`` and ``aborted``.
    """
    overlay = follow(events).overlay()
    for name, counts in (map_counts or {}).items():
        status = overlay.states.setdefault(name, StateStatus())
        status.counts = {key: int(value) for key, value in counts.items()}
    return overlay


def states_of(events: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Return the name of the state that each event belongs to, by the event's id; the execution's own have none."""
    events = list(events)
    own = {event.get("id", 0) for event in events if str(event.get("type", "")).startswith("Execution")}
    return {
        number: visit.name for number, visit in follow(events).owner.items() if visit is not None and number not in own
    }


def follow(events: Iterable[Mapping[str, Any]]) -> Reader:
    """Read a history, whose events may be in any order, and there more than once."""
    reader = Reader()
    for _, event in sorted({event.get("id", 0): event for event in events}.items()):
        reader.read(event)
    return reader
