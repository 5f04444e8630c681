"""What the programs of this folder use beside the package: a client that notes requests, ways to write down results.

Nothing here is part of the package or of 2.3.0; everything works with both.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

STARTED = 1640995200.0
"""The moment that answers of the service name: 2022-01-01, in seconds."""


def plain(value: Any) -> Any:
    """Return a result in the form of JSON. Blocks are written as the package writes them, keys in their order."""
    if hasattr(value, "to_json"):
        return json.loads(value.to_json())
    if hasattr(value, "to_jsonpath"):
        return value.to_jsonpath()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"A program returns JSON or blocks, not {type(value).__name__}.")


def attempt(call: Callable[[], Any], says: str = "") -> Any:
    """Return what a call gives, or which exception it raises and whether its text says what was promised.

    Of a subclass of an exception that 2.3.0 raised, the name of that exception is noted: ``except`` works the same.
    """
    try:
        return plain(call())
    except Exception as error:  # noqa: BLE001 - whatever it raises is the result
        known = [cls.__name__ for cls in type(error).__mro__ if _is_known(cls)]
        return {"raises": known[0], **({"says": says if says in str(error) else str(error)} if says else {})}


def _is_known(cls: type) -> bool:
    old = cls.__module__.startswith("stepfunctions") and cls.__name__ in (
        "WorkflowNotFound",
        "MissingRequiredParameter",
        "DuplicateStatesInChain",
    )
    return old or cls.__module__ == "builtins"


@contextlib.contextmanager
def log(name: str = "stepfunctions") -> Iterator[list[list[str]]]:
    """Collect what is logged below a logger, as [logger, level, message]."""
    seen: list[list[str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append([record.name, record.levelname, record.getMessage()])  # type: ignore[method-assign]
    logger = logging.getLogger(name)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield seen
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        return self._body


class Service:
    """A boto3 client of Step Functions whose requests are noted as they would leave, and answered from a table.

    ``answers`` maps an operation to its response, to a list of them (one a call), or to (status, error response).
    """

    def __init__(self, region: str = "us-east-1", **answers: Any) -> None:
        self.requests: list[list[Any]] = []
        self.agents: list[str] = []
        self.answers = answers
        self.client = boto3.client(
            "stepfunctions", region_name=region, aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.client.meta.events.register("before-send.stepfunctions", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        body = json.loads(request.body)
        self.requests.append([operation, dict(sorted(body.items()))])
        agent = request.headers["User-Agent"]
        self.agents.append(agent.decode() if isinstance(agent, bytes) else agent)
        answer = self.answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0)
        status, answer = answer if isinstance(answer, tuple) else (200, answer)
        return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(_bytes(answer)))


def _bytes(answer: Any) -> bytes:
    return json.dumps(answer).encode()
