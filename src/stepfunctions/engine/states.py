"""What each state type does when it is entered: one function a type, one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.engine import map_inline, parallel, task
from stepfunctions.engine.context import evaluate, scope
from stepfunctions.engine.dataflow import assigned, effective_input, filtered, parameters, read_number, variables
from stepfunctions.engine.execution import Branch, Waiting
from stepfunctions.engine.leaving import fail_branch, finish_work, leave
from stepfunctions.engine.messages import TimerKind
from stepfunctions.engine.program import ChoiceWork, FailWork, Node, Transition, WaitWork
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.turn import Failure, Turn
from stepfunctions.errors import StateFailed
from stepfunctions.query.timestamps import epoch_seconds

LONGEST_WAIT = 2**31 - 1
"""Seconds; AWS refuses to wait longer."""


def begin_pass(turn: Turn, branch: Branch, node: Node) -> None:
    """Pass the input, the Parameters or the Result on."""
    given = parameters(turn, branch, node, effective_input(turn, branch, node))
    finish_work(turn, branch, node, given if node.result is None else node.result)


def begin_succeed(turn: Turn, branch: Branch, node: Node) -> None:
    """End the region with the input."""
    leave(turn, branch, node, filtered(turn, branch, node, effective_input(turn, branch, node)), None)


def begin_fail(turn: Turn, branch: Branch, node: Node) -> None:
    """End the region with an error. Writes no Exited event."""
    work: FailWork = node.work
    fail_branch(
        turn,
        branch,
        Failure.of(_text(turn, branch, node, work.error, "Error"), _text(turn, branch, node, work.cause, "Cause")),
    )


def _text(turn: Turn, branch: Branch, node: Node, written: Any, field: str) -> str | None:
    if written is None or isinstance(written, str):
        return written
    value = evaluate(turn, branch, node, written, branch.input).value
    if not isinstance(value, str):
        raise StateFailed(RUNTIME, f"The {field}Path field of the Fail state must refer to a string value.")
    return value


def begin_choice(turn: Turn, branch: Branch, node: Node) -> None:
    """Take the first rule that matches, else the default."""
    work: ChoiceWork = node.work
    effective = effective_input(turn, branch, node)
    seen = scope(turn, branch, node, effective.value)
    chosen = work.default
    for rule in work.rules:
        if rule.test is not None and rule.test(seen):
            chosen = rule
            break
    if chosen.next is None:
        raise StateFailed(RUNTIME, "Failed to transition out of the state. The state does not point to a next state.")
    values = None
    if chosen.assign is not None:
        values = variables(turn, branch, node, chosen.assign, effective)
    elif chosen is work.default:
        values = assigned(turn, branch, node, effective)
    leave(turn, branch, node, _chosen_output(turn, branch, node, chosen, effective), chosen.next, values)


def _chosen_output(turn: Turn, branch: Branch, node: Node, chosen: Transition, effective: Document) -> Document:
    if node.flow.jsonata and chosen is not node.work.default:  # the state's own Output is for the default only
        return effective if chosen.output is None else evaluate(turn, branch, node, chosen.output, effective)
    return filtered(turn, branch, node, effective)


def begin_wait(turn: Turn, branch: Branch, node: Node) -> None:
    """Set a timer, or go on at once when there is nothing to wait for."""
    effective = branch.works_on(effective_input(turn, branch, node))
    seconds = _wait_seconds(turn, branch, node, effective)
    if seconds <= 0:
        end_wait(turn, branch, node)
        return
    if seconds > LONGEST_WAIT:
        raise StateFailed(RUNTIME, "Wait state delay is too long")
    turn.wait(branch, Waiting.TIMER)
    turn.timer(branch, TimerKind.WAIT, seconds)


def _wait_seconds(turn: Turn, branch: Branch, node: Node, effective: Document) -> float:
    work: WaitWork = node.work
    if work.seconds is not None:
        return read_number(turn, branch, node, work.seconds, effective)
    written: Any = work.timestamp
    if not isinstance(written, str):
        written = evaluate(turn, branch, node, written, effective).value
    due = epoch_seconds(written) if isinstance(written, str) else None
    if due is None:
        shown = written if isinstance(written, str) else Document(written).text
        raise StateFailed(
            RUNTIME,
            f"The {work.field} parameter does not reference a valid ISO-8601 extended "
            f"offset date-time format string: {work.text} == {shown}",
        )
    return due - turn.now


def end_wait(turn: Turn, branch: Branch, node: Node) -> None:
    """The wait is over."""
    effective = branch.effective or branch.input
    leave(
        turn, branch, node, filtered(turn, branch, node, effective), node.next, assigned(turn, branch, node, effective)
    )


BEGIN: dict[str, Callable[[Turn, Branch, Node], None]] = {
    "Task": task.begin,
    "Pass": begin_pass,
    "Choice": begin_choice,
    "Wait": begin_wait,
    "Succeed": begin_succeed,
    "Fail": begin_fail,
    "Parallel": parallel.begin,
    "Map": map_inline.begin,
}
"""The state's type -> what it does once its Entered event is written, and again at a retry."""

CHILD_ENDED: dict[str, Callable[[Turn, Branch, Node, Branch, Failure | None], None]] = {
    "Parallel": parallel.child_ended,
    "Map": map_inline.child_ended,
}
"""The type of a state with children -> what it does when one of them has ended."""
