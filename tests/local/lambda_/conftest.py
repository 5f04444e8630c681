"""A cloud of its own for each test, and functions with real worker processes."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

ROLE = "arn:aws:iam::123456789012:role/lambda"


@dataclass(frozen=True)
class Answer:
    """What Invoke answered, decoded."""

    value: Any
    error: str | None
    log: str


@dataclass(frozen=True)
class Functions:
    """Calls of the Lambda API as the tests need them."""

    cloud: Cloud

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloud.call("lambda", operation, params)

    def create(self, source: str | Mapping[str, str], name: str = "f", **params: Any) -> dict[str, Any]:
        files = {"app.py": source} if isinstance(source, str) else source
        request = {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Role": ROLE,
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped(files)},
            **params,
        }
        return self.call("CreateFunction", **request)

    def invoke(self, event: Any = None, name: str = "f", **params: Any) -> Answer:
        answer = self.call("Invoke", FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail", **params)
        assert answer["StatusCode"] == 200
        return Answer(
            value=json.loads(answer["Payload"]),
            error=answer.get("FunctionError"),
            log=base64.b64decode(answer["LogResult"]).decode(),
        )


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture(name="zipped")
def _zipped() -> Callable[[Mapping[str, str]], bytes]:
    return zipped


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def functions(tmp_path: Path, clock: ManualClock) -> Iterator[Functions]:
    with Cloud(tmp_path / "data", clock=clock) as cloud:
        yield Functions(cloud)


@pytest.fixture
def reopened(tmp_path: Path, clock: ManualClock) -> Callable[[], Any]:
    """Open the same data directory as another server would, after the first has stopped."""
    return lambda: Cloud(tmp_path / "data", clock=clock)
