"""The schemas of inputs, whichever way they are written, read into one form.

===========================  ====================================================================
2.3.0's dict of types        ``{"week": int, "where": {"bucket": str}}``
JSON Schema                  a dict with ``$schema``, ``type``, ``properties`` …, and no classes in it
dataclass                    fields without a default are required
TypedDict                    as its ``Required`` and ``NotRequired`` say
pydantic model               its JSON Schema, then its own validators
===========================  ====================================================================

In every form additional keys are allowed, unless the schema itself forbids them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Literal

from stepfunctions.inputs.utils import flatten, replace_type_with_str

Path = tuple[Any, ...]
"""Keys and indexes that lead to a value."""

_KEYWORDS = ("type", "properties", "$ref", "allOf", "anyOf", "oneOf", "enum", "const", "required", "items")
_MISSING = object()
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing in which a value does not fit its schema.

    ``kind``: ``missing`` (a required key), ``type`` (a value of another type), or ``value`` (the type is right).
    ``expected`` is a type, or words; ``given`` the value, None for a missing one.
    """

    path: Path
    kind: Literal["missing", "type", "value"]
    expected: Any
    given: Any = None

    @property
    def key(self) -> str:
        """The keys that lead to the value, joined by dots; "" for the whole value."""
        return ".".join(map(str, self.path))

    def __str__(self) -> str:
        where = self.key or "the input"
        if self.kind == "missing":
            return f"{where}: missing, expected {type_name(self.expected)}"
        return f"{where}: expected {type_name(self.expected)}, not {_shown(self.given)}"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that was read.

    ``fields``: the names that are declared -> a Python type (``object``: any), or the same of a nested object.
    ``document``: the schema in a form that JSON has, for messages.
    """

    fields: Mapping[Any, Any]
    document: Any
    check: Callable[[Any], list[SchemaProblem]]

    def problems(self, value: Any) -> list[SchemaProblem]:
        """Return what is wrong with a JSON value, or with an instance of the schema's class; [] when it fits."""
        return self.check(plain(value))


def read_schema(schema: Any) -> Schema:
    """Return a schema in its one form. Raises TypeError, ValueError when it is none of those above."""
    if isinstance(schema, Schema):
        return schema
    if isinstance(schema, type):
        return _read_class(schema)
    if not isinstance(schema, Mapping):
        raise TypeError(
            f"A schema is a dict of types, a JSON Schema, a dataclass, a TypedDict or a pydantic model, not {schema!r}."
        )
    if is_json_schema(schema):
        from stepfunctions.inputs.json_schemas import check_json, check_schema, fields_of

        check_schema(schema)
        return Schema(fields_of(schema), schema, functools.partial(check_json, schema))
    return Schema(schema, replace_type_with_str(schema), functools.partial(_check_types, schema))


def is_json_schema(schema: Mapping[Any, Any]) -> bool:
    """Tell a JSON Schema from 2.3.0's dict of types, which also may have a key ``type``: its leaves are classes."""
    if "$schema" in schema:
        return True
    if not any(word in schema for word in _KEYWORDS) or _has_classes(schema):
        return False
    return not isinstance(schema.get("type", ""), Mapping)


def _has_classes(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_classes(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(map(_has_classes, value))
    return isinstance(value, type)


def _read_class(cls: Any) -> Schema:
    from stepfunctions.inputs.class_schemas import class_schema, is_typed_dict
    from stepfunctions.inputs.json_schemas import check_json, fields_of

    if is_model(cls):
        document = cls.model_json_schema()
        return Schema(fields_of(document), document, functools.partial(_check_model, cls, document))
    if dataclasses.is_dataclass(cls) or is_typed_dict(cls):
        document = class_schema(cls)
        return Schema(fields_of(document), document, functools.partial(check_json, document))
    raise TypeError(
        f"{cls.__name__} is no schema: give a dataclass, a TypedDict, a pydantic model, or a dict such as "
        f'{{"name": {cls.__name__}}}.'
    )


def _check_model(cls: Any, document: Any, value: Any) -> list[SchemaProblem]:
    from stepfunctions.inputs.json_schemas import check_json

    found = check_json(document, value)
    if found:
        return found
    try:
        cls.model_validate(value)
    except ValueError as error:  # pydantic's ValidationError is one
        errors: Any = getattr(error, "errors", None)
        if errors is None:
            raise
        return [
            SchemaProblem(tuple(one["loc"]), "value", f"what the model says ({one['msg']})", one.get("input"))
            for one in errors()
        ]
    return []


def _check_types(schema: Mapping[Any, Any], value: Any, path: Path = ()) -> list[SchemaProblem]:
    """Compare a value with 2.3.0's form."""
    if not isinstance(value, Mapping):
        if path or value is not None:
            return [SchemaProblem(path, "type", dict, value)]
        value = {}  # no input at all
    found: list[SchemaProblem] = []
    for key, declared in schema.items():
        given = value.get(key, _MISSING)
        where = (*path, key)
        if given is _MISSING:
            leaves = flatten({key: declared}) if isinstance(declared, Mapping) else {key: declared}
            found += [SchemaProblem((*path, name), "missing", leaf) for name, leaf in leaves.items()]
        elif isinstance(declared, Mapping):
            found += _check_types(declared, given, where)
        elif not _is_a(given, declared):
            found.append(SchemaProblem(where, "type", declared, given))
    return found


def _is_a(value: Any, declared: Any) -> bool:
    if declared is float and isinstance(value, int) and not isinstance(value, bool):
        return True
    if isinstance(value, bool) and declared not in (bool, object):
        return False
    return isinstance(value, declared) if isinstance(declared, type) else True


def is_model(cls: Any) -> bool:
    """Tell whether a class is a model of pydantic 2, by what it can do."""
    return isinstance(cls, type) and hasattr(cls, "model_json_schema") and hasattr(cls, "model_validate")


def plain(value: Any) -> Any:
    """Return a value in the form of JSON: instances of dataclasses and pydantic models, enums and dates, at any depth.

    What has no such form is left for ``json.dumps`` to refuse.
    """
    if isinstance(value, type):
        return value
    if is_model(type(value)):
        return value.model_dump(mode="json", by_alias=True)
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def type_name(declared: Any) -> str:
    """Return how messages name a type."""
    return declared if isinstance(declared, str) else getattr(declared, "__name__", str(declared))


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    text = repr(value)
    return f"{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'} ({type(value).__name__})"
