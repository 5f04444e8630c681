"""How many state transitions and events a run has at least and at most, along the ways through its states.

Events of each state as the service writes them:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.loops import loops_of
from stepfunctions.asl.machine import Region, StateMachine
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import AnyState, Choice, Fail, Map, Parallel, Succeed, Task, Wait
from stepfunctions.asl.transitions import targets
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonpath import compile_path


@dataclass(frozen=True)
class Assumptions:
    """What nobody knows before a run: how many ``items`` a Map has, the ``turns`` of a loop."""

    items: int = 1
    turns: int = 1
    given: Any = None
    """The execution's input."""


@dataclass(frozen=True)
class Counts:
    """Of one run: ``transitions`` and ``events`` of the execution itself, ``children`` of its Distributed Maps.

    ``express_children`` of these are Express; ``child_transitions`` are those of the others. ``wait_seconds``: how long
    it waits in Wait states, where branches wait together.
    """

    transitions: int = 0
    events: int = 0
    children: int = 0
    child_transitions: int = 0
    wait_seconds: float = 0.0
    express_children: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.transitions + other.transitions,
            self.events + other.events,
            self.children + other.children,
            self.child_transitions + other.child_transitions,
            self.wait_seconds + other.wait_seconds,
            self.express_children + other.express_children,
        )

    def times(self, number: int) -> Counts:
        """Return the counts of so many."""
        return Counts(
            self.transitions * number,
            self.events * number,
            self.children * number,
            self.child_transitions * number,
            self.wait_seconds * number,
            self.express_children * number,
        )


_MOST_AT_ONCE = 40
"""Iterations of an inline Map: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""
_EXECUTION = Counts(events=2)
"""ExecutionStarted, and the event of its end."""


def counts_of(machine: StateMachine, assumed: Assumptions | None = None) -> tuple[Counts, Counts]:
    """Return the counts of the shortest run that does not fail, and of the longest one without retries.

    The longest goes through every loop ``turns`` times and takes the longest way of every Choice and Catch.
    """
    given = assumed or Assumptions()
    return _EXECUTION + _shortest(machine, given), _EXECUTION + _longest(machine, given)


def _shortest(region: Region, assumed: Assumptions) -> Counts:
    """Return the counts of the way with the fewest events to a state that ends well, or to any end."""
    order = 0
    waiting: list[tuple[int, int, str, Counts]] = [(0, 0, region.start_at, Counts())]
    seen: set[str] = set()
    failed: Counts | None = None
    while waiting:
        _, _, name, before = heapq.heappop(waiting)
        state = region.states.get(name)
        if state is None or name in seen:
            continue
        seen.add(name)
        here = before + _state(state, assumed, _shortest)
        if isinstance(state, Fail):
            failed = failed or here
        elif _ends(state):
            return here
        caught = {catcher.next for catcher in _catchers(state)}
        for _, target in targets(state):
            if target not in caught or getattr(state, "next", ABSENT) == target:
                order += 1
                heapq.heappush(waiting, (here.events, order, target, here))
    return failed or Counts()


def _longest(region: Region, assumed: Assumptions) -> Counts:
    """Return the counts of the way with the most events, each loop taken ``turns`` times."""
    part: dict[str, tuple[str, ...]] = {name: (name,) for name in region.states}
    loops = {loop.names for loop in loops_of(region)}
    for names in loops:
        part.update(dict.fromkeys(names, names))
    cost: dict[tuple[str, ...], Counts] = {}
    for names in set(part.values()):
        once = sum((_state(region.states[name], assumed, _longest) for name in names), Counts())
        cost[names] = once.times(assumed.turns) if names in loops else once
    best: dict[tuple[str, ...], Counts] = {}
    stack: list[tuple[tuple[str, ...], bool]] = [(part[region.start_at], False)] if region.start_at in part else []
    while stack:
        names, done = stack.pop()
        after = {part[target] for name in names for _, target in targets(region.states[name]) if target in part}
        after.discard(names)
        if done:
            rest = [best[one] for one in after]
            best[names] = cost[names] + max(rest, key=lambda one: one.events, default=Counts())
        elif names not in best:
            stack.append((names, True))
            stack += [(one, False) for one in after if one not in best]
    return best.get(part.get(region.start_at, ()), Counts())


def _state(state: AnyState, assumed: Assumptions, inside: Callable[[Region, Assumptions], Counts]) -> Counts:
    if isinstance(state, Fail):
        return Counts(1, 1)
    if isinstance(state, Task):
        return Counts(1, _task_events(state.resource))
    if isinstance(state, Wait):
        seconds = state.seconds
        return Counts(1, 2, wait_seconds=seconds if isinstance(seconds, (int, float)) else 0.0)
    if isinstance(state, Parallel):
        branches = [inside(branch, assumed) for branch in state.branches]
        longest = max((one.wait_seconds for one in branches), default=0.0)
        return Counts(1, 4) + replace(sum(branches, Counts()), wait_seconds=longest)
    if isinstance(state, Map):
        items = _items(state, assumed)
        inner = inside(state.processor, Assumptions(assumed.items, assumed.turns))
        if state.distributed:
            return Counts(1, 5) + _children(state, items, inner)
        at_once = state.max_concurrency if isinstance(state.max_concurrency, int) else 0
        rounds = -(-items // min(at_once or _MOST_AT_ONCE, _MOST_AT_ONCE))
        all_items = (inner + Counts(0, 2)).times(items)
        return Counts(1, 4) + replace(all_items, wait_seconds=inner.wait_seconds * rounds)
    return Counts(1, 2)


def _children(state: Map, items: int, inner: Counts) -> Counts:
    """Return the counts of a Distributed Map's children, and of theirs; how long they wait, nobody can tell."""
    reader = getattr(state.item_reader, "reader_config", ABSENT)
    most = getattr(reader, "max_items", ABSENT)
    items = min(items, most) if isinstance(most, int) and most > 0 else items
    size = getattr(state.item_batcher, "max_items_per_batch", ABSENT)
    children = -(-items // size) if isinstance(size, int) and size > 0 else items
    express = getattr(state.processor.processor_config, "execution_type", ABSENT) == "EXPRESS"
    below = Counts(
        children=1 + inner.children,
        child_transitions=inner.child_transitions + (0 if express else inner.transitions),
        express_children=inner.express_children + express,
    )
    return below.times(children)


def _task_events(arn: str) -> int:
    try:
        resource = Resource.parse(arn)
    except ValueError:
        return 5
    waits = resource.kind == "service" and resource.pattern is not IntegrationPattern.REQUEST_RESPONSE
    return 6 if waits else 5


def _items(state: Map, assumed: Assumptions) -> int:
    """Return how many items a Map has: of a constant list, of the input where its path leads there, else as assumed."""
    if isinstance(state.items, (list, tuple)):
        return len(state.items)
    path = state.items_path
    if isinstance(path, str) and isinstance(assumed.given, (dict, list)):
        try:
            found = compile_path(path).find(assumed.given)
        except (QuerySyntaxError, StateFailed, LookupError):
            return assumed.items
        if isinstance(found, list):
            return len(found)
    if path is ABSENT and isinstance(assumed.given, list):
        return len(assumed.given)
    return assumed.items


def _catchers(state: AnyState) -> tuple[Any, ...]:
    catch = getattr(state, "catch", ABSENT)
    return () if catch is ABSENT else tuple(catch)


def _ends(state: AnyState) -> bool:
    if isinstance(state, Choice):
        return False
    return isinstance(state, (Succeed, Fail)) or getattr(state, "end", ABSENT) is True
