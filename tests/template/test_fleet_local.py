"""The fleet and its cache on the local cloud: real objects, real functions, real child executions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.inputs import StepInput, states
from stepfunctions.local.cloud import Cloud
from stepfunctions.steps import ItemReader, Pass, Retry
from stepfunctions.template import FleetRetrainingPipeline, StepCache

pytestmark = pytest.mark.local
ROLE = "arn:aws:iam::123456789012:role/any"
DEADLINE = 60.0
NAME = StepInput()["name"]
FUNCTIONS = """
def train(event, context):
    return {"model": event["name"], "run": event["run"]}

def evaluate(event, context):
    return {"Better": event["name"] != "weak"}
"""


def pipeline(version: str = "1") -> FleetRetrainingPipeline:
    return FleetRetrainingPipeline(
        "fleet",
        ROLE,
        select=Pass("Select"),
        items=ItemReader.json("data", "due.json"),
        item={"name.$": "$$.Map.Item.Value.name", "run.$": "$$.Execution.Name"},
        train="train",
        evaluate="evaluate",
        cache=StepCache("data", key=NAME, inputs=states.format("sets/{}/", NAME), version=version),
        retry=Retry(error_equals=["States.ALL"], max_attempts=0),
    )


class World:
    """A cloud with a bucket of data and two functions."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.runs = 0
        cloud.call("s3", "CreateBucket", {"Bucket": "data"})
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as zipped:
            zipped.writestr("app.py", FUNCTIONS)
        for name in ("train", "evaluate"):
            function = {"FunctionName": name, "Handler": f"app.{name}", "Runtime": "python3.12", "Role": ROLE}
            cloud.call("lambda", "CreateFunction", {**function, "Code": {"ZipFile": buffer.getvalue()}})

    def put(self, key: str, body: str) -> None:
        self.cloud.service("s3").objects.put_bytes("data", key, body.encode())

    def record(self, name: str) -> dict[str, Any]:
        body = self.cloud.call("s3", "GetObject", {"Bucket": "data", "Key": f"cache/{name}.json"})["Body"]
        found: dict[str, Any] = json.loads(body if isinstance(body, (str, bytes)) else body.read())
        return found

    def rows(self, made: FleetRetrainingPipeline) -> dict[str, dict[str, Any]]:
        """Run the pipeline and return what became of each model."""
        self.runs += 1
        machine = {"name": f"fleet-{self.runs}", "roleArn": ROLE, "definition": made.definition.to_json()}
        arn = self.cloud.call("stepfunctions", "CreateStateMachine", machine)["stateMachineArn"]
        execution = self.cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": arn})["executionArn"]
        described = self.cloud.service("stepfunctions").api.wait_for(execution, DEADLINE)
        assert described["status"] == "SUCCEEDED", described
        return {row["name"]: row for row in json.loads(described["output"])["Models"]}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    cloud = Cloud(tmp_path / "data", max_jobs=4)
    cloud.start()
    yield World(cloud)
    cloud.stop()


def test_only_what_has_changed_is_trained_again(world: World) -> None:
    world.put("due.json", json.dumps([{"name": name} for name in ("strong", "weak", "new")]))
    for name in ("strong", "weak", "new"):
        world.put(f"sets/{name}/1.csv", f"{name},1")
        world.put(f"sets/{name}/2.csv", f"{name},2")
    first = world.rows(pipeline())
    assert not any("Cached" in row for row in first.values())
    assert [row["Evaluate"]["Better"] for row in first.values()] == [True, False, True]
    world.put("sets/new/2.csv", "new,3")
    second = world.rows(pipeline())
    assert {name: row.get("Cached", False) for name, row in second.items()} == {
        "strong": True,
        "weak": True,
        "new": False,
    }
    assert second["strong"] == {**first["strong"], "Cached": True}
    assert second["new"]["Train"]["run"] != first["new"]["Train"]["run"]
    assert world.record("strong")["Output"] == first["strong"]
    assert "/Retrain:" in world.record("strong")["Execution"]
    world.put("cache/weak.json", "not JSON")
    third = world.rows(pipeline())
    assert [name for name, row in third.items() if "Cached" not in row] == ["weak"]
    assert not any("Cached" in row for row in world.rows(pipeline(version="2")).values())
