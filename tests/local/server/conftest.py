"""A real local cloud in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

COMMAND = [sys.executable, "-c", "from stepfunctions.cli.main import main; main()", "local"]
_DEADLINE = 30.0


@dataclass
class Server:
    """A started server: its process, its endpoint, and how long it took to be ready."""

    process: subprocess.Popen[str]
    endpoint: str
    data_dir: Path
    seconds: float

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def client(self, service: str) -> Any:
        """Return boto3's client of a service of this server; it tries each call once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
        )

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(_DEADLINE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def _ready_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _DEADLINE)
    assert readable, "the server printed nothing"
    return process.stdout.readline().strip()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers; those that still run at the end are killed."""
    started: list[Server] = []

    def start(data_dir: Path = tmp_path / "data", *arguments: str) -> Server:
        before = time.monotonic()
        process = subprocess.Popen(
            [*COMMAND, "start", "--port", "0", "--data-dir", str(data_dir), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "error"},
        )
        line = _ready_line(process)
        server = Server(process, line.removeprefix("Ready: "), data_dir, time.monotonic() - before)
        started.append(server)
        assert line.startswith("Ready: http://127.0.0.1:"), line
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(_DEADLINE)
        assert server.process.stdout is not None
        server.process.stdout.close()


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()
