"""HTTP/1.1 for one ASGI application on one socket: an asyncio protocol over httptools' parser.

It has what a port of the own machine needs (keep-alive, pipelining, ``100 Continue``, bodies that stream both ways with
back-pressure, a graceful stop) and no more, so that a short request costs little: an answer that is whole leaves in one
write. HTTPS, WebSockets and HTTP/2 are not spoken.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

IDLE_SECONDS = 75.0
"""How long a connection may stay without a request."""
_MOST_UNREAD = 65_536
"""Bytes of a body that wait for the application before no more are read from the client."""
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_BODILESS = (204, 304)
_log = logging.getLogger(__name__)


class HttpServer:
    """Serves an application on a listening socket until :meth:`stop`.

    Requests that run then have ``drain_seconds`` to end; what runs longer is cancelled, and the application may still
    answer it. A second :meth:`stop` does not wait. Clients above ``most`` connections are answered 503.
    """

    def __init__(self, app: App, *, most: int = 2048, drain_seconds: float = 3.0) -> None:
        self._app = app
        self._most = most
        self.connections: set[_Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = False
        self._drain_seconds = drain_seconds
        self._stop: asyncio.Future[None] | None = None
        self._hurry: asyncio.Future[None] | None = None

    @property
    def app(self) -> App:
        """What answers the next request."""
        return self._app if len(self.connections) < self._most else _unavailable

    async def serve(self, listening: socket.socket, on_ready: Callable[[], None] = lambda: None) -> None:
        """Accept connections until :meth:`stop`; ``on_ready`` is called once they are accepted."""
        loop = asyncio.get_running_loop()
        self._stop, self._hurry = loop.create_future(), loop.create_future()
        accepting = await loop.create_server(lambda: _Connection(self, loop), sock=listening, backlog=2048)
        on_ready()
        try:
            await self._stop
        finally:
            accepting.close()
        self.stopping = True
        for connection in list(self.connections):
            connection.end_when_idle()
        if self.tasks:
            await asyncio.wait(
                {asyncio.ensure_future(_all(self.tasks)), self._hurry},
                timeout=self._drain_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        for task in list(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(list(self.tasks))
        for connection in list(self.connections):
            connection.close()

    def stop(self) -> None:
        """End :meth:`serve`. Call it in the event loop's thread."""
        for ending in (self._stop, self._hurry):
            if ending is not None and not ending.done():
                ending.set_result(None)
                return


async def _unavailable(_scope: Scope, _receive: Receive, send: Send) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _all(tasks: set[asyncio.Task[None]]) -> None:
    while tasks:
        await asyncio.wait(list(tasks))


