"""Queues: what is sent is received until it is deleted, in order where the queue is FIFO."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

Ask = Callable[..., dict[str, Any]]
PREFIX = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.0)


@pytest.fixture
def cloud(tmp_path: Path, clock: ManualClock) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=clock, endpoint="http://127.0.0.1:8083") as made:
        yield made


@pytest.fixture
def sqs(cloud: Cloud) -> Ask:
    def ask(operation: str, **params: Any) -> dict[str, Any]:
        return cloud.call("sqs", operation, params)

    return ask


@pytest.fixture
def url(sqs: Ask) -> str:
    return str(sqs("CreateQueue", QueueName="work")["QueueUrl"])


@pytest.fixture
def fifo(sqs: Ask) -> str:
    given = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return str(sqs("CreateQueue", QueueName="work.fifo", Attributes=given)["QueueUrl"])


def bodies(sqs: Ask, url: str, **more: Any) -> list[str]:
    found = sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, **more).get("Messages", [])
    return [one["Body"] for one in found]


def refused(sqs: Ask, operation: str, **params: Any) -> str:
    with pytest.raises(ServiceError) as error:
        sqs(operation, **params)
    return error.value.code


def test_queues_are_made_found_and_deleted(sqs: Ask, url: str) -> None:
    assert url == "http://127.0.0.1:8083/123456789012/work"
    assert sqs("CreateQueue", QueueName="work")["QueueUrl"] == url
    assert sqs("GetQueueUrl", QueueName="work")["QueueUrl"] == url
    assert refused(sqs, "CreateQueue", QueueName="work", Attributes={"DelaySeconds": "5"}) == "QueueNameExists"
    sqs("CreateQueue", QueueName="other")
    assert len(sqs("ListQueues")["QueueUrls"]) == 2
    first = sqs("ListQueues", MaxResults=1)
    assert sqs("ListQueues", MaxResults=1, NextToken=first["NextToken"]) == {"QueueUrls": [url]}
    assert sqs("ListQueues", QueueNamePrefix="w")["QueueUrls"] == [url]
    sqs("DeleteQueue", QueueUrl=url)
    assert refused(sqs, "GetQueueUrl", QueueName="work") == "QueueDoesNotExist"


def test_attributes_and_tags(sqs: Ask, url: str, clock: ManualClock) -> None:
    clock.advance(10)
    sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "5", "Policy": "{}"})
    found = sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["QueueArn"] == PREFIX + "work"
    assert (found["VisibilityTimeout"], found["Policy"]) == ("5", "{}")
    assert (found["CreatedTimestamp"], found["LastModifiedTimestamp"]) == ("1700000000", "1700000010")
    sqs("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    assert sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]) == {"Attributes": {}}
    sqs("TagQueue", QueueUrl=url, Tags={"a": "1", "b": "2"})
    sqs("UntagQueue", QueueUrl=url, TagKeys=["a"])
    assert sqs("ListQueueTags", QueueUrl=url)["Tags"] == {"b": "2"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"VisibilityTimeout": "43201"},
        {"DelaySeconds": "-1"},
        {"MaximumMessageSize": "many"},
        {"RedrivePolicy": "[]"},
        {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:x"}'},
        {"RedrivePolicy": '{"deadLetterTargetArn": "x", "maxReceiveCount": 3}'},
        {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:a:b:c", "maxReceiveCount": 0}'},
        {"RedrivePolicy": json.dumps({"deadLetterTargetArn": PREFIX + "none", "maxReceiveCount": 1})},
        {"ContentBasedDeduplication": "true"},
        {"FifoQueue": "true"},
    ],
)
def test_attributes_that_no_queue_has(sqs: Ask, url: str, attributes: dict[str, str]) -> None:
    before = sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    code = refused(sqs, "SetQueueAttributes", QueueUrl=url, Attributes=attributes)
    assert code in ("InvalidAttributeValue", "InvalidAttributeName", "InvalidParameterValue")
    assert sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]) == before


def test_a_message_is_hidden_while_it_is_worked_on_and_gone_once_deleted(
    sqs: Ask, url: str, clock: ManualClock
) -> None:
    attributes = {"kind": {"DataType": "String", "StringValue": "a"}, "b": {"DataType": "Binary", "BinaryValue": b"x"}}
    sent = sqs("SendMessage", QueueUrl=url, MessageBody="hello", MessageAttributes=attributes)
    assert sent["MD5OfMessageBody"] == hashlib.md5(b"hello").hexdigest()
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    (message,) = sqs("ReceiveMessage", **asked)["Messages"]
    assert (message["Body"], message["MessageId"]) == ("hello", sent["MessageId"])
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["SentTimestamp"] == "1700000000000"
    assert sqs("ReceiveMessage", QueueUrl=url) == {}
    counted = sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessagesNotVisible"] == "1"
    clock.advance(30)
    (again,) = sqs("ReceiveMessage", **asked)["Messages"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != message["ReceiptHandle"]
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])  # an old receipt deletes nothing
    sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
    (last,) = sqs("ReceiveMessage", QueueUrl=url)["Messages"]
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=last["ReceiptHandle"])
    clock.advance(60)
    assert sqs("ReceiveMessage", QueueUrl=url) == {}
    code = refused(sqs, "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=last["ReceiptHandle"],
                   VisibilityTimeout=1)  # fmt: skip
    assert code == "MessageNotInflight"


def test_delayed_old_and_purged_messages(sqs: Ask, url: str, clock: ManualClock) -> None:
    sqs("SendMessage", QueueUrl=url, MessageBody="later", DelaySeconds=20)
    assert bodies(sqs, url) == []
    counted = sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessagesDelayed"] == "1"
    clock.advance(20)
    assert bodies(sqs, url) == ["later"]
    clock.advance(345_600)
    assert bodies(sqs, url) == []
    sqs("SendMessage", QueueUrl=url, MessageBody="a")
    sqs("PurgeQueue", QueueUrl=url)
    assert bodies(sqs, url) == []


def test_what_is_received_too_often_goes_to_the_dead_letter_queue(sqs: Ask, url: str, clock: ManualClock) -> None:
    dead = sqs("CreateQueue", QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": PREFIX + "dead", "maxReceiveCount": "2"})
    sqs("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    assert sqs("ListDeadLetterSourceQueues", QueueUrl=dead)["queueUrls"] == [url]
    sqs("SendMessage", QueueUrl=url, MessageBody="poison")
    assert [bodies(sqs, url) for _ in range(3)] == [["poison"], ["poison"], []]
    (message,) = sqs("ReceiveMessage", QueueUrl=dead, AttributeNames=["All"])["Messages"]
    assert message["Body"] == "poison"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == PREFIX + "work"


def test_a_fifo_queue_keeps_the_order_of_each_group(sqs: Ask, fifo: str, clock: ManualClock) -> None:
    for body, group in (("1", "a"), ("2", "a"), ("3", "b")):
        sqs("SendMessage", QueueUrl=fifo, MessageBody=body, MessageGroupId=group)
    first = sqs("ReceiveMessage", QueueUrl=fifo, AttributeNames=["All"])["Messages"][0]
    assert (first["Body"], first["Attributes"]["MessageGroupId"]) == ("1", "a")
    assert bodies(sqs, fifo) == ["3"]  # the group a is at work
    sqs("DeleteMessage", QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs, fifo) == ["2"]


def test_a_fifo_queue_takes_a_message_once_in_five_minutes(sqs: Ask, fifo: str, clock: ManualClock) -> None:
    entries = [{"Id": id, "MessageBody": "same", "MessageGroupId": "g"} for id in ("a", "b")]
    done = sqs("SendMessageBatch", QueueUrl=fifo, Entries=entries)["Successful"]
    assert done[0]["MessageId"] == done[1]["MessageId"]
    assert done[0]["SequenceNumber"] == done[1]["SequenceNumber"]
    clock.advance(299)
    sqs("SendMessage", QueueUrl=fifo, MessageBody="same", MessageGroupId="g")
    assert bodies(sqs, fifo, VisibilityTimeout=0) == ["same"]
    clock.advance(2)
    sqs("SendMessage", QueueUrl=fifo, MessageBody="same", MessageGroupId="g")
    assert bodies(sqs, fifo) == ["same", "same"]
    assert refused(sqs, "SendMessage", QueueUrl=fifo, MessageBody="x") == "MissingParameter"


def test_batches_tell_what_was_done_and_what_was_not(sqs: Ask, url: str) -> None:
    entries: list[dict[str, Any]] = [{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "\x00"}]
    answer = sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("b", "InvalidMessageContents")]
    (message,) = sqs("ReceiveMessage", QueueUrl=url)["Messages"]
    hide = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 60}]
    assert sqs("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=hide)["Successful"] == [{"Id": "a"}]
    drop = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "x"}]
    answer = sqs("DeleteMessageBatch", QueueUrl=url, Entries=drop)
    assert (answer["Successful"], answer["Failed"][0]["Code"]) == ([{"Id": "a"}], "ReceiptHandleIsInvalid")
    assert refused(sqs, "SendMessageBatch", QueueUrl=url, Entries=[]) == "EmptyBatchRequest"
    assert refused(sqs, "SendMessageBatch", QueueUrl=url, Entries=entries[:1] * 2) == "BatchEntryIdsNotDistinct"
    many = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    assert refused(sqs, "SendMessageBatch", QueueUrl=url, Entries=many) == "TooManyEntriesInBatchRequest"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "x" * 1_048_577}, "InvalidParameterValue"),
        ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Text"}}}, "InvalidParameterValue"),
        ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String"}}}, "InvalidParameterValue"),
        (
            {"MessageBody": "x", "MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
    ],
)
def test_messages_that_are_refused(sqs: Ask, url: str, message: dict[str, Any], code: str) -> None:
    assert refused(sqs, "SendMessage", QueueUrl=url, **message) == code
    assert bodies(sqs, url) == []


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("CreateQueue", {"QueueName": "a b"}, "InvalidParameterValue"),
        ("CreateQueue", {"QueueName": "a.fifo"}, "InvalidParameterValue"),
        ("SendMessage", {"QueueUrl": "nowhere", "MessageBody": "x"}, "InvalidAddress"),
        ("SendMessage", {"QueueUrl": "http://a/123456789012/none", "MessageBody": "x"}, "QueueDoesNotExist"),
        ("ReceiveMessage", {"QueueUrl": "123456789012/work", "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("ReceiveMessage", {"QueueUrl": "123456789012/work", "WaitTimeSeconds": 21}, "InvalidParameterValue"),
        ("ReceiveMessage", {"QueueUrl": "123456789012/work", "WaitTimeSeconds": -1}, "InvalidParameterValue"),
        ("ListQueues", {"MaxResults": 0}, "InvalidParameterValue"),
        ("TagQueue", {"QueueUrl": "123456789012/work", "Tags": {str(n): "" for n in range(51)}},
         "InvalidParameterValue"),
        ("AddPermission", {"QueueUrl": "u", "Label": "l", "AWSAccountIds": [], "Actions": []},
         "UnknownOperationException"),
    ],
)  # fmt: skip
def test_refusals(sqs: Ask, url: str, operation: str, params: dict[str, Any], code: str) -> None:
    assert refused(sqs, operation, **params) == code


def test_a_receiver_waits_for_a_message(sqs: Ask, url: str) -> None:
    found: list[str] = []
    receiver = threading.Thread(target=lambda: found.extend(bodies(sqs, url, WaitTimeSeconds=20)))
    receiver.start()
    sqs("SendMessage", QueueUrl=url, MessageBody="at last")
    receiver.join(20)
    assert found == ["at last"]


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        url = cloud.call("sqs", "CreateQueue", {"QueueName": "work"})["QueueUrl"]
        cloud.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": "kept"})
    with Cloud(tmp_path) as cloud:
        (message,) = cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url})["Messages"]
    assert message["Body"] == "kept"
