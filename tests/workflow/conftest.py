"""The two doors to an engine: a client without a service in this process, and boto3 against a real server."""

from __future__ import annotations

import importlib.util
import itertools
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.runtime.inprocess import PENDING, LocalClient

ROLE = "arn:aws:iam::123456789012:role/Workflow"
_DEADLINE = 30.0
_DOORS = ["in process"]
if importlib.util.find_spec("httptools") is not None:  # not in the core's own environments
    _DOORS.append("http")
_numbers = itertools.count(1)


@dataclass
class Door:
    """A client, and names that no other test has used behind it."""

    client: Any
    role: str = ROLE
    name: str = field(default_factory=lambda: f"workflow-{next(_numbers)}")

    def waiting_task(self) -> dict[str, Any]:
        """The definition of a task that waits for its token until it is answered or stopped."""
        nested = self.client.create_state_machine(
            name=f"{self.name}-nested",
            roleArn=ROLE,
            definition=('{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'),
        )
        return {
            "StartAt": "Ask",
            "States": {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
                    "End": True,
                    "Parameters": {"StateMachineArn": nested["stateMachineArn"], "Input": {"token.$": "$$.Task.Token"}},
                }
            },
        }


@pytest.fixture(scope="session")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [
        sys.executable,
        "-c",
        "from stepfunctions.cli.main import main; main()",
        "local",
        "start",
        "--port",
        "0",
        "--data-dir",
        str(tmp_path_factory.mktemp("workflow") / "data"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert select.select([server.stdout], [], [], _DEADLINE)[0], "the server printed nothing"
            yield server.stdout.readline().strip().removeprefix("Ready: ")
        finally:
            server.terminate()
            assert server.wait(_DEADLINE) == 0


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.local) if name == "http" else name for name in _DOORS])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    if request.param == "in process":
        who = "arn:aws:states:::aws-sdk:sts:getCallerIdentity"
        yield Door(LocalClient({"Ask": PENDING, who: {"Account": "123456789012"}}))
        return
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "stepfunctions",
        endpoint_url=request.getfixturevalue("_endpoint"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield Door(client)
    client.close()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test may reach AWS by the credentials of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
