"""The operations of IAM, over its own service object; and what calls under a role may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.principal import IamMode, acting_as
from stepfunctions.runtime.clock import ManualClock

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
ROLE = "arn:aws:iam::123456789012:role/pipeline"
MANAGED = "arn:aws:iam::123456789012:policy/readers"
Ask = Callable[..., dict[str, Any]]


def allow(*actions: str, resource: str = "*", **more: object) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource, **more}]})


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=ManualClock(1_700_000_000.5), iam=IamMode.ENFORCE) as made:
        yield made


@pytest.fixture
def iam(cloud: Cloud) -> Ask:
    def ask(operation: str, **params: Any) -> dict[str, Any]:
        return cloud.call("iam", operation, params)

    ask("CreateRole", RoleName="pipeline", AssumeRolePolicyDocument=TRUST)
    ask("CreatePolicy", PolicyName="readers", PolicyDocument=allow("s3:Get*"))
    return ask


def refused(iam: Ask, operation: str, **params: Any) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        iam(operation, **params)
    return error.value


def test_a_role_is_kept_shown_changed_and_deleted(iam: Ask) -> None:
    role = iam("GetRole", RoleName="PIPELINE")["Role"]
    assert role["Arn"] == ROLE
    assert role["CreateDate"].timestamp() == 1_700_000_000
    assert json.loads(unquote(role["AssumeRolePolicyDocument"])) == json.loads(TRUST)
    assert "Tags" not in role
    iam("UpdateRole", RoleName="pipeline", Description="for tests", MaxSessionDuration=7200)
    iam("TagRole", RoleName="pipeline", Tags=[{"Key": "team", "Value": "a"}, {"Key": "env", "Value": "b"}])
    iam("UntagRole", RoleName="pipeline", TagKeys=["env"])
    iam("PutRolePermissionsBoundary", RoleName="pipeline", PermissionsBoundary=MANAGED)
    role = iam("GetRole", RoleName="pipeline")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("for tests", 7200)
    assert role["Tags"] == iam("ListRoleTags", RoleName="pipeline")["Tags"] == [{"Key": "team", "Value": "a"}]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == MANAGED
    iam("DeleteRolePermissionsBoundary", RoleName="pipeline")
    other = TRUST.replace("states", "glue")
    iam("UpdateAssumeRolePolicy", RoleName="pipeline", PolicyDocument=other)
    assert "glue" in iam("GetRole", RoleName="pipeline")["Role"]["AssumeRolePolicyDocument"]
    iam("DeleteRole", RoleName="pipeline")
    assert refused(iam, "GetRole", RoleName="pipeline").code == "NoSuchEntity"


def test_inline_policies(iam: Ask) -> None:
    for name in ("b", "a"):
        iam("PutRolePolicy", RoleName="pipeline", PolicyName=name, PolicyDocument=allow("s3:*"))
    assert iam("ListRolePolicies", RoleName="pipeline")["PolicyNames"] == ["a", "b"]
    text = iam("GetRolePolicy", RoleName="pipeline", PolicyName="a")["PolicyDocument"]
    assert json.loads(unquote(text)) == json.loads(allow("s3:*"))
    assert refused(iam, "DeleteRole", RoleName="pipeline").code == "DeleteConflict"
    iam("DeleteRolePolicy", RoleName="pipeline", PolicyName="a")
    assert refused(iam, "DeleteRolePolicy", RoleName="pipeline", PolicyName="a").code == "NoSuchEntity"
    assert refused(iam, "GetRolePolicy", RoleName="pipeline", PolicyName="a").code == "NoSuchEntity"
    large = allow(*(f"s3:Get{number:040}" for number in range(300)))
    error = refused(iam, "PutRolePolicy", RoleName="pipeline", PolicyName="c", PolicyDocument=large)
    assert error.code == "LimitExceeded"
    assert iam("ListRolePolicies", RoleName="pipeline")["PolicyNames"] == ["b"]


def test_managed_policies_and_their_versions(iam: Ask) -> None:
    made = iam("CreatePolicyVersion", PolicyArn=MANAGED, PolicyDocument=allow("s3:List*"), SetAsDefault=True)
    assert made["PolicyVersion"] | {"CreateDate": None} == {
        "VersionId": "v2",
        "IsDefaultVersion": True,
        "CreateDate": None,
    }
    assert iam("GetPolicy", PolicyArn=MANAGED)["Policy"]["DefaultVersionId"] == "v2"
    version = iam("GetPolicyVersion", PolicyArn=MANAGED, VersionId="v2")["PolicyVersion"]
    assert "s3:List*" in unquote(version["Document"])
    iam("SetDefaultPolicyVersion", PolicyArn=MANAGED, VersionId="v1")
    assert [one["VersionId"] for one in iam("ListPolicyVersions", PolicyArn=MANAGED)["Versions"]] == ["v2", "v1"]
    assert refused(iam, "DeletePolicyVersion", PolicyArn=MANAGED, VersionId="v1").code == "DeleteConflict"
    assert refused(iam, "DeletePolicy", PolicyArn=MANAGED).code == "DeleteConflict"
    iam("DeletePolicyVersion", PolicyArn=MANAGED, VersionId="v2")
    for _ in range(4):
        iam("CreatePolicyVersion", PolicyArn=MANAGED, PolicyDocument=allow("s3:List*"))
    error = refused(iam, "CreatePolicyVersion", PolicyArn=MANAGED, PolicyDocument=allow("s3:List*"))
    assert error.code == "LimitExceeded"
    iam("TagPolicy", PolicyArn=MANAGED, Tags=[{"Key": "a", "Value": "b"}])
    assert iam("ListPolicyTags", PolicyArn=MANAGED)["Tags"] == [{"Key": "a", "Value": "b"}]
    iam("UntagPolicy", PolicyArn=MANAGED, TagKeys=["a"])
    for number in range(3, 7):
        iam("DeletePolicyVersion", PolicyArn=MANAGED, VersionId=f"v{number}")
    iam("DeletePolicy", PolicyArn=MANAGED)
    assert refused(iam, "GetPolicy", PolicyArn=MANAGED).code == "NoSuchEntity"


def test_attached_policies_also_of_aws(iam: Ask) -> None:
    aws = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    for arn in (MANAGED, aws, aws):
        iam("AttachRolePolicy", RoleName="pipeline", PolicyArn=arn)
    found = iam("ListAttachedRolePolicies", RoleName="pipeline")["AttachedPolicies"]
    assert [one["PolicyName"] for one in found] == ["readers", "AmazonS3ReadOnlyAccess"]
    assert iam("GetPolicy", PolicyArn=MANAGED)["Policy"]["AttachmentCount"] == 1
    assert iam("ListEntitiesForPolicy", PolicyArn=aws)["PolicyRoles"][0]["RoleName"] == "pipeline"
    assert refused(iam, "DeletePolicy", PolicyArn=MANAGED).code == "DeleteConflict"
    assert refused(iam, "DeletePolicy", PolicyArn=aws).code == "AccessDenied"
    iam("DetachRolePolicy", RoleName="pipeline", PolicyArn=MANAGED)
    assert refused(iam, "DetachRolePolicy", RoleName="pipeline", PolicyArn=MANAGED).code == "NoSuchEntity"
    missing = "arn:aws:iam::aws:policy/NoSuchPolicy"
    assert refused(iam, "AttachRolePolicy", RoleName="pipeline", PolicyArn=missing).code == "NoSuchEntity"
    assert [one["Arn"] for one in iam("ListPolicies", Scope="Local")["Policies"]] == [MANAGED]
    assert iam("ListPolicies", Scope="AWS", OnlyAttached=True)["Policies"][0]["Arn"] == aws


def test_lists_come_in_pages(iam: Ask) -> None:
    for number in range(5):
        iam("CreateRole", RoleName=f"r{number}", Path="/team/", AssumeRolePolicyDocument=TRUST)
    names: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = iam("ListRoles", PathPrefix="/team/", MaxItems=2, **more)
        names += [one["RoleName"] for one in page["Roles"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert names == [f"r{number}" for number in range(5)]
    assert refused(iam, "ListRoles", Marker="é").code == "ValidationError"


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("CreateRole", {"RoleName": "PipeLine", "AssumeRolePolicyDocument": TRUST}, "EntityAlreadyExists"),
        ("CreateRole", {"RoleName": "a b", "AssumeRolePolicyDocument": TRUST}, "ValidationError"),
        ("CreateRole", {"RoleName": "x", "AssumeRolePolicyDocument": "{}"}, "MalformedPolicyDocument"),
        ("CreatePolicy", {"PolicyName": "Readers", "PolicyDocument": allow("s3:*")}, "EntityAlreadyExists"),
        ("CreatePolicy", {"PolicyName": "x", "PolicyDocument": TRUST}, "MalformedPolicyDocument"),
        ("PutRolePolicy", {"RoleName": "no", "PolicyName": "x", "PolicyDocument": allow("s3:*")}, "NoSuchEntity"),
        ("GetPolicyVersion", {"PolicyArn": MANAGED, "VersionId": "v9"}, "NoSuchEntity"),
        ("CreateUser", {"UserName": "me"}, "UnknownOperationException"),
    ],
)
def test_refusals(iam: Ask, operation: str, params: dict[str, Any], code: str) -> None:
    assert refused(iam, operation, **params).code == code


def test_the_simulator(iam: Ask) -> None:
    iam("AttachRolePolicy", RoleName="pipeline", PolicyArn=MANAGED)
    found = iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=ROLE,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::a/b"],
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in found] == ["allowed", "implicitDeny"]
    custom = iam("SimulateCustomPolicy", PolicyInputList=[allow("s3:*")], ActionNames=["s3:GetObject"])
    assert custom["EvaluationResults"][0]["EvalDecision"] == "allowed"


# --- calls under a role ---------------------------------------------------------------------------------------


def test_a_call_under_a_role_needs_its_right(cloud: Cloud, iam: Ask) -> None:
    cloud.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    group = "arn:aws:logs:us-east-1:123456789012:log-group:g:*"
    with acting_as(ROLE), pytest.raises(ServiceError) as error:
        cloud.call("logs", "DeleteLogGroup", {"logGroupName": "g"})
    assert (error.value.code, error.value.status) == ("AccessDeniedException", 403)
    assert error.value.message == (
        "User: arn:aws:sts::123456789012:assumed-role/pipeline/local is not authorized to perform: logs:DeleteLogGroup "
        f"on resource: {group} because no identity-based policy allows the logs:DeleteLogGroup action"
    )
    iam("PutRolePolicy", RoleName="pipeline", PolicyName="a", PolicyDocument=allow("logs:Delete*", resource=group))
    with acting_as(ROLE):
        cloud.call("logs", "DeleteLogGroup", {"logGroupName": "g"})
    missing = cloud.service("iam").missing()
    assert [(one["role"], one["action"], one["resource"], one["times"]) for one in missing] == [
        (ROLE, "logs:DeleteLogGroup", group, 1)
    ]


def test_a_denial_and_a_boundary_are_told(cloud: Cloud, iam: Ask) -> None:
    def ask() -> str:
        with acting_as(ROLE), pytest.raises(ServiceError) as error:
            cloud.call("logs", "CreateLogGroup", {"logGroupName": "g"})
        return error.value.message

    iam("PutRolePolicy", RoleName="pipeline", PolicyName="a", PolicyDocument=allow("logs:*"))
    iam("PutRolePermissionsBoundary", RoleName="pipeline", PermissionsBoundary=MANAGED)
    assert "no identity-based policy allows" in ask()
    iam("DeleteRolePermissionsBoundary", RoleName="pipeline")
    deny = allow("logs:CreateLogGroup").replace("Allow", "Deny")
    iam("PutRolePolicy", RoleName="pipeline", PolicyName="b", PolicyDocument=deny)
    assert "with an explicit deny in an identity-based policy" in ask()


def test_a_role_that_is_handed_on_must_be_allowed_to_be(cloud: Cloud, iam: Ask) -> None:
    iam("PutRolePolicy", RoleName="pipeline", PolicyName="a", PolicyDocument=allow("sagemaker:CreateModel"))
    model = {
        "ModelName": "m",
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/model",
        "PrimaryContainer": {"Image": "sagemaker-scikit-learn:1.5"},
    }
    with acting_as(ROLE), pytest.raises(ServiceError, match=r"iam:PassRole on resource: .*role/model"):
        cloud.call("sagemaker", "CreateModel", model)
    passing = allow(
        "iam:PassRole",
        resource="arn:aws:iam::*:role/model",
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    )
    iam("PutRolePolicy", RoleName="pipeline", PolicyName="b", PolicyDocument=passing)
    with acting_as(ROLE):
        assert cloud.call("sagemaker", "CreateModel", model)["ModelArn"].endswith("model/m")


def test_a_role_that_nobody_may_assume_runs_no_state_machine(cloud: Cloud, iam: Ask) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    request = {"name": "m", "roleArn": ROLE, "definition": definition}
    assert "stateMachineArn" in cloud.call("stepfunctions", "CreateStateMachine", request)
    iam("UpdateAssumeRolePolicy", RoleName="pipeline", PolicyDocument=TRUST.replace("states", "glue"))
    with pytest.raises(ServiceError, match="Neither the global service principal states"):
        cloud.call("stepfunctions", "CreateStateMachine", {**request, "name": "n"})


@pytest.mark.parametrize("role", ["x", "arn:aws:iam", "arn:aws:iam::1:role"])
def test_what_is_no_role_is_told(cloud: Cloud, role: str) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    with pytest.raises(ServiceError) as error:
        cloud.call("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": role, "definition": definition})
    assert error.value.code in ("InvalidArn", "AccessDeniedException")
    with acting_as(role), pytest.raises(ServiceError) as denied:
        cloud.call("logs", "DescribeLogGroups", {})
    assert denied.value.code == "AccessDeniedException"


def test_log_lets_through_and_lists(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Cloud(tmp_path, iam=IamMode.LOG) as cloud:
        for name in ("a", "b", "a"):
            with acting_as(ROLE):
                cloud.call("logs", "DescribeLogStreams" if name == "x" else "DescribeLogGroups", {})
        (only,) = cloud.service("iam").missing()
        assert (only["action"], only["times"]) == ("logs:DescribeLogGroups", 3)
    assert [record.getMessage() for record in caplog.records] == [f"{ROLE} lacks logs:DescribeLogGroups on *"]


def test_roles_policies_and_keys_survive_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        cloud.call("iam", "CreateRole", {"RoleName": "pipeline", "AssumeRolePolicyDocument": TRUST})
        key = cloud.service("iam").key_of(ROLE)
    with Cloud(tmp_path) as cloud:
        assert cloud.call("iam", "GetRole", {"RoleName": "pipeline"})["Role"]["Arn"] == ROLE
        assert cloud.service("iam").key_of(ROLE) == key
        assert cloud.service("iam").role_of(key) == ROLE
        assert cloud.service("iam").role_of("local") is None
