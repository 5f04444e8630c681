"""Requests against botocore's models: what is refused, how it is said, and that what AWS takes is taken."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from stepfunctions.catalog.requests import problems_with_request
from stepfunctions.catalog.sdk_services import member_of


@pytest.mark.parametrize(
    ("api", "request_", "said"),
    [
        ("sagemaker describe_endpoint", {"endpoint_name": "e"}, ["'endpoint_name' is unknown: write 'EndpointName'"]),
        ("sagemaker describe_endpoint", {"endpointname": "e"}, ["'endpointname' is unknown: write 'EndpointName'"]),
        ("sagemaker describe_endpoint", {}, ["'EndpointName' is missing."]),
        ("sagemaker describe_endpoint", {"EndpointName": None}, ["'EndpointName' is missing."]),
        ("sagemaker describe_endpoint", {"EndpointName": 3}, ["'EndpointName' must be a string, not 3."]),
        ("sagemaker describe_endpoint", ["e"], ["The request must be an object, not ['e']."]),
        ("sagemaker list_endpoints", {"MaxResult": 1}, ["'MaxResult' is unknown: did you mean 'MaxResults'?"]),
        ("sagemaker list_endpoints", {"MaxResults": True}, ["'MaxResults' must be an integer, not True."]),
        ("sagemaker list_endpoints", {"SortBy": "name"}, ["'SortBy' is 'name', but must be one of 'Name', "]),
        ("sagemaker list_endpoints", {"SortBy": "name"}, ["Did you mean 'Name'?"]),
        ("rds describe_db_instances", {"DBInstanceIdentifier": "d"}, ["write 'DbInstanceIdentifier'"]),
        ("ecs run_task", {"taskDefinition": "t"}, ["write 'TaskDefinition'"]),
        ("ecs run_task", {"TaskDefinition": "t", "Overrides": {"ContainerOverrides": {}}}, ["must be a list, not {}"]),
        (
            "ecs run_task",
            {"TaskDefinition": "t", "Overrides": {"ContainerOverrides": [{"Enviroment": []}]}},
            ["'Overrides.ContainerOverrides[0].Enviroment' is unknown: did you mean 'Environment'?"],
        ),
        ("sts get_caller_identity", {"Account": 1}, ["'Account' is unknown: there are no members."]),
        ("s3 put_object", {"Bucket": "b"}, ["'Key' is missing."]),
        ("dynamodb put_item", {"TableName": "t", "Item": {"a": "b"}}, ["'Item.a' must be an object, not 'b'."]),
        ("dynamodb put_item", {"TableName": "t", "Item": {"a": {"BOOL": True}}}, ["write 'Bool'"]),
        ("sqs send_message", {"QueueUrl": "u", "MessageBody": "b", "DelaySeconds": "5"}, ["must be an integer"]),
        ("sqs set_queue_attributes", {"QueueUrl": "u", "Attributes": {"Delay": "5"}}, ["'a key of Attributes' is"]),
        (
            "bedrock-runtime converse",
            {
                "ModelId": "m",
                "Messages": [{"Role": "user", "Content": [{"Text": "t", "CachePoint": {"Type": "default"}}]}],
            },
            ["'Messages[0].Content[0]' takes exactly one of"],
        ),
    ],
)
def test_what_an_api_does_not_take(api: str, request_: Any, said: list[str]) -> None:
    client, operation = api.split()
    problems = problems_with_request(client, operation, request_)
    assert len(problems) == 1
    assert all(text in problems[0] for text in said)


def test_every_problem_is_said() -> None:
    problems = problems_with_request(
        "sagemaker", "create_model", {"model_name": "m", "PrimaryContainer": {"Mode": "x"}}
    )
    assert [problem.split(" ")[0] for problem in problems] == ["'model_name'", "'PrimaryContainer.Mode'"]


@pytest.mark.parametrize(
    ("api", "request_"),
    [
        ("sagemaker describe_endpoint", {"EndpointName.$": "$.name"}),
        ("sagemaker describe_endpoint", {"EndpointName": "{% $states.input.name %}"}),
        ("sagemaker list_endpoints", {"MaxResults": "{% 3 %}", "SortBy": "${SortBy}"}),
        ("sagemaker create_model", {"ModelName": "m", "Containers.$": "$.containers"}),
        ("lambda invoke", {"FunctionName": "f", "Payload": {"any": ["json", 1]}}),
        ("s3 put_object", {"Bucket": "b", "Key": "k", "Body": {"a": 1}, "Metadata": {"Any-Name": "v"}}),
        ("s3 put_object", {"Bucket": "b", "Key": "k", "Acl": "private", "SsekmsKeyId": "k"}),
        ("sns publish", {"TopicArn": "t", "Message": {"json": True}}),
        ("stepfunctions start_execution", {"StateMachineArn": "a", "Input": {"json": True}}),
        ("events put_events", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"json": True}}]}),
        ("dynamodb put_item", {"TableName": "t", "Item": {"a": {"M": {"b": {"L": [{"Ss": ["c"]}]}}}}}),
        ("dynamodb put_item", {"TableName": "t", "Item": {"a": {"S.$": "$.a"}, "b.$": "$.b"}}),
        ("bedrock-runtime converse", {"ModelId": "m", "AdditionalModelRequestFields": {"document": [1, {}]}}),
        ("emr-containers start_job_run", {"VirtualClusterId": "v"}),  # its required client token is generated
        ("kinesis put_record", {"StreamName": "s", "Data": "text", "PartitionKey": "k"}),
        ("cloudwatch put_metric_data", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]}),
        ("scheduler create_schedule", {
            "Name": "n", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "a", "RoleArn": "r"}, "StartDate": "2026-11-22T10:00:00Z",
        }),
    ],
)  # fmt: skip
def test_what_an_api_takes(api: str, request_: Any) -> None:
    client, operation = api.split()
    assert problems_with_request(client, operation, request_) == []


def test_optimised_integrations_write_acronyms_as_the_api_does() -> None:
    request = {"TableName": "t", "Item": {"a": {"BOOL": True}, "b": {"SS": ["c"]}}}
    assert problems_with_request("dynamodb", "PutItem", request, sdk=False) == []
    assert (
        "write 'BOOL'"
        in problems_with_request("dynamodb", "PutItem", {**request, "Item": {"a": {"Bool": True}}}, sdk=False)[0]
    )


def test_values_known_only_at_run_time_are_taken_for_anything() -> None:
    later = object()
    request = {"EndpointName": later}
    assert (
        problems_with_request("sagemaker", "DescribeEndpoint", request, is_dynamic=lambda value: value is later) == []
    )
    assert problems_with_request("sagemaker", "DescribeEndpoint", request) != []


@pytest.mark.parametrize("client", ["sagemaker", "glue", "ecs", "dynamodb", "s3", "stepfunctions"])
def test_the_fullest_request_of_every_operation_is_taken(client: str) -> None:
    """Every member that a model has, at any depth, with a value of its type."""
    model = ServiceModel(Loader().load_service_model(client, "service-2"), client)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.has_event_stream_input or operation.has_event_stream_output or operation.input_shape is None:
            continue
        assert problems_with_request(client, name, fullest(operation.input_shape, ())) == []


def fullest(shape: Any, above: tuple[str, ...]) -> Any:
    kind = shape.type_name
    if shape.name in above or len(above) > 6:
        return "{% 'deep' %}"
    inner = (*above, shape.name)
    if kind == "structure":
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = members[:1]
        return {member_of(name): fullest(member, inner) for name, member in members}
    if kind == "list":
        return [fullest(shape.member, inner)]
    if kind == "map":
        return {_scalar(shape.key): fullest(shape.value, inner)}
    return _scalar(shape)


def _scalar(shape: Shape) -> Any:
    enum = getattr(shape, "enum", None)
    if enum:
        return enum[-1]
    return {"boolean": True, "integer": 1, "long": 1, "float": 0.5, "double": 1.5}.get(shape.type_name, "text")
