"""How data goes through a state: InputPath, Parameters, the work, ResultSelector, ResultPath, OutputPath.

One function a stage. Nothing that stays as it is gets copied: an untouched document keeps its text.
"""

from __future__ import annotations

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.context import evaluate
from stepfunctions.engine.execution import Branch
from stepfunctions.engine.limits import check_size
from stepfunctions.engine.program import Node, Number
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.turn import Turn
from stepfunctions.errors import StateFailed
from stepfunctions.query.scope import Evaluator

LARGEST_NUMBER = 2**53
"""The largest number of a definition that is used; any JSON reader and any store holds it exactly."""


def effective_input(turn: Turn, branch: Branch, node: Node) -> Document:
    """InputPath: what the state works on."""
    flow = node.flow
    if flow.input is None:
        return branch.input
    return evaluate(turn, branch, node, flow.input, branch.input)


def parameters(turn: Turn, branch: Branch, node: Node, effective: Document) -> Document:
    """Parameters (JSONata: Arguments): what the work gets."""
    template = node.flow.parameters
    return effective if template is None else evaluate(turn, branch, node, template, effective)


def placed(branch: Branch, node: Node, result: Document) -> Document:
    """ResultPath: the result in its place in the state's raw input."""
    flow = node.flow
    if flow.discard:
        return branch.input
    return result if flow.place is None else Document(flow.place(branch.input.value, result.value))


def filtered(turn: Turn, branch: Branch, node: Node, document: Document) -> Document:
    """OutputPath (JSONata: Output): what the next state gets."""
    flow = node.flow
    if flow.output is None:
        return document
    return evaluate(turn, branch, node, flow.output, document)


def output_of(turn: Turn, branch: Branch, node: Node, result: Document) -> Document:
    """From the raw result of a state's work to its output."""
    flow = node.flow
    if flow.selector is not None:
        result = evaluate(turn, branch, node, flow.selector, result)
    if flow.discard or flow.place is not None:
        result = placed(branch, node, result)
    return result if flow.output is None else filtered(turn, branch, node, result)


def assigned(turn: Turn, branch: Branch, node: Node, document: Document) -> dict[str, JSON] | None:
    """Return the variables that the state's Assign sets, or None; ``document`` is what a bare ``$`` means."""
    if node.flow.assign is None:
        return None
    return variables(turn, branch, node, node.flow.assign, document)


def variables(turn: Turn, branch: Branch, node: Node, assign: Evaluator, document: Document) -> dict[str, JSON]:
    """Return what an Assign sets. Fails the state when all of it is over 256 KiB."""
    values = evaluate(turn, branch, node, assign, document)
    check_size(values, node.name)
    assert isinstance(values.value, dict), "the compiler refuses an Assign that is no object"
    return values.value


def read_number(
    turn: Turn, branch: Branch, node: Node, number: Number, document: Document, whole: bool = True
) -> float:
    """Return a number that is written, or read from ``document``; fails the state when it is none there."""
    found: JSON = number.value or 0
    if number.path is not None:
        value = evaluate(turn, branch, node, number.path, document)
        found = value.value
        if isinstance(found, float) and whole and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int if whole else (int, float)):
            shown = found if isinstance(found, str) else value.text
            kind = "integer" if whole else "number"
            raise StateFailed(
                RUNTIME,
                f'The {number.field} field refers to value "{shown}" which is not a valid {kind}: {number.text}',
            )
    if found < 0:
        raise StateFailed(RUNTIME, f"{number.field.removesuffix('Path')} cannot be negative.")
    if found > LARGEST_NUMBER:
        raise StateFailed(RUNTIME, f"{number.field.removesuffix('Path')} cannot be greater than {LARGEST_NUMBER}.")
    return int(found) if whole else float(found)
