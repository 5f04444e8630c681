"""Change sets: what would change is told, and done when asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.errors import ServiceError

GROUP = "AWS::Logs::LogGroup"


def body(name: str, days: int | None = None, **more: Any) -> str:
    properties = {"LogGroupName": name} | ({} if days is None else {"RetentionInDays": days})
    return json.dumps({"Resources": {"A": {"Type": GROUP, "Properties": properties}, **more}})


def change(stacks: Stacks, kind: str, text: str, name: str = "c") -> dict[str, Any]:
    stacks("CreateChangeSet", StackName="mine", ChangeSetName=name, ChangeSetType=kind, TemplateBody=text)
    return stacks("DescribeChangeSet", StackName="mine", ChangeSetName=name)


def test_a_stack_from_a_change_set(stacks: Stacks) -> None:
    found = change(stacks, "CREATE", body("a"))
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [one["ResourceChange"]["Action"] for one in found["Changes"]] == ["Add"]
    assert stacks("DescribeStacks", StackName="mine")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    stacks("ExecuteChangeSet", StackName="mine", ChangeSetName="c")
    assert stacks.end("mine")["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.end("mine")["ChangeSetId"] == found["ChangeSetId"]
    with pytest.raises(ServiceError, match="already exists and cannot be created again"):
        change(stacks, "CREATE", body("a"), "d")


def test_an_update_by_a_change_set(stacks: Stacks) -> None:
    stacks.create("mine", body("a", B={"Type": GROUP, "Properties": {"LogGroupName": "b"}}))
    sub = {"Type": GROUP, "Properties": {"LogGroupName": {"Fn::Sub": "${A}-x"}}}
    found = change(stacks, "UPDATE", body("a2", 7, C=sub))
    add, modify, remove = sorted((one["ResourceChange"] for one in found["Changes"]), key=lambda one: one["Action"])
    assert (add["LogicalResourceId"], remove["LogicalResourceId"]) == ("C", "B")
    assert modify["Replacement"] == "True"
    targets = {one["Target"]["Name"]: one["Target"]["RequiresRecreation"] for one in modify["Details"]}
    assert targets == {"LogGroupName": "Always", "RetentionInDays": "Never"}
    stacks("ExecuteChangeSet", StackName="mine", ChangeSetName=found["ChangeSetId"])
    assert stacks.end("mine")["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("mine") == {"A": "a2", "C": "a2-x"}
    summaries = stacks("ListChangeSets", StackName="mine")["Summaries"]
    assert [one["ExecutionStatus"] for one in summaries] == ["EXECUTE_COMPLETE"]
    with pytest.raises(ServiceError, match="cannot be executed in its current status") as error:
        stacks("ExecuteChangeSet", StackName="mine", ChangeSetName=found["ChangeSetId"])
    assert error.value.code == "InvalidChangeSetStatus"


def test_a_change_set_without_changes_has_failed(stacks: Stacks) -> None:
    stacks.create("mine", body("a"))
    found = change(stacks, "UPDATE", body("a"))
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    stacks("DeleteChangeSet", StackName="mine", ChangeSetName="c")
    with pytest.raises(ServiceError, match="does not exist") as error:
        stacks("DescribeChangeSet", StackName="mine", ChangeSetName="c")
    assert error.value.code == "ChangeSetNotFound"
    stacks("DeleteChangeSet", StackName="mine", ChangeSetName="c")
