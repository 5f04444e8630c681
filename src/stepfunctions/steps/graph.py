"""Steps put together: a sequence of them, and the definition that a workflow is made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.fields import JSONPATH
from stepfunctions.asl.machine import StateMachine
from stepfunctions.exceptions import DuplicateStatesInChain
from stepfunctions.steps.advice import no_step
from stepfunctions.steps.base import State
from stepfunctions.steps.blocks import fields_of, problem_with
from stepfunctions.steps.rendering import copy_json, is_dynamic
from stepfunctions.steps.writing import Linkable, LinkableT, Writer

if TYPE_CHECKING:
    from stepfunctions.steps.flows import Flow


TOP = {name: fields_of(StateMachine)[name] for name in ("timeout_seconds", "comment", "version", "query_language")}
"""The fields of a whole definition, in the order they are written."""


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
        self._add(new for step in steps for new in _steps_of(step))

    def append(self, step: Linkable) -> None:
        """Add a step, or the steps of another chain, and link it to the last one."""
        self._add(_steps_of(step))

    def _add(self, given: Iterable[Any]) -> None:
        """Add steps. What is wrong with them is raised before any of them is linked."""
        new_steps: list[State] = []
        known = set(self._known)
        for new in given:
            if not isinstance(new, State):
                hint = " Put flows together with >>." if isinstance(new, Linkable) else ""
                raise TypeError(f"A chain is made of steps, not of {no_step(new)}{hint}")
            if new in known:
                raise DuplicateStatesInChain(f"The step '{new.state_id}' is in this chain already.")
            known.add(new)
            new_steps.append(new)
        for new in new_steps:
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

    incomplete: tuple[str, ...] = ()
    """What is missing without which AWS refuses the definition, such as a Choice's rules. A Workflow refuses it too."""

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
            raise ValueError(f"A graph is made of a State, a Chain or a Flow, not of {no_step(branch)}")
        self.branch = branch
        self.timeout_seconds = timeout_seconds
        self.comment = comment
        self.version = version
        self.query_language = query_language
        for name, field in TOP.items():
            value = getattr(self, name)
            problem = "takes no placeholder." if is_dynamic(value) else problem_with(field, value)
            if problem is not None:
                raise ValueError(f"A graph's '{name}' {problem}")
        self.states: dict[str, State] = {}
        self._definition: dict[str, Any] = {}
        self.build_graph()

    def build_graph(self) -> None:
        """Take the picture of the states: walk the links from the first one and write each state down."""
        writer = Writer(self.query_language or JSONPATH)
        region = writer.region(self.branch)
        self.states = region.states
        self.incomplete = tuple(writer.incomplete)
        self._definition = {**self._top(), "StartAt": region.start.state_id, "States": region.written}

    def _top(self) -> dict[str, Any]:
        """Return the fields of the whole definition that are given."""
        top = {field.spec.wire: getattr(self, name) for name, field in TOP.items()}
        return {wire: value for wire, value in top.items() if value is not None}

    def written_in(self, writer: Writer) -> dict[str, Any]:
        """Return the definition as a region inside a state. One that says no language is written in the state's."""
        if self.query_language is None and writer.language != JSONPATH:
            region = writer.branch(self.branch)
            return {**self._top(), "StartAt": region.start.state_id, "States": region.written}
        writer.take_names(self._definition)
        writer.incomplete.extend(self.incomplete)
        return self.to_dict()

    def contains(self, state: State) -> bool:
        """Tell whether a state of this name is in this graph."""
        return state.state_id in self.states

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the form of its JSON: a copy, which may be changed."""
        definition: dict[str, Any] = copy_json(self._definition)
        return definition

    def to_json(self, pretty: bool = False) -> str:
        """Return the definition as JSON text, indented by 4 when ``pretty``."""
        return json.dumps(self._definition, indent=4 if pretty else None)

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
        for name, field in TOP.items():
            setattr(self, name, definition.get(field.spec.wire))
        self.states = {}
        self._definition = definition

    @classmethod
    def from_json(cls, json_definition: str) -> FrozenGraph:
        """Return the graph of a JSON text."""
        return cls(json.loads(json_definition))

    def build_graph(self) -> None:
        """Do nothing: the definition is what was read."""

    def written_in(self, writer: Writer) -> dict[str, Any]:
        """Return the definition as a region inside a state: as it was read."""
        writer.take_names(self._definition)
        return self._definition

    def to_dict(self) -> dict[str, Any]:
        """Return the definition itself, as it was read."""
        return self._definition

    def __repr__(self) -> str:
        return f"FrozenGraph({list(self.definition.get('States', {}))})"


def check_branch(branch: Any, where: str) -> None:
    """Raise ValueError when a branch or processor is no step, chain, flow or graph. ``where`` names it."""
    if not isinstance(branch, (Linkable, Graph)):
        raise ValueError(f"{where} is made of a State, a Chain, a Flow or a Graph, not of {no_step(branch)}")


def _steps_of(step: Linkable) -> list[Any]:
    return list(step.steps) if isinstance(step, Chain) else [step]


def write_branch(branch: Any, writer: Writer, where: str) -> dict[str, Any]:
    """Return the definition of a branch or processor inside a state. ``where`` names it in errors."""
    check_branch(branch, where)
    if isinstance(branch, Graph):
        return branch.written_in(writer)
    region = writer.branch(branch)
    return {"StartAt": region.start.state_id, "States": region.written}
