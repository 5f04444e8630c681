"""Templates: what their functions give, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.functions import Scope
from stepfunctions.local.cloudformation.parameters import given_values
from stepfunctions.local.cloudformation.template import template_of

ONE = "Resources: {A: {Type: 'AWS::Logs::LogGroup'}}"


def scope(**more: Any) -> Scope:
    given: dict[str, Any] = {
        "values": {"Env": "prod", "List": ["x", "y"], "AWS::Region": "eu-west-1"},
        "resources": {"A": {}},
        "conditions": {"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}, "Not": {"Fn::Not": [{"Condition": "Prod"}]}},
        "mappings": {"M": {"k": {"a": "1", "l": ["p", "q"]}}},
        "ref": lambda name: f"id-of-{name}",
        "attribute": lambda name, key: f"{name}/{key}",
        "imported": lambda name: f"export-{name}",
        "resolved": lambda kind, name: f"<{kind} {name}>",
        "zones": lambda region: [f"{region}a"],
    }
    return Scope(**(given | more))


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"Ref": "Env"}, "prod"),
        ({"Ref": "A"}, "id-of-A"),
        ({"Fn::GetAtt": ["A", "B.C"]}, "A/B.C"),
        ({"Fn::GetAtt": "A.B.C"}, "A/B.C"),
        ({"Fn::Sub": "${A}-${A.Arn}-${Env}-${!Env}-$ {x}"}, "id-of-A-A/Arn-prod-${Env}-$ {x}"),
        ({"Fn::Sub": ["${v}${Env}", {"v": {"Ref": "A"}}]}, "id-of-Aprod"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Env"}, 1, True]]}, "a-prod-1-true"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "x,y"),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Ref": "List"}]}, "y"),
        ({"Fn::FindInMap": ["M", "k", "a"]}, "1"),
        ({"Fn::FindInMap": ["M", "k", "z", {"DefaultValue": "d"}]}, "d"),
        ({"Fn::If": ["Prod", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Not", "yes", {"Ref": "AWS::NoValue"}], "Other": 1}, {"Fn::If": None}),
        ({"a": {"Fn::If": ["Not", "yes", {"Ref": "AWS::NoValue"}]}, "b": 1}, {"b": 1}),
        ([{"Fn::If": ["Not", "yes", {"Ref": "AWS::NoValue"}]}, 2], [2]),
        ({"Fn::Base64": "ab"}, "YWI="),
        ({"Fn::GetAZs": ""}, ["a"]),
        ({"Fn::ImportValue": {"Fn::Sub": "${Env}-x"}}, "export-prod-x"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Length": {"Ref": "List"}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Env"}}}, '{"a":"prod"}'),
        ("{{resolve:ssm:/a/b:1}}!", "<ssm /a/b:1>!"),
        ("{{resolve:secretsmanager:s:SecretString:key}}", "<secretsmanager s:SecretString:key>"),
    ],
)
def test_functions(given: Any, value: Any) -> None:
    if isinstance(given, dict) and len(given) == 2 and "Fn::If" in given:
        with_two = scope().value(given)  # an object of two members is no function
        assert set(with_two) == {"Fn::If", "Other"}
        return
    assert scope().value(given) == value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Ref": "Nope"}, "Unresolved resource dependencies"),
        ({"Ref": ["A"]}, "every Ref object must have a single String value"),
        ({"Fn::Nope": 1}, "unknown intrinsic function Fn::Nope"),
        ({"Fn::GetAtt": ["Nope", "Arn"]}, "Fn::GetAtt references undefined resource Nope"),
        ({"Fn::GetAtt": ["A"]}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::Join": ["-"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Select": ["5", ["a"]]}, "cannot select nonexistent value at index 5"),
        ({"Fn::FindInMap": ["M", "k", "z"]}, "Unable to get mapping for M::k::z"),
        ({"Fn::FindInMap": ["N", "k", "z"]}, "Mapping named 'N' is not present"),
        ({"Fn::If": ["Nope", 1, 2]}, "Unresolved condition dependency Nope"),
        ({"Fn::Sub": [1]}, "Fn::Sub intrinsic functions don't specify expected arguments"),
        ({"Fn::Cidr": ["10.0.0.0/16", 9999, 8]}, "Fn::Cidr requires"),
        ({"Fn::Cidr": ["10.0.0.0/30", 200, 8]}, "Fn::Cidr requires"),
        ({"Fn::Length": "a"}, "Fn::Length requires a list"),
    ],
)
def test_wrong_functions(given: Any, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as error:
        scope().value(given)
    assert error.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unsupported structure"),
        ("[1]", "unsupported structure"),
        ("{", "JSON not well-formed"),
        ("a: [", "YAML not well-formed"),
        ("a: &x 1\nb: *x", "YAML aliases are not allowed"),
        ("a: 1\na: 2", "duplicate key 'a'"),
        ("[" * 5000, "nested too deeply"),
        ("Resources: {A: " + "{a: " * 100 + "1" + "}" * 101, "nested too deeply"),
        ("a: !!python/object/apply:os.system [ls]", "not well-formed|Invalid template"),
        ("Resources: {}", "At least one Resources member must be defined"),
        ("Resources: 1", "At least one Resources member must be defined"),
        ("Resources: {A: 1}", "Every Resources member must be an object|must contain a Type member"),
        ("Resources: {A: {}}", "must contain a Type member"),
        ("Resources: {A-b: {Type: X}}", "Resource name A-b is non alphanumeric"),
        ("Resources: {A: {Type: X, Foo: 1}}", "Invalid template resource property 'Foo'"),
        ("Resources: {A: {Type: X, DependsOn: B}}", r"Unresolved resource dependencies \[B\] in the Resources block"),
        ("Resources: {A: {Type: X, Properties: {P: !Ref B}}}", r"Unresolved resource dependencies \[B\]"),
        ("Resources: {A: {Type: X, Properties: {P: !Sub '${B.Arn}'}}}", r"Unresolved resource dependencies \[B\]"),
        ("Resources: {A: {Type: X, DeletionPolicy: No}}", "DeletionPolicy of A must be one of"),
        ("Resources: {A: {Type: X, Condition: C}}", "Unresolved condition dependency C"),
        ("Resources: {A: {Type: X, Condition: {}}}", "Condition of A must be a string"),
        ("Foo: 1\n" + ONE, r"Invalid template property or properties \[Foo\]"),
        ("AWSTemplateFormatVersion: 2011-01-01\n" + ONE, "Unsupported template format version"),
        ("Transform: Nope\n" + ONE, "No transform named Nope found"),
        ("Outputs: {O: {}}\n" + ONE, "must contain a Value"),
        ("Outputs: {O: {Value: !Ref B}}\n" + ONE, r"dependencies \[B\] in the Outputs block"),
        ("Conditions: {C: !Equals [!Ref A, 1]}\n" + ONE, "Cannot reference resources in the Conditions block"),
        (
            "Resources: {A: {Type: X, DependsOn: B}, B: {Type: X, Properties: {P: !GetAtt A.Arn}}}",
            r"Circular dependency between resources: \[A, B\]",
        ),
        ("Resources: {A: {Type: X, DependsOn: A}}", r"Circular dependency between resources: \[A\]"),
        ("Resources: {" + ", ".join(f"A{n}: {{Type: X}}" for n in range(501)) + "}", "Number of resources, 501"),
    ],
)
def test_wrong_templates(text: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as error:
        template_of(text)
    assert error.value.code == "ValidationError"


def test_short_forms_and_dates() -> None:
    text = """
    AWSTemplateFormatVersion: 2010-09-09
    Resources:
      A:
        Type: X
        Properties: {a: !GetAtt B.Arn.x, b: !Join ["", [!Ref B, !Sub "${B}"]], c: 2020-01-01, d: !Base64 {Ref: B}}
      B: {Type: X}
    """
    template = template_of(text)
    assert template.order == ("B", "A")
    assert template.resources["A"].properties == {
        "a": {"Fn::GetAtt": ["B", "Arn.x"]},
        "b": {"Fn::Join": ["", [{"Ref": "B"}, {"Fn::Sub": "${B}"}]]},
        "c": "2020-01-01",
        "d": {"Fn::Base64": {"Ref": "B"}},
    }


def test_for_each() -> None:
    text = """
    Transform: AWS::LanguageExtensions
    Resources:
      Fn::ForEach::Groups:
        - Name
        - [a, b]
        - Group${Name}: {Type: X, Properties: {P: !Ref Name, Q: !Sub "x-${Name}"}}
    """
    resources = template_of(text).resources
    assert {name: one.properties for name, one in resources.items()} == {
        "Groupa": {"P": "a", "Q": {"Fn::Sub": "x-a"}},
        "Groupb": {"P": "b", "Q": {"Fn::Sub": "x-b"}},
    }


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"Type": "String"}, {}, r"Parameters: \[P\] must have values"),
        ({"Type": "String"}, {"P": "a", "Q": "b"}, r"Parameters: \[Q\] do not exist in the template"),
        ({"Type": "String", "AllowedValues": ["a"]}, {"P": "b"}, "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "B"}, "Parameter 'P' must match pattern"),
        ({"Type": "String", "MinLength": 2}, {"P": "B"}, "must contain at least 2 characters"),
        ({"Type": "String", "MaxLength": "2"}, {"P": "BBB"}, "must contain at most 2 characters"),
        ({"Type": "Number", "MinValue": 2}, {"P": "1"}, "must be a number not less than 2"),
        ({"Type": "Number"}, {"P": "x"}, "must be a number"),
        ({"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "say a"}, {"P": "b"}, "constraint: say a"),
        ({"Type": "Nope"}, {"P": "b"}, "Unrecognized parameter type: Nope"),
        ({}, {"P": "b"}, "must contain a Type member"),
        ({"Type": "String", "AllowedPattern": "("}, {"P": "b"}, "no regular expression"),
    ],
)
def test_wrong_parameters(declared: dict[str, Any], given: dict[str, str], message: str) -> None:
    template = template_of(json.dumps({"Parameters": {"P": declared}, "Resources": {"A": {"Type": "X"}}}))
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    with pytest.raises(ServiceError, match=message):
        given_values(template, values, {}, lambda _: "")


def test_summaries(stacks: Stacks) -> None:
    text = """
    Description: d
    Parameters: {P: {Type: String, Default: x, NoEcho: true}}
    Resources: {A: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}
    """
    found = stacks("GetTemplateSummary", TemplateBody=text)
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert found["Parameters"][0]["DefaultValue"] == "****"
    assert found["ResourceTypes"] == ["AWS::IAM::Role"]
    assert stacks("ValidateTemplate", TemplateBody=text)["Parameters"][0]["ParameterKey"] == "P"
    with pytest.raises(ServiceError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]") as error:
        stacks("CreateStack", StackName="s", TemplateBody=text, Capabilities=["CAPABILITY_IAM"])
    assert error.value.code == "InsufficientCapabilitiesException"


def test_a_template_in_s3(stacks: Stacks) -> None:
    call = stacks.cloud.call
    call("s3", "CreateBucket", {"Bucket": "templates"})
    call("s3", "PutObject", {"Bucket": "templates", "Key": "a/b.yaml", "Body": ONE.encode()})
    for url in (
        "https://templates.s3.amazonaws.com/a/b.yaml",
        "https://s3.us-east-1.amazonaws.com/templates/a/b.yaml",
        "http://127.0.0.1:8083/templates/a/b.yaml",
    ):
        assert stacks("GetTemplateSummary", TemplateURL=url)["ResourceTypes"] == ["AWS::Logs::LogGroup"]
    with pytest.raises(ServiceError, match="S3 error"):
        stacks("ValidateTemplate", TemplateURL="https://templates.s3.amazonaws.com/nope")
    with pytest.raises(ServiceError, match="TemplateURL must be a supported URL"):
        stacks("ValidateTemplate", TemplateURL="https://example.com/a/b")
