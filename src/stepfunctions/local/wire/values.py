"""Values on the wire: a member's name in JSON, blobs in base64, the three formats of a timestamp.

Decoding changes only names and encodings; :mod:`stepfunctions.local.wire.check` then checks types and bounds.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_timestamp

from stepfunctions.errors import ServiceError

_SPECIAL_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
ISO8601, RFC822, UNIX = "iso8601", "rfc822", "unixTimestamp"


def wire_name(shape: Shape, name: str) -> str:
    """Return what a member is called on the wire."""
    return str(shape.serialization.get("name", name))


def from_json(value: Any, shape: Shape) -> Any:
    """Return a JSON value with the model's member names and decoded blobs; the rest is left as it came."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:
        names = {wire_name(member, name): name for name, member in shape.members.items()}
        members = shape.members
        decoded = {}
        for key, one in value.items():
            name = names.get(key, key)
            decoded[name] = from_json(one, members[name]) if name in members else one
        return decoded
    if kind == "list" and isinstance(value, list):
        return [from_json(one, shape.member) for one in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_json(one, shape.value) for key, one in value.items()}
    if kind == "blob" and isinstance(value, str):
        return from_base64(value)
    if kind in ("float", "double") and isinstance(value, str):
        return _SPECIAL_NUMBERS.get(value, value)
    return value


def to_json(value: Any, shape: Shape) -> Any:
    """Return a member's value as JSON. Members that are None, or unknown to the model, are left out."""
    write = _writer(shape)
    return value if write is None else write(value)


@functools.cache
def _writer(shape: Shape) -> Callable[[Any], Any] | None:
    """Return what writes the values of a shape, made once; None where they are JSON as they are."""
    kind = shape.type_name
    if kind == "structure":
        return None if shape.is_document_type else _structure_writer(shape)
    if kind == "list":
        return _list_writer(shape.member)
    if kind == "map":
        return _map_writer(shape.value)
    if kind == "blob":
        return to_base64
    if kind == "timestamp":
        if _format(shape, UNIX) == UNIX:
            return epoch_seconds
        return functools.partial(timestamp_text, shape=shape, default=UNIX)
    return _finite if kind in ("float", "double") else None


def _structure_writer(shape: Shape) -> Callable[[Any], Any]:
    members = shape.members
    names = {name: wire_name(member, name) for name, member in members.items()}
    writers: dict[str, Callable[[Any], Any] | None] = {}  # filled on use: a structure may contain itself

    def write(value: dict[str, Any]) -> dict[str, Any]:
        written = {}
        for name, one in value.items():
            if one is None or name not in names:
                continue
            if name not in writers:
                writers[name] = _writer(members[name])
            writer = writers[name]
            written[names[name]] = one if writer is None else writer(one)
        return written

    return write


def _list_writer(member: Shape) -> Callable[[Any], Any]:
    def write(value: Iterable[Any]) -> list[Any]:
        writer = _writer(member)
        if writer is None:
            return list(value)
        return [None if one is None else writer(one) for one in value]

    return write


def _map_writer(member: Shape) -> Callable[[Any], Any]:
    def write(value: dict[str, Any]) -> dict[str, Any]:
        writer = _writer(member)
        return {key: one if writer is None else writer(one) for key, one in value.items() if one is not None}

    return write


def epoch_seconds(value: datetime | float | str) -> float:
    """Return a timestamp in seconds of the epoch, to the millisecond."""
    seconds = round(_aware(value).timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def _finite(value: float) -> float | str:
    return value if value - value == 0 else number_text(value)


def from_text(text: str, shape: Shape) -> Any:
    """Return the value of a header, a query string field, a part of a path or a form field."""
    kind = shape.type_name
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise _unreadable(text, "a boolean")
        return text.lower() == "true"
    if kind in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            raise _unreadable(text, "an integer") from None
    if kind in ("float", "double"):
        try:
            return _SPECIAL_NUMBERS[text] if text in _SPECIAL_NUMBERS else float(text)
        except ValueError:
            raise _unreadable(text, "a number") from None
    if kind == "blob":
        return from_base64(text)
    if kind == "timestamp":
        try:
            return parse_timestamp(text)
        except (ValueError, OverflowError, RuntimeError):
            raise _unreadable(text, "a timestamp") from None
    return text


def to_text(value: Any, shape: Shape, *, timestamps: str) -> str:
    """Return a scalar as text; ``timestamps`` is the place's default format."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind in ("float", "double"):
        return number_text(value)
    if kind == "blob":
        return to_base64(value)
    if kind == "timestamp":
        return timestamp_text(value, shape, default=timestamps)
    if shape.serialization.get("jsonvalue"):
        return to_base64(json.dumps(value))
    return str(value)


def timestamp_text(value: datetime | float | str, shape: Shape, *, default: str) -> str:
    """Write a timestamp in its shape's format, or in the place's default; milliseconds are kept."""
    moment = _aware(value)
    wanted = _format(shape, default)
    if wanted == RFC822:
        return format_datetime(moment.replace(microsecond=0), usegmt=True)
    if wanted == ISO8601:
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return str(round(moment.timestamp(), 3))


def _aware(value: datetime | float | str) -> datetime:
    moment: datetime = value if isinstance(value, datetime) else parse_timestamp(value)
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def number_text(value: float) -> str:
    """Write a number; those that JSON has no text for as AWS's protocols name them."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def to_base64(value: Any) -> str:
    """Return bytes, text or the content of an open file in base64."""
    if hasattr(value, "read"):
        value = value.read()
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes of a base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unreadable(text, "base64 data") from None


def _format(shape: Shape, default: str) -> str:
    return str(shape.serialization.get("timestampFormat", default))


def _unreadable(text: str, wanted: str) -> ServiceError:
    return ServiceError("SerializationException", f"'{text[:256]}' is not {wanted}")
