"""The client of a workflow."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import NoRegionError

import stepfunctions
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Pass
from stepfunctions.workflow import ExecutionStatus, Workflow
from stepfunctions.workflow.clients import append_user_agent_to_client, pages

ROLE = "arn:aws:iam::123456789012:role/Workflow"


class Body:
    """The body of an empty answer."""

    def stream(self, **_: Any) -> Any:
        yield b'{"stateMachines": []}'


def test_requests_name_this_sdk_once() -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    seen: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        seen.append(request.headers["User-Agent"])
        return AWSResponse(request.url, 200, {}, Body())

    client.meta.events.register_last("before-send", answer)
    assert append_user_agent_to_client(append_user_agent_to_client(client)) is client
    Workflow.list_workflows(client=Workflow("w", Pass("P"), ROLE, client=client).client)
    # 2.3.0's name, which programs may read, with this version
    name = f"aws-step-functions-data-science-sdk-python/{stepfunctions.__version__}"
    text = seen[0]
    assert text.endswith(" " + name)
    assert text.count(name) == 1
    assert "Boto3" in text
    client.close()


def test_the_client_is_made_when_it_is_needed() -> None:
    flow = Workflow("w", Pass("P"), ROLE)
    with pytest.raises(NoRegionError):
        flow.create()
    flow.client = LocalClient()
    assert flow.create().endswith(":stateMachine:w")


def test_pages_are_asked_for_until_there_is_enough() -> None:
    asked: list[dict[str, Any]] = []

    def call(**request: Any) -> dict[str, Any]:
        asked.append(request)
        start = int(request.get("nextToken", 0))
        page = list(range(start, min(start + 3, 8)))  # the service may give less than was asked for
        return {"rows": page, **({"nextToken": str(start + 3)} if start + 3 < 8 else {})}

    assert list(pages(call, "rows", 5, arn="x")) == [0, 1, 2, 3, 4]
    assert asked == [{"arn": "x", "maxResults": 5}, {"arn": "x", "maxResults": 2, "nextToken": "3"}]
    asked.clear()
    assert list(pages(call, "rows", 5000)) == list(range(8))
    assert [request["maxResults"] for request in asked] == [1000, 1000, 1000]
    assert list(pages(call, "rows", 0)) == []


def test_statuses_are_the_words_of_the_api() -> None:
    assert str(ExecutionStatus.TimedOut) == "TIMED_OUT"
    assert ExecutionStatus("ABORTED") is ExecutionStatus.Aborted
