"""A workflow as a CloudFormation template."""

from __future__ import annotations

import copy
import json
import logging

import pytest
import yaml

from stepfunctions.steps import Chain, Pass
from stepfunctions.workflow import Encryption, Logging, Workflow
from stepfunctions.workflow.cloudformation import CLOUDFORMATION_BASE_TEMPLATE, build_cloudformation_template

ROLE = "arn:aws:iam::123456789012:role/r"
RECORDED = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: |-
  Hello: world
  second line
Resources:
  StateMachineComponent:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: "fl\\xFCge"
      DefinitionString: |-
        {
          "StartAt": "A",
          "States": {
            "A": {
              "Result": {
                "u": "\\u00e9 \\u2028 \\u2603",
                "n": null
              },
              "Type": "Pass",
              "Next": "B: \\"q\\""
            },
            "B: \\"q\\"": {
              "Type": "Pass",
              "End": true
            }
          }
        }
      RoleArn: arn:aws:iam::123456789012:role/r
"""
"""What 2.3.0 gives for :func:`flow` and this description."""


def flow(name: str = "flüge") -> Workflow:
    return Workflow(name, Chain([Pass("A", result={"u": "é \u2028 ☃", "n": None}), Pass('B: "q"')]), ROLE)


def test_the_template_is_the_one_of_2_3_0() -> None:
    text = build_cloudformation_template(flow(), "Hello: world\nsecond line")
    assert json.loads(yaml.safe_load(text)["Resources"]["StateMachineComponent"]["Properties"]["DefinitionString"])
    assert text == RECORDED


@pytest.mark.parametrize("description", [None, ""])
def test_a_template_says_what_it_is(description: str | None) -> None:
    template = yaml.safe_load(build_cloudformation_template(flow(), description))
    assert template["Description"] == "CloudFormation template for AWS Step Functions - State Machine"


def test_nothing_is_shared_between_templates() -> None:
    before = copy.deepcopy(CLOUDFORMATION_BASE_TEMPLATE)
    first = build_cloudformation_template(flow("one"), "first")
    build_cloudformation_template(flow("two"), "second")
    assert before == CLOUDFORMATION_BASE_TEMPLATE
    assert build_cloudformation_template(flow("one"), "first") == first


def test_other_yaml_of_the_program_looks_as_before() -> None:
    build_cloudformation_template(flow())
    assert "|" not in yaml.safe_dump({"a": "one\ntwo"})


def test_a_warning_says_what_to_look_at(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "stepfunctions"):
        build_cloudformation_template(flow("one"))
    assert "template of the workflow one holds the ARNs" in caplog.text


def test_what_the_workflow_says_beside_its_definition_is_in_the_template() -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:w"
    workflow = Workflow(
        "w",
        Pass("P"),
        ROLE,
        tags={"team": "delays"},
        type="EXPRESS",
        logging=Logging(level="ERROR", log_group_arn=group),
        tracing=True,
        encryption=Encryption(kms_key_id="alias/key", data_key_reuse_seconds=60),
    )
    template = yaml.safe_load(workflow.get_cloudformation_template())
    properties = template["Resources"]["StateMachineComponent"]["Properties"]
    assert json.loads(properties.pop("DefinitionString")) == workflow.definition.to_dict()
    assert properties == {
        "StateMachineName": "w",
        "RoleArn": ROLE,
        "StateMachineType": "EXPRESS",
        "Tags": [{"Key": "team", "Value": "delays"}],
        "LoggingConfiguration": {
            "Level": "ERROR",
            "IncludeExecutionData": False,
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": f"{group}:*"}}],
        },
        "TracingConfiguration": {"Enabled": True},
        "EncryptionConfiguration": {
            "Type": "CUSTOMER_MANAGED_KMS_KEY",
            "KmsKeyId": "alias/key",
            "KmsDataKeyReusePeriodSeconds": 60,
        },
    }
