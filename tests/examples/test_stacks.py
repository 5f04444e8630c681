"""The examples as stacks: no finding, nothing of one account in them, and made and run by the local cloud."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.test_stack import findings
from tests.examples.conftest import LocalCloud

from stepfunctions.deploy import AssetFile, Stack
from stepfunctions.deploy.assets import publish
from stepfunctions.deploy.bootstrap import bootstrap

EXAMPLES = Path(__file__).parents[2] / "examples"
IMAGES = {"blog-pipeline-convert": "container", "blog-pipeline-clusters": "image"}
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack of the blog's pipeline; its modules have names of their own, so they are forgotten afterwards."""
    return load(monkeypatch, "blog_pipeline")


def load(monkeypatch: pytest.MonkeyPatch, example: str) -> Stack:
    with monkeypatch.context() as patch:
        for name in ("stack", "pipeline", "provision", "workflow"):
            patch.delitem(sys.modules, name, raising=False)
        patch.syspath_prepend(str(EXAMPLES / example))
        from stack import stack  # type: ignore[import-not-found]
    for name in ("stack", "pipeline", "provision", "workflow"):
        sys.modules.pop(name, None)
    assert isinstance(stack, Stack)
    return stack


def test_cfn_lint_finds_nothing(stack: Stack) -> None:
    assert findings(stack.to_yaml()) == []
    assert findings(stack.to_json()) == []


def test_nothing_of_one_account_is_in_it(stack: Stack) -> None:
    for text in (stack.to_yaml(), stack.to_json()):
        assert re.findall(r"\b\d{12}\b|\b(?:us|eu|cn|ap)-[a-z]+-\d\b|arn:aws\b[a-z-]*:", text) == []


@pytest.mark.examples
def test_the_local_cloud_makes_it_and_it_runs(stack: Stack, cloud: LocalCloud) -> None:
    folder = EXAMPLES / "blog_pipeline"
    for image, name in IMAGES.items():
        add = ["local", "image", "add", f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{image}"]
        command = [str(Path(sys.executable).with_name("stepfunctions")), *add, "--folder", str(folder / name)]
        subprocess.run([*command, "--data-dir", str(cloud.data_dir)], check=True, capture_output=True)
    cloudformation, s3 = cloud.client("cloudformation"), cloud.client("s3")
    bucket = bootstrap("test", cloudformation).bucket
    assert [one.uploaded for one in publish(stack.assets, bucket, s3)] == [True, True]
    values = {**stack.parameters, "AssetBucket": bucket}
    request = {
        "StackName": stack.name,
        "TemplateBody": stack.to_yaml(),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": CAPABILITIES,
    }
    cloudformation.create_stack(**request)
    made = ended(cloudformation, stack.name)
    assert made["StackStatus"] == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName=stack.name)
    data = cloud.python("-c", "from provision import *; upload(HERE / 'glue' / 'pull.py')", PYTHONPATH=str(folder))
    assert data.returncode == 0, data.stderr
    outputs = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    assert run(cloud, outputs["AliasArn"]) == "SUCCEEDED"

    assert not bootstrap("test", cloudformation).changed
    assert [one.uploaded for one in publish(built_anew(stack), bucket, s3)] == [False, False]
    with pytest.raises(cloudformation.exceptions.ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(**request)


def built_anew(stack: Stack) -> list[AssetFile]:
    return [replace(one) for one in stack.assets]


def ended(cloudformation: Any, name: str) -> dict[str, Any]:
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    described: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return described


def run(cloud: LocalCloud, arn: str) -> str:
    from stepfunctions.workflow import Execution

    client = cloud.client("stepfunctions")
    started = client.start_execution(stateMachineArn=arn, input=json.dumps({"JobName": "stacked"}))
    execution = Execution.attach(started["executionArn"], client)
    execution.wait()
    return str(execution.status.value)
