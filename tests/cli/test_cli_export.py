"""``stepfunctions export``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions.cli.main import run
from stepfunctions.local.cloudformation.texts import parsed

DEFINITION = {
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Bucket": "raw-data"},
            "End": True,
        }
    },
}
PROGRAM = """
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow

workflow = Workflow("flow", Pass("a", result="subnet-0a1b2c3d"), "arn:aws:iam::123456789012:role/r")
stack = workflow.stack(name="of-python", alias=None)
"""


@pytest.fixture
def definition(tmp_path: Path) -> str:
    path = tmp_path / "my flow.asl.json"
    path.write_text(json.dumps(DEFINITION))
    return str(path)


def test_a_definition_as_yaml(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "cloudformation", definition]) == 0
    template = parsed(capsys.readouterr().out)
    machine = template["Resources"]["StateMachine"]["Properties"]
    assert machine["DefinitionSubstitutions"]["RawDataBucket"] == {"Ref": "RawDataBucket"}
    assert template["Parameters"]["StateMachineName"]["Default"] == "my-flow"
    assert machine["StateMachineType"] == "STANDARD"


def test_the_form_follows_the_file(definition: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "out.json"
    asked = ["--type", "EXPRESS", "--name", "mine", "--region", "eu-west-1", "--account", "210987654321"]
    assert run(["export", "cloudformation", definition, "-o", str(written), *asked]) == 0
    template = json.loads(written.read_text())
    assert template["Resources"]["StateMachine"]["Properties"]["StateMachineType"] == "EXPRESS"
    told = capsys.readouterr()
    assert f"{written}: {len(template['Resources'])} resources" in told.out
    assert "Parameter without a default: OtherAccount (here 123456789012)" in told.err


def test_a_python_workflow_or_its_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "flows.py"
    path.write_text(PROGRAM)
    assert run(["export", "cloudformation", str(path)]) == 0
    assert "Alias" in parsed(capsys.readouterr().out)["Resources"]
    assert run(["export", "cloudformation", f"{path}:stack", "--format", "json"]) == 0
    told = capsys.readouterr()
    assert "Alias" not in json.loads(told.out)["Resources"]
    assert "Parameter without a default: Subnet (here subnet-0a1b2c3d)" in told.err


def test_mistakes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "cloudformation", str(tmp_path / "none.json")]) == 2
    broken = tmp_path / "broken.json"
    broken.write_text('{"StartAt": "A", "States": {}}')
    assert run(["export", "cloudformation", str(broken)]) == 2
    told = capsys.readouterr().err
    assert "/States: The field 'States' must be an object with at least one state" in told
    assert "Usage" not in told.partition("none.json")[2]
