"""A refusal as each protocol writes it, so that boto3 raises the exception class of the service's model."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Response, write_json
from stepfunctions.local.wire.models import service_model
from stepfunctions.local.wire.route import CBOR

if TYPE_CHECKING:
    from botocore.model import ServiceModel

_JSON, _REST_JSON, _QUERY = "json", "rest-json", "query"
_SQS = "AWS.SimpleQueueService."
_OLDER_CODES = MappingProxyType(
    {
        ("sqs", "QueueDoesNotExist"): f"{_SQS}NonExistentQueue",
        ("sqs", "QueueNameExists"): "QueueAlreadyExists",
        **{
            ("sqs", name): _SQS + name
            for name in (
                "BatchEntryIdsNotDistinct",
                "BatchRequestTooLong",
                "EmptyBatchRequest",
                "InvalidBatchEntryId",
                "MessageNotInflight",
                "PurgeQueueInProgress",
                "QueueDeletedRecently",
                "TooManyEntriesInBatchRequest",
                "UnsupportedOperation",
            )
        },
    }
)
"""(service, error) -> its code in the query protocol, which clients still show."""


def error_response(error: ServiceError, *, protocol: str, service: str | None, request_id: str) -> Response:
    """Return the HTTP response of an error; ``service`` is None when the request names none we have."""
    code, message, status, key = error.code, error.message, error.status, "message"
    kind, headers = code, []
    if service is not None:
        model = service_model(service)
        code = _declared(model, code)
        shape = model.shape_for_error_code(code)
        if shape is not None:
            key = "Message" if "Message" in shape.members else "message"
            declared = shape.metadata.get("error", {}).get("httpStatusCode")
            status = declared if declared is not None and status == 400 else status
        kind = code
        if "awsQueryCompatible" in model.metadata:
            kind = code if shape is None else shape.name
            headers = [("x-amzn-query-error", f"{_OLDER_CODES.get((service, code), code)};{_fault(status)}")]
    if protocol == CBOR:
        from stepfunctions.local.wire import cbor

        answer = cbor.response({"__type": kind, key: message}, status)
        answer.headers += headers
        return answer
    if protocol in (_JSON, _REST_JSON):
        body = {"__type": kind, key: message}
        content = "application/json" if protocol == _REST_JSON else "application/x-amz-json-1.1"
        headers = [("Content-Type", content), ("x-amzn-ErrorType", kind), *headers]
        return Response(status=status, headers=headers, body=write_json(body))
    return Response(
        status=status,
        headers=[("Content-Type", "text/xml")],
        body=_xml(code, message, status, request_id, wrapped=protocol == _QUERY),
    )


def _declared(model: ServiceModel, code: str) -> str:
    """Return an error's code on the wire, which a model may declare apart from the name of its shape."""
    if code in model.shape_names:
        return str(model.shape_for(code).metadata.get("error", {}).get("code", code))
    return code


def _fault(status: int) -> str:
    return "Sender" if status < 500 else "Receiver"


def _xml(code: str, message: str, status: int, request_id: str, *, wrapped: bool) -> bytes:
    root = ElementTree.Element("ErrorResponse" if wrapped else "Error")
    error = ElementTree.SubElement(root, "Error") if wrapped else root
    if wrapped:
        ElementTree.SubElement(error, "Type").text = _fault(status)
    ElementTree.SubElement(error, "Code").text = code
    ElementTree.SubElement(error, "Message").text = message
    ElementTree.SubElement(root, "RequestId").text = request_id
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text
