"""The AWS CLI, as it is on PyPI, against a real local server: no profile, no account, only ``local env``."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.local, pytest.mark.timeout(900)]
ROLE = "arn:aws:iam::123456789012:role/anyone"
HANDLER = "def handler(event, context):\n    return {'doubled': event['n'] * 2}\n"

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def call(
    tool_environment: Callable[..., Path], local_cloud: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    program = tool_environment("awscli", "awscli>=1.40,<2") / "bin" / "aws"

    def run_aws(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *map(str, arguments)],
            env=local_cloud,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=cwd,
        )

    return run_aws


@pytest.fixture(scope="module")
def aws(call: Callable[..., subprocess.CompletedProcess[str]]) -> Aws:
    """Run a command that must succeed; return its JSON, or its text when it writes none."""

    def succeed(*arguments: str | Path) -> Any:
        done = call(*arguments)
        assert done.returncode == 0, done.stderr
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    return succeed


@pytest.fixture(scope="module")
def function(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Lambda function made from a zip."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("app.py", HANDLER)
    path = tmp_path_factory.mktemp("code") / "app.zip"
    path.write_bytes(archive.getvalue())
    made = aws(
        "lambda",
        "create-function",
        "--function-name",
        "double",
        "--runtime",
        "python3.12",
        "--handler",
        "app.handler",
        "--role",
        ROLE,
        "--zip-file",
        f"fileb://{path}",
    )
    return str(made["FunctionArn"])


def test_sts(aws: Aws) -> None:
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"


def test_lambda_invoke(aws: Aws, call: Callable[..., Any], function: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    answer = aws("lambda", "invoke", "--function-name", function, "--payload", '{"n": 21}', out)
    assert answer["StatusCode"] == 200
    assert json.loads(out.read_text()) == {"doubled": 42}
    assert aws("lambda", "invoke", "--function-name", "double", "--payload", "{}", out)["FunctionError"]
    assert json.loads(out.read_text())["errorType"] == "KeyError"
    assert "ResourceNotFoundException" in call("lambda", "invoke", "--function-name", "nobody", out).stderr


def _write(definition: dict[str, Any], folder: Path) -> str:
    path = folder / "machine.asl.json"
    path.write_text(json.dumps(definition))
    return f"file://{path}"


def _ended(aws: Aws, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = aws("stepfunctions", "describe-execution", "--execution-arn", execution)
        if found["status"] != "RUNNING":
            return found
        assert time.monotonic() < deadline, found


def test_stepfunctions(aws: Aws, call: Callable[..., Any], function: str, tmp_path: Path) -> None:
    definition = _write(
        {
            "StartAt": "Double",
            "States": {
                "Double": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "OutputPath": "$.Payload",
                    "Parameters": {"FunctionName": function, "Payload.$": "$"},
                    "Next": "Enough?",
                },
                "Enough?": {
                    "Type": "Choice",
                    "Default": "Small",
                    "Choices": [{"Variable": "$.doubled", "NumericGreaterThan": 10, "Next": "Done"}],
                },
                "Small": {"Type": "Fail", "Error": "TooSmall", "Cause": "ten at most"},
                "Done": {"Type": "Succeed"},
            },
        },
        tmp_path,
    )
    machine = aws(
        "stepfunctions",
        "create-state-machine",
        "--name",
        "from-the-cli",
        "--definition",
        definition,
        "--role-arn",
        ROLE,
    )["stateMachineArn"]
    assert [one["name"] for one in aws("stepfunctions", "list-state-machines")["stateMachines"]] == ["from-the-cli"]
    execution = aws(
        "stepfunctions", "start-execution", "--state-machine-arn", machine, "--name", "good", "--input", '{"n": 21}'
    )["executionArn"]
    found = _ended(aws, execution)
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"doubled": 42})
    events = aws("stepfunctions", "get-execution-history", "--execution-arn", execution)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    paged = aws(
        "stepfunctions",
        "get-execution-history",
        "--execution-arn",
        execution,
        "--page-size",
        "2",
        "--reverse-order",
        "--query",
        "events[0].type",
    )
    assert paged == "ExecutionSucceeded"
    small = aws("stepfunctions", "start-execution", "--state-machine-arn", machine, "--input", '{"n": 1}')
    failed = _ended(aws, small["executionArn"])
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "TooSmall", "ten at most")
    bad = _write({"StartAt": "Nowhere", "States": {"Done": {"Type": "Succeed"}}}, tmp_path)
    refused = call("stepfunctions", "create-state-machine", "--name", "bad", "--definition", bad, "--role-arn", ROLE)
    assert refused.returncode != 0
    assert "InvalidDefinition" in refused.stderr
    assert "Nowhere" in refused.stderr


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_s3_copies_and_lists(aws: Aws, call: Callable[..., Any], tmp_path: Path) -> None:
    aws("s3", "mb", "s3://files")
    small, large, back = tmp_path / "a b+ü.txt", tmp_path / "large.bin", tmp_path / "back.bin"
    small.write_text("content\n", encoding="utf-8")
    large.write_bytes(random.Random(1).randbytes(20 * 1024 * 1024 + 7))  # the CLI cuts it into parts of 8 MiB
    aws("s3", "cp", small, "s3://files/x/a b+ü.txt")
    aws("s3", "cp", large, "s3://files/x/large.bin")
    head = aws("s3api", "head-object", "--bucket", "files", "--key", "x/large.bin")
    assert head["ContentLength"] == large.stat().st_size
    assert head["ETag"].strip('"').endswith("-3")
    aws("s3", "cp", "s3://files/x/large.bin", back)
    assert _digest(back) == _digest(large)
    aws("s3", "cp", "s3://files/x/large.bin", "s3://files/y/copy.bin")
    assert (
        aws("s3api", "head-object", "--bucket", "files", "--key", "y/copy.bin")["ContentLength"] == large.stat().st_size
    )
    assert aws("s3", "cp", "s3://files/x/a b+ü.txt", "-") == "content\n"
    listing = aws("s3", "ls", "s3://files", "--recursive")
    assert [line.split(maxsplit=3)[2:] for line in listing.splitlines()] == [
        ["8", "x/a b+ü.txt"],
        [str(large.stat().st_size), "x/large.bin"],
        [str(large.stat().st_size), "y/copy.bin"],
    ]
    assert aws("s3", "ls", "s3://files").split() == ["PRE", "x/", "PRE", "y/"]
    assert call("s3", "cp", "s3://files/nothing", back).returncode != 0
    aws("s3", "rm", "s3://files", "--recursive")
    assert aws("s3", "ls", "s3://files", "--recursive") == ""
    aws("s3", "rb", "s3://files")
    assert "files" not in aws("s3", "ls")


def test_s3_syncs(aws: Aws, tmp_path: Path) -> None:
    aws("s3", "mb", "s3://synced")
    here, there = tmp_path / "here", tmp_path / "there"
    for name in ("one.csv", "deep/er/two.csv", "three.txt"):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (1_700_000_000, 1_700_000_000))  # S3 tells times in whole seconds: be older than that
    assert aws("s3", "sync", here, "s3://synced/data", "--exclude", "*.txt").count("upload:") == 2
    assert aws("s3", "sync", here, "s3://synced/data", "--exclude", "*.txt") == ""
    (here / "one.csv").unlink()
    assert "delete: s3://synced/data/one.csv" in aws("s3", "sync", here, "s3://synced/data", "--delete")
    aws("s3", "sync", "s3://synced/data", there)
    assert sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()) == [
        "deep/er/two.csv",
        "three.txt",
    ]
    assert (there / "deep/er/two.csv").read_text() == "deep/er/two.csv"
    aws("s3", "rb", "s3://synced", "--force")
