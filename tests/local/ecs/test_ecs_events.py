"""What ECS puts on the bus."""

from __future__ import annotations

import json
from typing import Any


def test_a_task_tells_that_it_runs_and_that_it_has_stopped(ecs: Any) -> None:
    queue = ecs.cloud.call("sqs", "CreateQueue", {"QueueName": "q"})["QueueUrl"]
    ecs.cloud.call("events", "PutRule", {"Name": "r", "EventPattern": '{"source": ["aws.ecs"]}'})
    target = {"Id": "t", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}
    ecs.cloud.call("events", "PutTargets", {"Rule": "r", "Targets": [target]})
    task = ecs.run(ecs.python("raise SystemExit(3)"))
    found: list[Any] = []
    while len(found) < 2:
        request = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
        messages = ecs.cloud.call("sqs", "ReceiveMessage", request)["Messages"]
        found += [json.loads(message["Body"]) for message in messages]
    by_status = {event["detail"]["lastStatus"]: event for event in found}
    assert set(by_status) == {"RUNNING", "STOPPED"}
    event = by_status["STOPPED"]
    assert event["detail-type"] == "ECS Task State Change"
    assert event["resources"] == [task["taskArn"]]
    assert event["detail"]["containers"][0]["exitCode"] == 3
    assert event["detail"]["stoppedAt"].endswith("Z")
