"""What was changed outside of a stack, and a stack as files for others."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.goldens import ROLE, TRAINING, training
from tests.deploy.test_stack import large

from stepfunctions.cli.main import run
from stepfunctions.deploy.bundle import bundle, write_bundle
from stepfunctions.deploy.deployment import DeploymentFailed, Place, deploy
from stepfunctions.deploy.drift import drift
from stepfunctions.deploy.environments import LOCAL, Environment
from stepfunctions.local.cloudformation.texts import parsed
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

PROD = Environment(name="prod", account="210987654321", region="eu-west-1", tags={"team": "delays"}, schedules=False)
TEST = Environment(name="test", bucket="files", parameters={"Subnets": "subnet-1", "SecurityGroups": "sg-1"})
ENVIRONMENTS = f"""
[environments.test.parameters]
Subnets = ["subnet-1", "subnet-2"]
SecurityGroups = "sg-1"

[environments.prod]
region = "{PROD.region}"
"""


@pytest.fixture
def place(cloud: LocalCloud) -> Place:
    return Place(environment=TEST, client=lambda service: cloud.clients(service)[0], seconds=0.02)


@pytest.mark.local
def test_what_was_changed_outside_of_a_stack_is_told(
    cloud: LocalCloud, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = deploy(training().stack(name="drifting"), replace(place, environment=replace(TEST, bucket=None))).outputs[
        "StateMachineArn"
    ]
    assert drift("drifting", place) == ()
    command = ["drift", "drifting", "--env", LOCAL, "--data-dir", str(cloud.data_dir)]
    assert run(command) == 0
    assert capsys.readouterr().out == "drifting: as its template says\n"
    place.client("stepfunctions").update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": True})
    place.client("logs").delete_log_group(logGroupName="/aws/vendedlogs/states/drifting")
    found = {one.resource: one for one in drift("drifting", place)}
    assert found["LogGroup"].status == "DELETED"
    assert run(command) == 1
    assert "  DELETED LogGroup (AWS::Logs::LogGroup)" in capsys.readouterr().out
    assert run([*command, "--format", "json"]) == 1
    assert "LogGroup" in {one["resource"] for one in json.loads(capsys.readouterr().out)}
    with pytest.raises(ValueError, match="There is no stack 'none' in the environment 'test'"):
        drift("none", place)


class Detecting:
    """CloudFormation's answers of a detection that takes some time, page by page."""

    def __init__(self, ends: str) -> None:
        self.statuses = ["DETECTION_IN_PROGRESS", ends]

    def describe_stacks(self, **_: Any) -> Any:
        return {"Stacks": [{"StackName": "flow"}]}

    def detect_stack_drift(self, **_: Any) -> Any:
        return {"StackDriftDetectionId": "1"}

    def describe_stack_drift_detection_status(self, **_: Any) -> Any:
        return {"DetectionStatus": self.statuses.pop(0), "DetectionStatusReason": "not allowed to read Alias"}

    def describe_stack_resource_drifts(self, NextToken: str = "", **_: Any) -> Any:  # noqa: N803 - AWS's name
        more = {} if NextToken else {"NextToken": "2"}
        difference = {"PropertyPath": "/RetentionInDays", "ExpectedValue": "30", "ActualValue": "7"}
        return more | {
            "StackResourceDrifts": [
                {
                    "LogicalResourceId": f"Log{NextToken}",
                    "ResourceType": "AWS::Logs::LogGroup",
                    "StackResourceDriftStatus": "MODIFIED",
                    "PropertyDifferences": [difference],
                }
            ]
        }


def test_a_detection_is_waited_for() -> None:
    waited: list[float] = []
    there = Place(environment=TEST, client=lambda _: Detecting("DETECTION_COMPLETE"), pause=waited.append)
    client = there.client("cloudformation")
    found = drift("flow", replace(there, client=lambda _: client))
    assert [one.resource for one in found] == ["Log", "Log2"]
    assert str(found[0].differences[0]) == "/RetentionInDays: 30 -> 7"
    assert waited == [2.0]
    failing = Detecting("DETECTION_FAILED")
    with pytest.raises(DeploymentFailed, match="cannot be compared with its template: not allowed to read Alias"):
        drift("flow", replace(there, client=lambda _: failing))


def test_a_bundle_has_everything_that_is_deployed() -> None:
    stack = Workflow("large", FrozenGraph(large()), ROLE).stack()
    files = bundle(stack, [Environment(name=LOCAL), TEST, PROD])
    (asset,) = stack.assets
    assert set(files) == {
        "template.yaml",
        "parameters.test.json",
        "parameters.prod.json",
        f"assets/{asset.key}",
        "SHA256SUMS",
        "README.md",
    }
    assert files[f"assets/{asset.key}"] == asset.content
    assert parsed(files["template.yaml"].decode()) == stack.template
    assert json.loads(files["parameters.test.json"])["Parameters"]["AssetBucket"] == "files"
    assert json.loads(files["parameters.prod.json"]) == {"Parameters": {"AssetBucket": ""}, "Tags": {"team": "delays"}}
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, path = line.split("  ")
        assert digest == hashlib.sha256(files[path]).hexdigest()
    readme = files["README.md"].decode()
    assert (
        "For the account 210987654321, in eu-west-1. Fill in first, in `parameters.prod.json`: `AssetBucket`" in readme
    )
    assert "aws s3 cp --recursive assets/ s3://files/" in readme
    assert "--tags 'team=delays'" in readme
    assert bundle(stack, [TEST, PROD]) == files


def test_a_misspelt_parameter_is_told() -> None:
    with pytest.raises(ValueError, match="did you mean 'SecurityGroups'"):
        bundle(training().stack(), [replace(PROD, parameters={"SecurityGroup": "sg-1"})])


def test_as_a_zip_and_as_a_folder(tmp_path: Path) -> None:
    files = bundle(training().stack(), [TEST])
    write_bundle(files, tmp_path / "one.zip")
    write_bundle(files, tmp_path / "folder")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "one.zip").read_bytes())) as package:
        assert {name: package.read(name) for name in package.namelist()} == files
    assert {name: (tmp_path / "folder" / name).read_bytes() for name in files} == files
    with pytest.raises(FileExistsError, match="is not empty"):
        write_bundle(files, tmp_path / "folder")


def test_bundle_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.asl.json").write_text(json.dumps(TRAINING))
    (tmp_path / "stepfunctions.toml").write_text(ENVIRONMENTS)
    assert run(["bundle", "train.asl.json", "-o", "out"]) == 0
    assert "  parameters.prod.json" in capsys.readouterr().out
    values = json.loads((tmp_path / "out" / "parameters.test.json").read_text())["Parameters"]
    assert values == {"Subnets": "subnet-1,subnet-2", "SecurityGroups": "sg-1"}
    assert run(["bundle", "train.asl.json", "--env", "test", "-o", "one.zip", "--format", "json"]) == 0
    assert "parameters.prod.json" not in json.loads(capsys.readouterr().out)["files"]
    assert run(["bundle", "train.asl.json", "-o", "out"]) == 2
    assert "The folder out is not empty" in capsys.readouterr().err
    assert run(["bundle", "train.asl.json", "--env", LOCAL, "-o", "two.zip"]) == 2
    assert "A bundle is for AWS" in capsys.readouterr().err
