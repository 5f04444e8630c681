"""HTTP/1.1 for one ASGI application on one socket: an asyncio protocol over httptools' parser.

It has what a port of the own machine needs (keep-alive, pipelining, ``100 Continue``, bodies that stream both ways with
back-pressure, a graceful stop) and no more, so that a short request costs little: an answer that is whole leaves in one
write. HTTPS, WebSockets and HTTP/2 are not spoken.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote

import httptools

from stepfunctions.local.http_exchange import STATUS_LINES, App, Exchange, Receive, Scope, Send

IDLE_SECONDS = 75.0
"""How long a connection may stay without a request, or silent in the middle of a request's head."""
_LONGEST_HEAD = 65_536
"""Bytes that the head of a request may have: its target, its headers, the trailers of a chunked body."""


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
        self._exchanges: deque[Exchange] = deque()
        """The first is being answered, the last is being received."""
        self._receiving: Exchange | None = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._unparsed = 0
        """Bytes read since the parser last told of something: of a header that does not end."""
        self._paused = False
        self._idle: asyncio.TimerHandle | None = None

    # --- called by asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)
        self._set_idle()

    def connection_lost(self, _: Exception | None) -> None:
        self._server.connections.discard(self)
        self._unset_idle()
        self.writable.set()
        for exchange in self._exchanges:
            exchange.lose()

    def data_received(self, data: bytes) -> None:
        self._unset_idle()
        self._unparsed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # an offer that is not taken: the request is answered as any other
        except httptools.HttpParserError:
            self._refuse(431 if self._head_size > _LONGEST_HEAD else 400)
        else:
            if self._unparsed > _LONGEST_HEAD:
                self._refuse(431)
        if not self._exchanges and not self.transport.is_closing():
            self._set_idle()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    # --- called by the parser ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url, self._headers, self._head_size = b"", [], 0
        self._unparsed = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
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
        self._headers = []  # what comes now are trailers, which nobody asks for
        self._unparsed = 0
        keep_alive = version != "1.0" and self._parser.should_keep_alive()
        self._receiving = Exchange(self, scope, keep_alive)
        self._exchanges.append(self._receiving)
        if len(self._exchanges) == 1:
            self._begin()
        else:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
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

    def answered(self, exchange: Exchange) -> None:
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
            self._set_idle()

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

    def _count(self, size: int) -> None:
        self._head_size += size
        self._unparsed = 0
        if self._head_size > _LONGEST_HEAD:
            raise ValueError("the head of the request is too long")  # the parser stops, and the request is refused

    def _refuse(self, status: int) -> None:
        if not self._exchanges:
            text = b"Invalid HTTP request received."
            head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
            self.transport.write(STATUS_LINES[status] + head + str(len(text)).encode() + b"\r\n\r\n" + text)
        self.transport.close()

    def _set_idle(self) -> None:
        self._unset_idle()
        self._idle = self.loop.call_later(IDLE_SECONDS, self.close)

    def _unset_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
