"""What comes into the runner, and what one of its cycles makes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass

from stepfunctions.engine.execution import Execution, Status, Waiting
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import Outcome, TaskFailed, TaskHeartbeat, TaskSubmitted, TaskSucceeded
from stepfunctions.engine.ports import Change


@dataclass(slots=True)
class Message:
    """Something that came in; ``reply`` gets its answer once it is committed.

    With ``new`` an execution begins (answer: None, or the execution that has the ARN already); with ``outcome`` one
    goes on (answer: whether it waited for that); with the outcome Redriven one goes on that had ended (answer: the
    time, or None when it runs or keeps nothing); with ``act`` a map run is changed (answer: whether it is at work).
    """

    arn: str
    outcome: Outcome | None = None
    new: Execution | None = None
    token: str | None = None
    """The clientToken of a redrive."""
    act: Callable[[MapRun], None] | None = None
    reply: Future[object] | None = None


class Batch:
    """One cycle's work."""

    __slots__ = ("answers", "changes", "late", "messages")

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}
        self.messages: list[Message] = []
        self.answers: list[tuple[Future[object], object]] = []
        self.late: list[Message] = []
        """Outcomes that nobody waits for any more."""


Watcher = Callable[[Collection[Change]], None]
Observer = Callable[[Execution, str], None]


def telling(observer: Observer) -> Watcher:
    """Return the watcher that tells an observer of executions and their new statuses."""

    def watch(changes: Collection[Change]) -> None:
        for change in changes:
            execution, events = change.execution, change.events
            if events and (events[0].id == 1 or events[0].type == "ExecutionRedriven"):
                observer(execution, Status.RUNNING)
            if events and execution.ended:
                observer(execution, execution.status)

    return watch


_OF_TASKS = (TaskSucceeded, TaskSubmitted, TaskFailed, TaskHeartbeat)


def awaited(execution: Execution, outcome: Outcome | None) -> bool:
    """Tell whether a task that this is an outcome of is still at work; True for everything else."""
    if isinstance(outcome, _OF_TASKS):
        branch = execution.branches.get(outcome.branch)
        return branch is not None and branch.waiting is Waiting.TASK and branch.attempt == outcome.attempt
    return True
