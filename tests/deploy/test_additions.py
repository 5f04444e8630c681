"""What a stack has beside its workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepfunctions.deploy import AssetFile, Stack, including
from stepfunctions.steps import GlueStep, lambda_function
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/given"
QUEUE = {"Type": "AWS::SQS::Queue"}
BUCKET = {"Type": "AWS::S3::Bucket"}


@lambda_function("count-words")
def count(text: str) -> int:
    return len(text.split())


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "pull.py").write_text("print('pulled')\n")
    flow = count.step("Count", text="a b") >> GlueStep("Pull", tmp_path / "pull.py", role=ROLE)
    return Workflow("words", flow, ROLE).stack()


def test_what_steps_declare_waits_for_what_comes_first(stack: Stack) -> None:
    found = including(stack, first={"Data": BUCKET}, resources={"Told": QUEUE}).template["Resources"]
    assert found["CountWordsFunction"]["DependsOn"] == ["CountWordsFunctionLogs", "Data"]
    assert found["PullJob"]["DependsOn"] == ["Data"]
    assert "DependsOn" not in found["StateMachine"]
    assert (found["Data"], found["Told"]) == (BUCKET, QUEUE)


def test_files_get_their_parameters_and_the_stack_stays_as_it_was(stack: Stack) -> None:
    file = AssetFile(name="more.zip", build=lambda: b"more", key_parameter="MoreKey")
    before = stack.to_json()
    found = including(stack, assets={"something more": file})
    assert found.template["Parameters"]["MoreKey"]["Default"] == file.key
    assert found.assets == (*stack.assets, file)
    assert stack.to_json() == before


def test_a_name_that_is_taken_is_told(stack: Stack) -> None:
    with pytest.raises(ValueError, match="the name 'StateMachine' for different resources"):
        including(stack, resources={"StateMachine": QUEUE})
