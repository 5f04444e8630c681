"""Values known only when the execution runs, written in Python and compiled to the state's query language.

An expression has two texts: a JSONPath path or a call of an intrinsic function, and a JSONata expression. Which one
a definition gets depends on the state it is used in. Comparisons of expressions give the conditions of
:mod:`stepfunctions.inputs.conditions`.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.asl.fields import LONGEST_VARIABLE_NAME
from stepfunctions.inputs.computed import Computed, Expression, expressions_in, holds_expression
from stepfunctions.inputs.misuse import check_text

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_JSONATA_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


class Reference(Expression):
    """A place in the data: a root, and names and indices below it, written ``reference["name"][0]``."""

    atomic = True

    def __init__(
        self, jsonpath_root: str, jsonata_root: str, steps: tuple[str | int, ...] = (), type: Any = None
    ) -> None:
        self.jsonpath_root = jsonpath_root
        self.jsonata_root = jsonata_root
        self.steps = steps
        self.type = type

    def __getitem__(self, name: str | int) -> Reference:
        """Return the reference to a member, or to an element by its index."""
        check_name(name)
        return Reference(self.jsonpath_root, self.jsonata_root, (*self.steps, name))

    def get(self, name: str | int, type: Any = None) -> Reference:
        """Return the reference to a member, whose value has this type."""
        found = self[name]
        found.type = type
        return found

    def to_jsonpath(self) -> str:
        """Return the path."""
        return self.jsonpath_root + "".join(_dotted(step) for step in self.steps)

    def to_jsonata(self) -> str:
        """Return the path in JSONata."""
        return jsonata_path(self.jsonata_root, self.steps)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_jsonpath()})"


def variable(name: str, type: Any = None) -> Reference:
    """Return the reference to a variable that a state before has set with ``assign``.

    >>> variable("model")["uri"].to_jsonpath()
    '$model.uri'

    Raises ValueError when a variable cannot have this name.
    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """
    given: Any = name
    if not (isinstance(given, str) and given.isidentifier() and len(name) <= LONGEST_VARIABLE_NAME) or (
        name.startswith("_") or name == "states"
    ):
        raise ValueError(
            f"{name!r} is no name of a variable: write a letter, then letters, digits and _, at most "
            f"{LONGEST_VARIABLE_NAME} characters, and not 'states', which is reserved."
        )
    return Reference(f"${name}", f"${name}", type=type)


result = Reference("$", "$states.result")
"""What a Task, Parallel or Map state has computed: for its own ``result_selector``, ``assign`` and ``output``."""

error = Reference("$", "$states.errorOutput")
"""``{"Error", "Cause"}`` of a failure: for the ``assign`` and ``output`` of a Catch."""


class Arithmetic(Expression):
    """A sum, difference, product or quotient of two values, of which one is an expression."""

    def __init__(self, operator: str, left: Any, right: Any) -> None:
        for part in (left, right):
            if isinstance(part, bool) or not isinstance(part, (int, float, Expression)):
                raise TypeError(
                    f"'{operator}' computes with numbers and expressions, not with {type(part).__name__}. "
                    "To join texts write states.format('{}{}', a, b)."
                )
            if isinstance(part, float) and not math.isfinite(part):
                raise ValueError(f"'{operator}' computes with finite numbers, not with {part}.")
        self.operator, self.left, self.right = operator, left, right

    def parts(self) -> tuple[Any, ...]:
        """Return both operands."""
        return self.left, self.right

    def to_jsonpath(self) -> str:
        """Return a call of States.MathAdd. Raises ValueError for ``*`` and ``/``, and for a number with a fraction."""
        right = self.right
        if self.operator == "-" and isinstance(right, int):
            right = -right
        elif self.operator != "+":
            raise ValueError(
                f"JSONPath has no '{self.operator}' ({self.to_jsonata()}): it adds and subtracts integers alone. "
                'Write the state in JSONata (query_language="JSONata").'
            )
        if isinstance(self.left, float) or isinstance(right, float):
            raise ValueError(
                f"JSONPath adds integers alone ({self.to_jsonata()}). "
                'Write the state in JSONata (query_language="JSONata").'
            )
        return f"States.MathAdd({jsonpath_argument(self.left)}, {jsonpath_argument(right)})"

    def to_jsonata(self) -> str:
        """Return the operation in JSONata."""
        return f"{operand(self.left)} {self.operator} {operand(self.right)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_jsonata()})"


class Jsonata(Expression):
    """An expression written in JSONata; see :func:`jsonata`."""

    def __init__(self, text: str, type: Any = None) -> None:
        self.text = text
        self.type = type

    def to_jsonpath(self) -> str:
        """Raise ValueError: the expression is not JSONPath."""
        raise ValueError(
            f"jsonata({self.text!r}) stands in a state of JSONPath. Give the state, or the whole workflow, "
            'query_language="JSONata".'
        )

    def to_jsonata(self) -> str:
        """Return the expression."""
        return self.text

    def __repr__(self) -> str:
        return f"jsonata({self.text!r})"


def jsonata(text: str, type: Any = None) -> Jsonata:
    """Return an expression written in JSONata, with or without ``{%`` and ``%}``.

    It is parsed now: QuerySyntaxError names the place that cannot be read. It can be used in JSONata states.

    >>> jsonata("$count($states.input.items)").to_jsonata()
    '$count($states.input.items)'

    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    from stepfunctions.query.jsonata import reads_of

    if not isinstance(text, str):
        raise TypeError(f"jsonata() takes the text of an expression, not a {text.__class__.__name__} ({text!r}).")
    check_text(text, "jsonata()")
    stripped = text.strip()
    if stripped.startswith("{%") and stripped.endswith("%}"):
        stripped = stripped[2:-2].strip()
    reads_of(stripped)
    return Jsonata(stripped, type)


