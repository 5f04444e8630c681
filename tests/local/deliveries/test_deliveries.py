"""Deliveries: to every kind of target, again after failures, to the dead-letter queue, across a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.deliveries import Target, problem_with
from stepfunctions.local.principal import IamMode
from stepfunctions.runtime.clock import ManualClock

PLACE = "us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/sender"
QUEUE = f"arn:aws:sqs:{PLACE}:q"
DEAD = f"arn:aws:sqs:{PLACE}:dead"
TOPIC = f"arn:aws:sns:{PLACE}:t"
MACHINE = f"arn:aws:states:{PLACE}:stateMachine:m"
RULE = f"arn:aws:events:{PLACE}:rule/r"


class Told:
    """A cloud whose calls are noted; ``fail`` says with what a service refuses."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(1000.0)
        self.cloud = Cloud(folder, clock=self.clock)
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.fail: Callable[[str, dict[str, Any]], ServiceError | None] = lambda _service, _request: None
        self.cloud.call = self._call  # type: ignore[method-assign, assignment]

    def _call(self, service: str, operation: str, request: dict[str, Any], **_: Any) -> dict[str, Any]:
        if operation == "GetQueueUrl":
            return {"QueueUrl": request["QueueName"]}
        self.calls.append((service, operation, request))
        error = self.fail(service, request)
        if error is not None:
            raise error
        return {}

    def settle(self, until: Callable[[], bool] | None = None) -> None:
        """Wait for the background."""
        done = until or (lambda: not self.cloud.deliveries.open())
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end, (self.calls, self.cloud.deliveries.open())
            threading.Event().wait(0.002)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    made = Told(tmp_path)
    with made.cloud:
        yield made


@pytest.mark.parametrize(
    ("target", "call"),
    [
        (Target(QUEUE), ("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": '{"a": 1}'})),
        (
            Target(f"{QUEUE}.fifo", {"SqsParameters": {"MessageGroupId": "g"}}),
            (
                "sqs",
                "SendMessage",
                {
                    "QueueUrl": "q.fifo",
                    "MessageBody": '{"a": 1}',
                    "MessageGroupId": "g",
                    "MessageDeduplicationId": "one",
                },
            ),
        ),
        (Target(TOPIC), ("sns", "Publish", {"TopicArn": TOPIC, "Message": '{"a": 1}'})),
        (
            Target(f"{MACHINE}:PROD"),
            (
                "stepfunctions",
                "StartExecution",
                {"stateMachineArn": f"{MACHINE}:PROD", "input": '{"a": 1}', "name": "one"},
            ),
        ),
        (
            Target(f"arn:aws:lambda:{PLACE}:function:f"),
            (
                "lambda",
                "Invoke",
                {
                    "FunctionName": f"arn:aws:lambda:{PLACE}:function:f",
                    "InvocationType": "Event",
                    "Payload": b'{"a": 1}',
                },
            ),
        ),
        (
            Target(f"arn:aws:logs:{PLACE}:log-group:/aws/events/g:*"),
            (
                "logs",
                "PutLogEvents",
                {
                    "logGroupName": "/aws/events/g",
                    "logStreamName": "one",
                    "logEvents": [{"timestamp": 1_000_000, "message": '{"a": 1}'}],
                },
            ),
        ),
        (
            Target(
                f"arn:aws:events:{PLACE}:event-bus/b", {"EventBridgeParameters": {"Source": "s", "DetailType": "d"}}
            ),
            (
                "events",
                "PutEvents",
                {
                    "Entries": [
                        {
                            "EventBusName": f"arn:aws:events:{PLACE}:event-bus/b",
                            "Detail": '{"a": 1}',
                            "Source": "s",
                            "DetailType": "d",
                        }
                    ]
                },
            ),
        ),
        (
            Target(
                f"arn:aws:ecs:{PLACE}:cluster/c",
                {"EcsParameters": {"TaskDefinitionArn": "td", "LaunchType": "FARGATE"}},
            ),
            (
                "ecs",
                "RunTask",
                {
                    "cluster": f"arn:aws:ecs:{PLACE}:cluster/c",
                    "taskDefinition": "td",
                    "count": 1,
                    "launchType": "FARGATE",
                    "overrides": {"a": 1},
                },
            ),
        ),
    ],
)
def test_each_kind_of_target_gets_its_call(told: Told, target: Target, call: tuple[str, str, dict[str, Any]]) -> None:
    assert problem_with(target.arn) is None
    told.cloud.deliveries.add(target, '{"a": 1}', id="one")
    told.settle()
    assert told.calls[-1] == call


def test_a_universal_target_calls_any_operation(told: Told) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    told.cloud.deliveries.add(Target(arn), json.dumps({"StateMachineArn": MACHINE, "Input": {"x": 1}, "Name": "n"}))
    told.settle()
    wanted = {"stateMachineArn": MACHINE, "input": '{"x": 1}', "name": "n"}
    assert told.calls == [("stepfunctions", "StartExecution", wanted)]


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("nonsense", "not in correct format"),
        (f"arn:aws:kinesis:{PLACE}:stream/s", "cannot deliver"),
        (f"arn:aws:states:{PLACE}:activity:a", "cannot deliver"),
        ("arn:aws:scheduler:::aws-sdk:sfn:describeExecution", "only reads"),
        ("arn:aws:scheduler:::aws-sdk:sfn:fly", "has no API fly"),
        ("arn:aws:scheduler:::aws-sdk:sqss:sendMessage", "Did you mean 'sqs'"),
    ],
)
def test_what_is_no_target_says_why(arn: str, said: str) -> None:
    problem = problem_with(arn)
    assert problem is not None
    assert said in problem


