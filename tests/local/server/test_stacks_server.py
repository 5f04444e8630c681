"""Stacks through boto3: a change set, waiters, a process that is killed in the middle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.local.server.conftest import Server

FAST = {"Delay": 0.05, "MaxAttempts": 600}
MACHINE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Days: {Type: Number, Default: 7}
Resources:
  Groups: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Pass, Parameters: {group: "${group}"}, End: true}}}
      DefinitionSubstitutions: {group: !Ref Groups}
Outputs:
  Machine: {Value: !Ref Machine}
"""


def groups(count: int) -> str:
    made = {f"G{n}": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"g{n}"}} for n in range(count)}
    return json.dumps({"Resources": made})


@pytest.mark.local
def test_a_serverless_stack_by_a_change_set(server: Server) -> None:
    client = server.client("cloudformation")
    client.create_change_set(
        StackName="mine", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=MACHINE,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip
    client.get_waiter("change_set_create_complete").wait(StackName="mine", ChangeSetName="first", WaiterConfig=FAST)
    client.execute_change_set(StackName="mine", ChangeSetName="first")
    client.get_waiter("stack_create_complete").wait(StackName="mine", WaiterConfig=FAST)
    (stack,) = client.describe_stacks(StackName="mine")["Stacks"]
    machine = stack["Outputs"][0]["OutputValue"]
    states = server.client("stepfunctions")
    definition = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
    (group,) = server.client("logs").describe_log_groups(logGroupNamePrefix="mine-Groups-")["logGroups"]
    assert definition["States"]["A"]["Parameters"]["group"] == group["logGroupName"]
    again: dict[str, Any] = {"StackName": "mine", "UsePreviousTemplate": True, "Capabilities": stack["Capabilities"]}
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        client.update_stack(**again)
    client.update_stack(**again, Parameters=[{"ParameterKey": "Days", "ParameterValue": "30"}])
    client.get_waiter("stack_update_complete").wait(StackName="mine", WaiterConfig=FAST)
    (group,) = server.client("logs").describe_log_groups(logGroupNamePrefix="mine-Groups-")["logGroups"]
    assert group["retentionInDays"] == 30
    assert len(client.get_paginator("describe_stack_events").paginate(StackName="mine").build_full_result()) > 0
    client.delete_stack(StackName="mine")
    client.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"], WaiterConfig=FAST)


@pytest.mark.local
def test_refusals_are_awss(server: Server) -> None:
    client = server.client("cloudformation")
    client.create_stack(StackName="two", TemplateBody=groups(1))
    with pytest.raises(client.exceptions.AlreadyExistsException):
        client.create_stack(StackName="two", TemplateBody=groups(1))
    with pytest.raises(client.exceptions.ChangeSetNotFoundException):
        client.describe_change_set(StackName="two", ChangeSetName="nope")
    bad = '{"Resources": {"A": {"Type": "AWS::No::Such"}}}'
    client.create_stack(StackName="bad", TemplateBody=bad)
    with pytest.raises(WaiterError):
        client.get_waiter("stack_create_complete").wait(StackName="bad", WaiterConfig=FAST)
    with pytest.raises(ClientError, match="is not supported by the local cloud yet"):
        client.create_stack_set(StackSetName="x", TemplateBody=bad)


@pytest.mark.local
@pytest.mark.crash
def test_a_killed_creation_goes_on(start_server: Callable[..., Server]) -> None:
    server = start_server()
    client = server.client("cloudformation")
    client.create_stack(StackName="many", TemplateBody=groups(60))
    while len(server.client("logs").describe_log_groups()["logGroups"]) < 5:
        pass
    server.process.kill()
    server.process.wait()
    server = start_server(server.data_dir)
    client = server.client("cloudformation")
    client.get_waiter("stack_create_complete").wait(StackName="many", WaiterConfig=FAST)
    pages = client.get_paginator("list_stack_resources").paginate(StackName="many")
    found = pages.build_full_result()["StackResourceSummaries"]
    assert {one["ResourceStatus"] for one in found} == {"CREATE_COMPLETE"}
    assert len(found) == 60
