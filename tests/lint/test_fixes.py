"""What --fix mends: the deprecated forms, with the rest of the text as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions import lint
from stepfunctions.cli.main import run

INNER = '{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}'
FILES = {
    "old.json": (
        '{\n  "StartAt": "M",  \n  "States": {"M": {"Type": "Map", "Parameters": {"a.$": "$.a"},'
        f' "Iterator": {INNER}, "End": true}}\n}}}}\n',
        '{\n  "StartAt": "M",  \n  "States": {"M": {"Type": "Map", "ItemSelector": {"a.$": "$.a"},'
        f' "ItemProcessor": {INNER}, "End": true}}\n}}}}\n',
    ),
    "function.json": (
        '{"StartAt": "F", "States": {"F": {"Type": "Task",\n'
        '  "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",\n  "End": true}}}',
        '{"StartAt": "F", "States": {"F": {"Type": "Task",\n'
        '  "Resource": "arn:aws:states:::lambda:invoke",\n'
        '  "Parameters": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f", "Payload.$": "$"},\n'
        '  "OutputPath": "$.Payload",\n  "End": true}}}',
    ),
    "old.yaml": (
        "# a comment\nStartAt: F\nStates:\n  F:\n    Type: Task\n"
        "    Resource: arn:aws:lambda:us-east-1:123456789012:function:f  # old\n    Next: M\n"
        "  M:\n    Type: Map\n    Iterator:\n      StartAt: I\n      States: {I: {Type: Succeed}}\n    End: true\n",
        "# a comment\nStartAt: F\nStates:\n  F:\n    Type: Task\n"
        "    Resource: arn:aws:states:::lambda:invoke\n"
        '    Parameters: {FunctionName: "arn:aws:lambda:us-east-1:123456789012:function:f", Payload.$: $}\n'
        "    OutputPath: $.Payload  # old\n    Next: M\n"
        "  M:\n    Type: Map\n    ItemProcessor:\n      StartAt: I\n      States: {I: {Type: Succeed}}\n"
        "    End: true\n",
    ),
    "template.yaml": (
        "Resources:\n  A:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      Definition:\n"
        "        StartAt: M\n        States:\n          M:\n            Type: Map\n            Iterator: !Sub x\n"
        "            End: true\n"
        "  B:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      Definition:\n"
        "        StartAt: M\n        States:\n          M:\n            Type: Map\n"
        "            Iterator: {StartAt: I, States: {I: {Type: Succeed}}}\n            ItemsPath: !Ref Items\n"
        "            End: true\n",
        None,
    ),
}


@pytest.mark.parametrize("name", [name for name, (_, after) in FILES.items() if after is not None])
def test_mended(tmp_path: Path, name: str) -> None:
    before, after = FILES[name]
    path = tmp_path / name
    path.write_text("\ufeff" + before if name == "old.json" else before)
    assert lint.fix_file(path) > 0
    assert path.read_text().removeprefix("\ufeff") == after
    assert not [one for one in lint.check_file(path) if one.rule.startswith("DEPRECATED")]
    assert lint.fix_file(path) == 0


def test_in_a_template(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(FILES["template.yaml"][0])
    assert lint.fix_file(path) == 1
    assert path.read_text() == FILES["template.yaml"][0].replace("Iterator: {", "ItemProcessor: {")


def test_a_state_that_shapes_its_data_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    state = {"Type": "Task", "Resource": function, "ResultPath": "$.r", "End": True}
    text = json.dumps({"StartAt": "F", "States": {"F": state}})
    path.write_text(text)
    assert lint.fix_file(path) == 0
    assert path.read_text() == text


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.json"
    path.write_text(FILES["old.json"][0])
    assert run(["validate", str(path), "--fix"]) == 0
    printed = capsys.readouterr()
    assert "2 findings mended" in printed.err
    assert "0 errors, 0 warnings" in printed.out
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert run(["validate", str(broken), "--fix"]) == 1
    assert broken.read_text() == "{"
