"""Payloads of JSONata states: every string ``{% … %}`` in them, at any depth, is computed; all else is constant.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import is_expression
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query.jsonata import compile_jsonata
from stepfunctions.query.scope import Evaluator, Scope


def compile_payload(payload: JSON, field: str) -> Evaluator:
    """Compile a payload; ``field`` names it in errors (``Arguments``, ``Choices[0]/Output``).

    A part without an expression is a constant: evaluating gives that very object each time, not a copy. Raises
    QuerySyntaxError. The compiled payload raises StateFailed.
    """
    return _compile(payload, field) or _constant(payload)


def compile_field(text: str, field: str, expected: str = "") -> Evaluator:
    """Compile a string ``{% … %}`` of a field of one value; see :func:`~.jsonata.compile_jsonata`."""
    return compile_jsonata(inner(text), field, expected)


def inner(text: str) -> str:
    """Return an expression without ``{%`` and ``%}``. Raises QuerySyntaxError when one of them is missing."""
    if not is_expression(text):
        raise QuerySyntaxError(text, 0, "A JSONata expression begins with '{%' and ends with '%}'")
    return text[2:-2].strip()


def expressions_in(payload: JSON, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield every expression of a payload with its JSON Pointer. ``{%`` without ``%}`` counts as one."""
    if isinstance(payload, dict):
        for key, value in payload.items():
            yield from expressions_in(value, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(payload, list):
        for index, value in enumerate(payload):
            yield from expressions_in(value, f"{pointer}/{index}")
    elif isinstance(payload, str) and payload.startswith("{%"):
        yield pointer, payload


def _constant(value: JSON) -> Evaluator:
    return lambda _scope: value


def _compile(payload: JSON, where: str) -> Evaluator | None:
    """Return None for a constant."""
    if isinstance(payload, str):
        return compile_jsonata(inner(payload), where) if payload.startswith("{%") else None
    if isinstance(payload, dict):
        parts = {key: _compile(value, f"{where}/{key}") for key, value in payload.items()}
        return _object(payload, [(key, part) for key, part in parts.items() if part]) if any(parts.values()) else None
    if isinstance(payload, list):
        items = [_compile(value, f"{where}[{index}]") for index, value in enumerate(payload)]
        return _array([item or _constant(value) for item, value in zip(items, payload, strict=True)], any(items))
    return None


def _object(payload: dict[str, JSON], computed: Sequence[tuple[str, Evaluator]]) -> Evaluator:
    if len(computed) == len(payload):
        return lambda scope: {key: evaluate(scope) for key, evaluate in computed}

    def build(scope: Scope) -> JSON:
        result = dict(payload)  # all keys, so that they keep the order in which they are written
        for key, evaluate in computed:
            result[key] = evaluate(scope)
        return result

    return build


def _array(items: Sequence[Evaluator], computed: bool) -> Evaluator | None:
    return (lambda scope: [item(scope) for item in items]) if computed else None
