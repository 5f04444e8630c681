"""What all values have in common that are known only when the execution runs: operators, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.misuse import RunTimeValue

if TYPE_CHECKING:
    from stepfunctions.inputs.conditions import BaseRule, CompoundRule
    from stepfunctions.inputs.expressions import Arithmetic


class Computed(RunTimeValue):
    """What is computed when the execution runs: an expression gives a value, a condition is true or false.

    ``a & b``, ``a | b`` and ``~a`` give conditions. Write comparisons in parentheses: ``(x > 1) & (y < 2)``.
    """

    def to_jsonata(self) -> str:
        """Return the JSONata expression, without ``{%`` and ``%}``."""
        raise NotImplementedError

    def parts(self) -> tuple[Any, ...]:
        """Return what it is made of: constants, expressions, conditions."""
        return ()

    def __and__(self, other: Any) -> CompoundRule:
        return _combined("And", self, other)

    def __rand__(self, other: Any) -> CompoundRule:
        return _combined("And", other, self)

    def __or__(self, other: Any) -> CompoundRule:
        return _combined("Or", self, other)

    def __ror__(self, other: Any) -> CompoundRule:
        return _combined("Or", other, self)

    def __invert__(self) -> BaseRule:
        return _negated(self)


class Expression(Computed):
    """A value known only when the execution runs.

    ``==  !=  <  <=  >  >=`` with a value or another expression give a condition, so two expressions are never equal
    in Python's sense; in sets and dicts an expression is known by identity. ``+  -  *  /`` give the expressions of
    arithmetic: JSONPath has ``+`` and ``-`` of integers, JSONata all four.
    """

    type: Any = None
    """The declared Python type of the value (``str``, ``int``, ``float``, ``bool``, ``datetime`` …), or None."""
    atomic = False
    """Whether its JSONata text binds tighter than any operator, so that it needs no parentheses as an operand."""

    def to_jsonpath(self) -> str:
        """Return the path, or the call of an intrinsic function. Raises ValueError when JSONPath cannot say it."""
        raise NotImplementedError

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> BaseRule:  # type: ignore[override]
        return _comparison(self, "=", other)

    def __ne__(self, other: object) -> BaseRule:  # type: ignore[override]
        return _negated(_comparison(self, "=", other))

    def __lt__(self, other: object) -> BaseRule:
        return _comparison(self, "<", other)

    def __le__(self, other: object) -> BaseRule:
        return _comparison(self, "<=", other)

    def __gt__(self, other: object) -> BaseRule:
        return _comparison(self, ">", other)

    def __ge__(self, other: object) -> BaseRule:
        return _comparison(self, ">=", other)

    def is_present(self) -> BaseRule:
        """Return the condition that there is such a value. Test it before the value itself, with ``&``."""
        return _type_test(self, "IsPresent")

    def is_null(self) -> BaseRule:
        """Return the condition that the value is null."""
        return _type_test(self, "IsNull")

    def is_string(self) -> BaseRule:
        """Return the condition that the value is a string."""
        return _type_test(self, "IsString")

    def is_numeric(self) -> BaseRule:
        """Return the condition that the value is a number."""
        return _type_test(self, "IsNumeric")

    def is_boolean(self) -> BaseRule:
        """Return the condition that the value is true or false."""
        return _type_test(self, "IsBoolean")

    def is_timestamp(self) -> BaseRule:
        """Return the condition that the value is a timestamp of RFC 3339."""
        return _type_test(self, "IsTimestamp")

    def matches(self, pattern: str) -> BaseRule:
        r"""Return the condition that the string matches a pattern: ``*`` is any text, ``\*`` a star."""
        from stepfunctions.inputs.conditions import Matches

        return Matches(self, pattern)

    def __add__(self, other: Any) -> Arithmetic:
        return _arithmetic("+", self, other)

    def __radd__(self, other: Any) -> Arithmetic:
        return _arithmetic("+", other, self)

    def __sub__(self, other: Any) -> Arithmetic:
        return _arithmetic("-", self, other)

    def __rsub__(self, other: Any) -> Arithmetic:
        return _arithmetic("-", other, self)

    def __mul__(self, other: Any) -> Arithmetic:
        return _arithmetic("*", self, other)

    def __rmul__(self, other: Any) -> Arithmetic:
        return _arithmetic("*", other, self)

    def __truediv__(self, other: Any) -> Arithmetic:
        return _arithmetic("/", self, other)

    def __rtruediv__(self, other: Any) -> Arithmetic:
        return _arithmetic("/", other, self)


# Conditions and sums are made of expressions, and expressions give them: these functions import when called.


def _combined(operator: str, left: Any, right: Any) -> CompoundRule:
    from stepfunctions.inputs.conditions import combined

    return combined(operator, left, right)


def _negated(value: Any) -> BaseRule:
    from stepfunctions.inputs.conditions import negated

    return negated(value)


def _comparison(left: Expression, operator: str, right: object) -> BaseRule:
    from stepfunctions.inputs.conditions import Comparison

    return Comparison(left, operator, right)


def _type_test(value: Expression, operator: str) -> BaseRule:
    from stepfunctions.inputs.conditions import TypeTest

    return TypeTest(value, operator)


def _arithmetic(operator: str, left: Any, right: Any) -> Arithmetic:
    from stepfunctions.inputs.expressions import Arithmetic

    return Arithmetic(operator, left, right)


def expressions_in(value: Any) -> Iterator[Expression]:
    """Yield the expressions inside a value, in the order written, each before those that it is made of."""
    if isinstance(value, Computed):
        if isinstance(value, Expression):
            yield value
        for part in value.parts():
            yield from expressions_in(part)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from expressions_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from expressions_in(item)


def holds_expression(value: Any) -> bool:
    """Tell whether there is an expression inside a value."""
    return any(True for _ in expressions_in(value))
