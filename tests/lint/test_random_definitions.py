"""Definitions that are valid by how they are made give no error."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from tests.machines import RunnableMachine, runnable_machines

from stepfunctions import lint


@given(runnable_machines())
def test_what_runs_has_no_error(machine: RunnableMachine) -> None:
    found: list[Any] = [one for one in lint.check(machine.definition) if one.severity == lint.ERROR]
    assert found == []
