"""Each resource type made, read, changed and deleted through its handler, on a real cloud."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfnlint.schema.manager  # type: ignore[import-untyped]
import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.cloudformation.handlers import Context, Handler, handler_of, supported_types
from stepfunctions.runtime.clock import ManualClock

ROLE = "arn:aws:iam::123456789012:role/r"
ACCOUNT = "us-east-1:123456789012"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${what}", "End": True}}}
MACHINE = f"arn:aws:states:{ACCOUNT}:stateMachine:m"
CODE = {"Handler": "index.handler", "Runtime": "python3.11", "Role": ROLE}
ALARM = {
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": "60",
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
SCHEDULE = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": MACHINE, "RoleArn": ROLE}}
JOB = {"Role": ROLE, "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}}
TARGETS = [{"Id": "one", "Arn": MACHINE, "RoleArn": ROLE}]
BRIDGE = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def monitored(expression: str) -> dict[str, Any]:
    """The configuration of a monitoring schedule with its own job definition."""
    looked_at = {
        "DataCapturedDestinationS3Uri": "s3://b/captured",
        "DatasetFormat": {"Csv": {}},
        "LocalPath": "/opt/ml/processing/input",
    }
    output = {"S3Output": {"S3Uri": "s3://b/reports", "LocalPath": "/opt/ml/processing/output"}}
    job = {
        "MonitoringInputs": [{"BatchTransformInput": looked_at}],
        "MonitoringOutputConfig": {"MonitoringOutputs": [output]},
        "MonitoringResources": {
            "ClusterConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
        "MonitoringAppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
    }
    return {"ScheduleConfig": {"ScheduleExpression": expression}, "MonitoringJobDefinition": job}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path / "data", clock=ManualClock()) as made:
        yield made


def context(cloud: Cloud, logical: str = "Thing", **more: Any) -> Context:
    return Context(
        cloud=cloud,
        stack_name="stack",
        stack_id=f"arn:aws:cloudformation:{ACCOUNT}:stack/stack/1",
        logical_id=logical,
        region="us-east-1",
        account="123456789012",
        unique="0123456789abcdef0123456789abcdef",
        tags={"team": "science"},
        **more,
    )


def one_of(kind: str) -> Handler:
    found = handler_of(kind)
    assert found is not None, kind
    return found


CYCLES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "StepFunctions::StateMachine",
        {"RoleArn": ROLE, "Definition": DEFINITION, "DefinitionSubstitutions": {"what": "one"}},
        {"RoleArn": ROLE, "DefinitionString": json.dumps(DEFINITION), "DefinitionSubstitutions": {"what": 2}},
    ),
    ("StepFunctions::Activity", {"Name": "a"}, {"Name": "a", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("Events::EventBus", {"Name": "b"}, {"Name": "b", "Description": "changed"}),
    (
        "Events::Rule",
        {"EventPattern": {"source": ["a"]}, "Targets": TARGETS},
        {"EventPattern": {"source": ["b"]}, "State": "DISABLED", "Targets": [{**TARGETS[0], "Id": "two"}]},
    ),
    (
        "Events::Archive",
        {"SourceArn": f"arn:aws:events:{ACCOUNT}:event-bus/default", "RetentionDays": "3"},
        {"SourceArn": f"arn:aws:events:{ACCOUNT}:event-bus/default", "RetentionDays": 4},
    ),
    ("Scheduler::ScheduleGroup", {"Name": "g"}, {"Name": "g", "Tags": [{"Key": "k", "Value": "v"}]}),
    (
        "Scheduler::Schedule",
        {**SCHEDULE, "ScheduleExpression": "rate(1 hour)"},
        {**SCHEDULE, "ScheduleExpression": "rate(2 hours)"},
    ),
    ("CloudWatch::Alarm", {**ALARM, "Threshold": "1"}, {**ALARM, "Threshold": 2}),
    ("Logs::LogGroup", {"RetentionInDays": 3}, {"RetentionInDays": "5"}),
    (
        "IAM::Role",
        {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": ALLOW}]},
        {"AssumeRolePolicyDocument": TRUST, "Description": "changed", "Tags": [{"Key": "k", "Value": "v"}]},
    ),
    ("IAM::ManagedPolicy", {"PolicyDocument": ALLOW}, {"PolicyDocument": {**ALLOW, "Id": "changed"}}),
    (
        "S3::Bucket",
        {"VersioningConfiguration": {"Status": "Enabled"}, "NotificationConfiguration": BRIDGE},
        {"NotificationConfiguration": BRIDGE, "Tags": [{"Key": "k", "Value": "v"}]},
    ),
    (
        "Lambda::Function",
        {**CODE, "Code": {"ZipFile": "def handler(event, context): return 1"}},
        {**CODE, "Code": {"ZipFile": "def handler(event, context): return 2"}, "Timeout": "10"},
    ),
    ("SQS::Queue", {"DelaySeconds": 5}, {"VisibilityTimeout": "40", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("SNS::Topic", {"DisplayName": "one"}, {"DisplayName": "two"}),
    ("Glue::Job", {**JOB, "DefaultArguments": {"--a": "1"}}, JOB),
    (
        "SageMaker::MonitoringSchedule",
        {"MonitoringScheduleName": "s", "MonitoringScheduleConfig": monitored("cron(0 * ? * * *)")},
        {"MonitoringScheduleName": "s", "MonitoringScheduleConfig": monitored("cron(0 6 ? * * *)")},
    ),
]


@pytest.mark.parametrize(("kind", "first", "second"), CYCLES, ids=[kind for kind, _, _ in CYCLES])
def test_a_resource_is_made_read_changed_and_deleted(
    cloud: Cloud, kind: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    handler, where = one_of(f"AWS::{kind}"), context(cloud)
    made = handler.create(where, first)
    live = handler.read(where, made.id, first)
    assert live == {name: first[name] for name in live or {}}
    changed = handler.update(where, made.id, first, second)
    assert changed.id == made.id
    live = handler.read(where, made.id, second)
    assert live == {name: second[name] for name in live or {}}
    handler.delete(where, made.id, second)
    handler.delete(where, made.id, second)
    assert handler.read(where, made.id, second) is None


@pytest.mark.parametrize("kind", ["Events::Rule", "CloudWatch::Alarm", "S3::Bucket", "StepFunctions::StateMachine"])
def test_what_a_cut_step_made_is_taken_as_made(cloud: Cloud, kind: str) -> None:
    properties = next(first for name, first, _ in CYCLES if name == kind)
    handler = one_of(f"AWS::{kind}")
    made = handler.create(context(cloud), properties)
    assert handler.create(context(cloud, again=True), properties).id == made.id


def test_a_version_and_an_alias_that_shifts(cloud: Cloud) -> None:
    machine, version = (
        one_of("AWS::StepFunctions::StateMachine"),
        one_of("AWS::StepFunctions::StateMachineVersion"),
    )
    alias = one_of("AWS::StepFunctions::StateMachineAlias")
    first = {"RoleArn": ROLE, "StateMachineName": "m", "DefinitionString": json.dumps(DEFINITION)}
    made = machine.create(context(cloud), first)
    assert made.attributes["StateMachineRevisionId"] == "INITIAL"
    one = version.create(context(cloud), {"StateMachineArn": made.id, "StateMachineRevisionId": "INITIAL"})
    second = {**first, "DefinitionSubstitutions": {"what": "changed"}}
    revision = machine.update(context(cloud), made.id, first, second).attributes["StateMachineRevisionId"]
    two = version.create(context(cloud), {"StateMachineArn": made.id, "StateMachineRevisionId": revision})
    assert [one.id, two.id] == [f"{MACHINE}:1", f"{MACHINE}:2"]

    routed = {"Name": "live", "RoutingConfiguration": [{"StateMachineVersionArn": one.id, "Weight": "100"}]}
    made = alias.create(context(cloud), routed)
    assert made.id == f"{MACHINE}:live"
    shifted = {"Name": "live", "DeploymentPreference": {"StateMachineVersionArn": two.id, "Type": "ALL_AT_ONCE"}}
    alias.update(context(cloud), made.id, routed, shifted)
    live = cloud.call("stepfunctions", "DescribeStateMachineAlias", {"stateMachineAliasArn": made.id})
    assert live["routingConfiguration"] == [{"stateMachineVersionArn": two.id, "weight": 100}]
    alias.delete(context(cloud), made.id, shifted)
    assert alias.read(context(cloud), made.id, shifted) is None


def versions(cloud: Cloud) -> tuple[str, str]:
    """Make a state machine with two versions."""
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    request = {"name": "m", "roleArn": ROLE, "definition": json.dumps(definition), "publish": True}
    first = cloud.call("stepfunctions", "CreateStateMachine", request)["stateMachineVersionArn"]
    change = {"stateMachineArn": MACHINE, "definition": json.dumps({**definition, "Comment": "2"}), "publish": True}
    second = cloud.call("stepfunctions", "UpdateStateMachine", change)["stateMachineVersionArn"]
    return str(first), str(second)


class Deployment:
    """An update of the alias ``live`` from one version to another, in a thread of its own."""

    def __init__(self, cloud: Cloud, **preference: Any) -> None:
        self.cloud, self.alias = cloud, one_of("AWS::StepFunctions::StateMachineAlias")
        self.first, self.second = versions(cloud)
        self.old = {"Name": "live", "RoutingConfiguration": [{"StateMachineVersionArn": self.first, "Weight": 100}]}
        self.new = {"Name": "live", "DeploymentPreference": {"StateMachineVersionArn": self.second, **preference}}
        self.id = self.alias.create(context(cloud), self.old).id
        self.error: ServiceError | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.alias.update(context(self.cloud), self.id, self.old, self.new)
        except ServiceError as error:
            self.error = error

    def weights(self) -> dict[str, int]:
        answer = self.cloud.call("stepfunctions", "DescribeStateMachineAlias", {"stateMachineAliasArn": self.id})
        return {one["stateMachineVersionArn"][-1]: one["weight"] for one in answer["routingConfiguration"]}

    def reaches(self, weights: dict[str, int]) -> None:
        """Move the clock, step by step, until the alias has these weights."""
        pause = threading.Event()
        for _ in range(500):
            if self.weights() == weights:
                return
            assert isinstance(self.cloud.clock, ManualClock)
            self.cloud.clock.advance(20)
            pause.wait(0.02)
        raise AssertionError(self.weights())


def test_a_canary_bakes_on_the_clouds_clock(cloud: Cloud) -> None:
    began = cloud.clock.now()
    deployment = Deployment(cloud, Type="CANARY", Percentage="10", Interval="5")
    deployment.reaches({"1": 90, "2": 10})
    deployment.reaches({"2": 100})
    deployment.thread.join()
    assert deployment.error is None
    assert cloud.clock.now() - began >= 300


def test_a_linear_deployment_goes_on_step_by_step(cloud: Cloud) -> None:
    deployment = Deployment(cloud, Type="LINEAR", Percentage=40, Interval=1)
    for weights in ({"1": 60, "2": 40}, {"1": 20, "2": 80}, {"2": 100}):
        deployment.reaches(weights)
    deployment.thread.join()
    assert deployment.error is None


def test_an_alarm_leads_the_alias_back(cloud: Cloud) -> None:
    alarm = one_of("AWS::CloudWatch::Alarm")
    alarm.create(context(cloud), {**ALARM, "AlarmName": "bad", "Threshold": 1, "TreatMissingData": "ignore"})
    deployment = Deployment(cloud, Type="CANARY", Percentage=10, Interval=2000, Alarms=["bad"])
    deployment.reaches({"1": 90, "2": 10})
    cloud.call("cloudwatch", "SetAlarmState", {"AlarmName": "bad", "StateValue": "ALARM", "StateReason": "a test"})
    deployment.reaches({"1": 100})
    deployment.thread.join()
    assert deployment.error is not None
    assert "alarm bad is in state ALARM" in deployment.error.message


def test_a_permission_is_a_statement_of_the_functions_policy(cloud: Cloud) -> None:
    function, permission = one_of("AWS::Lambda::Function"), one_of("AWS::Lambda::Permission")
    code = {"ZipFile": "def handler(event, context): return 1"}
    function.create(context(cloud), {**CODE, "FunctionName": "f", "Code": code})
    given = {"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    made = permission.create(context(cloud), given)
    policy = json.loads(cloud.call("lambda", "GetPolicy", {"FunctionName": "f"})["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == [made.id]
    permission.delete(context(cloud), made.id, given)
    permission.delete(context(cloud), made.id, given)
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        cloud.call("lambda", "GetPolicy", {"FunctionName": "f"})


def test_refusals_name_the_property(cloud: Cloud) -> None:
    handler = one_of("AWS::Events::Rule")
    with pytest.raises(ServiceError, match=r"Encountered unsupported property Targets.0.Colour"):
        handler.create(context(cloud), {"EventPattern": {"source": ["a"]}, "Targets": [{"Colour": "red"}]})


@pytest.mark.parametrize("kind", supported_types())
def test_properties_are_those_of_cloudformations_schema(kind: str) -> None:
    handler = one_of(kind)
    schema = cfnlint.schema.manager.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    assert handler.properties - set(schema["properties"]) == set()
    assert handler.required >= set(schema.get("required", ()))
    create_only = {path.split("/")[2] for path in schema.get("createOnlyProperties", ()) if path.count("/") == 2}
    assert handler.create_only >= create_only & handler.properties
