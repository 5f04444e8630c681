"""The page about deploying: its output is what the commands print, its CI examples are valid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from tests.docs.deploying import PAGE, played
from tests.docs.test_pages import _check as check_command
from tests.docs.test_pages import blocks

from stepfunctions.local.cloudformation.texts import parsed
from stepfunctions.testing import LocalCloud

ACTIONS, PIPELINE = blocks(PAGE, "yaml")


@pytest.mark.local
def test_the_page_shows_what_the_commands_print(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    with LocalCloud() as cloud:
        assert played(text, cloud, tmp_path) == text


def test_the_workflow_of_github_actions_is_valid() -> None:
    workflow = yaml.safe_load(ACTIONS)
    assert set(workflow["jobs"]) == {"check", "test", "prod"}
    for job in workflow["jobs"].values():
        assert {job.get("needs", "check")} <= set(workflow["jobs"])
        for step in job["steps"]:
            assert len({"uses", "run"} & set(step)) == 1
    _check_commands([step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step])


def test_the_pipeline_of_codepipeline_is_valid() -> None:
    assert [str(found) for found in lint(PIPELINE, config=ManualArgs(regions=["eu-west-1"]))] == []
    resources = parsed(PIPELINE)["Resources"]
    build = yaml.safe_load(resources["Build"]["Properties"]["Source"]["BuildSpec"])
    actions = [one for stage in resources["Pipeline"]["Properties"]["Stages"] for one in stage["Actions"]]
    given = [one["Configuration"].get("EnvironmentVariables", "[]") for one in actions if "Configuration" in one]
    _check_commands(build["phases"]["build"]["commands"])
    _check_commands([variable["value"] for text in given for variable in json.loads(text)])


def _check_commands(lines: list[str]) -> None:
    commands = [line.split()[1:] for line in lines if re.match(r"stepfunctions\b", line)]
    assert commands
    for words in commands:
        check_command(words)
