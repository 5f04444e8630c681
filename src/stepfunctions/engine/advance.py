"""The one door of the engine: an outcome goes in, events and commands come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine import map_distributed, redrive, task
from stepfunctions.engine.execution import Branch, Execution, Status, Waiting
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.leaving import described, end, execution_timeout, fail_state, stop_children
from stepfunctions.engine.messages import (
    EXECUTION_BRANCH,
    Command,
    MapRunEnded,
    Outcome,
    Redriven,
    SetTimer,
    Started,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.program import Node
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.states import BEGIN, CHILD_ENDED, end_wait
from stepfunctions.engine.turn import HistoryFull, Turn
from stepfunctions.errors import StateFailed

MAX_TRANSITIONS = 1_000
"""How many states one call enters at most."""
MAX_TEXT = 8_000_000
"""Characters of their inputs after which it enters no more: what one commit holds in memory is bounded."""

Action = Callable[[Turn, Branch, Node], None]


@dataclass(slots=True)
class Step:
    """What one call of advance did: to be committed with the execution's dirty and removed branches."""

    events: list[HistoryEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    """To be run in this order, after the commit."""
    more: bool = False
    """True: states are ready to go on; commit, then call ``advance(execution, None, now)``."""


def advance(execution: Execution, outcome: Outcome | None, now: float, deleted: bool = False) -> Step:
    """Take one outcome (None: go on where the last call stopped) and run until nothing is ready.

    ``deleted``: its state machine is being deleted, so it fails as soon as it would enter a state.

    Changes ``execution`` in place; it needs its ``program``. An outcome that nobody waits for changes nothing
    and gives an empty step.
    """
    assert execution.program is not None, "attach the program first"
    turn = Turn(execution, execution.program, now)
    if execution.ended:
        return Step()
    try:
        if outcome is not None:
            _take(turn, outcome)
            _settle(turn)
        if deleted:
            _end_deleted(turn)
        _run(turn)
    except HistoryFull:
        end(
            turn,
            Status.FAILED,
            execution.last_event_id,
            None,
            RUNTIME,
            f"The execution reached the maximum number of history events ({turn.limits.events}).",
        )
    execution.latest = turn.shown
    more = bool(execution.ready)
    if more:
        execution.ready = deque(sorted(execution.ready))  # in the order that a load would find them in
    return Step(turn.events, turn.commands, more)


def _end_deleted(turn: Turn) -> None:
    """Fail an execution as AWS does: https://repost.aws/knowledge-center/step-functions-stuck-deleting-status."""
    execution = turn.execution
    going = [execution.branches[id].last_event for id in execution.ready if id in execution.branches]
    if not going:
        return
    last = max(going)
    end(turn, Status.FAILED, last, None, RUNTIME, f"State machine {execution.machine_name} has been deleted.")


def _run(turn: Turn) -> None:
    """Enter the states that are ready, each branch in its turn."""
    execution = turn.execution
    ready, branches, regions = execution.ready, execution.branches, turn.program.regions
    room = MAX_TEXT
    for _ in range(MAX_TRANSITIONS):
        if not ready or room < 0:
            break
        branch = branches.get(ready.popleft())
        if branch is None or branch.entered:
            continue
        execution.dirty.add(branch.id)
        node = regions[branch.region].nodes[branch.state]
        room -= len(branch.input.text)
        branch.entered = True
        execution.transitions += 1
        branch.entered_at = turn.shown
        turn.emit(branch, node.entered, node.name, branch.input)
        branch.entered_event = branch.last_event
        _attempt(turn, branch, node, BEGIN[node.type])
        if turn.settled:
            _settle(turn)


def _attempt(turn: Turn, branch: Branch, node: Node, action: Action) -> None:
    """Do something in a state; when it fails, let the state's retriers and catchers have it."""
    try:
        action(turn, branch, node)
    except StateFailed as error:
        _failed(turn, branch, node, error)
    except RecursionError:
        _failed(turn, branch, node, StateFailed(RUNTIME, "The state's data is nested too deeply."))


def _failed(turn: Turn, branch: Branch, node: Node, error: StateFailed) -> None:
    branch.waiting = Waiting.NOTHING
    stop_children(turn, branch, branch.last_event)
    failure = described(turn, branch, node, error)
    ended = error.location is None or error.location.startswith(_AFTER_WORK)
    fail_state(turn, branch, node, failure, None if ended else _FAILED_EVENTS.get(node.type))


_AFTER_WORK = ("Output", "Assign")
"""The fields that are evaluated once the children of a Map or Parallel have succeeded."""
_FAILED_EVENTS = {"Map": "MapStateFailed", "Parallel": "ParallelStateFailed"}


def _settle(turn: Turn) -> None:
    """Tell parents of children that have ended, from the inside out."""
    while turn.settled:
        child, failure = turn.settled.popleft()
        branch = turn.execution.branches[child.parent]
        node = turn.node(branch)
        handler = CHILD_ENDED[node.type]
        _attempt(
            turn,
            branch,
            node,
            lambda turn, branch, node, handler=handler, child=child, failure=failure: (  # type: ignore[misc]
                handler(turn, branch, node, child, failure)
            ),
        )


def _take(turn: Turn, outcome: Outcome) -> None:
    """Deliver an outcome to what waits for it; drop it when nothing does."""
    execution = turn.execution
    if outcome.__class__ is TaskSucceeded:
        _take_result(turn, outcome)
        return
    if isinstance(outcome, Started):
        _start(turn)
        return
    if isinstance(outcome, Redriven):
        _redrive(turn)
        return
    if isinstance(outcome, Stopped):
        end(turn, Status.ABORTED, 0, None, outcome.error, outcome.cause)
        return
    if isinstance(outcome, TimerFired) and outcome.branch == EXECUTION_BRANCH:
        end(turn, Status.TIMED_OUT, 0)
        return
    branch = execution.branches.get(outcome.branch)
    if branch is None or branch.attempt != outcome.attempt:
        return
    action = _action(branch, outcome)
    if action is not None:
        execution.dirty.add(branch.id)
        node = turn.node(branch)
        _attempt(turn, branch, node, action)


def _take_result(turn: Turn, outcome: TaskSucceeded) -> None:
    """Deliver the result of a task: what nearly all outcomes are."""
    branch = turn.execution.branches.get(outcome.branch)
    if branch is None or branch.attempt != outcome.attempt or branch.waiting is not Waiting.TASK:
        return
    turn.execution.dirty.add(branch.id)
    _attempt(turn, branch, turn.node(branch), partial(task.succeeded, outcome=outcome))


def _start(turn: Turn) -> None:
    execution = turn.execution
    if execution.last_event_id:
        return  # a duplicate
    _limit(turn, execution.started_at)
    details: dict[str, JSON] = {"roleArn": execution.role_arn}
    if execution.alias_arn is not None:
        details["stateMachineAliasArn"] = execution.alias_arn
    if execution.version_arn is not None:
        details["stateMachineVersionArn"] = execution.version_arn
    turn.note(0, "ExecutionStarted", None, execution.input, details)
    given = execution.input
    if not execution.region:  # as it was sent, perhaps with spaces
        compact = Document(given.value)
        given = compact if compact.text != given.text else given
    turn.spawn(None, execution.region, given)


def _limit(turn: Turn, since: float) -> None:
    timeout = execution_timeout(turn)
    if timeout is not None:
        turn.commands.append(SetTimer(EXECUTION_BRANCH, 0, TimerKind.EXECUTION, since + timeout))


def _redrive(turn: Turn) -> None:
    _limit(turn, turn.now)
    for branch, action in redrive.begin(turn):
        if turn.execution.ended:
            return
        if turn.execution.branches.get(branch.id) is branch:  # else what was taken up before it has failed again
            _attempt(turn, branch, turn.node(branch), action)
            _settle(turn)


def _action(branch: Branch, outcome: Outcome) -> Action | None:
    """Return what the outcome does to its branch; None when the branch waits for something else."""
    waiting = branch.waiting
    if isinstance(outcome, TimerFired):
        due, action = _TIMERS[outcome.kind]
        return action if waiting is due else None
    if isinstance(outcome, MapRunEnded):
        if waiting is not Waiting.MAP_RUN:
            return None
        ended = outcome
        return lambda turn, branch, node: map_distributed.ended(turn, branch, node, ended)
    if waiting is not Waiting.TASK:
        return None
    if isinstance(outcome, TaskFailed):
        failure = outcome
        return lambda turn, branch, node: task.failed(turn, branch, node, failure)
    if isinstance(outcome, TaskSubmitted):
        submission = outcome
        return lambda turn, branch, node: task.submitted(turn, branch, node, submission)
    if isinstance(outcome, TaskHeartbeat):
        return lambda turn, branch, node: task.heartbeat(turn, branch)  # noqa: ARG005
    return None


def _wake(turn: Turn, branch: Branch, node: Node) -> None:
    branch.waiting = Waiting.NOTHING
    end_wait(turn, branch, node)


def _retry(turn: Turn, branch: Branch, node: Node) -> None:
    branch.waiting = Waiting.NOTHING
    BEGIN[node.type](turn, branch, node)


_TIMERS: dict[TimerKind, tuple[Waiting, Action]] = {
    TimerKind.WAIT: (Waiting.TIMER, _wake),
    TimerKind.RETRY: (Waiting.RETRY, _retry),
    TimerKind.TIMEOUT: (Waiting.TASK, task.timed_out),
    TimerKind.HEARTBEAT: (Waiting.TASK, task.heartbeat_missed),
}
"""The timers of branches: what the branch then waits for, and what they do to it."""
