"""The step for any API: names of services and actions, the check of its request, and a run."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.integrations import problem_with
from stepfunctions.inputs import ExecutionInput, jsonata
from stepfunctions.steps import Catch, Fail, Graph, Retry
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.services.task_tokens import task_token
from stepfunctions.workflow import Workflow


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.mark.parametrize(
    ("service", "action", "resource"),
    [
        ("sagemaker", "describe_endpoint", "sagemaker:describeEndpoint"),
        ("SageMaker", "DescribeEndpoint", "sagemaker:describeEndpoint"),
        ("stepfunctions", "startExecution", "sfn:startExecution"),
        ("sfn", "start_execution", "sfn:startExecution"),
        ("events", "put_events", "eventbridge:putEvents"),
        ("logs", "filter_log_events", "cloudwatchlogs:filterLogEvents"),
        ("sagemaker-runtime", "invoke_endpoint", "sagemakerruntime:invokeEndpoint"),
        ("rds", "describe_db_instances", "rds:describeDBInstances"),
        ("s3", "list_objects_v2", "s3:listObjectsV2"),
    ],
)
def test_services_and_actions_by_any_name(service: str, action: str, resource: str) -> None:
    written = aws_sdk(service, action, "s").to_dict()
    assert written["Resource"] == f"arn:aws:states:::aws-sdk:{resource}"
    assert problem_with(Resource.parse(written["Resource"])) is None


def test_the_partition_is_the_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-gov-west-1")
    assert aws_sdk("s3", "list_buckets").to_dict()["Resource"] == "arn:aws-us-gov:states:::aws-sdk:s3:listBuckets"


def test_the_state_is_named_as_the_operation_unless_it_has_a_name() -> None:
    assert aws_sdk("s3", "list_buckets").state_id == "ListBuckets"
    assert aws_sdk("s3", "list_buckets", "Which buckets?").state_id == "Which buckets?"


def test_the_request_is_checked() -> None:
    with pytest.raises(ValueError, match=r"State 'Poll': sagemaker DescribeEndpoint does not take .*'EndpointName'"):
        aws_sdk("sagemaker", "describe_endpoint", "Poll", parameters={"endpoint_name": "e"})
    with pytest.raises(ValueError, match="'EndpointName' is missing"):
        aws_sdk("sagemaker", "describe_endpoint", parameters={})
    with pytest.raises(ValueError, match="'EndpointName' is missing"):
        aws_sdk("sagemaker", "describe_endpoint", arguments={})
    with pytest.raises(ValueError, match=r"no AWS service 'sagemakr'\. Did you mean 'sagemaker'"):
        aws_sdk("sagemakr", "describe_endpoint")
    with pytest.raises(ValueError, match="Did you mean 'DescribeEndpoint'"):
        aws_sdk("sagemaker", "describe_endpiont")


def test_what_is_no_request_or_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"The request must be an object, not \['x'\]"):
        aws_sdk("sagemaker", "describe_endpoint", parameters=["x"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"aws_sdk: service=.*a resource is fixed"):
        aws_sdk(ExecutionInput()["service"], "describe_endpoint")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="aws_sdk: action=None"):
        aws_sdk("sagemaker", None)  # type: ignore[arg-type]


def test_values_of_run_time_fit_anything_at_any_depth() -> None:
    given = ExecutionInput()
    step = aws_sdk(
        "sagemaker",
        "create_model",
        parameters={
            "ModelName": given["name"],
            "PrimaryContainer": {"Mode": given["mode"], "Environment": given["environment"]},
            "Containers.$": "$.containers",
            "Tags": [{"Key": "k", "Value": given["tag"]}],
            "EnableNetworkIsolation": given["isolated"],
        },
    )
    assert step.to_dict()["Parameters"]["PrimaryContainer"]["Mode.$"] == "$$.Execution.Input['mode']"


def test_without_parameters_the_input_is_the_request() -> None:
    assert "Parameters" not in aws_sdk("sagemaker", "describe_endpoint").to_dict()


def test_in_jsonata_the_request_is_written_as_arguments() -> None:
    name = ExecutionInput()["name"]
    expected = {"EndpointName": "{% $states.context.Execution.Input.name %}"}
    own = aws_sdk("sagemaker", "describe_endpoint", parameters={"EndpointName": name}, query_language="JSONata")
    assert own.to_dict()["Arguments"] == expected
    of_graph = aws_sdk("sagemaker", "describe_endpoint", parameters={"EndpointName": name})
    graph = Graph(of_graph, query_language="JSONata").to_dict()
    assert graph["States"]["DescribeEndpoint"]["Arguments"] == expected
    whole = aws_sdk("sagemaker", "describe_endpoint", arguments=jsonata("$states.input"))
    assert whole.to_dict()["Arguments"] == "{% $states.input %}"


def test_what_botocore_does_not_know_can_be_called_unchecked() -> None:
    step = aws_sdk("brandnew", "makeIt", "s", parameters={"Any": 1}, check=False).to_dict()
    assert step["Resource"] == "arn:aws:states:::aws-sdk:brandnew:makeIt"


def test_callbacks_need_the_token() -> None:
    request: dict[str, Any] = {"TableName": "t", "Item": {"id": {"S": "1"}, "token": {"S": task_token()}}}
    step = aws_sdk("dynamodb", "put_item", wait_for_callback=True, parameters=request)
    assert step.to_dict()["Resource"] == "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken"
    assert step.to_dict()["Parameters"]["Item"]["token"] == {"S.$": "$$.Task.Token"}
    with pytest.raises(ValueError, match="hands it to nobody"):
        aws_sdk("dynamodb", "put_item", wait_for_callback=True, parameters={"TableName": "t", "Item": {}})


def test_a_run_with_retrier_and_catcher() -> None:
    seen: list[Any] = []

    def describe(request: Any) -> Any:
        seen.append(request)
        if len(seen) == 1:
            raise RuntimeError("not yet")
        return {"EndpointStatus": "InService"}

    poll = aws_sdk(
        "sagemaker",
        "describe_endpoint",
        parameters={"EndpointName": ExecutionInput()["name"]},
        result_selector={"status.$": "$.EndpointStatus"},
        retry=Retry(error_equals=["RuntimeError"]),
        catch=Catch(Fail("failed"), error_equals=["States.ALL"]),
    )
    execution = Workflow("w", poll, "arn:aws:iam::123456789012:role/r").run(
        {"name": "delays"}, mocks={"DescribeEndpoint": describe}
    )
    assert execution.get_output() == {"status": "InService"}
    assert seen == [{"EndpointName": "delays"}] * 2
