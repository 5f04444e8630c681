"""The disk is full: calls are refused as unavailable, what runs waits, and goes on once there is room."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.crash.killable import KillableCloud, check_history
from tests.faults.conftest import ROLE, wait_for

if not hasattr(resource, "prlimit"):
    pytest.skip("prlimit is Linux's", allow_module_level=True)
ONCE = Config(retries={"total_max_attempts": 1})


@contextmanager
def _full(server: KillableCloud, most: int = 1) -> Iterator[None]:
    """Let the server write no file beyond so many bytes: as for a user whose quota is used up."""
    pid = json.loads((server.data_dir / "server.json").read_text())["pid"]
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def _create(states: Any, name: str, definition: dict[str, Any]) -> str:
    text = json.dumps({"StartAt": next(iter(definition)), "States": definition})
    return str(states.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"])


def test_nothing_that_was_accepted_is_lost(server: KillableCloud) -> None:
    states, s3 = (server.client(service, config=ONCE) for service in ("stepfunctions", "s3"))
    s3.create_bucket(Bucket="bucket")
    activity = states.create_activity(name="ask")["activityArn"]
    asks = {"Ask": {"Type": "Task", "Resource": activity, "Next": "Done"}, "Done": {"Type": "Pass", "End": True}}
    arn = states.start_execution(stateMachineArn=_create(states, "asks", asks), name="e")["executionArn"]
    rests = {"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}
    resting = states.start_execution(stateMachineArn=_create(states, "rests", rests), name="e")["executionArn"]
    token = states.get_activity_task(activityArn=activity)["taskToken"]

    with _full(server):
        refused: list[Callable[[], Any]] = [
            lambda: states.start_execution(stateMachineArn=arn.replace("execution", "stateMachine")[: -len(":e")]),
            lambda: states.create_activity(name="another"),
            lambda: states.send_task_success(taskToken=token, output="1"),
            lambda: s3.put_object(Bucket="bucket", Key="key", Body=b"x" * 100_000),
        ]
        for call in refused:
            with pytest.raises(ClientError) as caught:
                call()
            error = caught.value.response
            assert error["Error"]["Code"] == "ServiceUnavailable", error
            assert "make room" in error["Error"]["Message"]
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        begun = states.describe_execution(executionArn=resting)["startDate"].timestamp()
        wait_for(lambda: time.time() > begun + 1.2)  # the timer is due, and waits for room
        assert states.describe_execution(executionArn=resting)["status"] == "RUNNING"

    states.send_task_success(taskToken=token, output="1")
    for one in (arn, resting):
        _succeeded(states, one)
        check_history(states.get_execution_history(executionArn=one)["events"])
    s3.put_object(Bucket="bucket", Key="key", Body=b"x" * 100_000)
    assert s3.get_object(Bucket="bucket", Key="key")["ContentLength"] == 100_000
    assert [one["name"] for one in states.list_activities()["activities"]] == ["ask"]


def test_a_task_that_writes_is_refused_so_that_a_retry_helps(server: KillableCloud) -> None:
    states, s3 = (server.client(service, config=ONCE) for service in ("stepfunctions", "s3"))
    s3.create_bucket(Bucket="bucket")
    upload = {"Bucket": "bucket", "Key": "key"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=b"x" * 5 * 2**20)["ETag"]}
        for number in (1, 2)
    ]
    completes = {
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Complete"},
        "Complete": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:completeMultipartUpload",
            "Parameters": {**upload, "MultipartUpload": {"Parts": parts}},
            "Retry": [{"ErrorEquals": ["S3.S3Exception"], "IntervalSeconds": 1, "MaxAttempts": 60, "BackoffRate": 1}],
            "End": True,
        },
    }
    arn = states.start_execution(stateMachineArn=_create(states, "completes", completes), name="e")["executionArn"]
    with _full(server, 8 * 2**20):  # the engine can write, S3 cannot put the parts together
        wait_for(lambda: "TaskFailed" in _types(states, arn))
    _succeeded(states, arn)
    assert "TaskFailed" in _types(states, arn)
    assert s3.head_object(Bucket="bucket", Key="key")["ContentLength"] == 10 * 2**20


def _succeeded(states: Any, arn: str) -> None:
    wait_for(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")


def _types(states: Any, arn: str) -> list[str]:
    return [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]
