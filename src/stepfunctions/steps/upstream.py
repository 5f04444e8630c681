"""Whether the outputs that states use are there when they run.

A placeholder made by ``step.output()`` is the input of the step after it. It stands for that output as long as the
states between pass their input on: a Choice, a Wait, and whatever writes its result beside its input (``result_path``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.expressions import expressions_in
from stepfunctions.inputs.placeholders import Placeholder, StepInput

if TYPE_CHECKING:
    from stepfunctions.steps.base import State
    from stepfunctions.steps.writing import Region, Writer

_OF_THE_RESULT = ("result_selector", "assign", "output_value", "output_schema", "step_output")
"""Attributes whose expressions see the state's own result, or are none."""


def check_placeholders(region: Region, writer: Writer) -> None:
    """Raise ValueError for a state that uses an output which is not its input."""
    entering, following = _edges(region, writer)
    used = {state: list(_used(state, writer)) for state in region.states.values()}
    if not any(used.values()):
        return
    valid = _valid(region, entering)
    for state, uses in used.items():
        for name, root in uses:
            if root in valid[state] or (root.owner is None and state not in following):
                continue
            if state is region.start and not entering[state] and writer.nested:
                continue
            raise ValueError(_message(state, name, root))


class _Roots:
    """A set of placeholders: they are known by identity, and have no equality of Python's."""

    def __init__(self, *roots: StepInput) -> None:
        self.ids = {id(root) for root in roots}

    def __contains__(self, root: StepInput) -> bool:
        return id(root) in self.ids

    def take(self, other: _Roots) -> bool:
        """Add another set; returns whether that added anything."""
        before = len(self.ids)
        self.ids |= other.ids
        return len(self.ids) > before


def _edges(region: Region, writer: Writer) -> tuple[dict[State, list[tuple[State, bool]]], set[State]]:
    """Return who leads to each state (and whether by a failure), and who follows another state directly."""
    entering: dict[State, list[tuple[State, bool]]] = {state: [] for state in region.states.values()}
    following: set[State] = set()
    for state in region.states.values():
        caught = {id(catch.next_step) for catch in state.catches}
        for target in writer.targets(state):
            entering[target.first].append((state, id(target) in caught))
            if state.flows and id(target) not in caught:
                following.add(target.first)
    return entering, following


def _valid(region: Region, entering: Mapping[State, list[tuple[State, bool]]]) -> dict[State, _Roots]:
    """Return the placeholders that stand for each state's input."""
    valid = {state: _Roots() for state in region.states.values()}
    leaving: dict[State, list[tuple[State, bool]]] = {state: [] for state in region.states.values()}
    for target, sources in entering.items():
        for source, failed in sources:
            leaving[source].append((target, failed))
    waiting = list(region.states.values())
    while waiting:
        state = waiting.pop()
        own = _Roots(state.step_output)
        for target, failed in leaving[state]:
            changed = not failed and valid[target].take(own)
            if failed or passes_on(state):
                changed = valid[target].take(valid[state]) or changed
            if changed:
                waiting.append(target)
    return valid


def passes_on(state: State) -> bool:
    """Tell whether a state's input, or what was in it, is in its output too."""
    if state.type in ("Choice", "Wait", "Succeed"):
        return state.output_value is None and state.output_path in (None, "$")
    path = vars(state).get("result_path", "$")
    return bool(path != "$") and vars(state).get("output_path", "$") in (None, "$")


def _used(state: State, writer: Writer) -> Iterator[tuple[str, StepInput]]:
    """Yield the outputs that a state uses as its input, each with the name it is used for."""
    for attribute, value in vars(state).items():
        if attribute not in _OF_THE_RESULT and not attribute.startswith("_"):
            yield from _roots(value, attribute)
    links = writer.links.get(state)
    for rule, _ in (*getattr(state, "choices", ()), *(links.choices if links else ())):
        yield from _roots(rule, "choice")


def _roots(value: Any, name: str) -> Iterator[tuple[str, StepInput]]:
    """Yield the outputs that a value is made of, each with the key or the name it is found under."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _roots(item, str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _roots(item, name)
    else:
        for found in expressions_in(value):
            if isinstance(found, Placeholder) and isinstance(found.root, StepInput):
                yield name, found.root


def _message(state: State, name: str, root: StepInput) -> str:
    text = f"State '{state.state_id}' is using an illegal placeholder for the '{name}' parameter."
    if root.owner is None:
        return f"{text} Use the output of the step before it, or ExecutionInput."
    return (
        f"{text} It stands for the output of '{root.owner}', which is not the input of '{state.state_id}'. Keep the "
        f"value in a variable (assign={{…}} at '{root.owner}', variable('…') here), or beside the data with "
        "result_path at the states between."
    )
