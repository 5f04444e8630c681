"""What runs inside a Lambda worker process: it imports the handler once, then answers invocations.

It is run as a script by the interpreter of the server and imports nothing but the standard library, so that
a handler meets only its own modules. It talks to the server over a socket of its own: whatever the handler
prints goes to the log and never between two messages. It ends with the server, which the process that started
it sees to.

A message is a header of (length of meta, length of body), meta as JSON, and the body as it is.
Server -> worker: meta {"id", "timeout", "context"}, body = the event. Worker -> server: meta {"kind"} with
kind ``ready``, ``init-error``, ``result``, ``error`` or ``bad-event``, body = JSON text.
"""

from __future__ import annotations

import base64
import contextlib
import decimal
import importlib
import io
import json
import logging
import os
import resource
import socket
import struct
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import Any

HEADER = struct.Struct("!II")
RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""The largest answer of a handler in bytes: 6 MB and AWS's 100 bytes for the envelope."""
MESSAGE_LIMIT = 64 * 1024 * 1024
"""The largest message in bytes that is one: what announces more is not from this file."""
_HERE = __file__


class InitError(Exception):
    """The handler cannot be loaded; carries AWS's name of the error."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class Identity:
    """``context.identity``: empty, as for every caller that is no mobile app."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


class Context:
    """The second argument of a handler, as AWS documents it for Python."""

    def __init__(self, request_id: str, arn: str, timeout: float, client_context: str | None) -> None:
        env = os.environ
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = arn
        self.aws_request_id = request_id
        self.identity = Identity()
        self.client_context = _client_context(client_context)
        self.tenant_id = None
        self._deadline = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds are left until the function times out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))


def _client_context(text: str | None) -> Any:
    if not text:
        return None
    try:
        given = json.loads(base64.b64decode(text))
    except ValueError:
        return None
    client = given.get("client") or {}
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    return types.SimpleNamespace(
        custom=given.get("custom"),
        env=given.get("env"),
        client=types.SimpleNamespace(**{name: client.get(name) for name in names}),
    )


def load_handler(name: str) -> Callable[[Any, Any], Any]:
    """Import ``module.function`` (``folder/module.function`` works too). Raises :class:`InitError`."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot or not module_name or not function_name:
        raise InitError(
            "Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}'
        raise InitError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [where]
        ) from error
    except Exception as error:
        raise InitError(type(error).__name__, str(error), _frames(error)) from error
    handler = getattr(module, function_name, None)
    if not callable(handler):
        raise InitError("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    found: Callable[[Any, Any], Any] = handler
    return found


def answer(handler: Callable[[Any, Any], Any], event: bytes, context: Context) -> tuple[str, bytes]:
    """Call the handler and return (kind, JSON text). SystemExit is not caught: it ends the process."""
    try:
        value = json.loads(event) if event else {}
    except (ValueError, RecursionError) as error:
        return "bad-event", json.dumps(str(error)).encode()
    request_id = context.aws_request_id
    try:
        result = handler(value, context)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is the answer
        _log_error(error)
        return "error", error_body(type(error).__name__, str(error), request_id, _frames(error))
    try:
        text = json.dumps(result, default=_plain, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"Unable to marshal response: {error}"
        log(f"[ERROR] Runtime.MarshalError: {message}\n")
        return "error", error_body("Runtime.MarshalError", message, request_id, [])
    if len(text) > RESPONSE_LIMIT:
        message = (
            f"Response payload size ({len(text)} bytes) exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        )
        body = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
        return "error", json.dumps(body).encode()
    return "result", text


def error_body(kind: str, message: str, request_id: str, trace: list[str]) -> bytes:
    """Return the payload of a failed invocation."""
    return json.dumps(
        {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    ).encode()


def log(text: str) -> None:
    """Write a line of the runtime's own to the log, after what the handler printed before."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a handler may have closed or replaced it
            stream.flush()
    os.write(1, text.encode(errors="replace"))


