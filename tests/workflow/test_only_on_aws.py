"""What only AWS answers: the requests are those of botocore's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from stepfunctions.errors import StateFailed
from stepfunctions.steps import Pass
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow
from stepfunctions.workflow.clients import append_user_agent_to_client

RUN = "arn:aws:states:us-east-1:123456789012:execution:w:run"
ROLE = "arn:aws:iam::123456789012:role/r"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:w"
NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


@pytest.fixture
def aws() -> Iterator[Any]:
    client = boto3.client("stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
    client.close()


def workflow(aws: Any, **given: Any) -> Workflow:
    return Workflow("w", Pass("P"), ROLE, client=aws.client, state_machine_arn=MACHINE, **given)


def test_redrive(aws: Any) -> None:
    execution = Execution(workflow(aws), RUN, NOW, "FAILED", aws.client, "run", NOW)
    aws.add_response("redrive_execution", {"redriveDate": NOW}, {"executionArn": RUN, "clientToken": "once"})
    assert execution.redrive(client_token="once") is execution
    assert (execution.status, execution.stop_date) == (ExecutionStatus.Running, None)
    aws.add_client_error("redrive_execution", "ExecutionNotRedrivable")
    with pytest.raises(aws.client.exceptions.ExecutionNotRedrivable):
        execution.redrive(client_token="again")


def test_a_pending_redrive_is_not_an_end(aws: Any) -> None:
    execution = Execution(workflow(aws), RUN, NOW, "PENDING_REDRIVE", aws.client)
    description = {"executionArn": RUN, "stateMachineArn": MACHINE, "startDate": NOW}
    aws.add_response("describe_execution", {**description, "status": "PENDING_REDRIVE"})
    aws.add_response("describe_execution", {**description, "status": "SUCCEEDED", "output": "3"})
    assert execution.get_output(wait=True) == 3


def test_a_state_is_tested_with_every_option(aws: Any) -> None:
    definition = {"Type": "Map", "End": True}
    aws.add_response(
        "test_state",
        {
            "status": "FAILED",
            "error": "E",
            "cause": "C",
            "inspectionData": {"input": "{}", "request": {"body": "x"}, "errorDetails": {"catchIndex": 1}},
        },
        {
            "definition": json.dumps(definition),
            "roleArn": ROLE,
            "input": "[1]",
            "inspectionLevel": "TRACE",
            "variables": '{"v": 1}',
            "context": '{"Execution": {"Id": "x"}}',
            "mock": {"errorOutput": {"error": "E", "cause": "C"}, "fieldValidationMode": "NONE"},
            "stateConfiguration": {"retrierRetryCount": 2, "errorCausedByState": "In"},
            "revealSecrets": True,
        },
    )
    tested = workflow(aws).test_state(
        definition,
        [1],
        mock=StateFailed("E", "C"),
        variables={"v": 1},
        context={"Execution": {"Id": "x"}},
        inspection_level="TRACE",
        retries=2,
        caused_by="In",
        validate_mock="NONE",
        reveal_secrets=True,
    )
    assert (tested.status, tested.error, tested.cause) == ("FAILED", "E", "C")
    assert tested.inspection == {"input": {}, "request": {"body": "x"}, "errorDetails": {"catchIndex": 1}}


def test_tags_of_aws_itself_stay(aws: Any) -> None:
    there = [{"key": "aws:cloudformation:stack-name", "value": "s"}, {"key": "old", "value": "1"}]
    aws.add_response("list_tags_for_resource", {"tags": there}, {"resourceArn": MACHINE})
    aws.add_response("untag_resource", {}, {"resourceArn": MACHINE, "tagKeys": ["old"]})
    aws.add_response("tag_resource", {}, {"resourceArn": MACHINE, "tags": [{"key": "new", "value": "2"}]})
    workflow(aws).update(tags={"new": "2"})


def test_what_2_3_0_asked_for_is_asked_for_still(aws: Any) -> None:
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, indent=4)
    aws.add_response(
        "create_state_machine",
        {"stateMachineArn": MACHINE, "creationDate": NOW},
        {"name": "w", "definition": definition, "roleArn": ROLE, "tags": []},
    )
    flow = Workflow("w", Pass("P"), ROLE, client=aws.client)
    assert flow.create() == MACHINE
    aws.add_response(
        "update_state_machine",
        {"updateDate": NOW},
        {"stateMachineArn": MACHINE, "definition": definition, "roleArn": ROLE + "2"},
    )
    flow.update(role=ROLE + "2")


def test_aws_s_host_prefix_is_kept_there_and_taken_off_here() -> None:
    seen: list[str] = []

    def stop(request: Any, **_: Any) -> None:
        seen.append(request.url)
        raise ConnectionError

    for endpoint in (None, "http://127.0.0.1:8083", "http://localhost:8083"):
        client = boto3.client(
            "stepfunctions",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        append_user_agent_to_client(client)
        client.meta.events.register("before-send", stop)
        with pytest.raises(ConnectionError):
            client.test_state(definition="{}")
        client.close()
    assert seen == [
        "https://sync-states.us-east-1.amazonaws.com/",
        "http://127.0.0.1:8083/",
        "http://localhost:8083/",
    ]
