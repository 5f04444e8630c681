"""What steps declare is in the stack: cfn-lint accepts it, the local cloud makes it, and it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.test_stack import findings
from tests.deploy.test_stack_deployed import deploy
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.deploy import Stack
from stepfunctions.steps import FargateStep, GlueStep, lambda_function
from stepfunctions.workflow import Workflow

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/given"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/convert:1"
JsonDict = dict[str, Any]


@lambda_function("count-words", memory=256, environment={"BUCKET": "words"})
def count(text: str) -> int:
    return len(text.split())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "pull.py"
    path.write_text("print('pulled')\n")
    return path


def stack_of(script: Path, role: str | None = None) -> Stack:
    more: JsonDict = {} if role is None else {"log_group": "/convert", "execution_role": role}
    convert = FargateStep("Convert", IMAGE, subnets=["subnet-0a1b2c3d"], task_role=ROLE, **more)
    flow = count.step("Count", text="a b") >> GlueStep("Pull", script, role=role) >> convert
    return Workflow("words", flow, ROLE).stack()


def test_cfn_lint_finds_nothing(script: Path) -> None:
    assert findings(stack_of(script).to_yaml()) == []
    assert findings(stack_of(script, ROLE).to_yaml()) == []


def test_a_function_has_its_code_a_role_and_a_log_group(script: Path) -> None:
    stack = stack_of(script)
    resources = stack.template["Resources"]
    assert resources["CountWordsFunction"] == {
        "Type": "AWS::Lambda::Function",
        "DependsOn": "CountWordsFunctionLogs",
        "Properties": {
            "FunctionName": "count-words",
            "Runtime": "python3.12",
            "Handler": "lambda_function.lambda_handler",
            "MemorySize": 256,
            "Timeout": 60,
            "Environment": {"Variables": {"BUCKET": {"Ref": "WordsBucket"}}},
            "Architectures": ["x86_64"],
            "Role": {"Fn::GetAtt": ["CountWordsFunctionRole", "Arn"]},
            "Code": {"S3Bucket": {"Ref": "AssetBucket"}, "S3Key": {"Ref": "CountWordsFunctionKey"}},
        },
    }
    (zipped, script_file) = stack.assets
    assert stack.template["Parameters"]["CountWordsFunctionKey"]["Default"] == zipped.key
    assert (zipped.name, script_file.name) == ("count-words.zip", "pull.py")
    assert zipped.content == count.package()


def test_a_job_reads_its_script_from_the_bucket(script: Path) -> None:
    resources = stack_of(script).template["Resources"]
    command = resources["PullJob"]["Properties"]["Command"]
    assert command["ScriptLocation"] == {"Fn::Sub": "s3://${AssetBucket}/${PullJobKey}"}
    (policy,) = resources["PullJobRole"]["Properties"]["Policies"]
    reads = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${AssetBucket}/${PullJobKey}"}
    assert {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": reads} in policy["PolicyDocument"]["Statement"]


def test_a_task_definition_has_the_names_of_the_resource(script: Path) -> None:
    resources = stack_of(script, ROLE).template["Resources"]
    task = resources["ConvertTask"]["Properties"]
    (container,) = task["ContainerDefinitions"]
    options = {
        "awslogs-group": "/convert",
        "awslogs-stream-prefix": "convert",
        "awslogs-region": {"Ref": "AWS::Region"},
    }
    assert container["LogConfiguration"] == {"LogDriver": "awslogs", "Options": options}
    assert resources["ConvertTaskLogs"]["Properties"]["LogGroupName"] == "/convert"
    assert container["Image"] == {
        "Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${ConvertImage}"
    }
    given = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${GivenRole}"}
    assert (task["TaskRoleArn"], task["ExecutionRoleArn"]) == (given, given)


def test_a_role_that_is_made_pulls_the_image(script: Path) -> None:
    resources = stack_of(script).template["Resources"]
    assert resources["ConvertTask"]["Properties"]["ExecutionRoleArn"] == {"Fn::GetAtt": ["ConvertTaskRole", "Arn"]}
    (policy,) = resources["ConvertTaskRole"]["Properties"]["Policies"]
    token, pull = policy["PolicyDocument"]["Statement"]
    assert (token["Action"], token["Resource"]) == (["ecr:GetAuthorizationToken"], "*")
    assert pull["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/convert"
    }


def test_a_role_that_a_step_names_is_used(script: Path) -> None:
    resources = stack_of(script, ROLE).template["Resources"]
    assert resources["PullJob"]["Properties"]["Role"] == {
        "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${GivenRole}"
    }
    assert [name for name in resources if name in ("PullJobRole", "ConvertTaskRole")] == []


def test_the_local_cloud_makes_it_all(stacks: Stacks, script: Path) -> None:
    stack = stack_of(script)
    stacks.cloud.call("s3", "CreateBucket", {"Bucket": "assets"})
    for asset in stack.assets:
        stacks.cloud.call("s3", "PutObject", {"Bucket": "assets", "Key": asset.key, "Body": asset.content})
    deploy(stacks, stack, AssetBucket="assets")
    function = stacks.cloud.call("lambda", "GetFunctionConfiguration", {"FunctionName": "count-words"})
    assert function["Role"].startswith(f"arn:aws:iam::{ACCOUNT}:role/words-CountWordsFunctionRole-")
    job = stacks.cloud.call("glue", "GetJob", {"JobName": "pull"})["Job"]
    assert job["Command"]["ScriptLocation"].startswith("s3://assets/stepfunctions/pull-")
    described = stacks.cloud.call("ecs", "DescribeTaskDefinition", {"taskDefinition": "convert"})["taskDefinition"]
    assert json.dumps(described["containerDefinitions"]).count("us-east-1") == 1
