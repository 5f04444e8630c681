"""Python functions that stand for Lambda functions in an in-process run: called as Lambda calls them.

The event is a copy made through JSON, and so is the answer; what a function raises is its task's failure, with the
cause that Lambda gives: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import decimal
import json
import logging
import traceback
import uuid
from collections.abc import Callable
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from stepfunctions.asl.document import JSON, dumps, encoder_of
from stepfunctions.errors import StateFailed

Function = Callable[[Any, Any], Any]
"""What is called with the event and the context."""

logger = logging.getLogger("stepfunctions")
_OURS = str(Path(__file__).resolve().parent.parent)


class Context:
    """The second argument of a handler; the time it has left does not run in process.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    function_version = "$LATEST"
    memory_limit_in_mb = "128"
    log_stream_name = "in-process"
    identity = None
    client_context = None

    def __init__(self, name: str) -> None:
        self.function_name = name

    @cached_property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    @cached_property
    def log_group_name(self) -> str:
        """Where Lambda would log."""
        return f"/aws/lambda/{self.function_name}"

    @cached_property
    def aws_request_id(self) -> str:
        """The id of this call; made when it is first asked for."""
        return str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        """Return Lambda's longest time."""
        return 900_000


def invoke(name: str, function: Function, arguments: dict[str, Any]) -> dict[str, JSON]:
    """Call a function with the arguments of a task that invokes it, and return the response of Invoke.

    Raises StateFailed when the function raises, or answers with what is no JSON value.
    """
    kind = arguments.get("InvocationType", "RequestResponse")
    response: dict[str, JSON] = {"ExecutedVersion": "$LATEST", "Payload": None, "StatusCode": 200}
    if kind == "DryRun":
        return {**response, "StatusCode": 204}
    try:
        response["Payload"] = _answer(name, function, _copy(arguments.get("Payload", {})))
    except StateFailed as failure:
        if kind != "Event":
            raise
        # On AWS nobody waits for it either: it would be tried again, and then be in the function's log.
        logger.warning("The function %s, invoked as an event, failed: %s", name, failure)
    return {**response, "Payload": None, "StatusCode": 202} if kind == "Event" else response


def _answer(name: str, function: Function, event: JSON) -> JSON:
    context = Context(name)
    try:
        result = function(event, context)
    except Exception as error:
        raise _failure(type(error).__name__, str(error), context, _frames(error)) from error
    except SystemExit as error:
        raise _failure("Runtime.ExitError", f"The function exited with {error.code!r}.", context, []) from error
    try:
        answer: JSON = _decode(_encode(result))[0]
    except (TypeError, ValueError, RecursionError) as error:
        raise _failure("Runtime.MarshalError", f"Unable to marshal response: {error}", context, []) from None
    return answer


def _copy(value: JSON) -> JSON:
    """Return a value as it comes out of its JSON text: nothing of it is shared, and no number is one JSON lacks."""
    kind = value.__class__
    if kind is dict:
        return {name: _copy(item) for name, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    return value if kind is not float or isfinite(value) else json.loads(dumps(value))


def _failure(kind: str, message: str, context: Context, trace: list[str]) -> StateFailed:
    cause = {"errorMessage": message, "errorType": kind, "requestId": context.aws_request_id, "stackTrace": trace}
    return StateFailed(kind, dumps(cause))


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return traceback.format_list([frame for frame in frames if not frame.filename.startswith(_OURS)])


def _plain(value: object) -> float:
    if isinstance(value, decimal.Decimal):  # what boto3's DynamoDB gives; Lambda takes it too
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_encode = encoder_of(_plain)
_decode = json.JSONDecoder().raw_decode
