"""A local cloud in a process of its own, and a session whose calls are recorded."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

ROLE = "arn:aws:iam::123456789012:role/r"
_DEADLINE = 30.0
_LOOKING = ("Get", "Head", "List", "Describe")


@dataclass
class Account:
    """What tests do with the cloud: boto3, a bucket, and the names of the operations that were called."""

    endpoint: str
    session: Any
    calls: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint)

    def changing(self) -> list[str]:
        """Return the calls since the last question that were not to look, and forget all."""
        found = [name for name in self.calls if not name.startswith(_LOOKING)]
        self.calls.clear()
        return found

    def bucket(self, name: str = "code") -> str:
        self.client("s3").create_bucket(Bucket=name)
        self.calls.clear()
        return name


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [sys.executable, "-c", "from stepfunctions.cli.main import main; main()", "local", "start", "--port", "0"]
    command += ["--data-dir", str(tmp_path_factory.mktemp("provision") / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert select.select([server.stdout], [], [], _DEADLINE)[0], "the server printed nothing"
            yield server.stdout.readline().strip().removeprefix("Ready: ")
        finally:
            server.terminate()
            assert server.wait(_DEADLINE) == 0


@pytest.fixture
def account(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    account = Account(endpoint, session)

    def note(model: Any, **_: Any) -> None:
        account.calls.append(model.name)

    session.events.register("before-call", note)
    return account
