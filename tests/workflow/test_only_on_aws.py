"""What only AWS answers: the requests are those of botocore's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from types import SimpleNamespace
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


def test_without_a_role_a_mocked_state_is_tested_without(aws: Any) -> None:
    expected = {
        "definition": '{"Type": "Pass", "End": true}',
        "inspectionLevel": "INFO",
        "mock": {"result": "1"},
    }
    aws.add_response("test_state", {"status": "SUCCEEDED", "output": "1"}, expected)
    flow = workflow(aws)
    flow.role = ""
    assert flow.test_state("P", mock=1).output == 1


def described(**more: Any) -> dict[str, Any]:
    return {
        "stateMachineArn": MACHINE,
        "name": "w",
        "definition": '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}',
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": NOW,
        **more,
    }


def test_a_change_is_published_by_the_request_that_makes_it(aws: Any) -> None:
    flow = workflow(aws, tracing=True)
    aws.add_response("describe_state_machine", described(), {"stateMachineArn": MACHINE})
    aws.add_response(
        "update_state_machine",
        {"updateDate": NOW, "revisionId": "r2", "stateMachineVersionArn": f"{MACHINE}:2"},
        {
            "stateMachineArn": MACHINE,
            "definition": flow.definition.to_json(pretty=True),
            "roleArn": ROLE,
            "tracingConfiguration": {"enabled": True},
            "publish": True,
            "versionDescription": "traced",
        },
    )
    flow.create_or_update(publish=True, version_description="traced")
    assert flow.changes == ("tracing",)
    assert flow.published is not None
    assert flow.published.number == 2


def test_settings_that_are_not_known_here_are_kept(aws: Any) -> None:
    newer = {"level": "OFF", "includeExecutionData": False, "destinations": []}
    client = SimpleNamespace(
        describe_state_machine=lambda **_: described(loggingConfiguration={**newer, "sampling": 5}),
    )
    assert Workflow.attach(MACHINE, client).settings["loggingConfiguration"]["sampling"] == 5


def test_an_alias_is_what_was_asked_for_whatever_is_still_read(aws: Any) -> None:
    old, new, alias = f"{MACHINE}:1", f"{MACHINE}:2", f"{MACHINE}:prod"
    routing = [{"stateMachineVersionArn": old, "weight": 100}]
    stale = {
        "stateMachineAliasArn": alias,
        "name": "prod",
        "routingConfiguration": routing,
        "creationDate": NOW,
        "updateDate": NOW,
    }
    later = datetime(2026, 1, 3, tzinfo=timezone.utc)
    aws.add_response("describe_state_machine_alias", stale)
    aws.add_response("update_state_machine_alias", {"updateDate": later})
    aws.add_response("describe_state_machine_alias", stale)
    got = workflow(aws).alias("prod", {1: 90, 2: 10}, "canary")
    assert (got.weights, got.description, got.updated) == ({old: 90, new: 10}, "canary", later)
    aws.add_response("create_state_machine_alias", {"stateMachineAliasArn": alias, "creationDate": NOW})
    assert workflow(aws).create_alias("prod", 2).weights == {new: 100}


def test_indentation_never_makes_a_request_too_large(aws: Any) -> None:
    many = [{"n": "é"}] * 20_000
    sent: dict[str, Any] = {}

    def kept(request: dict[str, Any]) -> dict[str, Any]:
        sent.update(request)
        return {}

    client = SimpleNamespace(
        start_execution=lambda **request: {**kept(request), "executionArn": RUN, "startDate": NOW},
        update_state_machine=lambda **request: {**kept(request), "updateDate": NOW},
    )
    flow = Workflow("w", Pass("P"), ROLE, client=client, state_machine_arn=MACHINE)
    flow.execute(inputs=many)
    assert len(sent["input"].encode()) <= 262_144
    assert json.loads(sent["input"]) == many
    flow.update(Pass("P", result=many))
    assert len(sent["definition"].encode()) <= 1_048_576


def test_an_execution_that_was_stopped_names_no_state_and_asks_once(aws: Any) -> None:
    execution = Execution(workflow(aws), RUN, NOW, "ABORTED", aws.client)
    description = {"executionArn": RUN, "stateMachineArn": MACHINE, "startDate": NOW, "status": "ABORTED"}
    aws.add_response("describe_execution", description)
    event = {"timestamp": NOW, "type": "ExecutionAborted", "id": 9, "previousEventId": 0}
    aws.add_response("get_execution_history", {"events": [event], "nextToken": "more"})
    failure = execution.failure
    assert failure is not None
    assert failure.state is None


def test_an_express_child_of_a_distributed_map_can_be_asked_about(aws: Any) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:express:w/Each:run:child"
    execution = Execution(workflow(aws), arn, NOW, "RUNNING", aws.client)
    answer = {"executionArn": arn, "stateMachineArn": MACHINE, "startDate": NOW, "status": "SUCCEEDED", "output": "3"}
    aws.add_response("describe_execution", answer)
    assert execution.get_output(wait=True) == 3


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
