"""A cloud with CloudFormation, and stacks of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

Ask = Callable[..., dict[str, Any]]


class Stacks:
    """Asks CloudFormation, and waits for the end of operations."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloud.call("cloudformation", operation, params)

    def create(self, name: str, template: Any, **params: Any) -> dict[str, Any]:
        self("CreateStack", StackName=name, TemplateBody=_text(template), **params)
        return self.end(name)

    def update(self, name: str, template: Any, **params: Any) -> dict[str, Any]:
        self("UpdateStack", StackName=name, TemplateBody=_text(template), **params)
        return self.end(name)

    def end(self, name: str) -> dict[str, Any]:
        pause = threading.Event()
        for _ in range(2000):
            stack: dict[str, Any] = self("DescribeStacks", StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            pause.wait(0.01)
        raise AssertionError(f"{name} does not end: {stack}")

    def delete(self, name: str) -> dict[str, Any]:
        arn = self("DescribeStacks", StackName=name)["Stacks"][0]["StackId"]
        self("DeleteStack", StackName=name)
        return self.end(arn)

    def events(self, name: str) -> list[tuple[str, str]]:
        found = self("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(found)]

    def physical(self, name: str) -> dict[str, str]:
        found = self("DescribeStackResources", StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}


def _text(template: Any) -> str:
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.0)


@pytest.fixture
def cloud(tmp_path: Path, clock: ManualClock) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=clock, endpoint="http://127.0.0.1:8083") as made:
        yield made


@pytest.fixture
def stacks(cloud: Cloud) -> Stacks:
    return Stacks(cloud)
