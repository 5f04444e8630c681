"""Steps put together: a sequence of them, and the definition that a workflow is made of."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.machine import StateMachine
from stepfunctions.exceptions import DuplicateStatesInChain
from stepfunctions.inputs.placeholders import Placeholder, StepInput
from stepfunctions.steps.base import Linkable, State


class Chain(Linkable):
    """Steps that run one after another. Chains inside the list become part of it.

    Building a chain links its steps: each one's ``next`` becomes the step after it.
    Raises TypeError when ``steps`` is no list, DuplicateStatesInChain when a step is in it twice.
    """

    def __init__(self, steps: Sequence[State | Chain] = ()) -> None:
        if not isinstance(steps, (list, tuple)):
            raise TypeError("Chain takes a list of steps.")
        self.steps: list[State] = []
        for step in steps:
            self.append(step)

    def append(self, step: State | Chain) -> None:
        """Add a step, or the steps of another chain, and link it to the last one."""
        for new in list(step.steps) if isinstance(step, Chain) else [step]:
            if not isinstance(new, State):
                raise TypeError(f"A chain is made of steps, not of {type(new).__name__}.")
            if any(new is known for known in self.steps):
                raise DuplicateStatesInChain(f"The step '{new.state_id}' is in this chain already.")
            if self.steps:
                self.steps[-1].next(new)
            new.in_chain = True
            self.steps.append(new)

    @property
    def state_id(self) -> str:
        """The name of the first step. Raises ValueError when the chain is empty."""
        return self.first.state_id

    @property
    def first(self) -> State:
        """The first step. Raises ValueError when the chain is empty."""
        if not self.steps:
            raise ValueError("The chain has no steps.")
        return self.steps[0]

    def next(self, step: State | Chain) -> State | Chain:
        """Add a step, or the steps of another chain, at the end, and return it."""
        self.append(step)
        return step

    def accept(self, visitor: Any) -> None:
        """Let a visitor visit each step."""
        for step in self.steps:
            step.accept(visitor)

    def __iter__(self) -> Iterator[State]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"Chain([{', '.join(repr(step.state_id) for step in self.steps)}])"


def first_of(step: State | Chain) -> State:
    """Return the state that a link to this step leads to."""
    return step.first if isinstance(step, Chain) else step


def successors(state: State) -> Iterator[State]:
    """Yield the states a state may lead to: default and rules of a Choice, the next one, those of its catches."""
    default = getattr(state, "default", None)
    if default is not None:
        yield first_of(default)
    for _, step in getattr(state, "choices", ()):
        yield first_of(step)
    if state.next_step is not None:
        yield first_of(state.next_step)
    for catch in state.catches:
        yield first_of(catch.next_step)


class Graph:
    """The definition of a workflow, as its states are linked when the graph is made; later changes do not show.

    ``branch`` is the first state, or a chain; else ValueError, as for two states of one name, and for a step that
    uses the output of another one than the step before it.
    """

    def __init__(
        self,
        branch: State | Chain,
        *,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
    ) -> None:
        if not isinstance(branch, (State, Chain)):
            raise ValueError(f"A graph is made of a State or a Chain, not of {type(branch).__name__}.")
        self.branch = branch
        self.timeout_seconds = timeout_seconds
        self.comment = comment
        self.version = version
        self.states: dict[str, State] = {}
        self._definition: dict[str, Any] = {}
        self.build_graph()

    def build_graph(self) -> None:
        """Take the picture of the states: walk the links from the first one and write each state down."""
        self.states = {}
        start = first_of(self.branch)
        stack = [start]
        while stack:
            state = stack.pop()
            known = self.states.get(state.state_id)
            if known is state:
                continue
            if known is not None:
                raise ValueError(
                    "Each state in a workflow must have a unique state id. Found duplicate state id "
                    f"'{state.state_id}' in workflow."
                )
            self.states[state.state_id] = state
            _check_placeholders(state)
            stack.extend(reversed(list(successors(state))))
        top = {"TimeoutSeconds": self.timeout_seconds, "Comment": self.comment, "Version": self.version}
        self._definition = {
            **{wire: value for wire, value in top.items() if value is not None},
            "StartAt": start.state_id,
            "States": {name: state.to_dict() for name, state in self.states.items()},
        }

    def contains(self, state: State) -> bool:
        """Tell whether a state is in this graph."""
        return self.states.get(state.state_id) is state

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the form of its JSON: a copy, which may be changed."""
        return copy.deepcopy(self._definition)

    def to_json(self, pretty: bool = False) -> str:
        """Return the definition as JSON text, indented by 4 when ``pretty``."""
        return json.dumps(self.to_dict(), indent=4 if pretty else None)

    def to_machine(self) -> StateMachine:
        """Return the definition as frozen data. Raises DefinitionError with every problem in it."""
        return parse(self.to_dict())

    def __str__(self) -> str:
        return self.to_json(pretty=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.states)})"


class FrozenGraph(Graph):
    """A definition read from JSON. It is kept as it is. Raises ValueError when it is no dict."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        if not isinstance(definition, dict):
            raise ValueError(f"A definition must be a dict, not {type(definition).__name__}.")
        self.definition = definition
        self.timeout_seconds = definition.get("TimeoutSeconds")
        self.comment = definition.get("Comment")
        self.version = definition.get("Version")
        self.states = {}
        self._definition = definition

    @classmethod
    def from_json(cls, json_definition: str) -> FrozenGraph:
        """Return the graph of a JSON text."""
        return cls(json.loads(json_definition))

    def build_graph(self) -> None:
        """Do nothing: the definition is what was read."""

    def to_dict(self) -> dict[str, Any]:
        """Return the definition itself, as it was read."""
        return self._definition

    def __repr__(self) -> str:
        return f"FrozenGraph({list(self.definition.get('States', {}))})"


def branch_to_dict(branch: State | Chain | Graph) -> dict[str, Any]:
    """Return the definition of a branch or processor."""
    return branch.to_dict() if isinstance(branch, Graph) else Graph(branch).to_dict()


def _check_placeholders(state: State) -> None:
    """The state directly after this one may only use this one's output."""
    if state.next_step is None:
        return
    follower = first_of(state.next_step)
    parameters = getattr(follower, "parameters", None)
    for name, placeholder in _named_placeholders(parameters, ""):
        if (
            isinstance(placeholder, StepInput)
            and placeholder is not state.step_output
            and not state.step_output.contains(placeholder)
        ):
            raise ValueError(f"State '{follower.state_id}' is using an illegal placeholder for the '{name}' parameter.")


def _named_placeholders(value: Any, name: str) -> Iterator[tuple[str, Placeholder]]:
    if isinstance(value, Placeholder):
        yield name, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named_placeholders(item, str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named_placeholders(item, name)
