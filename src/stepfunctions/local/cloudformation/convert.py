"""A template's values as a service's requests want them, and back: both follow the shapes of botocore's models.

CloudFormation's properties are the members of an API's requests but for their case, numbers written as text,
documents written as objects, and tags, which come as a list or as a map.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.model import Shape, StructureShape

from stepfunctions.errors import ServiceError


def wrong(message: str) -> ServiceError:
    """Return the refusal of a property's value."""
    return ServiceError("ValidationException", message)


def converted(value: Any, shape: Shape, path: str) -> Any:
    """Return a property's value in the form of a member of this shape.

    Raises ServiceError for what the member cannot be; ``path`` names the property.
    """
    return _FORMS.get(shape.type_name, _as_it_is)(value, shape, path)


@functools.cache
def members(shape: StructureShape) -> Mapping[str, str]:
    """Return the names of a structure's members by their names without case."""
    return {name.casefold(): name for name in shape.members}


def _as_it_is(value: Any, shape: Shape, path: str) -> Any:  # noqa: ARG001
    return value


def _structure(value: Any, shape: Shape, path: str) -> Any:
    assert isinstance(shape, StructureShape)
    if getattr(shape, "is_document_type", False):
        return value
    if not isinstance(value, dict):
        raise wrong(f"Value of property {path} must be an object")
    names, made = members(shape), {}
    for key, one in value.items():
        name = names.get(key.casefold())
        if name is None:
            raise wrong(f"Encountered unsupported property {path}.{key}")
        made[name] = converted(one, shape.members[name], f"{path}.{key}")
    return made


def _list(value: Any, shape: Any, path: str) -> Any:
    member = shape.member
    if isinstance(value, dict) and isinstance(member, StructureShape):
        names = members(member)
        if set(names) in ({"key", "value"}, {"tagkey", "tagvalue"}):
            key, text_of = sorted(names.values(), key=str.casefold)
            value = [{key: name, text_of: one} for name, one in value.items()]
    if not isinstance(value, list):
        raise wrong(f"Value of property {path} must be of type List")
    return [converted(one, member, f"{path}.{index}") for index, one in enumerate(value)]


def _map(value: Any, shape: Any, path: str) -> Any:
    if isinstance(value, list):
        value = tags_of(value, path)
    if not isinstance(value, dict):
        raise wrong(f"Value of property {path} must be an object")
    return {str(key): converted(one, shape.value, f"{path}.{key}") for key, one in value.items()}


def tags_of(value: Any, path: str = "Tags") -> dict[str, str]:
    """Return tags as a map; a template gives a list of Key and Value, or a map."""
    if isinstance(value, dict):
        return {key: text(one) for key, one in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) and {*one} >= {"Key", "Value"} for one in value):
        return {one["Key"]: text(one["Value"]) for one in value}
    raise wrong(f"Value of property {path} must be a list of objects with Key and Value")


def text(value: Any) -> str:
    """Return a value as text: a document as JSON, true and false in small letters."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _string(value: Any, shape: Shape, path: str) -> str:  # noqa: ARG001
    return text(value)


def _number(kind: Callable[[Any], Any], name: str) -> Callable[[Any, Shape, str], Any]:
    def form(value: Any, shape: Shape, path: str) -> Any:  # noqa: ARG001
        try:
            if isinstance(value, bool) or (kind is int and isinstance(value, float) and value != int(value)):
                raise ValueError
            return kind(value)
        except (TypeError, ValueError, OverflowError):
            raise wrong(f"Value of property {path} must be of type {name}") from None

    return form


def _boolean(value: Any, shape: Shape, path: str) -> bool:  # noqa: ARG001
    known = {"true": True, "false": False}.get(str(value).casefold())
    if known is None:
        raise wrong(f"Value of property {path} must be of type Boolean")
    return known


def _blob(value: Any, shape: Shape, path: str) -> Any:  # noqa: ARG001
    return value.encode() if isinstance(value, str) else value


_FORMS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number(int, "Integer"),
    "long": _number(int, "Long"),
    "float": _number(float, "Double"),
    "double": _number(float, "Double"),
    "boolean": _boolean,
    "blob": _blob,
}


def mirrored(expected: Any, live: Any) -> Any:
    """Return what is live in the form in which a template wrote it; what the template does not say is left out."""
    if isinstance(expected, dict):
        if isinstance(live, str):
            live = document(live)
        if isinstance(live, list) and _are_tags(live):
            live = tags_of([{key.capitalize(): one for key, one in tag.items()} for tag in live])
        if not isinstance(live, dict):
            return live
        names = {name.casefold(): one for name, one in live.items()}
        return {key: mirrored(one, names[key.casefold()]) for key, one in expected.items() if key.casefold() in names}
    if isinstance(expected, list):
        if isinstance(live, dict) and _are_tags(expected):
            live = [{"Key": key, "Value": one} for key, one in live.items()]
        if not isinstance(live, list):
            return live
        shared = [mirrored(one, other) for one, other in zip(expected, live, strict=False)]
        return shared + live[len(expected) :]
    return expected if _same(expected, live) else live


def _are_tags(value: list[Any]) -> bool:
    return bool(value) and all(
        isinstance(one, dict) and {key.casefold() for key in one} == {"key", "value"} for one in value
    )


def _same(expected: Any, live: Any) -> bool:
    if isinstance(expected, bool) or isinstance(live, bool):
        return str(expected).casefold() == str(live).casefold()
    try:
        return bool(expected == live or float(expected) == float(live))
    except (TypeError, ValueError):
        return False


def document(live: str) -> Any:
    """Return the document in a text, which IAM gives with its characters escaped; other text stays text."""
    try:
        return json.loads(unquote(live) if live.startswith("%7B") else live)
    except ValueError:
        return live
