"""How requests and results of tasks look, against botocore's models."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.response import StreamingBody

from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.requests import JSON_MEMBERS
from stepfunctions.errors import StateFailed
from stepfunctions.local.tasks.actions import Context, action_of
from stepfunctions.local.tasks.shapes import iso, plain, to_request, to_result
from stepfunctions.local.wire.models import operation_model


def resource(text: str) -> Resource:
    return Resource.parse(text if text.startswith("arn:") else f"arn:aws:states:::{text}")


def request(text: str, operation: tuple[str, str], arguments: Any) -> dict[str, Any]:
    model = operation_model(*operation)
    assert model is not None
    return to_request(resource(text), arguments, model.input_shape, JSON_MEMBERS.get(operation, frozenset()))


def result(text: str, operation: tuple[str, str], response: dict[str, Any], given: dict[str, Any] | None = None) -> Any:
    model = operation_model(*operation)
    assert model is not None
    shown: Any = to_result(resource(text), model.output_shape, response)
    context = Context(cloud=None, resource=resource(text), execution_arn="")  # type: ignore[arg-type]
    return action_of(context.resource).response(context, given or {}, shown)


def test_camel_case_apis_take_pascal_case_and_keys_of_maps_stay() -> None:
    assert request(
        "ecs:runTask",
        ("ecs", "RunTask"),
        {
            "Cluster": "c",
            "TaskDefinition": "t",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s"], "AssignPublicIp": "ENABLED"}},
            "Overrides": {"ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "A", "Value": "1"}]}]},
        },
    ) == {
        "cluster": "c",
        "taskDefinition": "t",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"], "assignPublicIp": "ENABLED"}},
        "overrides": {"containerOverrides": [{"name": "main", "environment": [{"name": "A", "value": "1"}]}]},
    }
    given = {"JobName": "j", "Arguments": {"--lower": "1", "plain": "2"}}
    assert request("glue:startJobRun", ("glue", "StartJobRun"), given) == given


@pytest.mark.parametrize(
    ("text", "operation", "arguments", "said"),
    [
        (
            "ecs:runTask",
            ("ecs", "RunTask"),
            {"taskDefinition": "t"},
            "[The field 'taskDefinition' is not supported by Step Functions: write 'TaskDefinition']",
        ),
        (
            "ecs:runTask",
            ("ecs", "RunTask"),
            {"TaskDefinitions": "t"},
            "[The field 'TaskDefinitions' is not supported by Step Functions: write 'TaskDefinition']",
        ),
        ("aws-sdk:sts:getCallerIdentity", ("sts", "GetCallerIdentity"), {"Xyz": 1}, "there are: ]"),
        (
            "glue:startJobRun",
            ("glue", "StartJobRun"),
            {"Arguments": {}},
            "[The field 'JobName' is required but was missing]",
        ),
        (
            "lambda:invoke",
            ("lambda", "Invoke"),
            {"Payload": {"a": [1]}},
            'The Parameters \'{"Payload":"{\\"a\\":[1]}"}\' could not be used to start the Task: '
            "[The field 'FunctionName' is required but was missing]",
        ),
        ("lambda:invoke", ("lambda", "Invoke"), [1], "The Parameters '[1]' could not be used"),
    ],
)
def test_parameters_that_are_no_request_are_refused_in_the_words_of_aws(
    text: str, operation: tuple[str, str], arguments: Any, said: str
) -> None:
    with pytest.raises(StateFailed) as caught:
        request(text, operation, arguments)
    assert caught.value.error == "States.Runtime"
    assert said in caught.value.cause


def test_json_where_the_api_wants_text_or_bytes() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    start = ("stepfunctions", "StartExecution")
    assert request("states:startExecution", start, {"StateMachineArn": arn, "Input": {"ä": [1]}}) == {
        "stateMachineArn": arn,
        "input": '{"ä":[1]}',
    }
    assert request("states:startExecution", start, {"StateMachineArn": arn, "Input": "{}"})["input"] == "{}"
    invoke = ("lambda", "Invoke")
    assert request("lambda:invoke", invoke, {"FunctionName": "f", "Payload": "text"})["Payload"] == b'"text"'
    assert request("lambda:invoke", invoke, {"FunctionName": "f", "Payload": None})["Payload"] == b"null"
    assert request("aws-sdk:lambda:invoke", invoke, {"FunctionName": "f", "Payload": {"a": 1}})["Payload"] == b'{"a":1}'
    put = ("s3", "PutObject")
    assert request("aws-sdk:s3:putObject", put, {"Bucket": "b", "Key": "k", "Body": "é"})["Body"] == "é".encode()
    assert request("aws-sdk:s3:putObject", put, {"Bucket": "b", "Key": "k", "Body": [1]})["Body"] == b"[1]"
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert request(function, invoke, {"x": 1}) == {"FunctionName": function, "Payload": b'{"x":1}'}


MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678900, timezone(timedelta(hours=1)))


def test_results_have_pascal_case_names_and_keys_of_maps_stay() -> None:
    shown = result(
        "aws-sdk:sagemaker:describeTrainingJob",
        ("sagemaker", "DescribeTrainingJob"),
        {"TrainingJobName": "t", "HyperParameters": {"max_depth": "3"}, "CreationTime": MOMENT},
    )
    assert shown == {
        "TrainingJobName": "t",
        "HyperParameters": {"max_depth": "3"},
        "CreationTime": "2026-01-02T02:04:05.678Z",
    }
    tasks = result(
        "aws-sdk:ecs:runTask",
        ("ecs", "RunTask"),
        {"tasks": [{"taskArn": "a", "containers": [{"exitCode": 0}], "createdAt": MOMENT}], "failures": []},
    )
    assert tasks == {
        "Tasks": [{"TaskArn": "a", "Containers": [{"ExitCode": 0}], "CreatedAt": "2026-01-02T02:04:05.678Z"}],
        "Failures": [],
    }


def test_optimised_results_have_epoch_milliseconds_and_metadata() -> None:
    shown = result(
        "states:startExecution", ("stepfunctions", "StartExecution"), {"executionArn": "e", "startDate": MOMENT}
    )
    assert shown["ExecutionArn"] == "e"
    assert shown["StartDate"] == 1767319445678
    assert shown["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert shown["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"] == shown["SdkResponseMetadata"]["RequestId"]
    json.dumps(shown)
    run = result("glue:startJobRun.sync", ("glue", "StartJobRun"), {"JobRunId": "jr"}, {"JobName": "j"})
    assert run["JobName"] == "j"


def test_instants_are_written_as_java_does() -> None:
    assert iso(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)) == "2026-01-02T03:04:05Z"
    assert iso(datetime(2026, 1, 2, 3, 4, 5, 70_000, tzinfo=timezone.utc)) == "2026-01-02T03:04:05.070Z"


def test_streams_and_bytes_are_text() -> None:
    model = operation_model("s3", "GetObject")
    assert model is not None
    stream = io.BytesIO("grün".encode())
    shown = plain({"Body": stream, "ETag": '"e"', "Metadata": {"lower": "1"}}, model.output_shape, epoch=False)
    assert shown == {"Body": "grün", "ETag": '"e"', "Metadata": {"lower": "1"}}
    assert stream.closed
    body = StreamingBody(io.BytesIO(b"\xff"), 1)
    assert plain(body, None, epoch=False) == "\ufffd"


@pytest.mark.parametrize(
    ("payload", "error", "cause"),
    [
        (b'{"errorType": "KeyError", "errorMessage": "\'a\'"}', "KeyError", '{"errorType": "KeyError"'),
        (b'{"errorMessage": "2026 Task timed out"}', "Lambda.Unknown", "Returned payload: {"),
        (b"null", "Lambda.Unknown", "Returned payload: null"),
    ],
)
def test_a_failed_function_fails_its_task_with_the_payload_as_cause(payload: bytes, error: str, cause: str) -> None:
    response = {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload}
    for text in ("lambda:invoke", "arn:aws:lambda:us-east-1:123456789012:function:f"):
        with pytest.raises(StateFailed) as caught:
            result(text, ("lambda", "Invoke"), response)
        assert caught.value.error == error
        assert cause in caught.value.cause
    shown = result("aws-sdk:lambda:invoke", ("lambda", "Invoke"), response)
    assert shown == {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload.decode()}


def test_a_payload_with_nan_is_no_json() -> None:
    with pytest.raises(StateFailed, match="NaN is not JSON"):
        result("lambda:invoke", ("lambda", "Invoke"), {"StatusCode": 200, "Payload": b'{"a": NaN}'})


def test_failures_of_run_task_fail_only_who_waits_for_the_task() -> None:
    response = {"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}
    assert result("ecs:runTask", ("ecs", "RunTask"), response)["Failures"] == [{"Reason": "RESOURCE:MEMORY"}]
    for pattern in ("sync", "waitForTaskToken"):
        with pytest.raises(StateFailed) as caught:
            result(f"ecs:runTask.{pattern}", ("ecs", "RunTask"), response)
        assert caught.value.error == "AmazonECS.Unknown"


def test_what_is_text_for_the_api_may_be_written_as_a_value() -> None:
    entry = {"Source": "mine", "DetailType": "Done", "Detail": {"week": 39}}
    sent = request("events:putEvents", ("events", "PutEvents"), {"Entries": [entry, {**entry, "Detail": "{}"}]})
    assert [one["Detail"] for one in sent["Entries"]] == ['{"week":39}', "{}"]
    nested = {"StateMachineArn": "arn", "Input": {"a": 1}}
    for text in ("states:startExecution", "aws-sdk:sfn:startExecution"):
        assert request(text, ("stepfunctions", "StartExecution"), nested)["input"] == '{"a":1}'
