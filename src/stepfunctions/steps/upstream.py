"""Whether the outputs that states use are there when they run.

A placeholder made by ``step.output()`` is the input of the step after it. It stands for that output as long as the
states between pass their input on: a Choice, a Wait, and whatever writes its result beside its input (``result_path``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from stepfunctions.inputs.expressions import Expression, expressions_in
from stepfunctions.inputs.placeholders import Placeholder, StepInput
from stepfunctions.steps.blocks import Block

if TYPE_CHECKING:
    from stepfunctions.steps.base import State
    from stepfunctions.steps.writing import Region, Writer

_OF_THE_RESULT = ("result_selector", "assign", "output")
"""Fields whose expressions see the state's own result."""
_OUTSIDE = 0
"""Stands for the outputs of the states around a branch, which its first state has as its input."""


class _Way(NamedTuple):
    """A transition of a region. ``failed``: to a catcher's step."""

    source: State
    target: State
    failed: bool


def check_placeholders(region: Region, writer: Writer) -> None:
    """Raise ValueError for a state that uses an output which is not its input."""
    used = {state: list(_used(state, writer)) for state in region.states.values()}
    wanted = {output_key(root) for uses in used.values() for _, root in uses}
    if not wanted:
        return
    ways = list(_ways(region, writer))
    following = {way.target for way in ways if way.source.flows and not way.failed}
    inside = {output_key(state.step_output) for state in region.states.values()}
    valid = _valid(region, ways, wanted, passes_on, nested=writer.nested > 0)
    possible = _valid(region, ways, wanted, may_pass_on, nested=writer.nested > 0)
    for state, uses in used.items():
        for name, root in uses:
            key = output_key(root) if output_key(root) in inside or not writer.nested else _OUTSIDE
            if key in valid[state]:
                continue
            # 2.3.0 took everything where it did not look: there, only what cannot be right is refused.
            seen = state in following and _in_dicts(state, root)
            if seen or (root.owner is not None and key not in possible[state]):
                raise ValueError(_message(state, name, root))


def output_key(root: StepInput) -> str | int:
    """Return what an output is known by: its state's name, which a copy of the placeholder keeps."""
    return root.owner or id(root)


def _in_dicts(state: State, root: StepInput) -> bool:
    """Tell whether a placeholder stands where 2.3.0 looked: in the parameters, and in no list."""
    waiting = [vars(state).get("parameters")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, Placeholder) and value.root is root:
            return True
    return False


def _ways(region: Region, writer: Writer) -> Iterator[_Way]:
    for state in region.states.values():
        caught = {id(catch.next_step) for catch in state.catches}
        for target in writer.targets(state):
            yield _Way(state, target.first, id(target) in caught)


def _valid(
    region: Region, ways: list[_Way], wanted: set[str | int], passes: Callable[[State], bool], *, nested: bool
) -> dict[State, set[str | int]]:
    """Return those of some outputs that stand for each state's input. ``passes`` tells which states pass theirs on."""
    valid: dict[State, set[str | int]] = {state: set() for state in region.states.values()}
    if nested:
        valid[region.start].add(_OUTSIDE)
    leaving: dict[State, list[_Way]] = {state: [] for state in region.states.values()}
    for way in ways:
        leaving[way.source].append(way)
    waiting = list(reversed(region.states.values()))
    while waiting:
        state = waiting.pop()
        own = {output_key(state.step_output)} & wanted
        for _, target, failed in leaving[state]:
            before = len(valid[target])
            if not failed or passes is may_pass_on:  # a catcher's input, the error, may be taken by output()
                valid[target] |= own
            if failed or passes(state):
                valid[target] |= valid[state]
            if len(valid[target]) > before:
                waiting.append(target)
    return valid


def passes_on(state: State) -> bool:
    """Tell whether a state's input, or what was in it, is in its output too."""
    if state.output_value is not None:
        return _has_input(state.output_value)
    if not _is_whole(vars(state).get("output_path", "$")):
        return False
    return state.type in ("Choice", "Wait", "Succeed") or not _is_whole(vars(state).get("result_path", "$"))


def _has_input(output: Any) -> bool:
    """Tell whether an ``output`` is the input, or the input with more in it."""
    text = output.to_jsonata() if isinstance(output, Expression) else output
    if not isinstance(text, str):
        return False
    text = text.removeprefix("{%").removesuffix("%}").strip()
    return text == "$states.input" or text.startswith("$merge([$states.input,")


def may_pass_on(state: State) -> bool:
    """Tell whether a state's output can be its input: a plain Pass has no other, and a function may return it."""
    given = vars(state)
    if passes_on(state):
        return True
    if any(given.get(name) is not None for name in ("result", "parameters", "result_selector", "output_value")):
        return False
    resource = str(given.get("resource", ""))
    own_code = state.type == "Task" and (":function:" in resource or ":activity:" in resource)
    paths = (given.get("input_path", "$"), given.get("output_path", "$"))
    return (own_code or state.type == "Pass") and all(_is_whole(path) for path in paths)


def _is_whole(path: Any) -> bool:
    return isinstance(path, str) and path == "$"


def _used(state: State, writer: Writer) -> Iterator[tuple[str, StepInput]]:
    """Yield the outputs that a state uses as its input, each with the name it is used for."""
    for field, value in state._given():
        if field.attribute not in _OF_THE_RESULT:
            yield from _roots(value, field.attribute)
    links = writer.links.get(state)
    for rule, _ in (*getattr(state, "choices", ()), *(links.choices if links else ())):
        yield from _roots(rule, "choice")


def _roots(value: Any, name: str) -> Iterator[tuple[str, StepInput]]:
    """Yield the outputs that a value is made of, each with the key or the name it is found under."""
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _roots(item, str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _roots(item, name)
    elif isinstance(value, Block):
        for field, item in value._given():
            yield from _roots(item, field.attribute)
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
