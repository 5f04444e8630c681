"""A cloud of its own for each test, and ECS tasks with real processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local import images
from stepfunctions.local.cloud import Cloud

DEADLINE = 60.0
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}


@dataclass(frozen=True)
class Ecs:
    """Calls of the ECS API as the tests need them."""

    cloud: Cloud

    def call(self, operation: str, *, token: str | None = None, **params: Any) -> dict[str, Any]:
        return self.cloud.call("ecs", operation, params, token=token)

    def register(self, *containers: dict[str, Any], family: str = "task", **params: Any) -> dict[str, Any]:
        request = {
            "family": family,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": list(containers),
            **params,
        }
        definition: dict[str, Any] = self.call("RegisterTaskDefinition", **request)["taskDefinition"]
        return definition

    def python(self, script: str, name: str = "main", arguments: Sequence[str] = (), **params: Any) -> dict[str, Any]:
        """A container of the Python image that runs a script."""
        return {"name": name, "image": "python:3.12", "command": ["python", "-c", script, *arguments], **params}

    def start(self, *, token: str | None = None, **params: Any) -> dict[str, Any]:
        request = {"taskDefinition": "task", "launchType": "FARGATE", "networkConfiguration": NETWORK, **params}
        answer = self.call("RunTask", token=token, **request)
        assert answer["failures"] == []
        task: dict[str, Any] = answer["tasks"][0]
        return task

    def describe(self, arn: str, **params: Any) -> dict[str, Any]:
        answer = self.call("DescribeTasks", tasks=[arn], **params)
        assert answer["failures"] == []
        task: dict[str, Any] = answer["tasks"][0]
        return task

    def wait(self, arn: str) -> dict[str, Any]:
        """Wait until a task has stopped and return it."""
        ended = threading.Event()
        self.cloud.service("ecs").on_end(arn, ended.set)
        assert ended.wait(DEADLINE), self.describe(arn)
        return self.describe(arn)

    def run(self, *containers: dict[str, Any], **params: Any) -> dict[str, Any]:
        self.register(*containers)
        return self.wait(self.start(**params)["taskArn"])

    def add_image(self, repository: str, folder: Path) -> None:
        images.add(self.cloud.data_dir, repository, folder)


@pytest.fixture
def ecs(tmp_path: Path) -> Iterator[Ecs]:
    with Cloud(tmp_path / "data") as cloud:
        yield Ecs(cloud)


@pytest.fixture
def reopened(tmp_path: Path) -> Callable[[], Any]:
    """Open the same data directory as another server would, after the first has stopped."""
    return lambda: Cloud(tmp_path / "data")
