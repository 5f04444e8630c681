"""What a message may hold, and the digests that clients compare.

Developer guide: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.errors import ServiceError

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?")
_MOST_ATTRIBUTES = 10


def check_message(body: str, attributes: Mapping[str, Any], longest: int) -> None:
    """Raise ServiceError for what SQS does not take: characters, attributes, size."""
    if not body:
        raise ServiceError("MissingParameter", "The request must contain the parameter MessageBody.")
    if _FORBIDDEN.search(body):
        raise ServiceError(
            "InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
            "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )  # fmt: skip
    if len(attributes) > _MOST_ATTRIBUTES:
        raise _bad(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].")
    size = len(body.encode())
    for name, one in attributes.items():
        kind = one["DataType"]
        if not _NAME.fullmatch(name) or name.lower().startswith(("aws.", "amazon.")):
            raise _bad(f"The message attribute name '{name}' is invalid.")
        if not _TYPE.fullmatch(kind):
            raise _bad(f"The type of message (user) attribute '{name}' is invalid. You must use only the following "
                       "supported type prefixes: Binary, Number, String.")  # fmt: skip
        value = one.get("BinaryValue") if kind.startswith("Binary") else one.get("StringValue")
        if not value:
            raise _bad(f"The message (user) attribute '{name}' must contain a non-empty value of its type '{kind}'.")
        size += len(name.encode()) + len(kind.encode()) + len(_bytes(value))
    if size > longest:
        raise _bad(f"One or more parameters are invalid. Reason: Message must be shorter than {longest} bytes.")


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)


def digest(text: str) -> str:
    """Return the MD5 of a body."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def digest_of_attributes(attributes: Mapping[str, Any]) -> str:
    """Return the MD5 of message attributes, as the developer guide says: sorted, each part with its length."""
    found = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        one = attributes[name]
        binary = one["DataType"].startswith("Binary")
        for part in (name.encode(), one["DataType"].encode()):
            found.update(len(part).to_bytes(4, "big") + part)
        value = _bytes(one["BinaryValue"] if binary else one["StringValue"])
        found.update(bytes([2 if binary else 1]) + len(value).to_bytes(4, "big") + value)
    return found.hexdigest()


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def kept(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return message attributes in a form that JSON has."""
    return {
        name: {**one, "BinaryValue": base64.b64encode(one["BinaryValue"]).decode()} if "BinaryValue" in one else one
        for name, one in attributes.items()
    }


def shown(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return message attributes as they were sent."""
    return {
        name: {**one, "BinaryValue": base64.b64decode(one["BinaryValue"])} if "BinaryValue" in one else one
        for name, one in attributes.items()
    }


def wanted(attributes: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the attributes that a receiver asks for: by name, ``prefix.*``, ``All`` or ``.*``."""
    if not {"All", ".*"}.isdisjoint(names):
        return dict(attributes)
    prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
    return {name: one for name, one in attributes.items() if name in names or (prefixes and name.startswith(prefixes))}
