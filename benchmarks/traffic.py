"""Many short executions from several clients at once: W7, and the load of soak.py."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import machines
import servers

CLIENTS = 4
KINDS = ("boto3", "raw")
_PAUSE = 0.002
"""Seconds between two looks at an execution that still runs."""
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/states/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
Ask = Callable[[str, dict[str, str]], dict[str, Any]]
"""Calls an operation, named as AWS names it."""


@dataclass(frozen=True)
class Traffic:
    """What an execution cost: seconds of the server's CPU; how many a second ended; how often each was asked for."""

    cpu: float
    rate: float
    looks: float


def _boto3(endpoint: str) -> Ask:
    client = servers.client(endpoint)
    methods = {"StartExecution": client.start_execution, "DescribeExecution": client.describe_execution}
    return lambda operation, request: methods[operation](**request)  # type: ignore[no-any-return]


def _raw(endpoint: str) -> Ask:
    """One connection that stays open, and no more than HTTP and JSON."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)

    def ask(operation: str, request: dict[str, str]) -> dict[str, Any]:
        headers = {**_HEADERS, "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        connection.request("POST", "/", json.dumps(request), headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise servers.Wrong(f"{operation}: {response.status} {body!r:.200}")
        found: dict[str, Any] = json.loads(body)
        return found

    return ask


def connect(kind: str, endpoint: str) -> Ask:
    """Return a client: ``boto3``, or a ``raw`` HTTP connection."""
    return _boto3(endpoint) if kind == "boto3" else _raw(endpoint)


def run(ask: Ask, machine: str, output: Callable[[Any], bool]) -> int:
    """Start one execution, look at it until it has ended, check its output; return how often that was."""
    arn = ask("StartExecution", {"stateMachineArn": machine, "input": json.dumps(machines.CHANGE)})["executionArn"]
    looks = 1
    while (found := ask("DescribeExecution", {"executionArn": arn}))["status"] == "RUNNING":
        looks += 1
        time.sleep(_PAUSE)
    if found["status"] != "SUCCEEDED" or not output(json.loads(found["output"])):
        raise servers.Wrong(str(found))
    return looks


def _client(kind: str, endpoint: str, machine: str, begin: Any, stop: Any, looks: Any) -> None:
    ask, output = connect(kind, endpoint), machines.short().output
    run(ask, machine, output)
    begin.wait()
    while not stop.is_set():
        looks.put(run(ask, machine, output))


@contextmanager
def _clients(kind: str, endpoint: str) -> Iterator[Callable[[], int]]:
    """Processes that have connected and begin when the block is entered; what it gets waits for the next end."""
    machine = servers.prepare(endpoint, machines.short())
    spawn = multiprocessing.get_context("spawn")
    begin, stop, looks = spawn.Barrier(CLIENTS + 1), spawn.Event(), spawn.SimpleQueue()
    arguments = (kind, endpoint, machine, begin, stop, looks)
    clients = [spawn.Process(target=_client, args=arguments, daemon=True) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        begin.wait(60)
        yield lambda: _next(looks, clients)
    finally:
        stop.set()
        for client in clients:
            client.join(5)
            client.terminate()
            client.join()


def measure(kind: str, endpoint: str, pid: int, executions: int) -> Traffic:
    """Run so many executions from CLIENTS processes, which use boto3 or a ``raw`` HTTP connection each.

    Raises Wrong when one of them does not end with the right output.
    """
    with _clients(kind, endpoint) as following:
        cpu, begun = servers.cpu_seconds(pid), time.perf_counter()
        looks = sum(following() for _ in range(executions))
        cpu, wall = servers.cpu_seconds(pid) - cpu, time.perf_counter() - begun
    return Traffic(cpu / executions, executions / wall, looks / executions)


def load(kind: str, endpoint: str, seconds: float) -> Iterator[int]:
    """Keep the clients at work for so long; give the number of executions ended, each time one has."""
    with _clients(kind, endpoint) as following:
        until, ended = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            following()
            ended += 1
            yield ended


def _next(looks: Any, clients: list[Any]) -> int:
    """The next execution that has ended; fails when a client has died."""
    while looks.empty():
        if any(client.exitcode for client in clients):
            raise servers.Wrong("A client ended with an error: see above")
        time.sleep(_PAUSE)
    found: int = looks.get()
    return found
