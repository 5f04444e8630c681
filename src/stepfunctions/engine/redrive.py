"""Redrive: an execution that ended without success goes on in whatever had not ended well.

Such an execution keeps its branches as they were when it ended. Those that succeeded keep their outputs; each other one
does the work of its state anew: a Task is scheduled, a Wait waits, a Choice chooses; a Parallel or Map takes up only
the branches and iterations that failed or were aborted, and starts those that it had not started. No state that was
entered is entered again, and retries count from 0.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from stepfunctions.asl.document import JSON
from stepfunctions.engine import map_distributed, map_inline
from stepfunctions.engine.execution import ROOT_BRANCH, Branch, Execution, Status, Waiting
from stepfunctions.engine.program import Node
from stepfunctions.engine.states import BEGIN
from stepfunctions.engine.turn import Turn

Action = Callable[[Turn, Branch, Node], None]

TOKENS = 10
"""How many of the latest clientTokens are remembered."""


def revive(execution: Execution, now: float, token: str | None = None) -> None:
    """Let an execution that had ended run again; ``advance(execution, Redriven(), now)`` then takes it up."""
    execution.status = Status.RUNNING
    execution.output = execution.error = execution.cause = execution.stopped_at = None
    execution.redrive_count += 1
    if execution.type == "EXPRESS":
        execution.started_at = now  # it is started anew; when it was redriven is not known of it
        return
    execution.redriven_at = now
    if token is not None:
        execution.redrive_tokens = (*execution.redrive_tokens, [token, now])[-TOKENS:]


def begin(turn: Turn) -> list[tuple[Branch, Action]]:
    """Write ExecutionRedriven; return what is to be done anew, in this order. Express executions start again."""
    execution = turn.execution
    if execution.type == "EXPRESS":
        turn.note(0, "ExecutionStarted", None, execution.input, {"roleArn": execution.role_arn})
        root = turn.spawn(None, execution.region, execution.input)
        root.attempt = execution.last_event_id  # no wait of the earlier root had so high a number
        return []
    count: dict[str, JSON] = {"redriveCount": execution.redrive_count}
    turn.redriven = turn.note(execution.last_event_id, "ExecutionRedriven", None, None, count)
    actions = [found for branch in execution.branches.values() if (found := _taken_up(turn, branch)) is not None]
    execution.ready = deque(id for id, branch in execution.branches.items() if branch.waiting is Waiting.NOTHING)
    return actions


def _taken_up(turn: Turn, branch: Branch) -> tuple[Branch, Action] | None:
    """Make a branch ready to go on; return what its state has to do, if anything."""
    execution = turn.execution
    if branch.output is not None:
        return None  # it succeeded
    branch.retries, branch.retried = [], 0
    branch.waiting = Waiting.NOTHING
    execution.dirty.add(branch.id)
    if not branch.entered:
        return None  # _run enters it
    family = execution.families.get(branch.id)
    if family is None or not family.ids:
        branch.effective = None
        branch.last_event = branch.entered_event
        return branch, _again
    branch.waiting = Waiting.CHILDREN
    family.running = sum(execution.branches[id].output is None for id in family.ids)
    return None if family.running else (branch, map_inline.go_on)


def _again(turn: Turn, branch: Branch, node: Node) -> None:
    """Do the state's work once more; a Distributed Map goes on with its map run."""
    if branch.map_run_arn is None:
        BEGIN[node.type](turn, branch, node)
    else:
        map_distributed.redrive(turn, branch)


def is_possible(execution: Execution) -> bool:
    """Tell whether an execution, loaded with its branches, has kept what a redrive needs."""
    return execution.type == "EXPRESS" or ROOT_BRANCH in execution.branches
