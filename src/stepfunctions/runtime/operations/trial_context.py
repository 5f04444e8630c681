"""The context object that a request of TestState gives.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.errors import ServiceError

_NUMBERS = frozenset({"RedriveCount", "RetryCount"})
_FIELDS = {
    "Execution": frozenset({"Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"}),
    "State": frozenset({"EnteredTime", "Name", "RetryCount"}),
    "StateMachine": frozenset({"Id", "Name"}),
    "Task": frozenset({"Token"}),
}


def context_of(text: str | None, state: dict[str, Any]) -> dict[str, JSON] | None:
    """Return the context object of a request, None when it has none. Raises ValidationException."""
    if text is None:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"it is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise _invalid("it must be a JSON object")
    for name, part in given.items():
        if name == "Map":
            raise _invalid("'Map' field is not supported when mocking a Context object")
        if name not in _FIELDS:
            raise _invalid(f"Field '{name}' is not allowed")
        _check(name, part)
    if "Task" in given and not _waits(state):
        raise _invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
            "service integration pattern"
        )
    return given


def _check(name: str, part: JSON) -> None:
    if not isinstance(part, dict):
        raise _invalid(f"{name} must be an object")
    for field, value in part.items():
        if field not in _FIELDS[name]:
            raise _invalid(f"Field '{field}' is not allowed")
        if field in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int):
                raise _invalid(f"{name}.{field} must be a number")
        elif field != "Input" and not isinstance(value, str):
            raise _invalid(f"{name}.{field} must be a string")


def _waits(state: dict[str, Any]) -> bool:
    if state["Type"] != "Task":
        return False
    resource = Resource.parse(state["Resource"])
    return resource.kind == "service" and resource.pattern is not IntegrationPattern.REQUEST_RESPONSE


def _invalid(why: str) -> ServiceError:
    return ServiceError("ValidationException", f"Invalid Context object provided: {why}")
