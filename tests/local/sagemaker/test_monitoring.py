"""Model Monitor on the local cloud: job definitions and schedules are kept and checked, and say that nothing runs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.local.sagemaker.conftest import ROLE
from tests.local.sagemaker.test_capture import serve

from stepfunctions.catalog.monitoring import KINDS
from stepfunctions.errors import ServiceError

IMAGE = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
TRANSFORMED = {
    "BatchTransformInput": {
        "DataCapturedDestinationS3Uri": "s3://b/captured",
        "DatasetFormat": {"Csv": {"Header": True}},
        "LocalPath": "/opt/ml/processing/input",
    }
}
LOOKED_AT = {"EndpointInput": {"EndpointName": "delays", "LocalPath": "/opt/ml/processing/input/endpoint"}}
CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}}
OUTPUT = {
    "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}}]
}
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}


def definition(kind: str, name: str = "m", given: dict[str, Any] = TRANSFORMED) -> dict[str, Any]:
    known = KINDS[kind]
    inputs = {**given, **({"GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"}} if known.truth else {})}
    application = {"ImageUri": IMAGE, **({"ConfigUri": "s3://bucket/config.json"} if known.config else {})}
    return {
        "JobDefinitionName": name,
        f"{kind}AppSpecification": application,
        f"{kind}JobInput": inputs,
        f"{kind}JobOutputConfig": OUTPUT,
        "JobResources": CLUSTER,
        "RoleArn": ROLE,
    }


def of(name: str = "m", kind: str = "DataQuality", **times: Any) -> dict[str, Any]:
    """A schedule's configuration."""
    config = {"MonitoringJobDefinitionName": name, "MonitoringType": kind}
    return {"ScheduleConfig": times or HOURLY, **config}


@pytest.fixture
def sm(open_sagemaker: Any) -> Any:
    return open_sagemaker()


