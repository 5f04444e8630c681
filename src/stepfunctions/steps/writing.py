"""How linked steps become a definition: which states there are, where each leads, what each is written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from stepfunctions.asl.fields import JSONPATH
from stepfunctions.steps.upstream import check_placeholders

if TYPE_CHECKING:
    from stepfunctions.steps.base import State


class Linkable:
    """What a step may lead to: a state, a chain of them, or a flow."""

    @property
    def first(self) -> State:
        """The state that a link to this step leads to."""
        raise NotImplementedError


LinkableT = TypeVar("LinkableT", bound=Linkable)


def check_step(step: Any) -> None:
    """Raise TypeError when ``step`` is nothing a step may lead to."""
    if not isinstance(step, Linkable):
        raise TypeError(f"A step leads to a State, a Chain or a Flow, not to {type(step).__name__}.")


@dataclass(frozen=True)
class Links:
    """Where a state leads in one flow, beside what the state itself was linked to."""

    next: Linkable | None = None
    choices: tuple[Any, ...] = ()
    """More rules of a Choice: :class:`~stepfunctions.steps.flow.ChoiceBranch`."""
    default: Linkable | None = None


NO_LINKS = Links()


@dataclass
class Writer:
    """Writes states: the query language of the machine, the links of its flows, the names that are taken."""

    language: str = JSONPATH
    links: dict[State, Links] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    nested: int = 0
    """How deep inside other states the region is that is written."""

    def add(self, links: Mapping[State, Links]) -> None:
        """Add the links of a flow. Raises ValueError when a state leads elsewhere in a flow added before."""
        for state, found in links.items():
            known = self.links.setdefault(state, found)
            if known is not found and known != found:
                raise ValueError(
                    f"The state '{state.state_id}' leads to different steps in two flows of one workflow "
                    f"({_targets(known)}; {_targets(found)}). Use two states, or link it once."
                )

    def targets(self, state: State) -> Iterator[Linkable]:
        """Yield what a state may lead to: default and rules of a Choice, the next one, those of its catches."""
        links = self.links.get(state, NO_LINKS)
        default = links.default or getattr(state, "default", None)
        if default is not None:
            yield default
        for _, step in (*getattr(state, "choices", ()), *links.choices):
            yield step
        following = links.next or state.next_step
        if following is not None:
            yield following
        for catch in state.catches:
            yield catch.next_step

    def region(self, step: Linkable, others: tuple[State, ...] = ()) -> Region:
        """Collect and write the states that a step leads to, and those of ``others``.

        Raises ValueError for two states of one name, here or in another region of the machine.
        """
        region = Region(step.first, {}, {})
        stack: list[Linkable] = [*reversed(others), step]
        while stack:
            target = stack.pop()
            links = getattr(target, "links", None)
            if links:
                self.add(links)
                stack.extend(step for known in links if known in region for step in self.targets(known))
            state = target.first
            if self._is_new(state, region):
                stack.extend(reversed(list(self.targets(state))))
        check_placeholders(region, self)
        for name, state in region.states.items():
            region.written[name] = self.state(state)
        return region

    def _is_new(self, state: State, region: Region) -> bool:
        name = state.state_id
        if region.states.get(name) is state:
            return False
        if name in self.names:
            raise ValueError(
                f"Each state in a workflow must have a unique state id. Found duplicate state id '{name}' in workflow."
            )
        region.states[name] = self.names[name] = state
        return True

    def state(self, state: State) -> dict[str, Any]:
        """Write one state. A subclass that has a ``to_dict`` of its own, as one may in 2.3.0, is asked for it."""
        from stepfunctions.steps.base import State

        return state.write(self) if type(state).to_dict is State.to_dict else state.to_dict()

    def take_names(self, definition: Mapping[str, Any]) -> None:
        """Note the names in a definition that is written already. Raises ValueError when one is taken."""
        for name, state in definition.get("States", {}).items():
            if name in self.names:
                raise ValueError(
                    "Each state in a workflow must have a unique state id. Found duplicate state id "
                    f"'{name}' in workflow."
                )
            self.names[name] = state
            inner = [*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor")]
            for region in inner:
                if isinstance(region, Mapping):
                    self.take_names(region)


@dataclass
class Region:
    """States that were collected: the first one, all of them by name, and each in the form of its JSON."""

    start: State
    states: dict[str, State]
    written: dict[str, dict[str, Any]]

    def __contains__(self, state: State) -> bool:
        return self.states.get(state.state_id) is state


def _targets(links: Links) -> str:
    steps = [links.next, links.default, *(step for _, step in links.choices)]
    return ", ".join(f"'{step.first.state_id}'" for step in steps if step is not None)
