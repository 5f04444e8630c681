"""What the local cloud measures of its own services."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.local.cloudwatch.conftest import START

from stepfunctions.local.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/r"


def sums(cloud: Cloud, namespace: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for metric in cloud.call("cloudwatch", "ListMetrics", {"Namespace": namespace})["Metrics"]:
        asked = {**metric, "StartTime": START, "EndTime": START + 3600, "Period": 3600, "Statistics": ["Sum"]}
        (point,) = cloud.call("cloudwatch", "GetMetricStatistics", asked)["Datapoints"]
        found[metric["MetricName"]] = point["Sum"]
    return found


@pytest.mark.parametrize(
    ("state", "name"),
    [({"Type": "Succeed"}, "ExecutionsSucceeded"), ({"Type": "Fail", "Error": "E"}, "ExecutionsFailed")],
)
def test_executions_are_counted(cloud: Cloud, state: dict[str, Any], name: str) -> None:
    definition = json.dumps({"StartAt": "a", "States": {"a": state}})
    machine = cloud.call(
        "stepfunctions", "CreateStateMachine", {"name": "m", "definition": definition, "roleArn": ROLE}
    )["stateMachineArn"]
    for _ in range(2):
        arn = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine})["executionArn"]
        assert cloud.service("stepfunctions").api.wait_for(arn, 10)
    assert sums(cloud, "AWS/States") == {"ExecutionsStarted": 2, name: 2, "ExecutionTime": 0}


@pytest.mark.local
def test_functions_are_counted(cloud: Cloud, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.py").write_text("def handler(event, context):\n    return 1 / event\n")
    cloud.call(
        "lambda",
        "CreateFunction",
        {
            "FunctionName": "f",
            "Role": ROLE,
            "Runtime": "python3.11",
            "Handler": "a.handler",
            "Code": {"S3Bucket": "local-folder", "S3Key": str(folder)},
        },
    )
    for payload in (b"1", b"0"):
        cloud.call("lambda", "Invoke", {"FunctionName": "f", "Payload": payload})
    found = sums(cloud, "AWS/Lambda")
    assert (found["Invocations"], found["Errors"]) == (2, 1)
    assert found["Duration"] > 0


def test_measurements_that_cannot_be_kept_harm_nobody(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    cloud.measure("AWS/States", "ExecutionsStarted", 1, "Count", {})
    monkeypatch.setattr(cloud.service("cloudwatch"), "keep", full)
    cloud.measures.flush()
    assert "are lost" in caplog.text
