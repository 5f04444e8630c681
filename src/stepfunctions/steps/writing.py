"""How linked steps become a definition: which states there are, where each leads, what each is written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from stepfunctions.asl.fields import JSONPATH
from stepfunctions.steps.advice import no_step
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
        raise TypeError(f"A step leads to a State, a Chain or a Flow, not to {no_step(step)}")


@dataclass(frozen=True)
class Links:
    """Where a state leads in one flow, beside what the state itself was linked to."""

    next: Linkable | None = None
    choices: tuple[Any, ...] = ()
    """More rules of a Choice: :class:`~stepfunctions.steps.state_types.ChoiceBranch`."""
    default: Linkable | None = None

    def targets(self) -> Iterator[Linkable]:
        """Yield the steps led to: default, rules, the next one."""
        if self.default is not None:
            yield self.default
        for _, step in self.choices:
            yield step
        if self.next is not None:
            yield self.next


NO_LINKS = Links()
_writing: ContextVar[Writer | None] = ContextVar("writing", default=None)


@dataclass
class Region:
    """States that were collected: the first one, all of them by name, and each in the form of its JSON."""

    start: State
    states: dict[str, State]
    written: dict[str, dict[str, Any]]


@dataclass
class Writer:
    """Writes states: the query language of the machine, the links of its flows, the names that are taken."""

    language: str = JSONPATH
    links: dict[State, Links] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    """What states still lack without which AWS takes them not, such as a Choice its rules."""
    nested: int = 0
    """How deep inside other states the region is that is written."""

    @classmethod
    def current(cls) -> Writer:
        """Return what a state is written by whose ``to_dict`` is called: as in the graph that is just written."""
        writer = _writing.get()
        return cls() if writer is None else cls(writer.language, writer.links, nested=writer.nested)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make this the current writer."""
        token = _writing.set(self)
        try:
            yield
        finally:
            _writing.reset(token)

    def add(self, links: Mapping[State, Links]) -> None:
        """Add the links of a flow. Raises ValueError when a state leads elsewhere in a flow added before."""
        add_links(self.links, links)

    def targets(self, state: State, *, failing: bool = True) -> Iterator[Linkable]:
        """Yield what a state may lead to: default and rules of a Choice, the next one, and those of its catches.

        ``failing=False`` leaves out the last ones.
        """
        links = self.links.get(state, NO_LINKS)
        default = getattr(state, "default", None)
        choices = (*getattr(state, "choices", ()), *links.choices)
        yield from Links(links.next or state.next_step, choices, links.default or default).targets()
        for catch in state.catches if failing else ():
            yield catch.next_step

    def states_from(self, *steps: Linkable, failing: bool = True) -> Iterator[State]:
        """Yield the states that steps lead to, each once. The links of flows are added where one is met.

        ``failing=False`` leaves out those that only a failure leads to.
        """
        seen: set[State] = set()
        stack = list(reversed(steps))
        while stack:
            target = stack.pop()
            links = getattr(target, "links", None)
            if links:
                self.add(links)
                stack.extend(step for known in links if known in seen for step in self.targets(known, failing=failing))
            state = target.first
            if state not in seen:
                seen.add(state)
                yield state
                stack.extend(reversed(list(self.targets(state, failing=failing))))

    def region(self, step: Linkable, others: tuple[State, ...] = ()) -> Region:
        """Collect and write the states that a step leads to, and those of ``others``.

        Raises ValueError for two states of one name, here or in another region of the machine, and for a state that
        uses an output which is not its input.
        """
        region = Region(step.first, {}, {})
        for state in self.states_from(step, *others):
            self._take(state.state_id, state)
            region.states[state.state_id] = state
        check_placeholders(region, self)
        for name, state in region.states.items():
            try:
                state.check_complete(self.links.get(state, NO_LINKS))
            except ValueError as error:
                self.incomplete.append(str(error))
            region.written[name] = state.written_by(self)
        return region

    def branch(self, step: Linkable, others: tuple[State, ...] = ()) -> Region:
        """Collect and write a region inside a state; see :meth:`region`."""
        self.nested += 1
        try:
            return self.region(step, others)
        finally:
            self.nested -= 1

    def _take(self, name: str, state: Any) -> None:
        if name in self.names:
            raise ValueError(
                f"Each state in a workflow must have a unique state id. Found duplicate state id '{name}' in workflow."
                + (" It stands in two branches: make a state for each." if self.names[name] is state else "")
            )
        self.names[name] = state

    def take_names(self, definition: Mapping[str, Any]) -> None:
        """Note the names in a definition that is written already. Raises ValueError when one is taken."""
        for name, state in definition.get("States", {}).items():
            self._take(name, state)
            self.take_names_inside(state)

    def take_names_inside(self, state: Mapping[str, Any]) -> None:
        """Note the names inside a state that is written already, a Parallel or Map."""
        for region in (*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor")):
            if isinstance(region, Mapping):
                self.take_names(region)


def add_links(known: dict[State, Links], more: Mapping[State, Links]) -> None:
    """Add the links of a flow to others. Raises ValueError when a state leads to different steps in them."""
    for state, links in more.items():
        found = known.setdefault(state, links)
        if found is not links and found != links:
            steps = [step.first.state_id for way in (found, links) for step in way.targets()]
            raise ValueError(
                f"The state '{state.state_id}' leads to different steps in two flows that are put together "
                f"({', '.join(map(repr, steps))}). Use two states, or link it once."
            )
