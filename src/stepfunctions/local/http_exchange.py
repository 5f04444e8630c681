"""A request and its answer on a connection of the HTTP server, as ASGI's ``receive`` and ``send``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_MOST_UNREAD = 65_536
"""Bytes of a body that wait for the application before no more are read from the client."""
_BODILESS = (204, 304)
_log = logging.getLogger(__name__)


class Connection(Protocol):
    """What an exchange needs of the connection that it is on."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    writable: asyncio.Event
    """Set while the client takes what is written."""

    @property
    def ending(self) -> bool:
        """Whether no further request is answered."""
        ...

    def pause_reading(self) -> None:
        """Take no more from the client for now."""
        ...

    def resume_reading(self) -> None:
        """Take more from the client, unless another request waits."""
        ...

    def answered(self, exchange: Exchange) -> None:
        """Go on to the next request, or wait for one."""
        ...

    def close(self) -> None:
        """Close after what is written has left."""
        ...


class Exchange:
    """A request and its answer, as ASGI's ``receive`` and ``send``."""

    def __init__(self, connection: Connection, scope: Scope, keep_alive: bool) -> None:
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
        lines = [STATUS_LINES[status], _date_line()]
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
        _date = (now, f"date: {formatdate(now, usegmt=True)}\r\n".encode("ascii"))
    return _date[1]
