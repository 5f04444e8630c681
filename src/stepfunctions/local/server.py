"""The HTTP front: one loopback port for every service, a bare ASGI application.

Requests are read here, answered in threads by :func:`stepfunctions.local.wire.front.handle`; S3 is an ASGI
application of its own, because its bodies stream.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.console import Access, Door
from stepfunctions.local.control import PREFIX, Control
from stepfunctions.local.datadir import SERVER_LOG, DataDir, ServerInfo, cannot_use
from stepfunctions.local.disk import Keeper
from stepfunctions.local.origins import refuse_others
from stepfunctions.local.own_process import collect_seldom, more_files
from stepfunctions.local.principal import IamMode
from stepfunctions.local.resources import Resources
from stepfunctions.local.services import SERVICES
from stepfunctions.local.threads import DaemonPool
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.route import guess_protocol, is_long, runs_code, service_of
from stepfunctions.runtime.durability import Durability

if TYPE_CHECKING:
    from stepfunctions.local.http_exchange import Receive, Scope, Send
    from stepfunctions.local.http_server import HttpServer

T = TypeVar("T")

HOST = "127.0.0.1"
MAX_BODY = 32 * 1024 * 1024
_SHORT_THREADS, _LONG_THREADS = 32, 1000
_DRAIN_SECONDS = 3
_CONNECTIONS = 2048
"""Connections above which one more is answered 503 and closed: each, and each call at work, needs files."""
_LOG_BYTES = 5_000_000


class Application:
    """The ASGI application of a cloud.

    Short calls and calls that wait (StartSyncExecution, Invoke …) have threads of their own, so that any number
    of waiting clients leaves room for the calls that end their waiting.
    """

    def __init__(self, cloud: Cloud, info: ServerInfo, door: Door | None = None) -> None:
        self._cloud = cloud
        self._control = Control(cloud, info)
        self._door = door
        self._short = DaemonPool("call", _SHORT_THREADS)
        self._long = DaemonPool("long-call", _LONG_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:  # the server stops and this call was not done in time
            refusal = ServiceError("ServiceUnavailable", "The local cloud is stopping", 503)
            with suppress(Exception):  # an answer may have begun, or the client is gone
                await _send(send, _error_response(refusal, _head(scope), None))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _head(scope)
        refusal = refuse_others(request)
        if refusal is not None:
            await _send(send, await self._error(refusal, request, None))
        elif self._door is not None and self._door.takes(request):
            await self._show(self._door, request, receive, send)
        elif request.path.startswith(PREFIX):
            with suppress(_Gone, _TooLarge):
                order = _with_body(request, await _read(receive, request.headers))
                await _send(send, await _in_thread(self._long, functools.partial(self._control.answer, order)))
        else:
            await self._route(request, scope, receive, send)

    async def _show(self, door: Door, request: Request, receive: Receive, send: Send) -> None:
        run, arn = functools.partial(_in_thread, self._long), door.live(request)
        if arn is not None:
            await door.follow(arn, receive, send, run)
            return
        with suppress(_Gone, _TooLarge):
            request = _with_body(request, await _read(receive, request.headers))
            await _send(send, await run(functools.partial(door.answer, request)))

    async def _route(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        unsigned_form = "authorization" not in request.headers and request.content_type.endswith("urlencoded")
        service = service_of(request)
        if service == "s3" and not unsigned_form:
            await self._s3(request, scope, receive, send)
            return
        try:
            body = await _read(receive, request.headers)
        except _TooLarge:
            refusal = ServiceError(
                "RequestEntityTooLargeException", f"The request is larger than {MAX_BODY} bytes", 413
            )
            await _send(send, await self._error(refusal, request, service))
            return
        except _Gone:
            return
        request = _with_body(request, body)
        service = service_of(request)
        if not is_long(service, request):
            call = functools.partial(_handle, self._cloud, service, request)
            with self._cloud.work.during():
                await _send(send, await _in_thread(self._short, call))
            return
        watch = asyncio.ensure_future(_disconnected(receive))
        try:
            call = functools.partial(_handle, self._cloud, service, replace(request, gone=watch.done))
            with self._cloud.work.during() if runs_code(service) else nullcontext():
                await _send(send, await _in_thread(self._long, call))
        finally:
            watch.cancel()

    async def _s3(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        if "s3" in self._cloud.real:
            refusal = ServiceError(
                "NotImplemented", "Tasks call AWS's own S3 here ('--real s3'): call it without this endpoint", 501
            )
            await _send(send, await self._error(refusal, request, "s3"))
            return
        try:
            s3 = await _in_thread(self._short, functools.partial(self._cloud.service, "s3"))
        except Exception as error:  # noqa: BLE001 - the server goes on
            refusal = error if isinstance(error, ServiceError) else ServiceError("InternalError", str(error), 500)
            await _send(send, await self._error(refusal, request, "s3"))
            return
        with self._cloud.work.during():
            await s3.app(scope, receive, send)

    async def _error(self, error: ServiceError, request: Request, service: str | None) -> Response:
        """Write a refusal; in a thread, because the first one imports botocore."""
        return await _in_thread(self._short, functools.partial(_error_response, error, request, service))


async def _in_thread(pool: DaemonPool, call: Callable[[], T]) -> T:
    """Run a call in a thread of a pool; the loop is woken once, with the result."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        if done.cancelled():
            return
        try:
            settle = functools.partial(done.set_result, call())
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
            settle = functools.partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if done.done() else settle())

    pool.submit(work)
    return await done


