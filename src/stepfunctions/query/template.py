"""Payload templates (JSONPath): objects whose ``"name.$"`` fields are computed.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.intrinsics import compile_intrinsic, is_intrinsic
from stepfunctions.query.jsonpath import Path, compile_path
from stepfunctions.query.path_tokens import InvalidPath, PathNotFound
from stepfunctions.query.reference import CONFLICT
from stepfunctions.query.scope import Evaluator, OfInput, Scope

MAX_DEPTH = 100
"""Deepest nesting of a template."""

WHOLE_DOCUMENT_FIELDS = frozenset({"InputPath", "OutputPath"})
"""Fields whose failures the service words differently (recorded)."""

REFERENCE_FIELDS = frozenset({"ItemsPath"})
"""Fields that the service reads step by step, with an error of their own (recorded)."""

WAIT_FIELDS = frozenset({"SecondsPath", "TimestampPath"})
"""Fields of a Wait, which have an error of their own too (recorded)."""


def compile_template(payload: JSON, field: str) -> Evaluator:
    """Compile a payload template; ``field`` names it in errors (``Parameters``).

    A part without ``.$`` is a constant: evaluating gives that very object each time, not a copy. Raises
    QuerySyntaxError for an expression that cannot be read. The compiled template raises StateFailed.
    """
    return _compile(payload, field, 1) or _constant(payload)


def compile_expression(text: str, field: str) -> Evaluator:
    """Compile the value of a ``.$`` field or of a ``…Path`` field: a path or a call of an intrinsic function.

    Raises QuerySyntaxError. The compiled expression raises StateFailed.
    """
    if is_intrinsic(text):
        return compile_intrinsic(text)
    if not text.startswith("$"):
        raise QuerySyntaxError(
            text, 0, "Write a path, which begins with '$', or a call of an intrinsic function: States.Array($.a)"
        )
    path = compile_path(text)
    if path.root == "$":
        return _of_input(path, field)
    evaluate = path.evaluate

    def read(scope: Scope) -> JSON:
        try:
            return evaluate(scope)
        except (PathNotFound, InvalidPath) as error:
            raise _failure(path, field, lambda: path.document(scope), error) from None

    return read


def _of_input(path: Path, field: str) -> OfInput:
    find = path.find
    if path.text == "$":  # it always leads somewhere
        return OfInput(find)

    def read(document: JSON) -> JSON:
        try:
            return find(document)
        except (PathNotFound, InvalidPath) as error:
            raise _failure(path, field, lambda: document, error) from None

    return OfInput(read)


def _failure(path: Path, field: str, read: Callable[[], JSON], error: LookupError) -> StateFailed:
    """What the service says of a path that leads to nothing, or that cannot be applied."""
    if field in WHOLE_DOCUMENT_FIELDS or (isinstance(error, InvalidPath) and field not in REFERENCE_FIELDS):
        return StateFailed("States.Runtime", f"Invalid path '{path.text}' : {error}")
    if field in WAIT_FIELDS:
        cause = f"The {field} parameter does not reference an input value: {path.text}"
        return StateFailed("States.Runtime", cause)
    try:
        document = read()
    except PathNotFound as missing:
        return StateFailed("States.Runtime", str(missing))
    if field in REFERENCE_FIELDS and path.keys:
        step = _failing_step(path.keys, document)
        return StateFailed(CONFLICT, f'Unable to apply step "{step}" to input {dumps(document)}')
    return StateFailed(
        "States.Runtime",
        f"The JSONPath '{path.text}' specified for the field '{field}' "
        f"could not be found in the input '{dumps(document)}'",
    )


def _failing_step(keys: Sequence[str | int], document: JSON) -> str | int:
    """The first name or index that leads to nothing."""
    value = document
    for key in keys:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return key
    return keys[-1]


def _constant(value: JSON) -> Evaluator:
    return lambda _scope: value


def _compile(payload: JSON, field: str, depth: int) -> Evaluator | None:
    """Return None for a constant."""
    if depth > MAX_DEPTH:
        raise QuerySyntaxError(field, 0, f"A payload template may be nested {MAX_DEPTH} deep")
    if isinstance(payload, dict):
        return _compile_object(payload, depth)
    if isinstance(payload, list):
        return _compile_array(payload, field, depth)
    return None


def _compile_object(payload: dict[str, JSON], depth: int) -> Evaluator | None:
    names = [key.removesuffix(".$") for key in payload]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise QuerySyntaxError(f"{twice}.$", 0, f"The field '{twice}' is given twice: with and without '.$'")
    constants: dict[str, JSON] = {}
    computed: list[tuple[str, Evaluator]] = []
    for name, (key, value) in zip(names, payload.items(), strict=True):
        evaluate = _field(key, value) if name != key else _compile(value, key, depth + 1)
        if evaluate is None:
            constants[name] = value
        else:
            computed.append((name, evaluate))
    return _object(constants, computed, names) if computed else None


def _object(constants: dict[str, JSON], computed: Sequence[tuple[str, Evaluator]], order: Sequence[str]) -> Evaluator:
    finds = [(name, evaluate.find) for name, evaluate in computed if isinstance(evaluate, OfInput)]
    if len(finds) == len(computed):
        return _object_of_input(constants, finds, order)
    if not constants:
        return lambda scope: {name: evaluate(scope) for name, evaluate in computed}
    # Start from all names, so that the fields keep the order in which they are written.
    start = {name: constants.get(name) for name in order}

    def build(scope: Scope) -> JSON:
        result = dict(start)
        for name, evaluate in computed:
            result[name] = evaluate(scope)
        return result

    return build


def _object_of_input(
    constants: dict[str, JSON], finds: Sequence[tuple[str, Callable[[JSON], JSON]]], order: Sequence[str]
) -> Evaluator:
    start = {name: constants.get(name) for name in order}

    def build(document: JSON) -> JSON:
        result = start.copy()
        for name, find in finds:
            result[name] = find(document)
        return result

    return OfInput(build)


def _field(key: str, value: JSON) -> Evaluator:
    if not isinstance(value, str):
        raise QuerySyntaxError(
            dumps(value),
            0,
            f"The value for the field '{key}' must be a STRING that contains a JSONPath or an intrinsic function call",
        )
    return compile_expression(value, key)


def _compile_array(payload: list[JSON], field: str, depth: int) -> Evaluator | None:
    parts = [_compile(item, field, depth + 1) for item in payload]
    if not any(parts):
        return None
    items = [part or _constant(item) for part, item in zip(parts, payload, strict=True)]
    return lambda scope: [item(scope) for item in items]
