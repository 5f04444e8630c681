"""What an expression sees: its document, the context object, the variables in reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Branch
from stepfunctions.engine.program import Node, TaskWork
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.tokens import make_token
from stepfunctions.engine.turn import Turn
from stepfunctions.errors import StateFailed
from stepfunctions.query.scope import Evaluator, OfInput, Scope

_COUNTS_RETRIES = frozenset({"Task", "Parallel", "Map"})


@lru_cache(maxsize=256)
def timestamp(seconds: float) -> str:
    """Return a time as the context object writes it: ISO 8601 in UTC with milliseconds, which are left out when 0.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    thousandths = moment.microsecond // 1000
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{thousandths:03d}' if thousandths else ''}Z"


def scope(
    turn: Turn,
    branch: Branch,
    node: Node,
    value: JSON,
    item: JSON = None,
    salt: str = "",
    states: Mapping[str, JSON] | None = None,
) -> Scope:
    """Return the scope of an expression over ``value``; ``item`` is the context's Map.Item in an ItemSelector.

    ``states`` is what JSONata's ``$states`` has here besides the input and the context.
    """
    built: list[JSON] = []

    def context() -> JSON:
        if not built:
            built.append(context_of(turn, branch, node, item))
        return built[0]

    return Scope(value, context, variables_of(turn, branch), lambda: turn.chance(branch, salt), turn.now, states)


def evaluate(
    turn: Turn,
    branch: Branch,
    node: Node,
    evaluator: Evaluator,
    document: Document,
    states: Mapping[str, JSON] | None = None,
) -> Document:
    """Return the value of an expression over a document: the same document if nothing changed.

    An expression that has no value (a path that leads nowhere) fails the state: StateFailed.
    """
    value = document.value
    if evaluator.__class__ is OfInput:
        result = evaluator.find(value)
    else:
        result = evaluator(scope(turn, branch, node, value, states=states))
    return document if result is value else Document(result)


def variables_of(turn: Turn, branch: Branch) -> Mapping[str, JSON]:
    """Return the variables in reach: the branch's own and those of the branches around it."""
    if not branch.parent:
        return branch.variables
    branches = turn.execution.branches
    chain = [branch.variables]
    while branch.parent:
        branch = branches[branch.parent]
        if branch.variables:
            chain.append(branch.variables)
    if len(chain) == 1:
        return chain[0]
    merged: dict[str, JSON] = {}
    for variables in reversed(chain):
        merged.update(variables)
    return merged


def context_of(turn: Turn, branch: Branch, node: Node, item: JSON = None) -> JSON:
    """Build the context object of a state. Only done when an expression reads it."""
    execution = turn.execution
    context: dict[str, Any] = {
        "Execution": {
            "Id": execution.arn,
            "Input": execution.input.value,
            "StartTime": timestamp(execution.started_at),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "RedriveCount": execution.redrive_count,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
        "State": {"Name": node.name, "EnteredTime": timestamp(branch.entered_at)},
    }
    if execution.redriven_at is not None:
        context["Execution"]["RedriveTime"] = timestamp(execution.redriven_at)
    if node.type in _COUNTS_RETRIES:
        context["State"]["RetryCount"] = branch.retried
    if isinstance(node.work, TaskWork) and node.work.token:
        context["Task"] = {"Token": make_token(execution.arn, branch.id, branch.attempt)}
    if item is not None:
        context["Map"] = {"Item": item}
    return context


def items_of(turn: Turn, branch: Branch, node: Node) -> tuple[list[JSON], list[str] | None]:
    """Return the items of a running Map: their values, and their keys when they are an object's members."""
    family = turn.execution.families.get(branch.id)
    if family is not None and family.items is not None:
        return family.items, family.keys
    document = read_items(turn, branch, node)
    keys: list[str] | None = None
    values = document.value
    if isinstance(values, dict):
        keys, values = list(values), list(values.values())
    if family is not None:
        family.items, family.keys = values, keys
    return values, keys


def read_items(turn: Turn, branch: Branch, node: Node) -> Document:
    """Return the array or object that ItemsPath selects; anything else fails the state.

    What JSONata's Items gave when the state began is kept: it may have been drawn from chance or from the time.
    """
    document = branch.effective or branch.input
    work = node.work
    if work.items is not None and not (node.flow.jsonata and branch.effective is not None):
        document = evaluate(turn, branch, node, work.items, document)
    if not isinstance(document.value, (list, dict)):
        raise StateFailed(RUNTIME, f'Reference path "{work.items_text}" must point to array.')
    return document
