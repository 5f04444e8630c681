"""What the rules are sure of is so: no case of the conformance suite that succeeds does what they call impossible."""

from __future__ import annotations

import pytest
from tests.conformance.case import Case, all_cases

from stepfunctions.lint import RULES, check

SURE = [rule for rule in RULES if rule.id in ("IMPOSSIBLE_PATH", "UNDEFINED_VARIABLE", "OUT_OF_SCOPE_VARIABLE")]
CAUGHT = (
    "catch-output-path-does-not-apply",
    "jsonata-error-caught-as-all",
    "jsonata-error-caught-as-queryevaluationerror",
    "jsonata-error-caught-as-taskfailed",
)
"""Cases in which just that fails, and is caught."""
NO_LAMBDA = ("io-default-output-of-a-task",)
"""Cases that read from lambda:invoke what it never answers: their answers are made up."""
SUCCEED = [
    case for case in all_cases() if isinstance(case.definition, dict) and case.expect.get("status") == "SUCCEEDED"
]


def test_there_are_many_cases() -> None:
    assert len(SUCCEED) > 300


@pytest.mark.parametrize("case", SUCCEED, ids=lambda case: str(case.name))
def test_nothing_that_succeeds_is_called_impossible(case: Case) -> None:
    found = [str(finding) for finding in check(case.definition, rules=SURE)]
    assert bool(found) == (case.name in CAUGHT + NO_LAMBDA), found
