"""A stack is deployed to the local cloud: what it makes, and what a second deployment does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.deploy.goldens import ROLE, TRAINING, training
from tests.deploy.test_stack import large
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.deploy.stack import Stack
from stepfunctions.errors import ServiceError
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Workflow

CAPABILITIES = ["CAPABILITY_IAM"]


def given(stack: Stack, **more: str) -> list[dict[str, str]]:
    values = {**stack.parameters, **more}
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def deploy(stacks: Stacks, stack: Stack, **more: str) -> dict[str, Any]:
    made = stacks.create(stack.name, stack.to_yaml(), Parameters=given(stack, **more), Capabilities=CAPABILITIES)
    events = stacks("DescribeStackEvents", StackName=stack.name)["StackEvents"]
    assert made["StackStatus"] == "CREATE_COMPLETE", [one.get("ResourceStatusReason") for one in events]
    return {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}


def described(stacks: Stacks, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = stacks.cloud.call("stepfunctions", "DescribeStateMachine", {"stateMachineArn": arn})
    return found


def test_what_it_makes_is_the_workflow(stacks: Stacks) -> None:
    outputs = deploy(stacks, training(tracing=True).stack())
    machine = described(stacks, outputs["StateMachineArn"])
    assert json.loads(machine["definition"]) == TRAINING
    assert machine["tracingConfiguration"] == {"enabled": True}
    (destination,) = machine["loggingConfiguration"]["destinations"]
    assert ":log-group:/aws/vendedlogs/states/flow:" in destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    assert outputs["AliasArn"] == f"{outputs['StateMachineArn']}:live"
    alias = stacks.cloud.call(
        "stepfunctions", "DescribeStateMachineAlias", {"stateMachineAliasArn": outputs["AliasArn"]}
    )
    assert [one["weight"] for one in alias["routingConfiguration"]] == [100]


def test_unchanged_it_changes_nothing_and_changed_it_is_a_new_version(stacks: Stacks) -> None:
    outputs = deploy(stacks, training().stack())
    again = training().stack()
    with pytest.raises(ServiceError, match="No updates are to be performed"):
        stacks.update("flow", again.to_yaml(), Parameters=given(again), Capabilities=CAPABILITIES)
    changed = given(again, TrainedModelsBucket="other-models")
    assert stacks.update("flow", again.to_yaml(), Parameters=changed, Capabilities=CAPABILITIES)["StackStatus"] == (
        "UPDATE_COMPLETE"
    )
    machine = described(stacks, outputs["StateMachineArn"])
    assert "s3://other-models/out" in machine["definition"]
    versions = stacks.cloud.call(
        "stepfunctions", "ListStateMachineVersions", {"stateMachineArn": outputs["StateMachineArn"]}
    )["stateMachineVersions"]
    assert len(versions) == 2


def test_a_large_definition_comes_from_the_bucket(stacks: Stacks) -> None:
    stack = Workflow("large", FrozenGraph(large()), ROLE).stack()
    (asset,) = stack.assets
    stacks.cloud.call("s3", "CreateBucket", {"Bucket": "assets"})
    stacks.cloud.call("s3", "PutObject", {"Bucket": "assets", "Key": asset.key, "Body": asset.content})
    outputs = deploy(stacks, stack, AssetBucket="assets")
    assert json.loads(described(stacks, outputs["StateMachineArn"])["definition"]) == large()
