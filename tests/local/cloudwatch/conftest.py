"""A cloud on a clock that tests move, and boto3's client of its CloudWatch, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.wire.front import handle
from stepfunctions.local.wire.messages import Request
from stepfunctions.local.wire.route import service_of
from stepfunctions.runtime.clock import ManualClock

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def cloud(tmp_path: Path, clock: ManualClock) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=clock) as made:
        yield made


def client_of(cloud: Cloud, service: str = "cloudwatch") -> Any:
    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {
            name.lower(): text.decode() if isinstance(text, bytes) else text for name, text in request.headers.items()
        }
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        ours = Request(method=request.method, path=urlsplit(request.url).path, headers=headers, body=body)
        response = handle(cloud, service_of(ours), ours)
        return AWSResponse(request.url, response.status, dict(response.headers), _Raw(response.body))

    client = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        endpoint_url="http://127.0.0.1:8083",
    )
    client.meta.events.register("before-send", answer)
    return client


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


@pytest.fixture
def cloudwatch(cloud: Cloud) -> Any:
    return client_of(cloud)
