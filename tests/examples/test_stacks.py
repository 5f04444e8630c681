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
from tests.local.tasks.test_least_rights import actions, without

from stepfunctions.deploy import Stack
from stepfunctions.deploy.assets import publish
from stepfunctions.deploy.bootstrap import bootstrap
from stepfunctions.local.iam.missing import missing_rights
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
@pytest.mark.parametrize(
    "example_of",
    [pytest.param(BLOG, id="blog_pipeline"), pytest.param(FLIGHTS, id="flight_delays", marks=pytest.mark.heavy)],
    indirect=True,
)
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
        "TemplateURL": template_of(stack, bucket, s3),
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


STOPS = {"glue:BatchStopJobRun", "ecs:StopTask", "sagemaker:StopTrainingJob", "sagemaker:StopProcessingJob"}
"""Rights for stopping and redriving: tests/local/tasks/test_least_rights.py stops and redrives."""
ELSEWHERE = STOPS | {"states:RedriveExecution", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"}


@pytest.mark.examples
@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_without_one_action_of_its_role_it_fails(
    example_of: Example,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    some_flights: Any,
    write_slice: Callable[[Path, Any], Path],
) -> None:
    with started(tmp_path / "cloud", "--iam", "enforce", "--clock", "jump") as cloud:
        outputs = deployed(example_of, monkeypatch, cloud, write_slice(tmp_path / "raw", some_flights))
        role = Role(cloud, example_of.stack(monkeypatch).name)
        assert run(cloud, outputs["AliasArn"], example_of.input) == "SUCCEEDED"
        survived = []
        for number, action in enumerate(role.actions):
            if action in ELSEWHERE:
                continue
            role.lose(action)
            if action.startswith(("events:", "logs:")):
                refused = refuses_the_machine(cloud, outputs["StateMachineArn"])
            else:
                forget_champions(cloud)
                if action == "sagemaker:CreateEndpoint":
                    delete_endpoints(cloud)
                given = {
                    name: f"{value}-{number}" if name == "JobName" else value
                    for name, value in example_of.input.items()
                }
                refused = run(cloud, outputs["AliasArn"], given) == "FAILED"
            if not refused or action not in role.missing():
                survived.append(action)
        assert survived == []


class Role:
    """The execution role of a stack, without one of its actions at a time."""

    def __init__(self, cloud: LocalCloud, stack: str) -> None:
        self._iam, self._data_dir = cloud.client("iam"), cloud.data_dir
        found = cloud.client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId="ExecutionRole"
        )
        self._name = found["StackResourceDetail"]["PhysicalResourceId"]
        self._arn = self._iam.get_role(RoleName=self._name)["Role"]["Arn"]
        (self._policy,) = self._iam.list_role_policies(RoleName=self._name)["PolicyNames"]
        self._whole = self._iam.get_role_policy(RoleName=self._name, PolicyName=self._policy)["PolicyDocument"]

    @property
    def actions(self) -> list[str]:
        return actions(self._whole)

    def lose(self, action: str) -> None:
        text = json.dumps(without(self._whole, action))
        self._iam.put_role_policy(RoleName=self._name, PolicyName=self._policy, PolicyDocument=text)

    def missing(self) -> set[str]:
        return {one["action"] for one in missing_rights(self._data_dir) if one["role"] == self._arn}


def refuses_the_machine(cloud: LocalCloud, arn: str) -> bool:
    client = cloud.client("stepfunctions")
    definition = client.describe_state_machine(stateMachineArn=arn)["definition"]
    try:
        client.update_state_machine(stateMachineArn=arn, definition=definition)
    except client.exceptions.ClientError as error:
        return bool(error.response["Error"]["Code"] == "AccessDeniedException")
    return False


def forget_champions(cloud: LocalCloud) -> None:
    """All routes are due again."""
    s3 = cloud.client("s3")
    if "flight-delays" in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        for entry in s3.list_objects_v2(Bucket="flight-delays", Prefix="champions/").get("Contents", ()):
            s3.delete_object(Bucket="flight-delays", Key=entry["Key"])


def delete_endpoints(cloud: LocalCloud) -> None:
    client = cloud.client("sagemaker")
    for endpoint in client.list_endpoints()["Endpoints"]:
        client.delete_endpoint(EndpointName=endpoint["EndpointName"])
        client.get_waiter("endpoint_deleted").wait(
            EndpointName=endpoint["EndpointName"], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def deployed(example: Example, monkeypatch: pytest.MonkeyPatch, cloud: LocalCloud, raw: Path) -> dict[str, str]:
    """Deploy the stack of an example, with its data; return its outputs."""
    stack = example.stack(monkeypatch)
    add_images(example, cloud)
    cloudformation = cloud.client("cloudformation")
    bucket = bootstrap("test", cloudformation).bucket
    s3 = cloud.client("s3")
    publish(stack.assets, bucket, s3)
    values = {**stack.parameters, "AssetBucket": bucket}
    cloudformation.create_stack(
        StackName=stack.name,
        TemplateURL=template_of(stack, bucket, s3),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    outputs = outputs_of(cloudformation, stack.name)
    put = f"from provision import *; {example.upload}"
    data = cloud.python("-c", put, PYTHONPATH=str(example.folder), FLIGHT_DELAYS_RAW=str(raw))
    assert data.returncode == 0, data.stderr
    return outputs


def template_of(stack: Stack, bucket: str, s3: Any) -> str:
    """Put the template where CloudFormation reads it: it may be too large to be sent."""
    s3.put_object(Bucket=bucket, Key="template.yaml", Body=stack.to_yaml().encode())
    return f"{s3.meta.endpoint_url}/{bucket}/template.yaml"


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
