"""A workflow as a stack: what its template has, in three partitions and Regions."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from tests.deploy import goldens
from tests.deploy.goldens import ROLE, training
from tests.deploy.rendering import definition_in, resolved, substituted

from stepfunctions.deploy import Deployment
from stepfunctions.local.cloudformation.texts import parsed
from stepfunctions.mlops import AllAtOnce, Canary, Instances, Linear, Rolling
from stepfunctions.steps import Chain, Pass
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.settings import Encryption, Logging

JsonDict = dict[str, Any]
REGIONS = ["us-east-1", "eu-west-1", "cn-north-1"]
DEFINITION = goldens.TRAINING


def findings(text: str) -> list[str]:
    return [f"{found.rule.id} {found.message}" for found in lint(text, config=ManualArgs(regions=REGIONS))]


STACKS = goldens.stacks()


@pytest.mark.parametrize("name", STACKS)
def test_each_kept_stack_is_as_it_was(name: str) -> None:
    """``python -m tests.deploy.goldens`` writes them anew."""
    assert STACKS[name].to_yaml() == (goldens.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert STACKS[name].to_json() == (goldens.FOLDER / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(goldens.FOLDER.glob("*.*")), ids=lambda path: path.name)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


def test_yaml_and_json_say_the_same() -> None:
    stack = training().stack()
    assert json.loads(stack.to_json()) == stack.template
    assert parsed(stack.to_yaml()) == stack.template
    assert stack.to_yaml() == training().stack().to_yaml()
    assert "\n  StateMachine:\n" in stack.to_yaml()
    assert '"Resource": "${SagemakerCreateTrainingJobSync}"' in stack.to_yaml()


def test_in_its_own_account_it_is_the_workflow() -> None:
    stack = training().stack()
    assert definition_in(stack.template, "us-east-1", stack.parameters, "123456789012") == DEFINITION
    assert (stack.definition, stack.type, stack.name) == (DEFINITION, "STANDARD", "flow")


@pytest.mark.parametrize(
    ("region", "partition", "registry", "suffix"),
    [
        ("us-east-1", "aws", "683313688378", "amazonaws.com"),
        ("eu-west-1", "aws", "141502667606", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "450853457545", "amazonaws.com.cn"),
    ],
)
def test_in_each_region_it_has_the_regions_names(region: str, partition: str, registry: str, suffix: str) -> None:
    stack = training().stack()
    given = {**stack.parameters, "TrainedModelsBucket": "theirs", "Subnets": "subnet-1,subnet-2"}
    states = definition_in(stack.template, region, given, "210987654321")["States"]
    assert states["Train"]["Resource"] == f"arn:{partition}:states:::sagemaker:createTrainingJob.sync"
    parameters = states["Train"]["Parameters"]
    image = parameters["AlgorithmSpecification"]["TrainingImage"]
    assert image == f"{registry}.dkr.ecr.{region}.{suffix}/sagemaker-scikit-learn:1.2-1-cpu-py3"
    assert parameters["RoleArn"] == f"arn:{partition}:iam::210987654321:role/train"
    assert parameters["VpcConfig"]["Subnets"] == ["subnet-1", "subnet-2"]
    assert parameters["OutputDataConfig"] == {"S3OutputPath": "s3://theirs/out"}
    assert parameters["Environment"] == {"SAGEMAKER_REGION": region}
    assert states["Tell"]["Parameters"]["QueueUrl"] == f"https://sqs.{region}.{suffix}/210987654321/told"


def test_nothing_of_one_account_is_left() -> None:
    template = {name: value for name, value in training().stack().template.items() if name != "Mappings"}
    assert re.findall(r"arn:aws|\d{12}|(?:us|eu|cn)-[a-z]+-\d|subnet-|sg-", json.dumps(template)) == []


def test_settings_of_the_machine() -> None:
    key = "0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11"
    stack = training(
        tracing=True, encryption=Encryption(f"arn:aws:kms:us-east-1:123456789012:key/{key}"), tags={"a": "b"}
    ).stack()
    machine = resolved(stack.template, "eu-west-1", {**stack.parameters, "KmsKeyId": "k"})["StateMachine"]["Properties"]
    assert machine["StateMachineName"] == "flow"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["EncryptionConfiguration"]["KmsKeyId"] == "arn:aws:kms:eu-west-1:210987654321:key/k"
    assert machine["Tags"] == [{"Key": "a", "Value": "b"}]
    assert machine["LoggingConfiguration"] == {
        "Level": "ERROR",
        "IncludeExecutionData": False,
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["LogGroup", "Arn"]}}}],
    }


def test_a_log_group_that_is_given_is_used() -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/x"
    stack = training(logging=Logging("ALL", arn)).stack()
    assert "LogGroup" not in stack.template["Resources"]
    (destination,) = stack.template["Resources"]["StateMachine"]["Properties"]["LoggingConfiguration"]["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/vendedlogs/x:*"
    }


def test_old_versions_stay_and_the_alias_moves() -> None:
    resources = training().stack(deployment=Deployment(type="LINEAR", percentage=20, interval=1)).template["Resources"]
    assert (resources["Version"]["DeletionPolicy"], resources["Version"]["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resources["Alias"]["Properties"] == {
        "Name": "live",
        "DeploymentPreference": {
            "StateMachineVersionArn": {"Ref": "Version"},
            "Type": "LINEAR",
            "Percentage": 20,
            "Interval": 1,
        },
    }
    assert "Alias" not in training().stack(alias=None).template["Resources"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "BLUE"}, "Deployment.type is 'BLUE', but must be one of ALL_AT_ONCE, LINEAR, CANARY"),
        ({"type": "LINEAR", "percentage": 100, "interval": 1}, "Deployment.percentage is 100, but must be 1 to 99"),
        ({"percentage": 1}, "Deployment.percentage is for LINEAR and CANARY"),
        ({"alarms": ["a"] * 101}, "Deployment.alarms has 101 names"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused(options: JsonDict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Deployment(**options)


def test_a_definition_without_arns_needs_no_parameters() -> None:
    stack = Workflow("plain", Chain([Pass("a"), Pass("b")]), ROLE).stack()
    assert list(stack.template["Parameters"]) == ["StateMachineName"]
    assert "DefinitionSubstitutions" not in stack.template["Resources"]["StateMachine"]["Properties"]
    assert "Mappings" not in stack.template


def test_names_in_the_definition_do_not_take_those_of_the_stack() -> None:
    role = {"Type": "Pass", "Result": ["${StateMachine}", "${StateMachineName}", "s3://asset/x"], "End": True}
    role["Comment"] = "arn:aws:iam::123456789012:role/execution"
    stack = Workflow("w", FrozenGraph({"StartAt": "A", "States": {"A": role}}), ROLE).stack()
    assert set(stack.template["Parameters"]) >= {"StateMachine2", "StateMachineName2", "AssetBucket2", "ExecutionRole2"}
    assert findings(stack.to_yaml()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account": "1"}, "account is '1', but must have 12 digits"),
        ({"region": "europe"}, "region is 'europe', but must be the name of a Region"),
        ({"log_retention_days": 31}, "log_retention_days is 31, but must be one of 1, 3, 5"),
        ({"alias": "12"}, "alias is '12', but must have 1 to 80"),
        ({"alias": "a b"}, "alias is 'a b'"),
    ],
)
def test_options_that_cannot_be_are_refused(options: JsonDict, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        training().stack(**options)


def large() -> JsonDict:
    names = [f"S{index}" for index in range(300)]
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f" * 60}}
    states: JsonDict = {name: {**task, "Next": following} for name, following in pairwise(names)}
    return {"StartAt": "S0", "States": {**states, names[-1]: {"Type": "Succeed"}}}


def test_a_large_definition_is_a_file() -> None:
    stack = Workflow("large", FrozenGraph(large()), ROLE).stack()
    (asset,) = stack.assets
    properties = stack.template["Resources"]["StateMachine"]["Properties"]
    assert properties["DefinitionS3Location"] == {"Bucket": {"Ref": "AssetBucket"}, "Key": {"Ref": "DefinitionKey"}}
    assert stack.template["Parameters"]["DefinitionKey"]["Default"] == asset.key
    assert re.fullmatch(r"stepfunctions/Large-[0-9a-f]{16}\.asl\.json", asset.key)
    assert "Default" not in stack.template["Parameters"]["AssetBucket"]
    values = {"LambdaInvoke": "arn:aws:states:::lambda:invoke"}
    assert substituted(asset.content.decode(), values) == large()
    assert len(stack.to_yaml().encode()) < 51_200
    assert findings(stack.to_yaml()) == []


def test_a_long_comment_is_cut() -> None:
    stack = Workflow("w", Chain([Pass("a")]), ROLE, comment="ä" * 600).stack()
    assert stack.template["Description"] == "ä" * 512
    assert findings(stack.to_yaml()) == []


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11", "${KmsKeyId}"),
        ("arn:aws:kms:us-east-1:123456789012:key/0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11", "${KmsKeyId}"),
        ("alias/flows", "*"),
    ],
)
def test_the_role_may_use_the_key(key: str, named: str) -> None:
    stack = training(encryption=Encryption(key)).stack()
    (policy,) = stack.template["Resources"]["ExecutionRole"]["Properties"]["Policies"]
    last = policy["PolicyDocument"]["Statement"][-1]
    expected = f"arn:${{AWS::Partition}}:kms:${{AWS::Region}}:${{AWS::AccountId}}:key/{named}"
    assert last["Resource"] == {"Fn::Sub": expected}
    assert findings(stack.to_yaml()) == []


def test_a_strategy_says_how_the_alias_moves() -> None:
    resources = training().stack(deployment=Linear(20, 120)).template["Resources"]
    preference = resources["Alias"]["Properties"]["DeploymentPreference"]
    assert (preference["Type"], preference["Percentage"], preference["Interval"]) == ("LINEAR", 20, 2)
    assert Deployment.of(AllAtOnce()) == Deployment()
    for strategy, message in (
        (Canary(10, 90), "whole minutes, not 90 seconds"),
        (Canary(Instances(1), 60), "is for endpoints"),
        (Rolling(10, 60), "is for endpoints"),
        (Linear(10, 60, termination_wait=60), "is for endpoints"),
    ):
        with pytest.raises(ValueError, match=message):
            Deployment.of(strategy)


def test_what_looks_like_a_token_and_is_none_stays_as_it_is() -> None:
    command = {"Command": "echo ${HOME} ${AWS::Region} ${!x} $${y}", "Path": "s3://${Bucket}/x"}
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": command, "End": True}}}
    stack = Workflow("w", FrozenGraph(definition), ROLE).stack()
    assert findings(stack.to_yaml()) == []
    text = stack.template["Resources"]["StateMachine"]["Properties"]["DefinitionString"]
    assert json.loads(text) == definition
    assert substituted(text, {"Bucket": "data"})["States"]["A"]["Result"] == {**command, "Path": "s3://data/x"}
