"""A refusal as each protocol writes it, so that boto3 raises the exception class of the service's model."""

from __future__ import annotations

from xml.etree import ElementTree

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Response, write_json
from stepfunctions.local.wire.models import service_model

_JSON, _REST_JSON, _QUERY = "json", "rest-json", "query"


def error_response(error: ServiceError, *, protocol: str, service: str | None, request_id: str) -> Response:
    """Return the HTTP response of an error; ``service`` is None when the request names none we have."""
    code, message, status, key = error.code, error.message, error.status, "message"
    if service is not None:
        shape = service_model(service).shape_for_error_code(code)
        if shape is not None:
            key = "Message" if "Message" in shape.members else "message"
            declared = shape.metadata.get("error", {}).get("httpStatusCode")
            status = declared if declared is not None and status == 400 else status
            code = shape.metadata.get("error", {}).get("code", code)
    if protocol in (_JSON, _REST_JSON):
        body = {"__type": code, key: message}
        content = "application/json" if protocol == _REST_JSON else "application/x-amz-json-1.1"
        headers = [("Content-Type", content), ("x-amzn-ErrorType", code)]
        return Response(status=status, headers=headers, body=write_json(body))
    return Response(
        status=status,
        headers=[("Content-Type", "text/xml")],
        body=_xml(code, message, status, request_id, wrapped=protocol == _QUERY),
    )


def _xml(code: str, message: str, status: int, request_id: str, *, wrapped: bool) -> bytes:
    root = ElementTree.Element("ErrorResponse" if wrapped else "Error")
    error = ElementTree.SubElement(root, "Error") if wrapped else root
    if wrapped:
        ElementTree.SubElement(error, "Type").text = "Sender" if status < 500 else "Receiver"
    ElementTree.SubElement(error, "Code").text = code
    ElementTree.SubElement(error, "Message").text = message
    ElementTree.SubElement(root, "RequestId").text = request_id
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text
