"""The least rights of a definition: each integration and pattern has a golden policy, read beside AWS's pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stepfunctions.asl.resource import IntegrationPattern
from stepfunctions.catalog.integrations import INTEGRATIONS
from stepfunctions.deploy.policy import policy_of

GOLDEN = Path(__file__).parent / "golden" / "iam"
ACCOUNT = {"partition": "aws", "region": "eu-west-1", "account": "123456789012"}
CASES = [
    (service, action, pattern)
    for service, integration in INTEGRATIONS.items()
    for action, patterns in integration.actions.items()
    for pattern in IntegrationPattern
    if pattern in patterns
]
REQUESTS: dict[str, dict[str, Any]] = yaml.safe_load((GOLDEN / "requests.yaml").read_text())


def task(resource: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {"Type": "Task", "Resource": resource, "End": True}
    if parameters:
        state["Parameters"] = parameters
    return {"StartAt": "T", "States": {"T": state}}


@pytest.mark.parametrize(("service", "action", "pattern"), CASES, ids=lambda one: getattr(one, "value", one) or "plain")
def test_each_integration_has_its_golden_policy(service: str, action: str, pattern: IntegrationPattern) -> None:
    suffix = f".{pattern.value}" if pattern.value else ""
    name = f"{service}:{action}"
    policy = policy_of(task(f"arn:aws:states:::{name}{suffix}", REQUESTS.get(name)))
    expected = json.loads((GOLDEN / f"{service}.json").read_text())[f"{action}{suffix}"]
    found = [
        {"Action": list(one.actions), "Resource": list(one.resources), **({} if one.verified else {"Verified": False})}
        | ({"Condition": dict(one.conditions)} if one.conditions else {})
        for one in policy.statements
    ]
    filled = json.loads(
        json.dumps(found)
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::Region}", ACCOUNT["region"])
        .replace("${AWS::AccountId}", ACCOUNT["account"])
    )
    assert filled == expected["Statements"]
    assert expected["Page"].startswith("https://docs.aws.amazon.com/")


def test_a_distributed_map_looks_after_its_children() -> None:
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "Label": "Routes",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "Parameters": {"Bucket": "flights", "Key": "due.jsonl"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "W",
                    "States": {"W": {"Type": "Pass", "End": True}},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": "flights", "Prefix": "results"},
                },
                "End": True,
            }
        },
    }
    document = policy_of(definition, name="retrain").document(**ACCOUNT)
    by_action = {
        action: statement["Resource"]
        for statement in document["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    own = "arn:aws:states:eu-west-1:123456789012"
    assert by_action["states:StartExecution"] == f"{own}:stateMachine:retrain"
    assert by_action["states:RedriveExecution"] == f"{own}:execution:retrain/Routes:*"
    assert by_action["s3:PutObject"] == "arn:aws:s3:::flights/results/*"


def test_one_statement_is_for_all_states_that_need_it() -> None:
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "work"}}
    states = {"A": {**call, "Next": "B"}, "B": {**call, "End": True}}
    [statement] = policy_of({"StartAt": "A", "States": states}).statements
    assert statement.states == ("/States/A", "/States/B")
    assert statement.resources == (
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:work",
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:work:*",
    )


def test_credentials_are_another_roles_rights() -> None:
    definition = task("arn:aws:states:::sqs:sendMessage", REQUESTS["sqs:sendMessage"])
    definition["States"]["T"]["Credentials"] = {"RoleArn": "arn:aws:iam::210987654321:role/there"}
    [statement] = policy_of(definition).statements
    assert (statement.actions, statement.resources) == (
        ("sts:AssumeRole",),
        ("arn:aws:iam::210987654321:role/there",),
    )


def test_logs_traces_and_keys() -> None:
    policy = policy_of(task("${Function}"), logging=True, tracing=True, kms_key="arn:aws:kms:eu-west-1:1:key/k")
    actions = {action for one in policy.statements for action in one.actions}
    assert {"lambda:InvokeFunction", "logs:CreateLogDelivery", "xray:PutTraceSegments", "kms:Decrypt"} <= actions
    assert policy.trust()["Statement"][0]["Principal"] == {"Service": "states.amazonaws.com"}


def test_the_sdks_actions_have_iams_names() -> None:
    named: dict[str, tuple[str, dict[str, Any]]] = {
        "sfn:startExecution": (
            "states:StartExecution",
            {"StateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:m"},
        ),
        "eventbridge:putEvents": ("events:PutEvents", {"Entries": []}),
        "s3:headObject": ("s3:GetObject", {"Bucket": "b", "Key": "k"}),
        "s3:listObjectsV2": ("s3:ListBucket", {"Bucket": "b"}),
        "sagemakerruntime:invokeEndpoint": ("sagemaker:InvokeEndpoint", {"EndpointName": "e", "Body": {}}),
        "cloudwatchlogs:putLogEvents": ("logs:PutLogEvents", {"LogGroupName": "g"}),
    }
    for call, (action, parameters) in named.items():
        [statement] = policy_of(task(f"arn:aws:states:::aws-sdk:{call}", parameters)).statements
        assert statement.actions == (action,), call


ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
ROLE = "arn:aws:iam::123456789012:role/r"
CALLS: dict[str, tuple[dict[str, Any], list[tuple[str, list[str]]]]] = {
    # call -> its parameters, and each action with the resources, by the pages of the service authorization reference
    "s3:copyObject": (
        {"Bucket": "to", "Key": "k", "CopySource": "from/a/b?versionId=1"},
        [("s3:PutObject", ["arn:aws:s3:::to/k"]), ("s3:GetObject", ["arn:aws:s3:::from/a/b"])],
    ),
    "dynamodb:transactWriteItems": (
        {"TransactItems": [{"Put": {"TableName": "t", "Item": {}}}, {"ConditionCheck": {"TableName": "u"}}]},
        [
            ("dynamodb:PutItem", [ARN.format("dynamodb", "table/t")]),
            ("dynamodb:ConditionCheckItem", [ARN.format("dynamodb", "table/u")]),
        ],
    ),
    "dynamodb:query": (
        {"TableName": "t", "IndexName": "i"},
        [("dynamodb:Query", [ARN.format("dynamodb", "table/t"), ARN.format("dynamodb", "table/t/index/i")])],
    ),
    "dynamodb:batchWriteItem": (
        {"RequestItems": {"t": []}},
        [("dynamodb:BatchWriteItem", [ARN.format("dynamodb", "table/t")])],
    ),
    "dynamodb:executeStatement": (
        {"Statement": "update t set a = 1"},
        [("dynamodb:PartiQLUpdate", [ARN.format("dynamodb", "table/*")])],
    ),
    "bedrockruntime:converse": (
        {"ModelId": "eu.amazon.nova-lite-v1:0"},
        [
            (
                "bedrock:InvokeModel",
                [
                    ARN.format("bedrock", "inference-profile/eu.amazon.nova-lite-v1:0"),
                    "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
                ],
            )
        ],
    ),
    "ecs:updateService": (
        {"Cluster": "c", "Service": "s", "DesiredCount": 0, "TaskDefinition": "d"},
        [("ecs:UpdateService", [ARN.format("ecs", "service/c/s")])],
    ),
    "ecs:describeTasks": ({"Cluster": "c", "Tasks": ["t"]}, [("ecs:DescribeTasks", ["*"])]),
    "batch:listJobs": ({"JobQueue": "q"}, [("batch:ListJobs", ["*"])]),
    "kms:encrypt": ({"KeyId": "alias/a"}, [("kms:Encrypt", [ARN.format("kms", "key/*")])]),
    "glue:getTable": (
        {"DatabaseName": "d", "Name": "t"},
        [("glue:GetTable", [ARN.format("glue", one) for one in ("catalog", "database/d", "table/d/*")])],
    ),
    "sts:assumeRole": ({"RoleArn": ROLE, "RoleSessionName": "s"}, [("sts:AssumeRole", [ROLE])]),
    "ec2:runInstances": (
        {"IamInstanceProfile": {"Name": "p"}},
        [("ec2:RunInstances", ["*"]), ("iam:PassRole", ["*"])],
    ),
    "lambda:invoke": (
        {"FunctionName": "f", "Qualifier": "live"},
        [("lambda:InvokeFunction", [ARN.format("lambda", "function:f"), ARN.format("lambda", "function:f:*")])],
    ),
    "sfn:startExecution": (
        {"StateMachineArn": ARN.format("states", "stateMachine:m:live")},
        [("states:StartExecution", [ARN.format("states", "stateMachine:m")])],
    ),
    "comprehend:startTopicsDetectionJob": (
        {"DataAccessRoleArn": ROLE},
        [("comprehend:StartTopicsDetectionJob", ["*"]), ("iam:PassRole", [ROLE])],
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_calls_whose_rights_have_other_names_or_resources(call: str) -> None:
    parameters, expected = CALLS[call]
    document = policy_of(task(f"arn:aws:states:::aws-sdk:{call}", parameters)).document(**ACCOUNT)
    found = [
        (one["Action"], [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"])
        for one in document["Statement"]
    ]
    assert found == expected


def test_a_query_that_may_change_tables_has_the_rights_for_it() -> None:
    resource = "arn:aws:states:::athena:startQueryExecution"
    actions = {
        query: {one for statement in policy_of(task(resource, {name: query})).statements for one in statement.actions}
        for name, query in (("QueryString", " with a as (select 1) select * from a"), ("QueryString.$", "$.query"))
    }
    read, unknown = actions.values()
    assert "glue:CreateTable" in unknown - read
    assert "athena:GetDataCatalog" in read