def _handle(cloud: Cloud, service: str, request: Request) -> Response:
    from stepfunctions.local.wire.front import handle

    return handle(cloud, service, request)


def _error_response(error: ServiceError, request: Request, service: str | None) -> Response:
    from stepfunctions.local.wire.errors import error_response

    protocol = "rest-xml" if service == "s3" else guess_protocol(request)
    return error_response(error, protocol=protocol, service=None, request_id="")


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    """The client went away before it had sent its request."""


def _head(scope: Scope) -> Request:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Request(method=scope["method"], path=path, query=tuple(query), headers=headers)


def _with_body(head: Request, body: bytes) -> Request:
    return Request(method=head.method, path=head.path, query=head.query, headers=head.headers, body=body)


async def _disconnected(receive: Receive) -> None:
    """Return once the client of a request that was read is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(receive: Receive, headers: dict[str, str]) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        raise _TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise _TooLarge
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in response.headers]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def run(
    data_dir: Path | str,
    *,
    port: int = 8083,
    max_jobs: int | None = None,
    real: Iterable[str] = (),
    limits: bool = True,
    durability: Durability = Durability.NORMAL,
    retention_days: float = 90.0,
    iam: IamMode = IamMode.OFF,
    resources: Resources = Resources(),  # noqa: B008 - it never changes
    clock: str = "real",
    start: str | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """Run the local cloud of a data directory until SIGINT or SIGTERM.

    ``announce`` gets ``Ready: http://127.0.0.1:PORT`` once requests are accepted. ``port`` 0 is any free one.
    ``real``: services whose calls go to AWS itself; ``limits``, ``durability``, ``retention_days``, ``iam``,
    ``clock``, ``start``: see
    :class:`~stepfunctions.local.cloud.Cloud`.
    Raises :class:`LocalCloudError` when the port or the directory is in use, or httptools is not installed.
    """
    try:
        from stepfunctions.local.http_server import HttpServer
    except ImportError:
        raise LocalCloudError(
            "The local cloud's server needs more packages: pip install 'stepfunctions-sdk[local]'"
        ) from None
    with DataDir(data_dir) as directory, _listen(port) as listening:
        endpoint = f"http://{HOST}:{listening.getsockname()[1]}"
        cloud = Cloud(
            directory.path,
            endpoint=endpoint,
            max_jobs=max_jobs,
            real=real,
            limits=limits,
            durability=durability,
            retention_days=retention_days,
            iam=iam,
            resources=resources,
            clock=clock,
            start=start,
        )
        info = ServerInfo(
            endpoint=endpoint,
            pid=os.getpid(),
            region=cloud.region,
            account=cloud.account,
            data_dir=str(directory.path),
            started_at=round(time.time(), 3),
        )
        _log_to(directory.path / SERVER_LOG)
        more_files()
        collect_seldom()
        try:
            _begin(cloud)
            access = Access(directory.path, endpoint)
            door = Door(cloud, info, access)
            server = HttpServer(Application(cloud, info, door), most=_CONNECTIONS, drain_seconds=_DRAIN_SECONDS)
            door.stopping = lambda: server.stopping
            _serve(server, listening, on_ready=lambda: _ready(directory, info, cloud, access, announce))
        finally:
            cloud.stop()


def _log_to(path: Path) -> None:
    """Write what is logged to a file too; it begins anew at a start that finds it longer than 5 MB."""
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(f"{path}.1")
    handler = logging.FileHandler(path, delay=True, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def _begin(cloud: Cloud) -> None:
    try:
        cloud.start()
        if cloud.resources.disk is not None:
            Keeper(cloud.data_dir, cloud.resources.disk).start()
    except OSError as error:  # a full disk, files of another user
        raise cannot_use(cloud.data_dir, error) from error


def _ready(directory: DataDir, info: ServerInfo, cloud: Cloud, access: Access, announce: Callable[[str], None]) -> None:
    directory.publish(info)
    announce(f"Ready: {info.endpoint}")
    announce(f"Console: {access.address}")
    announce(_where(cloud))
    threading.Thread(target=_warm, name="warm", daemon=True).start()


def _where(cloud: Cloud) -> str:
    """Return the line that says where calls go, and what does not last."""
    in_memory = cloud.durability is Durability.MEMORY
    own = ", ".join(name for name in SERVICES if name not in cloud.real and not (in_memory and name == "stepfunctions"))
    real = f" AWS itself answers for {', '.join(sorted(cloud.real))}." if cloud.real else ""
    others = "Step Functions is in memory only; moto" if in_memory else "moto"
    return f"Kept in the data directory: {own}.{real} {others} stands for every other service, in memory only."


def _warm() -> None:
    """Import botocore while nobody waits for it: the first request is then as quick as the next."""
    from stepfunctions.local.wire import front, models

    models.service_model("stepfunctions")
    del front


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    # asyncio turns Nagle's algorithm off only where the protocol is given: without it each answer takes 40 ms
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(2048)  # jobs of the last run may call before the first request is accepted
        except (OSError, OverflowError) as error:
            raise LocalCloudError(
                f"Port {port} of {HOST} cannot be used ({_reason(error)}): choose another "
                f"with --port, or --port 0 for any free one"
            ) from error
        yield listening
    finally:
        listening.close()


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _serve(server: HttpServer, listening: socket.socket, *, on_ready: Callable[[], None]) -> None:
    """Serve until a signal comes; a second one does not wait for requests that still run."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        await server.serve(listening, on_ready)

    asyncio.run(main())
