"""A whole pipeline as one stack: data, a schedule and an alarm start it, and a killed server forgets nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from tests.local.server.conftest import Server

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Feature: {Type: String, Default: delay}
  When: {Type: String}
Mappings:
  Limits:
    drift: {most: 0.2}
Conditions:
  Scheduled: !Not [!Equals [!Ref When, never]]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              Service: [states.amazonaws.com, events.amazonaws.com, scheduler.amazonaws.com, lambda.amazonaws.com]
            Action: sts:AssumeRole
      Policies:
        - PolicyName: run
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: ["states:StartExecution", "lambda:InvokeFunction"], Resource: "*"}
  Judge:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: PYTHON
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def handler(event, context):
              return {"why": event["why"], "feature": event["feature"]}
  Data:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        EventBridgeConfiguration: {EventBridgeEnabled: true}
  Retrain:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
      DefinitionSubstitutions: {judge: !GetAtt Judge.Arn, feature: !Ref Feature}
      DefinitionString: |
        {"StartAt": "Judge", "States": {"Judge": {"Type": "Task", "Resource": "${judge}",
         "Parameters": {"feature": "${feature}", "why.$": "$.why"}, "End": true}}}
  RetrainVersion:
    Type: AWS::StepFunctions::StateMachineVersion
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      StateMachineArn: !Ref Retrain
      StateMachineRevisionId: !GetAtt Retrain.StateMachineRevisionId
  Live:
    Type: AWS::StepFunctions::StateMachineAlias
    Properties:
      Name: live
      DeploymentPreference: {StateMachineVersionArn: !Ref RetrainVersion, Type: ALL_AT_ONCE}
  OnData:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.s3]
        detail-type: [Object Created]
        detail: {bucket: {name: [!Ref Data]}, object: {key: [{prefix: raw/}]}}
      Targets:
        - Id: retrain
          Arn: !Ref Live
          RoleArn: !GetAtt Role.Arn
          InputTransformer:
            InputPathsMap: {key: $.detail.object.key}
            InputTemplate: '{"why": "data <key>"}'
  Weekly:
    Type: AWS::Scheduler::Schedule
    Condition: Scheduled
    Properties:
      ScheduleExpression: !Sub at(${When})
      FlexibleTimeWindow: {Mode: "OFF"}
      Target: {Arn: !Ref Live, RoleArn: !GetAtt Role.Arn, Input: '{"why": "schedule"}'}
  Drift:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: Flights
      MetricName: !Sub "drift_${Feature}"
      Statistic: Maximum
      Period: 60
      EvaluationPeriods: 1
      Threshold: !FindInMap [Limits, drift, most]
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
  OnDrift:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.cloudwatch]
        detail-type: [CloudWatch Alarm State Change]
        resources: [!GetAtt Drift.Arn]
        detail: {state: {value: [ALARM]}}
      Targets:
        - {Id: retrain, Arn: !Ref Live, RoleArn: !GetAtt Role.Arn, Input: '{"why": "drift"}'}
Outputs:
  Bucket: {Value: !Ref Data}
  Machine: {Value: !Ref Retrain, Export: {Name: !Sub "${AWS::StackName}-machine"}}
  Alias: {Value: !Ref Live}
""".replace("PYTHON", "python{}.{}".format(*sys.version_info))
LATEST = 60.0
"""Real seconds that anything here may take."""


def until(look: Callable[[], Any]) -> Any:
    """Return the first truth that ``look`` finds."""
    deadline = time.monotonic() + LATEST
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


