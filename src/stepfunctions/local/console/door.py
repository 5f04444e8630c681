"""Where the server hands over what is for the console; the rest of it is imported with the first such request."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.console.access import Access
from stepfunctions.local.wire.messages import Request, Response

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.console.console import Console
    from stepfunctions.local.datadir import ServerInfo
    from stepfunctions.local.http_exchange import Receive, Send

PREFIX = "/_local/console/"
_LOOK_SECONDS = 0.05
_ENDED_SECONDS = 1.0
"""Between two looks at an execution that has ended: it may be redriven."""
_KEEP_ALIVE_SECONDS = 15.0

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a call in a thread."""


class Door:
    """Takes the console's requests for one cloud. ``stopping`` tells whether the server stops."""

    def __init__(self, cloud: Cloud, info: ServerInfo, access: Access) -> None:
        self._cloud = cloud
        self._info = info
        self._access = access
        self.stopping: Callable[[], bool] = lambda: False

    @staticmethod
    def takes(request: Request) -> bool:
        """Tell whether a request is for the console. The root is also ListBuckets of S3, which no browser sends."""
        if request.path.startswith(PREFIX):
            return True
        browser = "text/html" in request.headers.get("accept", "")
        return request.path == "/" and request.method == "GET" and browser and "authorization" not in request.headers

    def live(self, request: Request) -> str | None:
        """Return the execution that a request wants to follow, None for one that is answered at once."""
        follows = request.path == f"{PREFIX}live" and request.method == "GET" and self._access.knows(request)
        return dict(request.query).get("arn", "") if follows else None

    @functools.cached_property
    def console(self) -> Console:
        """The console, made when it is needed."""
        from stepfunctions.local.console.console import Console

        return Console(self._cloud, self._info, self._access)

    def answer(self, request: Request) -> Response:
        """Answer a request; it may block."""
        return self.console.answer(request)

    async def follow(self, arn: str, receive: Receive, send: Send, run: InThread) -> None:
        """Send an event each time that an execution has gone on: server-sent events, each with what has changed."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.ensure_future(_disconnected(receive))
        last: dict[str, Any] = {}
        silent = 0.0
        try:
            while not gone.done() and not self.stopping():
                now = await run(lambda: self._revision(arn))
                if now != last:
                    last, silent = now, 0.0
                    text = f"id: {now.get('event', 0)}\ndata: {json.dumps(now)}\n\n"
                    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
                elif silent > _KEEP_ALIVE_SECONDS:
                    silent = 0.0
                    await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
                pause = _LOOK_SECONDS if now["status"] == "RUNNING" else _ENDED_SECONDS
                silent += pause
                await asyncio.wait([gone], timeout=pause)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
        await send({"type": "http.response.body", "body": b""})

    def _revision(self, arn: str) -> dict[str, Any]:
        try:
            return self.console.revision(arn)
        except ServiceError as error:
            return {"status": "GONE", "message": error.message}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
