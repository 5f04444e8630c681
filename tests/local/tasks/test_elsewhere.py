"""Tasks whose services are not here: moto in a child process stands for them, or AWS itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.local.tasks.conftest import World, one_task

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.cloud import Cloud

SDK = "arn:aws:states:::aws-sdk:"
STATES = "arn:aws:states:::"
Until = Callable[[Callable[[], Any]], Any]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One cloud for the tests of this module: a child process is slow to start."""
    data_dir = tmp_path_factory.mktemp("cloud")
    with Cloud(data_dir, max_jobs=2) as cloud:
        yield World(data_dir, cloud)


def test_dynamodb_by_both_integrations(shared: World) -> None:
    shared.call(
        "dynamodb",
        "CreateTable",
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "a"}, "n": {"N": "1"}, "gone": {"NULL": True}, "tags": {"L": [{"BOOL": True}]}}
    put = shared.task(f"{STATES}dynamodb:putItem", {"TableName": "t", "Item": item}).output
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    got = shared.task(f"{STATES}dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "a"}}}).output
    assert got["Item"] == item
    read = shared.task(f"{SDK}dynamodb:getItem", {"TableName": "t", "Key": {"Id": {"S": "a"}, "id": {"S": "a"}}})
    assert read.error == "DynamoDb.DynamoDbException"  # ValidationException is not in the model
    read = shared.task(f"{SDK}dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "a"}}})
    assert read.output == {"Item": {**{k: v for k, v in item.items() if k not in ("gone", "tags")},
                                    "gone": {"Nul": True}, "tags": {"L": [{"Bool": True}]}}}  # fmt: skip
    refused = shared.task(
        f"{STATES}dynamodb:putItem",
        {"TableName": "t", "Item": item, "ConditionExpression": "attribute_not_exists(id)"},
    )
    assert refused.error == "DynamoDB.ConditionalCheckFailedException"
    assert "Service: AmazonDynamoDB" in refused.cause


def test_queues_and_topics_take_objects(shared: World) -> None:
    queue = shared.call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
    sent = shared.task(f"{STATES}sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": [1]}}).output
    assert sent["MessageId"]
    received = shared.call("sqs", "ReceiveMessage", QueueUrl=queue)["Messages"][0]
    assert json.loads(received["Body"]) == {"a": [1]}
    topic = shared.call("sns", "CreateTopic", Name="t")["TopicArn"]
    assert shared.task(f"{STATES}sns:publish", {"TopicArn": topic, "Message": {"b": 2}}).output["MessageId"]
    gone = shared.task(f"{STATES}sns:publish", {"TopicArn": topic + "x", "Message": "m"})
    assert gone.error == "SNS.NotFoundException"


def test_a_token_in_a_message_ends_the_task(shared: World, until: Until) -> None:
    queue = shared.call("sqs", "CreateQueue", QueueName="tokens")["QueueUrl"]
    definition = one_task(
        f"{STATES}sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}
    )
    arn = shared.begin(definition)
    message = until(lambda: shared.call("sqs", "ReceiveMessage", QueueUrl=queue).get("Messages"))[0]
    token = json.loads(message["Body"])["token"]
    shared.call("stepfunctions", "SendTaskSuccess", taskToken=token, output='{"yes":1}')
    assert shared.end(arn).output == {"yes": 1}


def test_events_name_their_execution(shared: World) -> None:
    queue = shared.call("sqs", "CreateQueue", QueueName="events")["QueueUrl"]
    attributes = shared.call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn"])
    shared.call("events", "PutRule", Name="r", EventPattern='{"source":["mine"]}')
    shared.call("events", "PutTargets", Rule="r", Targets=[{"Id": "q", "Arn": attributes["Attributes"]["QueueArn"]}])
    entry = {"Source": "mine", "DetailType": "d", "Detail": {"a": 1}, "Resources": ["own"]}
    ran = shared.task(f"{STATES}events:putEvents", {"Entries": [entry]})
    assert ran.output["FailedEntryCount"] == 0
    answer = shared.call("sqs", "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20)
    received = json.loads(answer["Messages"][0]["Body"])
    arn = ran.described["executionArn"]
    assert received["detail"] == {"a": 1}
    assert received["resources"] == ["own", arn, ran.described["stateMachineArn"]]
    # an event that is not accepted fails the whole task
    refused = shared.task(f"{STATES}events:putEvents", {"Entries": [{"DetailType": "d", "Detail": {}}]})
    assert refused.error == "EventBridge.FailedEntry"
    assert json.loads(refused.cause)["FailedEntryCount"] == 1


def test_a_query_is_waited_for(shared: World) -> None:
    ran = shared.task(
        f"{STATES}athena:startQueryExecution.sync",
        {"QueryString": "select 1", "ResultConfiguration": {"OutputLocation": "s3://b/o/"}},
    )
    assert ran.output["QueryExecution"]["Status"]["State"] == "SUCCEEDED"
    assert ran.types[3:6] == ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    results = shared.task(
        f"{STATES}athena:getQueryResults",
        {"QueryExecutionId": ran.details("TaskSubmitted")["output"].split('"')[3]},
    )
    assert results.output["ResultSet"] is not None


def test_emr_has_requests_and_responses_of_its_own(shared: World) -> None:
    cluster = {
        "Name": "c",
        "Instances": {
            "MasterInstanceType": "m5.large",
            "InstanceCount": 1,
            "KeepJobFlowAliveWhenNoSteps": True,
            "TerminationProtected": False,
        },
        "JobFlowRole": "r",
        "ServiceRole": "s",
    }
    created = shared.task(f"{STATES}elasticmapreduce:createCluster.sync", cluster).output
    assert created["Cluster"]["Id"] == created["ClusterId"]
    name = created["ClusterId"]
    step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "j"}}
    added = shared.task(f"{STATES}elasticmapreduce:addStep", {"ClusterId": name, "Step": step}).output
    assert added["StepId"].startswith("s-")
    locked = {"ClusterId": name, "TerminationProtected": True}
    shared.task(f"{STATES}elasticmapreduce:setClusterTerminationProtection", locked).output  # noqa: B018 - succeeds
    found = shared.call("emr", "DescribeCluster", ClusterId=name)["Cluster"]
    assert found["TerminationProtected"] is True
    locked["TerminationProtected"] = False
    shared.task(f"{STATES}elasticmapreduce:setClusterTerminationProtection", locked).output  # noqa: B018 - succeeds
    ended = shared.task(f"{STATES}elasticmapreduce:terminateCluster.sync", {"ClusterId": name}).output
    assert ended["Cluster"]["Status"]["State"] == "TERMINATED"


