"""Executions that a task starts: begun once, also when the call that began them is repeated after a crash."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_NAMESPACE = uuid.UUID("0b5d8a5e-6a9c-4d0e-9c55-2f3c1b7f9a64")


def named(request: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the request of StartExecution with a name: the given one, or one that follows from the task's key."""
    return request if request.get("name") else {**request, "name": str(uuid.uuid5(_NAMESPACE, key))}


def begun_before(cloud: Cloud, request: dict[str, Any], error: ServiceError) -> dict[str, Any] | None:
    """Return StartExecution's response for the execution that an earlier, lost call of the same task began.

    None when ``error`` is not about one, or the execution of that name has another input: then it is not ours.
    """
    if error.code != "ExecutionAlreadyExists":
        return None
    # of a version or an alias, whose executions bear the state machine's own name
    machine = ":".join(request["stateMachineArn"].split(":")[:7])
    prefix = machine.replace(":stateMachine:", ":execution:")
    found = cloud.call("stepfunctions", "DescribeExecution", {"executionArn": f"{prefix}:{request['name']}"})
    if json.loads(found["input"]) != json.loads(request.get("input") or "{}"):
        return None
    return {"executionArn": found["executionArn"], "startDate": found["startDate"]}
