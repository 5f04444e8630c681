"""The Smithy RPC v2 CBOR protocol (CloudWatch): the path names the operation, bodies are CBOR maps.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import OperationModel, Shape

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.route import CBOR_MARK, cbor_target
from stepfunctions.local.wire.values import epoch_seconds

_DEPTH = 64
_EPOCH_TAG = 1


def operation_of(request: Request) -> str:
    """Return the operation a request names; raises ``UnknownOperationException`` when it names none."""
    operation = cbor_target(request)[1]
    if not operation:
        raise ServiceError("UnknownOperationException", "The path is not /service/NAME/operation/NAME")
    return operation


def parse(request: Request) -> dict[str, Any]:
    """Return the parameters of a request, unchecked. Raises ``SerializationException`` for what is no CBOR map."""
    import cbor2

    if not request.body:
        return {}
    try:
        value = cbor2.loads(request.body, max_depth=_DEPTH)
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The body is not CBOR: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise ServiceError("SerializationException", "The body must be a CBOR map with text keys")
    return value


def serialise(result: dict[str, Any], operation: OperationModel) -> Response:
    """Return the HTTP response of a result."""
    shape = operation.output_shape
    return response({} if shape is None else _plain(result, shape))


def response(value: dict[str, Any], status: int = 200) -> Response:
    """Return the HTTP response with a map as its body."""
    import cbor2

    headers = [("Content-Type", "application/cbor"), CBOR_MARK]
    return Response(status=status, headers=headers, body=cbor2.dumps(value))


def _plain(value: Any, shape: Shape) -> Any:
    """Return a value as CBOR has it. Members that are None, or unknown to the model, are left out."""
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        return {name: _plain(one, members[name]) for name, one in value.items() if one is not None and name in members}
    if kind == "list":
        return [_plain(one, shape.member) for one in value]
    if kind == "map":
        return {key: _plain(one, shape.value) for key, one in value.items() if one is not None}
    if kind == "timestamp":
        return _timestamp(value)
    return float(value) if kind in ("float", "double") else value


def _timestamp(value: datetime | float | str) -> Any:
    import cbor2

    return cbor2.CBORTag(_EPOCH_TAG, epoch_seconds(value))
