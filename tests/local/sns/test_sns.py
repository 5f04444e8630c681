"""Topics: what is published reaches the queues and functions that subscribed, if their filters let it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

Ask = Callable[..., dict[str, Any]]
QUEUE = "arn:aws:sqs:us-east-1:123456789012:inbox"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=ManualClock(1_700_000_000.0), endpoint="http://127.0.0.1:8083") as made:
        made.call("sqs", "CreateQueue", {"QueueName": "inbox"})
        yield made


@pytest.fixture
def sns(cloud: Cloud) -> Ask:
    def ask(operation: str, **params: Any) -> dict[str, Any]:
        return cloud.call("sns", operation, params)

    return ask


@pytest.fixture
def topic(sns: Ask) -> str:
    return str(sns("CreateTopic", Name="drift")["TopicArn"])


def received(cloud: Cloud, name: str = "inbox") -> list[dict[str, Any]]:
    request = {"QueueUrl": f"123456789012/{name}", "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    found: list[dict[str, Any]] = cloud.call("sqs", "ReceiveMessage", request).get("Messages", [])
    return found


def refused(sns: Ask, operation: str, **params: Any) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        sns(operation, **params)
    return error.value


def test_topics_are_made_listed_changed_and_deleted(sns: Ask, topic: str) -> None:
    assert topic == "arn:aws:sns:us-east-1:123456789012:drift"
    assert sns("CreateTopic", Name="drift")["TopicArn"] == topic
    assert sns("ListTopics")["Topics"] == [{"TopicArn": topic}]
    sns("SetTopicAttributes", TopicArn=topic, AttributeName="DisplayName", AttributeValue="Drift")
    found = sns("GetTopicAttributes", TopicArn=topic)["Attributes"]
    assert (found["DisplayName"], found["Owner"], found["SubscriptionsConfirmed"]) == ("Drift", "123456789012", "0")
    sns("TagResource", ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns("UntagResource", ResourceArn=topic, TagKeys=["a"])
    assert sns("ListTagsForResource", ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    sns("DeleteTopic", TopicArn=topic)
    sns("DeleteTopic", TopicArn=topic)
    assert refused(sns, "GetTopicAttributes", TopicArn=topic).code == "NotFound"


def test_a_hundred_topics_a_page(sns: Ask) -> None:
    for number in range(101):
        sns("CreateTopic", Name=f"t{number:03}")
    first = sns("ListTopics")
    assert len(first["Topics"]) == 100
    assert len(sns("ListTopics", NextToken=first["NextToken"])["Topics"]) == 1


def test_subscriptions(sns: Ask, topic: str) -> None:
    arn = sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"]
    assert sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)["SubscriptionArn"] == arn
    listed = {"SubscriptionArn": arn, "TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE, "Owner": "123456789012"}
    assert sns("ListSubscriptions")["Subscriptions"] == [listed]
    assert sns("ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"] == [listed]
    sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    found = sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
    assert (found["RawMessageDelivery"], found["PendingConfirmation"]) == ("true", "false")
    error = refused(sns, "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"FilterPolicy": "{}"})
    assert error.code == "InvalidParameter"
    sns("Unsubscribe", SubscriptionArn=arn)
    assert sns("ListSubscriptions")["Subscriptions"] == []
    assert refused(sns, "GetSubscriptionAttributes", SubscriptionArn=arn).code == "NotFound"


def test_a_queue_gets_the_message_in_an_envelope(cloud: Cloud, sns: Ask, topic: str) -> None:
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    attributes = {"feature": {"DataType": "String", "StringValue": "delay"}}
    sent = sns("Publish", TopicArn=topic, Message="drifted", Subject="Alarm", MessageAttributes=attributes)
    (message,) = received(cloud)
    body = json.loads(message["Body"])
    assert (body["Type"], body["Message"], body["Subject"]) == ("Notification", "drifted", "Alarm")
    assert (body["TopicArn"], body["MessageId"]) == (topic, sent["MessageId"])
    assert body["Timestamp"] == "2023-11-14T22:13:20.000Z"
    assert body["MessageAttributes"] == {"feature": {"Type": "String", "Value": "delay"}}


def test_raw_messages_keep_their_attributes(cloud: Cloud, sns: Ask, topic: str) -> None:
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "true"})
    attributes = {"feature": {"DataType": "String", "StringValue": "delay"}}
    text = json.dumps({"default": "for all", "sqs": "for queues"})
    sns("Publish", TopicArn=topic, Message=text, MessageStructure="json", MessageAttributes=attributes)
    (message,) = received(cloud)
    assert (message["Body"], message["MessageAttributes"]) == ("for queues", attributes)


def test_a_function_gets_the_message_as_an_event(
    cloud: Cloud, sns: Ask, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = []
    real = cloud.call

    def call(service: str, operation: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
        if service == "lambda":
            asked.append((service, operation, params))
            return {}
        return real(service, operation, params, **more)

    monkeypatch.setattr(cloud, "call", call)
    function = "arn:aws:lambda:us-east-1:123456789012:function:judge"
    arn = sns("Subscribe", TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    sns("Publish", TopicArn=topic, Message="drifted")
    ((_, operation, params),) = asked
    assert (operation, params["InvocationType"], params["FunctionName"]) == ("Invoke", "Event", function)
    (record,) = json.loads(params["Payload"])["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", arn)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("drifted", None)


@pytest.mark.parametrize(
    ("policy", "scope", "passes"),
    [
        ({"kind": ["drift"]}, "MessageAttributes", True),
        ({"kind": ["other"]}, "MessageAttributes", False),
        ({"kind": [{"anything-but": ["other"]}], "score": [{"numeric": [">", 0.5]}]}, "MessageAttributes", True),
        ({"score": [{"numeric": [">", 1]}]}, "MessageAttributes", False),
        ({"routes": ["JFK"]}, "MessageAttributes", True),
        ({"none": [{"exists": False}]}, "MessageAttributes", True),
        ({"model": {"name": [{"prefix": "del"}]}}, "MessageBody", True),
        ({"model": {"name": ["other"]}}, "MessageBody", False),
    ],
)
def test_filters(cloud: Cloud, sns: Ask, topic: str, policy: dict[str, Any], scope: str, passes: bool) -> None:
    given = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE, Attributes=given)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "drift"},
        "score": {"DataType": "Number", "StringValue": "0.7"},
        "routes": {"DataType": "String.Array", "StringValue": '["JFK", "LGA"]'},
    }
    sns("Publish", TopicArn=topic, Message='{"model": {"name": "delay"}}', MessageAttributes=attributes)
    assert len(received(cloud)) == passes


def test_what_a_queue_does_not_take_goes_to_the_dead_letter_queue(
    cloud: Cloud, sns: Ask, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone = QUEUE.replace("inbox", "gone")
    policy = json.dumps({"deadLetterTargetArn": QUEUE})
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=gone, Attributes={"RedrivePolicy": policy})
    sns("Publish", TopicArn=topic, Message="kept")
    (message,) = received(cloud)
    assert json.loads(message["Body"])["Message"] == "kept"
    assert "could not be handed" in caplog.text


def test_a_fifo_topic_hands_on_in_order_and_once(cloud: Cloud, sns: Ask) -> None:
    given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns("CreateTopic", Name="t.fifo", Attributes=given)["TopicArn"]
    cloud.call("sqs", "CreateQueue", {"QueueName": "in.fifo", "Attributes": {"FifoQueue": "true"}})
    raw = {"RawMessageDelivery": "true"}
    endpoint = QUEUE.replace("inbox", "in.fifo")
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=raw)
    for text in ("a", "b", "a"):
        sns("Publish", TopicArn=topic, Message=text, MessageGroupId="g")
    assert [one["Body"] for one in received(cloud, "in.fifo")] == ["a", "b"]
    assert "MessageGroupId" in refused(sns, "Publish", TopicArn=topic, Message="x").message


def test_batches(cloud: Cloud, sns: Ask, topic: str) -> None:
    sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    entries = [{"Id": "a", "Message": "x"}, {"Id": "b", "Message": ""}]
    answer = sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert ([one["Id"] for one in answer["Successful"]], [one["Id"] for one in answer["Failed"]]) == (["a"], ["b"])
    assert len(received(cloud)) == 1
    many = [{"Id": str(number), "Message": "x"} for number in range(11)]
    for wrong, code in (
        ([], "EmptyBatchRequest"),
        (entries[:1] * 2, "BatchEntryIdsNotDistinct"),
        (many, "TooManyEntriesInBatchRequest"),
    ):
        error = refused(sns, "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=wrong)
        assert error.code == code


@pytest.mark.parametrize(
    ("operation", "params", "told"),
    [
        ("CreateTopic", {"Name": "a b"}, "Topic Name"),
        ("CreateTopic", {"Name": "a.fifo"}, "FifoTopic"),
        ("CreateTopic", {"Name": "x", "Attributes": {"Colour": "red"}}, "Colour"),
        ("Subscribe", {"Protocol": "email", "Endpoint": "me@example.com"}, "not to email"),
        ("Subscribe", {"Protocol": "sqs", "Endpoint": "inbox"}, "not the ARN"),
        ("Subscribe", {"Protocol": "sqs", "Endpoint": QUEUE, "Attributes": {"FilterPolicy": "["}}, "FilterPolicy"),
        ("Subscribe", {"Protocol": "sqs", "Endpoint": QUEUE, "Attributes": {"RedrivePolicy": "1"}}, "RedrivePolicy"),
        ("Subscribe", {"Protocol": "sqs", "Endpoint": QUEUE, "Attributes": {"RawMessageDelivery": "yes"}}, "Raw"),
        ("Publish", {"Message": "x" * 262_145}, "too long"),
        ("Publish", {"Message": "{", "MessageStructure": "json"}, "failed to parse"),
        ("Publish", {"Message": "{}", "MessageStructure": "json"}, "No default entry"),
    ],
)
def test_refusals(sns: Ask, topic: str, operation: str, params: dict[str, Any], told: str) -> None:
    if operation != "CreateTopic":
        params = {"TopicArn": topic, **params}
    error = refused(sns, operation, **params)
    assert error.code == "InvalidParameter"
    assert told in error.message


def test_topics_survive_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        topic = cloud.call("sns", "CreateTopic", {"Name": "drift"})["TopicArn"]
        cloud.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE})
    with Cloud(tmp_path) as cloud:
        assert len(cloud.call("sns", "ListSubscriptionsByTopic", {"TopicArn": topic})["Subscriptions"]) == 1
