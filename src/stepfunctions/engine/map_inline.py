"""The Map state: inline iterations in a window, or the start and end of a Distributed Map's run."""

from __future__ import annotations

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine import map_distributed
from stepfunctions.engine.context import items_of, read_items, scope
from stepfunctions.engine.dataflow import effective_input, read_number
from stepfunctions.engine.execution import Branch, Family
from stepfunctions.engine.leaving import fail_state, finish_work, stop_children
from stepfunctions.engine.map_run import STATE_DATA, map_item, plain_input
from stepfunctions.engine.parallel import joined
from stepfunctions.engine.program import MapWork, Node
from stepfunctions.engine.turn import Failure, Turn

MAX_CONCURRENCY = 40
"""How many inline iterations run at once at most; also what MaxConcurrency 0 means."""


def begin(turn: Turn, branch: Branch, node: Node) -> None:
    """Find the items and start as many iterations as may run at once."""
    work: MapWork = node.work
    effective = branch.works_on(effective_input(turn, branch, node))
    if work.distributed is not None:
        map_distributed.begin(turn, branch, node, effective)
        return
    if node.flow.jsonata:
        branch.works_on(read_items(turn, branch, node))
    values, keys = items_of(turn, branch, node)
    window = _window(turn, branch, node)
    turn.emit(branch, "MapStateStarted", None, None, {"length": len(values)})
    family = turn.await_children(branch)
    family.items, family.keys, family.window = values, keys, window
    if values:
        _start(turn, branch, node, family, branch.last_event)
    else:
        _join(turn, branch, node)


def _window(turn: Turn, branch: Branch, node: Node) -> int:
    written = int(read_number(turn, branch, node, node.work.concurrency, _seen(branch, node)))
    return min(written or MAX_CONCURRENCY, MAX_CONCURRENCY)


def _seen(branch: Branch, node: Node) -> Document:
    """Return the document of the state's expressions; with JSONata ``effective`` holds the items."""
    return branch.input if node.flow.jsonata else branch.effective or branch.input


def _start(turn: Turn, branch: Branch, node: Node, family: Family, previous: int) -> None:
    """Start iterations until the window is full; their first events follow ``previous``."""
    work: MapWork = node.work
    window = family.window = family.window or _window(turn, branch, node)
    values, keys = items_of(turn, branch, node)
    while family.running < window and len(family.ids) < len(values):
        index = len(family.ids)
        key = None if keys is None else keys[index]
        document = _input_of(turn, branch, node, values[index], index, key)
        started = turn.note(previous, "MapIterationStarted", node.name, None, {"index": index})
        turn.spawn(branch, work.region, document, started)


def _input_of(turn: Turn, branch: Branch, node: Node, value: JSON, index: int, key: str | None) -> Document:
    """Return the input of one iteration: the item, or what ItemSelector makes of it."""
    selector = node.work.selector
    if selector is None:
        return Document(plain_input(value, key))
    seen = _seen(branch, node).value
    item = map_item(index, value, key, STATE_DATA)
    document = Document(selector(scope(turn, branch, node, seen, item, str(index))))
    turn.limits.check_size(document, node.name)
    return document


def child_ended(turn: Turn, branch: Branch, node: Node, child: Branch, failure: Failure | None) -> None:
    """Take the end of one iteration: a failure stops the others, a success makes room for the next."""
    if failure is not None:
        branch.last_event = child.last_event
        turn.note(child.last_event, "MapIterationFailed", node.name, None, {"index": child.index})
        stop_children(turn, branch, child.last_event)
        fail_state(turn, branch, node, failure, "MapStateFailed")
        return
    done = turn.note(child.last_event, "MapIterationSucceeded", node.name, None, {"index": child.index})
    family = turn.execution.families[branch.id]
    family.running -= 1
    if len(family.ids) < len(items_of(turn, branch, node)[0]):
        branch.last_event = child.last_event
        _start(turn, branch, node, family, child.last_event)
    elif not family.running:
        branch.last_event = done
        _join(turn, branch, node)


def go_on(turn: Turn, branch: Branch, node: Node) -> None:
    """Start the iterations that were not started, after a redrive that found none that failed."""
    _start(turn, branch, node, turn.execution.families[branch.id], branch.last_event)


def _join(turn: Turn, branch: Branch, node: Node) -> None:
    result = joined(turn, branch)
    turn.note(branch.last_event, "MapStateSucceeded")
    finish_work(turn, branch, node, result)
