"""A task's parameters as an API request, and an API response as a task's result.

Parameters and results have PascalCase names also where the API has camelCase; the keys of maps stay as they are.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from botocore.model import Shape

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.errors import StateFailed


def to_request(resource: Resource, arguments: Any, shape: Shape | None) -> dict[str, Any]:
    """Return the request of an operation from a task's parameters. Raises StateFailed when they are no object."""
    if resource.kind == "lambda":
        return {"FunctionName": resource.arn, "Payload": dumps(arguments).encode()}
    if not isinstance(arguments, dict):
        raise StateFailed("States.Runtime", f"The Parameters '{dumps(arguments)}' could not be used to start the Task: "
                          "[they must be an object]")
    request: dict[str, Any] = _rename(arguments, shape)
    serialise = _SERIALISED.get((resource.service, resource.action))
    if serialise is not None and not isinstance(request.get(serialise), (str, bytes, type(None))):
        request[serialise] = dumps(request[serialise])
    if resource.service == "lambda" and "Payload" in arguments:
        request["Payload"] = dumps(arguments["Payload"]).encode()
    elif isinstance(request.get("Body"), str):
        request["Body"] = request["Body"].encode()
    return request


_SERIALISED = {
    ("sns", "publish"): "Message",
    ("sqs", "sendMessage"): "MessageBody",
    ("states", "startExecution"): "input",
    ("sfn", "startExecution"): "input",
    ("sagemakerruntime", "invokeEndpoint"): "Body",
}
"""Members that are JSON text for the API and may be written as a JSON value in a task."""


def _rename(value: Any, shape: Shape | None) -> Any:
    """Give members their names in the model: ``Cluster`` is ``cluster`` for ECS."""
    kind = None if shape is None else shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members: Mapping[str, Shape] = shape.members  # type: ignore[union-attr]
        renamed = {}
        for name, item in value.items():
            known = name if name in members else name[:1].lower() + name[1:]
            renamed[known if known in members else name] = _rename(item, members.get(known))
        return renamed
    if kind == "list" and isinstance(value, list):
        return [_rename(item, shape.member) for item in value]  # type: ignore[union-attr]
    if kind == "map" and isinstance(value, dict):
        return {name: _rename(item, shape.value) for name, item in value.items()}  # type: ignore[union-attr]
    return value


def to_result(resource: Resource, request: dict[str, Any], response: dict[str, Any]) -> JSON:
    """Return the result of a task from an operation's response. Raises StateFailed for a failed function."""
    if resource.kind == "lambda":
        _check_function(response)
        return _payload(response)
    result: dict[str, JSON] = plain(response, epoch=not resource.sdk)
    if resource.service == "lambda":
        _check_function(response)
        result["Payload"] = _payload(response)
    if (resource.service, resource.action) == ("ecs", "runTask"):
        _check_tasks(resource, result)
    if (resource.service, resource.action) == ("glue", "startJobRun"):
        result = {"JobName": request["JobName"], **result}
    if not resource.sdk and resource.pattern is IntegrationPattern.REQUEST_RESPONSE:
        result.update(_metadata())
    return result


def plain(value: Any, *, epoch: bool) -> JSON:
    """Return a response's value as JSON with PascalCase names; times as epoch milliseconds or ISO 8601 text."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: plain(item, epoch=epoch) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, epoch=epoch) for item in value]
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000) if epoch else iso(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    read = getattr(value, "read", None)
    return plain(read(), epoch=epoch) if read is not None else value


def iso(moment: datetime) -> str:
    """Return a time as the SDK for Java writes it: UTC, milliseconds, Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _payload(response: dict[str, Any]) -> JSON:
    body = response.get("Payload") or b"null"
    return json.loads(body)


def _check_function(response: dict[str, Any]) -> None:
    if not response.get("FunctionError"):
        return
    error = _payload(response)
    name = error.get("errorType") if isinstance(error, dict) else None
    raise StateFailed(name or "Lambda.Unknown", dumps(error))


def _check_tasks(resource: Resource, result: dict[str, JSON]) -> None:
    """Failures to place a task fail only a step that waits for it."""
    if result.get("Failures") and resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
        raise StateFailed("AmazonECS.Unknown", dumps(result))


def _metadata() -> dict[str, JSON]:
    request_id = str(uuid.uuid4())
    now = datetime.now(timezone.utc)
    headers = {"Content-Type": "application/x-amz-json-1.1", "Date": format_datetime(now, usegmt=True),
               "x-amzn-RequestId": request_id}
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": {name: [value] for name, value in headers.items()},
                            "HttpHeaders": headers, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request_id},
    }
