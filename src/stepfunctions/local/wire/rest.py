"""The rest-json protocol (Lambda, SageMaker Runtime): values in the path, the query string, headers and the body."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.model import OperationModel, Shape, StructureShape

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Request, Response, read_json, write_json
from stepfunctions.local.wire.models import service_model
from stepfunctions.local.wire.values import (
    RFC822,
    from_base64,
    from_json,
    from_text,
    to_json,
    to_text,
    wire_name,
)


@dataclass(frozen=True, kw_only=True)
class Route:
    """How one operation is found: its method, the pattern of its path, and fixed query string fields."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    literal: int


@functools.cache
def routes(service: str) -> tuple[Route, ...]:
    """Return the routes of every operation of a service, the most literal path first."""
    model = service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        parts = re.split(r"\{(.*?)\}", path.rstrip("/"))
        pattern = ""
        for index, part in enumerate(parts):
            if index % 2 == 0:
                pattern += re.escape(part)
            else:
                label = part.rstrip("+").replace("-", "_")
                pattern += f"(?P<{label}>{'.+' if part.endswith('+') else '[^/]+'})"
        found.append(
            Route(
                operation=name,
                method=http["method"],
                pattern=re.compile(pattern),
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                literal=sum(map(len, parts[::2])),
            )
        )
    return tuple(sorted(found, key=lambda route: (-route.literal, -len(route.query))))


def match(service: str, request: Request) -> tuple[str, dict[str, str]]:
    """Return the operation of a request and the labels of its path.

    Raises :class:`ServiceError` (``UnknownOperationException``) when no operation has this method and path.
    """
    path = request.path.rstrip("/")
    for route in routes(service):
        if route.method == request.method and all(pair in request.query for pair in route.query):
            matched = route.pattern.fullmatch(path)
            if matched:
                return route.operation, {name: unquote(text) for name, text in matched.groupdict().items()}
    raise ServiceError(
        "UnknownOperationException", f"No operation of {service} is {request.method} {request.path}", 404
    )


def parse(request: Request, operation: OperationModel, labels: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of a request, unchecked."""
    shape = operation.input_shape
    if shape is None:
        return {}
    parameters = _from_body(request, shape)
    bound = {
        wire_name(member, name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring"
    }
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        key = wire_name(member, name)
        value: Any = None
        if location == "uri":
            label = labels.get(key.replace("-", "_"))
            value = None if label is None else from_text(label, member)
        elif location == "querystring":
            value = _from_query(request.query, key, member, bound)
        elif location == "header":
            value = _from_header(request.headers.get(key.lower()), member)
        elif location == "headers":
            prefix = key.lower()
            value = {
                header[len(prefix) :]: text for header, text in request.headers.items() if header.startswith(prefix)
            } or None
        if value is not None:
            parameters[name] = value
    return parameters


def _from_body(request: Request, shape: StructureShape) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if payload is None:
        if all("location" in member.serialization for member in shape.members.values()):
            return {}
        value = read_json(request.body)
        if not isinstance(value, dict):
            raise ServiceError("SerializationException", "The body must be a JSON object")
        return dict(from_json(value, shape))
    member = shape.members[payload]
    if member.type_name in ("blob", "string"):
        if not request.body and payload not in shape.required_members:
            return {}
        return {payload: request.body if member.type_name == "blob" else request.body.decode()}
    return {payload: from_json(read_json(request.body), member)} if request.body else {}


def _from_query(query: tuple[tuple[str, str], ...], key: str, shape: Shape, bound: set[str]) -> Any:
    if shape.type_name == "map":
        return {name: text for name, text in query if name not in bound} or None
    texts = [text for name, text in query if name == key]
    if not texts:
        return None
    if shape.type_name == "list":
        return [from_text(text, shape.member) for text in texts]
    return from_text(texts[-1], shape)


def _from_header(text: str | None, shape: Shape) -> Any:
    if text is None:
        return None
    if shape.serialization.get("jsonvalue"):
        return json.loads(from_base64(text))
    if shape.type_name == "list":
        return [from_text(part, shape.member) for part in _split_list(text)]
    return from_text(text, shape)


def _split_list(text: str) -> list[str]:
    """Split a comma-separated header; an item in double quotes may hold commas."""
    items = re.findall(r'\s*("(?:\\.|[^"\\])*"|[^,]*)\s*(?:,|$)', text)[:-1] if text else []
    return [item[1:-1].replace('\\"', '"') if item.startswith('"') else item.strip() for item in items]


def serialise(result: dict[str, Any], operation: OperationModel) -> Response:
    """Return the HTTP response of a result."""
    response = Response(status=operation.http.get("responseCode", 200))
    shape = operation.output_shape
    if shape is None:
        return response
    in_body: dict[str, Any] = {}
    for name, value in result.items():
        member = shape.members.get(name)
        if member is None or value is None:
            continue
        location = member.serialization.get("location")
        if location == "statusCode":
            response.status = value
        elif location == "header":
            response.headers.append((wire_name(member, name), _header_text(value, member)))
        elif location == "headers":
            prefix = member.serialization.get("name", "")
            response.headers += [(prefix + key, _one_line(text)) for key, text in value.items()]
        else:
            in_body[name] = value
    _write_body(response, in_body, shape)
    return response


def _write_body(response: Response, in_body: dict[str, Any], shape: StructureShape) -> None:
    payload = shape.serialization.get("payload")
    if payload is None:
        if response.status != 204:
            response.headers.append(("Content-Type", "application/json"))
            response.body = write_json(to_json(in_body, shape))
        return
    value, member = in_body.get(payload), shape.members[payload]
    if member.type_name in ("blob", "string"):
        content: Any = value.read() if value is not None and hasattr(value, "read") else value
        response.body = content.encode() if isinstance(content, str) else bytes(content or b"")
    else:
        response.headers.append(("Content-Type", "application/json"))
        response.body = write_json(to_json(value, member)) if value is not None else b"{}"


def _header_text(value: Any, shape: Shape) -> str:
    if shape.type_name == "list":
        return ",".join(_one_line(to_text(one, shape.member, timestamps=RFC822)) for one in value)
    return _one_line(to_text(value, shape, timestamps=RFC822))


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\0]+", " ", text)
