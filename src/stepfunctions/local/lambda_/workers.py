"""One worker process of a function, seen from the server: start it, invoke it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from stepfunctions.local.lambda_ import bootstrap

INIT_SECONDS = 60.0
"""How long importing a handler may take (AWS: 10 s; here imports of many processes may share a busy machine)."""
_TAIL = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What a worker process needs: environment, folder of the code (also its working folder), log file."""

    function: str
    folder: Path
    env: dict[str, str]
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One invocation: the event as JSON text, and what the context object tells about it."""

    request_id: str
    arn: str
    payload: bytes
    timeout_seconds: float
    client_context: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """``kind`` is ``result``, ``error`` (payload is AWS's error object) or ``bad-event`` (payload: why)."""

    kind: str
    payload: bytes


class Worker:
    """A live worker process. One thread at a time uses it. ``close`` must be called; it kills the process.

    Started with a socket for messages and a pipe that ends the process when the server is gone.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.usable = False
        self.init_seconds = 0.0
        self.idle_since = 0.0
        self._process, self._channel, self._life = _launch(spec)

    def wait_ready(self) -> Reply | None:
        """Wait until the handler is imported. Returns None, or the reply to give every caller instead."""
        begun = time.monotonic()
        try:
            self._channel.settimeout(INIT_SECONDS)
            message = bootstrap.receive(self._channel)
        except TimeoutError:
            return _failure("Sandbox.Timedout", "", f"Init timed out after {INIT_SECONDS:.2f} seconds")
        except OSError:
            message = None
        self.init_seconds = time.monotonic() - begun
        if message is None:
            return self._exited("")
        self.usable = message[0]["kind"] == "ready"
        return None if self.usable else Reply("error", message[1])

    def invoke(self, event: Event) -> Reply:
        """Run the handler on one event; afterwards ``usable`` says whether the worker may be used again."""
        self.usable = False
        meta = {"id": event.request_id, "arn": event.arn, "timeout": event.timeout_seconds,
                "context": event.client_context}
        try:
            self._channel.settimeout(event.timeout_seconds)
            bootstrap.send(self._channel, meta, event.payload)
            message = bootstrap.receive(self._channel)
        except TimeoutError:
            self._kill()
            text = f"Task timed out after {event.timeout_seconds:.2f} seconds"
            self._log(f"{_stamp()} {event.request_id} {text}\n\n")
            return _failure("Sandbox.Timedout", event.request_id, text)
        except OSError:
            message = None
        if message is None:
            return self._exited(event.request_id)
        self.usable = True
        return Reply(message[0]["kind"], message[1])

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def log_size(self) -> int:
        """Return the size of the log, to give to :meth:`log_tail` later."""
        return os.stat(self.spec.log).st_size

    def log_tail(self, since: int) -> bytes:
        """Return the last 4 KB of what was logged after the log had the size ``since``."""
        with open(self.spec.log, "rb") as file:
            file.seek(max(since, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read()

    def close(self) -> None:
        """End the process and everything it started. Idempotent."""
        self.usable = False
        self._kill()
        self._channel.close()

    def interrupt(self) -> None:
        """Kill the process from another thread than the one that uses it, which then sees it end."""
        if self._process.returncode is None:  # not reaped, so the number is still this group's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _kill(self) -> None:
        if self._life >= 0:
            self.interrupt()
            os.close(self._life)
            self._life = -1
        self._process.wait()

    def _exited(self, request_id: str) -> Reply:
        """Return what AWS says when a runtime process ends in the middle of its work."""
        self._kill()  # of a process that is ending it no longer changes the exit status
        status = self._process.returncode
        if status == 0:
            why = "Runtime exited without providing a reason"
        elif status < 0:
            why = f"Runtime exited with error: signal: {(signal.strsignal(-status) or str(-status)).lower()}"
        else:
            why = f"Runtime exited with error: exit status {status}"
        self._log(f"RequestId: {request_id} Error: {why}\nRuntime.ExitError\n")
        return _failure("Runtime.ExitError", request_id, why)

    def _log(self, text: str) -> None:
        with open(self.spec.log, "a", encoding="utf-8") as file:
            file.write(text)


def _launch(spec: WorkerSpec) -> tuple[subprocess.Popen[bytes], socket.socket, int]:
    ours, theirs = socket.socketpair()
    life_read, life_write = os.pipe()
    try:
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        with open(spec.log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-u", bootstrap.__file__, str(theirs.fileno()), str(life_read)],
                cwd=spec.folder, env=spec.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(theirs.fileno(), life_read), start_new_session=True,
            )
    except BaseException:
        ours.close()
        os.close(life_write)
        raise
    finally:
        theirs.close()
        os.close(life_read)
    return process, ours, life_write


def _failure(kind: str, request_id: str, text: str) -> Reply:
    body = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
    return Reply("error", json.dumps(body).encode())


def _stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
