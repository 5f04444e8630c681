"""The example without this SDK, against a real server."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "boto3_only.py"

pytestmark = [pytest.mark.examples, pytest.mark.local]


def test_it_imports_boto3_and_the_standard_library_alone() -> None:
    tree = ast.parse(SCRIPT.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "boto3", "json", "sys", "time"}


def test_it_runs_a_definition_and_pages_its_history(cloud: Any) -> None:
    done = cloud.python("-W", "error", SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    *events, last = done.stdout.splitlines()
    status, output = last.split(" ", 1)
    assert status == "SUCCEEDED"
    assert json.loads(output) == [
        {"route": "JFK-LAX", "late": 2},
        {"route": "EWR-MYR", "late": 0},
        {"route": "LGA-BUF", "late": 1},
    ]
    found = [re.fullmatch(r"page (\d+) +(\d+)  (\w+) *(.*)", line) for line in events]
    assert all(found)
    rows = [match.groups() for match in found if match]
    assert [int(row[1]) for row in rows] == list(range(1, len(rows) + 1))
    assert [int(row[0]) for row in rows] == [1 + number // 5 for number in range(len(rows))]
    assert ("ChoiceStateEntered", "Any late?") in [row[2:] for row in rows]
    client = cloud.client("stepfunctions")
    assert "boto3-only" not in [one["name"] for one in client.list_state_machines()["stateMachines"]]
    client.close()
