"""What goes into :func:`stepfunctions.engine.advance.advance` (outcomes) and what comes out (commands).

A wait is named by ``(branch, attempt)``: a branch numbers its waits (tasks, timers, retries, map runs)
upwards and never uses a number twice. An outcome whose pair is not what the branch waits for now is late
or a duplicate, and is ignored; so delivering an outcome twice, or after a cancel, is always safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from stepfunctions.asl.document import JSON, Document
from stepfunctions.asl.resource import Resource

if TYPE_CHECKING:
    from stepfunctions.engine.map_run import MapRun

EXECUTION_BRANCH = 0
"""The branch number of the timer that watches the whole execution; branches themselves count from 1."""


class TimerKind(str, Enum):
    """Why a timer runs. A branch has at most one timer of each kind."""

    WAIT = "WAIT"
    RETRY = "RETRY"
    TIMEOUT = "TIMEOUT"
    HEARTBEAT = "HEARTBEAT"
    EXECUTION = "EXECUTION"


Phase: TypeAlias = Literal["start", "submit", "run"]
"""Where a task failed: before it started, when the job was submitted, or while it ran."""


# --- outcomes: what happened ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The execution begins; the first outcome of every execution."""


class TaskSubmitted(NamedTuple):
    """A job (``.sync``) or callback request was accepted; ``output`` is the response of the API call."""

    branch: int
    attempt: int
    output: Document


class TaskSucceeded(NamedTuple):
    """A task ended well; ``output`` is its result, before ResultSelector."""

    branch: int
    attempt: int
    output: Document


class TaskFailed(NamedTuple):
    """A task failed; ``error`` as history shows it (``SageMaker.ResourceLimitExceededException``)."""

    branch: int
    attempt: int
    error: str
    cause: str
    phase: Phase = "run"


class TaskHeartbeat(NamedTuple):
    """A task with a token said that it is alive: its heartbeat timer starts anew."""

    branch: int
    attempt: int


class TimerFired(NamedTuple):
    """A timer of a SetTimer command is due. For the execution's own timer branch and attempt are 0."""

    branch: int
    attempt: int
    kind: TimerKind


class MapRunEnded(NamedTuple):
    """A map run ended: SUCCEEDED with ``output`` (results in item order), or FAILED with an error."""

    branch: int
    attempt: int
    status: str
    output: Document | None = None
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Redriven:
    """An execution that had ended goes on, with the branches that it had when it ended."""


class Stopped(NamedTuple):
    """Someone stopped the execution (StopExecution, or the map run it belongs to): it ends ABORTED."""

    error: str | None = None
    cause: str | None = None


Outcome: TypeAlias = (
    Started | Redriven | TaskSubmitted | TaskSucceeded | TaskFailed | TaskHeartbeat | TimerFired | MapRunEnded | Stopped
)


# --- commands: what to do once the step is committed ---------------------------------------------------


class RunTask(NamedTuple):
    """Begin a task. Its outcomes name ``branch`` and ``attempt``.

    ``arguments`` is what the integration gets (for ``.waitForTaskToken`` the token is already in it, where
    the definition put it). ``token`` is None unless the resource waits for one. The two timeouts (seconds,
    None = not written) are for information: the engine sets the timers itself.
    """

    branch: int
    attempt: int
    state: str
    resource: Resource
    arguments: Document
    token: str | None = None
    credentials: JSON | None = None
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None


class CancelTask(NamedTuple):
    """Nobody waits for this task any more: stop it, as far as its service can."""

    branch: int
    attempt: int
    state: str
    resource: Resource


class SetTimer(NamedTuple):
    """Deliver ``TimerFired(branch, attempt, kind)`` at ``due`` (epoch seconds).

    Replaces the branch's earlier timer of the same kind.
    """

    branch: int
    attempt: int
    kind: TimerKind
    due: float


class CancelTimers(NamedTuple):
    """Drop every timer of this branch."""

    branch: int


class StartMapRun(NamedTuple):
    """Begin a Distributed Map: child executions over the items of ``run``; answered by MapRunEnded."""

    branch: int
    attempt: int
    run: MapRun


class RedriveMapRun(NamedTuple):
    """Go on with a map run that did not succeed; answered by MapRunEnded with this attempt."""

    branch: int
    attempt: int
    map_run_arn: str


class StopMapRun(NamedTuple):
    """Nobody waits for this map run any more: stop its children, mark it ABORTED, deliver nothing."""

    branch: int
    attempt: int
    map_run_arn: str


Command: TypeAlias = RunTask | CancelTask | SetTimer | CancelTimers | StartMapRun | RedriveMapRun | StopMapRun