def check_name(name: Any) -> None:
    """Raise ValueError when ``name`` can be neither a member's name nor an element's index."""
    if isinstance(name, slice):
        raise ValueError(
            'A placeholder has no slices: write states.array_partition(value, size), or jsonata("…[[0..4]]").'
        )
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise ValueError(f"The name of a placeholder must be a string or an integer, not {type(name).__name__}.")


def jsonata_path(root: str, steps: tuple[str | int, ...]) -> str:
    """Return a path in JSONata.

    >>> jsonata_path("$states.input", ("rows", 0, "my key"))
    '$states.input.rows[0].`my key`'
    """
    text = root
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "`" in step:
            text = f"$lookup({text}, {json.dumps(step)})"
        elif _IDENTIFIER.fullmatch(step) and step not in _JSONATA_WORDS:
            text += f".{step}"
        else:
            text += f".`{step}`"
    return text


def bracketed(step: str | int) -> str:
    """Return one step of a JSONPath in brackets."""
    if isinstance(step, int):
        return f"[{step}]"
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _dotted(step: str | int) -> str:
    return f".{step}" if isinstance(step, str) and _IDENTIFIER.fullmatch(step) else bracketed(step)


def quote(text: str) -> str:
    """Return a string as a literal of an intrinsic function's argument.

    >>> quote("it's {here}")
    "'it\\\\'s \\\\{here\\\\}'"
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("{", "\\{").replace("}", "\\}")
    return f"'{escaped}'"


def jsonpath_argument(value: Any) -> str:
    """Return an argument of an intrinsic function: an expression's path or call, or a literal.

    Lists become States.Array, dicts of constants States.StringToJson. Raises ValueError for a dict that holds
    expressions, which no function can build.
    """
    if isinstance(value, Expression):
        return value.to_jsonpath()
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (list, tuple)):
        return f"States.Array({', '.join(jsonpath_argument(item) for item in value)})"
    if isinstance(value, dict):
        if holds_expression(value):
            raise ValueError(
                f"The dict {value!r} with an expression stands in a list, or an argument, that AWS builds with a "
                "function; it has none for dicts. Build it in a Pass state before, or write the state in JSONata."
            )
        return f"States.StringToJson({quote(_literal(value))})"
    return _literal(value)


def jsonata_argument(value: Any) -> str:
    """Return a value, with the expressions in it, as a JSONata expression."""
    if isinstance(value, Expression):
        return value.to_jsonata()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(jsonata_argument(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {jsonata_argument(item)}" for key, item in value.items()) + "}"
    return _literal(value)


def _literal(value: Any) -> str:
    """Return the JSON text of a constant. Raises ValueError when it has none."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} stands beside an expression, but is no JSON value.") from None


def operand(value: Any) -> str:
    """Return a value as an operand in JSONata: in parentheses unless it binds tighter than any operator."""
    text = jsonata_argument(value)
    return f"({text})" if isinstance(value, Expression) and not value.atomic else text


def holds_jsonata(value: Any) -> bool:
    """Tell whether there is an expression inside a value that only JSONata has."""
    if value is None or isinstance(value, (str, int, float)):
        return False
    if isinstance(value, Computed):
        return isinstance(value, Jsonata) or any(map(holds_jsonata, value.parts()))
    if isinstance(value, Mapping):
        return any(map(holds_jsonata, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_jsonata, value))


__all__ = [
    "Arithmetic",
    "Expression",
    "Jsonata",
    "Reference",
    "bracketed",
    "check_name",
    "error",
    "expressions_in",
    "holds_expression",
    "holds_jsonata",
    "jsonata",
    "jsonata_argument",
    "jsonata_path",
    "jsonpath_argument",
    "operand",
    "quote",
    "result",
    "variable",
]
