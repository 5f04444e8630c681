"""The Task state: schedule, then wait for what its integration reports."""

from __future__ import annotations

from stepfunctions.asl.document import JSON, Document, Lasting
from stepfunctions.asl.states import LONGEST_SECONDS
from stepfunctions.engine.context import evaluate
from stepfunctions.engine.dataflow import effective_input, parameters, read_number, refused
from stepfunctions.engine.execution import Branch, Waiting
from stepfunctions.engine.leaving import fail_state, finish_work, reasons
from stepfunctions.engine.messages import (
    CancelTask,
    RunTask,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerKind,
)
from stepfunctions.engine.program import Node, Number, TaskWork
from stepfunctions.engine.retry import HEARTBEAT_TIMEOUT, TIMEOUT
from stepfunctions.engine.tokens import make_token
from stepfunctions.engine.turn import Failure, Turn
from stepfunctions.errors import StateFailed

_FAILED = {"start": "StartFailed", "submit": "SubmitFailed", "run": "Failed"}
_FUNCTION_FAILED = {"start": "StartFailed", "run": "Failed"}
_ACTIVITY_FAILED = {"start": "ScheduleFailed", "run": "Failed"}


def begin(turn: Turn, branch: Branch, node: Node) -> None:
    """Schedule the task: its events, its timers and the command that runs it."""
    work: TaskWork = node.work
    branch.attempt += 1
    effective = effective_input(turn, branch, node)
    arguments = parameters(turn, branch, node, effective)
    if arguments is not branch.input:
        turn.limits.check_size(arguments, node.name)
    credentials = None if work.credentials is None else evaluate(turn, branch, node, work.credentials, effective).value
    timeout = None if work.timeout is None else _seconds(turn, branch, node, work.timeout, effective)
    heartbeat = None if work.heartbeat is None else _seconds(turn, branch, node, work.heartbeat, effective)
    _scheduled(turn, branch, work, arguments, credentials, timeout, heartbeat)
    branch.waiting = Waiting.TASK
    branch.submitted = False
    branch.heartbeat = heartbeat or 0
    branch.timeout = timeout or 0
    token = make_token(turn.execution.arn, branch.id, branch.attempt) if work.token else None
    turn.commands.append(
        RunTask(branch.id, branch.attempt, node.name, work.resource, arguments, token, credentials, timeout, heartbeat)
    )
    if (timeout or heartbeat) and work.resource.kind != "activity":  # its time counts from when a worker takes it
        _set_timers(turn, branch, timeout, heartbeat)


def _set_timers(turn: Turn, branch: Branch, timeout: int | None, heartbeat: int | None) -> None:
    if timeout:
        turn.timer(branch, TimerKind.TIMEOUT, timeout)
    if heartbeat:
        turn.timer(branch, TimerKind.HEARTBEAT, heartbeat)


def _seconds(turn: Turn, branch: Branch, node: Node, number: Number, effective: Document) -> int:
    seconds = int(read_number(turn, branch, node, number, effective))
    if not 0 < seconds <= LONGEST_SECONDS:
        raise refused(
            number, f"{number.field.removesuffix('Path')} must be between 1 and {LONGEST_SECONDS}, but is {seconds}."
        )
    return seconds


def _scheduled(
    turn: Turn,
    branch: Branch,
    work: TaskWork,
    arguments: Document,
    credentials: JSON,
    timeout: int | None,
    heartbeat: int | None,
) -> None:
    """Write the events of a task that is about to run."""
    region = turn.execution.arn.split(":", 4)[3]
    extra: dict[str, JSON] | None = work.scheduled.get(region)
    if extra is None:
        named = {"resource": work.resource.arn} if work.where is None else {**work.where, "region": region}
        extra = work.scheduled[region] = Lasting(named)
    if timeout is not None:
        extra = {**extra, "timeoutInSeconds": timeout}
    if heartbeat is not None and work.resource.kind != "lambda":
        extra = {**extra, "heartbeatInSeconds": heartbeat}
    if credentials and work.resource.kind != "activity":
        extra = {**extra, "taskCredentials": {"roleArn": credentials.get("RoleArn", "")}}
    turn.emit(branch, work.events + "Scheduled", None, arguments, extra)
    if work.resource.kind != "activity":  # an activity starts when a worker takes it
        turn.emit(branch, work.events + "Started", None, None, work.where)


