"""S3's REST-XML on the server side, driven by botocore's model: requests to dicts, responses and errors to bytes."""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from stepfunctions.errors import ServiceError
from stepfunctions.local.s3.digests import LENGTHS, Meter, algorithm_of, verify_checksums, verify_md5
from stepfunctions.local.s3.faults import S3Error, invalid_argument, malformed_xml
from stepfunctions.local.s3.routing import Incoming

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_XMLNS = f' xmlns="{NAMESPACE}"'
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ROOTS = {
    # The names of root elements are not in the model (its parsers ignore them); these are the documented ones.
    "CompleteMultipartUploadOutput": "CompleteMultipartUploadResult",
    "CreateMultipartUploadOutput": "InitiateMultipartUploadResult",
    "DeleteObjectsOutput": "DeleteResult",
    "GetBucketAclOutput": "AccessControlPolicy",
    "GetBucketCorsOutput": "CORSConfiguration",
    "GetBucketLifecycleConfigurationOutput": "LifecycleConfiguration",
    "GetBucketTaggingOutput": "Tagging",
    "GetBucketVersioningOutput": "VersioningConfiguration",
    "GetObjectAclOutput": "AccessControlPolicy",
    "GetObjectAttributesOutput": "GetObjectAttributesResponse",
    "GetObjectTaggingOutput": "Tagging",
    "ListBucketsOutput": "ListAllMyBucketsResult",
    "ListMultipartUploadsOutput": "ListMultipartUploadsResult",
    "ListObjectVersionsOutput": "ListVersionsResult",
    "ListObjectsOutput": "ListBucketResult",
    "ListObjectsV2Output": "ListBucketResult",
    "ListPartsOutput": "ListPartsResult",
}


@dataclass(frozen=True)
class Answer:
    """A response without streamed body."""

    status: int
    headers: dict[str, str]
    body: bytes


# -- requests --------------------------------------------------------------------------------------------------------


def read_request(model: OperationModel, incoming: Incoming, body: bytes = b"") -> dict[str, Any]:
    """Return a request in boto3's member names; a streamed body is left out.

    Raises InvalidArgument, MalformedXML, MissingRequestBodyError, BadDigest.
    """
    shape = model.input_shape
    request: dict[str, Any] = {}
    if shape is None:
        return request
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        value = _located(name, member, incoming)
        if value is not None:
            request[name] = value
    if payload is not None and isinstance(shape.members[payload], StructureShape):
        if getattr(model, "http_checksum", None):
            _verify_body(incoming, body)
        if body.strip():
            request[payload] = _read_xml(body, shape.members[payload])
        elif payload in shape.required_members:
            raise S3Error("MissingRequestBodyError", "Request Body is empty")
    elif payload is not None and shape.members[payload].type_name == "string":
        request[payload] = body.decode("utf-8", "replace")
    return request


def _located(name: str, member: Shape, incoming: Incoming) -> Any:
    location, wire = member.serialization.get("location"), member.serialization.get("name", name)
    if location == "uri":
        return incoming.bucket if name == "Bucket" else incoming.key
    if location == "querystring":
        return _scalar(member, incoming.query.get(wire), wire)
    if location == "header":
        return _scalar(member, incoming.headers.get(wire.lower()), wire)
    if location == "headers":
        start = wire.lower()
        found = {header[len(start) :]: value for header, value in incoming.headers.items() if header.startswith(start)}
        return found or None
    return None


def _scalar(shape: Shape, text: str | None, wire: str) -> Any:
    if text is None:
        return None
    kind = shape.type_name
    if kind in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            raise invalid_argument(f"Provided {wire} not an integer or within integer range", wire, text) from None
    if kind == "boolean":
        return text.lower() == "true"
    if kind == "timestamp":
        try:
            return parse_timestamp(text)
        except (ValueError, OverflowError, RuntimeError):
            return text if wire == "Expires" else None  # a condition with an unreadable date is ignored (RFC 9110)
    if kind == "list":
        return [part.strip() for part in text.split(",")]
    return text


def _verify_body(incoming: Incoming, body: bytes) -> None:
    expected = {}
    for name, value in incoming.headers.items():
        if name.startswith("x-amz-checksum-") and name[15:].upper() in LENGTHS:
            expected[algorithm_of(name[15:])] = value
    meter = Meter(expected)
    meter.update(body)
    measured = meter.finish()
    verify_md5(incoming.headers.get("content-md5"), measured)
    verify_checksums(expected, measured)


def _read_xml(body: bytes, shape: StructureShape) -> Any:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise malformed_xml("a document type is not allowed")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise malformed_xml(str(error)) from None
    return _from_element(root, shape)


def _from_element(element: ElementTree.Element, shape: Shape) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(element, shape)
    if kind == "list":
        wanted = shape.member.serialization.get("name", "member")
        return [_from_element(child, shape.member) for child in element if _tag(child) == wanted]
    text = element.text or ""
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind == "timestamp":
            return parse_timestamp(text)
    except (ValueError, OverflowError, RuntimeError):
        raise malformed_xml(f"<{_tag(element)}> has the value '{text[:100]}'") from None
    return text.strip().lower() == "true" if kind == "boolean" else text


