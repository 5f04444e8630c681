"""How values written in Python become values of a definition, in the query language of the state they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression, expressions_in, jsonpath_argument


class Null(Enum):
    """The type of :data:`NULL`."""

    NULL = "NULL"

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = Null.NULL
"""JSON's null where ``None`` means "not given": ``Pass("p", result=NULL)``."""


def render_template(value: Any, field: str, language: str = JSONPATH) -> JSON:
    """Return a payload with the expressions in it.

    In JSONPath an expression turns its key ``k`` into ``k.$``, and a list that holds expressions becomes a call of
    ``States.Array``; in JSONata it becomes a string ``{% … %}``. ``field`` names the payload in errors. Raises
    ValueError for what the language cannot say.
    """
    if isinstance(value, Mapping):
        return _render_object(value, field, language)
    if isinstance(value, (list, tuple)):
        return [render_template(item, f"{field}[{index}]", language) for index, item in enumerate(value)]
    if value is NULL:
        return None
    if isinstance(value, (Expression, BaseRule)):
        if language == JSONATA:
            return in_braces(value)
        raise ValueError(
            f"'{field}' is an expression as a whole ({_text(value)}). A payload template of JSONPath must be a dict: "
            "name its members, select the input with input_path, or write the state in JSONata."
        )
    return value


def in_braces(value: Expression | BaseRule) -> str:
    """Return an expression as JSONata writes it into a definition."""
    return f"{{% {value.to_jsonata()} %}}"


def _render_object(value: Mapping[Any, Any], field: str, language: str) -> dict[str, JSON]:
    result: dict[str, JSON] = {}
    for key, item in value.items():
        where = f"{field}.{key}"
        if language == JSONATA:
            if isinstance(key, str) and key.endswith(".$"):
                raise ValueError(
                    f"'{where}' is a path of JSONPath in a state of JSONata. Name the member '{key[:-2]}' and give it "
                    "a placeholder, jsonata(\"…\"), or a string '{% … %}'."
                )
            result[key] = render_template(item, where, language)
        elif isinstance(item, Expression):
            result[_dynamic(key)] = item.to_jsonpath()
        elif isinstance(item, (list, tuple)) and _needs_array(item):
            result[_dynamic(key)] = _array_call(item, where)
        else:
            result[key] = render_template(item, where, language)
    return result


def render_constant(value: Any, field: str) -> JSON:
    """Return a copy of a value that must not hold expressions, such as a Pass state's ``result``."""
    for found in expressions_in(value):
        raise ValueError(
            f"'{field}' is a constant, but holds the expression {_text(found)}. Write it into 'parameters'."
        )
    return copy_json(value)


def is_dynamic(value: Any) -> bool:
    """Tell whether a value is known only when the execution runs."""
    return isinstance(value, Expression)


def placeholders_in(value: Any) -> Iterator[Expression]:
    """Yield the expressions inside a value, in the order written."""
    yield from expressions_in(value)


def copy_json(value: JSON) -> JSON:
    """Return a copy of a JSON value at every depth; anything else in it is kept as it is."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copy_json(item) for item in value]
    return None if value is NULL else value


def _text(value: Expression | BaseRule) -> str:
    try:
        return value.to_jsonpath() if isinstance(value, Expression) else repr(value)
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
