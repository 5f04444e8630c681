"""Stacks: made, changed, deleted, brought back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

GROUP = "AWS::Logs::LogGroup"


def groups(cloud: Cloud) -> list[str]:
    return [one["logGroupName"] for one in cloud.call("logs", "DescribeLogGroups", {})["logGroups"]]


def group(name: Any, **more: Any) -> dict[str, Any]:
    return {"Type": GROUP, "Properties": {"LogGroupName": name}, **more}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


UNKNOWN = {"Type": "AWS::Nothing::Here"}


def test_a_stack_is_made_and_deleted(cloud: Cloud, stacks: Stacks) -> None:
    body = """
    Description: Two groups
    Parameters:
      Name: {Type: String, Default: one}
    Resources:
      Second: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub "/b/${First}"}}
      First:
        Type: AWS::Logs::LogGroup
        Properties: {LogGroupName: !Ref Name, RetentionInDays: 7}
    Outputs:
      Arn: {Value: !GetAtt First.Arn, Export: {Name: !Sub "${AWS::StackName}-arn"}}
    """
    made = stacks.create("mine", body, Tags=[{"Key": "team", "Value": "a"}])
    assert made["StackStatus"] == "CREATE_COMPLETE", stacks.events("mine")
    assert made["Description"] == "Two groups"
    assert made["Tags"] == [{"Key": "team", "Value": "a"}]
    (output,) = made["Outputs"]
    assert output["ExportName"] == "mine-arn"
    assert output["OutputValue"].endswith(":log-group:one:*")
    assert stacks.physical("mine") == {"First": "one", "Second": "/b/one"}
    assert groups(cloud) == ["/b/one", "one"]
    assert stacks.events("mine") == [
        ("mine", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_IN_PROGRESS"),
        ("First", "CREATE_COMPLETE"),
        ("Second", "CREATE_IN_PROGRESS"),
        ("Second", "CREATE_COMPLETE"),
        ("mine", "CREATE_COMPLETE"),
    ]
    gone = stacks.delete("mine")
    assert gone["StackStatus"] == "DELETE_COMPLETE"
    assert groups(cloud) == []
    with pytest.raises(ServiceError, match="Stack with id mine does not exist"):
        stacks("DescribeStacks", StackName="mine")
    assert stacks("DescribeStacks") == {"Stacks": []}
    assert [one["StackStatus"] for one in stacks("ListStacks")["StackSummaries"]] == ["DELETE_COMPLETE"]


def test_a_creation_that_fails_is_rolled_back(cloud: Cloud, stacks: Stacks) -> None:
    made = stacks.create("mine", template(A=group("a"), B={**UNKNOWN, "DependsOn": "A"}))
    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    assert groups(cloud) == []
    events = stacks("DescribeStackEvents", StackName="mine")["StackEvents"]
    (failed,) = [one for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert "Resource type AWS::Nothing::Here is not supported by the local cloud" in failed["ResourceStatusReason"]
    with pytest.raises(ServiceError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update("mine", template(A=group("a")))


@pytest.mark.parametrize(
    ("params", "status", "left"),
    [
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", ["a"]),
        ({"DisableRollback": True}, "CREATE_FAILED", ["a"]),
    ],
)
def test_what_becomes_of_a_failed_creation(
    cloud: Cloud, stacks: Stacks, params: dict[str, Any], status: str, left: list[str]
) -> None:
    made = stacks.create("mine", template(A=group("a"), B={**UNKNOWN, "DependsOn": "A"}), **params)
    assert made["StackStatus"] == status
    assert groups(cloud) == left
    assert stacks.delete("mine")["StackStatus"] == "DELETE_COMPLETE"
    assert groups(cloud) == []


def test_a_failed_creation_may_delete_the_stack(cloud: Cloud, stacks: Stacks) -> None:
    body = '{"Resources": {"B": {"Type": "AWS::Nothing::Here"}}}'
    arn = stacks("CreateStack", StackName="mine", TemplateBody=body, OnFailure="DELETE")["StackId"]
    assert stacks.end(arn)["StackStatus"] == "DELETE_COMPLETE"


def test_an_update_adds_changes_replaces_and_removes(cloud: Cloud, stacks: Stacks) -> None:
    first = template(A=group("a"), B=group("b"), C=group("c"), D=group("d", DeletionPolicy="Retain"))
    stacks.create("mine", first)
    changed = {"Type": GROUP, "Properties": {"LogGroupName": "a", "RetentionInDays": 7}}
    made = stacks.update("mine", template(A=changed, B=group("b2"), E=group("e")))
    assert made["StackStatus"] == "UPDATE_COMPLETE", stacks.events("mine")
    assert groups(cloud) == ["a", "b2", "d", "e"]
    assert stacks.physical("mine") == {"A": "a", "B": "b2", "E": "e"}
    assert ("mine", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") in stacks.events("mine")
    with pytest.raises(ServiceError, match="No updates are to be performed"):
        stacks("UpdateStack", StackName="mine", UsePreviousTemplate=True)


def test_an_update_that_fails_is_rolled_back(cloud: Cloud, stacks: Stacks) -> None:
    stacks.create("mine", template(A=group("a"), B=group("b"), C=group("c")))
    changed = {"Type": GROUP, "Properties": {"LogGroupName": "a", "RetentionInDays": 7}}
    bad = template(A=changed, B=group("b2"), N=group("n"), Z={**UNKNOWN, "DependsOn": ["A", "B", "N"]})
    made = stacks.update("mine", bad)
    assert made["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", stacks.events("mine")
    assert groups(cloud) == ["a", "b", "c"]
    (live,) = cloud.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": "a"})["logGroups"]
    assert "retentionInDays" not in live
    assert stacks.physical("mine") == {"A": "a", "B": "b", "C": "c"}
    assert stacks.update("mine", template(A=group("a"), C=group("c")))["StackStatus"] == "UPDATE_COMPLETE"


def test_a_deletion_keeps_what_its_policy_says(cloud: Cloud, stacks: Stacks) -> None:
    stacks.create("mine", template(A=group("a", DeletionPolicy="Retain"), B=group("b")))
    arn = stacks.delete("mine")["StackId"]
    assert groups(cloud) == ["a"]
    assert ("A", "DELETE_SKIPPED") in stacks.events(arn)


def test_a_protected_stack_is_not_deleted(stacks: Stacks) -> None:
    stacks.create("mine", template(A=group("a")), EnableTerminationProtection=True)
    with pytest.raises(ServiceError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks("DeleteStack", StackName="mine")
    stacks("UpdateTerminationProtection", StackName="mine", EnableTerminationProtection=False)
    assert stacks.delete("mine")["StackStatus"] == "DELETE_COMPLETE"


def test_exports_in_use_stay(stacks: Stacks) -> None:
    one = template(A=group("a"))
    stacks.create("one", {**one, "Outputs": {"Name": {"Value": {"Ref": "A"}, "Export": {"Name": "group"}}}})
    stacks.create("two", template(B=group({"Fn::Join": ["/", [{"Fn::ImportValue": "group"}, "b"]]})))
    assert stacks.physical("two") == {"B": "a/b"}
    assert stacks("ListImports", ExportName="group")["Imports"] == ["two"]
    assert [one["Value"] for one in stacks("ListExports")["Exports"]] == ["a"]
    failed = stacks.delete("one")
    assert failed["StackStatus"] == "CREATE_COMPLETE"  # as it was
    assert failed["StackStatusReason"] == "Export group cannot be deleted as it is in use by two"
    stacks.delete("two")
    assert stacks.delete("one")["StackStatus"] == "DELETE_COMPLETE"
    assert stacks.create("three", template(B=group({"Fn::ImportValue": "group"})))["StackStatus"] == "ROLLBACK_COMPLETE"


def test_the_same_token_is_the_same_stack(stacks: Stacks) -> None:
    body = '{"Resources": {"A": {"Type": "AWS::Logs::LogGroup"}}}'
    first = stacks("CreateStack", StackName="mine", TemplateBody=body, ClientRequestToken="t")
    assert stacks("CreateStack", StackName="mine", TemplateBody=body, ClientRequestToken="t") == first
    with pytest.raises(ServiceError, match=re.escape("Stack [mine] already exists")):
        stacks("CreateStack", StackName="mine", TemplateBody=body)
    assert stacks.end("mine")["StackStatus"] == "CREATE_COMPLETE"
    assert re.fullmatch(r"mine-A-[0-9A-F]{12}", stacks.physical("mine")["A"])


def test_what_was_begun_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(1_700_000_000.0)
    with Cloud(tmp_path, clock=clock) as cloud:
        service = cloud.service("cloudformation")
        service._engine.workshop.stopping.set()  # as if the process ended before the first step
        stacks = Stacks(cloud)
        stacks("CreateStack", StackName="mine", TemplateBody='{"Resources": {"A": {"Type": "AWS::Logs::LogGroup"}}}')
    with Cloud(tmp_path, clock=clock) as cloud:
        assert Stacks(cloud).end("mine")["StackStatus"] == "CREATE_COMPLETE"


def test_drift_is_found(cloud: Cloud, stacks: Stacks) -> None:
    body = template(
        A={"Type": GROUP, "Properties": {"LogGroupName": "a", "RetentionInDays": 7}}, B=group("b"), C=group("c")
    )
    stacks.create("mine", body)
    cloud.call("logs", "PutRetentionPolicy", {"logGroupName": "a", "retentionInDays": 30})
    cloud.call("logs", "DeleteLogGroup", {"logGroupName": "b"})
    number = stacks("DetectStackDrift", StackName="mine")["StackDriftDetectionId"]
    status = stacks("DescribeStackDriftDetectionStatus", StackDriftDetectionId=number)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 2)
    found = stacks("DescribeStackResourceDrifts", StackName="mine")["StackResourceDrifts"]
    assert [one["StackResourceDriftStatus"] for one in found] == ["MODIFIED", "DELETED", "IN_SYNC"]
    assert found[0]["PropertyDifferences"] == [
        {
            "PropertyPath": "/RetentionInDays",
            "ExpectedValue": "7",
            "ActualValue": "30",
            "DifferenceType": "NOT_EQUAL",
        }
    ]


def test_what_no_call_answers_has_not_drifted(cloud: Cloud, stacks: Stacks) -> None:
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "mine", "BucketEncryption": rules}}
    stacks.create("mine", template(B=bucket))
    stacks("DetectStackDrift", StackName="mine")
    [found] = stacks("DescribeStackResourceDrifts", StackName="mine")["StackResourceDrifts"]
    assert found["StackResourceDriftStatus"] == "IN_SYNC"
