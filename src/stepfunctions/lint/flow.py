"""States that are never entered, never left, or may have no way on."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.codec import dump
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer, subregions, walk
from stepfunctions.asl.states import AnyState, Choice, Fail, Succeed
from stepfunctions.asl.transitions import check_graph, targets
from stepfunctions.lint.finding import ERROR, WARNING, Finding


def regions(machine: StateMachine) -> Iterator[tuple[str, Region]]:
    """Yield the machine and every region inside it, each with its JSON Pointer."""
    yield "", machine
    for found in walk(machine):
        for pointer, region in subregions(found.state):
            yield found.path + pointer, region


def _reached(region: Region) -> set[str]:
    reached: set[str] = set()
    waiting = [region.start_at]
    while waiting:
        name = waiting.pop()
        if name in region.states and name not in reached:
            reached.add(name)
            waiting.extend(target for _, target in targets(region.states[name]))
    return reached


def graph(machine: StateMachine) -> Iterator[Finding]:
    """MISSING_END_STATE, MISSING_TRANSITION_TARGET: no state ends the machine, or no transition names a state."""
    for found in check_graph(dump(machine)):
        yield Finding(code=found.code, severity=ERROR, path=found.path, message=found.message, hint=found.hint)


def unreachable(machine: StateMachine) -> Iterator[Finding]:
    """UNREACHABLE_STATE: transitions to a state come only from states that are not reached themselves."""
    for path, region in regions(machine):
        reached = _reached(region)
        named = {target for state in region.states.values() for _, target in targets(state)}
        for name in region.states:
            if name not in reached and name in named:
                yield Finding(
                    code="UNREACHABLE_STATE",
                    severity=WARNING,
                    path=f"{path}/States/{escape_pointer(name)}",
                    message=f"No transition leads to the state '{name}'.",
                    hint="Lead one there, or remove the state.",
                )


def endless(machine: StateMachine) -> Iterator[Finding]:
    """NO_END: no state of a region that can be reached ends it."""
    for path, region in regions(machine):
        if not any(_ends(region.states[name]) for name in _reached(region)) and (path or _has_end(region)):
            yield Finding(
                code="NO_END",
                severity=WARNING,
                path=path or "/States",
                message="No state that can be reached ends: it runs until something fails.",
                hint='Write "End": true in the last state, or add a Succeed.',
            )


def _has_end(region: Region) -> bool:
    return any(map(_ends, region.states.values()))


def _ends(state: AnyState) -> bool:
    return isinstance(state, (Succeed, Fail)) or getattr(state, "end", ABSENT) is True


def choice_without_default(machine: StateMachine) -> Iterator[Finding]:
    """NO_DEFAULT: an input that matches no rule fails the execution."""
    for found in walk(machine):
        if isinstance(found.state, Choice) and found.state.default is ABSENT:
            yield Finding(
                code="NO_DEFAULT",
                severity=WARNING,
                path=found.path,
                message="An input that matches no rule fails with States.NoChoiceMatched.",
                hint='Write "Default": "<name of a state>".',
            )
