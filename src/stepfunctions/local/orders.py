"""Ask a running server, and give it orders: the client of :mod:`stepfunctions.local.control`."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stepfunctions.errors import LocalCloudError

_SECONDS = 30.0


def ask(endpoint: str, what: str) -> dict[str, Any]:
    """Return the answer to ``GET /_local/<what>``. Raises LocalCloudError when there is none."""
    return _exchange(endpoint, "GET", what, None, _SECONDS)


def order(endpoint: str, what: str, orders: Mapping[str, Any], *, timeout: float = 60.0) -> dict[str, Any]:
    """Return the answer to ``POST /_local/<what>``. Raises LocalCloudError when there is none, or it is a refusal."""
    return _exchange(endpoint, "POST", what, json.dumps({**orders, "timeout": timeout}), timeout + _SECONDS)


def _exchange(endpoint: str, method: str, what: str, body: str | None, timeout: float) -> dict[str, Any]:
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=timeout)
    try:
        connection.request(method, f"/_local/{what}", body)
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise LocalCloudError(f"The local cloud at {endpoint} did not answer: {error}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise LocalCloudError(str(told.get("message", told)))
    return told
