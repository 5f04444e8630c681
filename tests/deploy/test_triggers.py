"""What starts executions, and what watches them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.deploy.goldens import ROLE
from tests.deploy.test_stack import findings
from tests.deploy.test_stack_deployed import deploy
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.deploy import Deployment, Stack
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
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow

ALL = (
    Schedule(expression="cron(0 6 ? * MON *)", timezone="Europe/Berlin", input={"week": 1}, description="Each Monday."),
    Schedule(expression="rate(1 day)", enabled=False, window=15),
    OnObjectCreated(bucket="raw-data", prefix="in/", suffix=".csv"),
    OnEvent(pattern={"source": ["aws.sagemaker"], "resources": ["arn:aws:sagemaker:us-east-1:123456789012:model/m"]}),
    OnAlarm(alarm="errors", input={"why": EventField("$.detail.alarmName")}),
    OnAlarm(
        metric=Metric(namespace="Models", name="mae", dimensions={"Model": "m"}), threshold=20, periods=3, datapoints=2
    ),
    OnModelDrift(Metric.of_model_monitor("delays", "hourly", "distance"), threshold=0.2, retries=5, max_age=600),
    OnModelApproved("delays"),
    OnWorkflow("arn:aws:states:us-east-1:123456789012:stateMachine:other", ("SUCCEEDED", "FAILED")),
)


def stack_of(*triggers: Any, **options: Any) -> Stack:
    return Workflow("flow", Pass("Done"), ROLE).stack(triggers=triggers, **options)


def test_cfn_lint_finds_nothing() -> None:
    assert findings(stack_of(*ALL, alarms=True, dashboard=True).to_yaml()) == []
    assert findings(stack_of(ALL[0], alias=None, alarms=True).to_yaml()) == []


def test_a_schedule() -> None:
    template = stack_of(*ALL).template
    schedule = template["Resources"]["ScheduleTrigger"]["Properties"]
    assert schedule["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert schedule["Target"] == {
        "Arn": {"Ref": "Alias"},
        "RoleArn": {"Fn::GetAtt": ["TriggerRole", "Arn"]},
        "Input": '{"week": 1}',
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["TriggerDeadLetters", "Arn"]}},
    }
    assert schedule["State"] == {"Ref": "SchedulesState"}
    assert template["Parameters"]["SchedulesState"]["Default"] == "ENABLED"
    off = template["Resources"]["ScheduleTrigger2"]["Properties"]
    assert (off["State"], off["FlexibleTimeWindow"]) == (
        "DISABLED",
        {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
    )
    assert "SchedulesState" not in stack_of(ALL[1]).template["Parameters"]


@pytest.mark.parametrize(
    ("prefix", "suffix", "key"),
    [
        ("", "", None),
        ("in/", "", {"prefix": "in/"}),
        ("", ".csv", {"suffix": ".csv"}),
        ("in/", ".csv", {"wildcard": "in/*.csv"}),
        ("a*", "b", {"wildcard": "a\\**b"}),
    ],
)
def test_new_objects(prefix: str, suffix: str, key: Any) -> None:
    stack = stack_of(OnObjectCreated(bucket="raw-data", prefix=prefix, suffix=suffix))
    pattern = stack.template["Resources"]["ObjectCreatedTrigger"]["Properties"]["EventPattern"]
    expected = {"bucket": {"name": [{"Ref": "RawDataBucket"}]}, **({} if key is None else {"object": {"key": [key]}})}
    assert pattern == {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": expected}


def test_an_event_holds_nothing_of_one_account() -> None:
    template = stack_of(*ALL).template
    rule = template["Resources"]["RuleTrigger"]["Properties"]
    assert rule["EventPattern"]["resources"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:model/m"}
    ]
    assert re.findall(r"arn:aws|\d{12}|us-east-1", json.dumps(template)) == []


METRIC = Metric(namespace="n", name="m", period=3600)
OTHER = "arn:aws:states:us-east-1:123456789012:stateMachine:other"
REFUSED: dict[str, Any] = {
    r"Schedule\.expression is 'daily': write rate\(value unit\), cron": lambda: Schedule("daily"),
    r"rate\(7 days\)": lambda: Schedule("rate(7 weeks)"),
    r"one of day-of-month and day-of-week, and not both, is '\?'": lambda: Schedule("cron(0 6 * * MON *)"),
    r"cron has six fields": lambda: Schedule("cron(0 6 ? * MON)"),
    r"'60' in the field minutes is not 0-59": lambda: Schedule("cron(60 6 ? * MON *)"),
    r"'MOO' in the field day-of-week is not 1-7 or SUN-SAT": lambda: Schedule("cron(0 6 ? * MOO *)"),
    r"'32' in the field day-of-month is not 1-31": lambda: Schedule("cron(0 6 32 * ? *)"),
    r"at\(yyyy-mm-ddThh:mm:ss\), for example": lambda: Schedule("at(tomorrow)"),
    r"'2026-02-30T06:00:00' is no date and time": lambda: Schedule("at(2026-02-30T06:00:00)"),
    r"Schedule\.expression is 5:": lambda: Schedule(5),  # type: ignore[arg-type]
    r"Schedule\.window is '5', but must be 1 to 1440 minutes": lambda: Schedule("rate(1 day)", window="5"),  # type: ignore[arg-type]
    r"Schedule\.retries is '3', but must be 0 to 185": lambda: Schedule("rate(1 day)", retries="3"),  # type: ignore[arg-type]
    r"Schedule\.input is no JSON: Out of range": lambda: Schedule("rate(1 day)", input=float("nan")),
    r"OnModelApproved\.input is no JSON: Object of type set": lambda: OnModelApproved("g", input={1}),
    r"OnModelApproved\.input has 8194 bytes, but may have 8192": lambda: OnModelApproved("g", input="x" * 8192),
    r"101 different EventFields, but may have 100": lambda: OnModelApproved(
        "g", input=[EventField(f"$.detail.f{number}") for number in range(101)]
    ),
    r"description is a text of at most 512": lambda: OnModelApproved("g", description="x" * 513),
    r"OnEvent\.pattern is no event pattern: ": lambda: OnEvent({"source": "aws.s3"}),
    r"OnEvent\.pattern is no JSON": lambda: OnEvent({"source": [{1}]}),
    r"OnEvent\.pattern has \d+ characters, but may have 4096": lambda: OnEvent({"source": ["x" * 5000]}),
    r"OnObjectCreated\.prefix is None": lambda: OnObjectCreated("b", prefix=None),  # type: ignore[arg-type]
    r"Metric\.statistic is 'p99', but must be one of Average": lambda: Metric(namespace="n", name="m", statistic="p99"),
    r"Metric\.name is ''": lambda: Metric(namespace="n", name=""),
    r"at most 30 names": lambda: Metric(namespace="n", name="m", dimensions={str(n): "v" for n in range(31)}),
    r"OnAlarm\.threshold is nan: write a number": lambda: OnAlarm(metric=METRIC, threshold=float("nan")),
    r"OnAlarm\.periods is '3'": lambda: OnAlarm(metric=METRIC, threshold=1, periods="3"),  # type: ignore[arg-type]
    r"may be 604800, a week": lambda: OnAlarm(metric=METRIC, threshold=1, periods=1440, datapoints=1),
    r"OnModelDrift: source is None; give a Metric": lambda: OnModelDrift(None, threshold=1),  # type: ignore[arg-type]
    r"OnWorkflow\.status is None": lambda: OnWorkflow(OTHER, None),  # type: ignore[arg-type]
    r"write an IANA name": lambda: Schedule("rate(1 day)", timezone="Berlin"),
    r"Schedule\.window is 0, but must be 1 to 1440": lambda: Schedule("rate(1 day)", window=0),
    r"a schedule has no event": lambda: Schedule("rate(1 day)", input=[EventField("$.id")]),
    r"Schedule\.retries is 186, but must be 0 to 185": lambda: Schedule("rate(1 day)", retries=186),
    r"max_age is 59": lambda: OnModelApproved("g", max_age=59),
    r"OnEvent\.pattern is": lambda: OnEvent({}),
    r"OnObjectCreated\.bucket is empty": lambda: OnObjectCreated(),
    r"group is empty": lambda: OnModelApproved(),
    r"EventField\.path is 'detail'": lambda: EventField("detail"),
    r"name of an alarm, or a metric": lambda: OnAlarm(),
    r"threshold belongs to a metric": lambda: OnAlarm(alarm="a", threshold=1),
    r"comparison is '='": lambda: OnAlarm(metric=METRIC, threshold=1, comparison="="),
    r"missing is 'bad'": lambda: OnAlarm(metric=METRIC, threshold=1, missing="bad"),
    r"datapoints is 3": lambda: OnAlarm(metric=METRIC, threshold=1, periods=2, datapoints=3),
    r"Metric\.period is 45": lambda: Metric(namespace="n", name="m", period=45),
    r"of one feature already": lambda: OnModelDrift(METRIC, threshold=1, feature="x"),
    r"write the ARN of a state machine": lambda: OnWorkflow(Workflow("w", Pass("P"), ROLE)),
    r"status is 'DONE'": lambda: OnWorkflow("arn:aws:states:us-east-1:123456789012:stateMachine:m", "DONE"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


def test_a_metric_gets_an_alarm() -> None:
    resources = stack_of(*ALL).template["Resources"]
    rule, alarm = resources["AlarmTrigger2"]["Properties"], resources["AlarmTrigger2Metric"]["Properties"]
    assert rule["EventPattern"]["detail"]["alarmName"] == [{"Ref": "AlarmTrigger2Metric"}]
    assert alarm["Dimensions"] == [{"Name": "Model", "Value": "m"}]
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["Threshold"]) == (3, 2, 20)
    drift = resources["AlarmTrigger3Metric"]["Properties"]
    assert (drift["Namespace"], drift["MetricName"]) == (
        "aws/sagemaker/Endpoints/data-metrics",
        "feature_baseline_drift_distance",
    )
    assert (drift["Period"], drift["Statistic"], drift["TreatMissingData"]) == (3600, "Sum", "notBreaching")
    target = resources["AlarmTrigger3"]["Properties"]["Targets"][0]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 600}


def test_members_of_the_event_go_into_the_input() -> None:
    (target,) = stack_of(*ALL).template["Resources"]["AlarmTrigger"]["Properties"]["Targets"]
    assert target["InputTransformer"] == {
        "InputPathsMap": {"field1": "$.detail.alarmName"},
        "InputTemplate": '{"why": <field1>}',
    }


def test_texts_of_an_input_are_no_members_of_the_event() -> None:
    given = {"a<b": "x <field1> <y> z", "n": EventField("$.id"), "again": [EventField("$.id")]}
    template = triggers_template(OTHER, [OnEvent({"source": ["s"]}, input=given)])
    transformer = template["Resources"]["RuleTrigger"]["Properties"]["Targets"][0]["InputTransformer"]
    assert transformer["InputPathsMap"] == {"field1": "$.id"}
    filled = transformer["InputTemplate"].replace("<field1>", '"1"')
    assert "<" not in filled
    assert json.loads(filled) == {"a<b": "x <field1> <y> z", "n": "1", "again": ["1"]}


@pytest.mark.parametrize(
    ("arn", "field"),
    [(OTHER, "stateMachineArn"), (f"{OTHER}:3", "stateMachineVersionArn"), (f"{OTHER}:live", "stateMachineAliasArn")],
)
def test_the_end_of_a_workflow_or_of_its_alias(arn: str, field: str) -> None:
    template = triggers_template(OTHER, [OnWorkflow(arn)])
    detail = template["Resources"]["WorkflowTrigger"]["Properties"]["EventPattern"]["detail"]
    assert detail == {field: [arn], "status": ["SUCCEEDED"]}


def test_executions_of_a_schedule_can_have_names_of_their_own() -> None:
    stack = stack_of(Schedule("rate(1 day)", unique=True, input={"a": "${b}"}))
    target = stack.template["Resources"]["ScheduleTrigger"]["Properties"]["Target"]
    assert target["Arn"] == {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:sfn:startExecution"}
    text, names = target["Input"]["Fn::Sub"]
    assert names == {"Target": {"Ref": "Alias"}}
    assert json.loads(text.replace("${!", "${")) == {
        "StateMachineArn": "${Target}",
        "Name": "<aws.scheduler.execution-id>",
        "Input": '{"a": "${b}"}',
    }
    assert findings(stack.to_yaml()) == []


def test_the_role_is_for_this_account() -> None:
    trust = stack_of(*ALL).template["Resources"]["TriggerRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_alarms_are_of_the_machine_and_of_the_queue() -> None:
    resources = stack_of(*ALL, alarms=True).template["Resources"]
    alarms = {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::CloudWatch::Alarm" and "Trigger" not in name.removeprefix("TriggerDeadLetters")
    }
    assert [one["MetricName"] for one in alarms.values()] == [
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionThrottled",
        "ExecutionsAborted",
        "ApproximateNumberOfMessagesVisible",
    ]
    assert alarms["ExecutionsFailedAlarm"]["Dimensions"] == [
        {"Name": "StateMachineArn", "Value": {"Ref": "StateMachine"}}
    ]
    assert len(stack_of(alarms=True).template["Resources"]) == len(stack_of().template["Resources"]) + 5


def test_a_gradual_deployment_is_turned_back_by_the_stacks_own_alarm() -> None:
    gradual = Deployment(type="CANARY", percentage=10, interval=5)
    stack = stack_of(alarms=True, deployment=gradual)
    preference = stack.template["Resources"]["Alias"]["Properties"]["DeploymentPreference"]
    assert preference["Alarms"] == [{"Ref": "ExecutionsFailedAlarm"}]
    assert findings(stack.to_yaml()) == []
    assert "Alarms" not in stack_of(alarms=True).template["Resources"]["Alias"]["Properties"]["DeploymentPreference"]


def test_the_local_cloud_makes_it_all(stacks: Stacks) -> None:
    stack = stack_of(*ALL, alarms=True, dashboard=True)
    outputs = deploy(stacks, stack, SchedulesState="DISABLED")
    schedules = stacks.cloud.call("scheduler", "ListSchedules", {})["Schedules"]
    assert [one["State"] for one in schedules] == ["DISABLED", "DISABLED"]
    (dashboard,) = stacks.cloud.call("cloudwatch", "ListDashboards", {})["DashboardEntries"]
    body = stacks.cloud.call("cloudwatch", "GetDashboard", {"DashboardName": dashboard["DashboardName"]})
    metrics = json.loads(body["DashboardBody"])["widgets"][0]["properties"]["metrics"]
    assert metrics[0] == ["AWS/States", "ExecutionsStarted", "StateMachineArn", outputs["StateMachineArn"]]
