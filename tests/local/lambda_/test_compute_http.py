"""Lambda, Glue and ECS through boto3 and a real server; their processes reach S3 through boto3 in turn."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.local
PUT = "import boto3\nboto3.client('s3').put_object(Bucket='data', Key={key!r}, Body=b'written')\n"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Make clients of a server in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, "-c", f"from stepfunctions.local.server import run; run({str(tmp_path / 'data')!r}, port=0)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    clients: list[Any] = []

    def make(service: str) -> Any:
        clients.append(
            boto3.client(
                service,
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(inject_host_prefix=False, retries={"max_attempts": 0}),
            )
        )
        return clients[-1]

    try:
        endpoint = server.stdout.readline().strip().removeprefix("Ready: ")
        make("s3").create_bucket(Bucket="data")
        yield make
    finally:
        for one in clients:
            one.close()
        server.terminate()
        assert server.wait(60) == 0
        server.stdout.close()


def read(client: Callable[[str], Any], key: str) -> str:
    answer = client("s3").get_object(Bucket="data", Key=key)
    with answer["Body"] as body:
        text: bytes = body.read()
    return text.decode()


def wait_for(describe: Callable[[], dict[str, Any]], ended: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not ended(found := describe()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_lambda(client: Callable[[str], Any]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "app.py",
            PUT.format(key="import")
            + """
def handler(event, context):
    if "bad" in event:
        raise KeyError(event["bad"])
    return {"twice": event["n"] * 2}
""",
        )
    functions = client("lambda")
    functions.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="app.handler",
        Timeout=30,
        Role="arn:aws:iam::123456789012:role/x",
        Code={"ZipFile": buffer.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="f")
    answer = functions.invoke(FunctionName="f", Payload=json.dumps({"n": 21}), LogType="Tail")
    with answer["Payload"] as body:
        assert json.loads(body.read()) == {"twice": 42}
    assert "LogResult" in answer
    assert "FunctionError" not in answer
    assert read(client, "import") == "written"
    answer = functions.invoke(FunctionName="f", Payload=json.dumps({"bad": 1}))
    with answer["Payload"] as body:
        assert json.loads(body.read())["errorType"] == "KeyError"
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")["StatusCode"] == 202
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="none")
    assert [one["FunctionName"] for one in functions.list_functions()["Functions"]] == ["f"]
    functions.delete_function(FunctionName="f")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName="f")


def test_glue(client: Callable[[str], Any]) -> None:
    client("s3").put_object(Bucket="data", Key="job.py", Body=PUT.format(key="glue").encode())
    glue = client("glue")
    glue.create_job(Name="job", Role="r", Command={"Name": "pythonshell", "ScriptLocation": "s3://data/job.py"})
    run_id = glue.start_job_run(JobName="job")["JobRunId"]
    run = wait_for(
        lambda: glue.get_job_run(JobName="job", RunId=run_id)["JobRun"],
        lambda run: run["JobRunState"] not in ("STARTING", "RUNNING"),
    )
    assert run["JobRunState"] == "SUCCEEDED", run
    assert read(client, "glue") == "written"
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="none")


def test_ecs(client: Callable[[str], Any]) -> None:
    ecs = client("ecs")
    ecs.register_task_definition(
        family="task",
        containerDefinitions=[
            {"name": "main", "image": "python", "memory": 128, "command": ["python", "-c", PUT.format(key="ecs")]}
        ],
    )
    arn = ecs.run_task(taskDefinition="task")["tasks"][0]["taskArn"]
    waiter = ecs.get_waiter("tasks_stopped")
    waiter.wait(tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    task = ecs.describe_tasks(tasks=[arn])["tasks"][0]
    assert task["containers"][0]["exitCode"] == 0, task
    assert read(client, "ecs") == "written"
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.run_task(cluster="none", taskDefinition="task")
    with pytest.raises(ClientError, match="TaskDefinition not found"):
        ecs.run_task(taskDefinition="none")
