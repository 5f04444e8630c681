"""A ModelMonitor made through boto3 on the local cloud: a metric of its name starts the pipeline once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.local.server.test_shifting import Endpoints
from tests.local.server.test_stacks_server import FAST
from tests.local.server.test_triggers import Triggered, put_metric
from tests.mlops.test_model_monitor import GOLDEN, KINDS, monitor

from stepfunctions.mlops import EventField, OnModelDrift
from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    """A cloud with the endpoint ``delays``, which captures, and ``deaf``, which does not."""
    pytest.importorskip("sklearn")
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        made = Endpoints(cloud)
        made.config("deaf")
        variant = {"VariantName": "all", "ModelName": "deaf", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        made.s3.create_bucket(Bucket="captured")
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captured/",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        }
        made.sagemaker.create_endpoint_config(
            EndpointConfigName="heard", ProductionVariants=[variant], DataCaptureConfig=capture
        )
        made.create("deaf", "deaf")
        made.create("delays", "heard")
        yield made


def test_its_metric_starts_the_pipeline_once(endpoints: Endpoints) -> None:
    watch = monitor()
    why = {"why": EventField("$.detail.alarmName")}
    given = Triggered(endpoints.cloud, "retrain", OnModelDrift(watch, feature="distance", threshold=0.2, input=why))
    said = endpoints.sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert (said["MonitoringScheduleStatus"], said["EndpointName"]) == ("Scheduled", "delays")
    assert "runs nothing" in said["FailureReason"]
    name = said["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"]
    made = endpoints.sagemaker.describe_data_quality_job_definition(JobDefinitionName=name)
    baseline = made["DataQualityBaselineConfig"]["ConstraintsResource"]["S3Uri"]
    assert baseline == "s3://trained-models/baseline/constraints.json"

    metric = watch.metric("distance")
    put_metric(endpoints.cloud, metric, 0.1)
    endpoints.cloud.clock.advance(2 * metric.period)
    assert given.inputs() == []
    for _ in range(3):  # it goes off once, however long it stays
        put_metric(endpoints.cloud, metric, 0.5)
        endpoints.cloud.clock.advance(metric.period)
    endpoints.until(lambda: bool(given.inputs()))
    endpoints.cloud.clock.advance(metric.period)
    (one,) = given.inputs()
    assert "AlarmTrigger" in one["why"]

    changed = monitor(schedule="cron(0 6 ? * * *)", instance_type="ml.m5.large", max_runtime=7200)
    assert given.set(OnModelDrift(changed, feature="distance", threshold=0.2, input=why))
    said = endpoints.sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert said["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == "cron(0 6 ? * * *)"
    other = said["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"]
    (left,) = endpoints.sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"]
    assert left["MonitoringJobDefinitionName"] == other != name
    assert given.set()
    assert endpoints.sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    assert endpoints.sagemaker.list_data_quality_job_definitions()["JobDefinitionSummaries"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_stack_is_deployed_and_its_metric_starts_it_once(endpoints: Endpoints, kind: str) -> None:
    template, feature = (GOLDEN / f"model_monitor-{kind}.yaml").read_text(), KINDS[kind][0]
    cloudformation, machines = endpoints.cloud.clients("cloudformation", "stepfunctions")
    named = [{"ParameterKey": "StateMachineName", "ParameterValue": kind}]
    cloudformation.create_stack(
        StackName=kind, TemplateBody=template, Parameters=named, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=kind, WaiterConfig=FAST)
    (stack,) = cloudformation.describe_stacks(StackName=kind)["Stacks"]
    arn = next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == "StateMachineArn")
    said = endpoints.sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert said["MonitoringType"] == kind

    def started() -> int:
        return len(machines.list_executions(stateMachineArn=arn)["executions"])

    metric = monitor(kind).metric(feature)
    put_metric(endpoints.cloud, metric, 0.1)
    endpoints.cloud.clock.advance(2 * metric.period)
    assert started() == 0
    for _ in range(2):
        put_metric(endpoints.cloud, metric, 0.5)
        endpoints.cloud.clock.advance(metric.period)
    endpoints.until(lambda: started() > 0)
    endpoints.cloud.clock.advance(metric.period)
    assert started() == 1
    cloudformation.delete_stack(StackName=kind)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"], WaiterConfig=FAST)
    assert endpoints.sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [("none", "there is no endpoint 'none'"), ("deaf", "endpoint 'deaf' does not capture data")],
)
def test_what_is_missing_is_told_first(endpoints: Endpoints, endpoint: str, words: str) -> None:
    given = Triggered(endpoints.cloud, f"untold-{endpoint}")
    with pytest.raises(ValueError, match=words):
        given.set(OnModelDrift(monitor(endpoint=endpoint), feature="distance", threshold=0.2))
    assert endpoints.sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
