"""Visitors, which 2.3.0 builds its graphs with: ``step.accept(visitor)`` shows them each state that it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from stepfunctions.steps.writing import Linkable, Writer

if TYPE_CHECKING:
    from stepfunctions.steps.base import State


class Visitor(Protocol):
    """What is shown states."""

    def is_visited(self, state: State) -> bool:
        """Tell whether to pass a state by, and what it leads to."""

    def visit(self, state: State) -> Any:
        """Look at a state."""


def walk(start: Linkable, visitor: Visitor) -> None:
    """Show a visitor the first state of a step, then what it leads to: default, rules, the next one, catches."""
    writer = Writer()
    stack: list[Linkable] = [start]
    while stack:
        target = stack.pop()
        links = getattr(target, "links", None)
        if links:
            writer.add(links)
        state = target.first
        if not visitor.is_visited(state):
            visitor.visit(state)
            stack.extend(reversed(list(writer.targets(state))))


class GraphVisitor:
    """Collects states: ``states`` has each by name, in the form of its JSON."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}

    def is_visited(self, state: State) -> bool:
        """Tell whether a state of this name has been collected."""
        return state.state_id in self.states

    def visit(self, state: State) -> None:
        """Collect a state."""
        self.states[state.state_id] = state.to_dict()


class ValidationVisitor(GraphVisitor):
    """Collects states, and raises ValueError when the first one leads to what no workflow can have.

    That is what :class:`~stepfunctions.steps.graph.Graph` refuses: two states of one name, a state that uses an
    output which is not its input.
    """

    def visit(self, state: State) -> None:
        """Check everything that the first state leads to; collect each."""
        from stepfunctions.steps.graph import Graph

        if not self.states:
            Graph(state)
        super().visit(state)
