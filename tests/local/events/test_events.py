"""EventBridge: buses, rules, targets, schedules, archives and replays, by what clients see."""

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
from stepfunctions.local.events.router import LOOP_LIMIT
from stepfunctions.runtime.clock import ManualClock

PLACE = "us-east-1:123456789012"
DEFAULT = f"arn:aws:events:{PLACE}:event-bus/default"
QUEUE = f"arn:aws:sqs:{PLACE}:q"
ROLE = "arn:aws:iam::123456789012:role/events"
START = 1_700_000_000.0


class Bridge:
    """A cloud with a queue ``q``."""

    def __init__(self, cloud: Cloud, clock: ManualClock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.url = cloud.call("sqs", "CreateQueue", {"QueueName": "q"})["QueueUrl"]

    def __call__(self, operation: str, **request: Any) -> Any:
        return self.cloud.call("events", operation, request)

    def refused(self, operation: str, **request: Any) -> tuple[str, str]:
        with pytest.raises(ServiceError) as caught:
            self(operation, **request)
        return caught.value.code, caught.value.message

    def rule(self, name: str, pattern: dict[str, Any], bus: str = "default", **target: Any) -> str:
        arn: str = self("PutRule", Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
        self("PutTargets", Rule=name, EventBusName=bus, Targets=[{"Id": "t", "Arn": QUEUE, **target}])
        return arn

    def put(self, source: str = "a", bus: str = "default", **detail: Any) -> Any:
        entry = {"Source": source, "DetailType": "d", "Detail": json.dumps(detail), "EventBusName": bus}
        return self("PutEvents", Entries=[entry])

    def until(self, done: Callable[[], Any]) -> Any:
        """Wait for the background."""
        end = time.monotonic() + 20
        while not (found := done()):
            assert time.monotonic() < end
            threading.Event().wait(0.002)
        return found

    def settled(self) -> None:
        self.until(lambda: not self.cloud.deliveries.open())

    def got(self) -> list[Any]:
        """Take what has come into the queue."""
        self.settled()
        found: list[Any] = []
        while True:
            request = {"QueueUrl": self.url, "MaxNumberOfMessages": 10}
            messages = self.cloud.call("sqs", "ReceiveMessage", request).get("Messages", [])
            if not messages:
                return found
            for message in messages:
                found.append(json.loads(message["Body"]))
                receipt = {"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]}
                self.cloud.call("sqs", "DeleteMessage", receipt)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    clock = ManualClock(START)
    with Cloud(tmp_path, clock=clock) as cloud:
        yield Bridge(cloud, clock)


def test_an_event_goes_to_the_targets_of_the_rules_that_it_matches(bridge: Bridge) -> None:
    bridge.rule("mine", {"source": ["a"], "detail": {"n": [1]}})
    bridge.rule("others", {"source": ["b"]})
    answer = bridge.put(n=1)
    assert answer["FailedEntryCount"] == 0
    bridge.put(n=2)
    (event,) = bridge.got()
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "d",
        "source": "a",
        "account": "123456789012",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {"n": 1},
    }
    bridge("DisableRule", Name="mine")
    bridge.put(n=1)
    assert bridge.got() == []
    bridge("EnableRule", Name="mine")
    bridge.put(n=1)
    assert len(bridge.got()) == 1


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ({}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"Source": "a"}, "InvalidArgument", "Parameter DetailType is not valid"),
        ({"Source": "a", "DetailType": "d"}, "InvalidArgument", "Parameter Detail is not valid"),
        ({"Source": "a", "DetailType": "d", "Detail": "x"}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "a", "DetailType": "d", "Detail": "[]"}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "a", "DetailType": "d", "Detail": '{"a": NaN}'}, "MalformedDetail", "Detail is malformed."),
        (
            {"Source": "a", "DetailType": "d", "Detail": '{"a":' + "[" * 900 + "]" * 900 + "}"},
            "MalformedDetail",
            "Detail is malformed.",
        ),
        (
            {"Source": "aws.s3", "DetailType": "d", "Detail": "{}"},
            "NotAuthorizedForSourceException",
            "Not authorized for the source.",
        ),
        (
            {"Source": "a", "DetailType": "d", "Detail": "{}", "EventBusName": "none"},
            "InvalidArgument",
            "Event bus none does not exist.",
        ),
    ],
)
def test_an_entry_fails_by_itself(bridge: Bridge, entry: dict[str, Any], code: str, message: str) -> None:
    good = {"Source": "a", "DetailType": "d", "Detail": "{}", "Time": START, "Resources": ["r"]}
    answer = bridge("PutEvents", Entries=[entry, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert answer["Entries"][0]["ErrorMessage"].startswith(message)
    assert set(answer["Entries"][1]) == {"EventId"}


def test_a_request_of_too_many_or_too_large_entries_is_refused(bridge: Bridge) -> None:
    entry = {"Source": "a", "DetailType": "d", "Detail": json.dumps({"a": "x" * 262_140})}
    code, message = bridge.refused("PutEvents", Entries=[entry])
    assert (code, message) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )
    small = {"Source": "a", "DetailType": "d", "Detail": "{}"}
    assert bridge.refused("PutEvents", Entries=[small] * 11)[0] == "ValidationException"
    assert "EndpointId" in bridge.refused("PutEvents", Entries=[small], EndpointId="abc.def")[1]


def test_targets_get_parts_texts_and_templates(bridge: Bridge) -> None:
    paths = {"n": "$.detail.n", "who": "$.detail.who", "all": "$.detail", "none": "$.detail.none"}
    template = '{"n": <n>, "text": "<who> <n>", "all": <all>, "rule": "<aws.events.rule-name>", "none": <none>}'
    targets = [
        {"Id": "path", "Arn": QUEUE, "InputPath": "$.detail.n"},
        {"Id": "input", "Arn": QUEUE, "Input": '{"fixed": true}'},
        {"Id": "whole", "Arn": QUEUE, "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}},
        {"Id": "text", "Arn": QUEUE, "InputTransformer": {"InputPathsMap": paths, "InputTemplate": '"<who>!"'}},
        {"Id": "event", "Arn": QUEUE, "InputTransformer": {"InputTemplate": '{"e": <aws.events.event>}'}},
    ]
    bridge("PutRule", Name="r", EventPattern='{"source": ["a"]}')
    bridge("PutTargets", Rule="r", Targets=targets)
    bridge.put(n=1, who='a "b"')
    got = sorted(bridge.got(), key=json.dumps)
    event = next(one for one in got if isinstance(one, dict) and "e" in one)
    assert event["e"]["source"] == "a"
    assert "detail" not in event["e"]
    whole = {"n": 1, "text": 'a "b" 1', "all": {"n": 1, "who": 'a "b"'}, "rule": "r", "none": ""}
    assert [one for one in got if one is not event] == sorted([1, {"fixed": True}, whole, 'a "b"!'], key=json.dumps)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"Arn": "q"}, "not in correct format"),
        ({"Arn": f"arn:aws:kinesis:{PLACE}:stream/s"}, "cannot deliver"),
        ({"Arn": f"{QUEUE}.fifo"}, "SqsParameters must be specified"),
        ({"Arn": f"arn:aws:states:{PLACE}:stateMachine:m"}, "RoleArn is required"),
        ({"Arn": QUEUE, "Input": "{"}, "JSON syntax error in input for target t"),
        ({"Arn": QUEUE, "Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Arn": QUEUE, "InputPath": "detail"}, "Invalid InputPath"),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": '"<x>"'}}, "lacks: x"),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": "{<aws.events.rule-arn>}"}}, "Invalid InputTemplate"),
        ({"Arn": QUEUE, "KinesisParameters": {"PartitionKeyPath": "$.a"}}, "KinesisParameters"),
        ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sns:{PLACE}:t"}}, "is no SQS queue"),
    ],
)
def test_wrong_targets_are_refused(bridge: Bridge, target: dict[str, Any], said: str) -> None:
    bridge("PutRule", Name="r", EventPattern='{"source": ["a"]}')
    code, message = bridge.refused("PutTargets", Rule="r", Targets=[{"Id": "t", **target}])
    assert code == "ValidationException"
    assert said in message
    assert bridge("ListTargetsByRule", Rule="r")["Targets"] == []