class Stack:
    """The stack on a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("cloudformation")

    def outputs(self) -> dict[str, str]:
        (stack,) = self.api.describe_stacks(StackName="pipeline")["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    def status(self) -> str:
        return str(self.api.describe_stacks(StackName="pipeline")["Stacks"][0]["StackStatus"])

    def change(self, kind: str, template: str = TEMPLATE, **parameters: str) -> list[dict[str, Any]]:
        """Make a change set and return its changes."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        self.api.create_change_set(
            StackName="pipeline", ChangeSetName=kind.lower(), ChangeSetType=kind, TemplateBody=template,
            Parameters=given, Capabilities=["CAPABILITY_IAM"],
        )  # fmt: skip
        self.api.get_waiter("change_set_create_complete").wait(
            StackName="pipeline", ChangeSetName=kind.lower(), WaiterConfig={"Delay": 1}
        )
        changes: list[dict[str, Any]] = self.api.describe_change_set(StackName="pipeline", ChangeSetName=kind.lower())[
            "Changes"
        ]
        return changes

    def execute(self, kind: str) -> None:
        self.api.execute_change_set(StackName="pipeline", ChangeSetName=kind.lower())

    def ran(self) -> list[dict[str, str]]:
        """Return the outputs of the executions that have succeeded, the first one first."""
        states = self.server.client("stepfunctions")
        found = states.list_executions(stateMachineArn=self.outputs()["Machine"], statusFilter="SUCCEEDED")
        arns = [one["executionArn"] for one in reversed(found["executions"])]
        return [json.loads(states.describe_execution(executionArn=arn)["output"]) for arn in arns]

    def put(self, key: str) -> None:
        self.server.client("s3").put_object(Bucket=self.outputs()["Bucket"], Key=key, Body=b"x")


def why(text: str) -> dict[str, str]:
    return {"why": text, "feature": "delay"}


@pytest.mark.timeout(240)
def test_data_a_schedule_and_an_alarm_start_it_and_nothing_is_forgotten(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    stack = Stack(start_server(tmp_path / "data", "--clock", "jump"))
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 600))
    changes = stack.change("CREATE", When=soon)
    assert {one["ResourceChange"]["Action"] for one in changes} == {"Add"}
    assert len(changes) == 10
    stack.execute("CREATE")
    stack.api.get_waiter("stack_create_complete").wait(StackName="pipeline", WaiterConfig={"Delay": 1})

    stack.put("other/1.csv")  # no rule is for it
    stack.put("raw/1.csv")
    until(lambda: why("data raw/1.csv") in stack.ran())
    until(lambda: why("schedule") in stack.ran())
    metrics = stack.server.client("cloudwatch")
    metrics.put_metric_data(Namespace="Flights", MetricData=[{"MetricName": "drift_delay", "Value": 0.9}])
    until(lambda: why("drift") in stack.ran())
    assert sorted(one["why"] for one in stack.ran()) == ["data raw/1.csv", "drift", "schedule"]

    before = stack.outputs()
    wrong = TEMPLATE.replace("Feature: {Type: String, Default: delay}", "Feature: {Type: String, Default: weather}")
    wrong = wrong.replace("Outputs:", "  Nonsense: {Type: 'AWS::Nonsense::Thing', DependsOn: OnDrift}\nOutputs:")
    changes = stack.change("UPDATE", wrong, When="never")
    actions = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Action"] for one in changes}
    assert (actions["Retrain"], actions["Weekly"], actions["Nonsense"]) == ("Modify", "Remove", "Add")
    stack.execute("UPDATE")
    with pytest.raises(WaiterError):
        stack.api.get_waiter("stack_update_complete").wait(StackName="pipeline", WaiterConfig={"Delay": 1})
    until(lambda: stack.status() == "UPDATE_ROLLBACK_COMPLETE")
    events = stack.api.describe_stack_events(StackName="pipeline")["StackEvents"]
    (failed,) = [one for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert "AWS::Nonsense::Thing" in failed["ResourceStatusReason"]
    assert stack.outputs() == before

    stack.server.process.kill()
    stack.server.process.wait()
    stack = Stack(start_server(tmp_path / "data", "--clock", "jump"))
    assert (stack.outputs(), stack.status()) == (before, "UPDATE_ROLLBACK_COMPLETE")
    stack.put("raw/2.csv")
    until(lambda: why("data raw/2.csv") in stack.ran())
    (alarm,) = stack.server.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["MetricName"] == "drift_delay"
    assert len(stack.server.client("scheduler").list_schedules()["Schedules"]) == 1
    stack.api.delete_stack(StackName="pipeline")
    until(lambda: stack.api.list_stacks()["StackSummaries"][0]["StackStatus"] in ("DELETE_COMPLETE", "DELETE_FAILED"))
    whole = stack.api.list_stacks()["StackSummaries"][0]["StackId"]
    events = stack.api.describe_stack_events(StackName=whole)["StackEvents"]
    reasons = {
        one["LogicalResourceId"]: one["ResourceStatusReason"] for one in events if "FAILED" in one["ResourceStatus"]
    }
    assert "not empty" in reasons["Data"]  # AWS deletes no bucket with objects
