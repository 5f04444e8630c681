"""What comes into the runner, and what one of its cycles makes of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from stepfunctions.engine.execution import Execution, Waiting
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


@dataclass(slots=True)
class Batch:
    """One cycle's work."""

    changes: dict[str, Change] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    answers: list[tuple[Future[object], object]] = field(default_factory=list)
    late: list[Message] = field(default_factory=list)
    """Outcomes that nobody waits for any more."""


def awaited(execution: Execution, outcome: Outcome | None) -> bool:
    """Tell whether a task that this is an outcome of is still at work; True for everything else."""
    if isinstance(outcome, (TaskSubmitted, TaskSucceeded, TaskFailed, TaskHeartbeat)):
        branch = execution.branches.get(outcome.branch)
        return branch is not None and branch.waiting is Waiting.TASK and branch.attempt == outcome.attempt
    return True
