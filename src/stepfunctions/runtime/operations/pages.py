"""Pages of listings, and the tokens that lead from one to the next."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence

from stepfunctions.asl.document import JSON
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations.service import Request, Response, Service

_PERIOD = 86_400
"""Seconds that the token of a page is good for."""


def page_size(request: Request, default: int = 100) -> int:
    """Return ``maxResults``, where 0 or nothing means the default."""
    return int(request.get("maxResults") or default)


def page_mark(service: Service, request: Request, scope: JSON) -> JSON:
    """Return the mark in a request's ``nextToken``, None without one.

    Raises InvalidToken for one of another request, and for one that is a day old.
    """
    token = request.get("nextToken")
    if token is None:
        return None
    try:
        _, mark, made_at = json.loads(base64.urlsafe_b64decode(token.encode()))
        good = token == _token(scope, mark, made_at) and service.clock.now() - made_at <= _PERIOD
    except (RecursionError, TypeError, ValueError):
        good, mark = False, None
    if not good:
        raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")
    return mark


def page(service: Service, key: str, rows: Iterable[Response], scope: JSON, mark: JSON) -> Response:
    """Return a page of a listing: its rows as the member ``key``, and the token of the page after ``mark``, if any.

    The token is opaque, and good only for the same ``scope``: the operation and what was asked for.
    """
    shown: Response = {key: list(rows)}
    if mark:
        shown["nextToken"] = _token(scope, mark, service.clock.now())
    return shown


def page_of(service: Service, request: Request, key: str, rows: Sequence[Response], scope: JSON) -> Response:
    """Return the page that a request asks for, of all rows of its listing."""
    start = page_mark(service, request, scope) or 0
    end = start + page_size(request)
    return page(service, key, rows[start:end], scope, end if end < len(rows) else None)


def _token(scope: JSON, mark: JSON, made_at: float) -> str:
    digest = hashlib.sha256(json.dumps([scope, mark, made_at]).encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(json.dumps([digest, mark, made_at]).encode()).decode()
