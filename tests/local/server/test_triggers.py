"""What starts executions, made by ``workflow.triggers`` through boto3: one event, one execution, the stated input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.exceptions import WaiterError
from tests.local.server.test_shifting import Endpoints

from stepfunctions.deploy.trigger_stack import triggers_template
from stepfunctions.mlops import (
    EventField,
    Metric,
    OnAlarm,
    OnEvent,
    OnModelApproved,
    OnModelDrift,
    OnObjectCreated,
    OnWorkflow,
    Schedule,
)
from stepfunctions.steps import Fail, Pass
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

pytestmark = pytest.mark.local

ROLE = "arn:aws:iam::123456789012:role/workflow"
ERRORS = Metric(namespace="Models", name="mae", dimensions={"Model": "delays"}, statistic="Maximum", period=60)
DRIFT = Metric.of_model_monitor("delays", "hourly", "distance")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        yield cloud


@pytest.fixture(scope="module")
def until(cloud: LocalCloud) -> Callable[[Callable[[], Any]], None]:
    return Endpoints(cloud).until


class Triggered:
    """A workflow with triggers, and the inputs that its executions got."""

    def __init__(self, cloud: LocalCloud, name: str, *triggers: Any) -> None:
        self.cloud = cloud
        self.session = boto3.Session("test", "test", region_name="us-east-1")
        self.flow = Workflow(name, Pass("P"), ROLE, client=cloud.client("stepfunctions"))
        self.flow.create()
        assert self.set(*triggers) is bool(triggers)

    def set(self, *triggers: Any, **options: Any) -> bool:
        return self.flow.triggers(*triggers, session=self.session, **options)

    def inputs(self) -> list[Any]:
        found = [execution.describe() for execution in self.flow.list_executions()]
        return [json.loads(one["input"]) for one in found]


def put_metric(cloud: LocalCloud, metric: Metric, value: float) -> None:
    dimensions = [{"Name": name, "Value": one} for name, one in metric.dimensions.items()]
    data = [{"MetricName": metric.name, "Dimensions": dimensions, "Value": value}]
    cloud.client("cloudwatch").put_metric_data(Namespace=metric.namespace, MetricData=data)


def test_a_schedule_fires_at_its_times(cloud: LocalCloud, until: Any) -> None:
    given = Triggered(cloud, "daily", Schedule("rate(1 day)", input={"week": 1}))
    until(given.inputs)  # a rate begins when it is made
    for times in (2, 3):
        cloud.clock.advance(86_400)
        until(lambda times=times: len(given.inputs()) == times)
    assert given.inputs() == [{"week": 1}] * 3
    assert not given.set(Schedule("rate(1 day)", input={"week": 1})), "nothing differs"
    assert given.set(), "the last one is taken away"
    assert not given.set()
    cloud.clock.advance(86_400)
    assert len(given.inputs()) == 3


def test_a_new_object(cloud: LocalCloud, until: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_notification_configuration(Bucket="raw", NotificationConfiguration={"EventBridgeConfiguration": {}})
    asked = {"key": EventField("$.detail.object.key"), "sizes": [EventField("$.detail.object.size")], "what": "new"}
    given = Triggered(cloud, "objects", OnObjectCreated("raw", "in/", ".csv", input=asked))
    for key in ("in/a.txt", "out/a.csv", "in/week 1.csv"):
        s3.put_object(Bucket="raw", Key=key, Body=b"1,2")
    until(given.inputs)
    assert given.inputs() == [{"key": "in/week 1.csv", "sizes": [3], "what": "new"}]


@pytest.mark.parametrize(
    ("name", "trigger", "metric", "period"),
    [
        ("alarm", OnAlarm(metric=ERRORS, threshold=20, retries=3, max_age=3600), ERRORS, 60),
        ("drift", OnModelDrift(DRIFT, threshold=0.2), DRIFT, 3600),
    ],
)
def test_a_metric_over_its_threshold(
    cloud: LocalCloud, until: Any, name: str, trigger: Any, metric: Metric, period: int
) -> None:
    given = Triggered(cloud, name, trigger)
    put_metric(cloud, metric, 0.1)
    cloud.clock.advance(2 * period)
    assert given.inputs() == []
    for _ in range(2):  # it goes off once, however long it stays
        put_metric(cloud, metric, 30)
        cloud.clock.advance(period)
    until(given.inputs)
    cloud.clock.advance(10)
    (event,) = given.inputs()
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["state"]["value"] == "ALARM"


def test_an_alarm_that_is_there(cloud: LocalCloud, until: Any) -> None:
    Endpoints.alarm(_Alarms(cloud), "known", "e", "Invocation5XXErrors", 0)  # type: ignore[arg-type]
    given = Triggered(cloud, "by-name", OnAlarm(alarm="known", input={"why": EventField("$.detail.alarmName")}))
    cloud.client("cloudwatch").set_alarm_state(AlarmName="known", StateValue="ALARM", StateReason="test")
    until(given.inputs)
    assert given.inputs() == [{"why": "known"}]


class _Alarms:
    def __init__(self, cloud: LocalCloud) -> None:
        self.cloudwatch = cloud.client("cloudwatch")


def test_the_end_of_another_workflow(cloud: LocalCloud, until: Any) -> None:
    client = cloud.client("stepfunctions")
    good, bad = (
        Workflow(name, step, ROLE, client=client) for name, step in (("good", Pass("P")), ("bad", Fail("F", error="E")))
    )
    for flow in (good, bad):
        flow.create()
    after = Triggered(cloud, "after", OnWorkflow(good, input={"run": EventField("$.detail.name")}))
    failed = Triggered(cloud, "after-failure", OnWorkflow(str(bad.state_machine_arn), ("FAILED", "TIMED_OUT")))
    good.execute(name="one").get_output(wait=True, timeout=30)
    bad.execute(name="two").wait(30)
    until(lambda: after.inputs() and failed.inputs())
    assert after.inputs() == [{"run": "one"}]
    assert [event["detail"]["status"] for event in failed.inputs()] == ["FAILED"]


def test_an_event_goes_to_the_alias(cloud: LocalCloud, until: Any) -> None:
    given = Triggered(cloud, "aliased")
    given.flow.publish(alias="live")
    given.set(OnEvent({"source": ["mine"], "detail": {"go": [True]}}), alias="live")
    events = cloud.client("events")
    for go in (False, True):
        events.put_events(Entries=[{"Source": "mine", "DetailType": "t", "Detail": json.dumps({"go": go})}])
    until(given.inputs)
    (event,) = given.inputs()
    assert event["detail"] == {"go": True}
    (execution,) = given.flow.list_executions()
    assert execution.describe()["stateMachineAliasArn"].endswith(":live")


def test_what_cannot_start_is_kept(cloud: LocalCloud, until: Any) -> None:
    given = Triggered(cloud, "deleted", OnEvent({"source": ["lost"]}, retries=0))
    given.flow.delete()
    cloud.client("events").put_events(Entries=[{"Source": "lost", "DetailType": "t", "Detail": "{}"}])
    sqs, stack = cloud.client("sqs"), cloud.client("cloudformation").describe_stacks(StackName="deleted-triggers")
    url = stack["Stacks"][0]["Outputs"][0]["OutputValue"]
    until(lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages"))


def test_what_is_missing_is_told_before_anything_is_made(cloud: LocalCloud) -> None:
    given = Triggered(cloud, "careful")
    for trigger, message in (
        (OnObjectCreated("nowhere"), "there is no bucket 'nowhere'"),
        (OnAlarm(alarm="none"), "there is no alarm 'none'"),
        ("daily", "triggers\\(\\) is given 'daily'"),
    ):
        with pytest.raises(ValueError, match=message):
            given.set(Schedule("rate(1 day)"), trigger)
    with pytest.raises(ValueError, match=r"There is no alias arn:.*:careful:live"):
        given.set(Schedule("rate(1 day)"), alias="live")
    with pytest.raises(cloud.client("cloudformation").exceptions.ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName="careful-triggers")


def test_a_buckets_other_notifications_stay(cloud: LocalCloud, until: Any) -> None:
    s3, sqs = cloud.clients("s3", "sqs")
    s3.create_bucket(Bucket="told")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    kept = {"QueueConfigurations": [{"Id": "mine", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}]}
    s3.put_bucket_notification_configuration(
        Bucket="told", NotificationConfiguration=kept, SkipDestinationValidation=True
    )
    given = Triggered(cloud, "told", OnObjectCreated("told"))
    found = s3.get_bucket_notification_configuration(Bucket="told")
    assert found["EventBridgeConfiguration"] == {}
    assert [one["Id"] for one in found["QueueConfigurations"]] == ["mine"]
    s3.put_object(Bucket="told", Key="a", Body=b"")
    until(given.inputs)


def test_a_stack_that_could_not_be_made_does_not_stand_in_the_way(cloud: LocalCloud) -> None:
    cloudformation = cloud.client("cloudformation")
    bad = {"Resources": {"Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": "no"}}}}}
    cloudformation.create_stack(StackName="second-triggers", TemplateBody=json.dumps(bad))
    with pytest.raises(WaiterError):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="second-triggers", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    Triggered(cloud, "second", Schedule("rate(1 day)", enabled=False))
    (stack,) = cloudformation.describe_stacks(StackName="second-triggers")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_they_can_be_removed_after_their_workflow(cloud: LocalCloud) -> None:
    given = Triggered(cloud, "gone", Schedule("rate(1 day)", enabled=False))
    given.flow.delete()
    assert given.set()
    assert not given.set()


def test_a_schedule_names_its_executions(cloud: LocalCloud, until: Any) -> None:
    given = Triggered(cloud, "named", Schedule("rate(1 day)", unique=True, input={"week": 1}))
    until(given.inputs)
    assert given.inputs() == [{"week": 1}]
    (execution,) = given.flow.list_executions()
    assert re.fullmatch(r"[0-9a-f]{16}", execution.name)


def test_an_event_that_is_delivered_twice_starts_twice(cloud: LocalCloud, until: Any) -> None:
    """EventBridge promises at least once: the id of the event is for the workflow to look at."""
    given = Triggered(cloud, "twice", OnEvent({"source": ["twice"]}, input={"id": EventField("$.detail.id")}))
    for _ in range(2):
        detail = json.dumps({"id": "7"})
        cloud.client("events").put_events(Entries=[{"Source": "twice", "DetailType": "t", "Detail": detail}])
    until(lambda: len(given.inputs()) == 2)
    assert given.inputs() == [{"id": "7"}] * 2


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        # In March the clocks go from 2:00 to 3:00: there is no 2:30 on that day.
        ("2027-03-26T00:00:00", ["2027-03-26T02:30+01:00", "2027-03-27T02:30+01:00", "2027-03-29T02:30+02:00"]),
        # In October 2:30 is shown twice: it happens at the first one.
        (
            "2027-10-30T00:00:00",
            ["2027-10-30T02:30+02:00", "2027-10-31T02:30+02:00", "2027-11-01T02:30+01:00", "2027-11-02T02:30+01:00"],
        ),
    ],
)
def test_a_time_zone_with_a_change_of_clocks(begin: str, expected: list[str]) -> None:
    zone = ZoneInfo("Europe/Berlin")
    began = datetime.fromisoformat(begin).replace(tzinfo=zone)
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        cloud.clock.advance((began - cloud.clock.now()).total_seconds())
        given = Triggered(cloud, "berlin", Schedule("cron(30 2 ? * * *)", timezone="Europe/Berlin"))
        cloud.clock.advance(3.9 * 86_400)
        Endpoints(cloud).until(lambda: len(given.inputs()) >= len(expected))
        started = sorted(one.describe()["startDate"].astimezone(zone) for one in given.flow.list_executions())
        assert [one.isoformat(timespec="minutes") for one in started] == expected


def test_only_an_approval_fits(cloud: LocalCloud) -> None:
    trigger = OnModelApproved("delays")
    template = triggers_template("arn:aws:states:us-east-1:123456789012:stateMachine:m", [trigger])
    pattern = json.dumps(template["Resources"]["ModelApprovedTrigger"]["Properties"]["EventPattern"])

    def fits(**detail: Any) -> bool:
        event = {
            "id": "1",
            "account": "123456789012",
            "region": "us-east-1",
            "time": "2026-01-01T00:00:00Z",
            "resources": [],
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Model Package State Change",
            "detail": {"ModelPackageGroupName": "delays", "ModelApprovalStatus": "Approved", **detail},
        }
        answer = cloud.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
        return bool(answer["Result"])

    assert fits()
    assert fits(UpdatedModelPackageFields=["ModelApprovalStatus"])
    assert not fits(UpdatedModelPackageFields=["CustomerMetadataProperties"])
    assert not fits(ModelApprovalStatus="Rejected")
    assert not fits(ModelPackageGroupName="others")


def test_an_approved_model(cloud: LocalCloud, until: Any) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="approved")
    given = Triggered(
        cloud, "on-approval", OnModelApproved("approved", input={"model": EventField("$.detail.ModelPackageArn")})
    )
    waiting = sagemaker.create_model_package(ModelPackageGroupName="approved")["ModelPackageArn"]
    at_once = sagemaker.create_model_package(ModelPackageGroupName="approved", ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=waiting, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=waiting, CustomerMetadataProperties={"seen": "yes"})
    until(lambda: len(given.inputs()) == 2)
    cloud.clock.advance(5)
    assert sorted(one["model"] for one in given.inputs()) == sorted([waiting, at_once["ModelPackageArn"]])
