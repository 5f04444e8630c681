"""Tags of state machines and activities."""

from __future__ import annotations

import re
from dataclasses import replace

from stepfunctions.engine.ports import Machine
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations.finding import gone
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn
from stepfunctions.runtime.store.activities import ActivityRow

_MOST = 50
_TEXT = re.compile(r"[\w\s.:/=+\-@]*")


def checked(arn: str, tags: list[dict[str, str]], before: dict[str, str] | None = None) -> dict[str, str]:
    """Return the tags of a resource after these are added. Raises ValidationException, TooManyTags."""
    for number, one in enumerate(tags, 1):
        if "key" not in one:
            raise ServiceError(
                "ValidationException",
                f"1 validation error detected: Value null at 'tags.{number}.member.key' failed to satisfy constraint: "
                "Member must not be null",
            )
        for text in one.values():
            if not _TEXT.fullmatch(text):
                raise ServiceError(
                    "ValidationException",
                    f"Tags may only contain Unicode letters, digits, white space, or these symbols: _ . : / = + - @; "
                    f"found '{text}'",
                )
    found = {**(before or {}), **{one["key"]: one.get("value", "") for one in tags}}
    if len(found) > _MOST:
        raise ServiceError("TooManyTags", f"Too many tags: '{arn}' can have {_MOST}")
    return found


def tag(service: Service, request: Request) -> Response:
    """TagResource."""
    with service.machines_lock:
        found = _find(service, request)
        _put(service, found, checked(found.arn, request["tags"], found.tags))
    return {}


def untag(service: Service, request: Request) -> Response:
    """UntagResource."""
    with service.machines_lock:
        found = _find(service, request)
        _put(service, found, {key: value for key, value in found.tags.items() if key not in request["tagKeys"]})
    return {}


def list_(service: Service, request: Request) -> Response:
    """ListTagsForResource."""
    tags = _find(service, request).tags
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def _find(service: Service, request: Request) -> Machine | ActivityRow:
    arn = request["resourceArn"]
    check_arn(arn, "stateMachine", "activity")
    activity = service.store.activities.get(arn)
    if activity is not None:
        return activity
    machine = service.store.machines.get(arn)
    if machine is None or gone(service, machine):
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")
    return machine


def _put(service: Service, found: Machine | ActivityRow, tags: dict[str, str]) -> None:
    if isinstance(found, ActivityRow):
        service.store.activities.put(replace(found, tags=tags))
    else:
        service.store.machines.put(replace(found, tags=tags))
