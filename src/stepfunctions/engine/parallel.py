"""The Parallel state: several branches at once, joined in their order."""

from __future__ import annotations

from stepfunctions.asl.document import Document
from stepfunctions.engine.dataflow import effective_input, parameters
from stepfunctions.engine.execution import Branch
from stepfunctions.engine.leaving import fail_state, finish_work, stop_children
from stepfunctions.engine.program import Node
from stepfunctions.engine.turn import Failure, Turn


def begin(turn: Turn, branch: Branch, node: Node) -> None:
    """Start all branches with the same input."""
    effective = effective_input(turn, branch, node)
    document = parameters(turn, branch, node, effective)
    if document is not branch.input:
        turn.limits.check_size(document, node.name)
    turn.emit(branch, "ParallelStateStarted")
    turn.await_children(branch)
    for region in node.work.regions:
        turn.spawn(branch, region, document, branch.last_event)


def child_ended(turn: Turn, branch: Branch, node: Node, child: Branch, failure: Failure | None) -> None:
    """Take the end of one branch: the first failure stops the others, the last success joins them."""
    branch_chain = child.last_event
    if failure is not None:
        branch.last_event = branch_chain
        stop_children(turn, branch, branch_chain)
        fail_state(turn, branch, node, failure, "ParallelStateFailed")
        return
    family = turn.execution.families[branch.id]
    family.running -= 1
    if family.running:
        return
    branch.last_event = branch_chain
    result = joined(turn, branch)
    turn.note(branch.last_event, "ParallelStateSucceeded")
    finish_work(turn, branch, node, result)


def joined(turn: Turn, branch: Branch) -> Document:
    """Return the children's outputs in order, as one array, and forget the children."""
    children = [turn.execution.branches[id] for id in turn.execution.families.pop(branch.id).ids]
    for child in children:
        turn.remove(child)
    return Document([None if child.output is None else child.output.value for child in children])
