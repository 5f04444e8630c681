"""What differs between accounts is found, and nothing is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import strategies
from tests.deploy.rendering import substituted

from stepfunctions.deploy.parameters import Parameterised, parameterise, render
from stepfunctions.deploy.text import compact

JsonDict = dict[str, Any]
PIECES = st.sampled_from(
    [
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws-cn:sqs:cn-north-1:210987654321:q",
        "arn:aws:iam::123456789012:role/service-role/x",
        "arn:aws:iam::210987654321:role/x-123456789012",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:s3:::data-bucket/prefix/*",
        "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
        "arn:aws:kms:us-east-1:123456789012:key/0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf",
        "s3://data-bucket/a/{}/b",
        "s3://data-{}/a",
        "s3://sagemaker-us-east-1-123456789012/x",
        "https://sqs.us-east-1.amazonaws.com/123456789012/queue",
        "https://data-bucket.s3.us-east-1.amazonaws.com/key",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/model@sha256:0123",
        "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1",
        "subnet-0a1b2c3d",
        "sg-0123456789abcdef0",
        "us-east-1",
        "us-east-1a",
        "eu-west-1",
        "123456789012",
        "${Token}",
        "${Region}",
        "${!x}",
        "${",
        "}",
        "$",
        "'",
        '"',
        "\\",
        " ",
        "{% $x %}",
    ]
)
TEXTS = st.lists(PIECES | strategies.WORDS, max_size=4).map("".join) | PIECES
KEYS = st.sampled_from(["Bucket", "Name", "Value", "Subnets", "Resource", "KmsKeyId", "Owner", "Type", "Next"]) | TEXTS
VALUES = st.recursive(
    TEXTS | strategies.SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def machine(**fields: Any) -> JsonDict:
    return {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": True, **fields}}}


@given(st.dictionaries(KEYS, VALUES, max_size=5), TEXTS)
def test_nothing_is_lost(parameters: JsonDict, resource: str) -> None:
    check(machine(Resource=resource, Parameters=parameters))


@given(strategies.definitions())
def test_no_definition_changes(definition: JsonDict) -> None:
    check(definition)


def check(definition: JsonDict) -> None:
    found = parameterise(definition)
    assert render(found.definition, found.values) == definition
    filled_in = {
        name: '","'.join(value) if isinstance(value, list) else value
        for name, value in found.values.items()
        if value != f"${{{name}}}"
    }
    assert substituted(compact(found.definition), filled_in) == definition
    assert set(found.values) == set(found.substitutions)
    assert [name for name in found.parameters if not re.fullmatch("[A-Za-z0-9]{1,255}", name)] == []


FOREIGN = re.compile(r"\barn:aws|\d{12}|(?:us|eu|cn)-[a-z]+-\d")


@given(st.lists(PIECES, max_size=5))
def test_no_account_region_or_arn_is_left(pieces: list[str]) -> None:
    parameters = {f"x{index}": piece for index, piece in enumerate(pieces)}
    found = parameterise(machine(Parameters=parameters), account="123456789012", region="us-east-1")
    assert FOREIGN.findall(json.dumps([found.definition, found.substitutions, found.parameters])) == []


def of(value: Any, key: str = "x") -> tuple[Any, Parameterised]:
    found = parameterise(machine(Parameters={key: value}), account="123456789012", region="us-east-1")
    return found.definition["States"]["Work"]["Parameters"][key], found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", "arn:${Partition}:sqs:${Region}:${AccountId}:q"),
        ("arn:aws:sqs:eu-west-1:123456789012:q", "arn:${Partition}:sqs:${OtherRegion}:${AccountId}:q"),
        ("arn:aws:sqs:us-east-1:210987654321:q", "arn:${Partition}:sqs:${Region}:${OtherAccount}:q"),
        ("arn:aws:iam::123456789012:role/a/train-role", "arn:${Partition}:iam::${AccountId}:role/${ATrainRole}"),
        ("s3://raw-data/{}/x", "s3://${RawDataBucket}/{}/x"),
        ("s3://logs-us-east-1-123456789012/x", "s3://logs-${Region}-${AccountId}/x"),
        ("States.Format('s3://raw/{}', $.x)", "States.Format('s3://${RawBucket}/{}', $.x)"),
        ("{% 's3://raw-' & $x %}", "{% 's3://raw-' & $x %}"),
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/q",
            "https://sqs.${Region}.${URLSuffix}/${AccountId}/q",
        ),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/m:1",
            "${AccountId}.dkr.ecr.${Region}.${URLSuffix}/${MImage}",
        ),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "${SagemakerXgboostImage}"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:${Partition}:iam::aws:policy/ReadOnlyAccess"),
        ("us-east-1a", "${Region}a"),
        ("s3://logs-210987654321/x", "s3://${Logs210987654321Bucket}/x"),
        ("in us-east-10", "in us-east-10"),
        ("states.amazonaws.com", "states.amazonaws.com"),
        (["subnet-0a1b2c3d", "subnet-0a1b2c3e"], ["${Subnets}"]),
        (["sg-1"], ["${SecurityGroups}"]),
        (["subnet-0a1b2c3d", "{% $x %}"], ["${Subnet}", "{% $x %}"]),
        ("arn:aws:kms:us-east-1:123456789012:key/0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11",
         "arn:${Partition}:kms:${Region}:${AccountId}:key/${KmsKeyId}"),
        ({"Bucket": "raw-data", "Name": "raw-data"}, {"Bucket": "${RawDataBucket}", "Name": "raw-data"}),
        ({"Name": "BUCKET", "Value": "raw-data"}, {"Name": "BUCKET", "Value": "${RawDataBucket}"}),
        ("${Token}", "${Token}"),
        ("arn:aws:sns:us-east-1:123456789012:${Topic}", "arn:${Partition}:sns:${Region}:${AccountId}:${Topic}"),
    ],
)  # fmt: skip
def test_each_kind(given: Any, expected: Any) -> None:
    assert of(given)[0] == expected


def test_a_task_has_one_placeholder_for_its_resource() -> None:
    definition = machine(Resource="arn:aws:states:::aws-sdk:sagemaker:listEndpoints")
    found = parameterise(definition)
    assert found.definition["States"]["Work"]["Resource"] == "${AwsSdkSagemakerListEndpoints}"
    assert found.substitutions == {
        "AwsSdkSagemakerListEndpoints": {"Fn::Sub": "arn:${AWS::Partition}:states:::aws-sdk:sagemaker:listEndpoints"}
    }


def test_names_have_defaults_and_what_aws_gives_has_none() -> None:
    role = of("arn:aws:iam::123456789012:role/train")[1]
    assert role.parameters["TrainRole"] == {
        "Type": "String",
        "Description": "Name of an IAM role, with its path (state Work)",
        "Default": "train",
        "AllowedPattern": r"[\w+=,.@/-]+",
    }
    subnets = of(["subnet-0a1b2c3d", "subnet-0a1b2c3e"])[1]
    assert subnets.parameters == {
        "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Description": "Subnets (state Work)"}
    }
    other = of("s3://logs-210987654321/x")[1]
    assert "Default" not in other.parameters["Logs210987654321Bucket"]
    assert (role.given, subnets.given) == ({}, {"Subnets": "subnet-0a1b2c3d,subnet-0a1b2c3e"})
    assert subnets.substitutions == {"Subnets": {"Fn::Join": ['","', {"Ref": "Subnets"}]}}


def test_the_account_is_the_one_that_stands_there_most_often() -> None:
    many = {str(index): f"arn:aws:sqs:eu-west-1:210987654321:q{index}" for index in range(2)}
    found = parameterise(
        machine(Parameters={**many, "image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2"})
    )
    assert found.values["AccountId"] == "210987654321"
    assert found.values["Region"] == "eu-west-1"
    assert list(found.mappings["ImageAccounts"]["eu-central-1"]) == ["PytorchTraining"]


def test_one_name_for_one_thing_and_two_for_two() -> None:
    found = parameterise(
        machine(Parameters={"a": "s3://a-b/x", "b": "s3://a-b/y", "c": "s3://a.b/z", "d": "${ABBucket3}"})
    )
    values = found.definition["States"]["Work"]["Parameters"]
    assert values == {
        "a": "s3://${ABBucket}/x",
        "b": "s3://${ABBucket}/y",
        "c": "s3://${ABBucket2}/z",
        "d": "${ABBucket3}",
    }
    assert {name: one.get("Default") for name, one in found.parameters.items()} == {
        "ABBucket": "a-b",
        "ABBucket2": "a.b",
        "ABBucket3": None,
    }


def test_names_of_states_stay() -> None:
    definition = {
        "StartAt": "Copy to us-east-1",
        "States": {"Copy to us-east-1": {"Type": "Pass", "Result": "us-east-1", "End": True}},
    }
    found = parameterise(definition)
    assert found.definition["StartAt"] == "Copy to us-east-1"
    assert found.definition["States"]["Copy to us-east-1"]["Result"] == "${Region}"


def test_tokens_inside_of_names_are_parameters_and_a_shells_are_not() -> None:
    resource = "arn:aws:lambda:${Where}:123456789012:function:f"
    parameters = {
        "Queue": "https://sqs.us-east-1.amazonaws.com/123456789012/${Queue}",
        "Command": "echo ${HOME} s3://${B}",
    }
    definition = machine(Resource=resource, Parameters=parameters)
    found = parameterise(definition)
    assert {"Where", "Queue"} <= found.parameters.keys()
    assert not {"HOME", "B"} & found.parameters.keys()
    assert found.substitutions["FFunction"] == {
        "Fn::Sub": "arn:${AWS::Partition}:lambda:${Where}:${AWS::AccountId}:function:f"
    }
    assert render(found.definition, found.values) == definition
