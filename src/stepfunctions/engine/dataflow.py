"""How data goes through a state: InputPath, Parameters, the work, ResultSelector, ResultPath, OutputPath.

One function a stage, so that the stages can be shown one by one (as TestState does); :func:`stages` runs them all.
Nothing that stays as it is gets copied: an untouched document keeps its text.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.context import RUNTIME, evaluate
from stepfunctions.engine.execution import Branch
from stepfunctions.engine.program import Node, Number
from stepfunctions.engine.turn import Turn
from stepfunctions.errors import StateFailed


@dataclass(slots=True)
class Stages:
    """A state's data after each stage, as AWS's TestState names them."""

    after_input_path: Document
    after_parameters: Document
    result: Document
    after_result_selector: Document
    after_result_path: Document
    output: Document


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


def selected(turn: Turn, branch: Branch, node: Node, result: Document) -> Document:
    """ResultSelector: what is kept of the result."""
    template = node.flow.selector
    return result if template is None else evaluate(turn, branch, node, template, result)


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


def stages(turn: Turn, branch: Branch, node: Node, result: Document | None = None) -> Stages:
    """Run every stage and return them all; ``result`` None stands for work that gives back what it got."""
    after_input_path = effective_input(turn, branch, node)
    after_parameters = parameters(turn, branch, node, after_input_path)
    raw = after_parameters if result is None else result
    chosen = selected(turn, branch, node, raw)
    combined = placed(branch, node, chosen)
    return Stages(after_input_path, after_parameters, raw, chosen, combined,
                  filtered(turn, branch, node, combined))


def assigned(turn: Turn, branch: Branch, node: Node, document: Document) -> dict[str, JSON] | None:
    """Return the variables that the state's Assign sets, or None; ``document`` is what a bare ``$`` means."""
    if node.flow.assign is None:
        return None
    values = evaluate(turn, branch, node, node.flow.assign, document).value
    assert isinstance(values, dict)
    return values


def read_number(turn: Turn, branch: Branch, node: Node, number: Number, document: Document,
                whole: bool = True) -> float:
    """Return a number that is written, or read from ``document``; fails the state when it is none there."""
    if number.path is None:
        return number.value or 0
    value = evaluate(turn, branch, node, number.path, document)
    found = value.value
    if isinstance(found, float) and whole and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int if whole else (int, float)):
        shown = found if isinstance(found, str) else value.text
        kind = "integer" if whole else "number"
        raise StateFailed(RUNTIME, f'The {number.field} field refers to value "{shown}" which is not a valid '
                                   f"{kind}: {number.text}")
    if found < 0:
        raise StateFailed(RUNTIME, f"{number.field.removesuffix('Path')} cannot be negative.")
    return float(found) if not whole else int(found)
