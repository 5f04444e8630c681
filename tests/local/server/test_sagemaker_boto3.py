"""SageMaker's operations as boto3 has them: exceptions by their class, pages, tags, waiters, tasks of workflows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.sagemaker.test_monitoring import definition, of

from stepfunctions.catalog.monitoring import KINDS
from stepfunctions.deploy.policy import policy_of
from stepfunctions.steps import Pass, aws_sdk
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

pytestmark = pytest.mark.local

ROLE = "arn:aws:iam::123456789012:role/workflow"
SNAKE = {"DataQuality": "data_quality", "ModelQuality": "model_quality", "ModelBias": "model_bias"}
SNAKE["ModelExplainability"] = "model_explainability"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def sagemaker(cloud: LocalCloud) -> Any:
    return cloud.client("sagemaker")


@pytest.mark.parametrize("kind", KINDS)
def test_job_definitions(sagemaker: Any, kind: str) -> None:
    create, describe, delete = (
        getattr(sagemaker, f"{verb}_{SNAKE[kind]}_job_definition") for verb in ("create", "describe", "delete")
    )
    names = [f"{kind}-{number}" for number in range(3)]
    for name in names:
        create(**definition(kind, name))
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        create(**definition(kind, names[0]))
    pages = sagemaker.get_paginator(f"list_{SNAKE[kind]}_job_definitions")
    found = pages.paginate(NameContains=kind, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2})
    assert [one["MonitoringJobDefinitionName"] for page in found for one in page["JobDefinitionSummaries"]] == names
    delete(JobDefinitionName=names[0])
    for call in (describe, delete):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound):
            call(JobDefinitionName=names[0])


def test_schedules(sagemaker: Any) -> None:
    sagemaker.create_data_quality_job_definition(**definition("DataQuality", "watched"))
    names = [f"schedule-{number}" for number in range(3)]
    for name in names:
        sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=of("watched"))
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName=names[1])
    pages = sagemaker.get_paginator("list_monitoring_schedules")
    found = pages.paginate(MonitoringJobDefinitionName="watched", PaginationConfig={"PageSize": 2})
    said = {
        one["MonitoringScheduleName"]: one["MonitoringScheduleStatus"]
        for page in found
        for one in page["MonitoringScheduleSummaries"]
    }
    assert said == {names[0]: "Scheduled", names[1]: "Stopped", names[2]: "Scheduled"}
    by_status = sagemaker.list_monitoring_schedules(SortBy="Status", SortOrder="Descending", MaxResults=1)
    assert by_status["MonitoringScheduleSummaries"][0]["MonitoringScheduleName"] == names[1]
    assert list(sagemaker.get_paginator("list_monitoring_executions").paginate()) != []
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_monitoring_schedule(MonitoringScheduleName=names[0], MonitoringScheduleConfig=of("watched"))
    for name in names:
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)
    for verb in ("describe", "start", "stop", "delete"):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound):
            getattr(sagemaker, f"{verb}_monitoring_schedule")(MonitoringScheduleName=names[0])


def test_tags_are_those_of_what_is_there(sagemaker: Any) -> None:
    one, two = {"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "test"}
    group = sagemaker.create_model_package_group(ModelPackageGroupName="tagged", Tags=[one])["ModelPackageGroupArn"]
    package = sagemaker.create_model_package(ModelPackageGroupName="tagged")["ModelPackageArn"]
    for arn, before in ((group, [one]), (package, [])):
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == before
        changed = {**one, "Value": "b"}
        assert sagemaker.add_tags(ResourceArn=arn, Tags=[changed, two])["Tags"] == [two, changed]
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team", "none"])
        (page,) = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        assert page["Tags"] == [two]
    sagemaker.delete_model_package(ModelPackageName=package)
    foreign = group.replace("us-east-1", "eu-west-1")
    for arn in (package, f"{group}-2", foreign, group.replace("model-package-group/", "model/")):
        for call, more in (("add_tags", {"Tags": [one]}), ("list_tags", {}), ("delete_tags", {"TagKeys": ["team"]})):
            with pytest.raises(ClientError, match=r"\(ValidationException\).*Could not find resource arn:"):
                getattr(sagemaker, call)(ResourceArn=arn, **more)


def test_what_is_deleted_leaves_no_tags(sagemaker: Any) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    for again in ([], tags):
        arn = sagemaker.create_model_package_group(ModelPackageGroupName="anew", Tags=tags)["ModelPackageGroupArn"]
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
        sagemaker.delete_model_package_group(ModelPackageGroupName="anew")
        arn = sagemaker.create_model_package_group(ModelPackageGroupName="anew", Tags=again)["ModelPackageGroupArn"]
        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == again
        sagemaker.delete_model_package_group(ModelPackageGroupName="anew")


def test_a_workflow_rests_a_schedule_while_it_works(cloud: LocalCloud, sagemaker: Any) -> None:
    sagemaker.create_data_quality_job_definition(**definition("DataQuality", "rested"))
    sagemaker.create_monitoring_schedule(MonitoringScheduleName="rested", MonitoringScheduleConfig=of("rested"))
    named = {"MonitoringScheduleName": "rested"}
    definition_of = (
        aws_sdk("sagemaker", "stop_monitoring_schedule", "Rest", parameters=named, result_path=None)
        >> aws_sdk("sagemaker", "describe_monitoring_schedule", "Look", parameters=named, result_path="$.Meanwhile")
        >> Pass("Work")
        >> aws_sdk("sagemaker", "start_monitoring_schedule", "Go on", parameters=named, result_path=None)
    )
    flow = Workflow("resting", definition_of, ROLE, client=cloud.client("stepfunctions"))
    flow.create()
    output = flow.execute(inputs={}).get_output(wait=True, timeout=30)
    assert output["Meanwhile"]["MonitoringScheduleStatus"] == "Stopped"
    assert sagemaker.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Scheduled"
    policy = json.dumps(policy_of(flow.definition.to_dict(), name="resting").document())
    assert ":monitoring-schedule/rested" in policy
