"""Every event type of the service's model, and every member of its details, is expected by some case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from tests.conformance.case import all_cases

_MODEL = botocore.session.get_session().get_service_model("stepfunctions")
_EVENT = _MODEL.shape_for("HistoryEvent")
_TYPES: list[str] = list(_MODEL.shape_for("HistoryEventType").enum)
_NOT_WRITTEN = {"LambdaFunctionScheduleFailed"}
"""Here a function that cannot be called fails once it has begun."""
_NOT_KNOWN = {
    "ActivityTimedOut": {"cause"},
    "ExecutionTimedOut": {"error", "cause"},
    "LambdaFunctionTimedOut": {"cause"},
    "TaskTimedOut": {"cause"},
}
"""Members that the model has, and that are not known to be given."""


def _expected() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each expected event of all cases: its type and its details."""
    for case in all_cases():
        for line in case.expect.get("history") or ():
            yield line[1], line[2] if len(line) > 2 else {}


@pytest.fixture(scope="module")
def seen() -> dict[str, set[str]]:
    """Return the members of the details that the cases expect of each type."""
    found: dict[str, set[str]] = {}
    for kind, details in _expected():
        found.setdefault(kind, set()).update(details)
    return found


def _members(kind: str) -> set[str]:
    """Return the members of a type's details that a case writes; what says "truncated" goes without saying."""
    names = {f"{kind[0].lower()}{kind[1:]}EventDetails"}
    names |= {"stateEnteredEventDetails"} if kind.endswith("StateEntered") else set()
    names |= {"stateExitedEventDetails"} if kind.endswith("StateExited") else set()
    shapes = [_EVENT.members[name] for name in names if name in _EVENT.members]
    return {name for shape in shapes for name in shape.members if not name.endswith("Details")}


@pytest.mark.parametrize("kind", _TYPES)
def test_every_type_and_every_member_is_expected(kind: str, seen: dict[str, set[str]]) -> None:
    if kind in _NOT_WRITTEN:
        assert kind not in seen
        return
    assert kind in seen, "no case expects it"
    missing = _members(kind) - seen[kind] - _NOT_KNOWN.get(kind, set())
    if kind.endswith("StateExited"):
        missing -= {"assignedVariables"}  # one of the seven is enough, below
    assert not missing


def test_assigned_variables_are_expected_where_a_state_may_assign(seen: dict[str, set[str]]) -> None:
    assigning = {kind for kind, members in seen.items() if "assignedVariables" in members}
    assert assigning == {f"{kind}StateExited" for kind in ("Task", "Pass", "Choice", "Wait", "Parallel", "Map")}


def test_no_case_expects_what_the_model_does_not_have(seen: dict[str, set[str]]) -> None:
    assert not seen.keys() - set(_TYPES)
    assert not {kind: members - _members(kind) for kind, members in seen.items() if members - _members(kind)}
