"""A child process with moto's server: it stands for the services that the local cloud does not have itself.

It starts on first use, listens on the loopback address, and ends with the process that started it. What it holds is
in memory: nothing of it outlasts the local cloud's stop.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.errors import error_response
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.route import guess_protocol

_START_SECONDS = 60.0
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})
"""Headers of one connection, which are not passed on. Host is: moto writes it into the URLs of queues."""
_MISSING = "needs moto, which is not installed: pip install 'stepfunctions-sdk[local]'"


class MotoChild:
    """The process, from the parent's side. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint = ""
        self._pool: Any = None

    def endpoint(self, service: str) -> str:
        """Return the URL of the server, started when it does not run. ``service`` is for the error's text.

        Raises ServiceError (``UnknownService``) when moto is not installed or does not start.
        """
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._forget()
                self._start(service)
            return self._endpoint

    def forward(self, service: str, request: Request) -> Response:
        """Pass a client's request on and return the answer as it comes."""
        import urllib3

        endpoint = self.endpoint(service)
        with self._lock:
            if self._pool is None:
                self._pool = urllib3.PoolManager(maxsize=16, retries=False)
            pool = self._pool
        query = "&".join(_quoted(name, value) for name, value in request.query)
        url = f"{endpoint}{request.path}{'?' + query if query else ''}"
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        try:
            answer = pool.request(
                request.method, url, body=request.body, headers=headers, redirect=False, decode_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServiceError("ServiceUnavailable", f"moto did not answer for {service}: {error}", 503) from None
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP]
        return Response(status=answer.status, headers=kept, body=answer.data)

    def stop(self) -> None:
        """End the process. Idempotent."""
        with self._lock:
            process, self._process = self._process, None
            if self._pool is not None:
                self._pool.clear()
                self._pool = None
        if process is not None:
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()  # it ends when its standard input does
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _forget(self) -> None:
        """Close what is left of a process that has ended by itself."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None

    def _start(self, service: str) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "stepfunctions.local.moto_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**own, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
        )
        assert process.stdout is not None
        timer = threading.Timer(_START_SECONDS, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        process.stdout.close()
        if not line.startswith(b"http://"):
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
            raise ServiceError(
                "UnknownService", f"The local cloud has no service '{service}' of its own, {_why(line)}", 501
            )
        self._process, self._endpoint = process, line.decode().strip()


def _why(line: bytes) -> str:
    return f"and {line.decode(errors='replace').strip() or 'moto, which stands for it, did not start'}."


def _quoted(name: str, value: str) -> str:
    from urllib.parse import quote

    return f"{quote(name, safe='')}={quote(value, safe='')}"


# --- the child --------------------------------------------------------------------------------------------


def _unsupported(environ: Any, start_response: Any, message: str) -> list[bytes]:
    """Answer, in the client's protocol, that moto cannot do something."""
    request = Request(
        method="POST",
        path="/",
        headers={
            "content-type": environ.get("CONTENT_TYPE", ""),
            **({"x-amz-target": ""} if "HTTP_X_AMZ_TARGET" in environ else {}),
        },
    )
    refusal = ServiceError("UnknownOperationException", message, 501)
    response = error_response(refusal, protocol=guess_protocol(request), service=None, request_id="")
    start_response("501 Not Implemented", response.headers)
    return [response.body]


class _Guard:
    """moto's application, with a clear answer where it has none."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: Any, start_response: Any) -> Any:
        try:
            return self._application(environ, start_response)
        except NotImplementedError as error:
            return _unsupported(
                environ, start_response, f"The local cloud passes this call to moto, which cannot do it: {error}"
            )
        except ImportError as error:
            return _unsupported(
                environ,
                start_response,
                f"moto needs another package for this service: {error}. pip install 'moto[server]'",
            )


def _serve() -> None:
    try:
        from moto.core.config import default_user_config
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
        from werkzeug.serving import make_server
    except ImportError:
        print(f"it {_MISSING}", flush=True)
        return
    for service in ("batch", "lambda"):
        default_user_config[service]["use_docker"] = False

    class Handler(MotoRequestHandler):  # type: ignore[misc,unused-ignore]
        def log_request(self, *_: Any) -> None:
            """Say nothing of what went well."""

    def create(backend: Any) -> Any:
        if backend is None:
            raise NotImplementedError("it has no such service")
        return create_backend_app(backend)

    application = _Guard(DomainDispatcherApplication(create))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _tell(f"http://127.0.0.1:{server.server_port}\n")
    _wait_for_the_end()


def _tell(line: str) -> None:
    """Tell the parent where the server is, the last thing it reads.

    From before then nothing is printed to it: whatever moto prints in a request would fail once the parent has closed
    the pipe, and the request with it, unanswered.
    """
    parent = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    os.write(parent, line.encode())
    os.close(parent)


def _wait_for_the_end() -> None:
    """Return once nobody holds the other end of standard input, or the parent is another process."""
    import select

    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable and not os.read(0, 1):
            return


if __name__ == "__main__":
    _serve()
