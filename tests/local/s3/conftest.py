from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.http_server import HttpServer
from stepfunctions.local.s3.service import S3

REGION = "us-east-1"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path / "data", region=REGION) as cloud:
        yield cloud


@pytest.fixture
def s3(cloud: Cloud) -> S3:
    """The service in process, with a bucket named ``data``."""
    service: S3 = cloud.service("s3")
    service.objects.buckets.create("data")
    return service


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3, str]]:
    """The HTTP side behind a real socket; every test uses buckets of its own."""
    # With its protocol named, asyncio turns Nagle's algorithm off.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    with Cloud(tmp_path_factory.mktemp("s3"), region=REGION) as cloud, listening:
        service: S3 = cloud.service("s3")
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        running, loop = HttpServer(service.app), asyncio.new_event_loop()
        thread = threading.Thread(target=lambda: loop.run_until_complete(running.serve(listening)))
        thread.start()
        yield service, f"http://127.0.0.1:{listening.getsockname()[1]}"
        loop.call_soon_threadsafe(running.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def make_client(server: tuple[S3, str]) -> Callable[..., Any]:
    """Make a boto3 client of the server, with the options of :class:`botocore.config.Config`."""

    def make(region: str = REGION, **options: Any) -> Any:
        options.setdefault("retries", {"max_attempts": 1, "mode": "standard"})
        return boto3.client(
            "s3",
            endpoint_url=server[1],
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(**options),
        )

    return make


@pytest.fixture(scope="session")
def client(make_client: Callable[..., Any]) -> Iterator[Any]:
    client = make_client()
    yield client
    client.close()


@pytest.fixture
def bucket(client: Any, request: pytest.FixtureRequest) -> str:
    """A new bucket named after the test."""
    name = request.node.name.lower().replace("_", "-")
    name = "".join(char if char.isalnum() else "-" for char in name).strip("-")[:50].strip("-")
    name = f"b-{abs(hash(request.node.nodeid)) % 10**8}-{name}".rstrip("-")
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def raw(server: tuple[S3, str]) -> Iterator[Callable[..., tuple[int, dict[str, str], bytes]]]:
    """Send a request as it is, on one connection, and return status, headers (lower case) and body."""
    connection = http.client.HTTPConnection(server[1].removeprefix("http://"), timeout=30)

    def send(
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return (response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())

    yield send
    connection.close()
