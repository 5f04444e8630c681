"""Rules of a Choice step."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.asl.choice import OPERATORS
from stepfunctions.inputs import StepInput
from stepfunctions.steps import ChoiceRule

_VALUES: dict[str, Any] = {"string": "a", "numeric": 1.5, "boolean": True, "timestamp": "2026-01-31T00:00:00Z"}


@pytest.mark.parametrize("operator", OPERATORS)
def test_there_is_a_method_for_every_operator(operator: str) -> None:
    kind = OPERATORS[operator]
    value = StepInput()["other"] if kind.endswith(" path") else _VALUES[kind]
    rule = getattr(ChoiceRule, operator)("$.x", value)
    assert rule.to_dict() == {"Variable": "$.x", operator: "$['other']" if kind.endswith(" path") else value}
    with pytest.raises(ValueError, match=operator):
        getattr(ChoiceRule, operator)("$.x", object())


def test_rules_combine() -> None:
    x, y = ChoiceRule.IsPresent("$.x", True), ChoiceRule.StringEquals(StepInput()["y"], "a")
    assert ChoiceRule.And([x, ChoiceRule.Or([y, ChoiceRule.Not(x)])]).to_dict() == {
        "And": [
            {"Variable": "$.x", "IsPresent": True},
            {"Or": [{"Variable": "$['y']", "StringEquals": "a"}, {"Not": {"Variable": "$.x", "IsPresent": True}}]},
        ]
    }


@pytest.mark.parametrize("variable", ["x", 1, None])
def test_a_variable_is_a_steps_output_or_a_path(variable: Any) -> None:
    with pytest.raises(ValueError, match="begins with \\$"):
        ChoiceRule.IsNull(variable, True)


def test_a_number_is_no_boolean_and_a_boolean_no_number() -> None:
    with pytest.raises(ValueError, match="NumericEquals takes"):
        ChoiceRule.NumericEquals("$.x", True)
    with pytest.raises(ValueError, match="BooleanEquals takes"):
        ChoiceRule.BooleanEquals("$.x", 1)


def test_a_rule_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="only when the execution runs"):
        bool(ChoiceRule.IsNull("$.x", True))
