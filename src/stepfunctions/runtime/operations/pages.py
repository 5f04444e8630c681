"""Pages of listings, and the tokens that lead from one to the next."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence

from stepfunctions.asl.document import JSON
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations.service import Request, Response


def page_size(request: Request, default: int = 100) -> int:
    """Return ``maxResults``, where 0 or nothing means the default."""
    return int(request.get("maxResults") or default)


def page_mark(request: Request, scope: JSON) -> JSON:
    """Return the mark in a request's ``nextToken``, None without one. Raises InvalidToken for another request's."""
    token = request.get("nextToken")
    if token is None:
        return None
    try:
        digest, mark = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (RecursionError, TypeError, ValueError):
        digest = mark = None
    if digest != _digest(scope):
        raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")
    return mark


def page(key: str, rows: Iterable[Response], scope: JSON, mark: JSON) -> Response:
    """Return a page of a listing: its rows as the member ``key``, and the token of the page after ``mark``, if any.

    The token is opaque, and good only for the same ``scope``: the operation and what was asked for.
    """
    shown: Response = {key: list(rows)}
    if mark:
        shown["nextToken"] = base64.urlsafe_b64encode(json.dumps([_digest(scope), mark]).encode()).decode()
    return shown


def page_of(request: Request, key: str, rows: Sequence[Response], scope: JSON) -> Response:
    """Return the page that a request asks for, of all rows of its listing."""
    start = page_mark(request, scope) or 0
    end = start + page_size(request)
    return page(key, rows[start:end], scope, end if end < len(rows) else None)


def _digest(scope: JSON) -> str:
    return hashlib.sha256(json.dumps(scope, sort_keys=True).encode()).hexdigest()[:16]
