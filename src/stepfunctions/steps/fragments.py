"""Fragments: the same steps used again in one workflow, under a prefix."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.placeholders import Placeholder, StepInput
from stepfunctions.steps.base import Catch, State
from stepfunctions.steps.blocks import Block
from stepfunctions.steps.flow import ChoiceBranch
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.graph import Chain, Graph
from stepfunctions.steps.writing import Linkable, Links, Writer


class Renamed(Flow):
    """A flow of copies: what :func:`prefixed` returns."""


def prefixed(step: Linkable, prefix: str) -> Renamed:
    """Return a copy of a step, with everything it leads to, in which every name begins with ``prefix``.

    Outputs that the steps take from each other are those of the copies; what they take from elsewhere stays.
    Raises ValueError when a name gets longer than 80 characters.

    >>> from stepfunctions.steps import Pass
    >>> prefixed(Pass("Clean") >> Pass("Check"), "west ").state_id
    'west Clean'
    """
    flow = flow_of(step)
    return _Copier(prefix).flow(flow)


class _Copier:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.states: dict[State, State] = {}
        self.outputs: dict[int, StepInput] = {}

    def flow(self, flow: Flow) -> Renamed:
        writer = Writer()
        writer.add(flow.links)
        originals = _reachable(flow, writer)
        for state in originals:
            self._begin(state)
        links = {self.states[state]: self._links(found) for state, found in writer.links.items()}
        for state in originals:
            self._finish(state)
        return Renamed(self.states[flow.first], links, tuple(self.states[tail] for tail in flow.tails))

    def _begin(self, state: State) -> None:
        new = copy.copy(state)
        new.state_id = self.prefix + state.state_id
        if len(new.state_id) > 80:
            raise ValueError(
                f"The state's name '{new.state_id}' has {len(new.state_id)} characters; AWS takes at most 80. "
                "Take a shorter prefix."
            )
        new.step_output = StepInput(schema=state.output_schema)
        new.step_output.owner = new.state_id
        self.states[state] = new
        self.outputs[id(state.step_output)] = new.step_output

    def _links(self, links: Links) -> Links:
        return Links(
            next=self._step(links.next),
            default=self._step(links.default),
            choices=tuple(self._branch(branch) for branch in links.choices),
        )

    def _step(self, step: Linkable | None) -> State | None:
        return None if step is None else self.states[step.first]

    def _branch(self, branch: Any) -> ChoiceBranch:
        rule, step = branch
        new = ChoiceBranch(self._value(rule), self.states[step.first])
        vars(new).update({name: self._value(value) for name, value in vars(branch).items()})
        return new

    def _finish(self, state: State) -> None:
        """Give a copy its own lists, and the copies in place of the originals."""
        new = self.states[state]
        new.next_step = self._step(state.next_step)
        new.retries = list(state.retries)
        new.catches = [self._catch(catch) for catch in state.catches]
        for name, value in list(vars(state).items()):
            if name in ("choices", "default", "branches", "iterator", "item_processor"):
                object.__setattr__(new, name, self._linked(name, value))
            elif name not in ("state_id", "step_output", "next_step", "retries", "catches"):
                object.__setattr__(new, name, self._value(value))

    def _linked(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name == "choices":
            return [self._branch(branch) for branch in value]
        if name == "default":
            return self._step(value)
        return [self._region(branch) for branch in value] if name == "branches" else self._region(value)

    def _region(self, region: Any) -> Any:
        """Return a copy of a branch: its names get the prefix too, as names are unique in a whole machine."""
        if isinstance(region, Graph):
            return self.flow(flow_of(region.branch))
        return self.flow(flow_of(region))

    def _catch(self, catch: Catch) -> Catch:
        new = copy.copy(catch)
        new.next_step = self.states[catch.next_step.first]
        return new

    def _value(self, value: Any) -> Any:
        """Return a value in which the outputs of the originals are those of the copies."""
        if isinstance(value, Placeholder):
            return self._placeholder(value)
        if isinstance(value, Mapping):
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)) and not isinstance(value, ChoiceBranch):
            return type(value)(self._value(item) for item in value)
        if isinstance(value, (Expression, BaseRule)) or (isinstance(value, Block) and not isinstance(value, State)):
            new = copy.copy(value)
            for name, item in vars(value).items():
                if isinstance(item, (Expression, BaseRule, Mapping, list, tuple)):
                    object.__setattr__(new, name, self._value(item))
            return new
        return value

    def _placeholder(self, value: Placeholder) -> Placeholder:
        root = self.outputs.get(id(value.root))
        if root is None:
            return value
        found: Placeholder = root
        for name in value.path:
            found = found.get(name)
        return found


def _reachable(flow: Flow, writer: Writer) -> Iterable[State]:
    found: dict[State, None] = {}
    stack: list[Linkable] = [flow, *writer.links]
    while stack:
        target = stack.pop()
        links = getattr(target, "links", None)
        if links:
            writer.add(links)
            stack.extend(links)
        if isinstance(target, Chain):
            stack.extend(target)
        state = target.first
        if state not in found:
            found[state] = None
            stack.extend(writer.targets(state))
    return list(found)
