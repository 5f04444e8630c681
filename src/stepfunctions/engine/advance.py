"""The one door of the engine: an outcome goes in, events and commands come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

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

_ANSWERED = (TaskSucceeded, TaskFailed, TaskSubmitted, TaskHeartbeat, MapRunEnded)
_OfBranch: TypeAlias = TimerFired | TaskSucceeded | TaskFailed | TaskSubmitted | TaskHeartbeat | MapRunEnded
Action = Callable[..., None]
"""What is done in a state: it gets the turn, the branch and the node, and what else there is to say."""


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
            if turn.settled:
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


def _attempt(turn: Turn, branch: Branch, node: Node, action: Action, *given: object) -> None:
    """Do something in a state; when it fails, let the state's retriers and catchers have it."""
    try:
        action(turn, branch, node, *given)
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
        _attempt(turn, branch, node, CHILD_ENDED[node.type], child, failure)


def _take(turn: Turn, outcome: Outcome) -> None:
    """Deliver an outcome to what waits for it; drop it when nothing does."""
    if isinstance(outcome, _ANSWERED):
        _deliver(turn, outcome, *_ANSWERS[outcome.__class__], outcome)
    elif isinstance(outcome, Started):
        _start(turn)
    elif isinstance(outcome, Redriven):
        _redrive(turn)
    elif isinstance(outcome, Stopped):
        end(turn, Status.ABORTED, 0, None, outcome.error, outcome.cause)
    elif isinstance(outcome, TimerFired):
        if outcome.branch == EXECUTION_BRANCH:
            end(turn, Status.TIMED_OUT, 0)
        else:
            _deliver(turn, outcome, *_TIMERS[outcome.kind])


def _deliver(turn: Turn, outcome: _OfBranch, awaited: Waiting, action: Action, *given: object) -> None:
    """Do something in the branch that an outcome names, if that is what the branch waits for."""
    execution = turn.execution
    branch = execution.branches.get(outcome.branch)
    if branch is None or branch.attempt != outcome.attempt or branch.waiting is not awaited:
        return
    execution.dirty.add(branch.id)
    _attempt(turn, branch, turn.node(branch), action, *given)


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

_ANSWERS: dict[type, tuple[Waiting, Action]] = {
    TaskSucceeded: (Waiting.TASK, task.succeeded),
    TaskFailed: (Waiting.TASK, task.failed),
    TaskSubmitted: (Waiting.TASK, task.submitted),
    TaskHeartbeat: (Waiting.TASK, task.heartbeat),
    MapRunEnded: (Waiting.MAP_RUN, map_distributed.ended),
}
"""The outcomes of what branches began: what the branch then waits for, and what they do to it."""
