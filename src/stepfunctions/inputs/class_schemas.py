"""Dataclasses and TypedDicts as JSON Schemas: what their annotations say about the JSON of an instance."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from stepfunctions.inputs.schemas import is_model

_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    dict: {"type": "object"},
    datetime: {"type": "string"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string"},
    Decimal: {"type": "number"},
    UUID: {"type": "string", "format": "uuid"},
    Any: {},
    object: {},
}
_ARRAYS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_QUALIFIERS = ("NotRequired", "Required", "ReadOnly")


def is_typed_dict(cls: Any) -> bool:
    """Tell whether a class is a TypedDict, of typing or of typing_extensions."""
    return isinstance(cls, type) and issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def class_schema(cls: type) -> dict[str, Any]:
    """Return the JSON Schema of a dataclass or TypedDict.

    Raises TypeError for an annotation that cannot be resolved, or whose values have no form in JSON.
    """
    definitions: dict[str, Any] = {}
    _object(cls, definitions)
    top = definitions[_name(cls)]
    nested = {name: one for name, one in definitions.items() if one is not top or _refers_to(definitions, name)}
    return {**top, **({"$defs": nested} if nested else {})}


def _name(cls: type) -> str:
    return cls.__qualname__.replace("/", "_").replace("~", "_")


def _refers_to(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return value.get("$ref") == f"#/$defs/{name}" or any(_refers_to(one, name) for one in value.values())
    return isinstance(value, list) and any(_refers_to(one, name) for one in value)


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Write down a class once and return a reference to it."""
    reference = {"$ref": f"#/$defs/{_name(cls)}"}
    if _name(cls) in definitions:
        return reference
    properties: dict[str, Any] = {}
    definitions[_name(cls)] = schema = {"type": "object", "title": cls.__name__, "properties": properties}
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise TypeError(f"The annotations of {cls.__name__} cannot be resolved: {error}.") from None
    required: list[str] = []
    for name, hint, needed in _members(cls, hints):
        hint, needed = _unqualified(hint, needed)
        properties[name] = _schema(hint, definitions, f"{cls.__name__}.{name}")
        if needed:
            required.append(name)
    if required:
        schema["required"] = required
    return reference


def _members(cls: type, hints: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    """Return name, annotation and whether it is required, of each field."""
    if is_typed_dict(cls):
        required = cls.__required_keys__  # type: ignore[attr-defined]
        return [(name, hint, name in required) for name, hint in hints.items()]
    return [
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(cls)
    ]


def _unqualified(hint: Any, needed: bool) -> tuple[Any, bool]:
    """Take NotRequired and Required off. They win over the class: with annotations as text it does not see them."""
    origin = typing.get_origin(hint)
    while getattr(origin, "_name", getattr(origin, "__name__", "")) in _QUALIFIERS:
        name = getattr(origin, "_name", None) or origin.__name__
        needed = {"NotRequired": False, "Required": True}.get(name, needed)
        hint = typing.get_args(hint)[0]
        origin = typing.get_origin(hint)
    return hint, needed


def _schema(hint: Any, definitions: dict[str, Any], where: str) -> dict[str, Any]:
    if hasattr(hint, "__supertype__"):  # NewType
        return _schema(hint.__supertype__, definitions, where)
    try:
        simple = _SIMPLE.get(hint)
    except TypeError:
        simple = None
    if simple is not None:
        return dict(simple)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None:
        return _generic(origin, arguments, definitions, where)
    if isinstance(hint, typing.TypeVar):
        return {}
    if dataclasses.is_dataclass(hint) or is_typed_dict(hint):
        return _object(hint, definitions)
    if is_model(hint):
        return _model(hint, definitions)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    if isinstance(hint, type) and issubclass(hint, PurePath):
        return {"type": "string"}
    for base in (bool, int, float, str, list, tuple, dict):
        if isinstance(hint, type) and issubclass(hint, base):
            return dict(_SIMPLE[base])
    if hint in _ARRAYS:
        return {"type": "array"}
    if hint in _OBJECTS:
        return {"type": "object"}
    name = getattr(hint, "__name__", str(hint))
    raise TypeError(f"{where}: {name} has no form in JSON. Use str, int, float, bool, list, dict or another dataclass.")


def _model(cls: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Write down a pydantic model inside a dataclass, with the models it refers to."""
    document = dict(cls.model_json_schema())
    definitions.update(document.pop("$defs", {}))
    definitions[_name(cls)] = document
    return {"$ref": f"#/$defs/{_name(cls)}"}


def _generic(origin: Any, arguments: tuple[Any, ...], definitions: dict[str, Any], where: str) -> dict[str, Any]:
    if origin is typing.Annotated:
        return _schema(arguments[0], definitions, where)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is typing.Union or origin is types.UnionType:
        return {"anyOf": [_schema(one, definitions, where) for one in arguments]}
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        items = [_schema(one, definitions, where) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin in _ARRAYS:
        return {"type": "array", "items": _schema(arguments[0], definitions, where)}
    if origin in _OBJECTS:
        return {"type": "object", "additionalProperties": _schema(arguments[-1], definitions, where)}
    if isinstance(origin, type) and (dataclasses.is_dataclass(origin) or is_typed_dict(origin)):
        return _object(origin, definitions)
    raise TypeError(f"{where}: {origin} has no form in JSON. Use list, dict, or a class with annotated fields.")
