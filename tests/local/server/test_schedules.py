"""EventBridge Scheduler as boto3 sees it, over a socket, and after the server was killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.local.server.conftest import Server

OFF = {"Mode": "OFF"}
ROLE = "arn:aws:iam::123456789012:role/scheduler"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:ticks"


def test_schedules_and_what_they_owe_survive_a_killed_server(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    first = start_server(tmp_path)
    client = first.client("scheduler")
    arn = client.create_schedule_group(Name="g", Tags=[{"Key": "k", "Value": "v"}])["ScheduleGroupArn"]
    request = {"FlexibleTimeWindow": OFF, "Target": {"Arn": QUEUE, "RoleArn": ROLE}}
    client.create_schedule(Name="s", GroupName="g", ScheduleExpression="rate(10 days)", **request)
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["k"])
    client.update_schedule(Name="s", GroupName="g", ScheduleExpression="rate(11 days)", **request)
    first.process.kill()
    first.process.wait()
    client = start_server(tmp_path).client("scheduler")
    assert client.get_schedule(Name="s", GroupName="g")["ScheduleExpression"] == "rate(11 days)"
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert client.list_schedules(GroupName="g", MaxResults=1)["Schedules"][0]["GroupName"] == "g"
    assert client.list_schedule_groups(NamePrefix="g")["ScheduleGroups"][0]["Arn"] == arn
    assert client.get_schedule_group(Name="g")["State"] == "ACTIVE"
    client.delete_schedule(Name="s", GroupName="g")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=r"Schedule s does not exist\."):
        client.get_schedule(Name="s", GroupName="g")
    client.delete_schedule_group(Name="g")
    with pytest.raises(client.exceptions.ConflictException):
        client.create_schedule_group(Name="default")
