"""The HTTP side of S3: an ASGI app that streams bodies both ways through two small buffers each.

Everything that touches a file or the index runs in a pool of threads, so that no request makes another wait. While
one batch of an upload is written, the next is received; while one block of a download is sent, the next is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from botocore.model import OperationModel

from stepfunctions.errors import ServiceError
from stepfunctions.local.outages import refusal_of
from stepfunctions.local.s3.chunked import ChunkedDecoder, is_chunked
from stepfunctions.local.s3.conditions import NotModified, Slice
from stepfunctions.local.s3.contents import Staged, Staging
from stepfunctions.local.s3.digests import algorithm_of
from stepfunctions.local.s3.faults import S3Error, not_implemented
from stepfunctions.local.s3.protocol import Answer, read_request, write_error, write_response
from stepfunctions.local.s3.routing import Incoming, choose_operation, read_scope
from stepfunctions.local.services import Call, supported_operations
from stepfunctions.local.wire.models import method_name, operation_model

if TYPE_CHECKING:
    from stepfunctions.local.s3.service import S3

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")

BATCH = 1024 * 1024
"""Bytes handed to a thread at a time while receiving."""
SMALL = 128 * 1024
"""A body of at most so many bytes is received whole and stored by one thread at once."""
READ = 512 * 1024
"""Bytes read at a time while sending."""
MAX_DOCUMENT = 16 * 1024 * 1024
"""The longest XML body; a CompleteMultipartUpload of 10,000 parts with checksums has about 3 MB."""
THREADS = 16

log = logging.getLogger(__name__)


class _ClientGone(Exception):
    pass


class App:
    """S3 as an ASGI application. ``close()`` it after the server has stopped.

    ``permit`` refuses, with a ServiceError, an operation that the caller may not call.
    """

    def __init__(
        self, service: S3, *, account: str, region: str, permit: Callable[[str, Incoming], None] | None = None
    ) -> None:
        self._service = service
        self._permit = permit
        self._account = account
        self._region = region
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        self._supported = frozenset(supported_operations("s3", service))

    def close(self) -> None:
        """Wait for file work under way and end the threads."""
        self._threads.shutdown(wait=True)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = _Exchange(scope, receive, send)
        try:
            incoming = read_scope(scope)
            await self._answer(incoming, exchange)
        except _ClientGone:
            return
        except NotModified as same:
            headers = {"ETag": f'"{same.info.etag}"'}
            await exchange.send_answer(Answer(304, headers, b""))
        except ServiceError as error:
            await exchange.send_error(error)
        except Exception as error:
            if exchange.started:
                raise
            refusal = refusal_of(error)
            if refusal is None:
                log.exception("S3 request failed")
                refusal = S3Error("InternalError", f"We encountered an internal error: {error}", 500)
            await exchange.send_error(refusal)

    async def _answer(self, incoming: Incoming, exchange: _Exchange) -> None:
        operation = choose_operation(incoming, self._supported)
        model = operation_model("s3", operation)
        if operation not in self._supported or model is None:
            raise not_implemented(operation, f"Supported: {', '.join(sorted(self._supported))}.")
        if incoming.headers.get("x-amz-expected-bucket-owner", self._account) != self._account:
            raise S3Error("AccessDenied", f"The bucket is owned by account {self._account}", 403)
        if incoming.expired:
            raise S3Error("AccessDenied", "Request has expired", 403)
        if self._permit is not None:
            await self._run(self._permit, operation, incoming)
        call = Call(
            operation=operation,
            request_id=exchange.request_id,
            account=self._account,
            region=incoming.region or self._region,
        )
        if operation in ("PutObject", "UploadPart"):
            await self._upload(model, incoming, exchange, call)
        elif operation == "GetObject":
            await self._download(model, incoming, exchange)
        else:
            body = await exchange.read_document()
            method = getattr(self._service, method_name(operation))
            await exchange.send_answer(await self._run(_perform, model, incoming, body, method, call))

    def _run(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(function, *arguments))

    # -- uploads -----------------------------------------------------------------------------------------------------

    async def _upload(self, model: OperationModel, incoming: Incoming, exchange: _Exchange, call: Call) -> None:
        request = read_request(model, incoming)
        headers = incoming.headers
        decoder = ChunkedDecoder() if is_chunked(headers) else None
        if decoder is None and "content-length" not in headers:
            raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
        trailing = _announced_trailers(headers) if decoder else []
        if decoder:
            _unwrap_chunked(request, headers)
        method = method_name(model.name)
        algorithms = await self._run(getattr(self._service, f"check_{method}"), request)
        algorithms = {*algorithms, *map(_algorithm, trailing)}
        rest = functools.partial(self._store, request, getattr(self._service, method), call, decoder, trailing)
        if request.get("ContentLength", SMALL + 1) <= SMALL:
            document = await exchange.read_document()
            response = await self._run(lambda: rest(self._stage(document, algorithms, decoder)))
        else:
            staged = await self._receive(exchange, algorithms, decoder)
            response = await self._run(rest, staged)
        await exchange.send_answer(write_response(model, response))

    def _stage(self, document: bytes, algorithms: Iterable[str], decoder: ChunkedDecoder | None) -> Staged:
        """Write a body that came whole."""
        staging = self._service.objects.contents.stage(algorithms)
        try:
            staging.write(decoder.feed(document) if decoder else [document])
            if decoder:
                decoder.finish()
            return staging.finish()
        except BaseException:
            staging.discard()
            raise

    def _store(
        self,
        request: dict[str, Any],
        method: Callable[..., dict[str, Any]],
        call: Call,
        decoder: ChunkedDecoder | None,
        trailing: Iterable[str],
        staged: Staged,
    ) -> dict[str, Any]:
        """Perform an operation with its body, and discard that when it fails."""
        try:
            if decoder:
                _check_length(request, staged)
                _take_trailers(request, decoder, trailing)
            return method({**request, "Body": staged}, call)
        except BaseException:
            staged.discard()
            raise

    async def _receive(self, exchange: _Exchange, algorithms: Iterable[str], decoder: ChunkedDecoder | None) -> Staged:
        """Stream the body into a staged file, at most two batches of it in memory."""
        staging = await self._run(self._service.objects.contents.stage, algorithms)
        work: list[asyncio.Future[None]] = []
        try:
            async for batch in exchange.batches():
                pieces: list[Any] = [view for piece in batch for view in decoder.feed(piece)] if decoder else batch
                await _settle(work)
                # MD5 is as slow as a disk: on two processors, both at once take half the time.
                work = [self._run(staging.measure, pieces), self._run(staging.store, pieces)]
            await _settle(work)
            if decoder:
                decoder.finish()
            return await self._run(staging.finish)
        except BaseException:
            await self._abandon(staging, work)
            raise

    async def _abandon(self, staging: Staging, work: Sequence[asyncio.Future[None]]) -> None:
        with contextlib.suppress(Exception):  # the first error is the one that is reported
            await _settle(work)
        await self._run(staging.discard)

    # -- downloads ---------------------------------------------------------------------------------------------------

    async def _download(self, model: OperationModel, incoming: Incoming, exchange: _Exchange) -> None:
        request = read_request(model, incoming)
        response, file, part = await self._run(self._service.open_object, request)
        try:
            answer = write_response(model, response)
            await exchange.start(206 if "ContentRange" in response or "PartsCount" in response else 200, answer.headers)
            await self._send_file(file, part, exchange)
        finally:
            file.close()

    async def _send_file(self, file: BinaryIO, part: Slice, exchange: _Exchange) -> None:
        """Send a slice of a file, at most two blocks of it in memory."""
        watch = asyncio.ensure_future(exchange.until_gone())
        position, end = part.start, part.start + part.length
        reading: asyncio.Future[bytes] | None = None
        try:
            if position == end:
                await exchange.send_body(b"", more=False)
                return
            reading = self._run(os.pread, file.fileno(), min(READ, end - position), position)
            while position < end and not watch.done():
                block = await reading
                if not block:
                    raise OSError(f"{file.name} is shorter than its row in the index says")
                position += len(block)
                if position < end:
                    reading = self._run(os.pread, file.fileno(), min(READ, end - position), position)
                await exchange.send_body(block, more=position < end)
        finally:
            watch.cancel()
            if reading is not None:  # the file must not be closed under a thread that reads it
                await asyncio.wait([reading])


class _Exchange:
    """One request and its answer, on the level of ASGI messages."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.request_id = uuid.uuid4().hex[:16].upper()
        self.started = False
        self._scope = scope
        self._receive = receive
        self._send = send
        self._touched = False  # whether the body was asked for, which lets a waiting client send it
        self._ended = False

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """Yield the body in lists of pieces, about :data:`BATCH` bytes each."""
        batch: list[bytes] = []
        size = 0
        while not self._ended:
            piece = await self._next()
            if piece:
                batch.append(piece)
                size += len(piece)
            if batch and (size >= BATCH or self._ended):
                yield batch
                batch, size = [], 0

    async def read_document(self) -> bytes:
        """Return the whole body of an operation without streaming."""
        pieces: list[bytes] = []
        while not self._ended:
            pieces.append(await self._next())
            if sum(map(len, pieces)) > MAX_DOCUMENT:
                raise S3Error("MaxMessageLengthExceeded", "Your request was too big.")
        return b"".join(pieces)

    async def until_gone(self) -> None:
        """Wait until the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> bytes:
        self._touched = True
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        self._ended = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers."""
        pairs = [(name.lower().encode("latin-1"), _one_line(text)) for name, text in headers.items()]
        pairs += [(b"x-amz-request-id", self.request_id.encode()), (b"x-amz-id-2", self.request_id.encode())]
        expects = any(name.lower() == b"expect" for name, _ in self._scope["headers"])
        if expects and not self._touched:
            # The client was never told to go on and will not send its body: the connection cannot be used again.
            pairs.append((b"connection", b"close"))
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def send_body(self, body: bytes, *, more: bool) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def send_answer(self, answer: Answer) -> None:
        """Send a whole answer; for HEAD the body is left out and the length of what it stands for is kept."""
        headers = dict(answer.headers)
        bodiless = self._scope["method"] == "HEAD" or answer.status in (204, 304)
        if not bodiless:
            headers["Content-Length"] = str(len(answer.body))
        await self.start(answer.status, headers)
        await self.send_body(b"" if bodiless else answer.body, more=False)

    async def send_error(self, error: ServiceError) -> None:
        """Send an error of S3."""
        resource = str(self._scope["path"])
        await self.send_answer(write_error(error, self.request_id, resource))


