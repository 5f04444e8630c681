"""SQS, SNS and IAM as boto3 sees them, over a socket, and after the server was killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.server.conftest import Server


def test_a_topic_a_queue_and_a_role_survive_a_killed_server(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    first = start_server(data_dir=tmp_path)
    sqs, sns, iam = (first.client(name) for name in ("sqs", "sns", "iam"))
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    assert url.startswith(first.endpoint)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="drift")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    attributes = {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sns.publish(TopicArn=topic, Message="over ☂", MessageAttributes=attributes)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))
    first.process.kill()
    first.process.wait()
    second = start_server(data_dir=tmp_path)
    sqs, iam = second.client("sqs"), second.client("iam")
    queue = sqs.get_queue_url(QueueName="inbox")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("over ☂", attributes)
    assert iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"] == trust


@pytest.mark.parametrize(
    ("service", "operation", "params", "error", "code"),
    [
        ("sqs", "get_queue_url", {"QueueName": "none"}, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        ("sqs", "list_message_move_tasks", {"SourceArn": "a"}, "ClientError", "UnknownOperationException"),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}, "NotFoundException", "NotFound"),
        ("iam", "get_role", {"RoleName": "none"}, "NoSuchEntityException", "NoSuchEntity"),
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocumentException",
         "MalformedPolicyDocument"),
    ],
)  # fmt: skip
def test_errors_have_the_classes_of_boto3(
    server: Server, service: str, operation: str, params: dict[str, Any], error: str, code: str
) -> None:
    client = server.client(service)
    kind = getattr(client.exceptions, error) if error != "ClientError" else ClientError
    with pytest.raises(kind) as refused:
        getattr(client, operation)(**params)
    assert refused.value.response["Error"]["Code"] == code
