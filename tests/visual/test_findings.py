"""Findings of the linter on the picture of a definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stepfunctions import lint
from stepfunctions.cli.main import run
from stepfunctions.visual import Picture

DEFINITION: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Parameters": {"day": "$.day", "x.$": "$.a["}, "Next": "P/1"},
        "P/1": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"d": "$.d"}, "End": True}}}],
            "End": True,
        },
    },
}


def test_states_carry_what_is_wrong_with_them() -> None:
    picture = Picture.of(DEFINITION, findings=lint.check(DEFINITION))
    lines = picture.text.splitlines()
    assert lines[0] == "✕ A  [Pass] → P/1  1 error · 1 warning"
    assert lines[1].startswith("P/1")
    assert lines[-1].strip().startswith("! I  [Pass]")
    assert lines[-1].endswith("1 warning")
    svg = picture.svg
    assert 'data-s="FAILED"' in svg
    assert "error: The value for the field" in svg
    assert 'data-s="IDLE"' not in svg
    assert "Not reached" not in picture.data


def test_what_is_called_states_is_no_state_by_that() -> None:
    body = {"Type": "Pass", "Result": {"States": {"B": 1}}, "Nxt": 1, "Next": "B"}
    definition = {"StartAt": "States", "States": {"States": body, "B": {"Type": "Succeed"}}}
    findings = lint.check(definition)
    assert Picture.of(definition, findings=findings).text == "✕ States  [Pass] → B  1 error\nB  [Succeed] → End\n"


def test_without_findings_nothing_is_marked() -> None:
    good = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    assert Picture.of(good, findings=[]).svg == Picture.of(good).svg


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(DEFINITION))
    assert run(["graph", str(path), "--findings"]) == 1
    assert "✕ A" in capsys.readouterr().out


def test_a_definition_with_errors_is_drawn_and_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}}}))
    assert run(["graph", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == "✕ A  [Pass] → Gone  1 error\nGone  [not defined]\n"
    assert said.err == f"The definition has 1 error: stepfunctions validate {path}\n"
    assert run(["graph", str(path), "-o", str(tmp_path / "A.SVG")]) == 1
    assert 'data-s="FAILED"' in (tmp_path / "A.SVG").read_text()