async def _settle(work: Sequence[asyncio.Future[None]]) -> None:
    """Wait for all of this work, then raise the error of the first that failed."""
    if work:
        await asyncio.wait(work)
        for one in work:
            one.result()


def _perform(
    model: OperationModel, incoming: Incoming, body: bytes, method: Callable[..., dict[str, Any]], call: Call
) -> Answer:
    answer = write_response(model, response := method(read_request(model, incoming, body), call))
    return Answer(206, answer.headers, b"") if "ContentRange" in response else answer


def _unwrap_chunked(request: dict[str, Any], headers: Mapping[str, str]) -> None:
    """Make of an aws-chunked request the one that it wraps."""
    encodings = [one.strip() for one in headers.get("content-encoding", "").split(",")]
    rest = ",".join(one for one in encodings if one and one != "aws-chunked")
    request.pop("ContentEncoding", None)
    if rest:
        request["ContentEncoding"] = rest
    decoded = headers.get("x-amz-decoded-content-length", "")
    if not decoded.isdigit():
        raise S3Error("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.", 411)
    request["ContentLength"] = int(decoded)


def _announced_trailers(headers: Mapping[str, str]) -> list[str]:
    names = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]
    return [name for name in names if name.startswith("x-amz-checksum-")]


def _algorithm(trailer: str) -> str:
    return algorithm_of(trailer.removeprefix("x-amz-checksum-"))


def _take_trailers(request: dict[str, Any], decoder: ChunkedDecoder, announced: Iterable[str]) -> None:
    for name in announced:
        if name not in decoder.trailers:
            raise S3Error("MalformedTrailerError", f"The request announced the trailer {name} and did not send it.")
        request[f"Checksum{_algorithm(name)}"] = decoder.trailers[name]


def _check_length(request: Mapping[str, Any], staged: Staged) -> None:
    if staged.measured.size != request["ContentLength"]:
        raise S3Error(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header",
        )


def _one_line(text: str) -> bytes:
    # What a client stored may hold anything; a header may not.
    return "".join(" " if ord(char) < 32 or ord(char) == 127 else char for char in text).encode("utf-8")
