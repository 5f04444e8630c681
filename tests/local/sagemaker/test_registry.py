"""The model registry: versions, their approval and its event, and a model that is made of one and served."""

from __future__ import annotations

from typing import Any

import pytest
from tests.local.sagemaker.conftest import IMAGE, ROLE, archive

from stepfunctions.errors import ServiceError

CODE = "def model_fn(folder): return 1\ndef input_fn(b, t): return b\ndef predict_fn(b, m): return 'package'\n"


@pytest.fixture
def registry(open_sagemaker: Any) -> Any:
    sm = open_sagemaker()
    sm.put("models/m.tar.gz", archive({"code/inference.py": CODE}))
    sm.cloud.call("sagemaker", "CreateModelPackageGroup", {"ModelPackageGroupName": "delays"})
    return sm


def call(sm: Any, operation: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = sm.cloud.call("sagemaker", operation, params)
    return found


def version(sm: Any, **more: Any) -> str:
    containers = [{"Image": IMAGE, "ModelDataUrl": "s3://bucket/models/m.tar.gz"}]
    specification = {
        "Containers": containers,
        "SupportedContentTypes": ["text/plain"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    request = {"ModelPackageGroupName": "delays", "InferenceSpecification": specification, **more}
    return str(call(sm, "CreateModelPackage", **request)["ModelPackageArn"])


def refused(sm: Any, operation: str, **params: Any) -> str:
    with pytest.raises(ServiceError) as error:
        call(sm, operation, **params)
    assert error.value.code == "ValidationException"
    return error.value.message


def test_versions_are_numbered_and_never_again(registry: Any) -> None:
    first, second = version(registry), version(registry, ModelApprovalStatus="Approved")
    assert first.endswith(":model-package/delays/1")
    assert second.endswith(":model-package/delays/2")
    call(registry, "DeleteModelPackage", ModelPackageName=second)
    assert version(registry).endswith("/3")
    said = call(registry, "DescribeModelPackage", ModelPackageName=first)
    assert (said["ModelPackageVersion"], said["ModelPackageStatus"]) == (1, "Completed")
    assert (said["ModelPackageName"], said["ModelApprovalStatus"]) == ("delays", "PendingManualApproval")
    assert not any(name.startswith("$") for name in said)
    group = call(registry, "DescribeModelPackageGroup", ModelPackageGroupName="delays")
    assert group["ModelPackageGroupStatus"] == "Completed"
    assert "$last" not in group


def test_they_are_listed_by_group_and_approval(registry: Any) -> None:
    arns = [version(registry, ModelApprovalStatus=status) for status in ("Approved", "Rejected", "Approved")]
    call(registry, "CreateModelPackageGroup", ModelPackageGroupName="others")
    version(registry, ModelPackageGroupName="others")
    call(registry, "CreateModelPackage", ModelPackageName="alone")

    def listed(**params: Any) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = call(registry, "ListModelPackages", SortOrder="Ascending", MaxResults=1, **params, **token)
            found += [one["ModelPackageArn"] for one in page["ModelPackageSummaryList"]]
            if "NextToken" not in page:
                return found
            token = {"NextToken": page["NextToken"]}

    assert listed(ModelPackageGroupName="delays") == arns
    assert listed(ModelPackageGroupName="delays", ModelApprovalStatus="Approved") == [arns[0], arns[2]]
    assert [arn.rpartition("/")[2] for arn in listed()] == ["alone"]
    assert len(listed(ModelPackageType="Both")) == 5
    groups = call(registry, "ListModelPackageGroups", NameContains="elay")["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in groups] == ["delays"]


def test_a_model_of_a_package_is_served(registry: Any) -> None:
    arn = version(registry, ModelApprovalStatus="Approved")
    call(
        registry,
        "CreateModel",
        ModelName="m",
        ExecutionRoleArn=ROLE,
        Containers=[{"ModelPackageName": arn, "Environment": {"A": "1"}}],
    )
    said = call(registry, "DescribeModel", ModelName="m")
    assert said["PrimaryContainer"]["ModelPackageName"] == arn
    assert "Image" not in said["PrimaryContainer"]
    call(registry, "DeleteModelPackage", ModelPackageName=arn)
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    call(registry, "CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])
    call(registry, "CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    registry.wait_for(lambda: call(registry, "DescribeEndpoint", EndpointName="e")["EndpointStatus"] == "InService")
    answer = registry.cloud.call(
        "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"x", "ContentType": "text/plain"}
    )
    assert answer["Body"] == b'"package"'


def test_an_approval_is_told(registry: Any) -> None:
    told: list[dict[str, Any]] = []
    publish = registry.cloud.publish

    def noted(source: str, kind: str, detail: dict[str, Any], arns: list[str]) -> None:
        told.append({"type": kind, **detail})
        publish(source, kind, detail, arns)

    registry.cloud.publish = noted
    registry.cloud.call("events", "ListRules", {})  # from now on there is a bus
    arn = version(registry)
    update = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved", "ApprovalDescription": "good"}
    call(registry, "UpdateModelPackage", **update)
    call(registry, "UpdateModelPackage", **update)
    call(registry, "UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"a": "1", "b": "2"})
    call(registry, "UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["a"])
    mine = [one for one in told if one["type"] == "SageMaker Model Package State Change"]
    assert [one["ModelApprovalStatus"] for one in mine] == ["PendingManualApproval", "Approved", "Approved", "Approved"]
    assert [one.get("UpdatedModelPackageFields") for one in mine] == [
        None,
        ["ApprovalDescription", "ModelApprovalStatus"],
        ["CustomerMetadataProperties"],
        ["CustomerMetadataProperties"],
    ]
    said = call(registry, "DescribeModelPackage", ModelPackageName=arn)
    assert said["CustomerMetadataProperties"] == {"b": "2"}
    assert "LastModifiedTime" in said


def test_what_cannot_be_is_refused(registry: Any) -> None:
    arn = version(registry)
    assert "already exists" in refused(registry, "CreateModelPackageGroup", ModelPackageGroupName="delays")
    assert "it has model packages" in refused(registry, "DeleteModelPackageGroup", ModelPackageGroupName="delays")
    assert "not both" in refused(registry, "CreateModelPackage")
    assert "does not exist" in refused(registry, "DescribeModelPackage", ModelPackageName=f"{arn}0")
    assert "does not exist" in refused(registry, "CreateModelPackage", ModelPackageGroupName="none")
    assert "does not exist" in refused(registry, "UpdateModelPackage", ModelPackageArn=f"{arn}0")
    call(registry, "CreateModelPackage", ModelPackageName="alone")
    assert "already exists" in refused(registry, "CreateModelPackage", ModelPackageName="alone")
    container = {"ModelPackageName": "alone"}
    assert "has 0 containers" in refused(
        registry, "CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container
    )
    call(registry, "DeleteModelPackage", ModelPackageName=arn)
    call(registry, "DeleteModelPackageGroup", ModelPackageGroupName="delays")
    assert "does not exist" in refused(registry, "DescribeModelPackageGroup", ModelPackageGroupName="delays")


def test_a_repeated_call_is_one_call(registry: Any) -> None:
    assert version(registry, ClientToken="t1") == version(registry, ClientToken="t1")
    assert version(registry, ClientToken="t2").endswith("/2")