def test_passing_faults_are_tried_again_until_it_works(told: Told) -> None:
    failures = iter([ServiceError("InternalFailure", "later", 500), ServiceError("ThrottlingException", "slowly")])
    told.fail = lambda _service, _request: next(failures, None)
    told.cloud.deliveries.add(Target(QUEUE), "x")
    for tries in (1, 2):
        told.settle(lambda tries=tries: len(told.calls) == tries)  # type: ignore[misc]
        told.settle(lambda tries=tries: _tried(told) == tries)  # type: ignore[misc]
        told.clock.advance(10)
    told.settle()
    assert len(told.calls) == 3


def _tried(told: Told) -> int | None:
    row = told.cloud.deliveries._db.read().execute("SELECT tried FROM deliveries").fetchone()
    return None if row is None else row[0]


def test_what_cannot_work_goes_to_the_dead_letter_queue_at_once(told: Told) -> None:
    told.fail = lambda _service, request: (
        ServiceError("StateMachineDoesNotExist", "State Machine Does Not Exist: 'm'") if "name" in request else None
    )
    told.cloud.deliveries.add(Target(MACHINE), "{}", dead_letter=DEAD, source=RULE)
    told.settle()
    (_, _, dead) = told.calls[-1]
    assert (dead["QueueUrl"], dead["MessageBody"]) == ("dead", "{}")
    assert {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()} == {
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "State Machine Does Not Exist: 'm'",
        "RETRY_ATTEMPTS": "0",
        "RULE_ARN": RULE,
        "TARGET_ARN": MACHINE,
    }
    assert len(told.calls) == 2
    measured = {(one["Namespace"], one["MetricName"]) for one in _measured(told)}
    assert measured == {("AWS/Events", "FailedInvocations"), ("AWS/Events", "InvocationsSentToDlq")}


def _measured(told: Told) -> Any:
    del told.cloud.call  # what is measured goes to CloudWatch
    told.cloud.measures.flush()
    return told.cloud.call("cloudwatch", "ListMetrics", {})["Metrics"]


@pytest.mark.parametrize(
    ("limits", "condition", "tried"),
    [({"attempts": 2}, "MaximumRetryAttempts", "2"), ({"max_age": 3.0}, "MaximumEventAgeInSeconds", None)],
)
def test_what_fails_too_often_or_too_long_is_given_up(
    told: Told, limits: dict[str, Any], condition: str, tried: str | None
) -> None:
    down = ServiceError("ServiceUnavailable", "down", 503)
    told.fail = lambda service, _request: down if service == "sns" else None
    schedule = f"arn:aws:scheduler:{PLACE}:schedule/default/s"
    told.cloud.deliveries.add(Target(TOPIC), "x", dead_letter=DEAD, source=schedule, **limits)
    end = time.monotonic() + 20
    while told.cloud.deliveries.open() and time.monotonic() < end:
        told.clock.advance(0.5)
        threading.Event().wait(0.002)
    attributes = {name: one["StringValue"] for name, one in told.calls[-1][2]["MessageAttributes"].items()}
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == condition
    assert attributes["SCHEDULE_ARN"] == schedule
    assert attributes["ERROR_CODE"] == "ServiceUnavailable"
    assert tried is None or attributes["RETRY_ATTEMPTS"] == tried


def test_without_a_dead_letter_queue_it_is_dropped_and_the_log_says_so(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.fail = lambda _service, _request: ServiceError("ValidationException", "no")
    told.cloud.deliveries.add(Target(QUEUE), "x", source=RULE)
    told.settle()
    assert f"from {RULE} to {QUEUE} was given up" in caplog.text


def test_what_was_under_way_arrives_after_a_restart(tmp_path: Path) -> None:
    first = Told(tmp_path)
    first.fail = lambda _service, _request: ServiceError("ServiceUnavailable", "down", 503)
    with first.cloud:
        first.cloud.deliveries.add(Target(QUEUE, {"SqsParameters": {"MessageGroupId": "g"}}), "x", id="one")
        assert first.cloud.deliveries.add(Target(QUEUE), "x", id="one") == "one"
        first.settle(lambda: _tried(first) == 1)
    second = Told(tmp_path)
    second.clock.advance(600)
    with second.cloud:
        second.settle()
    assert [request["MessageGroupId"] for _, _, request in second.calls] == ["g"]


def test_a_role_that_may_not_send_does_not(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.cloud = Cloud(tmp_path, clock=told.clock, endpoint="http://127.0.0.1:8083", iam=IamMode.ENFORCE)
    with told.cloud as cloud:
        for name in ("q", "dead"):
            cloud.call("sqs", "CreateQueue", {"QueueName": name})
        cloud.call("iam", "CreateRole", {"RoleName": "sender", "AssumeRolePolicyDocument": json.dumps(TRUST)})
        cloud.deliveries.add(Target(QUEUE), "x", role=ROLE, dead_letter=DEAD, source=RULE)
        told.settle()
        url = cloud.call("sqs", "GetQueueUrl", {"QueueName": "dead"})["QueueUrl"]
        request = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
        (message,) = cloud.call("sqs", "ReceiveMessage", request)["Messages"]
        assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
        assert "sqs:SendMessage" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
