"""Where the states of one region lead: every target exists, and each state says what comes next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.asl.states import AnyState, Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.errors import Problem

_HINTS = 20
"""Missing targets of a region for which a similar name is looked for: that takes long among thousands of states."""


def targets(state: AnyState) -> Iterator[tuple[str, str]]:
    """Yield (pointer relative to the state, name) for each state this one may lead to."""
    if isinstance(state, Choice):
        for index, rule in enumerate(state.choices):
            yield f"/Choices/{index}/Next", rule.next
        if state.default is not ABSENT:
            yield "/Default", state.default
    if isinstance(state, (Task, Pass, Wait, Parallel, Map)) and state.next is not ABSENT:
        yield "/Next", state.next
    if isinstance(state, (Task, Parallel, Map)) and state.catch is not ABSENT:
        for index, catcher in enumerate(state.catch):
            if isinstance(catcher.next, str):
                yield f"/Catch/{index}/Next", catcher.next


def check_transitions(written: Mapping[str, JSON], states: Mapping[str, AnyState], path: str) -> Iterator[Problem]:
    """Yield the problems of a region's transitions and error handlers. ``written`` also has unreadable states."""
    missing = 0
    for name, state in states.items():
        where = f"{path}/States/{escape_pointer(name)}"
        yield from _check_ending(state, where)
        for pointer, target in targets(state):
            if target not in written:
                missing += 1
                close = difflib.get_close_matches(target, written, n=1) if missing <= _HINTS else []
                yield Problem(
                    path=where + pointer,
                    code="MISSING_TRANSITION_TARGET",
                    message=f"The state '{target}' is not in the same 'States'.",
                    hint=f"Did you mean '{close[0]}'?" if close else "Write the name of a state beside it.",
                )
        yield from _check_errors(state, where)


def _check_ending(state: AnyState, where: str) -> Iterator[Problem]:
    if isinstance(state, (Choice, Succeed, Fail)):
        return
    if getattr(state, "next", ABSENT) is ABSENT and getattr(state, "end", ABSENT) is not True:
        yield Problem(
            path=where,
            code="MISSING_TRANSITION",
            message="The state has neither 'Next' nor 'End'.",
            hint='Write "Next": "<name of a state>" or "End": true.',
        )


def _check_errors(state: AnyState, where: str) -> Iterator[Problem]:
    """``States.ALL`` stands alone in its list, and in the last retrier or catcher."""
    for wire, attribute in (("Retry", "retry"), ("Catch", "catch")):
        entries: Any = getattr(state, attribute, ABSENT)
        if entries is ABSENT:
            continue
        for index, entry in enumerate(entries):
            pointer = f"{where}/{wire}/{index}/ErrorEquals"
            if not isinstance(entry.error_equals, tuple) or "States.ALL" not in entry.error_equals:
                continue
            if len(entry.error_equals) > 1:
                yield Problem(
                    path=pointer,
                    message="'States.ALL' must stand alone in 'ErrorEquals'.",
                    hint="Remove the other names, or States.ALL.",
                )
            if index != len(entries) - 1:
                yield Problem(
                    path=pointer,
                    message=f"'States.ALL' must be in the last entry of '{wire}'.",
                    hint="Move this entry to the end.",
                )