def test_a_build_is_waited_for(shared: World) -> None:
    shared.call(
        "codebuild",
        "CreateProject",
        name="project",
        source={"type": "S3", "location": "bucket/path"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "image", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole="arn:aws:iam::123456789012:role/service-role/role",
    )
    built = shared.task(f"{STATES}codebuild:startBuild.sync", {"ProjectName": "project"}).output
    assert built["Build"]["BuildStatus"] == "SUCCEEDED"


def test_an_abort_stops_a_query(shared: World, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    real = shared.cloud.call

    def call(service: str, operation: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
        asked.append((operation, params))
        if operation == "GetQueryExecution":
            return {"QueryExecution": {"Status": {"State": "RUNNING"}}}
        return real(service, operation, params, **more)

    monkeypatch.setattr(shared.cloud, "call", call)
    arn = shared.begin_task(f"{STATES}athena:startQueryExecution.sync", {"QueryString": "select 1"})
    until(lambda: sum(operation == "GetQueryExecution" for operation, _ in asked) > 1)
    shared.stop(arn)
    stopped = until(lambda: [params for operation, params in asked if operation == "StopQueryExecution"])
    assert shared.status(arn) == "ABORTED"
    assert stopped == [params for operation, params in asked if operation == "GetQueryExecution"][:1]
    looks = len(asked)
    shared.call("sqs", "ListQueues")
    assert [operation for operation, _ in asked[looks:]] == ["ListQueues"]  # nobody looks any more


def test_what_moto_cannot_do_says_so(shared: World) -> None:
    ran = shared.task(f"{SDK}ec2:acceptReservedInstancesExchangeQuote", {"ReservedInstanceIds": ["r"]})
    lacks = shared.task(f"{SDK}mediaconvert:listJobs", {})
    for failed in (ran, lacks):
        assert failed.error == "States.Runtime"
        assert "moto" in failed.cause


def test_a_child_that_died_is_started_again(shared: World) -> None:
    endpoint = shared.cloud.moto.endpoint("dynamodb")
    process = shared.cloud.moto._process
    assert process is not None
    process.kill()
    process.wait()
    assert shared.call("dynamodb", "ListTables") == {"TableNames": []}
    assert shared.cloud.moto.endpoint("dynamodb") != endpoint


def test_the_child_ends_with_its_parent(tmp_path: Path, until: Until) -> None:
    program = (
        "import sys\n"
        "from stepfunctions.local.moto_child import MotoChild\n"
        "child = MotoChild(); child.endpoint('sqs'); print(child._process.pid, flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_names_of_real_services_are_checked(tmp_path: Path) -> None:
    assert Cloud(tmp_path, real=["s3", "EventBridge"]).real == {"s3", "events"}
    with pytest.raises(LocalCloudError, match="There is no AWS service 'nosuch'"):
        Cloud(tmp_path, real=["nosuch"])
    with pytest.raises(LocalCloudError, match="Step Functions is what runs here"):
        Cloud(tmp_path, real=["sfn"])


def test_no_credentials_is_an_sdk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with Cloud(tmp_path / "data", real=["dynamodb"]) as cloud, pytest.raises(ServiceError) as caught:
        cloud.call("dynamodb", "ListTables", {})
    assert (caught.value.code, caught.value.status) == ("SdkClientException", 503)
    assert "credentials" in caught.value.message
