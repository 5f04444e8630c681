"""What the services answer, as JSON for a page: in this process, by the names that boto3 has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.services import Call
from stepfunctions.local.wire.messages import Response
from stepfunctions.local.wire.models import method_name, service_model

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

__all__ = ["Call", "Client", "bad_request", "milliseconds", "pages", "respond"]


class Client:
    """A service of the cloud with the methods of boto3's client: ``describe_execution(executionArn=…)``."""

    def __init__(self, cloud: Cloud, service: str) -> None:
        self._cloud = cloud
        self._service = service
        self._operations = {method_name(name): name for name in service_model(service).operation_names}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = self._operations.get(name)
        if operation is None:
            raise AttributeError(name)
        return lambda **request: self._cloud.call(self._service, operation, request)


def pages(call: Callable[..., Any], key: str, most: int, token: str = "NextToken", **request: Any) -> Iterator[Any]:
    """Yield at most ``most`` entries of a listing; ``token`` is what the operation calls its place."""
    while most > 0:
        answer = call(**request)
        entries = answer.get(key, [])[:most]
        yield from entries
        most -= len(entries)
        if not answer.get(token):
            return
        request[token] = answer[token]


def milliseconds(moment: Any) -> float | None:
    """Return a time of an answer as milliseconds since 1970."""
    if isinstance(moment, datetime):
        return round(moment.timestamp() * 1000, 3)
    return moment * 1000.0 if isinstance(moment, (int, float)) else None


def bad_request(message: str) -> ServiceError:
    """Return the refusal of a request of the page."""
    return ServiceError("InvalidRequest", message)


def respond(status: int, body: Any) -> Response:
    """Return an answer in JSON; a lone surrogate is no character."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)
    headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Response(status=status, headers=headers, body=text.encode("utf-8", "replace"))


def _plain(value: Any) -> Any:
    return milliseconds(value) if isinstance(value, datetime) else str(value)
