"""A cloud in this process with every service, and executions of one task or of a definition on it."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/workflow"
DEADLINE = 60.0


@dataclass
class Ran:
    """How an execution ended."""

    described: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def output(self) -> Any:
        assert self.described["status"] == "SUCCEEDED", self.described
        return json.loads(self.described["output"])

    @property
    def error(self) -> str:
        assert self.described["status"] == "FAILED", self.described
        return str(self.described["error"])

    @property
    def cause(self) -> str:
        return str(self.described["cause"])

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def details(self, event_type: str) -> dict[str, Any]:
        """The details of the only event of a type."""
        found = [event for event in self.events if event["type"] == event_type]
        assert len(found) == 1, self.types
        details: dict[str, Any] = next(value for key, value in found[0].items() if key.endswith("Details"))
        return details


@dataclass
class World:
    """A cloud and what the tests do with it."""

    data_dir: Path
    cloud: Cloud
    _machines: int = 0
    _clouds: list[Cloud] = field(default_factory=list)

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloud.call(service, operation, params)

    def machine(self, definition: dict[str, Any]) -> str:
        self._machines += 1
        response = self.call(
            "stepfunctions",
            "CreateStateMachine",
            name=f"m{self._machines}",
            roleArn=ROLE,
            definition=json.dumps(definition),
        )
        return str(response["stateMachineArn"])

    def begin(self, definition: dict[str, Any], given: Any = None) -> str:
        arn = self.machine(definition)
        started = self.call(
            "stepfunctions", "StartExecution", stateMachineArn=arn, input=json.dumps({} if given is None else given)
        )
        return str(started["executionArn"])

    def begin_task(self, resource: str, parameters: Any, given: Any = None, **fields: Any) -> str:
        return self.begin(one_task(resource, parameters, **fields), given)

    def end(self, arn: str) -> Ran:
        """Wait for the end of an execution."""
        described = self.cloud.service("stepfunctions").api.wait_for(arn, DEADLINE)
        events = self.call("stepfunctions", "GetExecutionHistory", executionArn=arn)["events"]
        return Ran(described, events)

    def run(self, definition: dict[str, Any], given: Any = None) -> Ran:
        return self.end(self.begin(definition, given))

    def task(self, resource: str, parameters: Any, given: Any = None, **fields: Any) -> Ran:
        """Run a machine of one task."""
        return self.end(self.begin_task(resource, parameters, given, **fields))

    def status(self, arn: str) -> str:
        return str(self.call("stepfunctions", "DescribeExecution", executionArn=arn)["status"])

    def stop(self, arn: str) -> None:
        self.call("stepfunctions", "StopExecution", executionArn=arn, error="Enough", cause="test")

    def function(self, source: str, name: str = "f", timeout: int = 30) -> str:
        """Create a function from the text of its module, whose handler is ``handler``."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("app.py", source)
        return str(
            self.call(
                "lambda",
                "CreateFunction",
                FunctionName=name,
                Runtime="python3.12",
                Role=ROLE,
                Handler="app.handler",
                Timeout=timeout,
                Code={"ZipFile": archive.getvalue()},
            )["FunctionArn"]
        )

    def glue_job(self, script: str, name: str = "job") -> None:
        if not any(bucket["Name"] == "code" for bucket in self.call("s3", "ListBuckets")["Buckets"]):
            self.call("s3", "CreateBucket", Bucket="code")
        self.cloud.service("s3").objects.put_bytes("code", f"{name}.py", script.encode())
        self.call(
            "glue",
            "CreateJob",
            Name=name,
            Role="glue",
            ExecutionProperty={"MaxConcurrentRuns": 10},
            Command={"Name": "pythonshell", "ScriptLocation": f"s3://code/{name}.py", "PythonVersion": "3.9"},
        )

    def glue_runs(self, name: str = "job") -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = self.call("glue", "GetJobRuns", JobName=name)["JobRuns"]
        return runs

    def ecs_task(self, script: str, family: str = "job", **more: Any) -> None:
        self.call(
            "ecs",
            "RegisterTaskDefinition",
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "python:3.12", "command": ["python", "-c", script]}],
            **more,
        )

    def restart(self) -> None:
        """Stop the cloud, and start another on its data."""
        self.cloud.stop()
        self.cloud = Cloud(self.data_dir)
        self._clouds.append(self.cloud)
        self.cloud.start()


def one_task(resource: str, parameters: Any, **fields: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": resource, "End": True, **fields}
    if parameters is not None:
        state["Parameters"] = parameters
    return {"StartAt": "Work", "States": {"Work": state}}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    cloud = Cloud(tmp_path / "data", max_jobs=4)
    made = World(tmp_path / "data", cloud, _clouds=[cloud])
    cloud.start()
    yield made
    for one in made._clouds:
        one.stop()


class Gate:
    """A folder that the code of a task waits in: it notes that it has come, and goes on when it may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @property
    def code(self) -> str:
        """Python code: come, then wait until the gate is open."""
        return (
            f"import os, pathlib, time, uuid\n"
            f"gate = pathlib.Path({str(self.folder)!r})\n"
            f"(gate / ('came-' + uuid.uuid4().hex)).touch()\n"
            f"end = time.monotonic() + {DEADLINE}\n"
            f"while not (gate / 'open').exists() and time.monotonic() < end: time.sleep(0.01)\n"
        )

    @property
    def arrivals(self) -> int:
        return len(list(self.folder.glob("came-*")))

    def open(self) -> None:
        (self.folder / "open").touch()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """What the code of a task waits at."""
    return Gate(tmp_path / "gate")


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Wait for a condition of the world outside of this process."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE
        pause = threading.Event()
        while not (value := condition()):
            assert time.monotonic() < deadline, "the condition did not come true"
            pause.wait(0.01)
        return value

    return wait
