"""Schedules: what the API keeps, when they fire, what their targets get."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.scheduler.invocations import deliver
from stepfunctions.runtime.clock import ManualClock

START = datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp()
OFF = {"Mode": "OFF"}
ROLE = "arn:aws:iam::123456789012:role/scheduler"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:ticks"
ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/"
KEYWORDS = "<aws.scheduler.scheduled-time> <aws.scheduler.schedule-arn> <aws.scheduler.attempt-number>"
DAY = 86_400.0


class World:
    """A cloud with a queue for what its schedules send."""

    def __init__(self, folder: Path, start: float = START) -> None:
        self.clock = ManualClock(start)
        self.cloud = Cloud(folder, clock=self.clock, endpoint="http://127.0.0.1:8083")
        self.folder = folder

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.cloud.call("scheduler", operation, request)

    def create(self, name: str, expression: str, target: dict[str, Any] | None = None, **more: Any) -> str:
        whole = {"Arn": QUEUE, "RoleArn": ROLE, "Input": KEYWORDS, **(target or {})}
        request = {"FlexibleTimeWindow": OFF, "Target": whole, **more}
        return str(self("CreateSchedule", Name=name, ScheduleExpression=expression, **request)["ScheduleArn"])

    def received(self, count: int) -> list[str]:
        """Wait until the queue got so many messages, and until nothing is under way."""
        url = self.cloud.call("sqs", "CreateQueue", {"QueueName": "ticks"})["QueueUrl"]
        found: list[str] = []
        end = time.monotonic() + 20
        while len(found) < count or self.cloud.deliveries.open():
            assert time.monotonic() < end, found
            for one in self.cloud.call("sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}).get(
                "Messages", []
            ):
                self.cloud.call("sqs", "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": one["ReceiptHandle"]})
                found.append(one["Body"])
        return found

    def due(self, name: str) -> float | None:
        """The scheduled time that comes next."""
        row = self.cloud.service("scheduler")._rows.schedule("us-east-1:123456789012", "default", name)
        assert row is not None
        return None if row.due is None else float(row.due)

    def until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end
            time.sleep(0.001)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.cloud:
        made.cloud.call("sqs", "CreateQueue", {"QueueName": "ticks"})
        yield made


def refused(world: World, operation: str, **request: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        world(operation, **request)
    return caught.value.code, caught.value.message


def test_what_was_created_is_shown_with_its_defaults(world: World) -> None:
    assert world.create("nightly", "cron(0 2 * * ? *)", Description="d") == f"{ARN}nightly"
    shown = world("GetSchedule", Name="nightly")
    assert shown == {
        "Arn": f"{ARN}nightly",
        "GroupName": "default",
        "Name": "nightly",
        "ScheduleExpression": "cron(0 2 * * ? *)",
        "ScheduleExpressionTimezone": "UTC",
        "Description": "d",
        "State": "ENABLED",
        "ActionAfterCompletion": "NONE",
        "FlexibleTimeWindow": OFF,
        "CreationDate": datetime.fromtimestamp(START, timezone.utc),
        "LastModificationDate": datetime.fromtimestamp(START, timezone.utc),
        "Target": {
            "Arn": QUEUE,
            "RoleArn": ROLE,
            "Input": KEYWORDS,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        },
    }
    world("DeleteSchedule", Name="nightly")
    assert refused(world, "GetSchedule", Name="nightly")[0] == "ResourceNotFoundException"
    assert refused(world, "DeleteSchedule", Name="nightly")[0] == "ResourceNotFoundException"


def test_a_second_request_with_its_token_is_the_same(world: World) -> None:
    first = world.create("s", "rate(1 hour)", ClientToken="t", State="DISABLED")
    assert world.create("s", "rate(1 hour)", ClientToken="t", State="DISABLED") == first
    others: list[dict[str, Any]] = [{"ClientToken": "u"}, {"ClientToken": "t", "Description": "another"}, {}]
    for other in others:
        with pytest.raises(ServiceError, match=r"Schedule s already exists\."):
            world.create("s", "rate(1 hour)", State="DISABLED", **other)


def test_an_update_replaces_everything(world: World) -> None:
    start = datetime(2024, 6, 1, tzinfo=timezone.utc)
    world.create("s", "rate(1 hour)", Description="d", StartDate=start, State="DISABLED")
    assert world("GetSchedule", Name="s")["StartDate"] == start
    world.clock.advance(5)
    target = {"Arn": QUEUE, "RoleArn": ROLE}
    world("UpdateSchedule", Name="s", ScheduleExpression="rate(2 hours)", FlexibleTimeWindow=OFF, Target=target)
    shown = world("GetSchedule", Name="s")
    assert not {"Description", "StartDate"} & set(shown)
    assert (shown["State"], shown["ScheduleExpression"]) == ("ENABLED", "rate(2 hours)")
    assert shown["LastModificationDate"] > shown["CreationDate"]
    assert world.due("s") == START + 2 * 3600


def test_groups_hold_schedules_and_take_them_along(world: World) -> None:
    arn = world("CreateScheduleGroup", Name="g", Tags=[{"Key": "k", "Value": "v"}], ClientToken="t")["ScheduleGroupArn"]
    again = world("CreateScheduleGroup", Name="g", Tags=[{"Key": "k", "Value": "v"}], ClientToken="t")
    assert again["ScheduleGroupArn"] == arn
    for name in ("g", "default"):
        assert refused(world, "CreateScheduleGroup", Name=name)[0] == "ConflictException"
    world.create("s", "rate(1 hour)", GroupName="g", State="DISABLED")
    world.create("s", "rate(1 hour)", State="DISABLED")
    assert world("GetScheduleGroup", Name="g")["State"] == "ACTIVE"
    assert [one["Name"] for one in world("ListScheduleGroups")["ScheduleGroups"]] == ["default", "g"]
    world("TagResource", ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    world("UntagResource", ResourceArn=arn, TagKeys=["k", "unknown"])
    assert world("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    many = [{"Key": str(number), "Value": "v"} for number in range(50)]
    assert "at most 50" in refused(world, "TagResource", ResourceArn=arn, Tags=many)[1]
    world("DeleteScheduleGroup", Name="g")
    assert [one["GroupName"] for one in world("ListSchedules")["Schedules"]] == ["default"]
    assert "Schedule group g does not exist" in refused(world, "ListSchedules", GroupName="g")[1]
    assert refused(world, "DeleteScheduleGroup", Name="default")[0] == "ValidationException"
    with pytest.raises(ServiceError, match="Schedule group g does not exist"):
        world.create("s", "rate(1 hour)", GroupName="g")


def test_lists_come_in_pages_and_are_filtered(world: World) -> None:
    for name in ("a1", "a2", "b1"):
        world("CreateScheduleGroup", Name=name)
        world.create(name, "rate(1 hour)", State="DISABLED" if name == "a2" else "ENABLED")
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = world("ListSchedules", MaxResults=2, **token)
        names += [one["Name"] for one in page["Schedules"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert names == ["a1", "a2", "b1"]
    assert [one["Name"] for one in world("ListSchedules", NamePrefix="a", State="ENABLED")["Schedules"]] == ["a1"]
    first = world("ListScheduleGroups", MaxResults=1, NamePrefix="a")
    second = world("ListScheduleGroups", NamePrefix="a", NextToken=first["NextToken"])
    assert [one["Name"] for page in (first, second) for one in page["ScheduleGroups"]] == ["a1", "a2"]
    assert refused(world, "ListSchedules", NextToken="nonsense")[1] == "Invalid NextToken"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ScheduleExpression": "every day"}, "Invalid Schedule Expression every day"),
        ({"ScheduleExpressionTimezone": "Mars"}, "IANA name"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "is required there"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "FLEXIBLE"),
        ({"StartDate": 1e9, "EndDate": 1e9}, "must come after the StartDate"),
        ({"Target": {"Arn": "queue"}}, "not in correct format"),
        ({"Target": {"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}}, "cannot deliver to"),
        ({"Target": {"Arn": f"{QUEUE}.fifo"}}, "MessageGroupId is required"),
        ({"Target": {"KinesisParameters": {"PartitionKey": "p"}}}, "KinesisParameters is not for"),
        ({"Target": {"Arn": "arn:aws:events:us-east-1:123456789012:event-bus/b"}}, "EventBridgeParameters is required"),
        ({"Target": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "Input": "{"}}, "Input is not JSON"),
        ({"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "[]"}}, "not an object"),
        ({"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:receiveMessage"}}, "only reads"),
        ({"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": f'"{"x" * 262_144}"'}}, "longer"),
    ],
)
def test_what_no_schedule_may_say(world: World, change: dict[str, Any], said: str) -> None:
    target = {"Arn": QUEUE, "RoleArn": ROLE, **change.get("Target", {})}
    request = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, **change, "Target": target}
    code, message = refused(world, "CreateSchedule", Name="s", **request)
    assert code == "ValidationException"
    assert said in message


def test_a_year_of_weeks_fires_once_each(world: World) -> None:
    world.create("weekly", "cron(0 8 ? * MON *)", {"Input": "<aws.scheduler.scheduled-time>"})
    for week in range(52):
        due = START + 8 * 3600 + week * 7 * DAY
        assert world.due("weekly") == due
        world.clock.advance_to(due)
        assert world.received(1) == [datetime.fromtimestamp(due, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")]
        world.until(lambda due=due: world.due("weekly") == due + 7 * DAY)  # type: ignore[misc]


def test_keywords_stand_for_the_invocation(world: World) -> None:
    world.create("s", "at(2024-01-01T09:00:00)", {"Input": f"{KEYWORDS} <aws.scheduler.execution-id>"})
    world.clock.advance_to(START + 9 * 3600)
    (text,) = world.received(1)
    *words, execution = text.split()
    assert words == ["2024-01-01T09:00:00Z", f"{ARN}s", "1"]
    assert int(execution, 16)
    assert world.due("s") is None


def test_a_rate_begins_at_once_or_at_its_start_and_ends(world: World) -> None:
    world.create("now", "rate(1 day)")
    start, end = (datetime.fromtimestamp(START + days * DAY, timezone.utc) for days in (2, 3))
    world.create("later", "rate(1 day)", StartDate=start, EndDate=end)
    assert len(world.received(1)) == 1
    assert world.due("later") == START + 2 * DAY
    for day in (1, 2, 3, 4):
        world.clock.advance_to(START + day * DAY)
        world.until(lambda day=day: world.due("now") == START + (day + 1) * DAY)  # type: ignore[misc]
    world.until(lambda: world.due("later") is None)
    assert len(world.received(6)) == 6


def test_what_is_done_is_deleted_where_it_says_so(world: World) -> None:
    world.create("once", "at(2024-01-02T00:00:00)", ActionAfterCompletion="DELETE")
    world.clock.advance(DAY)
    world.received(1)
    world.until(lambda: not world("ListSchedules")["Schedules"])


def test_a_disabled_schedule_waits_until_it_is_enabled(world: World) -> None:
    world.create("s", "rate(1 hour)", State="DISABLED")
    assert world.due("s") is None
    world.clock.advance(5400)
    target = {"Arn": QUEUE, "RoleArn": ROLE}
    request = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, "Target": target}
    world("UpdateSchedule", Name="s", State="ENABLED", **request)
    assert world.due("s") == START + 7200


def test_a_flexible_window_is_kept_to_and_is_the_same_after_a_restart(tmp_path: Path) -> None:
    def planned(world: World) -> tuple[float, float]:
        row = world.cloud.service("scheduler")._rows.schedule("us-east-1:123456789012", "default", "s")
        return row.due, row.fires

    world = World(tmp_path)
    with world.cloud:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
        world.create("s", "at(2024-01-01T09:00:00)", FlexibleTimeWindow=window)
        due, fires = planned(world)
        assert due < fires <= due + 3600
    again = World(tmp_path, fires - 1)
    with again.cloud:
        assert planned(again) == (due, fires)
        again.clock.advance(1)
        assert again.received(1)[0].startswith("2024-01-01T09:00:00Z")


@pytest.mark.parametrize(("hours", "expected"), [(1.5, ["01:00"]), (5.5, ["05:00"]), (25.0, ["01:00"])])
def test_of_the_times_missed_while_stopped_the_last_one_is_made_up(
    tmp_path: Path, hours: float, expected: list[str]
) -> None:
    world = World(tmp_path)
    with world.cloud:
        world.cloud.call("sqs", "CreateQueue", {"QueueName": "ticks"})
        world.create("hourly", "cron(0 * ? * * *)", {"Input": "<aws.scheduler.scheduled-time>"})
        world.received(1)
        world.until(lambda: world.due("hourly") == START + 3600)
    again = World(tmp_path, START + hours * 3600)
    with again.cloud:
        assert [text[11:16] for text in again.received(1)] == expected


def test_what_was_missed_too_long_ago_is_left_out(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.cloud:
        world.create("monthly", "cron(0 0 15 * ? *)")
        world.create("once", "at(2024-01-15T00:00:00)")
    again = World(tmp_path, START + 20 * DAY)
    with again.cloud:
        assert again.due("monthly") == START + 45 * DAY
        assert again.due("once") is None
        assert again.cloud.deliveries.open() == 0


def test_without_input_the_target_gets_a_notice(world: World) -> None:
    request = {"Target": {"Arn": QUEUE, "RoleArn": ROLE}, "FlexibleTimeWindow": OFF}
    world("CreateSchedule", Name="s", ScheduleExpression="at(2024-01-01T00:00:00)", **request)
    notice = json.loads(world.received(1)[0])
    assert uuid.UUID(notice.pop("id")).version == 5
    assert notice == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": "2024-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [f"{ARN}s"],
        "detail": "{}",
    }


def test_a_target_that_is_not_there_is_in_the_dead_letter_queue(world: World) -> None:
    missing = "arn:aws:sqs:us-east-1:123456789012:missing"
    target = {"Arn": missing, "DeadLetterConfig": {"Arn": QUEUE}, "Input": "hello"}
    world.create("s", "at(2024-01-01T00:00:00)", target)
    world.until(lambda: world.due("s") is None)
    world.until(lambda: not world.cloud.deliveries.open())
    url = world.cloud.call("sqs", "GetQueueUrl", {"QueueName": "ticks"})["QueueUrl"]
    request = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (message,) = world.cloud.call("sqs", "ReceiveMessage", request)["Messages"]
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert message["Body"] == "hello"
    assert (attributes["SCHEDULE_ARN"], attributes["TARGET_ARN"]) == (f"{ARN}s", missing)
    assert (attributes["SCHEDULED_TIME"], attributes["RETRY_ATTEMPTS"]) == ("2024-01-01T00:00:00Z", "0")
    assert "NonExistent" in attributes["ERROR_CODE"] or "DoesNotExist" in attributes["ERROR_CODE"]


def test_a_universal_target_starts_an_execution_by_its_name(world: World) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    request = {"name": "m", "roleArn": ROLE, "definition": definition}
    machine = world.cloud.call("stepfunctions", "CreateStateMachine", request)["stateMachineArn"]
    given = {"StateMachineArn": machine, "Name": "run-<aws.scheduler.execution-id>", "Input": "{}"}
    arn = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
    world.create("universal", "at(2024-01-01T00:00:00)", {"Arn": arn, "Input": json.dumps(given)})
    world.create("templated", "at(2024-01-01T00:00:00)", {"Arn": machine, "Input": '{"a": 1}'})
    world.until(lambda: world.due("universal") is None and world.due("templated") is None)
    world.until(lambda: not world.cloud.deliveries.open())
    found = world.cloud.call("stepfunctions", "ListExecutions", {"stateMachineArn": machine})["executions"]
    assert len(found) == 2
    assert sum(one["name"].startswith("run-") for one in found) == 1


def test_a_time_that_a_killed_server_hands_over_twice_starts_one_execution(world: World) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    request = {"name": "m", "roleArn": ROLE, "definition": definition}
    machine = world.cloud.call("stepfunctions", "CreateStateMachine", request)["stateMachineArn"]
    world.create("s", "at(2024-01-01T00:00:00)", {"Arn": machine, "Input": "{}"})
    world.until(lambda: world.due("s") is None and not world.cloud.deliveries.open())
    row = world.cloud.service("scheduler")._rows.schedule("us-east-1:123456789012", "default", "s")
    deliver(world.cloud, row, START)
    world.until(lambda: not world.cloud.deliveries.open())
    assert len(world.cloud.call("stepfunctions", "ListExecutions", {"stateMachineArn": machine})["executions"]) == 1


def test_topics_log_groups_and_buses_get_it_from_the_services_themselves(world: World) -> None:
    cloud, at = world.cloud, "at(2024-01-01T00:00:00)"
    topic = cloud.call("sns", "CreateTopic", {"Name": "t"})["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    cloud.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": QUEUE, "Attributes": raw})
    cloud.call("logs", "CreateLogGroup", {"logGroupName": "/ticks"})
    pattern = json.dumps({"source": ["mine"], "detail": {"n": [7]}})
    cloud.call("events", "PutRule", {"Name": "r", "EventPattern": pattern})
    sent = {"Id": "q", "Arn": QUEUE, "InputPath": "$.detail"}
    cloud.call("events", "PutTargets", {"Rule": "r", "Targets": [sent]})
    world.create("topic", at, {"Arn": topic, "Input": "by topic"})
    world.create("group", at, {"Arn": "arn:aws:logs:us-east-1:123456789012:log-group:/ticks", "Input": "a line"})
    bus = {"Arn": "arn:aws:events:us-east-1:123456789012:event-bus/default", "Input": '{"n": 7}'}
    world.create("bus", at, {**bus, "EventBridgeParameters": {"Source": "mine", "DetailType": "Tick"}})
    assert sorted(world.received(2)) == ["by topic", '{"n":7}']
    world.until(lambda: all(world.due(name) is None for name in ("topic", "group", "bus")))
    world.until(lambda: not cloud.deliveries.open())
    lines = cloud.call("logs", "FilterLogEvents", {"logGroupName": "/ticks"})["events"]
    assert [line["message"] for line in lines] == ["a line"]
