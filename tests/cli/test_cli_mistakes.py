"""The command line with flows, with mistakes in the caller's file, and with files whose names AWS would not take."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from stepfunctions.cli.main import cli
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import ItemReader, Map, Pass
from stepfunctions.workflow import Workflow

FLOW = """
from stepfunctions.steps import Pass, Succeed

flow = Pass("First") >> Succeed("Done")
"""
MISTAKE = """
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Pass

given = ExecutionInput()
workflow = Pass("P", parameters={"k": f"{given['x']}"})
"""


def test_a_flow_is_a_target(tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text(FLOW)
    checked = CliRunner().invoke(cli, ["validate", f"{tmp_path / 'flows.py'}:flow"])
    assert (checked.exit_code, "0 errors, 0 warnings" in checked.output) == (0, True)
    missed = CliRunner().invoke(cli, ["validate", f"{tmp_path / 'flows.py'}"])
    assert "It has: flow." in missed.output


def test_a_mistake_is_shown_where_the_caller_made_it(tmp_path: Path) -> None:
    path = tmp_path / "mistake.py"
    path.write_text(MISTAKE)
    shown = CliRunner().invoke(cli, ["validate", str(path)])
    assert shown.exit_code == 2
    assert f"({path}, line 6)" in " ".join(shown.output.split())


def test_a_file_with_any_name_gives_a_workflow_whose_name_aws_takes(tmp_path: Path) -> None:
    path = tmp_path / "my flow: 2.asl.json"
    path.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))
    assert Workflow.from_definition(path).name == "my-flow-2"
    checked = CliRunner().invoke(cli, ["validate", str(path)])
    assert checked.exit_code == 0


def test_the_picture_of_an_execution_counts_the_items_of_a_distributed_map() -> None:
    fleet = Map(
        "Fleet", distributed=True, item_reader=ItemReader.jsonl("lake", "due.jsonl"), item_processor=Pass("One")
    )
    execution = Workflow("fleet", fleet, "r").run(mocks={"s3://lake/due.jsonl": b'{"a": 1}\n{"a": 2}\n'})
    assert "2/2" in str(execution.render_progress())


def test_notebooks_complete_the_names_of_a_schema() -> None:
    given = ExecutionInput({"day": str, "where": {"bucket": str}})
    assert given._ipython_key_completions_() == ["day", "where"]
    assert given["where"]._ipython_key_completions_() == ["bucket"]
