"""HTTP tasks: a request to any HTTPS API, authorised by an EventBridge connection.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.local.tasks.actions import Context
from stepfunctions.local.tasks.connections import Connection, connection_of
from stepfunctions.local.tasks.shapes import unusable
from stepfunctions.local.tasks.web import WebRequest, WebResponse, answered, body_of, checked, listed, secure

if TYPE_CHECKING:
    from stepfunctions.engine.ports import WebTrace

_RANGE = "bytes=0-262144"
_ARRAYS = ("INDICES", "REPEAT", "COMMAS", "BRACKETS")


def invoke(context: Context, arguments: Any) -> JSON:
    """Call the API and return its answer. Raises StateFailed with AWS's error names."""
    arguments = checked(context, arguments)
    config = arguments.get("Authentication") or arguments.get("InvocationConfig")
    if not isinstance(config, dict) or not config.get("ConnectionArn"):
        raise unusable(arguments, "The field 'ConnectionArn' is required but was missing")
    connection = connection_of(context.cloud, config["ConnectionArn"])
    request = _request(arguments, connection, context.cloud.region)
    trace = context.trace
    if trace is not None:
        told = request if trace.reveal_secrets else _request(arguments, Connection(), context.cloud.region)
        trace.request = _sent(told)
    _default(request.headers, "Content-Type", "application/json; charset=UTF-8")
    seen = None if trace is None else functools.partial(_note, trace, request)
    return answered(request, lost="States.Http.Socket", refused="States.Http.StatusCode", seen=seen).result(lower=True)


def _note(trace: WebTrace, request: WebRequest, response: WebResponse) -> None:
    trace.response = {
        "protocol": urlsplit(request.url).scheme,
        "statusCode": str(response.status),
        "statusMessage": response.reason,
        "headers": _shown((name.lower(), value) for name, value in response.headers),
        "body": response.body.decode(errors="replace"),
    }


def _sent(request: WebRequest) -> dict[str, str]:
    """Return what is told of a request: without the headers that any request has."""
    members = {
        "protocol": urlsplit(request.url).scheme,
        "method": request.method,
        "url": request.address,
        "headers": _shown(request.headers.items()),
    }
    return members if request.body is None else {**members, "body": request.body.decode()}


def _shown(headers: Iterable[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in headers)}]"


def _request(arguments: dict[str, Any], connection: Connection, region: str) -> WebRequest:
    """Merge a task's request with its connection's: of what both have, the connection's counts."""
    headers: dict[str, str] = {}
    for name, values in (arguments.get("Headers") or {}).items():
        _set(headers, name, ",".join(text for _, text in listed({name: values})))
    for name, value in connection.headers.items():
        _set(headers, name, value)
    _default(headers, "User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}")
    _default(headers, "Range", _RANGE)
    query = [pair for pair in listed(arguments.get("QueryParameters")) if pair[0] not in connection.query]
    return WebRequest(
        method=arguments["Method"],
        url=secure(arguments["ApiEndpoint"], arguments),
        headers=headers,
        query=[*query, *connection.query.items()],
        body=_body(arguments, connection),
    )


def _set(headers: dict[str, str], name: str, value: str) -> None:
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def _default(headers: dict[str, str], name: str, value: str) -> None:
    if all(known.lower() != name.lower() for known in headers):
        headers[name] = value


def _body(arguments: dict[str, Any], connection: Connection) -> bytes | None:
    body = arguments.get("RequestBody")
    if connection.body:
        if body is not None and not isinstance(body, dict):
            raise unusable(arguments, "RequestBody must be an object, because the connection has body parameters")
        body = {**(body or {}), **connection.body}
    transform = arguments.get("Transform") or {}
    if transform.get("RequestBodyEncoding", "NONE") == "NONE" or body is None:
        return body_of(body)
    if not isinstance(body, dict):
        raise unusable(arguments, "RequestBody must be an object to be URL_ENCODED")
    form = (transform.get("RequestEncodingOptions") or {}).get("ArrayFormat", "INDICES")
    if form not in _ARRAYS:
        raise unusable(arguments, f"ArrayFormat must be one of {', '.join(_ARRAYS)}")
    return "&".join(f"{_quoted(name)}={_quoted(text)}" for name, text in _pairs(body, "", form)).encode()


def _quoted(text: str) -> str:
    return quote(text, safe="[]")


def _pairs(value: Any, path: str, form: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form: members as ``a[b]``, items as ArrayFormat says."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _pairs(item, f"{path}[{name}]" if path else name, form)
    elif isinstance(value, list) and form == "COMMAS":
        yield path, ",".join(_text(item) for item in value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            suffix = {"INDICES": f"[{index}]", "BRACKETS": "[]", "REPEAT": ""}[form]
            yield from _pairs(item, f"{path}{suffix}", form)
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)
