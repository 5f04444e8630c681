"""The json protocol (Step Functions, SageMaker, Glue, ECS): X-Amz-Target names the operation, bodies are JSON."""

from __future__ import annotations

from typing import Any

from botocore.model import OperationModel

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Request, Response, read_json, write_json
from stepfunctions.local.wire.models import service_model
from stepfunctions.local.wire.values import from_json, to_json


def operation_of(request: Request) -> str:
    """Return the operation a request names; raises ``UnknownOperationException`` when it names none."""
    target = request.headers.get("x-amz-target", "")
    operation = target.rpartition(".")[2]
    if not operation:
        raise ServiceError("UnknownOperationException", "The request has no X-Amz-Target header")
    return operation


def parse(request: Request, operation: OperationModel) -> dict[str, Any]:
    """Return the parameters of a request, unchecked."""
    value = read_json(request.body)
    if not isinstance(value, dict):
        raise ServiceError("SerializationException", "The body must be a JSON object")
    if operation.input_shape is None:
        return value
    parameters: dict[str, Any] = from_json(value, operation.input_shape)
    return parameters


def serialise(result: dict[str, Any], operation: OperationModel) -> Response:
    """Return the HTTP response of a result."""
    shape = operation.output_shape
    body = write_json(to_json(result, shape)) if shape is not None else b""
    return Response(headers=[("Content-Type", content_type(operation.service_model.service_name))], body=body)


def content_type(service: str) -> str:
    """Return the content type of a service's responses."""
    return f"application/x-amz-json-{service_model(service).metadata.get('jsonVersion', '1.0')}"
