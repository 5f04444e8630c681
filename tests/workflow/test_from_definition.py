"""Workflow.from_definition: from a dict, a text or a file to a workflow whose states can be changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import DefinitionError
from stepfunctions.exceptions import MissingRequiredParameter
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow

DEFINITION: dict[str, Any] = {
    "StartAt": "Double",
    "States": {
        "Double": {"Type": "Pass", "Parameters": {"x.$": "States.MathAdd($.x, $.x)"}, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
    "Comment": "twice",
}


@pytest.mark.parametrize("ending", [".json", ".asl.json", ".yaml", ".yml"])
def test_a_file_gives_the_workflow_its_name(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"doubling{ending}"
    file.write_text(json.dumps(DEFINITION))  # JSON is YAML too
    for source in (file, str(file)):
        workflow = Workflow.from_definition(source)
        assert workflow.name == "doubling"
        assert json.dumps(workflow.definition.to_dict()) == json.dumps(DEFINITION)


def test_a_dict_or_a_text_is_a_definition_too() -> None:
    yaml = "StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n"
    assert Workflow.from_definition(yaml).definition.to_dict()["States"]["A"] == {"Type": "Pass", "End": True}
    for source in (DEFINITION, json.dumps(DEFINITION)):
        workflow = Workflow.from_definition(source, "mine", role="r")
        assert (workflow.name, workflow.role) == ("mine", "r")
        assert workflow.run({"x": 3}).get_output() == {"x": 6}


def test_its_states_can_be_changed_and_the_source_stays() -> None:
    workflow = Workflow.from_definition(DEFINITION)
    before = json.dumps(DEFINITION)
    workflow.definition.states["Double"].next(Pass("Wrap", parameters={"y.$": "$.x"})).next(
        workflow.definition.states["Done"]
    )
    assert workflow.run({"x": 3}).get_output() == {"y": 6}
    assert list(workflow.definition.to_dict()["States"]) == ["Double", "Done", "Wrap"]
    assert json.dumps(DEFINITION) == before


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'Double'"):
        Workflow.from_definition({**DEFINITION, "StartAt": "Dobe"})
    with pytest.raises(DefinitionError, match="not JSON"):
        Workflow.from_definition("{")
    with pytest.raises(TypeError, match="a dict, a JSON or YAML text, or a path"):
        Workflow.from_definition(3)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        Workflow.from_definition(tmp_path / "none.json")


def test_it_cannot_be_created_without_a_role() -> None:
    with pytest.raises(MissingRequiredParameter, match=r"'workflow' has no role: set workflow\.role"):
        Workflow.from_definition(DEFINITION).create()
