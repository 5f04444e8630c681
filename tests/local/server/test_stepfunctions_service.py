"""Step Functions of the local cloud, as boto3 sees it and inside a cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.services import supported_operations
from stepfunctions.runtime.api import StepFunctionsApi

ROLE = "arn:aws:iam::123456789012:role/Workflow"
WAITING = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 2, "Next": "Done"},
        "Done": {"Type": "Pass", "Result": [1, "é"], "End": True},
    },
}


def client(server: Any) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def ended(sfn: Any, arn: str) -> Any:
    deadline = time.monotonic() + 30
    while (execution := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, execution
        time.sleep(0.02)
    return execution


@pytest.mark.local
def test_boto3_runs_a_workflow_that_outlives_a_killed_server(start_server: Callable[..., Any]) -> None:
    first = start_server()
    sfn = client(first)
    machine = sfn.create_state_machine(name="waits", definition=json.dumps(WAITING), roleArn=ROLE)
    arn = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], name="one", input='{"a": 1}')["executionArn"]
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
    with pytest.raises(sfn.exceptions.ExecutionDoesNotExist):
        sfn.describe_execution(executionArn=arn + "-not")
    activity = sfn.create_activity(name="people")["activityArn"]
    asks = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": activity, "End": True}}}
    asking = sfn.create_state_machine(name="asks", definition=json.dumps(asks), roleArn=ROLE)["stateMachineArn"]
    asked = sfn.start_execution(stateMachineArn=asking)["executionArn"]
    task = sfn.get_activity_task(activityArn=activity, workerName="me")
    sfn.close()
    first.process.kill()
    first.process.wait(30)

    second = start_server(first.data_dir)
    sfn = client(second)
    sfn.send_task_success(taskToken=task["taskToken"], output='"yes"')
    assert ended(sfn, asked)["output"] == '"yes"'
    execution = ended(sfn, arn)
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"]) == [1, "é"]
    events = sfn.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events if event["type"].startswith("Execution")] == [
        "ExecutionStarted",
        "ExecutionSucceeded",
    ]
    sfn.close()
    assert second.stop() == 0


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


def test_every_operation_of_the_runtime_is_offered(cloud: Cloud) -> None:
    from botocore import xform_name

    offered = {xform_name(name) for name in supported_operations("stepfunctions", cloud.service("stepfunctions"))}
    assert offered == {name for name in vars(StepFunctionsApi) if not name.startswith("_")} - {"wait_for"}


def test_a_task_calls_another_service_of_the_cloud(cloud: Cloud) -> None:
    definition = {
        "StartAt": "Who",
        "States": {"Who": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "End": True}},
    }
    machine = cloud.call(
        "stepfunctions", "CreateStateMachine", {"name": "who", "definition": json.dumps(definition), "roleArn": ROLE}
    )
    execution = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine["stateMachineArn"]})
    result = cloud.service("stepfunctions").api.wait_for(execution["executionArn"], 30)
    assert json.loads(result["output"])["Account"] == "123456789012"


def test_a_stopped_cloud_refuses_calls_and_makes_nothing_anew(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.start()
    cloud.service("stepfunctions")
    cloud.stop()
    with pytest.raises(ServiceError, match="stopping"):
        cloud.call("stepfunctions", "ListStateMachines", {})


def test_items_of_a_distributed_map_are_read_from_s3(cloud: Cloud) -> None:
    cloud.call("s3", "CreateBucket", {"Bucket": "data"})
    cloud.service("s3").objects.put_bytes("data", "days.csv", b"day,late\nmon,1\ntue,2\n")
    definition = {
        "StartAt": "Days",
        "States": {
            "Days": {
                "Type": "Map",
                "End": True,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                    "Parameters": {"Bucket": "data", "Key": "days.csv"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Day",
                    "States": {"Day": {"Type": "Pass", "End": True}},
                },
            }
        },
    }
    machine = cloud.call(
        "stepfunctions", "CreateStateMachine", {"name": "days", "definition": json.dumps(definition), "roleArn": ROLE}
    )
    execution = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine["stateMachineArn"]})
    result = cloud.service("stepfunctions").api.wait_for(execution["executionArn"], 30)
    assert json.loads(result["output"]) == [{"day": "mon", "late": "1"}, {"day": "tue", "late": "2"}]


def test_results_of_a_distributed_map_are_written_to_s3(cloud: Cloud) -> None:
    definition = {
        "StartAt": "Days",
        "States": {
            "Days": {
                "Type": "Map",
                "Label": "days",
                "End": True,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Day",
                    "States": {"Day": {"Type": "Pass", "End": True}},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": "results", "Prefix": "days"},
                },
            }
        },
    }
    machine = cloud.call(
        "stepfunctions",
        "CreateStateMachine",
        {"name": "written", "definition": json.dumps(definition), "roleArn": ROLE},
    )

    def run(count: int) -> Any:
        given = {"stateMachineArn": machine["stateMachineArn"], "input": json.dumps(list(range(count)))}
        execution = cloud.call("stepfunctions", "StartExecution", given)
        return cloud.service("stepfunctions").api.wait_for(execution["executionArn"], 30)

    failed = run(1)
    assert failed["error"] == "States.ResultWriterFailed"
    assert failed["cause"].startswith("Cannot write s3://results/days/")
    assert failed["cause"].endswith("/: NoSuchBucket: The specified bucket does not exist")
    cloud.call("s3", "CreateBucket", {"Bucket": "results"})
    details = json.loads(run(1_200)["output"])["ResultWriterDetails"]
    objects = cloud.service("s3").objects
    with objects.open("results", details["Key"]) as file:
        (listed,) = json.load(file)["ResultFiles"]["SUCCEEDED"]
    info, content = objects.open_info("results", listed["Key"])
    with content:
        assert [int(record["Output"]) for record in json.load(content)] == list(range(1_200))
    assert (info.size, info.content_type) == (listed["Size"], "application/json")


@pytest.mark.parametrize(
    ("state", "code", "where"),
    [
        ({"Type": "Task", "Resource": "arn:aws:states:::sagemaker:train"}, "SCHEMA_VALIDATION_FAILED", "Resource"),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": "{% phone %}"}},
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported.",
            "Output/v",
        ),
    ],
)
def test_what_aws_does_not_know_is_refused_when_it_is_created(
    tmp_path: Path, state: dict[str, Any], code: str, where: str
) -> None:
    definition = {"StartAt": "S", "States": {"S": {**state, "End": True}}}
    with Cloud(tmp_path) as cloud, pytest.raises(ServiceError) as caught:
        cloud.call(
            "stepfunctions",
            "CreateStateMachine",
            {"name": "m", "definition": json.dumps(definition), "roleArn": "arn:aws:iam::123456789012:role/r"},
        )
    assert caught.value.code == "InvalidDefinition"
    assert code in caught.value.message
    assert f"/States/S/{where}" in caught.value.message
