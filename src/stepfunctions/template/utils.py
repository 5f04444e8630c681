"""Parameters of steps that are given when an execution starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepfunctions.steps.base import State


def replace_parameters_with_context_object(step: State) -> dict[str, str]:
    """Return parameters that read each of a step's parameters from the execution's input.

    ``{"A": …}`` of the state ``s`` becomes ``{"A.$": "$$.Execution.Input['s'].A"}``. The step is not changed. Raises
    ValueError for a step without ``parameters``.
    """
    given = _parameters(step)
    return {f"{key}.$": f"$$.Execution.Input['{step.state_id}'].{key}" for key in given}


def replace_parameters_with_jsonpath(step: State, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's parameters with some of them read from its input; the step is not changed.

    ``params`` has the new keys, as deep as they are needed: ``{"A": {"B.$": "$.b"}}`` replaces ``B`` of ``A`` by what
    is at ``$.b``. Keys without ``.$`` change nothing. Raises KeyError for a parameter that the step has not.
    """
    return _replace(_parameters(step), params)


def _replace(given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(given)
    for key, value in params.items():
        if key.endswith(".$"):
            del result[key[:-2]]
            result[key] = value
        elif isinstance(value, Mapping):
            result[key] = _replace(result[key], value)
    return result


def _parameters(step: State) -> Mapping[str, Any]:
    given = getattr(step, "parameters", None)
    if not isinstance(given, Mapping):
        raise ValueError(f"The step '{step.state_id}' has no parameters that could be given to an execution.")
    return given
