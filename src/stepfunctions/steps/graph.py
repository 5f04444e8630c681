"""Steps put together: a sequence of them, and the definition that a workflow is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.asl.machine import StateMachine
from stepfunctions.exceptions import DuplicateStatesInChain
from stepfunctions.steps.base import State
from stepfunctions.steps.rendering import copy_json
from stepfunctions.steps.writing import Linkable, LinkableT, Writer

if TYPE_CHECKING:
    from stepfunctions.steps.flows import Flow


class Chain(Linkable):
    """Steps that run one after another. Chains inside the list become part of it.

    Building a chain links its steps: each one's ``next`` becomes the step after it.
    Raises TypeError when ``steps`` is no list, DuplicateStatesInChain when a step is in it twice.
    """

    def __init__(self, steps: Sequence[Linkable] = ()) -> None:
        if not isinstance(steps, (list, tuple)):
            raise TypeError("Chain takes a list of steps.")
        self.steps: list[State] = []
        self._known: set[State] = set()
        for step in steps:
            self.append(step)

    def append(self, step: Linkable) -> None:
        """Add a step, or the steps of another chain, and link it to the last one."""
        new_steps: list[Any] = list(step.steps) if isinstance(step, Chain) else [step]
        for new in new_steps:
            if not isinstance(new, State):
                hint = " Put flows together with >>." if isinstance(new, Linkable) else ""
                raise TypeError(f"A chain is made of steps, not of {type(new).__name__}.{hint}")
            if new in self._known:
                raise DuplicateStatesInChain(f"The step '{new.state_id}' is in this chain already.")
            if self.steps:
                self.steps[-1].next(new)
            new.in_chain = True
            self._known.add(new)
            self.steps.append(new)

    @property
    def state_id(self) -> str:
        """The name of the first step. Raises ValueError when the chain is empty."""
        return self.first.state_id

    @property
    def first(self) -> State:
        """The first step. Raises ValueError when the chain is empty."""
        if not self.steps:
            raise ValueError("The chain has no steps. Give it one: Chain([step, …]).")
        return self.steps[0]

    def next(self, step: LinkableT) -> LinkableT:
        """Add a step, or the steps of another chain, at the end, and return it."""
        self.append(step)
        return step

    def __rshift__(self, other: Linkable) -> Flow:
        """Return the flow in which ``other`` follows this chain. Nothing is changed."""
        from stepfunctions.steps.flows import flow_of

        return flow_of(self) >> other

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


class Graph:
    """The definition of a workflow, as its states are linked when the graph is made; later changes do not show.

    ``branch`` is the first state, a chain or a flow; else ValueError, as for two states of one name, and for a step
    that uses an output which is not its input. ``query_language`` is the language of the states that do not say
    theirs: ``"JSONPath"`` (the default) or ``"JSONata"``.
    """

    def __init__(
        self,
        branch: Linkable,
        *,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
        query_language: str | None = None,
    ) -> None:
        if not isinstance(branch, Linkable):
            raise ValueError(f"A graph is made of a State, a Chain or a Flow, not of {type(branch).__name__}.")
        if query_language not in (None, JSONPATH, JSONATA):
            raise ValueError(f"query_language is 'JSONPath' or 'JSONata', not {query_language!r}.")
        self.branch = branch
        self.timeout_seconds = timeout_seconds
        self.comment = comment
        self.version = version
        self.query_language = query_language
        self.states: dict[str, State] = {}
        self._definition: dict[str, Any] = {}
        self.build_graph()

    def build_graph(self) -> None:
        """Take the picture of the states: walk the links from the first one and write each state down."""
        region = Writer(self.query_language or JSONPATH).region(self.branch)
        self.states = region.states
        self._definition = {**self._top(), "StartAt": region.start.state_id, "States": region.written}

    def _top(self) -> dict[str, Any]:
        top = {
            "TimeoutSeconds": self.timeout_seconds,
            "Comment": self.comment,
            "Version": self.version,
            "QueryLanguage": self.query_language,
        }
        return {wire: value for wire, value in top.items() if value is not None}

    def contains(self, state: State) -> bool:
        """Tell whether a state of this name is in this graph."""
        return state.state_id in self.states

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the form of its JSON: a copy, which may be changed."""
        definition: dict[str, Any] = copy_json(self._definition)
        return definition

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
        self.query_language = definition.get("QueryLanguage")
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


def write_branch(branch: Any, writer: Writer, where: str) -> dict[str, Any]:
    """Return the definition of a branch or processor: a step, a chain, a flow or a graph. ``where`` names it."""
    if isinstance(branch, Graph) and branch.query_language is None and writer.language == JSONATA and branch.states:
        branch = branch.branch  # written anew: its picture was taken in JSONPath
    if isinstance(branch, Graph):
        definition = branch.to_dict()
        writer.take_names(definition)
        return definition
    if not isinstance(branch, Linkable):
        raise ValueError(f"{where} is made of a State, a Chain, a Flow or a Graph, not of {type(branch).__name__}.")
    writer.nested += 1
    try:
        region = writer.region(branch)
    finally:
        writer.nested -= 1
    return {"StartAt": region.start.state_id, "States": region.written}
