"""One worker process of a function, seen from the server: start it, invoke it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.jobs import Exit, Process, ProcessSpec
from stepfunctions.local.lambda_ import bootstrap

INIT_SECONDS = 60.0
"""How long importing a handler may take (AWS: 10 s; here imports of many processes may share a busy machine)."""
_ANSWERS = ("result", "error", "bad-event")
_TAIL = 4096
_EXIT_SECONDS = 5.0
_END_SECONDS = 60.0


class Launch(Protocol):
    """How a worker process is started."""

    def __call__(self, spec: ProcessSpec, *, channel: bool) -> Process:
        """Start a process that ends with this server, with a socket to it."""


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
    """A live worker process with a socket for messages. One thread at a time uses it. ``close`` must be called.

    It is started through ``launch`` (:meth:`Jobs.launch <stepfunctions.local.jobs.Jobs.launch>`), which makes it
    end with the server. Raises LocalCloudError when it cannot be started.
    """

    def __init__(self, spec: WorkerSpec, launch: Launch) -> None:
        self.spec = spec
        self.usable = False
        self.init_seconds = 0.0
        self.idle_since = 0.0
        process = ProcessSpec(
            argv=("python", bootstrap.__file__), cwd=spec.folder, env=spec.env, stdout=spec.log, stderr=spec.log
        )
        self._process = launch(process, channel=True)
        if self._process.channel is None:
            raise LocalCloudError("a worker process was started without a socket")
        self._channel = self._process.channel

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
        self.usable = message[0].get("kind") == "ready"
        return None if self.usable else Reply("error", message[1])

    def invoke(self, event: Event) -> Reply:
        """Run the handler on one event; afterwards ``usable`` says whether the worker may be used again."""
        self.usable = False
        meta = {
            "id": event.request_id,
            "arn": event.arn,
            "timeout": event.timeout_seconds,
            "context": event.client_context,
        }
        try:
            self._channel.settimeout(event.timeout_seconds)
            bootstrap.send(self._channel, meta, event.payload)
            message = bootstrap.receive(self._channel)
        except TimeoutError:
            self._end()
            text = f"Task timed out after {event.timeout_seconds:.2f} seconds"
            self._log(f"{_stamp()} {event.request_id} {text}\n\n")
            return _failure("Sandbox.Timedout", event.request_id, text)
        except OSError:
            message = None
        if message is None or message[0].get("kind") not in _ANSWERS:
            return self._exited(event.request_id)
        self.usable = True
        return Reply(message[0]["kind"], message[1])

    def alive(self) -> bool:
        """Return whether an idle worker still listens: it sends nothing unasked, so only an end can be read."""
        try:
            self._channel.setblocking(False)
            self._channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def log_size(self) -> int:
        """Return the size of the log, to give to :meth:`log_tail` later."""
        return os.stat(self.spec.log).st_size

    def log_tail(self, since: int) -> bytes:
        """Return the last 4 KB of what was logged after the log had the size ``since``."""
        with open(self.spec.log, "rb") as file:
            file.seek(max(since, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read()

    def interrupt(self) -> None:
        """Kill the process from another thread than the one that uses it, which then sees it end."""
        self._process.send(signal.SIGKILL)

    def close(self) -> None:
        """End the process and everything it started. Idempotent."""
        self.usable = False
        self._end()
        self._channel.close()

    def _end(self) -> Exit:
        self.interrupt()
        return self._process.wait(_END_SECONDS)

    def _exited(self, request_id: str) -> Reply:
        """Return what AWS says when a runtime process ends in the middle of its work."""
        try:
            exit = self._process.wait(_EXIT_SECONDS)
        except TimeoutError:  # it closed the socket and goes on
            exit = self._end()
        if exit.signal is not None:
            name = (signal.strsignal(exit.signal) or str(exit.signal)).lower()
            why = f"Runtime exited with error: signal: {name}"
        elif exit.code:
            why = f"Runtime exited with error: exit status {exit.code}"
        else:
            why = "Runtime exited without providing a reason"
        self._log(f"RequestId: {request_id} Error: {why}\nRuntime.ExitError\n")
        return _failure("Runtime.ExitError", request_id, why)

    def _log(self, text: str) -> None:
        with contextlib.suppress(OSError), open(self.spec.log, "a", encoding="utf-8") as file:  # the disk may be full
            file.write(text)


def _failure(kind: str, request_id: str, text: str) -> Reply:
    body = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
    return Reply("error", json.dumps(body).encode())


def _stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
