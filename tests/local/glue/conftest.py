"""A cloud of its own for each test, and Glue jobs with real processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud

DEADLINE = 60.0


@dataclass(frozen=True)
class Glue:
    """Calls of the Glue API as the tests need them; scripts lie in the bucket ``code``."""

    cloud: Cloud

    def call(self, operation: str, *, token: str | None = None, **params: Any) -> dict[str, Any]:
        return self.cloud.call("glue", operation, params, token=token)

    def put(self, key: str, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        self.cloud.service("s3").objects.put_bytes("code", key, data)
        return f"s3://code/{key}"

    def create(self, script: str, name: str = "job", **params: Any) -> str:
        command = {"Name": "pythonshell", "ScriptLocation": self.put(f"{name}.py", script), "PythonVersion": "3.9"}
        request = {"Name": name, "Role": "glue", "Command": command, **params}
        return str(self.call("CreateJob", **request)["Name"])

    def start(self, name: str = "job", **params: Any) -> str:
        return str(self.call("StartJobRun", JobName=name, **params)["JobRunId"])

    def get(self, run_id: str, name: str = "job") -> dict[str, Any]:
        run: dict[str, Any] = self.call("GetJobRun", JobName=name, RunId=run_id)["JobRun"]
        return run

    def wait(self, run_id: str, name: str = "job") -> dict[str, Any]:
        """Wait for the end of a run and return it."""
        ended = threading.Event()
        self.cloud.service("glue").on_end(run_id, ended.set)
        assert ended.wait(DEADLINE), self.get(run_id, name)
        return self.get(run_id, name)

    def run(self, script: str, name: str = "job", **params: Any) -> dict[str, Any]:
        self.create(script, name)
        return self.wait(self.start(name, **params), name)


@pytest.fixture
def glue(tmp_path: Path) -> Iterator[Glue]:
    with Cloud(tmp_path / "data") as cloud:
        cloud.call("s3", "CreateBucket", {"Bucket": "code"})
        yield Glue(cloud)


@pytest.fixture
def reopened(tmp_path: Path) -> Callable[[], Any]:
    """Open the same data directory as another server would, after the first has stopped."""
    return lambda: Cloud(tmp_path / "data")
