"""One call of advance at work: what it has written so far, and the few ways to change an execution."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from random import Random

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Branch, Execution, Family, Waiting
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.limits import Limits
from stepfunctions.engine.messages import (
    CancelTask,
    CancelTimers,
    Command,
    SetTimer,
    StopMapRun,
    TimerKind,
)
from stepfunctions.engine.program import Node, Program
from stepfunctions.engine.variables import forget

_event = tuple.__new__
"""Makes a named tuple as its class does, in half of the time: every event passes here."""


class HistoryFull(Exception):
    """A STANDARD execution would write more events than it may."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a state or branch failed. ``names`` are all names that a retrier or catcher may match it by."""

    error: str | None
    cause: str | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, error: str | None, cause: str | None) -> Failure:
        """Return a failure that matches by its own name."""
        return cls(error, cause, (error or "",))


class Turn:
    """The execution, the time, and what is to be committed."""

    __slots__ = (
        "_chances",
        "_most",
        "commands",
        "events",
        "execution",
        "limits",
        "now",
        "program",
        "redriven",
        "settled",
        "shown",
    )

    def __init__(self, execution: Execution, program: Program, now: float) -> None:
        self.execution = execution
        self.program = program
        self.now = now
        self.limits: Limits = program.limits
        """What the execution may use."""
        before = execution.latest or execution.started_at
        self.shown: float = now if now > before else before
        """The time that the history tells: it never goes back, even where the clock does."""
        self.events: list[HistoryEvent] = []
        self.commands: list[Command] = []
        self.settled: deque[tuple[Branch, Failure | None]] = deque()
        """Children that ended in this turn and whose parents do not know yet; None: it succeeded."""
        self.redriven = 0
        """Id of this turn's ExecutionRedriven: what fails without an event of its own follows it."""
        self._chances: dict[str, Random] = {}
        most = self.limits.events
        self._most: float = most if most is not None and execution.type == "STANDARD" else inf

    def emit(
        self,
        branch: Branch,
        kind: str,
        name: str | None = None,
        payload: Document | None = None,
        extra: dict[str, JSON] | None = None,
    ) -> None:
        """Write an event and make it the branch's latest."""
        execution = self.execution
        number = execution.last_event_id + 1
        if number >= self._most:
            self._check_room(kind)
        self.events.append(_event(HistoryEvent, (number, branch.last_event, self.shown, kind, name, payload, extra)))
        branch.last_event = execution.last_event_id = number

    def note(
        self,
        previous: int,
        kind: str,
        name: str | None = None,
        payload: Document | None = None,
        extra: dict[str, JSON] | None = None,
    ) -> int:
        """Write an event after ``previous`` and return its id; no branch's chain moves on."""
        execution = self.execution
        number = execution.last_event_id + 1
        if number >= self._most:
            self._check_room(kind)
        execution.last_event_id = number
        self.events.append(_event(HistoryEvent, (number, previous, self.shown, kind, name, payload, extra)))
        return number

    def _check_room(self, kind: str) -> None:
        """Leave the last event to the end of the execution."""
        if not kind.startswith("Execution"):
            raise HistoryFull

    def node(self, branch: Branch) -> Node:
        """Return the node of the branch's current state."""
        return self.program.regions[branch.region].nodes[branch.state]

    def chance(self, branch: Branch, salt: str = "") -> Random:
        """Return the generator of this place of the execution: the same numbers in every replay."""
        seed = repr((self.execution.arn, branch.id, branch.last_event, branch.attempt, salt))
        found = self._chances.get(seed)
        if found is None:
            found = self._chances[seed] = Random(seed)
        return found

    def go(self, branch: Branch, state: str, document: Document) -> None:
        """Let the branch enter a state with this input as soon as it is its turn."""
        branch.state = state
        branch.input = document
        branch.effective = None
        branch.entered = False
        branch.waiting = Waiting.NOTHING
        branch.retries = []
        self.execution.dirty.add(branch.id)
        branch.retried = 0
        self.execution.ready.append(branch.id)

    def spawn(self, parent: Branch | None, region: str, document: Document, last_event: int = 0) -> Branch:
        """Start a branch at the beginning of a region: the root, or the next child of ``parent``."""
        execution = self.execution
        branch = Branch(id=execution.next_branch, region=region, last_event=last_event)
        execution.next_branch += 1
        execution.branches[branch.id] = branch
        if parent is not None:
            family = execution.families[parent.id]
            branch.parent, branch.index = parent.id, len(family.ids)
            family.ids.append(branch.id)
            family.running += 1
        self.go(branch, self.program.regions[region].start_at, document)
        return branch

    def wait(self, branch: Branch, what: Waiting) -> None:
        """Let the branch wait for something that has not been waited for before."""
        branch.attempt += 1
        branch.waiting = what
        self.execution.dirty.add(branch.id)

    def await_children(self, branch: Branch) -> Family:
        """Let the branch wait for children to come; returns its empty family."""
        self.wait(branch, Waiting.CHILDREN)
        family = self.execution.families[branch.id] = Family()
        return family

    def timer(self, branch: Branch, kind: TimerKind, seconds: float) -> None:
        """Set a timer for the branch's current wait."""
        branch.timed = branch.attempt
        self.commands.append(SetTimer(branch.id, branch.attempt, kind, self.now + seconds))

    def stop_timers(self, branch: Branch) -> None:
        """Cancel the timers of the branch's current wait, if it had any."""
        if branch.timed == branch.attempt:
            self.commands.append(CancelTimers(branch.id))

    def abandon(self, branch: Branch) -> None:
        """Stop whatever the branch waits for; nobody wants the outcome any more."""
        self.stop_timers(branch)
        if branch.waiting is Waiting.TASK:
            node = self.node(branch)
            self.commands.append(CancelTask(branch.id, branch.attempt, branch.state, node.work.resource))
        elif branch.waiting is Waiting.MAP_RUN and branch.map_run_arn is not None:
            self.commands.append(StopMapRun(branch.id, branch.attempt, branch.map_run_arn))

    def remove(self, branch: Branch) -> None:
        """Forget a branch."""
        execution = self.execution
        forget(execution, branch)
        del execution.branches[branch.id]
        execution.removed.add(branch.id)
