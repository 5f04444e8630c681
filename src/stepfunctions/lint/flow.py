"""States that are never entered, never left, or may have no way on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import TypeVar

from stepfunctions.asl.codec import dump
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Region, escape_pointer
from stepfunctions.asl.states import AnyState, Choice, Fail, Succeed
from stepfunctions.asl.transitions import check_graph, targets
from stepfunctions.lint.finding import ERROR, WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

T = TypeVar("T")
Join = Callable[[str, T, T], T]


def reached_in(region: Region) -> set[str]:
    """Return the names of the states that transitions from StartAt lead to."""
    reached: set[str] = set()
    waiting = [region.start_at]
    while waiting:
        name = waiting.pop()
        if name in region.states and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in targets(region.states[name]))
    return reached


def follow(region: Region, start: T, ways: Callable[[str, T], Iterable[tuple[str, T]]], join: Join[T]) -> dict[str, T]:
    """Return what holds when each state begins that can be reached, followed from StartAt until nothing changes.

    ``ways``: where a state leads, and what holds there. ``join``: what holds at a state to which another way leads:
    its name, what held before, what comes now. States are looked at in the order of the transitions, so that most are
    looked at once.
    """
    turn = {name: number for number, name in enumerate(_in_order(region))}
    found = {region.start_at: start}
    waiting = [turn[region.start_at]] if turn else []
    names = list(turn)
    stale = set(waiting)
    while waiting:
        number = heappop(waiting)
        stale.remove(number)
        name = names[number]
        for target, value in ways(name, found[name]):
            if target not in turn:
                continue
            joined = join(target, found[target], value) if target in found else value
            if target not in found or joined != found[target]:
                found[target] = joined
                if turn[target] not in stale:
                    stale.add(turn[target])
                    heappush(waiting, turn[target])
    return found


def _in_order(region: Region) -> list[str]:
    """Return the states that can be reached, each after those that lead to it, loops aside."""
    done: list[str] = []
    seen: set[str] = set()
    todo = [(region.start_at, False)]
    while todo:
        name, left = todo.pop()
        if left:
            done.append(name)
        elif name in region.states and name not in seen:
            seen.add(name)
            todo.append((name, True))
            todo += [(target, False) for _, target in targets(region.states[name])]
    return done[::-1]


def no_end_state(subject: Subject) -> Iterator[Finding]:
    """Find a machine that no state ends."""
    for found in check_graph(dump(subject.machine)):
        if found.code == MISSING_END_STATE.id:
            yield Finding.of(found)


def never_named(subject: Subject) -> Iterator[Finding]:
    """Find states that no transition names."""
    for found in check_graph(dump(subject.machine)):
        if found.code != MISSING_END_STATE.id:
            yield Finding.of(found)


def unreachable(subject: Subject) -> Iterator[Finding]:
    """Find states with transitions to them only from states that are not reached themselves."""
    for path, region in subject.regions:
        reached = reached_in(region)
        named = {target for state in region.states.values() for _, target in targets(state)}
        for name in region.states:
            if name not in reached and name in named:
                yield UNREACHABLE_STATE.at(
                    f"{path}/States/{escape_pointer(name)}",
                    f"No transition leads to the state '{name}'.",
                    "Lead one there, or remove the state.",
                )


def endless(subject: Subject) -> Iterator[Finding]:
    """Find regions that no state ends that can be reached."""
    for path, region in subject.regions:
        if not any(_ends(region.states[name]) for name in reached_in(region)) and (path or _has_end(region)):
            yield NO_END.at(
                path or "/States",
                "No state that can be reached ends: it runs until something fails.",
                'Write "End": true in the last state, or add a Succeed.',
            )


def _has_end(region: Region) -> bool:
    return any(map(_ends, region.states.values()))


def _ends(state: AnyState) -> bool:
    return isinstance(state, (Succeed, Fail)) or getattr(state, "end", ABSENT) is True


def choice_without_default(subject: Subject) -> Iterator[Finding]:
    """Find Choices without a Default."""
    for found in subject.located:
        if isinstance(found.state, Choice) and found.state.default is ABSENT:
            yield NO_DEFAULT.at(
                found.path,
                "An input that matches no rule fails with States.NoChoiceMatched.",
                'Write "Default": "<name of a state>".',
            )


_TRANSITIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html"
MISSING_END_STATE = Rule(
    id="MISSING_END_STATE",
    severity=ERROR,
    summary="No state ends the state machine.",
    why="AWS refuses the state machine.",
    source=_TRANSITIONS,
    good="""
        Work: {Type: Pass, End: true}
    """,
    bad="""
        Work: {Type: Pass, Next: Work}
    """,
    check=no_end_state,
)
MISSING_TRANSITION_TARGET = Rule(
    id="MISSING_TRANSITION_TARGET",
    severity=ERROR,
    summary="A transition names a state that is not there, or no transition names a state.",
    why="AWS refuses the state machine.",
    source=_TRANSITIONS,
    good="""
        Work: {Type: Pass, Next: Rest}
        Rest: {Type: Succeed}
    """,
    bad="""
        Work: {Type: Pass, End: true}
        Rest: {Type: Succeed}
    """,
    check=never_named,
)
UNREACHABLE_STATE = Rule(
    id="UNREACHABLE_STATE",
    severity=WARNING,
    summary="Transitions to a state come only from states that are not reached themselves.",
    why="The state never runs; a transition to it was forgotten, or the state was.",
    source=_TRANSITIONS,
    good="""
        Work: {Type: Pass, Next: Rest}
        Rest: {Type: Succeed}
    """,
    bad="""
        Work: {Type: Pass, End: true}
        There: {Type: Pass, Next: Back}
        Back: {Type: Pass, Next: There}
    """,
    check=unreachable,
)
NO_END = Rule(
    id="NO_END",
    severity=WARNING,
    summary="No state of a region that can be reached ends it.",
    why="The execution goes on until it fails, at the latest with 25,000 events.",
    source=_TRANSITIONS,
    good="""
        Work: {Type: Pass, Next: More}
        More: {Type: Choice, Choices: [{Variable: $.more, BooleanEquals: true, Next: Work}], Default: Done}
        Done: {Type: Succeed}
    """,
    bad="""
        Work:
          Type: Parallel
          Branches:
            - {StartAt: A, States: {A: {Type: Pass, Next: B}, B: {Type: Pass, Next: A}}}
          End: true
    """,
    check=endless,
)
NO_DEFAULT = Rule(
    id="NO_DEFAULT",
    severity=WARNING,
    summary="A Choice has no Default.",
    why="An input that matches no rule fails the execution with States.NoChoiceMatched.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html",
    good="""
        Large: {Type: Choice, Choices: [{Variable: $.n, NumericGreaterThan: 9, Next: Done}], Default: Done}
        Done: {Type: Succeed}
    """,
    bad="""
        Large: {Type: Choice, Choices: [{Variable: $.n, NumericGreaterThan: 9, Next: Done}]}
        Done: {Type: Succeed}
    """,
    check=choice_without_default,
)
