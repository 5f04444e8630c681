"""An HTTP request and response as the protocols see them: no server, no socket."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from stepfunctions.errors import ServiceError

Headers = list[tuple[str, str]]
_LARGEST_UNPACKED = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """``path`` is as sent (percent-encoded), ``query`` is decoded, names of ``headers`` are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    gone: Callable[[], bool] = lambda: False
    """Whether the client has hung up."""

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def form(self) -> dict[str, str]:
        """Return the fields of a form body (and of the query string, as the query protocol allows)."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            raise ServiceError("MalformedQueryString", "The body is not UTF-8 text") from None
        return {**dict(self.query), **dict(parse_qsl(text, keep_blank_values=True))}


def unpacked(request: Request) -> Request:
    """Return a request whose body is as it was before the client compressed it, as boto3 does with large ones.

    Raises :class:`ServiceError` (``SerializationException``) when it is not gzip, or unpacks to more than 8 MiB.
    """
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return request
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = stream.decompress(request.body, _LARGEST_UNPACKED)
    except zlib.error as error:
        raise ServiceError("SerializationException", f"The body is not gzip: {error}") from None
    if not stream.eof:
        what = f"is cut off, or unpacks to more than {_LARGEST_UNPACKED} bytes"
        raise ServiceError("SerializationException", f"The compressed body {what}")
    return replace(request, body=body)


@dataclass(kw_only=True)
class Response:
    """What is sent back. Values of ``headers`` hold no line breaks."""

    status: int = 200
    headers: Headers = field(default_factory=list)
    body: bytes = b""


def read_json(body: bytes) -> Any:
    """Return the value of a JSON body; no body is an empty object.

    Raises :class:`ServiceError` (``SerializationException``) when it is not JSON.
    """
    if not body:
        return {}
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", f"The body is not JSON: {error}") from None


def write_json(value: Any) -> bytes:
    """Return the JSON text of a value, in ASCII, so that any string survives."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
