"""The HTTP server at a real socket: requests as clients may send them, answers as ASGI applications may give them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from stepfunctions.local.http_exchange import Receive, Scope, Send
from stepfunctions.local.http_server import HttpServer

_PATIENCE = 30.0


class App:
    """Answers with what it was sent, as the path says."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release: Callable[[], object] = lambda: None
        self.left: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await getattr(self, scope["path"].strip("/"))(scope, receive, send)

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        text = scope["method"].encode() + b" " + scope["query_string"] + b" " + body
        await _answer(send, text, (b"content-length", str(len(text)).encode()))

    async def chunks(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def unread(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.headers = scope["headers"]
        await _answer(send, b"no", (b"content-length", b"2"))

    async def large(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"33554432")]})
        for number in range(32):
            await send({"type": "http.response.body", "body": bytes(1024 * 1024), "more_body": number < 31})

    async def short(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer(send, b"four", (b"content-length", b"10"))

    async def fails(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("on purpose")

    async def waits(self, _scope: Scope, receive: Receive, send: Send) -> None:
        loop, released = asyncio.get_running_loop(), asyncio.Event()
        self.release = functools.partial(loop.call_soon_threadsafe, released.set)
        self.entered.set()
        try:
            await released.wait()
        except asyncio.CancelledError:
            await _answer(send, b"late", (b"content-length", b"4"))
            return
        await _answer(send, b"done", (b"content-length", b"4"))

    async def watches(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        self.entered.set()
        while (message := await receive())["type"] != "http.disconnect":
            assert message["body"] == b""
        self.left.append("gone")


async def _answer(send: Send, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


class Served:
    """A server in a thread of its own."""

    def __init__(self) -> None:
        self.app = App()
        self.server = HttpServer(self.app, drain_seconds=0.2)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(_PATIENCE)

    def _run(self) -> None:
        self.loop.run_until_complete(self.server.serve(self.socket, self._ready.set))

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.server.stop)
            self._thread.join(_PATIENCE)
            assert not self._thread.is_alive()
            self.loop.close()
            self.socket.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.socket.getsockname(), timeout=_PATIENCE)

    def until_closed(self, *sent: bytes) -> bytes:
        """Everything that comes back until the server closes the connection."""
        with self.connect() as client:
            for part in sent:
                client.sendall(part)
            return _rest(client)


def _rest(client: socket.socket) -> bytes:
    found = bytearray()
    while part := client.recv(65536):
        found += part
    return bytes(found)


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.stop()


def _bodies(answers: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]]


def test_requests_of_one_connection_are_answered_in_their_order(served: Served) -> None:
    requests = b"".join(
        b"POST /echo?n=%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n%b\r\nhi" % (number, last)
        for number, last in enumerate([b"", b"", b"Connection: close\r\n"])
    )
    assert _bodies(served.until_closed(requests)) == [b"POST n=0 hi", b"POST n=1 hi", b"POST n=2 hi"]


def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    request = (
        b"POST http://a/echo?x HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    )
    assert _bodies(served.until_closed(*(bytes([one]) for one in request))) == [b"POST x ab"]


def test_a_body_of_many_megabytes_streams_both_ways(served: Served) -> None:
    body = bytes(8 * 1024 * 1024)
    head = b"PUT /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert _bodies(served.until_closed(head, body)) == [b"PUT  " + body]
    assert len(_bodies(served.until_closed(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n"))[0]) == 32 * 1024 * 1024


def test_an_answer_of_unknown_length_is_chunked(served: Served) -> None:
    answer = served.until_closed(b"GET /chunks HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"transfer-encoding: chunked\r\n" in answer
    assert answer.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_head_is_answered_without_a_body(served: Served) -> None:
    answer = served.until_closed(b"HEAD /unread HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert b"content-length: 2\r\n" in answer
    assert _bodies(answer) == [b""]


def test_an_answer_has_the_date(served: Served) -> None:
    answer = served.until_closed(b"GET /unread HTTP/1.0\r\n\r\n")
    date = next(line for line in answer.decode().split("\r\n") if line.startswith("date: "))
    assert parsedate_to_datetime(date.removeprefix("date: ")).year > 2020


def test_a_client_is_told_to_go_on_once_its_body_is_wanted(served: Served) -> None:
    head = b"PUT /%b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    with served.connect() as client:
        client.sendall(head % b"echo")
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert _bodies(_rest(client)) == [b"PUT  ok"]
    refused = served.until_closed(head.replace(b"Connection: close\r\n", b"") % b"unread")
    assert b"100 Continue" not in refused
    assert b"connection: close\r\n" in refused


@pytest.mark.parametrize("path", [b"short", b"fails"])
def test_an_answer_that_is_not_whole_ends_the_connection(served: Served, path: bytes, caplog: Any) -> None:
    answer = served.until_closed(b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
    assert _bodies(answer) == ([b"four"] if path == b"short" else [])
    assert ("GET /fails failed" in caplog.text) is (path == b"fails")


def test_what_is_no_http_is_refused(served: Served) -> None:
    assert served.until_closed(b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"x" * 700_000,
        b"GET /" + b"x" * 700_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 40_000,
        b"PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 40_000,
    ],
)
def test_a_head_without_end_is_refused(served: Served, head: bytes) -> None:
    answer = b""
    with contextlib.suppress(ConnectionError):  # the rest of it is not read
        answer = served.until_closed(head)
    assert b" 200 " not in answer
    assert _bodies(served.until_closed(b"GET /unread HTTP/1.1\r\nConnection: close\r\n\r\n")) == [b"no"]


def test_trailers_are_not_headers(served: Served) -> None:
    sent = b"PUT /unread HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nHost: evil\r\n\r\n"
    assert _bodies(served.until_closed(sent)) == [b"no"]
    assert all(name != b"host" for name, _ in served.app.headers)


def test_an_upgrade_is_not_taken(served: Served) -> None:
    offer = b"GET /unread HTTP/1.1\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n"
    assert _bodies(served.until_closed(offer)) == [b"no"]


def test_the_application_learns_that_its_client_is_gone(served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"GET /watches HTTP/1.1\r\n\r\n")
        assert served.app.entered.wait(_PATIENCE)
    served.stop()
    assert served.app.left == ["gone"]


def test_a_connection_without_requests_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.local.http_server.IDLE_SECONDS", 0.01)
    served = Served()
    assert served.until_closed() == b""
    assert _bodies(served.until_closed(b"GET /unread HTTP/1.1\r\n\r\n")) == [b"no"]
    served.stop()


@pytest.mark.parametrize(("release", "body"), [(True, b"done"), (False, b"late")])
def test_a_stop_lets_requests_end_or_cancels_them(served: Served, release: bool, body: bytes) -> None:
    with served.connect() as idle, served.connect() as client:
        client.sendall(b"GET /waits HTTP/1.1\r\n\r\n")
        assert served.app.entered.wait(_PATIENCE)
        served.loop.call_soon_threadsafe(served.server.stop)
        assert idle.recv(1) == b""
        if release:
            served.app.release()
        answer = _rest(client)
    assert b"connection: close\r\n" in answer
    assert _bodies(answer) == [body]


def test_a_second_stop_does_not_wait(served: Served) -> None:
    served.server._drain_seconds = _PATIENCE
    with served.connect() as client:
        client.sendall(b"GET /waits HTTP/1.1\r\n\r\n")
        assert served.app.entered.wait(_PATIENCE)
        served.loop.call_soon_threadsafe(served.server.stop)
        served.loop.call_soon_threadsafe(served.server.stop)
        assert _bodies(_rest(client)) == [b"late"]
