from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.s3.service import S3
from stepfunctions.local.services import Call

QUEUE = "arn:aws:sqs:us-east-1:123456789012:changes"
TOPIC = "arn:aws:sns:us-east-1:123456789012:changes"


class Told:
    """Stands where deliveries and the bus are, and keeps what it is told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.fails = False

    def add(self, target: Any, payload: str, **_: Any) -> str:
        if self.fails:
            raise OSError("no space left")
        self.sent.append((target.arn, json.loads(payload)))
        return ""

    def publish(self, source: str, detail_type: str, detail: dict[str, Any], resources: Any, **_: Any) -> None:
        assert source == "aws.s3"
        assert resources == ["arn:aws:s3:::data"]
        self.events.append((detail_type, detail))

    def names(self) -> list[str]:
        return [one["Records"][0]["eventName"] for _, one in self.sent]


@pytest.fixture
def told(cloud: Cloud, s3: S3, monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    cloud.service("events")
    monkeypatch.setattr(Cloud, "deliveries", told)
    monkeypatch.setattr(cloud, "publish", told.publish)
    return told


def configure(s3: S3, **configuration: Any) -> None:
    call = Call(operation="PutBucketNotificationConfiguration", request_id="r", account="1" * 12, region="us-east-1")
    request = {"Bucket": "data", "NotificationConfiguration": configuration, "SkipDestinationValidation": True}
    s3.put_bucket_notification_configuration(request, call)


def queue(*events: str, id: str = "all", **filters: str) -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    return {"Id": id, "QueueArn": QUEUE, "Events": list(events), "Filter": {"Key": {"FilterRules": rules}}}


def test_each_change_is_told(cloud: Cloud, s3: S3, told: Told) -> None:
    s3.objects.put_bytes("data", "before", b"nobody is told")
    configure(
        s3,
        QueueConfigurations=[queue("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*")],
        EventBridgeConfiguration={},
    )
    put = {"Bucket": "data", "Key": "in/a b+é.csv"}
    cloud.call("s3", "PutObject", {**put, "Body": b"12345"})
    cloud.call("s3", "CopyObject", {"Bucket": "data", "Key": "copy", "CopySource": "data/in/a b%2Bé.csv"})
    cloud.call("s3", "PutObjectTagging", {**put, "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}})
    cloud.call("s3", "DeleteObjectTagging", put)
    cloud.call("s3", "DeleteObject", put)
    cloud.call("s3", "DeleteObject", put)  # nothing is there: nothing to tell
    upload = cloud.call("s3", "CreateMultipartUpload", put)["UploadId"]
    part = cloud.call("s3", "UploadPart", {**put, "UploadId": upload, "PartNumber": 1, "Body": b"1"})
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    cloud.call("s3", "CompleteMultipartUpload", {**put, "UploadId": upload, "MultipartUpload": parts})
    assert told.names() == [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectTagging:Put",
        "ObjectTagging:Delete",
        "ObjectRemoved:Delete",
        "ObjectCreated:CompleteMultipartUpload",
    ]
    arn, message = told.sent[0]
    record = message["Records"][0]
    assert arn == QUEUE
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert record["s3"]["configurationId"] == "all"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::data"
    described = record["s3"]["object"]
    assert (described["key"], described["size"]) == ("in/a+b%2B%C3%A9.csv", 5)
    assert described["eTag"] == "827ccb0eea8a706c4c34a16891f84e7b"
    assert "versionId" not in described
    sequencers = [one["Records"][0]["s3"]["object"]["sequencer"] for _, one in told.sent]
    assert sequencers == sorted(set(sequencers))
    assert [name for name, _ in told.events] == [
        "Object Created",
        "Object Created",
        "Object Tags Added",
        "Object Tags Deleted",
        "Object Deleted",
        "Object Created",
    ]
    detail = told.events[0][1]
    assert (detail["bucket"], detail["reason"], detail["requester"]) == ({"name": "data"}, "PutObject", cloud.account)
    assert (detail["object"]["key"], detail["object"]["size"]) == ("in/a b+é.csv", 5)
    assert told.events[4][1]["deletion-type"] == "Permanently Deleted"
    assert s3.objects.database.read().execute("SELECT count(*) FROM changes").fetchone()[0] == 0


def test_changes_of_versions(cloud: Cloud, s3: S3, told: Told) -> None:
    configure(s3, QueueConfigurations=[queue("s3:ObjectRemoved:DeleteMarkerCreated")], EventBridgeConfiguration={})
    s3.objects.buckets.set_versioning("data", "Enabled")
    version = s3.objects.put_bytes("data", "k", b"1").version
    marker = s3.objects.delete("data", "k").marker
    s3.objects.delete("data", "k", version=version)
    assert marker is not None
    assert told.names() == ["ObjectRemoved:DeleteMarkerCreated"]
    assert told.sent[0][1]["Records"][0]["s3"]["object"]["versionId"] == marker.version
    shown = [(detail.get("deletion-type"), detail["object"]["version-id"]) for _, detail in told.events]
    assert shown == [(None, version), ("Delete Marker Created", marker.version), ("Permanently Deleted", version)]


def test_filters_choose_keys(cloud: Cloud, s3: S3, told: Told) -> None:
    configure(s3, QueueConfigurations=[queue("s3:ObjectCreated:Put", prefix="in/", suffix=".csv")])
    for key in ("in/a.csv", "in/a.txt", "out/a.csv", "in/b.csv"):
        s3.objects.put_bytes("data", key, b"")
    assert [one["Records"][0]["s3"]["object"]["key"] for _, one in told.sent] == ["in/a.csv", "in/b.csv"]


def test_what_a_killed_process_had_not_told_is_told_at_the_next_start(cloud: Cloud, s3: S3, told: Told) -> None:
    configure(s3, QueueConfigurations=[queue("s3:ObjectCreated:*")])
    told.fails = True
    s3.objects.put_bytes("data", "k", b"1")  # the put itself succeeds
    told.fails = False
    s3.start()
    s3.start()
    assert told.names() == ["ObjectCreated:Put"]


@pytest.mark.parametrize(
    ("configuration", "says"),
    [
        ({"QueueConfigurations": [queue("s3:ObjectCreated:Everything")]}, "event is not supported"),
        ({"QueueConfigurations": [queue()]}, "At least one event"),
        ({"QueueConfigurations": [queue("s3:ObjectCreated:*", infix="x")]}, "either prefix or suffix"),
        ({"QueueConfigurations": [queue("s3:ObjectCreated:*", prefix="x", Prefix="y")]}, "more than one prefix"),
        ({"QueueConfigurations": [queue("s3:ObjectCreated:*", prefix="x" * 1025)]}, "1024 bytes"),
        ({"QueueConfigurations": [{**queue("s3:ObjectCreated:*"), "QueueArn": TOPIC}]}, "could not be parsed"),
        ({"QueueConfigurations": [{**queue("s3:ObjectCreated:*"), "QueueArn": f"{QUEUE}.fifo"}]}, "FIFO"),
        (
            {
                "QueueConfigurations": [queue("s3:ObjectCreated:Put", id="a", prefix="in/")],
                "TopicConfigurations": [
                    {
                        "TopicArn": TOPIC,
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/deep/"}]}},
                    }
                ],
            },
            "Configurations overlap",
        ),
        (
            {
                "QueueConfigurations": [
                    queue("s3:ObjectCreated:Put", id="a", prefix="in/"),
                    queue("s3:ObjectCreated:Put", id="a", prefix="out/"),
                ]
            },
            "IDs must be unique",
        ),
    ],
)
def test_configurations_that_are_refused(
    cloud: Cloud, s3: S3, told: Told, configuration: dict[str, Any], says: str
) -> None:
    with pytest.raises(ServiceError, match=says) as refused:
        configure(s3, **configuration)
    assert refused.value.code == "InvalidArgument"
    assert cloud.call("s3", "GetBucketNotificationConfiguration", {"Bucket": "data"}) == {}


def test_destinations_must_exist_and_get_a_test_message(cloud: Cloud, s3: S3) -> None:
    wanted = {"QueueConfigurations": [queue("s3:ObjectCreated:*")]}
    request = {"Bucket": "data", "NotificationConfiguration": wanted}
    with pytest.raises(ServiceError, match="Unable to validate the following destination"):
        cloud.call("s3", "PutBucketNotificationConfiguration", request)
    url = cloud.call("sqs", "CreateQueue", {"QueueName": "changes"})["QueueUrl"]
    cloud.call("s3", "PutBucketNotificationConfiguration", request)
    cloud.call("s3", "PutBucketNotificationConfiguration", request)  # the queue is known now
    assert receive(cloud, url)["Event"] == "s3:TestEvent"
    s3.objects.put_bytes("data", "k", b"1")
    assert receive(cloud, url)["Records"][0]["s3"]["object"]["key"] == "k"


def receive(cloud: Cloud, url: str) -> Any:
    found = cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20})["Messages"][0]
    cloud.call("sqs", "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": found["ReceiptHandle"]})
    return json.loads(found["Body"])


def test_configurations_over_http(client: Any, bucket: str, tmp_path: Path) -> None:
    lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    client.put_bucket_notification_configuration(
        Bucket=bucket,
        SkipDestinationValidation=True,
        NotificationConfiguration={
            "EventBridgeConfiguration": {},
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": lambda_arn, "Events": ["s3:ObjectCreated:*"]}],
        },
    )
    found = client.get_bucket_notification_configuration(Bucket=bucket)
    assert found["EventBridgeConfiguration"] == {}
    assert found["LambdaFunctionConfigurations"][0]["LambdaFunctionArn"] == lambda_arn
    assert found["LambdaFunctionConfigurations"][0]["Id"]
    client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in client.get_bucket_notification_configuration(Bucket=bucket)
    client.delete_bucket(Bucket=bucket)


def test_kept_configurations(client: Any, bucket: str) -> None:
    where = {"Bucket": bucket}
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]
    client.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": rules})
    assert client.get_bucket_lifecycle_configuration(**where)["Rules"] == rules
    dated = [{"Status": "Enabled", "Prefix": "", "Expiration": {"Date": "2030-01-01T00:00:00Z"}}]
    client.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": dated})
    assert client.get_bucket_lifecycle_configuration(**where)["Rules"][0]["Expiration"]["Date"].year == 2030
    cors = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"]}]
    client.put_bucket_cors(**where, CORSConfiguration={"CORSRules": cors})
    assert client.get_bucket_cors(**where)["CORSRules"] == cors
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    client.put_bucket_encryption(**where, ServerSideEncryptionConfiguration=encryption)
    assert client.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"] == encryption
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False}
    client.put_public_access_block(**where, PublicAccessBlockConfiguration=block)
    assert client.get_public_access_block(**where)["PublicAccessBlockConfiguration"] == block
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    client.put_bucket_ownership_controls(**where, OwnershipControls=owned)
    assert client.get_bucket_ownership_controls(**where)["OwnershipControls"] == owned
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    client.put_bucket_policy(**where, Policy=policy)
    assert client.get_bucket_policy(**where)["Policy"] == policy
    for broken in ("{", "[]", "{}"):
        with pytest.raises(client.exceptions.ClientError, match="MalformedPolicy"):
            client.put_bucket_policy(**where, Policy=broken)
    for delete, get in (
        (client.delete_bucket_lifecycle, client.get_bucket_lifecycle_configuration),
        (client.delete_bucket_cors, client.get_bucket_cors),
        (client.delete_bucket_encryption, client.get_bucket_encryption),
        (client.delete_public_access_block, client.get_public_access_block),
        (client.delete_bucket_ownership_controls, client.get_bucket_ownership_controls),
        (client.delete_bucket_policy, client.get_bucket_policy),
    ):
        delete(**where)
        delete(**where)
        with pytest.raises(client.exceptions.ClientError) as absent:
            get(**where)
        assert absent.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