def refused(sm: Any, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as error:
        sm(operation, **params)
    return error.value.code, error.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_job_definitions_are_kept(sm: Any, kind: str) -> None:
    request = definition(kind)
    arn = sm(f"Create{kind}JobDefinition", **request, Tags=[{"Key": "team", "Value": "a"}])["JobDefinitionArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:123456789012:{KINDS[kind].kind}/m"
    said = sm(f"Describe{kind}JobDefinition", JobDefinitionName="m")
    assert {name: said[name] for name in request} == request
    assert said["StoppingCondition"] == {"MaxRuntimeInSeconds": KINDS[kind].longest}
    assert sm("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    assert refused(sm, f"Create{kind}JobDefinition", **request)[0] == "ResourceInUse"
    sm(f"Create{kind}JobDefinition", **definition(kind, "of-endpoint", LOOKED_AT))
    listed = sm(f"List{kind}JobDefinitions", EndpointName="delays")["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in listed] == ["of-endpoint"]
    first = sm(f"List{kind}JobDefinitions", SortBy="Name", SortOrder="Ascending", MaxResults=1)
    rest = sm(f"List{kind}JobDefinitions", SortBy="Name", SortOrder="Ascending", NextToken=first["NextToken"])
    names = [one["MonitoringJobDefinitionName"] for page in (first, rest) for one in page["JobDefinitionSummaries"]]
    assert names == ["m", "of-endpoint"]
    sm(f"Delete{kind}JobDefinition", JobDefinitionName="m")
    for verb in ("Describe", "Delete"):
        assert refused(sm, f"{verb}{kind}JobDefinition", JobDefinitionName="m")[0] == "ResourceNotFound"
    assert refused(sm, "ListTags", ResourceArn=arn)[0] == "ValidationException"


def test_one_input(sm: Any) -> None:
    for given in ({}, {**TRANSFORMED, **LOOKED_AT}):
        request = definition("DataQuality", given=given)
        code, message = refused(sm, "CreateDataQualityJobDefinition", **request)
        assert (code, "one of EndpointInput and BatchTransformInput" in message) == ("ValidationException", True)


def test_a_schedule_says_that_nothing_runs(sm: Any, caplog: pytest.LogCaptureFixture) -> None:
    sm("CreateDataQualityJobDefinition", **definition("DataQuality"))
    with caplog.at_level(logging.WARNING):
        arn = sm("CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=of())[
            "MonitoringScheduleArn"
        ]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/s"
    said = sm("DescribeMonitoringSchedule", MonitoringScheduleName="s")
    assert (said["MonitoringScheduleStatus"], said["MonitoringType"]) == ("Scheduled", "DataQuality")
    assert said["MonitoringScheduleConfig"] == of()
    assert "runs nothing" in said["FailureReason"]
    assert "runs nothing" in caplog.text
    assert not any(name.startswith("$") for name in said)
    assert sm("ListMonitoringExecutions", MonitoringScheduleName="s") == {"MonitoringExecutionSummaries": []}
    assert refused(sm, "CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=of())[0] == (
        "ResourceInUse"
    )


def test_it_is_changed_stopped_started_and_deleted(sm: Any) -> None:
    for kind in ("DataQuality", "ModelBias"):
        sm(f"Create{kind}JobDefinition", **definition(kind))
    named: dict[str, Any] = {"MonitoringScheduleName": "s"}
    sm("CreateMonitoringSchedule", **named, MonitoringScheduleConfig=of())
    sm("StopMonitoringSchedule", **named)
    said = sm("DescribeMonitoringSchedule", **named)
    assert said["MonitoringScheduleStatus"] == "Stopped"
    assert "FailureReason" not in said
    changed = of("m", "ModelBias", ScheduleExpression="cron(0 17/12 ? * * *)")
    sm("UpdateMonitoringSchedule", **named, MonitoringScheduleConfig=changed)
    said = sm("DescribeMonitoringSchedule", **named)
    assert (said["MonitoringScheduleStatus"], said["MonitoringType"]) == ("Stopped", "ModelBias")
    assert said["MonitoringScheduleConfig"] == changed
    for filters in ({"MonitoringTypeEquals": "ModelBias"}, {"StatusEquals": "Stopped"}, {"NameContains": "s"}):
        (one,) = sm("ListMonitoringSchedules", **filters)["MonitoringScheduleSummaries"]
        assert one["MonitoringJobDefinitionName"] == "m"
    for none in ({"MonitoringTypeEquals": "DataQuality"}, {"EndpointName": "e"}, {"MonitoringJobDefinitionName": "x"}):
        assert sm("ListMonitoringSchedules", **none)["MonitoringScheduleSummaries"] == []
    sm("StartMonitoringSchedule", **named)
    assert sm("DescribeMonitoringSchedule", **named)["MonitoringScheduleStatus"] == "Scheduled"
    sm("DeleteMonitoringSchedule", **named)
    for verb in ("Describe", "Delete", "Start", "Stop"):
        assert refused(sm, f"{verb}MonitoringSchedule", **named)[0] == "ResourceNotFound"
    assert refused(sm, "UpdateMonitoringSchedule", **named, MonitoringScheduleConfig=changed)[0] == "ResourceNotFound"


def test_a_definition_of_its_own(sm: Any) -> None:
    own = {
        "MonitoringInputs": [TRANSFORMED],
        "MonitoringOutputConfig": OUTPUT,
        "MonitoringResources": CLUSTER,
        "MonitoringAppSpecification": {"ImageUri": IMAGE},
        "RoleArn": ROLE,
    }
    config = {"ScheduleConfig": HOURLY, "MonitoringJobDefinition": own}
    sm("CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=config)
    said = sm("DescribeMonitoringSchedule", MonitoringScheduleName="s")
    assert (said["MonitoringScheduleConfig"], said["MonitoringType"]) == (config, "DataQuality")
    both = {**config, **of()}
    code, message = refused(sm, "CreateMonitoringSchedule", MonitoringScheduleName="t", MonitoringScheduleConfig=both)
    assert (code, "not both" in message) == ("ValidationException", True)


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({}, "ValidationException", "Either MonitoringJobDefinition or MonitoringJobDefinitionName"),
        ({"MonitoringJobDefinitionName": "m"}, "ValidationException", "MonitoringType is required"),
        (of("other"), "ResourceNotFound", "data-quality-job-definition/other"),
        (of("m", "ModelBias"), "ResourceNotFound", "model-bias-job-definition/m"),
        (of(ScheduleExpression="cron(5 * ? * * *)"), "ValidationException", "cron(5 * ? * * *)"),
        (of(ScheduleExpression="cron(0 24 ? * * *)"), "ValidationException", "cron(0 H/N ? * * *)"),
        (of(ScheduleExpression="cron(0 1/25 ? * * *)"), "ValidationException", "cron(0 1/25 ? * * *)"),
        (of(ScheduleExpression="NOW"), "ValidationException", "DataAnalysisStartTime and DataAnalysisEndTime"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_told(sm: Any, config: dict[str, Any], code: str, words: str) -> None:
    sm("CreateDataQualityJobDefinition", **definition("DataQuality"))
    said = refused(sm, "CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=config)
    assert (said[0], words in said[1]) == (code, True), said


@pytest.mark.parametrize("expression", ["cron(0 * ? * * *)", "cron(0 0 ? * * *)", "cron(0 07/24 ? * * *)"])
def test_times_that_it_has(sm: Any, expression: str) -> None:
    sm("CreateDataQualityJobDefinition", **definition("DataQuality"))
    config = of(ScheduleExpression=expression)
    sm("CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=config)


def test_the_endpoint_must_be_there_and_capture(sm: Any) -> None:
    serve(sm, "delays")
    serve(sm, "deaf", EnableCapture=False)
    for name in ("delays", "deaf", "none"):
        looked_at = {"EndpointInput": {**LOOKED_AT["EndpointInput"], "EndpointName": name}}
        sm("CreateDataQualityJobDefinition", **definition("DataQuality", name, looked_at))
    for name, words in (("none", 'Could not find endpoint "arn:'), ("deaf", "does not capture data")):
        said = refused(sm, "CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=of(name))
        assert said[0] == "ValidationException"
        assert words in said[1]
    sm("CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=of("delays"))
    (one,) = sm("ListMonitoringSchedules", EndpointName="delays")["MonitoringScheduleSummaries"]
    assert one["MonitoringScheduleName"] == "s"


def test_both_are_there_after_a_restart(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    sm("CreateDataQualityJobDefinition", **definition("DataQuality"))
    sm("CreateMonitoringSchedule", MonitoringScheduleName="s", MonitoringScheduleConfig=of())
    again = open_sagemaker()
    assert again("DescribeMonitoringSchedule", MonitoringScheduleName="s")["MonitoringScheduleConfig"] == of()


def test_shapes_are_checked(sm: Any) -> None:
    wrong = {**definition("DataQuality"), "JobResources": {"ClusterConfig": {"InstanceCount": 0}}}
    code, message = refused(sm, "CreateDataQualityJobDefinition", **wrong)
    assert code == "ValidationException"
    assert "jobResources.clusterConfig.instanceType" in message
