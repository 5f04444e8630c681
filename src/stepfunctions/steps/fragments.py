"""Fragments: the same steps used again in one workflow, under a prefix."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.computed import Computed
from stepfunctions.inputs.placeholders import Placeholder, StepInput
from stepfunctions.steps.base import Catch, State
from stepfunctions.steps.blocks import Block
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.graph import TOP, FrozenGraph, Graph
from stepfunctions.steps.state_types import Choice, ChoiceBranch, Map, Parallel
from stepfunctions.steps.upstream import output_key
from stepfunctions.steps.writing import Linkable, Links, Writer

if TYPE_CHECKING:
    from stepfunctions.steps.signatures import Catches, Retries

_CAN_FAIL = ("Task", "Parallel", "Map")


def prefixed(step: Linkable, prefix: str) -> Flow:
    """Return a copy of a step, with everything it leads to, in which every name begins with ``prefix``.

    Outputs that the steps take from each other are those of the copies; what they take from elsewhere stays.
    Raises ValueError when a name gets longer than 80 characters.

    >>> from stepfunctions.steps import Pass
    >>> prefixed(Pass("Clean") >> Pass("Check"), "west ").state_id
    'west Clean'
    """
    return _Copier(prefix).flow(flow_of(step))


def guarded(step: Linkable, retry: Retries, catch: Catches) -> Flow:
    """Return a flow of copies whose states that can fail have these retriers and catchers after their own.

    See :meth:`Flow.guarded <stepfunctions.steps.Flow.guarded>`.
    """
    flow = flow_of(step)
    writer = Writer()
    copies = {state: copy.copy(state) for state in writer.states_from(flow, failing=False)}

    def of(target: Linkable | None) -> Linkable | None:
        return None if target is None else copies.get(target.first, target.first)

    def rule(branch: ChoiceBranch) -> ChoiceBranch:
        condition, target = branch
        return ChoiceBranch(condition, copies.get(target.first, target.first), **vars(branch))

    for state, new in copies.items():
        new.next_step = of(state.next_step)
        new.retries, new.catches = list(state.retries), list(state.catches)
        if isinstance(new, Choice):
            new.choices, new.default = [rule(branch) for branch in new.rules()], of(new.default)
        if retry is not None and state.type in _CAN_FAIL:
            new.add_retry(retry)
        if catch is not None and state.type in _CAN_FAIL:
            new.add_catch(catch)
    links = {
        copies.get(state, state): Links(of(found.next), tuple(map(rule, found.choices)), of(found.default))
        for state, found in writer.links.items()
    }
    return Flow(copies[flow.first], links, tuple(copies[tail] for tail in flow.tails))


class _Copier:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.states: dict[State, State] = {}
        self.outputs: dict[str | int, StepInput] = {}

    def flow(self, flow: Flow) -> Flow:
        writer = Writer()
        originals = list(writer.states_from(flow, *flow.links))
        for state in originals:
            self._begin(state)
        links = {self.states[state]: self._links(found) for state, found in writer.links.items()}
        for state in originals:
            self._finish(state)
        return Flow(self.states[flow.first], links, tuple(self.states[tail] for tail in flow.tails))

    def _begin(self, state: State) -> None:
        new = copy.copy(state)
        new.state_id = self.prefix + state.state_id
        new.step_output = StepInput(schema=state.output_schema)
        new.step_output.owner = new.state_id
        self.states[state] = new
        self.outputs[output_key(state.step_output)] = new.step_output

    def _links(self, links: Links) -> Links:
        return Links(
            next=self._step(links.next),
            default=self._step(links.default),
            choices=tuple(self._branch(branch) for branch in links.choices),
        )

    def _step(self, step: Linkable | None) -> State | None:
        return None if step is None else self.states[step.first]

    def _branch(self, branch: ChoiceBranch) -> ChoiceBranch:
        rule, step = branch
        new = ChoiceBranch(self._value(rule), self.states[step.first])
        vars(new).update({name: self._value(value) for name, value in vars(branch).items()})
        return new

    def _finish(self, state: State) -> None:
        """Give a copy its own lists, and the copies in place of the originals."""
        new = self.states[state]
        linked: dict[str, Any] = {
            "next_step": self._step(state.next_step),
            "retries": list(state.retries),
            "catches": [self._catch(catch) for catch in state.catches],
            "state_id": new.state_id,
            "step_output": new.step_output,
        }
        if isinstance(state, Choice):
            linked["choices"] = [self._branch(branch) for branch in state.rules()]
            linked["default"] = self._step(state.default)
        if isinstance(state, Parallel):
            linked["branches"] = [self._region(branch) for branch in state.branches]
        if isinstance(state, Map):
            linked["iterator"] = self._region(state.iterator)
            linked["item_processor"] = self._region(state.item_processor)
        for name, value in vars(state).items():
            object.__setattr__(new, name, linked[name] if name in linked else self._value(value))

    def _region(self, region: Any) -> Any:
        """Return a copy of a branch: its names get the prefix too, as names are unique in a whole machine."""
        if region is None:
            return None
        if isinstance(region, FrozenGraph):
            raise ValueError(
                f"The branch {region!r} is kept as it was read and takes no prefix. Read it with "
                "Workflow.from_definition()."
            )
        if isinstance(region, Graph):
            top = {name: getattr(region, name) for name in TOP}
            return Graph(self.flow(flow_of(region.branch)), **top)
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
        if isinstance(value, (list, tuple)):
            return [*map(self._value, value)] if isinstance(value, list) else tuple(map(self._value, value))
        if isinstance(value, Computed) or (isinstance(value, Block) and not isinstance(value, State)):
            new = copy.copy(value)
            for name, item in vars(value).items():
                object.__setattr__(new, name, self._value(item))
            return new
        return value

    def _placeholder(self, value: Placeholder) -> Placeholder:
        root = value.root
        found: Placeholder | None = self.outputs.get(output_key(root)) if isinstance(root, StepInput) else None
        if found is None:
            return value
        for name in value.path:
            found = found.get(name)
        return found
