"""What a NoEcho parameter gave is shown nowhere; a stack whose export is used stays as it was."""

from __future__ import annotations

import json
from typing import Any

from tests.local.cloudformation.conftest import Stacks

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "q-${Secret}-x"}}}


def test_a_hidden_value_is_in_no_event(stacks: Stacks) -> None:
    template = {"Parameters": {"Secret": {"Type": "String", "NoEcho": True}}, "Resources": {"Q": QUEUE}}
    given = [{"ParameterKey": "Secret", "ParameterValue": "hush1234"}]
    stack = stacks.create("s", template, Parameters=given)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]
    events = stacks("DescribeStackEvents", StackName="s")["StackEvents"]
    shown = [json.loads(one["ResourceProperties"]) for one in events if "ResourceProperties" in one]
    assert {"QueueName": "q-****-x"} in shown
    assert not any("hush1234" in str(one.get("ResourceProperties")) for one in events)
    stacks("DeleteStack", StackName="s")
    stacks.end(stack["StackId"])
    events = stacks("DescribeStackEvents", StackName=stack["StackId"])["StackEvents"]
    assert not any("hush1234" in str(one.get("ResourceProperties")) for one in events)


def test_a_stack_whose_export_is_used_stays_and_can_be_updated(stacks: Stacks) -> None:
    def exporting(retention: int) -> dict[str, Any]:
        group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g", "RetentionInDays": retention}}
        return {"Resources": {"G": group}, "Outputs": {"N": {"Value": {"Ref": "G"}, "Export": {"Name": "group"}}}}

    stacks.create("from", exporting(7))
    user = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::ImportValue": "group"}}}
    stacks.create("to", {"Resources": {"Q": user}})
    refused = stacks.delete("from")
    assert refused["StackStatus"] == "CREATE_COMPLETE"
    assert "in use by to" in refused["StackStatusReason"]
    assert stacks.update("from", exporting(14))["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.delete("to")["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.delete("from")["StackStatus"] == "DELETE_COMPLETE"
