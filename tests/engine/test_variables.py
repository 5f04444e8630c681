"""How large the variables of an execution are together, kept up as branches come and go."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Branch, Execution
from stepfunctions.engine.limits import Limits
from stepfunctions.engine.variables import forget, store
from stepfunctions.errors import StateFailed

LIMITS = Limits(variables=20)


def execution(**variables: Any) -> Execution:
    made = Execution("arn", "n", "m", "m", "role", Document({}), 0.0)
    made.attach([Branch(1, state="A", variables=variables), Branch(2, parent=1, state="B")])
    return made


def test_a_value_counts_as_its_json_and_replaces_the_older() -> None:
    one = execution(a="12345678")  # with its quotes 10 bytes
    root = one.branches[1]
    store(one, root, {"b": "é", "a": "1234567"}, LIMITS, "S")
    assert one.variable_bytes == 9 + 4
    assert root.variables == {"a": "1234567", "b": "é"}


def test_what_is_too_large_sets_nothing() -> None:
    one = execution(a="12345678")
    inner = one.branches[2]
    with pytest.raises(StateFailed, match=r"The state 'S' assigned variables .* service limit") as refused:
        store(one, inner, {"b": "123456789"}, LIMITS, "S")
    assert refused.value.error == "States.DataLimitExceeded"
    assert (inner.variables, one.variable_bytes) == ({}, 10)
    store(one, inner, {"b": "12345678"}, LIMITS, "S")
    assert one.variable_bytes == 20


def test_a_branch_that_has_ended_counts_no_more() -> None:
    one = execution(a=1)
    store(one, one.branches[2], {"b": 22}, LIMITS, "S")
    forget(one, one.branches[2])
    forget(one, one.branches[2])
    assert (one.variable_bytes, one.branches[2].variables) == (1, {})
