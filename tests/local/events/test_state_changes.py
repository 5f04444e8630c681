"""The events that the local cloud's other services put on the bus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.sagemaker.events import detail_of
from stepfunctions.local.sagemaker.records import Records

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        made.call("sqs", "CreateQueue", {"QueueName": "q"})
        made.call("events", "PutRule", {"Name": "r", "EventPattern": '{"source": [{"prefix": "aws."}]}'})
        made.call("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "t", "Arn": QUEUE}]})
        yield made


def received(cloud: Cloud, count: int) -> list[dict[str, Any]]:
    url = cloud.call("sqs", "GetQueueUrl", {"QueueName": "q"})["QueueUrl"]
    found: list[dict[str, Any]] = []
    while len(found) < count:
        request = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
        messages = cloud.call("sqs", "ReceiveMessage", request).get("Messages", [])
        assert messages, found
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_sagemakers_resources(cloud: Cloud) -> None:
    records = Records(cloud)
    now = datetime.fromtimestamp(1_700_000_000.5, timezone.utc)
    record = {"EndpointName": "e", "EndpointStatus": "Creating", "CreationTime": now, "Variants": [{"At": now}]}
    records.create(
        "endpoint", "e", record, None, tags=[{"Key": "k", "Value": "v"}], taken=lambda: ServiceError("X", "taken")
    )

    def edit(status: str) -> Any:
        return lambda found: found.update(EndpointStatus=status)

    for status in ("Creating", "InService", "InService"):  # one change only
        records.change("endpoint", "e", edit(status))
    first, second = sorted(received(cloud, 2), key=lambda event: str(event["detail"]["EndpointStatus"]))
    assert first["source"] == "aws.sagemaker"
    assert first["detail-type"] == "SageMaker Endpoint State Change"
    assert first["resources"] == ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"]
    assert first["detail"] == {
        "EndpointName": "e",
        "EndpointStatus": "CREATING",
        "CreationTime": 1_700_000_000_500,
        "Variants": [{"At": 1_700_000_000_500}],
        "Tags": {"k": "v"},
    }
    assert second["detail"]["EndpointStatus"] == "IN_SERVICE"
    job = detail_of("training-job", {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"}, [])
    assert job == {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Training", "Tags": {}}


@pytest.mark.parametrize(
    ("script", "state", "severity", "message"),
    [
        ("print(1)", "SUCCEEDED", "INFO", "Job run succeeded"),
        ("raise SystemExit(3)", "FAILED", "ERROR", "failed to execute with exception Command failed with exit code 3"),
    ],
)
def test_glues_job_runs(cloud: Cloud, script: str, state: str, severity: str, message: str) -> None:
    cloud.call("s3", "CreateBucket", {"Bucket": "code"})
    cloud.service("s3").objects.put_bytes("code", "job.py", script.encode())
    command = {"Name": "pythonshell", "ScriptLocation": "s3://code/job.py", "PythonVersion": "3.9"}
    cloud.call("glue", "CreateJob", {"Name": "job", "Role": "glue", "Command": command})
    run = cloud.call("glue", "StartJobRun", {"JobName": "job"})["JobRunId"]
    (event,) = received(cloud, 1)
    assert (event["source"], event["detail-type"]) == ("aws.glue", "Glue Job State Change")
    detail = event["detail"]
    assert message in detail.pop("message")
    assert detail == {"jobName": "job", "severity": severity, "state": state, "jobRunId": run}