def test_rules_and_targets_are_kept_shown_and_removed(bridge: Bridge) -> None:
    arn = bridge.rule("r", {"source": ["a"]})
    bridge("PutRule", Name="s", ScheduleExpression="rate(5 minutes)", Tags=[{"Key": "k", "Value": "v"}])
    rule = bridge("DescribeRule", Name="r")
    assert rule == {
        "Name": "r",
        "Arn": arn,
        "EventBusName": "default",
        "EventPattern": '{"source": ["a"]}',
        "State": "ENABLED",
        "CreatedBy": "123456789012",
    }
    page = bridge("ListRules", Limit=1)
    assert [one["Name"] for one in page["Rules"]] == ["r"]
    assert [one["Name"] for one in bridge("ListRules", NextToken=page["NextToken"])["Rules"]] == ["s"]
    assert bridge("ListRules", NamePrefix="s")["Rules"][0]["ScheduleExpression"] == "rate(5 minutes)"
    assert bridge("ListRuleNamesByTarget", TargetArn=QUEUE)["RuleNames"] == ["r"]
    schedule = arn.replace("rule/r", "rule/s")
    bridge("TagResource", ResourceARN=schedule, Tags=[{"Key": "k2", "Value": "v2"}])
    bridge("UntagResource", ResourceARN=schedule, TagKeys=["k"])
    assert bridge("ListTagsForResource", ResourceARN=schedule)["Tags"] == [{"Key": "k2", "Value": "v2"}]
    assert bridge.refused("ListTagsForResource", ResourceARN=arn + "x")[0] == "ResourceNotFoundException"

    assert bridge.refused("DeleteRule", Name="r") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )
    answer = bridge("RemoveTargets", Rule="r", Ids=["t", "none"])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"][0]["TargetId"] == "none"
    bridge("DeleteRule", Name="r")
    bridge("DeleteRule", Name="r")
    assert bridge.refused("DescribeRule", Name="r") == (
        "ResourceNotFoundException",
        "Rule r does not exist on EventBus default.",
    )
    targets = [{"Id": str(number), "Arn": QUEUE} for number in range(6)]
    assert bridge.refused("PutTargets", Rule="s", Targets=targets)[0] == "LimitExceededException"
    assert bridge.refused("PutRule", Name="x")[0] == "ValidationException"
    assert bridge.refused("PutRule", Name="x", EventPattern="[]")[0] == "InvalidEventPatternException"
    assert bridge.refused("PutRule", Name="x", ScheduleExpression="at(2030-01-01T00:00:00)")[0] == "ValidationException"


