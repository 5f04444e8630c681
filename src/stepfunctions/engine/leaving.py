"""How a branch leaves a state: with an output, with an error, or not at all because it tries again."""

from __future__ import annotations

from collections.abc import Iterable

from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.engine.context import evaluate
from stepfunctions.engine.dataflow import assigned_after, output_of, variables
from stepfunctions.engine.execution import Branch, Status, Waiting
from stepfunctions.engine.limits import DATA_LIMIT, LONGEST_EXPRESS
from stepfunctions.engine.messages import TimerKind
from stepfunctions.engine.program import CompiledCatcher, Node
from stepfunctions.engine.retry import TIMEOUT, choose_catcher, choose_retrier, delay
from stepfunctions.engine.turn import Failure, Turn
from stepfunctions.engine.variables import forget, store
from stepfunctions.errors import StateFailed

_ABORTED = {
    "Task": "TaskStateAborted",
    "Wait": "WaitStateAborted",
    "Parallel": "ParallelStateAborted",
    "Map": "MapStateAborted",
}


def finish_work(turn: Turn, branch: Branch, node: Node, result: Document) -> None:
    """The state's work gave ``result``: shape the output and go on."""
    output = output_of(turn, branch, node, result)
    values = None if node.flow.assign is None else assigned_after(turn, branch, node, result)
    leave(turn, branch, node, output, node.next, values)


def leave(
    turn: Turn, branch: Branch, node: Node, output: Document, goal: str | None, values: dict[str, JSON] | None = None
) -> None:
    """Write the Exited event, set variables, and go to the state ``goal``, or end the branch when it is None."""
    if output is not branch.input:
        turn.limits.check_size(output, node.name)
    extra: dict[str, JSON] | None = None
    if values:
        store(turn.execution, branch, values, turn.limits, node.name)
        extra = {"assignedVariables": {name: dumps(value) for name, value in values.items()}}
    turn.emit(branch, node.exited, node.name, output, extra)
    if goal is not None:
        turn.go(branch, goal, output)
    elif branch.parent:
        branch.waiting = Waiting.ENDED
        turn.execution.dirty.add(branch.id)
        branch.output = output
        forget(turn.execution, branch)
        branch.input, branch.effective = _NOTHING, None
        turn.settled.append((branch, None))
    else:
        end(turn, Status.SUCCEEDED, branch.last_event, output)


_NOTHING = Document(None)


def fail_state(turn: Turn, branch: Branch, node: Node, failure: Failure, failed_event: str | None = None) -> None:
    """The state failed: retry it, catch it, or fail the branch.

    ``failed_event`` (MapStateFailed, ParallelStateFailed) is written unless the state is tried again.
    """
    turn.stop_timers(branch)
    index = choose_retrier(node.retriers, failure.names, branch.retries)
    if index is not None:
        _try_again(turn, branch, node, index)
        return
    if failed_event is not None:
        turn.emit(branch, failed_event)
    catcher = choose_catcher(node.catchers, failure.names)
    if catcher is None:
        fail_branch(turn, branch, failure)
        return
    try:
        _catch(turn, branch, node, catcher, failure)
    except StateFailed as error:  # nothing catches what a catcher's own fields do wrong
        fail_branch(turn, branch, described(turn, branch, node, error))
    else:
        forget_children(turn, branch)


def _catch(turn: Turn, branch: Branch, node: Node, catcher: CompiledCatcher, failure: Failure) -> None:
    error = Document({"Error": failure.error or "", "Cause": failure.cause or ""})
    seen, states = (branch.input, {"errorOutput": error.value}) if node.flow.jsonata else (error, None)
    values = None if catcher.assign is None else variables(turn, branch, node, catcher.assign, seen, states)
    output = error
    if catcher.output is not None:
        output = evaluate(turn, branch, node, catcher.output, seen, states)
    elif catcher.discard:
        output = branch.input
    elif catcher.place is not None:
        output = Document(catcher.place(branch.input.value, error.value))
    leave(turn, branch, node, output, catcher.next, values)


def described(turn: Turn, branch: Branch, node: Node, error: StateFailed) -> Failure:
    """Return the failure with the words in front that AWS puts there. Writes EvaluationFailed for an expression."""
    if error.error == DATA_LIMIT:
        return Failure.of(error.error, error.cause)
    cause = (
        f"An error occurred while executing the state '{node.name}' (entered at the "
        f"event id #{branch.entered_event}). {error.cause}"
    )
    if error.location is not None:
        details: dict[str, JSON] = {"state": node.name, "location": error.location[:256]}
        details.update(reasons(error.error, cause) or {})
        branch.last_event = turn.note(_before(turn, branch), "EvaluationFailed", None, None, details)
    return Failure.of(error.error, cause)


