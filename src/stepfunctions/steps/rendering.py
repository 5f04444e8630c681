"""How values written in Python become values of a definition: placeholders become paths and ``.$`` keys."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.inputs.placeholders import Placeholder


def render_template(value: Any, field: str) -> JSON:
    """Return a payload template: each placeholder in a dict turns its key ``k`` into ``k.$`` with a path.

    A list that holds placeholders becomes a call of ``States.Array``. ``field`` names the template in errors.
    """
    if isinstance(value, Placeholder):
        raise ValueError(
            f"'{field}' is a placeholder as a whole ({value.to_jsonpath()}). A payload template must be a "
            "dict: name its members, or select the input with input_path."
        )
    if isinstance(value, Mapping):
        return _render_object(value, field)
    if isinstance(value, (list, tuple)):
        return [render_template(item, f"{field}[{index}]") for index, item in enumerate(value)]
    return value


def _render_object(value: Mapping[Any, Any], field: str) -> dict[str, JSON]:
    result: dict[str, JSON] = {}
    for key, item in value.items():
        where = f"{field}.{key}"
        if isinstance(item, Placeholder):
            result[_dynamic(key)] = item.to_jsonpath()
        elif isinstance(item, (list, tuple)) and _needs_array(item):
            result[_dynamic(key)] = _array_call(item, where)
        else:
            result[key] = render_template(item, where)
    return result


def render_constant(value: Any, field: str) -> JSON:
    """Return a value that must not hold placeholders, such as a Pass state's ``result``."""
    for placeholder in placeholders_in(value):
        raise ValueError(
            f"'{field}' is a constant, but holds the placeholder {placeholder.to_jsonpath()}. "
            "Write it into 'parameters'."
        )
    return copy.deepcopy(value)


def is_dynamic(value: Any) -> bool:
    """Tell whether a value is known only when the execution runs."""
    return isinstance(value, Placeholder)


def placeholders_in(value: Any) -> Iterator[Placeholder]:
    """Yield the placeholders inside a value, in the order written."""
    if isinstance(value, Placeholder):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from placeholders_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from placeholders_in(item)


def _dynamic(key: Any) -> str:
    name = str(key)
    return name if name.endswith(".$") else f"{name}.$"


def _needs_array(items: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether a list holds a placeholder outside any dict: those inside dicts get their own ``.$`` key."""
    return any(
        isinstance(item, Placeholder) or (isinstance(item, (list, tuple)) and _needs_array(item)) for item in items
    )


def _array_call(items: list[Any] | tuple[Any, ...], where: str) -> str:
    return f"States.Array({', '.join(_argument(item, f'{where}[{index}]') for index, item in enumerate(items))})"


def _argument(item: Any, where: str) -> str:
    if isinstance(item, Placeholder):
        return item.to_jsonpath()
    if isinstance(item, (list, tuple)):
        return _array_call(item, where)
    if isinstance(item, Mapping):
        if any(True for _ in placeholders_in(item)):
            raise ValueError(
                f"'{where}' is a dict with a placeholder in a list that holds placeholders itself; "
                "AWS has no function that builds it. Build it in a Pass state before."
            )
        return f"States.StringToJson({quote(json.dumps(item))})"
    if isinstance(item, str):
        return quote(item)
    return json.dumps(item)


def quote(text: str) -> str:
    """Return a string as a literal of an intrinsic function's argument.

    >>> quote("it's {here}")
    "'it\\\\'s \\\\{here\\\\}'"
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("{", "\\{").replace("}", "\\}")
    return f"'{escaped}'"
