"""What is wrong with a text before any rule can look at a definition. The examples are whole files."""

from __future__ import annotations

from stepfunctions.lint.finding import ERROR, INFO, WARNING
from stepfunctions.lint.rule import Rule

_SPEC = "https://states-language.net/spec.html"
_REFUSED = "AWS refuses the state machine."
_CFN = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-stepfunctions-statemachine.html"
)
_TEMPLATE = """
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: !GetAtt Role.Arn
"""

INVALID_JSON_DESCRIPTION = Rule(
    id="INVALID_JSON_DESCRIPTION",
    severity=ERROR,
    summary="The text is not JSON, or has a key twice.",
    why=_REFUSED,
    source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html",
    good='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
    bad='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}',
)
INVALID_YAML_DESCRIPTION = Rule(
    id="INVALID_YAML_DESCRIPTION",
    severity=ERROR,
    summary="The text is not YAML, or says what JSON cannot say.",
    why="Nothing can read the definition.",
    source="https://yaml.org/spec/1.1/",
    good="StartAt: A\nStates: {A: {Type: Succeed}}",
    bad="StartAt: A\nStates: {A: {Type: Succeed}",
)
DUPLICATE_KEY = Rule(
    id="DUPLICATE_KEY",
    severity=ERROR,
    summary="An object has a key twice.",
    why="One of the two is lost without a word.",
    source=_SPEC,
    good="StartAt: A\nStates:\n  A: {Type: Succeed}",
    bad="StartAt: A\nStates:\n  A: {Type: Succeed}\n  A: {Type: Fail}",
)
SCHEMA_VALIDATION_FAILED = Rule(
    id="SCHEMA_VALIDATION_FAILED",
    severity=ERROR,
    summary="A field is missing, unknown, of another type, out of bounds, or excluded by another one.",
    why=_REFUSED,
    source=_SPEC,
    good="StartAt: A\nStates: {A: {Type: Wait, Seconds: 1, End: true}}",
    bad="StartAt: A\nStates: {A: {Type: Wait, Seconds: -1, End: true}}",
)
DUPLICATE_STATE_NAME = Rule(
    id="DUPLICATE_STATE_NAME",
    severity=ERROR,
    summary="Two states have one name, inside other states too.",
    why=_REFUSED,
    source=_SPEC,
    good="StartAt: A\nStates: {A: {Type: Parallel, Branches: [{StartAt: B, States: {B: {Type: Succeed}}}], End: true}}",
    bad="StartAt: A\nStates: {A: {Type: Parallel, Branches: [{StartAt: A, States: {A: {Type: Succeed}}}], End: true}}",
)
INVALID_STATE_NAME = Rule(
    id="INVALID_STATE_NAME",
    severity=ERROR,
    summary="The name of a state is empty, or has more than 80 characters.",
    why=_REFUSED,
    source=_SPEC,
    good="StartAt: A\nStates: {A: {Type: Succeed}}",
    bad='StartAt: ""\nStates: {"": {Type: Succeed}}',
)
TOO_DEEPLY_NESTED = Rule(
    id="TOO_DEEPLY_NESTED",
    severity=ERROR,
    summary="The definition is nested too deeply.",
    why=_REFUSED,
    source="https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    good='{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": [[[1]]], "End": true}}}',
    bad="[" * 500 + "]" * 500,
)
NO_DEFINITION = Rule(
    id="NO_DEFINITION",
    severity=ERROR,
    summary="A template's state machine has no definition, or its file is not there.",
    why="The template cannot be deployed.",
    source=_CFN,
    good=_TEMPLATE + '      DefinitionString: \'{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}\'',
    bad=_TEMPLATE,
)
UNKNOWN_SUBSTITUTION = Rule(
    id="UNKNOWN_SUBSTITUTION",
    severity=WARNING,
    summary="A definition has a ${Token} that DefinitionSubstitutions does not have.",
    why="The text ${Token} itself becomes a part of the state machine.",
    source=_CFN,
    good=_TEMPLATE
    + "      DefinitionSubstitutions: {Queue: q}\n"
    + "      Definition: {StartAt: A, States: {A: {Type: Pass, Result: '${Queue}', End: true}}}",
    bad=_TEMPLATE + "      Definition: {StartAt: A, States: {A: {Type: Pass, Result: '${Queue}', End: true}}}",
)
UNKNOWN_TAG = Rule(
    id="UNKNOWN_TAG",
    severity=WARNING,
    summary="A YAML tag is no function of CloudFormation.",
    why="What it stands for is not known, and not looked at.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html",
    good="Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref Name}}, "
    "M: {Type: 'AWS::StepFunctions::StateMachine', "
    "Properties: {Definition: {StartAt: A, States: {A: {Type: Succeed}}}}}}",
    bad="Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Reff Name}}}",
)
DEFINED_ELSEWHERE = Rule(
    id="DEFINED_ELSEWHERE",
    severity=INFO,
    summary="A template's state machine is defined in S3, or by a value that is known when it is deployed.",
    why="Its definition is not looked at.",
    source=_CFN,
    good=_TEMPLATE + "      Definition: {StartAt: A, States: {A: {Type: Succeed}}}",
    bad=_TEMPLATE + "      DefinitionS3Location: {Bucket: definitions, Key: a.json}",
)
NO_STATE_MACHINE = Rule(
    id="NO_STATE_MACHINE",
    severity=INFO,
    summary="A template has no state machine.",
    why="There is nothing to look at.",
    source=_CFN,
    good=_TEMPLATE + "      Definition: {StartAt: A, States: {A: {Type: Succeed}}}",
    bad="Resources: {B: {Type: 'AWS::S3::Bucket'}}",
)
FORM_RULES = (
    INVALID_JSON_DESCRIPTION,
    INVALID_YAML_DESCRIPTION,
    DUPLICATE_KEY,
    SCHEMA_VALIDATION_FAILED,
    DUPLICATE_STATE_NAME,
    INVALID_STATE_NAME,
    TOO_DEEPLY_NESTED,
    NO_DEFINITION,
    UNKNOWN_SUBSTITUTION,
    UNKNOWN_TAG,
    DEFINED_ELSEWHERE,
    NO_STATE_MACHINE,
)
"""What is found while a text is read."""
