"""Who calls: the access key is the account, the signature's Region is the Region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.engine.tokens import make_token
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.wire.front import handle
from stepfunctions.local.wire.messages import Request
from stepfunctions.local.wire.route import caller_of

DEFINITION = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/r"


def signed(key: str, region: str = "us-east-1", service: str = "states", **more: str) -> dict[str, str]:
    scope = f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, Signature=0"
    return {"authorization": scope, **more}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


def call(cloud: Cloud, key: str, operation: str, region: str = "us-east-1", **request: Any) -> Any:
    headers = signed(key, region, **{"x-amz-target": f"AWSStepFunctions.{operation}"})
    asked = Request(method="POST", path="/", headers=headers, body=json.dumps(request).encode())
    return json.loads(handle(cloud, "stepfunctions", asked).body or b"{}")


def create(cloud: Cloud, key: str, region: str = "us-east-1") -> str:
    made = call(cloud, key, "CreateStateMachine", region, name="m", definition=DEFINITION, roleArn=ROLE)
    return str(made["stateMachineArn"])


def test_each_account_and_region_has_its_own(cloud: Cloud) -> None:
    assert create(cloud, "111111111111") == "arn:aws:states:us-east-1:111111111111:stateMachine:m"
    assert create(cloud, "222222222222") == "arn:aws:states:us-east-1:222222222222:stateMachine:m"
    assert create(cloud, "222222222222", "eu-west-1") == "arn:aws:states:eu-west-1:222222222222:stateMachine:m"
    assert create(cloud, "local") == "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    assert create(cloud, "AKIDEXAMPLE", "nowhere") == "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    for key, region, count in (
        ("111111111111", "us-east-1", 1),
        ("222222222222", "us-east-1", 1),
        ("222222222222", "eu-west-1", 1),
        ("333333333333", "us-east-1", 0),
        ("111111111111", "eu-west-1", 0),
    ):
        assert len(call(cloud, key, "ListStateMachines", region)["stateMachines"]) == count
        call(cloud, key, "CreateActivity", region, name="a")
        assert len(call(cloud, key, "ListActivities", region)["activities"]) == 1


def test_a_page_of_one_account_does_not_go_on_in_another(cloud: Cloud) -> None:
    for account in ("111111111111", "222222222222"):
        for name in ("a", "b"):
            call(cloud, account, "CreateActivity", name=name)
            call(cloud, account, "CreateStateMachine", name=name, definition=DEFINITION, roleArn=ROLE)
    for operation in ("ListActivities", "ListStateMachines"):
        token = call(cloud, "111111111111", operation, maxResults=1)["nextToken"]
        assert call(cloud, "222222222222", operation, nextToken=token)["__type"] == "InvalidToken"
        assert "nextToken" not in call(cloud, "111111111111", operation, nextToken=token)


def test_another_account_makes_no_alias_and_answers_no_task(cloud: Cloud) -> None:
    arn = create(cloud, "111111111111")
    call(cloud, "111111111111", "PublishStateMachineVersion", stateMachineArn=arn)
    routing = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    refused = call(cloud, "222222222222", "CreateStateMachineAlias", name="live", routingConfiguration=routing)
    assert refused["__type"] == "AccessDeniedException"
    token = make_token(arn.replace(":stateMachine:", ":execution:") + ":e", 1, 1)
    for key, code in (
        ("222222222222", "AccessDeniedException"),
        ("111111111111", "TaskDoesNotExist"),
        ("local", "TaskDoesNotExist"),
    ):
        assert call(cloud, key, "SendTaskHeartbeat", taskToken=token)["__type"] == code
    assert call(cloud, "222222222222", "SendTaskHeartbeat", taskToken=token + "!")["__type"] == "InvalidToken"


def test_executions_and_versions_belong_to_the_account(cloud: Cloud) -> None:
    arn = create(cloud, "111111111111")
    started = call(cloud, "111111111111", "StartExecution", stateMachineArn=arn, name="e")
    assert started["executionArn"] == "arn:aws:states:us-east-1:111111111111:execution:m:e"
    version = call(cloud, "111111111111", "PublishStateMachineVersion", stateMachineArn=arn)
    assert version["stateMachineVersionArn"] == f"{arn}:1"
    routing = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    made = call(cloud, "111111111111", "CreateStateMachineAlias", name="live", routingConfiguration=routing)
    assert made["stateMachineAliasArn"] == f"{arn}:live"
    listed = call(cloud, "111111111111", "ListStateMachineAliases", stateMachineArn=arn)
    assert len(listed["stateMachineAliases"]) == 1


def test_another_account_is_refused_and_the_clouds_own_is_not(cloud: Cloud) -> None:
    arn = create(cloud, "111111111111")
    refused = call(cloud, "222222222222", "DescribeStateMachine", stateMachineArn=arn)
    assert refused["__type"] == "AccessDeniedException"
    assert "states:DescribeStateMachine" in refused["message"]
    assert call(cloud, "local", "DescribeStateMachine", stateMachineArn=arn)["name"] == "m"


def test_the_caller_is_known_to_sts(cloud: Cloud) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = signed("111111111111", service="sts", **{"content-type": "application/x-www-form-urlencoded"})
    answer = handle(cloud, "sts", Request(method="POST", path="/", headers=headers, body=body))
    assert b"<Account>111111111111</Account>" in answer.body


def test_logs_are_written_for_the_account(cloud: Cloud) -> None:
    group = "arn:aws:logs:us-east-1:111111111111:log-group:g:*"
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    call(
        cloud,
        "111111111111",
        "CreateStateMachine",
        name="m",
        definition=DEFINITION,
        roleArn=ROLE,
        loggingConfiguration=logging,
    )
    assert len(cloud.call("logs", "DescribeLogGroups", {}, account="111111111111")["logGroups"]) == 1
    assert cloud.call("logs", "DescribeLogGroups", {})["logGroups"] == []


@pytest.mark.parametrize(
    ("request_", "caller"),
    [
        (Request(method="POST", path="/"), (None, None)),
        (Request(method="POST", path="/", headers=signed("12345678901")), (None, "us-east-1")),
        (Request(method="POST", path="/", headers=signed("१२३४५६७८९०१२")), (None, "us-east-1")),
        (
            Request(method="POST", path="/", headers=signed("123456789012", "us-gov-west-1")),
            ("123456789012", "us-gov-west-1"),
        ),
        (
            Request(
                method="GET", path="/", query=(("X-Amz-Credential", "111111111111/20260101/eu-west-1/s3/aws4_request"),)
            ),
            ("111111111111", "eu-west-1"),
        ),
    ],
)
def test_the_caller_of_a_request(request_: Request, caller: tuple[str | None, str | None]) -> None:
    assert caller_of(request_) == caller
