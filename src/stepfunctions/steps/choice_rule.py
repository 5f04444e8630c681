"""Rules of a Choice step.

Specification of the operators: https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from stepfunctions.inputs.conditions import BaseRule, CompoundRule, NotRule, Rule
from stepfunctions.inputs.expressions import Expression


class Comparison(Protocol):
    """Makes the rule of one operator, as ``ChoiceRule.NumericLessThan("$.mae", 12.5)`` does."""

    def __call__(self, variable: Expression | str, value: Any) -> Rule:
        """Return the rule that compares ``variable`` with ``value``."""


def _comparison(operator: str) -> Any:
    def rule(variable: Expression | str, value: Any) -> Rule:
        return Rule(variable, operator, value)

    rule.__name__ = rule.__qualname__ = operator
    rule.__doc__ = f"Return the rule that compares ``variable`` with ``value`` by ``{operator}``."
    return staticmethod(rule)


class ChoiceRule:
    """Makes rules: one method for each operator, ``(variable, value)``, and ``And``, ``Or``, ``Not``.

    >>> ChoiceRule.NumericLessThan("$.mae", 12.5).to_dict()
    {'Variable': '$.mae', 'NumericLessThan': 12.5}
    """

    StringEquals: Comparison = _comparison("StringEquals")
    StringEqualsPath: Comparison = _comparison("StringEqualsPath")
    StringLessThan: Comparison = _comparison("StringLessThan")
    StringLessThanPath: Comparison = _comparison("StringLessThanPath")
    StringGreaterThan: Comparison = _comparison("StringGreaterThan")
    StringGreaterThanPath: Comparison = _comparison("StringGreaterThanPath")
    StringLessThanEquals: Comparison = _comparison("StringLessThanEquals")
    StringLessThanEqualsPath: Comparison = _comparison("StringLessThanEqualsPath")
    StringGreaterThanEquals: Comparison = _comparison("StringGreaterThanEquals")
    StringGreaterThanEqualsPath: Comparison = _comparison("StringGreaterThanEqualsPath")
    StringMatches: Comparison = _comparison("StringMatches")
    NumericEquals: Comparison = _comparison("NumericEquals")
    NumericEqualsPath: Comparison = _comparison("NumericEqualsPath")
    NumericLessThan: Comparison = _comparison("NumericLessThan")
    NumericLessThanPath: Comparison = _comparison("NumericLessThanPath")
    NumericGreaterThan: Comparison = _comparison("NumericGreaterThan")
    NumericGreaterThanPath: Comparison = _comparison("NumericGreaterThanPath")
    NumericLessThanEquals: Comparison = _comparison("NumericLessThanEquals")
    NumericLessThanEqualsPath: Comparison = _comparison("NumericLessThanEqualsPath")
    NumericGreaterThanEquals: Comparison = _comparison("NumericGreaterThanEquals")
    NumericGreaterThanEqualsPath: Comparison = _comparison("NumericGreaterThanEqualsPath")
    TimestampEquals: Comparison = _comparison("TimestampEquals")
    TimestampEqualsPath: Comparison = _comparison("TimestampEqualsPath")
    TimestampLessThan: Comparison = _comparison("TimestampLessThan")
    TimestampLessThanPath: Comparison = _comparison("TimestampLessThanPath")
    TimestampGreaterThan: Comparison = _comparison("TimestampGreaterThan")
    TimestampGreaterThanPath: Comparison = _comparison("TimestampGreaterThanPath")
    TimestampLessThanEquals: Comparison = _comparison("TimestampLessThanEquals")
    TimestampLessThanEqualsPath: Comparison = _comparison("TimestampLessThanEqualsPath")
    TimestampGreaterThanEquals: Comparison = _comparison("TimestampGreaterThanEquals")
    TimestampGreaterThanEqualsPath: Comparison = _comparison("TimestampGreaterThanEqualsPath")
    BooleanEquals: Comparison = _comparison("BooleanEquals")
    BooleanEqualsPath: Comparison = _comparison("BooleanEqualsPath")
    IsNull: Comparison = _comparison("IsNull")
    IsPresent: Comparison = _comparison("IsPresent")
    IsString: Comparison = _comparison("IsString")
    IsNumeric: Comparison = _comparison("IsNumeric")
    IsTimestamp: Comparison = _comparison("IsTimestamp")
    IsBoolean: Comparison = _comparison("IsBoolean")

    @staticmethod
    def And(rules: Iterable[BaseRule]) -> CompoundRule:  # noqa: N802 - the operator's name in the language
        """Return the rule that is true when all of these are."""
        return CompoundRule("And", rules)

    @staticmethod
    def Or(rules: Iterable[BaseRule]) -> CompoundRule:  # noqa: N802
        """Return the rule that is true when one of these is."""
        return CompoundRule("Or", rules)

    @staticmethod
    def Not(rule: BaseRule) -> NotRule:  # noqa: N802
        """Return the rule that is true when this one is not."""
        return NotRule(rule)


__all__ = ["BaseRule", "ChoiceRule", "CompoundRule", "NotRule", "Rule"]
