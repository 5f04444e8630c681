"""The AWS CLI through the parts of Step Functions: TestState, Express, Map Runs, activities, logs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.local, pytest.mark.timeout(900)]
ROLE = "arn:aws:iam::123456789012:role/anyone"
ITEMS = '{"n": 1}\n{"n": 2}\n{"n": 3}\n'

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def aws(tool_environment: Callable[..., Path], local_cloud: dict[str, str]) -> Aws:
    """Run a command that must succeed; return its JSON, or its text when it writes none."""
    program = tool_environment("awscli", "awscli>=1.40,<2") / "bin" / "aws"

    def succeed(*arguments: str | Path) -> Any:
        done = subprocess.run(
            [str(program), *map(str, arguments)],
            env=local_cloud,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout

    return lambda *arguments: (
        succeed("stepfunctions", *arguments) if arguments[0] not in _SERVICES else succeed(*arguments)
    )


_SERVICES = ("s3", "logs")


def create(aws: Aws, name: str, states: dict[str, Any], *more: str) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    made = aws("create-state-machine", "--name", name, "--definition", definition, "--role-arn", ROLE, *more)
    return str(made["stateMachineArn"])


def ended(aws: Aws, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = aws("describe-execution", "--execution-arn", execution)
        if found["status"] != "RUNNING":
            return found
        assert time.monotonic() < deadline, found


def test_a_state_by_itself(aws: Aws) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message.$": "$.text"},
        "ResultPath": "$.sent",
        "Next": "After",
    }
    mock = {"result": json.dumps({"MessageId": "m"})}
    tested = aws(
        "test-state", "--definition", json.dumps(state), "--input", '{"text": "hello"}', "--inspection-level", "DEBUG",
        "--mock", json.dumps(mock),
    )  # fmt: skip
    assert tested["status"] == "SUCCEEDED"
    assert tested["nextState"] == "After"
    assert json.loads(tested["output"]) == {"text": "hello", "sent": {"MessageId": "m"}}
    assert json.loads(tested["inspectionData"]["afterParameters"])["Message"] == "hello"


def test_an_express_machine(aws: Aws) -> None:
    output = "{% $sum($states.input.numbers) %}"
    states = {"Sum": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": output, "End": True}}
    machine = create(aws, "sum", states, "--type", "EXPRESS")
    done = aws("start-sync-execution", "--state-machine-arn", machine, "--input", '{"numbers": [1, 2, 3]}')
    assert (done["status"], done["output"]) == ("SUCCEEDED", "6")


def test_a_map_run(aws: Aws, tmp_path: Path) -> None:
    items = tmp_path / "items.jsonl"
    items.write_text(ITEMS)
    aws("s3", "mb", "s3://items")
    aws("s3", "cp", items, "s3://items/in/items.jsonl")
    each = {
        "Type": "Map",
        "Label": "Each",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "items", "Key": "in/items.jsonl"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "items", "Prefix": "out"},
        },
        "End": True,
    }
    machine = create(aws, "each", {"Each": each})
    execution = aws("start-execution", "--state-machine-arn", machine)["executionArn"]
    output = json.loads(ended(aws, execution)["output"])
    [run] = aws("list-map-runs", "--execution-arn", execution)["mapRuns"]
    assert run["mapRunArn"] == output["MapRunArn"]
    described = aws("describe-map-run", "--map-run-arn", run["mapRunArn"])
    assert (described["status"], described["itemCounts"]["succeeded"]) == ("SUCCEEDED", 3)
    children = aws("list-executions", "--map-run-arn", run["mapRunArn"])["executions"]
    assert [child["status"] for child in children] == ["SUCCEEDED"] * 3
    manifest = json.loads(_content(aws, output["ResultWriterDetails"], tmp_path))
    [written] = manifest["ResultFiles"]["SUCCEEDED"]
    results = json.loads(_content(aws, {"Bucket": "items", "Key": written["Key"]}, tmp_path))
    assert sorted(json.loads(result["Output"])["n"] for result in results) == [1, 2, 3]


def _content(aws: Aws, place: dict[str, str], folder: Path) -> str:
    copy = folder / "copy"
    aws("s3", "cp", f"s3://{place['Bucket']}/{place['Key']}", copy)
    return copy.read_text()


def test_an_activity_and_a_redrive(aws: Aws) -> None:
    activity = aws("create-activity", "--name", "by-hand")["activityArn"]
    machine = create(aws, "waits", {"Ask": {"Type": "Task", "Resource": activity, "End": True}})
    execution = aws("start-execution", "--state-machine-arn", machine, "--input", '{"n": 1}')["executionArn"]
    task = aws("get-activity-task", "--activity-arn", activity, "--worker-name", "me")
    aws("send-task-failure", "--task-token", task["taskToken"], "--error", "Tired", "--cause", "of it")
    assert ended(aws, execution)["error"] == "Tired"
    aws("redrive-execution", "--execution-arn", execution)
    task = aws("get-activity-task", "--activity-arn", activity)
    assert json.loads(task["input"]) == {"n": 1}
    aws("send-task-heartbeat", "--task-token", task["taskToken"])
    aws("send-task-success", "--task-token", task["taskToken"], "--task-output", '"done"')
    found = ended(aws, execution)
    assert (found["status"], found["output"], found["redriveCount"]) == ("SUCCEEDED", '"done"', 1)


def test_logs(aws: Aws) -> None:
    aws("logs", "create-log-group", "--log-group-name", "/aws/vendedlogs/states/logged")
    place = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/logged:*"
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": place}}],
    }
    states = {"A": {"Type": "Pass", "Result": 1, "End": True}}
    machine = create(aws, "logged", states, "--logging-configuration", json.dumps(logging))
    ended(aws, aws("start-execution", "--state-machine-arn", machine)["executionArn"])
    events = aws("logs", "filter-log-events", "--log-group-name", "/aws/vendedlogs/states/logged")["events"]
    assert [json.loads(event["message"])["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
