"""Services that are not here, over real sockets: boto3 to moto through the one port, and tasks to AWS itself."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.server.conftest import Server

STATES = "arn:aws:states:::"
ROLE = "arn:aws:iam::123456789012:role/workflow"
SCRIPT = b"import sys; print('here')"


def run(server: Server, resource: str, parameters: Any) -> dict[str, Any]:
    """Run a machine of one task and return its description."""
    return run_state(server, {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True})


def run_state(server: Server, definition: dict[str, Any]) -> dict[str, Any]:
    states = server.client("stepfunctions")
    machine = states.create_state_machine(
        name=f"m{len(states.list_state_machines()['stateMachines'])}",
        definition=json.dumps({"StartAt": "T", "States": {"T": definition}}),
        roleArn=ROLE,
    )
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    deadline = time.monotonic() + 60
    while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
    shown: dict[str, Any] = described
    return shown


def test_boto3_and_tasks_see_the_same_services(server: Server) -> None:
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    ran = run(server, f"{STATES}dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "ä"}}})
    assert ran["status"] == "SUCCEEDED", ran
    assert dynamodb.scan(TableName="t")["Items"] == [{"id": {"S": "ä"}}]
    with pytest.raises(ClientError) as caught:
        dynamodb.describe_table(TableName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert queue.startswith(server.endpoint)
    ran = run(server, f"{STATES}sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "hello"})
    assert ran["status"] == "SUCCEEDED", ran
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    # a query protocol, whose errors are XML
    sns = server.client("sns")
    assert sns.list_topics()["Topics"] == []
    with pytest.raises(ClientError, match="moto, which cannot do it"):
        server.client("ec2").accept_reserved_instances_exchange_quote(ReservedInstanceIds=["r"])
    with pytest.raises(ClientError, match="it has no such service"):
        server.client("mediaconvert").list_jobs()


def test_the_child_ends_with_the_server(server: Server) -> None:
    server.client("dynamodb").list_tables()
    (child,) = [pid for pid in Path("/proc").glob("[0-9]*") if _is_child(pid, server.process.pid)]
    assert server.stop() == 0
    assert not child.exists()


def _is_child(process: Path, parent: int) -> bool:
    try:
        mine = int((process / "stat").read_text().rpartition(")")[2].split()[1]) == parent
        return mine and "moto_child" in (process / "cmdline").read_text()
    except (OSError, IndexError):  # it has just ended
        return False


def test_the_server_says_where_calls_go(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", "--real", "s3, EventBridge")
    assert server.process.stdout is not None
    assert server.process.stdout.readline().startswith(f"Console: {server.endpoint}/?token=")
    line = server.process.stdout.readline()
    assert "AWS itself answers for events, s3." in line
    assert "moto stands for every other service, in memory only" in line
    kept = line.partition(":")[2].partition(".")[0].split(", ")
    assert "glue" in [name.strip() for name in kept]
    assert "s3" not in [name.strip() for name in kept]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.endpoint}/bucket/key")
    with caught.value as refused:
        assert b"call it without this endpoint" in refused.read()


def test_real_services_are_called_with_the_users_own_configuration(
    start_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second local cloud stands for AWS: the first one finds it by the environment, as boto3 does."""
    aws = start_server(tmp_path / "aws")
    aws.client("s3").create_bucket(Bucket="code")
    aws.client("s3").put_object(Bucket="code", Key="job.py", Body=SCRIPT)
    command = {"Name": "pythonshell", "ScriptLocation": "s3://code/job.py", "PythonVersion": "3.9"}
    aws.client("glue").create_job(Name="job", Role="glue", Command=command)
    for service in ("GLUE", "DYNAMODB"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    here = start_server(tmp_path / "here", "--real", "glue,dynamodb")
    ran = run(here, f"{STATES}glue:startJobRun.sync", {"JobName": "job"})
    assert json.loads(ran["output"])["JobRunState"] == "SUCCEEDED", ran
    runs = aws.client("glue").get_job_runs(JobName="job")["JobRuns"]
    assert [one["Id"] for one in runs] == [json.loads(ran["output"])["Id"]]
    refused = run(here, f"{STATES}glue:startJobRun", {"JobName": "none"})
    assert refused["error"] == "Glue.EntityNotFoundException"
    tables = run(here, f"{STATES}aws-sdk:dynamodb:listTables", {})
    assert json.loads(tables["output"]) == {"TableNames": []}
    # clients of this endpoint are passed on too
    assert here.client("glue").get_job(JobName="job")["Job"]["Role"] == "glue"
    assert not (tmp_path / "here" / "glue.db").exists()


def test_a_rule_here_delivers_to_a_real_queue_and_a_stack_makes_it(
    start_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = start_server(tmp_path / "aws")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    here = start_server(tmp_path / "here", "--real", "sqs")
    stacks = here.client("cloudformation")
    template = {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "inbox"}},
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": {"source": ["mine"]},
                    "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "InputPath": "$.detail"}],
                },
            },
        }
    }
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    event = {"Source": "mine", "DetailType": "t", "Detail": '{"n": 1}'}
    here.client("events").put_events(Entries=[event])
    url = aws.client("sqs").get_queue_url(QueueName="inbox")["QueueUrl"]
    (message,) = aws.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"]) == {"n": 1}
    assert not (tmp_path / "here" / "sqs.db").exists()


def test_distributed_maps_read_and_write_objects_of_real_s3(
    start_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = start_server(tmp_path / "aws")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="in/items.json", Body=b"[1, 2]")
    s3.put_object(Bucket="data", Key="in/more.json", Body=b"[3]")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    here = start_server(tmp_path / "here", "--real", "s3")
    pass_through = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    read: dict[str, dict[str, Any]] = {
        "getObject": {"Parameters": {"Bucket": "data", "Key": "in/items.json"}, "ReaderConfig": {"InputType": "JSON"}},
        "listObjectsV2": {"Parameters": {"Bucket": "data", "Prefix": "in/"}},
        "missing": {"Parameters": {"Bucket": "data", "Key": "no"}, "ReaderConfig": {"InputType": "JSON"}},
    }
    ended: dict[str, dict[str, Any]] = {}
    for name, reader in read.items():
        state = {
            "Type": "Map",
            "ItemReader": {"Resource": f"{STATES}s3:{'getObject' if name == 'missing' else name}", **reader},
            "ItemProcessor": pass_through,
            "ResultWriter": {
                "Resource": f"{STATES}s3:putObject",
                "Parameters": {"Bucket": "data", "Prefix": name},
                "WriterConfig": {"OutputType": "JSON", "Transformation": "COMPACT"},
            },
            "End": True,
        }
        ended[name] = run_state(here, state)
    assert ended["missing"]["error"] == "States.ItemReaderFailed"
    for name in ("getObject", "listObjectsV2"):
        assert ended[name]["status"] == "SUCCEEDED", ended[name]
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="data", Prefix=f"{name}/")["Contents"]]
        (written,) = [key for key in keys if key.endswith("SUCCEEDED_0.json")]
        items = json.loads(s3.get_object(Bucket="data", Key=written)["Body"].read())
        assert items == [1, 2] or [item["Key"] for item in items] == ["in/items.json", "in/more.json"]


def test_a_configuration_that_leads_back_is_refused(
    start_server: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_server(tmp_path / "first")
    port = first.port
    first.stop()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    server = start_server(tmp_path / "data", "--real", "dynamodb", "--port", str(port))
    ran = run(server, f"{STATES}aws-sdk:dynamodb:listTables", {})
    assert ran["error"] == "DynamoDb.SdkClientException"
    assert "leads back to this local cloud" in ran["cause"]
