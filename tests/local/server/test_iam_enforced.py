"""``--iam enforce``: a run fails with AWS's error naming what its role lacks, and succeeds once it has it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.local.server.conftest import COMMAND, Server

ROLE = "arn:aws:iam::123456789012:role/"
HANDLER = """
import boto3

def handler(event, context):
    body = boto3.client("s3").get_object(Bucket="flights", Key="week.csv")["Body"].read()
    return {"read": body.decode()}
"""


def trust(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def allow(*actions: str, resource: str = "*") -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]})


def zipped(code: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", code)
    return archive.getvalue()


def ran(server: Server, machine: str, given: object) -> dict[str, Any]:
    states = server.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    while True:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found


@pytest.fixture
def server(start_server: Callable[..., Server], tmp_path: Path) -> Server:
    made = start_server(tmp_path / "data", "--iam", "enforce")
    iam, s3 = made.client("iam"), made.client("s3")
    iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=trust("states"))
    iam.create_role(RoleName="function", AssumeRolePolicyDocument=trust("lambda"))
    s3.create_bucket(Bucket="flights")
    s3.put_object(Bucket="flights", Key="week.csv", Body=b'[{"n": 1}]')
    return made


def machine(server: Server, state: dict[str, Any], name: str = "m") -> str:
    definition = json.dumps({"StartAt": "A", "States": {"A": {**state, "End": True}}})
    made = server.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=f"{ROLE}pipeline"
    )
    return str(made["stateMachineArn"])


def give(server: Server, role: str, *actions: str, resource: str = "*") -> None:
    server.client("iam").put_role_policy(
        RoleName=role, PolicyName="p", PolicyDocument=allow(*actions, resource=resource)
    )


def test_a_task_needs_the_right_of_its_call(server: Server) -> None:
    server.client("lambda").create_function(
        FunctionName="read", Runtime="python{}.{}".format(*sys.version_info), Role=f"{ROLE}function",
        Handler="code.handler", Code={"ZipFile": zipped(HANDLER)},
    )  # fmt: skip
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "read", "Payload": {}},
        "OutputPath": "$.Payload",
    }
    arn = machine(server, invoke)
    function = "arn:aws:lambda:us-east-1:123456789012:function:read"
    failed = ran(server, arn, {})
    assert (failed["status"], failed["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert (
        "User: arn:aws:sts::123456789012:assumed-role/pipeline/local is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {function} because no identity-based policy allows the "
        "lambda:InvokeFunction action"
    ) in failed["cause"]
    give(server, "pipeline", "lambda:InvokeFunction", resource=function)
    failed = ran(server, arn, {})  # now the function calls, under its own role
    assert failed["error"] == "AccessDenied"
    assert "assumed-role/function/local is not authorized to perform: s3:GetObject" in failed["cause"]
    give(server, "function", "s3:GetObject", resource="arn:aws:s3:::flights/*")
    done = ran(server, arn, {})
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"read": '[{"n": 1}]'})
    listed = subprocess.run(
        [*COMMAND, "iam", "--data-dir", str(server.data_dir), "--format", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert listed.returncode == 1
    found = {(one["role"].removeprefix(ROLE), one["action"], one["resource"]) for one in json.loads(listed.stdout)}
    assert found == {
        ("pipeline", "lambda:InvokeFunction", function),
        ("function", "s3:GetObject", "arn:aws:s3:::flights/week.csv"),
    }


def test_a_distributed_map_reads_under_its_role(server: Server) -> None:
    give(server, "pipeline", "s3:ListBucket", "states:*")
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "flights", "Key": "week.csv"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "B",
            "States": {"B": {"Type": "Pass", "End": True}},
        },
    }
    arn = machine(server, each)
    failed = ran(server, arn, {})
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert "s3:GetObject" in failed["cause"]
    give(server, "pipeline", "s3:GetObject", "s3:ListBucket", "states:*")
    assert json.loads(ran(server, arn, {})["output"]) == [{"n": 1}]


def test_assumed_credentials_are_the_roles(server: Server) -> None:
    keys = server.client("sts").assume_role(RoleArn=f"{ROLE}function", RoleSessionName="me")["Credentials"]
    client = boto3.client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
    )  # fmt: skip
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.list_objects_v2(Bucket="flights")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    give(server, "function", "s3:ListBucket", resource="arn:aws:s3:::flights")
    assert client.list_objects_v2(Bucket="flights")["KeyCount"] == 1