def _before(turn: Turn, branch: Branch) -> int:
    """Return the id of the event that EvaluationFailed follows.

    A state that fails as it is entered has, in a history, not been entered yet (recorded).
    """
    if branch.last_event == branch.entered_event:
        for event in reversed(turn.events):
            if event.id == branch.entered_event:
                return event.previous_id
    return branch.last_event


def _try_again(turn: Turn, branch: Branch, node: Node, index: int) -> None:
    forget_children(turn, branch)
    if not branch.retries:
        branch.retries = [0] * len(node.retriers)
    used = branch.retries[index]
    branch.retries = [*branch.retries[:index], used + 1, *branch.retries[index + 1 :]]  # the store keeps the old list
    branch.retried += 1
    turn.wait(branch, Waiting.RETRY)
    branch.effective = None
    turn.timer(branch, TimerKind.RETRY, delay(node.retriers[index], used, turn.chance(branch)))


def fail_branch(turn: Turn, branch: Branch, failure: Failure) -> None:
    """Nothing in the branch takes the failure: its parent has to, or the execution fails."""
    if branch.parent:
        branch.waiting = Waiting.ENDED
        turn.settled.append((branch, failure))
    else:
        end(turn, Status.FAILED, max(branch.last_event, turn.redriven), None, failure.error, failure.cause)


def stop_children(turn: Turn, parent: Branch, previous: int) -> None:
    """Stop all children of a branch: no state of theirs that was entered will be exited.

    What this says is written after ``previous``. The children stay as they are: a redrive goes on with them.
    """
    family = turn.execution.families.get(parent.id)
    node = turn.node(parent)
    for child in _members(turn, () if family is None else family.ids):
        if child.output is not None:
            continue
        failed = child.waiting is Waiting.ENDED
        _stop(turn, child, previous)
        if node.type == "Map" and not failed:
            turn.note(previous, "MapIterationAborted", node.name, None, {"index": child.index})


def _members(turn: Turn, ids: Iterable[int]) -> list[Branch]:
    branches = turn.execution.branches
    return [branches[id] for id in ids if id in branches]


def _stop(turn: Turn, branch: Branch, previous: int) -> None:
    if branch.waiting is not Waiting.ENDED:  # else its children were stopped when it failed
        if branch.waiting is Waiting.MAP_RUN:
            turn.note(previous, "MapRunAborted")
        turn.abandon(branch)
        branch.waiting = Waiting.ENDED
        stop_children(turn, branch, previous)
    if branch.entered:
        kind = _ABORTED.get(turn.node(branch).type)
        if kind is not None:
            turn.note(previous, kind)


def forget_children(turn: Turn, parent: Branch) -> None:
    """Forget all children of a branch, and theirs: it was retried, or its error was caught."""
    family = turn.execution.families.pop(parent.id, None)
    for child in _members(turn, () if family is None else family.ids):
        forget_children(turn, child)
        turn.remove(child)


def end(
    turn: Turn,
    status: str,
    previous: int,
    output: Document | None = None,
    error: str | None = None,
    cause: str | None = None,
) -> None:
    """End the execution: write its last event, stop everything that still waits.

    Branches stay as they are where a redrive can go on with them, else they are forgotten.
    """
    execution = turn.execution
    execution.status = status
    execution.output = output
    execution.error = _well_formed(error)
    execution.cause = _well_formed(cause)
    execution.stopped_at = turn.shown
    timed_out = status == Status.TIMED_OUT
    turn.note(previous, _LAST_EVENT[status], None, output, reasons(TIMEOUT if timed_out else error, cause))
    stays = status != Status.SUCCEEDED and execution.type == "STANDARD"
    for branch in list(execution.branches.values()):
        turn.abandon(branch)
        if not stays:
            turn.remove(branch)
    execution.ready.clear()


def _well_formed(text: str | None) -> str | None:
    """Return a text that any store can hold: half of a surrogate pair becomes '?', as in Java."""
    return text if text is None or text.isascii() else text.encode(errors="replace").decode()


_LAST_EVENT = {
    Status.SUCCEEDED: "ExecutionSucceeded",
    Status.FAILED: "ExecutionFailed",
    Status.TIMED_OUT: "ExecutionTimedOut",
    Status.ABORTED: "ExecutionAborted",
}


def execution_timeout(turn: Turn) -> int | None:
    """Return the seconds that the execution may take; the machine's TimeoutSeconds is not for children of a map run."""
    seconds = None if turn.execution.region else turn.program.timeout_seconds
    if turn.execution.type == "EXPRESS":
        return LONGEST_EXPRESS if seconds is None else min(seconds, LONGEST_EXPRESS)
    return seconds


def reasons(error: str | None, cause: str | None) -> dict[str, JSON] | None:
    """Return the error and cause of an event, without what is missing."""
    found: dict[str, JSON] = {}
    if error:
        found["error"] = error
    if cause:
        found["cause"] = cause
    return found or None
