"""Check a request against its shape, with AWS's own words, and bring its values into one form.

A service method gets exactly what the model says: aware UTC datetimes, bytes for blobs, ints for integers, no
nulls, no unknown member. Everything wrong with a request is reported in one error, as AWS does.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime, timezone
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from stepfunctions.errors import ServiceError

_PATTERN_LIMIT = 4096  # AWS's patterns are for names; on a long value a match may take very long
_HIDDEN = object()
"""Stands for the value of a sensitive member, which messages do not show."""
_PAYLOAD = "SensitiveData"
"""Step Functions' shape of an input or output, whose length counts in bytes."""
_BYTES = "bytes in UTF-8 encoding"


_AT_MOST = "less than or equal to"
_TOO_LONG = (f"Member must have length {_AT_MOST}", f"Member must have size {_AT_MOST}")


class _WrongType(Exception):
    pass


def check_request(
    params: dict[str, Any], shape: StructureShape | None, *, longest: bool = True, code: str = "ValidationException"
) -> dict[str, Any]:
    """Return the request with its values in one form. ``longest=False``: a text may be of any length.
    ``code``: what the service calls a request that its model does not allow.

    Raises :class:`ServiceError`: ``SerializationException`` for a value of the wrong type or an unknown
    member, ``code`` for missing members and broken bounds, patterns and enums.
    """
    checked, problems = coerce(params, shape)
    if not longest:
        problems = [problem for problem in problems if not any(words in problem for words in _TOO_LONG)]
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise ServiceError(code, count + "; ".join(problems))
    return checked


def coerce(params: dict[str, Any], shape: StructureShape | None) -> tuple[dict[str, Any], list[str]]:
    """Return the request with its values in one form, and each broken constraint in AWS's words.

    Raises :class:`ServiceError` (``SerializationException``) for wrong types and unknown members.
    """
    problems: list[str] = []
    try:
        return _structure(params, _NOTHING if shape is None else shape, "", problems), problems
    except _WrongType as error:
        raise ServiceError("SerializationException", str(error)) from None


_NOTHING = StructureShape("Nothing", {"type": "structure", "members": {}})


def _check(value: Any, shape: Shape, path: str, problems: list[str]) -> Any:
    kind: str = shape.type_name
    if kind == "structure":
        return value if shape.is_document_type else _structure(value, shape, path, problems)
    if kind == "list":
        return _list(value, shape, path, problems)
    if kind == "map":
        return _map(value, shape, path, problems)
    scalar = _SCALARS[kind](value, path)
    if shape.metadata:
        _constrain(scalar, shape, path, problems)
    return scalar


def _structure(value: Any, shape: StructureShape, path: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", path)
    members = shape.members
    for name in value:
        if name not in members:
            raise _WrongType(
                f'Unknown parameter in {path or "input"}: "{name}", must be one of: {", ".join(members) or "(none)"}'
            )
    for name in shape.required_members:
        if value.get(name) is None:
            problems.append(_failed(None, _join(path, name), "Member must not be null"))
    checked = {
        name: _check(one, members[name], _join(path, name), problems) for name, one in value.items() if one is not None
    }
    if shape.is_tagged_union and len(checked) != 1:
        problems.append(f"Exactly one of {', '.join(members)} must be set in '{path or 'input'}'")
    return checked


def _list(value: Any, shape: ListShape, path: str, problems: list[str]) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "an array", path)
    member = shape.member
    _constrain(value, shape, path, problems)
    return [_check(one, member, f"{path}.{index}.member", problems) for index, one in enumerate(value, 1)]


def _map(value: Any, shape: MapShape, path: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", path)
    _constrain(value, shape, path, problems)
    keys, values = shape.key, shape.value
    return {
        _check(key, keys, f"{path}.key", problems): _check(one, values, f"{path}.{key}", problems)
        for key, one in value.items()
        if one is not None
    }


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "a string", path)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _WrongType(f"The value at '{path}' is no text: it has half of a surrogate pair") from None
    return value


def _integer(value: Any, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, "an integer", path)
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(value, "a number", path)
    return value


def _boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "a boolean", path)
    return value


def _blob(value: Any, path: str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise _wrong(value, "bytes", path)
    return bytes(value)


def _timestamp(value: Any, path: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (datetime, int, float, str)):
        raise _wrong(value, "a timestamp", path)
    try:
        moment: datetime = value if isinstance(value, datetime) else parse_timestamp(value)
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    except (ValueError, OverflowError, RuntimeError):  # botocore's of a time in no year
        raise _wrong(value, "a timestamp", path) from None


_SCALARS = {
    "string": _string,
    "character": _string,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}


def _constrain(value: Any, shape: Shape, path: str, problems: list[str]) -> None:
    """Collect AWS's wording for each broken bound, pattern and enum of one value."""
    metadata = shape.metadata
    numeric = isinstance(value, (int, float))
    shown = _HIDDEN if metadata.get("sensitive") else value
    if shape.name == _PAYLOAD and isinstance(value, str) and "max" in metadata:
        if len(value.encode(errors="surrogatepass")) > metadata["max"]:
            problems.append(_failed(shown, path, f"Member must have size {_AT_MOST} {metadata['max']} {_BYTES}"))
        return
    size = value if numeric else len(value) if isinstance(value, (str, bytes, list, tuple, dict)) else 0
    subject = "Member must have value" if numeric else "Member must have length"
    if "min" in metadata and size < metadata["min"]:
        problems.append(_failed(shown, path, f"{subject} greater than or equal to {metadata['min']}"))
    if "max" in metadata and size > metadata["max"]:
        problems.append(_failed(shown, path, f"{subject} {_AT_MOST} {metadata['max']}"))
    if not isinstance(value, str):
        return
    if "enum" in metadata and value not in metadata["enum"]:
        allowed = ", ".join(metadata["enum"])
        problems.append(_failed(shown, path, f"Member must satisfy enum value set: [{allowed}]"))
    elif "pattern" in metadata and len(value) <= _PATTERN_LIMIT:
        pattern = _pattern(metadata["pattern"])
        if pattern is not None and not pattern.fullmatch(value):
            problems.append(
                _failed(shown, path, f"Member must satisfy regular expression pattern: {metadata['pattern']}")
            )


@functools.cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Compile a model's pattern; some use what only Java's engine knows, and those are not checked."""
    try:
        return re.compile(text.replace(r"\p{ASCII}", r"[\x00-\x7f]"))
    except re.error:
        return None


def _failed(value: Any, path: str, constraint: str) -> str:
    if isinstance(value, (list, dict, tuple, bytes)):
        value = "[…]"
    shown = "" if value is _HIDDEN else " null" if value is None else f" '{value}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _wrong(value: Any, wanted: str, path: str) -> _WrongType:
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        bytes: "bytes",
        type(None): "null",
    }
    found = names.get(type(value), type(value).__name__)
    return _WrongType(f"The value at '{path or 'input'}' must be {wanted}; found {found}")


def _join(path: str, name: str) -> str:
    """Extend a path as AWS writes it: each member's name starts with a small letter."""
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member
