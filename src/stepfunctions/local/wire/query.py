"""The query protocol (STS): requests are forms with ``Action`` and dotted names, responses are XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.values import ISO8601, from_text, to_text, wire_name


def operation_of(request: Request) -> str:
    """Return the operation a request names; raises ``MissingAction`` when it names none."""
    action = request.form().get("Action")
    if not action:
        raise ServiceError("MissingAction", "The request has no Action parameter")
    return action


def parse(request: Request, operation: OperationModel) -> dict[str, Any]:
    """Return the parameters of a request, unchecked."""
    fields = request.form()
    fields.pop("Action", None)
    fields.pop("Version", None)
    if operation.input_shape is None:
        return {}
    return _structure(fields, operation.input_shape, "")


def _read(fields: dict[str, str], shape: Shape, prefix: str) -> Any:
    """Return the value under a dotted name, or None when no field has it."""
    if prefix not in fields and not any(name.startswith(prefix + ".") for name in fields):
        return None
    if shape.type_name == "structure":
        return _structure(fields, shape, prefix)
    if shape.type_name == "list":
        return _list(fields, shape, prefix)
    if shape.type_name == "map":
        return _map(fields, shape, prefix)
    return from_text(fields[prefix], shape) if prefix in fields else None


def _structure(fields: dict[str, str], shape: StructureShape, prefix: str) -> dict[str, Any]:
    values = {
        name: _read(fields, member, f"{prefix}.{wire_name(member, name)}".lstrip("."))
        for name, member in shape.members.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def _list(fields: dict[str, str], shape: ListShape, prefix: str) -> list[Any]:
    if shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name")
        stem = ".".join([*prefix.split(".")[:-1], name]) if name else prefix
    else:
        stem = f"{prefix}.{wire_name(shape.member, 'member')}"
    return _numbered(fields, shape.member, stem)


def _map(fields: dict[str, str], shape: MapShape, prefix: str) -> dict[str, Any]:
    stem = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key, value = wire_name(shape.key, "key"), wire_name(shape.value, "value")
    entries: dict[str, Any] = {}
    number = 1
    while f"{stem}.{number}.{key}" in fields:
        entries[fields[f"{stem}.{number}.{key}"]] = _read(fields, shape.value, f"{stem}.{number}.{value}")
        number += 1
    return entries


def _numbered(fields: dict[str, str], shape: Shape, stem: str) -> list[Any]:
    ends = (name[len(stem) + 1 :].partition(".")[0] for name in fields if name.startswith(stem + "."))
    numbers = sorted({int(end) for end in ends if end.isdecimal()})
    return [_read(fields, shape, f"{stem}.{number}") for number in numbers]


def serialise(result: dict[str, Any], operation: OperationModel, request_id: str) -> Response:
    """Return the HTTP response of a result."""
    root = ElementTree.Element(f"{operation.name}Response", xmlns=_namespace(operation))
    shape = operation.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper")
        _write_members(ElementTree.SubElement(root, wrapper) if wrapper else root, result, shape)
    metadata = ElementTree.SubElement(root, "ResponseMetadata")
    ElementTree.SubElement(metadata, "RequestId").text = request_id
    return Response(headers=[("Content-Type", "text/xml")], body=ElementTree.tostring(root, "utf-8"))


def _namespace(operation: OperationModel) -> str:
    return str(operation.service_model.metadata.get("xmlNamespace", "https://amazonaws.com/doc/"))


def _write_members(parent: ElementTree.Element, value: dict[str, Any], shape: StructureShape) -> None:
    for name, one in value.items():
        if one is not None and name in shape.members:
            member = shape.members[name]
            _write(parent, wire_name(member, name), one, member)


def _write(parent: ElementTree.Element, name: str, value: Any, shape: Shape) -> None:
    flattened = shape.serialization.get("flattened", False)
    if shape.type_name == "structure":
        _write_members(ElementTree.SubElement(parent, name), value, shape)
    elif shape.type_name == "list":
        within = parent if flattened else ElementTree.SubElement(parent, name)
        item = wire_name(shape.member, name if flattened else "member")
        for one in value:
            _write(within, item, one, shape.member)
    elif shape.type_name == "map":
        within = parent if flattened else ElementTree.SubElement(parent, name)
        for key, one in value.items():
            entry = ElementTree.SubElement(within, name if flattened else "entry")
            _write(entry, wire_name(shape.key, "key"), key, shape.key)
            _write(entry, wire_name(shape.value, "value"), one, shape.value)
    else:
        ElementTree.SubElement(parent, name).text = to_text(value, shape, timestamps=ISO8601)
