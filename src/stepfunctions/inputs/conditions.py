"""Conditions: what is true or false of the data when the execution runs.

Comparisons of expressions give them, ``&``, ``|`` and ``~`` combine them. A condition becomes a rule of a Choice
state in JSONPath, or a ``Condition`` in JSONata.

Specification of the operators: https://states-language.net/spec.html#choice-state
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from stepfunctions.asl.choice import OPERATORS
from stepfunctions.asl.fields import is_timestamp
from stepfunctions.inputs.computed import Computed
from stepfunctions.inputs.expressions import Expression, Jsonata, jsonata_argument, operand
from stepfunctions.inputs.misuse import check_text

_VALUE_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "numeric": (int, float),
    "boolean": (bool,),
    "timestamp": (str,),
}
_COMPARISONS = {"=": "Equals", "<": "LessThan", ">": "GreaterThan", "<=": "LessThanEquals", ">=": "GreaterThanEquals"}
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "Boolean"),  # before int, of which it is a subclass
    (int, "Numeric"),
    (float, "Numeric"),
    (str, "String"),
    (datetime, "Timestamp"),
)
_JSONATA_TYPES = {"IsNull": "null", "IsString": "string", "IsNumeric": "number", "IsBoolean": "boolean"}
_TIMESTAMP_PATTERN = r"/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/"


class BaseRule(Computed):
    """Something that is true or false of the data when the execution runs. It has no truth value in Python."""

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON, in JSONPath. Raises ValueError when JSONPath cannot say it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}({self.to_dict()})"
        except ValueError:
            return f"{type(self).__name__}({self.to_jsonata()})"


class Rule(BaseRule):
    """A variable compared by one operator. Raises ValueError for a wrong variable, operator or type of value.

    ``variable`` is a placeholder of a step's output, or a path that begins with ``$``.
    """

    def __init__(self, variable: Any, operator: str, value: Any) -> None:
        if operator not in OPERATORS:
            raise ValueError(f"'{operator}' is no operator of a Choice rule.")
        check_text(value, f"The rule {operator}")
        _check_path(variable, "The variable")
        self.variable = variable
        self.operator = operator
        self.operator_first = False
        """Whether the operator stands before the variable in the JSON."""
        kind = OPERATORS[operator]
        self.value: Any = value
        if kind.endswith(" path"):
            _check_path(value, f"The value of {operator}")
            return
        expected = _VALUE_TYPES[kind]
        if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
            names = " or ".join(cls.__name__ for cls in expected)
            raise ValueError(f"{operator} takes a value of the type {names}, not {type(value).__name__}.")

    def parts(self) -> tuple[Any, ...]:
        """Return the variable and the value."""
        return self.variable, self.value

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        written = {"Variable": _path(self.variable), self.operator: _path(self.value)}
        return dict(reversed(written.items())) if self.operator_first else written

    def to_jsonata(self) -> str:
        """Return the condition in JSONata. Raises ValueError when a path was written as text."""
        for place in (self.variable, self.value if OPERATORS[self.operator].endswith(" path") else None):
            if isinstance(place, str):
                raise ValueError(
                    f"The rule {self.operator} of the path '{place}' stands in a state of JSONata. Write the path as "
                    f"a placeholder, such as step.output()['name'], or the condition with jsonata(\"…\")."
                )
        if self.operator.startswith("Is"):
            test: BaseRule = TypeTest(self.variable, self.operator)
            return test.to_jsonata() if self.value else NotRule(test).to_jsonata()
        if self.operator == "StringMatches":
            return Matches(self.variable, self.value).to_jsonata()
        name = self.operator.removesuffix("Path")
        symbol = next(sign for sign, word in reversed(_COMPARISONS.items()) if name.endswith(word))
        kind = name.removesuffix(_COMPARISONS[symbol])
        return _compare_in_jsonata(self.variable, symbol, self.value, timestamps=kind == "Timestamp")


class CompoundRule(BaseRule):
    """``And`` or ``Or`` of several rules."""

    def __init__(self, operator: str, rules: Iterable[BaseRule]) -> None:
        self.operator = operator
        self.rules = list(rules)
        if not self.rules:
            raise ValueError(f"{operator} takes at least one rule.")
        for rule in self.rules:
            if not isinstance(rule, BaseRule):
                raise ValueError(f"{operator} takes rules, not {type(rule).__name__}.")

    def parts(self) -> tuple[Any, ...]:
        """Return the rules."""
        return tuple(self.rules)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {self.operator: [rule.to_dict() for rule in self.rules]}

    def to_jsonata(self) -> str:
        """Return the condition in JSONata."""
        word = f" {self.operator.lower()} "
        return word.join(f"({rule.to_jsonata()})" for rule in self.rules)


class NotRule(BaseRule):
    """True when its rule is false."""

    def __init__(self, rule: BaseRule) -> None:
        if not isinstance(rule, BaseRule):
            raise ValueError(f"Not takes a rule, not {type(rule).__name__}.")
        self.rule = rule

    def parts(self) -> tuple[Any, ...]:
        """Return the rule."""
        return (self.rule,)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {"Not": self.rule.to_dict()}

    def to_jsonata(self) -> str:
        """Return the condition in JSONata."""
        return f"$not({self.rule.to_jsonata()})"


class Comparison(BaseRule):
    """Two values compared, of which the left one is an expression. ``operator`` is ``=``, ``<``, ``<=``, ``>``, ``>=``.

    In JSONPath the type of the operator follows from the value, or from the declared type of a placeholder; two
    expressions of no declared type are compared as texts, numbers and booleans, whichever they are.
    """

    def __init__(self, left: Expression, operator: str, right: Any) -> None:
        if isinstance(right, datetime) and right.tzinfo is None:
            raise TypeError(f"{right!r} has no time zone: write datetime(…, tzinfo=timezone.utc).")
        if not (right is None or isinstance(right, Expression) or _kind(type(right))):
            raise TypeError(
                f"{left!r} is compared with a {type(right).__name__}. Compare it with a str, int, float, bool, "
                "datetime, None or another expression, and write each comparison in parentheses: (x > 1) & (y < 2)."
                + (" A timestamp has a time and a zone." if isinstance(right, date) else "")
            )
        if operator != "=" and (right is None or isinstance(right, bool)):
            raise TypeError(f"'{operator}' has no meaning for {right!r}: compare it with == or !=.")
        if isinstance(right, float) and not math.isfinite(right):
            raise ValueError(f"{left!r} is compared with {right}, which no JSON value is.")
        if isinstance(right, str) and _kind(left.type) == "Timestamp" and not is_timestamp(right):
            raise ValueError(f"{left!r} is compared with {right!r}. Write a timestamp such as '2026-01-31T12:00:00Z'.")
        check_text(right, f"The comparison with {left!r}")
        _check_types(left, right)
        self.left, self.operator, self.right = left, operator, right

    def parts(self) -> tuple[Any, ...]:
        """Return what is compared with what."""
        return self.left, self.right

    def _kinds(self) -> list[str]:
        """Return the types, as operators begin with them, that the values may have."""
        known, right = _kind(self.left.type), self.right
        if isinstance(right, Expression):
            known = known or _kind(right.type)
        elif not (known == "Timestamp" and isinstance(right, str)):
            known = _kind(type(right))
        if known is not None:
            return [known]
        return ["Numeric", "String", "Boolean"] if self.operator == "=" else ["Numeric", "String"]

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        variable = _rule_variable(self.left)
        if self.right is None:
            return {"Variable": variable, "IsNull": True}
        if isinstance(self.right, Expression):
            value: Any = _rule_variable(self.right)
            suffix = "Path"
        else:
            value, suffix = _literal(self.right), ""
        rules = [
            {"Variable": variable, f"{kind}{_COMPARISONS[self.operator]}{suffix}": value} for kind in self._kinds()
        ]
        return rules[0] if len(rules) == 1 else {"Or": rules}

    def to_jsonata(self) -> str:
        """Return the condition in JSONata."""
        timestamps = self.right is not None and self._kinds() == ["Timestamp"]
        return _compare_in_jsonata(self.left, self.operator, _literal(self.right), timestamps=timestamps)


class TypeTest(BaseRule):
    """Whether there is a value (``IsPresent``), and of which type it is (``IsNull``, ``IsString`` …)."""

    def __init__(self, value: Expression, operator: str) -> None:
        self.value, self.operator = value, operator

    def parts(self) -> tuple[Any, ...]:
        """Return the value."""
        return (self.value,)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {"Variable": _rule_variable(self.value), self.operator: True}

    def to_jsonata(self) -> str:
        """Return the condition in JSONata."""
        text = self.value.to_jsonata()
        if self.operator == "IsPresent":
            return f"$exists({text})"
        if self.operator == "IsTimestamp":
            return f'$type({text}) = "string" and $contains({text}, {_TIMESTAMP_PATTERN})'
        return f'$type({text}) = "{_JSONATA_TYPES[self.operator]}"'


class Matches(BaseRule):
    r"""Whether a string matches a pattern in which ``*`` is any text and ``\*`` a star (StringMatches)."""

    def __init__(self, value: Expression, pattern: str) -> None:
        if not isinstance(pattern, str):
            raise TypeError(f"A pattern is a string such as 'model-*', not a {type(pattern).__name__}.")
        self.value, self.pattern = value, pattern

    def parts(self) -> tuple[Any, ...]:
        """Return the value."""
        return (self.value,)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        return {"Variable": _rule_variable(self.value), "StringMatches": self.pattern}

    def to_jsonata(self) -> str:
        """Return the condition in JSONata."""
        pieces = re.split(r"(\\\*|\\\\|\*)", self.pattern)
        # A backslash as \x5C: JSONata takes one before a bracket for its escape, and misses the end of the expression.
        special = {"*": "[\\s\\S]*", "\\*": "\\*", "\\\\": "\\x5C"}
        text = "".join(special.get(piece, _in_regex(piece)) for piece in pieces)
        return f"$contains({self.value.to_jsonata()}, /^{text}$/)"


def _in_regex(text: str) -> str:
    return re.sub(r"([^\w\s-])", lambda found: "\\x5C" if found[0] == "\\" else f"\\{found[0]}", text)


class JsonataCondition(BaseRule):
    """A condition written in JSONata. ``written`` is how a definition that was read has it."""

    def __init__(self, expression: Jsonata, written: str | bool | None = None) -> None:
        self.expression = expression
        self.written = written

    def parts(self) -> tuple[Any, ...]:
        """Return the expression."""
        return (self.expression,)

    def to_dict(self) -> dict[str, Any]:
        """Raise ValueError: the condition is not JSONPath."""
        self.expression.to_jsonpath()
        raise AssertionError("a JSONata expression has no path")

    def to_jsonata(self) -> str:
        """Return the condition."""
        return self.expression.to_jsonata()


def condition(value: Any) -> BaseRule:
    """Return the condition of what a caller gives: a rule, ``jsonata("…")``, or an expression that is true or false.

    Raises TypeError for anything else.
    """
    if isinstance(value, BaseRule):
        return value
    if isinstance(value, Jsonata):
        return JsonataCondition(value)
    if isinstance(value, Expression):
        return Comparison(value, "=", True)
    raise TypeError(
        f"A choice is a condition, such as step.output()['x'] > 3, or a rule made by ChoiceRule, not "
        f"{type(value).__name__}."
    )


def combined(operator: str, left: Any, right: Any) -> CompoundRule:
    """Return the condition of ``left & right`` (And) or ``left | right`` (Or), flat. Raises TypeError."""
    rules: list[BaseRule] = []
    for side in (left, right):
        if not isinstance(side, Computed):
            raise TypeError(
                f"{'&' if operator == 'And' else '|'} combines conditions, not a condition and {side!r}. Write each "
                "comparison in parentheses: (x > 1) & (y < 2)."
            )
        try:
            rule = condition(side)
        except TypeError as error:
            raise TypeError(f"{error} Write each comparison in parentheses: (x > 1) & (y < 2).") from None
        rules.extend(rule.rules if isinstance(rule, CompoundRule) and rule.operator == operator else [rule])
    return CompoundRule(operator, rules)


def negated(value: Any) -> BaseRule:
    """Return the condition that is true when another one is false."""
    rule = condition(value)
    return rule.rule if isinstance(rule, NotRule) else NotRule(rule)


def _kind(cls: Any) -> str | None:
    """Return how the operators for values of a type begin, or None for a type that has none."""
    if not isinstance(cls, type):
        return None
    return next((kind for known, kind in _KINDS if issubclass(cls, known)), None)


def _check_types(left: Expression, right: Any) -> None:
    """Raise TypeError when a value of the declared type can never be one that it is compared with."""
    kind = None if right is None else _kind(right.type) if isinstance(right, Expression) else _kind(type(right))
    known = _kind(left.type)
    if None in (kind, known) or kind == known or {kind, known} == {"String", "Timestamp"}:
        return
    raise TypeError(
        f"{left!r} is declared as {left.type.__name__}, and compared with {right!r}"
        + (f" ({right.type.__name__})" if isinstance(right, Expression) else "")
        + ", which it never equals: AWS compares values of one type. Write a value of that type, or another schema."
    )


def _literal(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _compare_in_jsonata(left: Any, operator: str, right: Any, *, timestamps: bool) -> str:
    if timestamps:
        return f"$toMillis({jsonata_argument(left)}) {operator} $toMillis({jsonata_argument(right)})"
    return f"{operand(left)} {operator} {operand(right)}"


def _rule_variable(value: Expression) -> str:
    path = value.to_jsonpath()
    if path.startswith("States."):
        raise ValueError(
            f"A Choice rule of JSONPath compares paths, not the result of a function ({path}). Assign it to a variable "
            'in a state before, or give the Choice query_language="JSONata".'
        )
    return path


def _path(value: Any) -> Any:
    return value.to_jsonpath() if isinstance(value, Expression) else value


def _check_path(value: Any, what: str) -> None:
    if isinstance(value, str) and value.startswith("$"):
        return
    if isinstance(value, Expression):
        _rule_variable(value)
        return
    raise ValueError(f"{what} must be a placeholder of a step's output, or a path that begins with $, not {value!r}.")


__all__ = [
    "BaseRule",
    "Comparison",
    "CompoundRule",
    "JsonataCondition",
    "Matches",
    "NotRule",
    "Rule",
    "TypeTest",
    "combined",
    "condition",
    "negated",
]
