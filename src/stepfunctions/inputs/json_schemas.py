"""JSON Schema: the fields it declares, and what is wrong with a value, in words of ours."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepfunctions.inputs.schemas import Path, SchemaProblem

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} keys",
    "maxProperties": "at most {} keys",
    "pattern": "text that matches '{}'",
    "format": "text in the format '{}'",
    "const": "{!r}",
}


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise ValueError, with the place, when a dict is no JSON Schema."""
    import jsonschema
    from jsonschema.exceptions import SchemaError, best_match

    cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    error = best_match(cls(cls.META_SCHEMA).iter_errors(schema))
    if error is None:
        return
    where = ".".join(map(str, error.absolute_path)) or "the top"
    hint = ""
    if isinstance(error.instance, str):
        close = difflib.get_close_matches(error.instance, _TYPES, 1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
    raise ValueError(f"This is no JSON Schema: at {where}: {error.message}.{hint}") from SchemaError.create_from(error)


def fields_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that the schema of an object declares -> a Python type, or the same of a nested object."""
    found = _field(schema, schema, ())
    return found if isinstance(found, dict) else {}


def _field(schema: Any, root: Mapping[str, Any], opened: tuple[str, ...]) -> Any:
    """Return the type of a value: a dict of names for an object that declares some; ``object`` when it is not said."""
    if not isinstance(schema, Mapping):
        return object
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in opened:  # a class inside itself
            return dict
        return _field(_at(root, reference), root, (*opened, reference))
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        return {name: _field(one, root, opened) for name, one in properties.items()}
    for word in ("allOf", "anyOf", "oneOf"):
        inner = {str(one): one for one in (_field(one, root, opened) for one in schema.get(word) or ())}
        inner.pop(str(type(None)), None)
        if inner:
            return next(iter(inner.values())) if len(inner) == 1 else object
    kinds = schema.get("type")
    names = [kinds] if isinstance(kinds, str) else [one for one in kinds or () if one != "null"]
    if len(names) == 1:
        return _TYPES.get(names[0], object)
    values = {type(one) for one in schema.get("enum") or ([schema["const"]] if "const" in schema else ())}
    return values.pop() if len(values) == 1 else object


def _at(root: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference inside the document points at; nothing for other documents."""
    value: Any = root
    for token in reference.removeprefix("#").split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def check_json(schema: Mapping[str, Any], value: Any) -> list[SchemaProblem]:
    """Return what is wrong with a value, in the order of its keys. No input at all is an empty one."""
    import jsonschema

    cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    validator = cls(schema, format_checker=cls.FORMAT_CHECKER)
    found: dict[str, SchemaProblem] = {}
    errors = validator.iter_errors({} if value is None and "properties" in schema else value)
    for error in errors:
        for problem in _problems(error):
            found.setdefault(f"{problem.path} {problem.expected}", problem)
    return list(found.values())


def _problems(error: Any) -> Iterable[SchemaProblem]:
    from stepfunctions.inputs.schemas import SchemaProblem

    path: Path = tuple(error.absolute_path)
    rule, wanted, given = error.validator, error.validator_value, error.instance
    if rule == "required":
        properties = error.schema.get("properties", {})
        for name in wanted:
            if name not in given:
                yield SchemaProblem((*path, name), "missing", _expected(properties.get(name, {})))
    elif rule == "type":
        yield SchemaProblem(path, "type", _type_of(wanted), given)
    elif rule in ("additionalProperties", "unevaluatedProperties") and isinstance(given, Mapping):
        known = list(error.schema.get("properties", {}))
        for name in given:
            if name not in known:
                yield SchemaProblem((*path, name), "value", _no_such_key(name, known), given[name])
    elif rule == "enum":
        listed = ", ".join(json.dumps(one, ensure_ascii=False, default=str) for one in wanted)
        yield SchemaProblem(path, "value", f"one of {listed}", given)
    elif error.context:
        yield from _alternatives(error, path)
    elif rule in _WORDS:
        yield SchemaProblem(path, "value", _WORDS[rule].format(wanted), given)
    else:
        yield SchemaProblem(path, "value", f"what the schema says ({error.message})", given)


def _alternatives(error: Any, path: Path) -> Iterable[SchemaProblem]:
    """Return the problems of the alternative that fits best; when only types differ, all of them at once."""
    from jsonschema.exceptions import best_match

    from stepfunctions.inputs.schemas import SchemaProblem

    inner = list(error.context)
    if all(one.validator == "type" and tuple(one.absolute_path) == path for one in inner):
        names = " or ".join(_names(one.validator_value) for one in inner)
        yield SchemaProblem(path, "type", names, error.instance)
        return
    fitting = [one for one in inner if one.validator != "type" or tuple(one.absolute_path) != path]
    best = best_match(iter(fitting or inner))
    yield from _problems(best)


def _no_such_key(name: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, 1)
    return "no such key" + (f" (did you mean '{close[0]}'?)" if close else f" (known: {', '.join(known) or 'none'})")


def _expected(schema: Any) -> Any:
    wanted = schema.get("type") if isinstance(schema, Mapping) else None
    return _type_of(wanted) if wanted else "a value"


def _type_of(wanted: Any) -> Any:
    """Return a Python type for one name, words for several."""
    if isinstance(wanted, str):
        return _TYPES.get(wanted, wanted)
    return _TYPES.get(wanted[0], wanted[0]) if len(wanted) == 1 else _names(wanted)


def _names(wanted: Any) -> str:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    return " or ".join("None" if one == "null" else getattr(_TYPES.get(one), "__name__", one) for one in names)