def _structure(element: ElementTree.Element, shape: StructureShape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = _wire_name(name, member)
        if member.serialization.get("xmlAttribute"):
            value = element.get(f"{{{_XSI}}}{wire.split(':')[-1]}")
            if value is not None:
                found[name] = value
            continue
        children = [child for child in element if _tag(child) == wire]
        if not children:
            if name in shape.required_members:
                raise malformed_xml(f"<{_tag(element)}> needs <{wire}>")
        elif _flattened(member):
            found[name] = [_from_element(child, member.member) for child in children]
        else:
            found[name] = _from_element(children[0], member)
    return found


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _flattened(shape: Shape) -> bool:
    return shape.type_name == "list" and bool(shape.serialization.get("flattened"))


def _wire_name(name: str, shape: Shape) -> str:
    if _flattened(shape):
        inner: str | None = shape.member.serialization.get("name")
        if inner:
            return inner
    wire: str = shape.serialization.get("name", name)
    return wire


# -- responses -------------------------------------------------------------------------------------------------------


def write_response(model: OperationModel, response: Mapping[str, Any]) -> Answer:
    """Return the answer of an operation; a streamed Body is not in it."""
    status = int(model.http.get("responseCode", 200))
    shape = model.output_shape
    headers: dict[str, str] = {}
    if shape is None:
        return Answer(status, headers, b"")
    inside: dict[str, Shape] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        value = response.get(name)
        if location is None:
            inside[name] = member
        elif value is not None:
            wire = member.serialization.get("name", name)
            if location == "headers":
                headers.update({wire + key: text for key, text in value.items()})
            else:
                headers[wire] = _header_text(value)
    body = _payload(model, shape, inside, response)
    if body:
        headers["Content-Type"] = "application/json" if model.name == "GetBucketPolicy" else "application/xml"
    return Answer(status, headers, body)


def _payload(
    model: OperationModel, shape: StructureShape, inside: Mapping[str, Shape], response: Mapping[str, Any]
) -> bytes:
    payload = shape.serialization.get("payload")
    if model.name == "GetBucketLocation":  # the one answer whose root element is the value itself
        text = response.get("LocationConstraint") or ""
        return _document(["<LocationConstraint", _XMLNS, ">", text, "</LocationConstraint>"])
    if payload is None:
        return _structure_document(_ROOTS.get(shape.name, shape.name), shape, response) if inside else b""
    member = shape.members[payload]
    if member.type_name == "string":
        return str(response[payload]).encode()
    if not isinstance(member, StructureShape) or payload not in response:
        return b""
    return _structure_document(member.serialization.get("name", member.name), member, response[payload])


def _structure_document(root: str, shape: StructureShape, values: Mapping[str, Any]) -> bytes:
    out: list[str] = []
    _write_structure(out, root, shape, values, _XMLNS)
    return _document(out)


def _document(out: Iterable[str]) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(out)).encode()


@dataclass(frozen=True)
class _Member:
    """How one member of a structure is written."""

    name: str
    wire: str
    shape: Shape
    repeated: bool
    attribute: bool


@functools.cache
def _plan(shape: StructureShape) -> tuple[_Member, ...]:
    return tuple(
        _Member(
            name,
            _wire_name(name, member),
            member.member if _flattened(member) else member,
            _flattened(member),
            bool(member.serialization.get("xmlAttribute")),
        )
        for name, member in shape.members.items()
        if "location" not in member.serialization
    )


def _write_structure(
    out: list[str], wire: str, shape: StructureShape, values: Mapping[str, Any], declared: str = ""
) -> None:
    plan = _plan(shape)
    for member in plan:
        if member.attribute and values.get(member.name) is not None:
            declared += f' xmlns:xsi="{_XSI}" {member.wire}="{_escape(str(values[member.name]))}"'
    out.append(f"<{wire}{declared}>")
    for member in plan:
        value = values.get(member.name)
        if value is None or member.attribute:
            continue
        if member.repeated:
            for one in value:
                _write(out, member.wire, member.shape, one)
        else:
            _write(out, member.wire, member.shape, value)
    out.append(f"</{wire}>")


def _write(out: list[str], wire: str, shape: Shape, value: Any) -> None:
    if isinstance(value, str):
        out.append(f"<{wire}>{_escape(value)}</{wire}>")
    elif isinstance(shape, StructureShape):
        _write_structure(out, wire, shape, value)
    elif shape.type_name == "list":
        out.append(f"<{wire}>")
        for one in value:
            _write(out, shape.member.serialization.get("name", "member"), shape.member, one)
        out.append(f"</{wire}>")
    elif isinstance(value, bool):
        out.append(f"<{wire}>{'true' if value else 'false'}</{wire}>")
    elif isinstance(value, datetime):
        text = value.astimezone(timezone.utc).isoformat(timespec="seconds")[:19]  # S3 keeps whole seconds
        out.append(f"<{wire}>{text}.000Z</{wire}>")
    else:
        out.append(f"<{wire}>{value}</{wire}>")


def _header_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_datetime(value.astimezone(timezone.utc), usegmt=True)
    return str(value)


def _escape(text: str) -> str:
    """Escape text; control characters become references, which at least a parser of XML 1.1 reads."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


_SPECIAL = re.compile('[\x00-\x1f&<>"]')
_ESCAPES = {
    **{code: f"&#{code};" for code in range(32)},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}
_UNREADABLE = dict.fromkeys({*range(32)} - {9, 10, 13}, "\ufffd")  # no error may be lost to a parser of XML 1.0


def write_error(error: ServiceError, request_id: str, resource: str) -> Answer:
    """Return the answer for an error: S3's Error element with the details of an :class:`S3Error`."""
    details = error.details if isinstance(error, S3Error) else {}
    fields = {
        "Code": error.code,
        "Message": error.message,
        **details,
        "Resource": resource,
        "RequestId": request_id,
        "HostId": request_id,
    }
    inside = [f"<{name}>{_escape(text.translate(_UNREADABLE))}</{name}>" for name, text in fields.items()]
    headers = error.headers if isinstance(error, S3Error) else {}
    return Answer(
        error.status, {"Content-Type": "application/xml", **headers}, _document(["<Error>", *inside, "</Error>"])
    )
