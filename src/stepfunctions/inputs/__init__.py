"""Values that are known only when an execution runs: placeholders, references, functions, conditions."""

from stepfunctions.inputs.context import context
from stepfunctions.inputs.expressions import Expression, error, jsonata, result, variable
from stepfunctions.inputs.functions import states
from stepfunctions.inputs.placeholders import ExecutionInput, MapItem, Placeholder, StepInput

__all__ = [
    "ExecutionInput",
    "Expression",
    "MapItem",
    "Placeholder",
    "StepInput",
    "context",
    "error",
    "jsonata",
    "result",
    "states",
    "variable",
]