class _Connection(asyncio.Protocol):
    """One client: its requests are parsed as they come and answered one after the other."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.writable = asyncio.Event()
        self.writable.set()
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._exchanges: deque[_Exchange] = deque()
        """The first is being answered, the last is being received."""
        self._receiving: _Exchange | None = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._paused = False
        self._idle: asyncio.TimerHandle | None = None

    # --- called by asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)
        self._idle = self.loop.call_later(IDLE_SECONDS, self.close)

    def connection_lost(self, _: Exception | None) -> None:
        self._server.connections.discard(self)
        self._unset_idle()
        self.writable.set()
        for exchange in self._exchanges:
            exchange.lose()

    def data_received(self, data: bytes) -> None:
        self._unset_idle()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # an offer that is not taken: the request is answered as any other
        except httptools.HttpParserError:
            self._refuse()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    # --- called by the parser ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        url = self._url
        if not url.startswith(b"/"):  # a proxy's way to ask
            parsed = httptools.parse_url(url)
            url = parsed.path + (b"?" + parsed.query if parsed.query else b"")
        raw_path, _, query = url.partition(b"#")[0].partition(b"?")
        version = self._parser.get_http_version()
        scope: Scope = {
            "type": "http",
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
        }
        keep_alive = version != "1.0" and self._parser.should_keep_alive()
        self._receiving = _Exchange(self, scope, keep_alive)
        self._exchanges.append(self._receiving)
        if len(self._exchanges) == 1:
            self._begin()
        else:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        if self._receiving is not None:
            self._receiving.feed(body)

    def on_message_complete(self) -> None:
        if self._receiving is not None:
            self._receiving.feed(b"", more=False)

    # --- of the exchanges ---------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Take no more from the client for now."""
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take more from the client, unless another request waits."""
        if self._paused and len(self._exchanges) < 2 and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()

    def answered(self, exchange: _Exchange) -> None:
        """Go on to the next request, or wait for one."""
        self._exchanges.popleft()
        if not exchange.keep_alive or self.ending:
            self.transport.close()
        if self.transport.is_closing():
            return
        self.resume_reading()
        if self._exchanges:
            self._begin()
        else:
            self._idle = self.loop.call_later(IDLE_SECONDS, self.close)

    @property
    def ending(self) -> bool:
        """Whether no further request is answered."""
        return self._server.stopping

    def end_when_idle(self) -> None:
        """Close, or do so once the request that runs is answered."""
        if not self._exchanges:
            self.transport.close()

    def close(self) -> None:
        """Close after what is written has left."""
        self.transport.close()

    def _begin(self) -> None:
        task = self.loop.create_task(self._exchanges[0].run(self._server.app))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _refuse(self) -> None:
        if not self._exchanges:
            text = b"Invalid HTTP request received."
            head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
            self.transport.write(_STATUS_LINES[400] + head + str(len(text)).encode() + b"\r\n\r\n" + text)
        self.transport.close()

    def _unset_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()


class _Exchange:
    """A request and its answer, as ASGI's ``receive`` and ``send``."""

    def __init__(self, connection: _Connection, scope: Scope, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self._connection = connection
        self._scope = scope
        self._body = bytearray()
        self._more = True  # of the body, to come from the client
        self._told_end = False
        self._gone = False
        self._waiter: asyncio.Future[None] | None = None
        self._expects = any(name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"])
        self._head: bytes | None = None
        """Of the answer, until it leaves with the first piece of its body."""
        self._started = self._ended = self._chunked = False
        self._missing: int | None = None
        """Bytes of the announced length that were not sent yet."""

    async def run(self, app: App) -> None:
        """Have the request answered."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 - the others go on
            _log.exception("%s %s failed", self._scope["method"], self._scope["path"])
        finally:
            if not self._ended:  # nobody can tell where the next answer would begin
                self._connection.close()

    # --- the request --------------------------------------------------------------------------------------

    def feed(self, body: bytes, more: bool = True) -> None:
        """Take in a piece of the body."""
        self._more = more
        if self._ended:
            return
        self._body += body
        if len(self._body) > _MOST_UNREAD:
            self._connection.pause_reading()
        self._wake()

    def lose(self) -> None:
        """Learn that the client is gone."""
        self._gone = True
        self._wake()

    async def receive(self) -> Message:
        """See ASGI: pieces of the body, then ``http.disconnect`` once the client is gone or has its answer."""
        if self._expects and not self._started:
            self._expects = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self._body or self._gone or self._ended or (not self._more and not self._told_end)):
            self._connection.resume_reading()
            self._waiter = self._connection.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._gone or self._ended:
            return {"type": "http.disconnect"}
        body = bytes(self._body)
        self._body.clear()
        self._told_end = not self._more
        self._connection.resume_reading()
        return {"type": "http.request", "body": body, "more_body": self._more}

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the answer ---------------------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """See ASGI. What is sent to a client that is gone is dropped."""
        if message["type"] == "http.response.start":
            self._start(message["status"], message["headers"])
            return
        if not self._connection.writable.is_set():
            await self._connection.writable.wait()
        if not self._gone:
            self._send_body(message.get("body", b""), message.get("more_body", False))

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._started = True
        lines = [_STATUS_LINES[status], _date_line()]
        closes = False
        for name, value in headers:
            name = name.lower()
            if name == b"content-length":
                self._missing = int(value)
            elif name == b"connection" and value.lower() == b"close":
                closes = True
            lines.append(b"%b: %b\r\n" % (name, value))
        bodiless = self._scope["method"] == "HEAD" or status in _BODILESS
        if bodiless:
            self._missing = 0
        elif self._missing is None:
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        if self._expects:  # the client was never told to send its body
            self.keep_alive = False
        self.keep_alive = self.keep_alive and not closes and not self._connection.ending
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
        self._head = b"".join(lines) + b"\r\n"

    def _send_body(self, body: bytes, more: bool) -> None:
        head, self._head = self._head or b"", None
        if self._chunked:
            piece = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._write(head + piece + (b"" if more else b"0\r\n\r\n"))
        else:
            assert self._missing is not None, "the answer has not begun"
            body = body[: self._missing]
            self._missing -= len(body)
            if len(body) <= _MOST_UNREAD:
                self._write(head + body)
            else:  # long pieces are not copied
                self._write(head)
                self._write(body)
        if not more:
            self._ended = True
            self._body.clear()
            if self._missing:
                self.keep_alive = False
            self._wake()
            self._connection.answered(self)

    def _write(self, data: bytes) -> None:
        if data and not self._gone and not self._connection.transport.is_closing():
            self._connection.transport.write(data)


_date = (0, b"")


def _date_line() -> bytes:
    """Return the Date header, made once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        moment = time.gmtime(now)
        day, month = _DAYS[moment.tm_wday], _MONTHS[moment.tm_mon - 1]
        _date = (now, time.strftime(f"date: {day}, %d {month} %Y %H:%M:%S GMT\r\n", moment).encode("ascii"))
    return _date[1]


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
