"""Clouds in this process that faults are injected into, with functions that the tests tell what to do."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.crash.killable import KillableCloud

from stepfunctions.local.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/r"
SECONDS = 60.0
"""How long anything here may take; nothing does, unless the machine is very busy."""


class Faulty:
    """A cloud, and short ways to say what the tests of this folder say often."""

    role = ROLE

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def __call__(self, operation: str, service: str = "stepfunctions", **request: Any) -> dict[str, Any]:
        return self.cloud.call(service, operation, request)

    def machine(self, states: dict[str, Any], name: str = "m", **definition: Any) -> str:
        """Create a state machine whose states follow each other; its ARN."""
        names = list(states)
        for one, following in zip(names, [*names[1:], None], strict=True):
            if "Next" not in states[one] and states[one]["Type"] not in ("Choice", "Succeed", "Fail"):
                states[one] |= {"Next": following} if following else {"End": True}
        text = json.dumps({"StartAt": names[0], "States": states, **definition})
        return str(self("CreateStateMachine", name=name, definition=text, roleArn=ROLE)["stateMachineArn"])

    def start(self, machine: str, given: Any = None, name: str = "e") -> str:
        """Start an execution; its ARN."""
        started = self("StartExecution", stateMachineArn=machine, name=name, input=json.dumps(given or {}))
        return str(started["executionArn"])

    def run(self, machine: str, given: Any = None, name: str = "e") -> dict[str, Any]:
        """Run an execution to its end; what DescribeExecution says then."""
        return self.ended(self.start(machine, given, name))

    def ended(self, arn: str) -> dict[str, Any]:
        """Wait for the end of an execution; what DescribeExecution says then."""
        wait_for(lambda: self.described(arn)["status"] != "RUNNING")
        return self.described(arn)

    def described(self, arn: str) -> dict[str, Any]:
        return self("DescribeExecution", executionArn=arn)

    def history(self, arn: str) -> list[dict[str, Any]]:
        """All events."""
        events: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self("GetExecutionHistory", executionArn=arn, maxResults=1000, **token)
            events += page["events"]
            if "nextToken" not in page:
                return events
            token = {"nextToken": page["nextToken"]}

    def function(self, source: str, name: str = "f", **params: Any) -> str:
        """Create a Lambda function of this source; its ARN."""
        request = {"Runtime": "python3.12", "Role": ROLE, "Handler": "app.handler", **params}
        code = {"ZipFile": zipped({"app.py": source})}
        return str(self("CreateFunction", "lambda", FunctionName=name, Code=code, **request)["FunctionArn"])


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def wait_for(look: Callable[[], Any]) -> Any:
    """Return what ``look`` finds, once it finds something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)
    return found


@pytest.fixture
def open_cloud(tmp_path: Path) -> Iterator[Callable[..., Faulty]]:
    """Start a cloud on the same data directory each time; the former one is stopped first."""
    clouds: list[Cloud] = []

    def make(**settings: Any) -> Faulty:
        for cloud in clouds:
            cloud.stop()
        clouds.append(Cloud(tmp_path / "data", **settings))
        clouds[-1].start()
        return Faulty(clouds[-1])

    yield make
    for cloud in clouds:
        cloud.stop()


@pytest.fixture
def faulty(open_cloud: Callable[..., Faulty]) -> Faulty:
    """One cloud."""
    return open_cloud()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KillableCloud]:
    """A local cloud in a process of its own."""
    cloud = KillableCloud(tmp_path / "cloud")
    cloud.start()
    yield cloud
    cloud.stop()
