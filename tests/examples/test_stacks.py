"""The examples as stacks: no finding, nothing of one account in them, and made and run by the local cloud."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.rendering import definition_in
from tests.deploy.test_stack import findings
from tests.examples.conftest import LocalCloud, started

from stepfunctions.deploy import Stack
from stepfunctions.deploy.assets import publish
from stepfunctions.deploy.bootstrap import bootstrap
from stepfunctions.workflow import Execution

EXAMPLES = Path(__file__).parents[2] / "examples"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
REGISTRIES = {"us-east-1": "683313688378", "eu-west-1": "141502667606", "cn-north-1": "450853457545"}
"""The accounts of SageMaker's scikit-learn images: https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/"""
ACCOUNT = "210987654321"
MODULES = ("stack", "pipeline", "provision", "workflow")


@dataclass(frozen=True)
class Example:
    """An example, and how to run it: what is put into its bucket by ``upload``, and the execution's input."""

    folder: Path
    images: dict[str, str]
    upload: str
    input: dict[str, Any]

    def stack(self, monkeypatch: pytest.MonkeyPatch) -> Stack:
        """The stack; the modules of the examples have the same names, so they are forgotten afterwards."""
        with monkeypatch.context() as patch:
            for name in MODULES:
                patch.delitem(sys.modules, name, raising=False)
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            patch.syspath_prepend(str(self.folder))
            found = importlib.import_module("stack").stack
            for name in MODULES:
                sys.modules.pop(name, None)
        assert isinstance(found, Stack)
        return found


BLOG = Example(
    EXAMPLES / "blog_pipeline",
    {f"{REGISTRY}/blog-pipeline-convert": "container", f"{REGISTRY}/blog-pipeline-clusters": "image"},
    "upload(HERE / 'glue' / 'pull.py')",
    {"JobName": "stacked"},
)
FLIGHTS = Example(
    EXAMPLES / "flight_delays", {"flight-delays-convert": "container"}, "upload(Settings())", {"Week": 39}
)


@pytest.fixture(params=[BLOG, FLIGHTS], ids=["blog_pipeline", "flight_delays"])
def example_of(request: pytest.FixtureRequest) -> Example:
    found: Example = request.param
    return found


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[LocalCloud]:
    """A local cloud of its own, in which roles may do what their policies say."""
    with started(tmp_path / "cloud", "--iam", "enforce") as cloud:
        yield cloud


def test_cfn_lint_finds_nothing(example_of: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = example_of.stack(monkeypatch)
    assert findings(stack.to_yaml()) == []
    assert findings(stack.to_json()) == []


def test_nothing_of_one_account_is_in_it(example_of: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = example_of.stack(monkeypatch)
    # The Mapping of SageMaker's accounts has Regions and accounts: that is what it is for.
    template = {name: part for name, part in stack.template.items() if name != "Mappings"}
    for text in (replace(stack, template=template).to_yaml(), replace(stack, template=template).to_json()):
        assert re.findall(r"\b\d{12}\b|\b(?:us|eu|cn|ap)-[a-z]+-\d\b|arn:aws\b[a-z-]*:", text) == []


@pytest.mark.parametrize("region", REGISTRIES)
def test_it_fits_three_regions(example_of: Example, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = example_of.stack(monkeypatch)
    partition, suffix = ("aws-cn", "amazonaws.com.cn") if region.startswith("cn-") else ("aws", "amazonaws.com")
    machine = {**stack.template, "Resources": {"StateMachine": stack.template["Resources"]["StateMachine"]}}
    text = json.dumps(definition_in(machine, region, {**stack.parameters, "AssetBucket": "files"}, ACCOUNT))
    assert set(re.findall(r"arn:([a-z-]+):", text)) == {partition}
    hosts = set(re.findall(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.([a-z.]+)/", text))
    account = ACCOUNT if example_of is BLOG else REGISTRIES[region]
    assert hosts == {(account, region, suffix)}


@pytest.mark.examples
@pytest.mark.local
@pytest.mark.timeout(300)
def test_the_local_cloud_makes_it_and_it_runs(
    example_of: Example,
    monkeypatch: pytest.MonkeyPatch,
    guarded: LocalCloud,
    some_flights: Any,
    write_slice: Callable[[Path, Any], Path],
    tmp_path: Path,
) -> None:
    stack = example_of.stack(monkeypatch)
    add_images(example_of, guarded)
    cloudformation, s3 = guarded.client("cloudformation"), guarded.client("s3")
    bucket = bootstrap("test", cloudformation).bucket
    assert all(one.uploaded for one in publish(stack.assets, bucket, s3))
    values = {**stack.parameters, "AssetBucket": bucket}
    request = {
        "StackName": stack.name,
        "TemplateBody": stack.to_yaml(),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    cloudformation.create_stack(**request)
    outputs = outputs_of(cloudformation, stack.name)
    raw = write_slice(tmp_path / "raw", some_flights)
    put = f"from provision import *; {example_of.upload}"
    data = guarded.python("-c", put, PYTHONPATH=str(example_of.folder), FLIGHT_DELAYS_RAW=str(raw))
    assert data.returncode == 0, data.stderr
    assert run(guarded, outputs["AliasArn"], example_of.input) == "SUCCEEDED"

    assert not bootstrap("test", cloudformation).changed
    again = [replace(one) for one in example_of.stack(monkeypatch).assets]
    assert not any(one.uploaded for one in publish(again, bucket, s3))
    with pytest.raises(cloudformation.exceptions.ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(**request)


def add_images(example: Example, cloud: LocalCloud) -> None:
    command = str(Path(sys.executable).with_name("stepfunctions"))
    for image, folder in example.images.items():
        words = ["local", "image", "add", image, "--folder", str(example.folder / folder)]
        subprocess.run([command, *words, "--data-dir", str(cloud.data_dir)], check=True, capture_output=True)


def outputs_of(cloudformation: Any, name: str) -> dict[str, str]:
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}


def run(cloud: LocalCloud, arn: str, given: dict[str, Any]) -> str:
    client = cloud.client("stepfunctions")
    started = client.start_execution(stateMachineArn=arn, input=json.dumps(given))
    execution = Execution.attach(started["executionArn"], client)
    execution.wait()
    return str(execution.status.value)
