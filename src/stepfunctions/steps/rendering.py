"""How values written in Python become values of a definition, in the query language of the state they stand in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, Final

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.inputs.computed import Computed, expressions_in
from stepfunctions.inputs.expressions import Expression, jsonpath_argument


class Null(Enum):
    """The type of :data:`NULL`."""

    NULL = "NULL"

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = Null.NULL
"""JSON's null where ``None`` means "not given": ``Pass("p", result=NULL)``."""


def is_dynamic(value: Any) -> bool:
    """Tell whether a value is known only when the execution runs."""
    return isinstance(value, Expression)


def render_template(value: Any, field: str, language: str = JSONPATH) -> JSON:
    """Return a copy of a payload with the expressions in it in the form of the language.

    In JSONPath an expression turns its key ``k`` into ``k.$``, and a list that holds expressions becomes a call of
    ``States.Array``; in JSONata it becomes a string ``{% … %}``. ``field`` names the payload in errors. Raises
    ValueError for what the language, or JSON, cannot say.
    """
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return _render_object(value, field, language)
    if isinstance(value, (list, tuple)):
        return [render_template(item, f"{field}[{index}]", language) for index, item in enumerate(value)]
    if isinstance(value, float) and math.isfinite(value):
        return value
    if value is NULL:
        return None
    if isinstance(value, Computed) and language == JSONATA:
        return in_braces(value)
    raise ValueError(f"'{field}' {_why_not(value)}")


def _why_not(value: Any) -> str:
    """Return why a value cannot stand alone in a payload of JSONPath, or in JSON at all."""
    if isinstance(value, Expression):
        return (
            f"is an expression as a whole ({_text(value)}). A payload template of JSONPath must be a dict: name its "
            "members, select the input with input_path, or write the state in JSONata."
        )
    if isinstance(value, Computed):
        return (
            f"is a condition ({value!r}), which has a value in JSONata only. Write the state in JSONata "
            '(query_language="JSONata"), or decide in a Choice.'
        )
    if isinstance(value, float):
        return f"is {value}, which no JSON value is."
    hint = "its isoformat()" if isinstance(value, date) else "a str, int, float, bool, None, list, dict, or expression"
    return f"is a {type(value).__name__} ({value!r}), which JSON cannot say. Write {hint}."


def in_braces(value: Computed) -> str:
    """Return an expression or condition as JSONata writes it into a definition."""
    return f"{{% {value.to_jsonata()} %}}"


def _render_object(value: Mapping[Any, Any], field: str, language: str) -> dict[Any, JSON]:
    result: dict[Any, JSON] = {}
    for key, item in value.items():
        if not isinstance(key, (str, int, float)) and key is not None:
            raise ValueError(f"'{field}' has the key {key!r}, which JSON cannot say. Write a string.")
        if item is None or isinstance(item, (str, int)):
            result[key] = item
        elif language == JSONPATH and isinstance(item, Expression):
            result[_dynamic(key)] = item.to_jsonpath()
        elif language == JSONPATH and isinstance(item, (list, tuple)) and _needs_array(item):
            result[_dynamic(key)] = _array_call(item, f"{field}.{key}")
        else:
            result[key] = render_template(item, f"{field}.{key}", language)
    return result


def render_constant(value: Any, field: str) -> JSON:
    """Return a copy of a value that must not hold expressions, such as a Pass state's ``result``; else ValueError."""
    for found in expressions_in(value):
        raise ValueError(
            f"'{field}' is a constant, but holds the expression {_text(found)}. Write it into 'parameters'."
        )
    return render_template(value, field)


def copy_json(value: JSON) -> JSON:
    """Return a copy of a JSON value at every depth."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


def _text(value: Expression) -> str:
    try:
        return value.to_jsonpath()
    except ValueError:
        return value.to_jsonata()


def _dynamic(key: Any) -> str:
    name = str(key)
    return name if name.endswith(".$") else f"{name}.$"


def _needs_array(items: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether a list holds an expression outside any dict: those inside dicts get their own ``.$`` key."""
    return any(
        isinstance(item, Expression) or (isinstance(item, (list, tuple)) and _needs_array(item)) for item in items
    )


def _array_call(items: list[Any] | tuple[Any, ...], where: str) -> str:
    try:
        return jsonpath_argument(items)
    except ValueError as error:
        raise ValueError(f"'{where}': {error}") from None