def _failure(work: TaskWork, error: str | None, cause: str | None) -> dict[str, JSON]:
    """Return the details of the event of a task that failed."""
    return {**(work.where or {}), **(reasons(error, cause) or {})}


def submitted(turn: Turn, branch: Branch, node: Node, outcome: TaskSubmitted) -> None:
    """The service accepted the job or request; or a worker took the activity's task (``output``: its workerName)."""
    if branch.submitted:
        return
    branch.submitted = True
    work: TaskWork = node.work
    if work.resource.kind == "activity":
        _set_timers(turn, branch, branch.timeout, branch.heartbeat)
        named = isinstance(outcome.output.value, dict) and "workerName" in outcome.output.value
        turn.emit(branch, "ActivityStarted", None, None, outcome.output.value if named else None)
    elif work.resource.kind == "service":
        turn.emit(branch, "TaskSubmitted", None, outcome.output, work.where)


def succeeded(turn: Turn, branch: Branch, node: Node, outcome: TaskSucceeded) -> None:
    """The task has a result."""
    work: TaskWork = node.work
    branch.waiting = Waiting.NOTHING
    turn.stop_timers(branch)
    try:
        turn.limits.check_size(outcome.output, work.called)
    except StateFailed as error:
        turn.emit(branch, work.events + "Failed", None, None, _failure(work, error.error, error.cause))
        fail_state(turn, branch, node, Failure.of(error.error, error.cause))
        return
    turn.emit(branch, work.events + "Succeeded", None, outcome.output, work.where)
    finish_work(turn, branch, node, outcome.output)


def failed(turn: Turn, branch: Branch, node: Node, outcome: TaskFailed) -> None:
    """The task failed by itself."""
    work: TaskWork = node.work
    branch.waiting = Waiting.NOTHING
    phases = {"service": _FAILED, "lambda": _FUNCTION_FAILED, "activity": _ACTIVITY_FAILED}[work.resource.kind]
    what = phases[outcome.phase]
    turn.emit(branch, work.events + what, None, None, _failure(work, outcome.error, outcome.cause))
    fail_state(turn, branch, node, Failure.of(outcome.error, outcome.cause))


def timed_out(turn: Turn, branch: Branch, node: Node) -> None:
    """The task took longer than TimeoutSeconds."""
    _over(turn, branch, node, (TIMEOUT,))


def heartbeat_missed(turn: Turn, branch: Branch, node: Node) -> None:
    """The task was silent for HeartbeatSeconds.

    History says ``States.Timeout``, as AWS's does; a catcher or retrier can also match it by its own name.
    """
    _over(turn, branch, node, (TIMEOUT, HEARTBEAT_TIMEOUT))


def _over(turn: Turn, branch: Branch, node: Node, names: tuple[str, ...]) -> None:
    work: TaskWork = node.work
    branch.waiting = Waiting.NOTHING
    turn.commands.append(CancelTask(branch.id, branch.attempt, node.name, work.resource))
    turn.emit(branch, work.events + "TimedOut", None, None, _failure(work, TIMEOUT, None))
    fail_state(turn, branch, node, Failure(TIMEOUT, None, names))


def heartbeat(turn: Turn, branch: Branch, _node: Node, _outcome: TaskHeartbeat) -> None:
    """The task is alive: its heartbeat timer starts anew."""
    if branch.heartbeat:
        turn.timer(branch, TimerKind.HEARTBEAT, branch.heartbeat)