def _plain(value: object) -> float:
    if isinstance(value, decimal.Decimal):  # what boto3's DynamoDB gives; AWS's runtime takes it too
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _frames(error: BaseException) -> list[str]:
    """Return the stack of the user's own frames, the outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return traceback.format_list(
        [frame for frame in frames if frame.filename != _HERE and not frame.filename.startswith("<frozen importlib")]
    )


def _log_error(error: BaseException) -> None:
    stack = "".join(_frames(error))
    log(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{stack}")


def _unbuffered(fd: int) -> io.TextIOWrapper:
    """Return a text stream that writes at once: what was printed before a crash or a timeout is in the log."""
    return io.TextIOWrapper(
        io.FileIO(fd, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
    )


class _RequestFilter(logging.Filter):
    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


def _set_up_logging() -> _RequestFilter:
    """Give the root logger the handler that AWS's runtime gives it: handlers only set a level."""
    request = _RequestFilter()
    to_stdout = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    to_stdout.setFormatter(formatter)
    to_stdout.addFilter(request)
    logging.getLogger().addHandler(to_stdout)
    return request


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes] | None:
    """Return the next message, or None when the other side has closed, or sent what is none.

    A handler can do that: it has only to write to a descriptor that is not its own.
    """
    header = _exactly(channel, HEADER.size)
    if header is None:
        return None
    meta_size, body_size = HEADER.unpack(header)
    if meta_size + body_size > MESSAGE_LIMIT:
        return None
    rest = _exactly(channel, meta_size + body_size)
    if rest is None:
        return None
    try:
        meta = json.loads(rest[:meta_size])
    except ValueError:
        return None
    return (meta, bytes(rest[meta_size:])) if isinstance(meta, dict) else None


def send(channel: socket.socket, meta: dict[str, Any], body: bytes) -> None:
    """Send one message."""
    text = json.dumps(meta).encode()
    channel.sendall(HEADER.pack(len(text), len(body)) + text + body)


def _exactly(channel: socket.socket, size: int) -> bytearray | None:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = channel.recv_into(view[done:])
        if count == 0:
            return None
        done += count
    return data


def _serve(channel: socket.socket, handler: Callable[[Any, Any], Any], request: _RequestFilter) -> None:
    while (message := receive(channel)) is not None:
        meta, event = message
        request.request_id = meta["id"]
        context = Context(meta["id"], meta["arn"], meta["timeout"], meta.get("context"))
        log(f"START RequestId: {meta['id']} Version: $LATEST\n")
        begun = time.perf_counter()
        try:
            kind, body = answer(handler, event, context)
        finally:
            _log_end(meta["id"], (time.perf_counter() - begun) * 1000, context.memory_limit_in_mb)
        send(channel, {"kind": kind}, body)


def _log_end(request_id: str, millis: float, memory: str) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "linux" else 1024) // 1024
    log(
        f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {millis:.2f} ms\t"
        f"Billed Duration: {int(millis) + 1} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\n"
    )


def main(socket_fd: int) -> None:
    """Load the handler, say so, and answer until the server closes the socket."""
    channel = socket.socket(fileno=socket_fd)
    channel.set_inheritable(False)
    sys.stdout, sys.stderr = _unbuffered(1), _unbuffered(2)
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    request = _set_up_logging()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except InitError as error:
        log(f"[ERROR] {error.kind}: {error}\n")
        send(channel, {"kind": "init-error"}, error_body(error.kind, str(error), "", error.trace))
        return
    send(channel, {"kind": "ready"}, b"")
    _serve(channel, handler, request)


if __name__ == "__main__":
    status = 0
    try:
        main(int(os.environ.pop("STEPFUNCTIONS_CHANNEL")))
    except SystemExit as stopped:
        status = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    log("")
    os._exit(status)  # at once: a thread that the handler left running must not hold the process
