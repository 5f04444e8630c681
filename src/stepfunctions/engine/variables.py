"""The variables that an execution stores, and how large they are together.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

from stepfunctions.asl.document import JSON
from stepfunctions.engine.execution import Branch, Execution
from stepfunctions.engine.limits import Limits, size_of


def store(execution: Execution, branch: Branch, values: dict[str, JSON], limits: Limits, state: str) -> None:
    """Set variables of the branch; raises StateFailed(States.DataLimitExceeded) when the execution's get too large."""
    replaced = {name: branch.variables[name] for name in values if name in branch.variables}
    total = _stored(execution) + size_of(values) - size_of(replaced)
    limits.check_stored(total, state)
    execution.variable_bytes = total
    branch.variables = {**branch.variables, **values}


def forget(execution: Execution, branch: Branch) -> None:
    """Drop the variables of a branch that has ended."""
    if branch.variables:
        execution.variable_bytes = _stored(execution) - size_of(branch.variables)
        branch.variables = {}


def _stored(execution: Execution) -> int:
    if execution.variable_bytes is None:
        execution.variable_bytes = sum(size_of(one.variables) for one in execution.branches.values())
    return execution.variable_bytes
