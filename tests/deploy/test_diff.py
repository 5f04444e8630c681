"""What a deployment would change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.goldens import ROLE, TRAINING, training
from tests.deploy.rendering import definition_in
from tests.deploy.test_deployment import TEST

from stepfunctions.cli.main import run
from stepfunctions.deploy import including
from stepfunctions.deploy.deployment import DeploymentFailed, Place, deploy
from stepfunctions.deploy.diff import KEEP, REPLACED, diff, state_changes
from stepfunctions.deploy.filling import filled_definition, pseudo_parameters
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
OLD: dict[str, Any] = {
    "StartAt": "Choose",
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "A"}], "Default": "B"},
        "A": PASS,
        "B": {"Type": "Map", "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": PASS}}, "End": True},
    },
}
NEW: dict[str, Any] = {
    "StartAt": "Choose",
    "TimeoutSeconds": 60,
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "C"}], "Default": "B"},
        "B": {
            "Type": "Map",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {"Inner": {**PASS, "Result": 1, "Next": "Last"}, "Last": PASS},
            },
            "Next": "C",
        },
        "C": PASS,
    },
}


def test_states_edges_and_fields() -> None:
    assert [str(one) for one in state_changes(OLD, NEW)] == [
        "~ the state machine: TimeoutSeconds",
        "+ B/Last",
        "+ C",
        "- A",
        "~ Choose: Choices",
        "~ B: End, MaxConcurrency, Next",
        "~ B/Inner: Result, Next",
        "+ Choose -> C",
        "+ B -> C",
        "+ B/Inner -> B/Last",
        "- Choose -> A",
    ]
    assert state_changes(NEW, NEW) == ()
    assert [str(one) for one in state_changes({}, OLD)][:2] == ["+ Choose", "+ A"]


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1"])
def test_the_definition_is_filled_in_as_cloudformation_does(region: str) -> None:
    stack = training().stack()
    pseudo = pseudo_parameters("210987654321", region)
    expected = definition_in(stack.template, region, stack.parameters, "210987654321")
    assert filled_definition(stack, stack.parameters, pseudo) == expected


@pytest.fixture
def place(cloud: LocalCloud) -> Place:
    return Place(environment=TEST, client=lambda service: cloud.clients(service)[0], seconds=0.02)


@pytest.mark.heavy
@pytest.mark.local
def test_nothing_is_changed_by_looking(place: Place) -> None:
    stack = training().stack()
    first = diff(stack, place)
    assert {one.status for one in first.resources} == {"Add"}
    assert place.client("cloudformation").describe_stacks()["Stacks"] == []
    deploy(stack, place)
    same = diff(stack, place)
    assert (same.resources, same.states, same.means) == ((), (), ())
    definition = json.loads(json.dumps(TRAINING))
    definition["States"]["Tell"]["Parameters"]["MessageBody"] = "trained"
    changed = diff(Workflow("flow", FrozenGraph(definition), ROLE).stack(), place)
    assert [str(one) for one in changed.states] == ["~ Tell: Parameters"]
    assert "StateMachine" in {one.resource for one in changed.resources}
    assert changed.means == (KEEP,)
    renamed = replace(place, environment=replace(TEST, parameters={**TEST.parameters, "StateMachineName": "other"}))
    assert diff(stack, renamed).means == (REPLACED,)


@pytest.mark.local
def test_from_the_command_line(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "small.asl.json"
    file.write_text(json.dumps({"StartAt": "A", "States": {"A": PASS}}))
    where = ["small.asl.json", "--env", "local", "--data-dir", str(cloud.data_dir)]
    assert run(["diff", *where]) == 1
    assert "  Add StateMachine (AWS::StepFunctions::StateMachine)" in capsys.readouterr().out
    assert run(["deploy", *where, "--type", "EXPRESS"]) == 0
    assert run(["diff", *where, "--type", "EXPRESS"]) == 0
    assert "small: nothing differs in the environment local" in capsys.readouterr().out
    file.write_text(json.dumps({"StartAt": "A", "States": {"A": {**PASS, "Result": 1}}}))
    where += ["--type", "EXPRESS"]
    assert run(["diff", *where]) == 1
    told = capsys.readouterr().out
    assert "States:\n  ~ A: Result\n" in told
    assert KEEP in told
    assert run(["diff", *where, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["states"] == [{"kind": "~", "what": "A", "fields": ["Result"]}]


def test_null_is_not_absent_and_names_may_have_slashes() -> None:
    def flow(**fields: Any) -> dict[str, Any]:
        return {"StartAt": "Extract/Load", "States": {"Extract/Load": {"Type": "Pass", **fields}, "Done": PASS}}

    old, new = flow(Next="Done", Result={"n": 1}), flow(Next="Done", Result={"n": True}, ResultPath=None)
    assert [str(one) for one in state_changes(old, new)] == ["~ Extract/Load: Result, ResultPath"]
    assert "+ Extract/Load -> Done" in [str(one) for one in state_changes({}, old)]
    inline = {
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": PASS}}}},
    }
    other = json.loads(json.dumps(inline))
    other["States"]["M"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
    assert [str(one) for one in state_changes(inline, other)] == ["~ M: ItemProcessor"]


@pytest.mark.local
def test_what_is_left_of_a_failed_creation_is_no_stack(place: Place) -> None:
    workflow = Workflow("broken", FrozenGraph({"StartAt": "A", "States": {"A": PASS}}), ROLE)
    no_bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "No_Bucket"}}
    with pytest.raises(DeploymentFailed):
        deploy(including(workflow.stack(), first={"Broken": no_bucket}), place)
    found = diff(workflow.stack(), place)
    assert ({one.status for one in found.resources}, [str(one) for one in found.states]) == ({"Add"}, ["+ A"])
