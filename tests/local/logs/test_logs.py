"""CloudWatch Logs: groups, streams, events, patterns, and what state machines write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.database import Database
from stepfunctions.local.logs.patterns import matcher
from stepfunctions.local.logs.records import MIGRATIONS, LogTables
from stepfunctions.runtime.clock import ManualClock


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=ManualClock(1000.0)) as made:
        yield made


@pytest.fixture
def logs(cloud: Cloud) -> Any:
    def call(operation: str, **request: Any) -> Any:
        return cloud.call("logs", operation, request)

    return call


@pytest.fixture
def filled(logs: Any) -> Any:
    logs("CreateLogGroup", logGroupName="g")
    for stream in ("one", "two"):
        logs("CreateLogStream", logGroupName="g", logStreamName=stream)
        logs(
            "PutLogEvents",
            logGroupName="g",
            logStreamName=stream,
            logEvents=[{"timestamp": time, "message": f"{stream} {time}"} for time in (10, 20, 30)],
        )
    return logs


def refused(logs: Any, code: str, operation: str, **request: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        logs(operation, **request)
    assert caught.value.code == code
    return caught.value.message


def test_groups(logs: Any) -> None:
    for name in ("/a/1", "/a/2", "/b"):
        logs("CreateLogGroup", logGroupName=name)
    assert "already exists" in refused(logs, "ResourceAlreadyExistsException", "CreateLogGroup", logGroupName="/b")
    first = logs("DescribeLogGroups", limit=2)
    assert [one["logGroupName"] for one in first["logGroups"]] == ["/a/1", "/a/2"]
    rest = logs("DescribeLogGroups", limit=2, nextToken=first["nextToken"])
    assert [one["logGroupName"] for one in rest["logGroups"]] == ["/b"]
    assert "nextToken" not in rest
    assert first["logGroups"][0] == {
        "logGroupName": "/a/1",
        "creationTime": 1_000_000,
        "metricFilterCount": 0,
        "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/a/1:*",
        "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/a/1",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    }
    assert [one["logGroupName"] for one in logs("DescribeLogGroups", logGroupNamePrefix="/b")["logGroups"]] == ["/b"]
    assert len(logs("DescribeLogGroups", logGroupNamePattern="A")["logGroups"]) == 2
    refused(logs, "InvalidParameterException", "DescribeLogGroups", logGroupNamePattern="A", logGroupNamePrefix="a")
    logs("PutRetentionPolicy", logGroupName="/b", retentionInDays=7)
    assert logs("DescribeLogGroups", logGroupNamePrefix="/b")["logGroups"][0]["retentionInDays"] == 7
    logs("DeleteRetentionPolicy", logGroupName="/b")
    assert "retentionInDays" not in logs("DescribeLogGroups", logGroupNamePrefix="/b")["logGroups"][0]
    logs("DeleteLogGroup", logGroupName="/b")
    assert refused(logs, "ResourceNotFoundException", "DeleteLogGroup", logGroupName="/b")


def test_streams(filled: Any) -> None:
    refused(filled, "ResourceAlreadyExistsException", "CreateLogStream", logGroupName="g", logStreamName="one")
    filled("CreateLogStream", logGroupName="g", logStreamName="zero")
    found = filled("DescribeLogStreams", logGroupName="g", limit=2)
    assert [one["logStreamName"] for one in found["logStreams"]] == ["one", "two"]
    assert (found["logStreams"][0]["firstEventTimestamp"], found["logStreams"][0]["lastEventTimestamp"]) == (10, 30)
    more = filled("DescribeLogStreams", logGroupName="g", limit=2, nextToken=found["nextToken"])
    assert [one["logStreamName"] for one in more["logStreams"]] == ["zero"]
    latest = filled("DescribeLogStreams", logGroupName="g", orderBy="LastEventTime", descending=True)
    assert [one["logStreamName"] for one in latest["logStreams"]] == ["two", "one", "zero"]
    filled("DeleteLogStream", logGroupName="g", logStreamName="one")
    refused(filled, "ResourceNotFoundException", "DeleteLogStream", logGroupName="g", logStreamName="one")
    assert len(filled("FilterLogEvents", logGroupName="g")["events"]) == 3


def test_get_log_events_both_ways(filled: Any) -> None:
    def get(**request: Any) -> tuple[list[int], str, str]:
        answer = filled("GetLogEvents", logGroupName="g", logStreamName="one", limit=2, **request)
        times = [event["timestamp"] for event in answer["events"]]
        return times, answer["nextForwardToken"], answer["nextBackwardToken"]

    times, forward, backward = get()
    assert times == [20, 30]
    assert get(nextToken=forward)[0:2] == ([], forward)
    assert get(nextToken=backward)[0] == [10]
    times, forward, _ = get(startFromHead=True)
    assert times == [10, 20]
    assert get(startFromHead=True, nextToken=forward)[0] == [30]
    assert get(startTime=20, endTime=30)[0] == [20]


def test_filter_log_events(filled: Any) -> None:
    first = filled("FilterLogEvents", logGroupName="g", limit=4)
    assert [event["message"] for event in first["events"]] == ["one 10", "two 10", "one 20", "two 20"]
    rest = filled("FilterLogEvents", logGroupName="g", limit=4, nextToken=first["nextToken"])
    assert [event["logStreamName"] for event in rest["events"]] == ["one", "two"]
    assert "nextToken" not in rest
    found = filled("FilterLogEvents", logGroupName="g", logStreamNames=["two"], startTime=20, endTime=20)
    assert [event["message"] for event in found["events"]] == ["two 20"]
    found = filled(
        "FilterLogEvents", logGroupIdentifier="arn:aws:logs:us-east-1:123456789012:log-group:g", filterPattern="one 3"
    )
    assert [event["message"] for event in found["events"]] == ["one 30"]
    assert filled("FilterLogEvents", logGroupName="g", logStreamNamePrefix="x")["events"] == []
    refused(filled, "InvalidParameterException", "FilterLogEvents", logGroupName="g", nextToken="f/x.y")
    refused(filled, "InvalidParameterException", "FilterLogEvents")
    refused(filled, "ResourceNotFoundException", "FilterLogEvents", logGroupName="none")


def test_events_must_be_in_order(filled: Any) -> None:
    events = [{"timestamp": 2, "message": "b"}, {"timestamp": 1, "message": "a"}]
    request = {"logGroupName": "g", "logStreamName": "one", "logEvents": events}
    refused(filled, "InvalidParameterException", "PutLogEvents", **request)


@pytest.mark.parametrize(
    ("pattern", "message", "found"),
    [
        ("", "anything", True),
        ("ERROR fatal", "ERROR was fatal", True),
        ("ERROR fatal", "ERROR", False),
        ("ERROR -fatal", "ERROR was fatal", False),
        ("?a ?b", "xbx", True),
        ("?a ?b", "xcx", False),
        ('"two words"', "these two words", True),
        ("error", "ERROR", False),
        ('{ $.type = "TaskFailed" }', '{"type":"TaskFailed"}', True),
        ('{ $.type = "Task*" }', '{"type":"TaskFailed"}', True),
        ('{ $.type != "TaskFailed" }', '{"type":"TaskFailed"}', False),
        ('{ $.details.n > 1 && $.id = "3" }', '{"id":"3","details":{"n":2}}', True),
        ('{ $.a[1] = 2 || $.b = "x" }', '{"a":[1,2]}', True),
        ("{ $.n <= 1 }", '{"n":"x"}', False),
        ("{ $.n = 1 }", "no json", False),
        ("{ $.missing = 1 }", "{}", False),
    ],
)
def test_patterns(pattern: str, message: str, found: bool) -> None:
    assert matcher(pattern)(message) is found


@pytest.mark.parametrize("pattern", ["[a, b]", "{ ($.a = 1) }", "%x%", "{ $.a IS NULL }"])
def test_patterns_that_are_not_read(pattern: str) -> None:
    with pytest.raises(ServiceError, match="the local cloud reads words"):
        matcher(pattern)


def test_a_state_machine_logs_and_its_lines_survive_a_restart(tmp_path: Path) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/m:*"
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    with Cloud(tmp_path) as cloud:
        made = cloud.call(
            "stepfunctions",
            "CreateStateMachine",
            {
                "name": "m",
                "definition": definition,
                "roleArn": "arn:aws:iam::123456789012:role/r",
                "type": "EXPRESS",
                "loggingConfiguration": {
                    "level": "ALL",
                    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
                },
            },
        )
        cloud.call("stepfunctions", "StartSyncExecution", {"stateMachineArn": made["stateMachineArn"]})
    with Cloud(tmp_path) as cloud:
        found = cloud.call("logs", "FilterLogEvents", {"logGroupName": "/aws/vendedlogs/states/m"})["events"]
        assert found[0]["logStreamName"] == "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
        assert found[1]["logStreamName"].startswith("states/m/")
        lines = [json.loads(event["message"])["type"] for event in found[1:]]
        assert lines == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


@pytest.mark.parametrize("arn", ["arn:aws:logs", "arn:aws:logs:us-east-1:123456789012:log-group:none"])
def test_an_arn_of_no_group(logs: Any, arn: str) -> None:
    refused(logs, "ResourceNotFoundException", "FilterLogEvents", logGroupIdentifier=arn)


def test_appending_does_not_read_the_events_that_are_there(tmp_path: Path) -> None:
    """What Step Functions writes costs the same in a full log as in an empty one."""
    database = Database(tmp_path / "logs.db", MIGRATIONS)
    tables = LogTables(database)
    statements: list[str] = []
    with database.write() as writer:
        writer.set_trace_callback(statements.append)
    database.read().set_trace_callback(statements.append)
    for number in (1, 2):
        tables.append("us-east-1:1", "g", "s", [(number, f"line {number}")], 1000)
    assert [one for one in statements if "SELECT" in one and "events" in one] == []
    group = tables.group("us-east-1:1", "g")
    assert group is not None
    found = tables.events(list(tables.stream_ids(group).values()), None, None, 10)
    assert [one.message for one in found] == ["line 1", "line 2"]
    database.close()
