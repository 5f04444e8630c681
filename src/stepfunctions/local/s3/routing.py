"""Which bucket, key and operation a request is about, from its host, path, query and headers.

Operations are told apart by what botocore's model says they need: fixed query parameters (``?uploads``), required
ones (``uploadId``) and required headers (``x-amz-copy-source``). The most specific that fits wins.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote

from stepfunctions.local.s3.faults import S3Error
from stepfunctions.local.wire.models import service_model

_VIRTUAL_HOST = re.compile(
    r"(?P<bucket>(?!s3\.)[a-z0-9][a-z0-9.-]{2,62}?)\.(?:s3(?:[.-][a-z0-9-]+)?\.)?(?:localhost|127\.0\.0\.1)(?::\d+)?"
)
_SCOPE = re.compile(r"[^/=\s]+/\d{8}/(?P<region>[a-z0-9-]+)/s3/aws4_request")


@dataclass(frozen=True)
class Incoming:
    """A request before anything is made of it: header names in lower case, query decoded, in order."""

    method: str
    bucket: str | None
    key: str | None
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def access_key(self) -> str:
        """The access key the request is signed with, "" if it is not signed."""
        credential = self.headers.get("authorization", "").partition("Credential=")[2]
        return (credential or self.query.get("X-Amz-Credential", "")).partition("/")[0]

    @property
    def expired(self) -> bool:
        """Whether this is a presigned URL whose time is over: by the clock of the machine, which signed it too."""
        signed, lasts = self.query.get("X-Amz-Date"), self.query.get("X-Amz-Expires")
        try:
            if signed is None or lasts is None:
                return float(self.query.get("Expires", "inf")) < time.time()
            begun = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
            return begun.timestamp() + int(lasts) < time.time()
        except ValueError:
            raise S3Error(
                "AuthorizationQueryParametersError",
                "X-Amz-Date must be in the ISO8601 Long Format and X-Amz-Expires a number of seconds",
            ) from None

    @property
    def region(self) -> str | None:
        """The Region the request is signed for, None if it is not signed."""
        credential = self.headers.get("authorization", "") or self.query.get("X-Amz-Credential", "")
        match = _SCOPE.search(credential)
        return match["region"] if match else None


@dataclass(frozen=True)
class _Route:
    operation: str
    fixed: tuple[tuple[str, str], ...]
    query: frozenset[str]
    headers: frozenset[str]

    def fits(self, incoming: Incoming) -> bool:
        return (
            all(name in incoming.query and value in ("", incoming.query[name]) for name, value in self.fixed)
            and all(name in incoming.query for name in self.query)
            and all(name in incoming.headers for name in self.headers)
        )


def read_scope(scope: Mapping[str, Any]) -> Incoming:
    """Read an ASGI scope; raises InvalidURI for what is no UTF-8."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    try:
        path = unquote((scope.get("raw_path") or scope["path"].encode()).decode("ascii"), errors="strict")
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
        )
    except ValueError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI.") from None
    query = dict(pairs)
    for name, value in pairs:  # presigned URLs may carry headers in the query
        if name.startswith("x-amz-"):
            headers.setdefault(name, value)
    bucket, key = split_path(headers.get("host", ""), path)
    return Incoming(str(scope["method"]), bucket, key, query, headers)


def split_path(host: str, path: str) -> tuple[str | None, str | None]:
    """Return bucket and key of a decoded path, with the bucket taken from the host where it stands there."""
    virtual = _VIRTUAL_HOST.fullmatch(host.lower())
    if virtual:
        return virtual["bucket"], path[1:] or None
    bucket, _, key = path[1:].partition("/")
    return bucket or None, key or None


def choose_operation(incoming: Incoming, supported: Collection[str]) -> str:
    """Return the operation a request means (supported or not); raises MethodNotAllowed when there is none."""
    level = "object" if incoming.key is not None else "bucket" if incoming.bucket is not None else "service"
    routes = [route for route in _routes().get((incoming.method, level), ()) if route.fits(incoming)]
    if not routes:
        raise S3Error(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            405,
            {"Method": incoming.method, "ResourceType": level.upper()},
        )
    best = max(
        routes,
        key=lambda route: (len(route.fixed), len(route.query) + len(route.headers), route.operation in supported),
    )
    return best.operation


@functools.cache
def _routes() -> Mapping[tuple[str, str], tuple[_Route, ...]]:
    model = service_model("s3")
    routes: dict[tuple[str, str], list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, fixed = operation.http["requestUri"].partition("?")
        level = {"/": "service", "/{Bucket}": "bucket", "/{Bucket}/{Key+}": "object"}.get(path)
        if level is None:
            continue
        pairs = [pair for pair in parse_qsl(fixed, keep_blank_values=True) if pair[0] != "x-id"]
        shape = operation.input_shape
        required = [shape.members[member].serialization for member in shape.required_members] if shape else []
        route = _Route(name, tuple(pairs), _names(required, "querystring"), _names(required, "header"))
        routes.setdefault((operation.http["method"], level), []).append(route)
    return {place: tuple(found) for place, found in routes.items()}


def _names(serializations: Iterable[Mapping[str, str]], location: str) -> frozenset[str]:
    names = (one["name"] for one in serializations if one.get("location") == location)
    return frozenset(name.lower() if location == "header" else name for name in names)
