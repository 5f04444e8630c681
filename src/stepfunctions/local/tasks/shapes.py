"""A task's parameters as an API request, and an API response as a task's result.

Parameters and results have PascalCase names also where the API has camelCase; the keys of maps stay as they are.
"""

from __future__ import annotations

import difflib
import json
import uuid
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, NoReturn

from botocore.model import Shape

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.sdk_services import member_of
from stepfunctions.errors import StateFailed
from stepfunctions.runtime.json_stream import no_constant


def to_request(
    resource: Resource, arguments: Any, shape: Shape | None, texts: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the request of an operation from a task's parameters. ``texts``: its members of JSON_MEMBERS.

    Raises StateFailed (States.Runtime) for what could be no request: no object, an unknown or a missing field.
    """
    if resource.kind == "lambda":
        return {"FunctionName": resource.arn, "Payload": dumps(arguments).encode()}
    if not isinstance(arguments, dict):
        raise unusable(arguments, "they must be an object")
    if (resource.service, resource.sdk) == ("lambda", False) and "Payload" in arguments:
        arguments = {**arguments, "Payload": dumps(arguments["Payload"]).encode()}
    try:
        request: dict[str, Any] = _renamed(arguments, shape, resource.sdk, texts)
    except _Unusable as wrong:
        raise unusable(arguments, str(wrong)) from None
    missing = [
        member_of(name, sdk=resource.sdk)
        for name in getattr(shape, "required_members", ())
        if request.get(name) is None
    ]
    if missing:
        raise unusable(arguments, ", ".join(f"The field '{name}' is required but was missing" for name in missing))
    return request


def unusable(arguments: Any, why: str) -> StateFailed:
    """Return the failure of a task whose parameters do not fit its operation."""
    text = (
        dumps(arguments)
        if not isinstance(arguments, dict)
        else dumps({name: value.decode() if isinstance(value, bytes) else value for name, value in arguments.items()})
    )
    return StateFailed("States.Runtime", f"The Parameters '{text}' could not be used to start the Task: [{why}]")


class _Unusable(Exception):
    pass


def _renamed(value: Any, shape: Shape | None, sdk: bool, texts: frozenset[str]) -> Any:
    """Give members their names in the model (``Cluster`` is ``cluster`` for ECS); make blobs bytes, ``texts`` text."""
    kind = None if shape is None else shape.type_name
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:  # type: ignore[union-attr]
        names = {member_of(name, sdk=sdk): name for name in shape.members}  # type: ignore[union-attr]
        for name in value:
            if name not in names:
                _refuse(name, list(names), member_of(name, sdk=sdk))
        return {
            names[name]: dumps(item)
            if name in texts and not isinstance(item, (str, type(None)))
            else _renamed(item, shape.members[names[name]], sdk, texts)  # type: ignore[union-attr]
            for name, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_renamed(item, shape.member, sdk, texts) for item in value]  # type: ignore[union-attr]
    if kind == "map" and isinstance(value, dict):
        return {name: _renamed(item, shape.value, sdk, texts) for name, item in value.items()}  # type: ignore[union-attr]
    if kind == "blob" and value is not None and not isinstance(value, bytes):
        return (value if isinstance(value, str) else dumps(value)).encode()
    return value


def _refuse(name: str, known: list[str], meant: str) -> NoReturn:
    close = [meant] if meant in known else difflib.get_close_matches(name, known, 1)
    hint = f"write '{close[0]}'" if close else f"there are: {', '.join(known)}"
    raise _Unusable(f"The field '{name}' is not supported by Step Functions: {hint}")


def to_result(resource: Resource, shape: Shape | None, response: dict[str, Any]) -> JSON:
    """Return the result of a task from an operation's response. Raises StateFailed for a failed function."""
    if resource.kind == "lambda":
        _check_function(response)
        return _payload(response)
    result: dict[str, JSON] = plain(response, shape, epoch=not resource.sdk)
    if resource.sdk:
        return result
    if resource.service == "lambda":
        _check_function(response)
        result["Payload"] = _payload(response)
    return {**result, **_metadata()}


def plain(value: Any, shape: Shape | None, *, epoch: bool) -> JSON:
    """Return a response's value as JSON, members with PascalCase names.

    ``epoch``: as optimised integrations write it, times as epoch milliseconds; else as ``aws-sdk:`` ones do, times in
    ISO 8601.
    """
    kind = None if shape is None else shape.type_name
    if isinstance(value, dict) and kind == "structure" and not shape.is_document_type:  # type: ignore[union-attr]
        members = shape.members  # type: ignore[union-attr]
        return {
            member_of(name, sdk=not epoch): plain(item, members.get(name), epoch=epoch) for name, item in value.items()
        }
    if isinstance(value, dict):
        item_shape = shape.value if kind == "map" else None  # type: ignore[union-attr]
        return {name: plain(item, item_shape, epoch=epoch) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        member = shape.member if kind == "list" else None  # type: ignore[union-attr]
        return [plain(item, member, epoch=epoch) for item in value]
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000) if epoch else iso(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if hasattr(value, "read"):
        with value:
            return plain(value.read(), shape, epoch=epoch)
    return value


def iso(moment: datetime) -> str:
    """Return a time as the SDK for Java writes it: UTC with Z, milliseconds only when there are some."""
    utc = moment.astimezone(timezone.utc)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds").replace("+00:00", "Z")


def _payload(response: dict[str, Any]) -> JSON:
    """Return what a function returned. Raises StateFailed when that is not JSON, which has no NaN."""
    text = bytes(response.get("Payload") or b"null").decode("utf-8", "replace")

    try:
        return json.loads(text, parse_constant=no_constant)
    except ValueError as error:
        raise StateFailed("States.Runtime", f"The function returned a payload that is not JSON: {error}.") from None


def _check_function(response: dict[str, Any]) -> None:
    if not response.get("FunctionError"):
        return
    text = bytes(response.get("Payload") or b"null").decode("utf-8", "replace")
    error = json.loads(text)
    name = error.get("errorType") if isinstance(error, dict) else None
    if not name:
        raise StateFailed(
            "Lambda.Unknown",
            f"The cause could not be determined because Lambda did not return an error type. Returned payload: {text}",
        )
    raise StateFailed(name, text)


def _metadata() -> dict[str, JSON]:
    request_id = str(uuid.uuid4())
    now = datetime.now(timezone.utc)
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Date": format_datetime(now, usegmt=True),
        "x-amzn-RequestId": request_id,
    }
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