def test_a_pattern_can_be_tested(bridge: Bridge) -> None:
    event: dict[str, Any] = dict.fromkeys(("id", "detail-type", "source", "account", "time", "region"), "x") | {
        "resources": []
    }
    assert bridge("TestEventPattern", EventPattern='{"source": ["x"]}', Event=json.dumps(event))["Result"] is True
    assert bridge("TestEventPattern", EventPattern='{"source": ["y"]}', Event=json.dumps(event))["Result"] is False
    assert "lacks id" in bridge.refused("TestEventPattern", EventPattern='{"source": ["y"]}', Event="{}")[1]
    for wrong in ("[]", "{", '{"a":' * 20_000):
        assert bridge.refused("TestEventPattern", EventPattern='{"a": ["y"]}', Event=wrong)[0] == "ValidationException"


def test_buses_are_made_changed_and_removed(bridge: Bridge) -> None:
    arn = bridge("CreateEventBus", Name="b", Description="one", Tags=[{"Key": "k", "Value": "v"}])["EventBusArn"]
    assert arn == f"arn:aws:events:{PLACE}:event-bus/b"
    assert bridge.refused("CreateEventBus", Name="b")[0] == "ResourceAlreadyExistsException"
    assert bridge.refused("CreateEventBus", Name="default")[0] == "ResourceAlreadyExistsException"
    assert bridge.refused("CreateEventBus", Name="aws.partner/x/y")[0] == "ValidationException"
    assert bridge.refused("CreateEventBus", Name="c", LogConfig={"Level": "INFO"})[0] == "ValidationException"
    bridge("UpdateEventBus", Name="b", Description="two")
    assert bridge("DescribeEventBus", Name=arn)["Description"] == "two"
    assert [bus["Name"] for bus in bridge("ListEventBuses")["EventBuses"]] == ["b", "default"]
    assert bridge("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "k", "Value": "v"}]

    bridge("PutPermission", EventBusName="b", Action="events:PutEvents", Principal="111122223333", StatementId="one")
    bridge("PutPermission", EventBusName="b", Action="events:PutEvents", Principal="*", StatementId="two")
    policy = json.loads(bridge("DescribeEventBus", Name="b")["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["one", "two"]
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert bridge.refused("RemovePermission", EventBusName="b", StatementId="x")[0] == "ResourceNotFoundException"
    bridge("RemovePermission", EventBusName="b", StatementId="one")
    bridge("RemovePermission", EventBusName="b", RemoveAllPermissions=True)
    assert "Policy" not in bridge("DescribeEventBus", Name="b")
    assert bridge.refused("PutPermission", EventBusName="b", Policy="x")[0] == "ValidationException"

    bridge.rule("r", {"source": ["a"]}, bus="b")
    assert "since it has rules" in bridge.refused("DeleteEventBus", Name="b")[1]
    bridge("RemoveTargets", Rule="r", EventBusName="b", Ids=["t"])
    bridge("DeleteRule", Name="r", EventBusName="b")
    bridge("DeleteEventBus", Name="b")
    assert bridge.refused("DescribeEventBus", Name="b") == (
        "ResourceNotFoundException",
        "Event bus b does not exist.",
    )
    assert bridge.refused("DeleteEventBus", Name="default")[0] == "ValidationException"


def test_events_go_from_bus_to_bus_but_to_no_third(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    buses = [bridge("CreateEventBus", Name=name)["EventBusArn"] for name in ("b", "c")]
    bridge.rule("r", {"source": ["a"]}, Arn=buses[0])
    bridge.rule("r", {"source": ["a"]}, bus="b")
    bridge.rule("on", {"source": ["a"]}, bus="b", Arn=buses[1])
    bridge.rule("back", {"source": ["a"]}, bus="b", Arn=DEFAULT)
    bridge.rule("r", {"source": ["a"]}, bus="c")
    answer = bridge.put(n=1)
    assert [event["id"] for event in bridge.got()] == [answer["Entries"][0]["EventId"]]
    assert "it came from another bus" in caplog.text


def test_a_rule_that_starts_itself_is_bounded_and_visible(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    made = bridge.cloud.call(
        "stepfunctions",
        "CreateStateMachine",
        {
            "name": "m",
            "roleArn": ROLE,
            "definition": '{"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {}, "End": true}}}',
        },
    )
    machine = made["stateMachineArn"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}
    bridge.rule("r", pattern, Arn=machine, RoleArn=ROLE, Input="{}")
    bridge.cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine, "input": "{}"})
    bridge.until(lambda: "no more" in caplog.text)
    bridge.settled()

    def ended() -> bool:
        request = {"stateMachineArn": machine, "statusFilter": "SUCCEEDED"}
        return len(bridge.cloud.call("stepfunctions", "ListExecutions", request)["executions"]) == LOOP_LIMIT + 1

    bridge.until(ended)
    assert "does it start itself?" in caplog.text


def test_status_changes_of_executions_are_events(bridge: Bridge) -> None:
    bridge.rule("r", {"source": ["aws.states"]})
    definition = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}}
    arns = {}
    for kind in ("STANDARD", "EXPRESS"):
        request = {"name": kind, "type": kind, "roleArn": ROLE, "definition": json.dumps(definition)}
        arns[kind] = bridge.cloud.call("stepfunctions", "CreateStateMachine", request)["stateMachineArn"]
        request = {"stateMachineArn": arns[kind], "input": '{"a": 1}', "name": "e"}
        bridge.cloud.call("stepfunctions", "StartExecution", request)
    events: list[Any] = []

    def both() -> bool:
        events.extend(bridge.got())
        return len(events) >= 2

    bridge.until(both)
    assert {event["detail"]["stateMachineArn"] for event in events} == {arns["STANDARD"]}
    by_status = {event["detail"]["status"]: event for event in events}
    assert set(by_status) == {"RUNNING", "FAILED"}
    failed = by_status["FAILED"]
    assert failed["detail-type"] == "Step Functions Execution Status Change"
    assert failed["resources"] == [failed["detail"]["executionArn"]]
    assert failed["detail"]["input"] == '{"a": 1}'
    assert failed["detail"]["inputDetails"] == {"included": True}
    assert (failed["detail"]["output"], failed["detail"]["outputDetails"]) == (None, None)
    assert (failed["detail"]["error"], failed["detail"]["cause"]) == ("E", "C")
    assert failed["detail"]["redriveStatus"] == "REDRIVABLE"
    assert failed["detail"]["stopDate"] == START * 1000
    assert by_status["RUNNING"]["detail"]["stopDate"] is None


def test_large_data_is_left_out_of_status_events() -> None:
    from stepfunctions.local.execution_events import detail_of

    large = "x" * 254_000
    included = {"included": True}
    found = detail_of({"input": large, "inputDetails": included, "output": "1", "outputDetails": included}, "SUCCEEDED")
    assert (found["input"], found["inputDetails"], found["output"]) == (None, {"included": False}, "1")
    found = detail_of({"input": "1", "inputDetails": included, "output": large, "outputDetails": included}, "SUCCEEDED")
    assert (found["output"], found["outputDetails"]) == (None, {"included": False})


def test_rules_fire_on_their_schedule(bridge: Bridge) -> None:
    arn = bridge("PutRule", Name="s", ScheduleExpression="rate(1 hour)")["RuleArn"]
    bridge("PutTargets", Rule="s", Targets=[{"Id": "t", "Arn": QUEUE}])
    for hour in (1, 2):
        bridge.clock.advance_to(START + hour * 3600)
        events = bridge.until(bridge.got)
        assert [event["detail-type"] for event in events] == ["Scheduled Event"]
        assert events[0]["resources"] == [arn]
        assert events[0]["time"] == f"2023-11-{14 + (22 + hour) // 24}T{(22 + hour) % 24:02d}:13:20Z"
    bridge("DisableRule", Name="s")
    bridge.clock.advance(36_000)
    assert bridge.got() == []
    bridge("CreateEventBus", Name="b")
    refused = bridge.refused("PutRule", Name="s", EventBusName="b", ScheduleExpression="rate(1 hour)")
    assert refused[1] == "ScheduleExpression is supported only on the default event bus."


def test_archives_keep_events_and_replays_send_them_again(bridge: Bridge) -> None:
    first = bridge.rule("r", {"source": ["a"]})
    bridge.rule("other", {"source": ["a"]}, Input='"other"')
    pattern = '{"detail": {"n": [{"numeric": [">", 1]}]}}'
    answer = bridge("CreateArchive", ArchiveName="k", EventSourceArn=DEFAULT, EventPattern=pattern, RetentionDays=2)
    arn = answer["ArchiveArn"]
    assert arn == f"arn:aws:events:{PLACE}:archive/k"
    assert (
        bridge.refused("CreateArchive", ArchiveName="k", EventSourceArn=DEFAULT)[0] == "ResourceAlreadyExistsException"
    )
    for n in (1, 2, 3):
        bridge.put(n=n)
    bridge.got()
    shown = bridge("DescribeArchive", ArchiveName="k")
    assert (shown["EventCount"], shown["EventPattern"], shown["State"]) == (2, pattern, "ENABLED")
    assert bridge("ListArchives")["Archives"][0]["ArchiveName"] == "k"

    def replay(name: str, **destination: Any) -> list[Any]:
        bridge(
            "StartReplay",
            ReplayName=name,
            EventSourceArn=arn,
            EventStartTime=START - 1,
            EventEndTime=START + 1,
            Destination={"Arn": DEFAULT, **destination},
        )
        bridge.until(lambda: bridge("DescribeReplay", ReplayName=name)["State"] == "COMPLETED")
        return bridge.got()

    events = replay("p", FilterArns=[first])
    assert sorted((event["detail"]["n"], event["replay-name"]) for event in events) == [(2, "p"), (3, "p")]
    assert len(replay("q")) == 4
    assert bridge("DescribeArchive", ArchiveName="k")["EventCount"] == 2
    assert [one["ReplayName"] for one in bridge("ListReplays", State="COMPLETED")["Replays"]] == ["p", "q"]
    assert bridge.refused("CancelReplay", ReplayName="p")[0] == "IllegalStatusException"
    assert bridge.refused("DescribeReplay", ReplayName="x")[0] == "ResourceNotFoundException"

    bridge.clock.advance(2 * 86_400)
    bridge.until(lambda: bridge("DescribeArchive", ArchiveName="k")["EventCount"] == 0)
    bridge("UpdateArchive", ArchiveName="k", EventPattern='{"source": ["z"]}', RetentionDays=0)
    bridge.put(n=5)
    assert bridge("DescribeArchive", ArchiveName="k")["EventCount"] == 0
    bridge("DeleteArchive", ArchiveName="k")
    assert bridge.refused("DescribeArchive", ArchiveName="k")[0] == "ResourceNotFoundException"


def test_all_of_it_survives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with Cloud(tmp_path, clock=clock) as cloud:
        bridge = Bridge(cloud, clock)
        bridge("CreateEventBus", Name="b")
        bridge.rule("r", {"source": ["a"]}, bus="b")
        bridge("PutRule", Name="s", ScheduleExpression="rate(1 hour)")
        bridge("PutTargets", Rule="s", Targets=[{"Id": "t", "Arn": QUEUE, "Input": '"on time"'}])
        bridge("CreateArchive", ArchiveName="k", EventSourceArn=DEFAULT)
        bridge.put(n=1)
    clock.advance(3 * 3600)
    with Cloud(tmp_path, clock=clock) as cloud:
        bridge = Bridge(cloud, clock)
        assert bridge.until(bridge.got) == ["on time"]
        bridge.put(bus="b")
        assert [event["source"] for event in bridge.got()] == ["a"]
        assert bridge("DescribeArchive", ArchiveName="k")["EventCount"] == 1


def test_nothing_is_made_of_events_where_nobody_asked_for_them(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        cloud.publish("aws.s3", "Object Created", {})
        assert not cloud.has("events")
        assert not (tmp_path / "events.db").exists()
