from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from stepfunctions.errors import StateFailed
from stepfunctions.local.wire.models import service_model
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.inprocess import PENDING, ClientError, LocalClient, run_in_process

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
QUEUE = "arn:aws:states:::sqs:sendMessage"
LAMBDA = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "End": True,
    "Parameters": {"FunctionName": FUNCTION, "Payload.$": "$"},
}
SEND = {"Type": "Task", "Resource": QUEUE, "Parameters": {"MessageBody.$": "$.m"}, "End": True}
WAITING = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "End": True,
    "Parameters": {"MessageBody": {"token.$": "$$.Task.Token"}},
}


def machine(name: str, state: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state, **others}}


def output(definition: dict[str, Any], given: Any, mocks: dict[str, Any]) -> Any:
    described = run_in_process(definition, given, mocks)
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


def test_mocks_by_state_resource_and_function() -> None:
    given = {"m": "hello"}
    assert output(machine("S", SEND), given, {"S": lambda event: event["MessageBody"] + "!"}) == "hello!"
    assert output(machine("S", SEND), given, {QUEUE: {"MessageId": "1"}}) == {"MessageId": "1"}
    wrapped = {"ExecutedVersion": "$LATEST", "Payload": "hello!", "StatusCode": 200}
    for key in ("f", FUNCTION):
        assert output(machine("L", LAMBDA), given, {key: lambda event: event["m"] + "!"}) == wrapped
    assert output(machine("L", LAMBDA), given, {"L": {"Payload": 1}, "f": 2}) == {"Payload": 1}


def test_mocks_that_fail() -> None:
    for mock, error in (
        (ValueError("no"), "ValueError"),
        (ValueError, "ValueError"),
        (StateFailed("My.Error", "no"), "My.Error"),
    ):
        described = run_in_process(machine("S", SEND), {"m": 1}, {"S": mock})
        assert (described["status"], described["error"]) == ("FAILED", error)
    caught = {**SEND, "Catch": [{"ErrorEquals": ["ValueError"], "Next": "C"}]}
    definition = machine("S", caught, C={"Type": "Pass", "End": True})
    assert output(definition, {"m": 1}, {"S": ValueError("no")}) == {"Error": "ValueError", "Cause": "no"}


def test_a_task_without_a_mock_says_what_to_give() -> None:
    described = run_in_process(machine("S", SEND), {"m": 1}, {"Other": 1})
    assert described["status"] == "FAILED"
    assert "mocks={'S': ...}" in described["cause"]


def test_a_mock_that_gives_no_json() -> None:
    described = run_in_process(machine("S", SEND), {"m": 1}, {"S": lambda event: {1, 2}})
    assert "The mock of 'S' gave no JSON value" in described["cause"]
    described = run_in_process(machine("S", SEND), {"m": 1}, {"S": PENDING})
    assert "no token" in described["cause"]


