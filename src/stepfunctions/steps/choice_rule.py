"""Rules of a Choice step.

Specification of the operators: https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stepfunctions.asl.choice import OPERATORS
from stepfunctions.inputs.placeholders import StepInput

_VALUE_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "numeric": (int, float),
    "boolean": (bool,),
    "timestamp": (str,),
}


class BaseRule:
    """A rule: something that is true or false of a state's input. Rules have no truth value in Python."""

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise TypeError(
            "A rule is true or false only when the workflow runs. Combine rules with ChoiceRule.And, "
            "ChoiceRule.Or and ChoiceRule.Not."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_dict()})"


class Rule(BaseRule):
    """A variable compared by one operator. Raises ValueError for a wrong variable, operator or type of value."""

    def __init__(self, variable: StepInput | str, operator: str, value: Any) -> None:
        if operator not in OPERATORS:
            raise ValueError(f"'{operator}' is no operator of a Choice rule.")
        self.variable = _path(variable, "The variable")
        self.operator = operator
        kind = OPERATORS[operator]
        if kind.endswith(" path"):
            self.value: Any = _path(value, f"The value of {operator}")
            return
        expected = _VALUE_TYPES[kind]
        if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
            names = " or ".join(cls.__name__ for cls in expected)
            raise ValueError(f"{operator} takes a value of the type {names}, not {type(value).__name__}.")
        self.value = value

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {"Variable": self.variable, self.operator: self.value}


class CompoundRule(BaseRule):
    """``And`` or ``Or`` of several rules."""

    def __init__(self, operator: str, rules: Iterable[BaseRule]) -> None:
        self.operator = operator
        self.rules = list(rules)
        for rule in self.rules:
            if not isinstance(rule, BaseRule):
                raise ValueError(f"{operator} takes rules, not {type(rule).__name__}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {self.operator: [rule.to_dict() for rule in self.rules]}


class NotRule(BaseRule):
    """True when its rule is false."""

    def __init__(self, rule: BaseRule) -> None:
        if not isinstance(rule, BaseRule):
            raise ValueError(f"Not takes a rule, not {type(rule).__name__}.")
        self.rule = rule

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {"Not": self.rule.to_dict()}


def _path(value: Any, what: str) -> str:
    if isinstance(value, StepInput):
        return value.to_jsonpath()
    if isinstance(value, str) and value.startswith("$"):
        return value
    raise ValueError(f"{what} must be a placeholder of a step's output, or a path that begins with $, not {value!r}.")


Comparison = Callable[[Any, Any], Rule]


def _comparison(operator: str) -> Any:
    def rule(variable: StepInput | str, value: Any) -> Rule:
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
