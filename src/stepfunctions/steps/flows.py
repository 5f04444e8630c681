"""Flows: steps put together with ``>>`` and ``when``. A flow is a value: it changes no step that it is made of.

``a >> b >> choice.when(condition, c).otherwise(d) >> e``: after ``b`` the choice, then ``c`` or ``d``, then ``e``.
A flow stands wherever a step may: in a Workflow, a Graph, a branch, a Map, a Catch, or inside another flow.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.base import State, logger
from stepfunctions.steps.graph import Chain
from stepfunctions.steps.state_types import Choice, ChoiceBranch
from stepfunctions.steps.writing import NO_LINKS, Linkable, Links, add_links, check_step

if TYPE_CHECKING:
    from stepfunctions.steps.signatures import Catches, Retries


class Flow(Linkable):
    """Steps and where each leads. ``tails`` are the states that what follows is put after.

    ``flow >> step`` gives a longer flow. A state that was linked by ``next()`` or a Chain keeps that link in a flow
    that does not say otherwise.
    """

    def __init__(self, start: State, links: Mapping[State, Links], tails: tuple[State, ...]) -> None:
        self._start = start
        self.links = dict(links)
        self.tails = tails

    @property
    def first(self) -> State:
        """The state that the flow begins with."""
        return self._start

    @property
    def state_id(self) -> str:
        """The name of the state that the flow begins with."""
        return self.first.state_id

    def __rshift__(self, other: Linkable) -> Flow:
        """Return the flow in which ``other`` follows. Raises ValueError when nothing can follow this flow."""
        following = flow_of(other)
        if not self.tails:
            raise ValueError(
                f"Nothing can follow here: every way through the flow that begins with '{self.state_id}' has ended "
                f"before '{following.state_id}'."
            )
        links = dict(self.links)
        for tail in self.tails:
            links[tail] = _continued(tail, links.get(tail, NO_LINKS), following.first)
        add_links(links, following.links)
        return Flow(self.first, links, open_tails(following.tails, links))

    def guarded(self, *, retry: Retries = None, catch: Catches = None) -> Flow:
        """Return a copy of this flow whose states that can fail have these retriers and catchers after their own.

        Those are its Task, Parallel and Map states; what their own catchers lead to, and the states inside Parallel
        and Map, are left as they are.

        >>> from stepfunctions.steps import Catch, Fail, Graph, Pass, Task
        >>> work = Pass("Begin") >> Task("Work", resource="arn:aws:states:::lambda:invoke")
        >>> safe = work.guarded(catch=Catch(Fail("Broken"), error_equals=["States.ALL"]))
        >>> Graph(safe).to_dict()["States"]["Work"]["Catch"]
        [{'ErrorEquals': ['States.ALL'], 'Next': 'Broken'}]
        """
        from stepfunctions.steps.fragments import guarded

        return guarded(self, retry, catch)

    def prefixed(self, prefix: str) -> Flow:
        """Return a copy of this flow whose states have ``prefix`` before their names; see :func:`prefixed`."""
        from stepfunctions.steps.fragments import prefixed

        return prefixed(self, prefix)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.state_id!r}, tails={[tail.state_id for tail in self.tails]})"


class ChoiceFlow(Flow):
    """A Choice with rules, as a value. Without :meth:`otherwise`, what follows is also its default."""

    def __init__(
        self,
        choice: Choice,
        links: Mapping[State, Links] | None = None,
        tails: tuple[State, ...] | None = None,
    ) -> None:
        super().__init__(choice, links or {}, (choice,) if tails is None else tails)
        self._choice = choice

    def when(
        self,
        rule: BaseRule | Expression,
        next_step: Linkable,
        *,
        assign: Mapping[str, Any] | None = None,
        output: Any = None,
        comment: str | None = None,
    ) -> ChoiceFlow:
        """Return the flow with one more rule; see :meth:`Choice.add_choice <stepfunctions.steps.Choice.add_choice>`."""
        check_step(next_step)
        branch = ChoiceBranch(rule, next_step.first, assign=assign, output=output, comment=comment)
        known = self.links.get(self._choice, NO_LINKS)
        return self._joined(replace(known, choices=(*known.choices, branch)), next_step)

    def otherwise(self, next_step: Linkable) -> ChoiceFlow:
        """Return the flow that goes on to ``next_step`` when no rule matches."""
        check_step(next_step)
        known = self.links.get(self._choice, NO_LINKS)
        if known.default is not None:
            raise ValueError(
                f"The choice '{self.state_id}' goes on to '{known.default.first.state_id}' otherwise; it cannot go on "
                f"to '{next_step.first.state_id}' too."
            )
        return self._joined(replace(known, default=next_step.first), next_step)

    def _joined(self, own: Links, step: Linkable) -> ChoiceFlow:
        inner = flow_of(step)
        links = {**self.links, self._choice: own}
        add_links(links, inner.links)
        tails = self.tails
        if not (isinstance(step, State) and _goes_on(step)):
            tails = (*tails, *(tail for tail in inner.tails if tail not in tails))
        return ChoiceFlow(self._choice, links, open_tails(tails, links))


def flow_of(step: Linkable) -> Flow:
    """Return a step as a flow. Raises TypeError when it is none."""
    check_step(step)
    if isinstance(step, Flow):
        return step
    if isinstance(step, Chain):
        states = list(step)
        pairs = list(itertools.pairwise(states))
        links = {
            state: Links(default=after) if isinstance(state, Choice) else Links(next=after) for state, after in pairs
        }
        last = states[-1] if states else step.first
        return Flow(step.first, links, open_tails((last,), links))
    state = step.first
    return Flow(state, {}, open_tails((state,), {}))


def open_tails(tails: tuple[State, ...], links: Mapping[State, Links]) -> tuple[State, ...]:
    """Return those of some states after which a flow may go on: neither at an end nor linked in this flow."""
    return tuple(tail for tail in tails if _is_open(tail, links.get(tail, NO_LINKS)))


def _is_open(state: State, links: Links) -> bool:
    if isinstance(state, Choice):
        return links.default is None
    return state.flows and links.next is None


def _goes_on(state: State) -> bool:
    """Tell whether a state was linked already, by ``next()``, ``default_choice()`` or a Chain."""
    return (state.default if isinstance(state, Choice) else state.next_step) is not None


def _continued(tail: State, known: Links, following: State) -> Links:
    if tail is following and not isinstance(tail, Choice):
        raise ValueError(f"'{tail.state_id}' would follow itself for ever. Lead back to it from a Choice.")
    if isinstance(tail, Choice):
        before = tail.default
        links = replace(known, default=following)
    else:
        before = tail.next_step
        links = replace(known, next=following)
    if before is not None and before.first is not following:
        logger.warning(
            "In this flow '%s' goes on to '%s', not to '%s' as next() or a Chain has linked it",
            tail.state_id,
            following.state_id,
            before.first.state_id,
        )
    return links
