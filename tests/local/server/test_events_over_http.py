"""EventBridge as boto3 sees it, over a socket, and after the server was killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.local.server.conftest import Server

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
DEFAULT = "arn:aws:events:us-east-1:123456789012:event-bus/default"


def test_rules_buses_archives_and_events_survive_a_killed_server(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    first = start_server(tmp_path)
    client = first.client("events")
    first.client("sqs").create_queue(QueueName="q")
    bus = client.create_event_bus(Name="orders")["EventBusArn"]
    client.put_rule(Name="r", EventPattern='{"source": ["shop"]}', Tags=[{"Key": "k", "Value": "v"}])
    client.put_targets(Rule="r", Targets=[{"Id": "bus", "Arn": bus}])
    client.put_rule(Name="r", EventBusName=bus, EventPattern='{"detail": {"n": [{"numeric": [">", 1]}]}}')
    client.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": QUEUE, "InputPath": "$.detail.n"}])
    client.create_archive(ArchiveName="all", EventSourceArn=DEFAULT)
    entries = [{"Source": "shop", "DetailType": "Order", "Detail": json.dumps({"n": n})} for n in (1, 2)]
    assert client.put_events(Entries=entries)["FailedEntryCount"] == 0
    first.process.kill()
    first.process.wait()

    second = start_server(tmp_path)
    client, sqs = second.client("events"), second.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert [message["Body"] for message in messages] == ["2"]
    assert client.describe_event_bus(Name="orders")["Arn"] == bus
    assert [rule["Name"] for rule in client.list_rules()["Rules"]] == ["r"]
    assert client.list_targets_by_rule(Rule="r")["Targets"] == [{"Id": "bus", "Arn": bus}]
    assert client.describe_archive(ArchiveName="all")["EventCount"] == 2
    rule = client.describe_rule(Name="r")["Arn"]
    assert client.list_tags_for_resource(ResourceARN=rule)["Tags"] == [{"Key": "k", "Value": "v"}]
    with pytest.raises(client.exceptions.InvalidEventPatternException, match="Unrecognized match type like"):
        client.put_rule(Name="x", EventPattern='{"source": [{"like": "s"}]}')
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Rule x does not exist on EventBus default"):
        client.describe_rule(Name="x")
    with pytest.raises(client.exceptions.ClientError, match="UnknownOperationException"):
        client.create_api_destination(Name="x", ConnectionArn=bus, InvocationEndpoint="https://x", HttpMethod="GET")