def test_time_jumps_over_waits_and_retries() -> None:
    calls: list[Any] = []

    def flaky(event: Any) -> str:
        calls.append(event)
        if len(calls) < 3:
            raise ConnectionError("later")
        return "in the end"

    retry = [{"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 3600, "MaxAttempts": 5}]
    definition = machine("W", {"Type": "Wait", "Seconds": 86_400, "Next": "S"}, S={**SEND, "Retry": retry})
    described = run_in_process(definition, {"m": 1}, {"S": flaky})
    assert json.loads(described["output"]) == "in the end"
    assert (described["stopDate"] - described["startDate"]).total_seconds() == 86_400 + 3600 + 7200


def test_files_of_a_distributed_map() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV"},
        "Parameters": {"Bucket": "b", "Key": "k.csv"},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine("S", {**SEND, "Parameters": {"MessageBody.$": "$.n"}}),
    }
    definition = machine("M", {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True})
    for content in ("n\n1\n2\n", b"n\n1\n2\n"):
        mocks = {"s3://b/k.csv": content, "S": lambda event: event["MessageBody"]}
        assert output(definition, None, mocks) == ["1", "2"]
    reader["ReaderConfig"] = {"InputType": "JSON"}
    assert output(definition, None, {"s3://b/k.csv": [{"n": "x"}], "S": lambda event: event["MessageBody"]}) == ["x"]
    described = run_in_process(definition, None, {})
    assert "mocks={'s3://b/k.csv': ...}" in described["cause"]


def test_tokens_are_answered_later() -> None:
    tokens: list[str] = []

    def ask(event: Any) -> Any:
        tokens.append(event["MessageBody"]["token"])
        return PENDING

    client = LocalClient({"W": ask})
    definition = json.dumps(machine("W", WAITING))
    arn = client.create_state_machine(name="m", definition=definition, roleArn="arn:aws:iam::123456789012:role/r")[
        "stateMachineArn"
    ]
    execution = client.start_execution(stateMachineArn=arn)["executionArn"]
    assert not client.run_until_idle()
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    client.send_task_success(taskToken=tokens[0], output='"yes"')
    assert client.describe_execution(executionArn=execution)["output"] == '"yes"'


def test_a_mock_may_use_the_client() -> None:
    client: LocalClient

    def answer(event: Any) -> Any:
        client.send_task_success(taskToken=event["MessageBody"]["token"], output='"from inside"')
        return PENDING

    client = LocalClient({"W": answer})
    arn = client.create_state_machine(
        name="m", definition=json.dumps(machine("W", WAITING)), roleArn="arn:aws:iam::123456789012:role/r"
    )
    execution = client.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]
    assert client.describe_execution(executionArn=execution)["output"] == '"from inside"'


def test_with_a_clock_of_ones_own_nothing_jumps() -> None:
    clock = ManualClock(1000)
    client = LocalClient(clock=clock)
    definition = json.dumps(machine("W", {"Type": "Wait", "Seconds": 60, "End": True}))
    arn = client.create_state_machine(name="m", definition=definition, roleArn="arn:aws:iam::123456789012:role/r")[
        "stateMachineArn"
    ]
    execution = client.start_execution(stateMachineArn=arn)["executionArn"]
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    clock.advance(60)
    assert client.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    assert client.run_until_idle()


def test_refusals_look_like_boto3s() -> None:
    client = LocalClient()
    with pytest.raises(client.exceptions.StateMachineDoesNotExist) as caught:
        client.describe_state_machine(stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:m")
    assert caught.value.response["Error"]["Code"] == "StateMachineDoesNotExist"
    assert "stateMachine:m" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match="InvalidDefinition"):
        run_in_process({"StartAt": "A", "States": {}})


def test_the_client_has_every_error_of_the_model() -> None:
    client = LocalClient()
    for shape in service_model("stepfunctions").error_shapes:
        assert issubclass(getattr(client.exceptions, shape.name), ClientError)


def test_what_is_no_operation_is_no_method() -> None:
    client = LocalClient()
    assert not hasattr(client, "describe_executions")
    assert client.stop_execution.__doc__ == StepFunctionsApi.stop_execution.__doc__


@pytest.mark.parametrize(
    ("method", "request_", "said"),
    [
        (
            "create_state_machine",
            {"name": 1, "definition": "{}", "roleArn": "r"},
            "Invalid type for parameter name",
        ),
        (
            "create_state_machine",
            {"name": "m", "definition": {}, "roleArn": "r"},
            "Invalid type for parameter definition",
        ),
        ("create_state_machine", {"name": "m", "definition": "{}"}, 'Missing required parameter in input: "roleArn"'),
        ("start_execution", {"stateMachineArn": "m", "inputs": "{}"}, 'Unknown parameter in input: "inputs"'),
        ("start_execution", {"stateMachineArn": "m", "name": {}}, "Invalid type for parameter name"),
        ("tag_resource", {"resourceArn": "m", "tags": {"a": "b"}}, "Invalid type for parameter tags"),
    ],
)
def test_wrong_parameters_are_refused_as_boto3_refuses_them(method: str, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(ParamValidationError, match=re.escape(said)):
        getattr(LocalClient(), method)(**request_)
