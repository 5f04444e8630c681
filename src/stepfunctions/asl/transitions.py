"""Where states lead: every target exists, every state is one, and some state ends the machine."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Written:
    """A region as it is written: its JSON Pointer, StartAt, and the JSON of its states, readable or not."""

    path: str
    start_at: JSON
    states: Mapping[str, JSON]

    def missing_targets(self) -> Iterator[Problem]:
        """Yield every transition to a state that is not in the region."""
        found = 0
        for pointer, name in self._transitions():
            if name not in self.states:
                found += 1
                close = difflib.get_close_matches(name, self.states, n=1) if found <= _HINTS else []
                yield Problem(
                    path=self.path + pointer,
                    code="MISSING_TRANSITION_TARGET",
                    message=f"Missing 'Next' target: {name}",
                    hint=f"Did you mean '{close[0]}'?" if close else "Write the name of a state of the same 'States'.",
                )

    def inner(self) -> Iterator[Written]:
        """Yield the regions directly inside its states."""
        for name, state in self.states.items():
            where = f"{self.path}/States/{escape_pointer(name)}"
            for wire in ("Branches", "ItemProcessor", "Iterator"):
                value: Any = state.get(wire) if isinstance(state, dict) else None
                for index, region in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(region, dict) and isinstance(region.get("States"), dict):
                        pointer = f"{where}/{wire}/{index}" if isinstance(value, list) else f"{where}/{wire}"
                        yield Written(pointer, region.get("StartAt"), region["States"])

    def ends(self) -> bool:
        """Tell whether some state ends the region."""
        return any(_ends(state) for state in self.states.values())

    def unreachable(self) -> Iterator[Problem]:
        """Yield every state that no transition of the region names."""
        named = {name for _, name in self._transitions()}
        for name in self.states:
            if name not in named:
                yield Problem(
                    path=f"{self.path}/States/{escape_pointer(name)}",
                    code="MISSING_TRANSITION_TARGET",
                    message=f'State "{name}" is not reachable.',
                    hint="Lead a transition there, or remove the state.",
                )

    def _transitions(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.start_at, str):
            yield "/StartAt", self.start_at
        for name, state in self.states.items():
            for pointer, target in _written_targets(state):
                if isinstance(target, str):
                    yield f"/States/{escape_pointer(name)}{pointer}", target


def check_graph(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a machine's graph lacks as a whole: a state that ends it, else transitions to each of its states."""
    machine = Written("", definition["StartAt"], definition["States"])
    if not machine.ends():
        hint = 'Write "End": true in the last state, or add a Succeed.'
        yield Problem(path=None, code="MISSING_END_STATE", message="Workflow has no terminal state", hint=hint)
        return
    todo = [machine]
    while todo:
        region = todo.pop()
        yield from region.unreachable()
        todo += reversed(list(region.inner()))


def _written_targets(state: JSON) -> Iterator[tuple[str, JSON]]:
    if not isinstance(state, dict):
        return
    for wire in ("Choices", "Catch"):
        entries: Any = state.get(wire)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield f"/{wire}/{index}/Next", entry.get("Next")
    for wire in ("Default", "Next"):
        yield f"/{wire}", state.get(wire)


def _ends(state: JSON) -> bool:
    return isinstance(state, dict) and (state.get("Type") in ("Succeed", "Fail") or state.get("End") is True)


def check_state(state: AnyState, where: str) -> Iterator[Problem]:
    """Yield what is wrong with the end of a state, and with its retriers and catchers."""
    if (
        not isinstance(state, (Choice, Succeed, Fail))
        and getattr(state, "next", ABSENT) is ABSENT
        and getattr(state, "end", ABSENT) in (ABSENT, False)
    ):
        yield Problem(
            path=where,
            message="There should be one of the following fields: [Next, End]",
            hint='Write "Next": "<name of a state>" or "End": true.',
        )
    for wire, attribute in (("Retry", "retry"), ("Catch", "catch")):
        entries: Any = getattr(state, attribute, ABSENT)
        for index, entry in enumerate(() if entries is ABSENT else entries):
            names = entry.error_equals
            if isinstance(names, tuple) and "States.ALL" in names and (len(names) > 1 or index < len(entries) - 1):
                yield Problem(
                    path=f"{where}/{wire}/{index}/ErrorEquals/{names.index('States.ALL')}",
                    message="States.ALL must appear alone and at end of list",
                    hint=f"Write it as the only name of the last entry of '{wire}'.",
                )
