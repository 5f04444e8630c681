"""How data goes through a state: InputPath, Parameters, the work, ResultSelector, ResultPath, OutputPath.

JSONata has only Arguments, Output and Assign, which all see the state's raw input and, after the work, its result.

One function a stage. Nothing that stays as it is gets copied: an untouched document keeps its text.
"""

from __future__ import annotations

from collections.abc import Mapping

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.context import evaluate
from stepfunctions.engine.execution import Branch
from stepfunctions.engine.program import Node, Number
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.turn import Turn
from stepfunctions.errors import StateFailed
from stepfunctions.query.jsonata import QUERY_ERROR
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
    if flow.jsonata:
        return result if flow.output is None else _over_input(turn, branch, node, flow.output, result)
    if flow.selector is not None:
        result = evaluate(turn, branch, node, flow.selector, result)
    if flow.discard or flow.place is not None:
        result = placed(branch, node, result)
    return result if flow.output is None else filtered(turn, branch, node, result)


def _over_input(turn: Turn, branch: Branch, node: Node, evaluator: Evaluator, result: Document) -> Document:
    """Evaluate a field of a JSONata state whose work gave ``result``."""
    states = {"result": result.value} if node.type in _WITH_RESULT else None
    found = evaluate(turn, branch, node, evaluator, branch.input, states)
    return result if found.value is result.value else found


_WITH_RESULT = frozenset({"Task", "Parallel", "Map"})


def assigned_after(turn: Turn, branch: Branch, node: Node, result: Document) -> dict[str, JSON] | None:
    """Return the variables that the Assign of a state sets whose work gave ``result``, or None."""
    if node.flow.assign is not None and node.flow.jsonata:
        return checked(turn, node, _over_input(turn, branch, node, node.flow.assign, result))
    return assigned(turn, branch, node, result)


def assigned(turn: Turn, branch: Branch, node: Node, document: Document) -> dict[str, JSON] | None:
    """Return the variables that the state's Assign sets, or None; ``document`` is what a bare ``$`` means."""
    if node.flow.assign is None:
        return None
    return variables(turn, branch, node, node.flow.assign, document)


def variables(
    turn: Turn,
    branch: Branch,
    node: Node,
    assign: Evaluator,
    document: Document,
    states: Mapping[str, JSON] | None = None,
) -> dict[str, JSON]:
    """Return what an Assign sets. Fails the state when all of it is over 256 KiB."""
    return checked(turn, node, evaluate(turn, branch, node, assign, document, states))


def checked(turn: Turn, node: Node, values: Document) -> dict[str, JSON]:
    """Return the variables that an Assign gave, unless they are over 256 KiB."""
    assert isinstance(values.value, dict), "the compiler refuses an Assign that is no object"
    turn.limits.check_assigned(values.value, node.name)
    return values.value


def read_number(
    turn: Turn, branch: Branch, node: Node, number: Number | None, document: Document, whole: bool = True
) -> float:
    """Return a number that is written (0 when it is not) or read from ``document``; fails the state if it is none."""
    if number is None:
        return 0
    found: JSON = number.value or 0
    if number.path is not None:
        value = evaluate(turn, branch, node, number.path, document)
        found = value.value
        if isinstance(found, float) and whole and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int if whole else (int, float)):
            shown = found if isinstance(found, str) else value.text
            kind = "integer" if whole else "number"
            raise refused(
                number, f'The {number.field} field refers to value "{shown}" which is not a valid {kind}: {number.text}'
            )
    if found < 0:
        raise refused(number, f"{number.field.removesuffix('Path')} cannot be negative.")
    if found > LARGEST_NUMBER:
        raise refused(number, f"{number.field.removesuffix('Path')} cannot be greater than {LARGEST_NUMBER}.")
    return int(found) if whole else float(found)


def refused(number: Number, cause: str) -> StateFailed:
    """Return the failure of a state whose number cannot be used."""
    return StateFailed(QUERY_ERROR, cause, number.field) if number.jsonata else StateFailed(RUNTIME, cause)
