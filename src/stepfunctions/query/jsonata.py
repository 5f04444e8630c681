"""JSONata as Step Functions runs it, compiled once. The only module that knows which library evaluates it.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonata_functions import DRAWN, MEMORY, REGISTERED, FunctionFailed
from stepfunctions.query.jsonata_overflow import (
    FUNCTION,
    MARK,
    MOST,
    NOT_A_NUMBER,
    OPERATIONS,
    operate,
    rewritten,
    shown,
)
from stepfunctions.query.jsonata_syntax import unsupported
from stepfunctions.query.scope import Evaluator, Scope
from stepfunctions.query.values import is_number

if TYPE_CHECKING:
    from jlens import Expression, JlensError

QUERY_ERROR = "States.QueryEvaluationError"
"""The error name of every failure of an expression."""

LIMITS: Mapping[str, Any] = {
    "timeout": 1.0,
    # The next ones are where people found that the service stops: see tests/query/test_jsonata.py.
    "max_depth": 100,
    "max_array_length": 873_782,
    "max_string_length": 4_194_304,
    "max_result_size": 8_388_608,
}
"""What one evaluation may use: seconds, levels, items, bytes, bytes."""

_LIMIT_TEXTS = {
    "D1011": "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
    "D1012": "Expression evaluation timeout: Check for infinite loop",
    "U1001": MEMORY,
}
_LONGEST_SHOWN = 1_000
_NAMES = re.compile(r"\$(\w+)")
_ITSELF = re.compile(r"\$\$?(?![\w$])")
_WHOLE = re.compile(r"(?<![\w.])(-?\d+)\.0\b")
_NUMBER_SHOWN = frozenset({"D3060", "D3061", "D3100"})
_PATH = re.compile(r"\$([A-Za-z]\w*)((?:\.[A-Za-z_]\w*)*)", re.ASCII)

Read: TypeAlias = "bool | Mapping[str, Read]"
"""What an expression reads of a value: True for all of it, or its members, each with what is read of it."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What an expression reads: for lint.

    ``input``: of the input, which an expression of Step Functions does not have; None: nothing. ``variables``: by
    name, without the ``$``. ``evaluates``: whether it calls ``$eval``.
    """

    input: Read | None
    variables: Mapping[str, Read]
    evaluates: bool


def reads_of(text: str) -> Reads:
    """Return what an expression (without ``{%`` and ``%}``) reads; raises QuerySyntaxError."""
    return _reads_of(_parsed(text))


def _reads_of(expression: Expression) -> Reads:
    found = expression.reads(_stand_ins())
    return Reads(found.get("input"), found["bindings"], bool(found.get("everyBinding")))


def at_the_top(found: Reads, text: str) -> list[str]:
    """Return what an expression reads that it does not have: names, ``$``."""
    if found.input is None or isinstance(found.input, bool):
        # All of the input may also be read by a function without an argument; only what is written is named.
        written = found.input is True and not found.evaluates and _ITSELF.search(text) is not None
        return ["$"] if written and not _calls_unknown(found, text) else []
    return list(found.input)


def _calls_unknown(found: Reads, text: str) -> bool:
    """Tell whether a function is called that is none: what it would read is not known."""
    return any(re.search(rf"\${re.escape(name)}\s*\(", text) for name in found.variables)


def compile_jsonata(text: str, field: str = "", expected: str = "") -> Evaluator:
    """Compile an expression without its ``{%`` and ``%}``.

    ``field`` is where errors say it stands (``Output/a[0]``); ``expected`` the type its value must have: ``array``,
    ``array or object``, ``boolean``, ``number``, ``string``, or empty for any. Raises QuerySyntaxError. The compiled
    expression raises StateFailed with ``States.QueryEvaluationError``: for an error, for a value that is undefined, a
    function or of another type. The library is loaded here, at the first expression.
    """
    text = text.strip()
    compute = _computed(text, field)
    path = _PATH.fullmatch(text)
    if path is not None:
        compute = _walk(path[1], path[2].split(".")[1:], compute)
    if not expected:
        return compute
    kinds = expected.split(" or ")

    def typed(scope: Scope) -> JSON:
        value = compute(scope)
        kind = type_name(value)
        if kind not in kinds:
            shown = dumps(value)
            shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
            what = f"returned an unexpected result type. Expected '{kinds[0]}', but was '{kind}' for value: {shown}"
            raise _failure(text, field, what)
        return value

    return typed


def type_name(value: JSON) -> str:
    """Return the type of a JSON value as JSONata's ``$type`` names it."""
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    return {str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]


def _parsed(text: str) -> Expression:
    from jlens import Expression, JlensError

    try:
        expression = Expression(text)
    except UnicodeEncodeError as error:
        raise QuerySyntaxError(text, error.start, "An expression cannot hold half of a surrogate pair") from None
    except JlensError as error:
        raise QuerySyntaxError(text, error.start or 0, f"{error.code}: {error}", str(error)) from None
    newer = unsupported(text)
    if newer is not None:
        message = f"The operator {newer[1]} is newer than JSONata 2.0.6, which Step Functions runs"
        said = f'The symbol "{newer[1][-1]}" cannot be used as a unary operator'
        raise QuerySyntaxError(text, newer[0], message, said)
    return expression


def _stand_ins() -> dict[str, Any]:
    """Return the functions of Step Functions by name, to find out what an expression reads besides calling them."""
    return {**{name: function for name, (function, _) in REGISTERED.items()}, **DRAWN}


def _computed(text: str, field: str) -> Evaluator:
    """Compile for the library: any expression."""
    from jlens import JlensError

    evaluate = _evaluation(_parsed(text), text)

    def compute(scope: Scope) -> JSON:
        try:
            try:
                found = evaluate(scope)
            except JlensError as error:
                if not _is_overflow(error):
                    raise
                found = _despite_overflow(text, scope, error)
            if found is not None:
                value = json.loads(found)
                return shown(value) if MARK in found else value
        except (JlensError, FunctionFailed) as error:
            raise _failure(text, field, _thrown(error.code, str(error))) from None
        except (ValueError, TypeError) as error:  # data that the library cannot take: nested too deeply, no double
            raise _failure(text, field, _thrown("", str(error))) from None
        raise _failure(text, field, _nothing(text, scope))

    return compute


def _is_overflow(error: JlensError) -> bool:
    """Tell whether an operation gave a number that is too large; not whether it was given one."""
    return error.code == "D1001" and error.value is None and error.token in OPERATIONS


def _despite_overflow(text: str, scope: Scope, first: JlensError) -> str | None:
    """Evaluate again, with each operation rewritten that gives a number that JSON does not have."""
    from jlens import JlensError

    error = first
    for _ in range(MOST):
        assert error.start is not None and error.end is not None and error.position is not None
        text = rewritten(text, error.start, error.position - 1, error.end)
        try:
            return _evaluation(_parsed(text), text)(scope)
        except JlensError as another:
            if not _is_overflow(another):
                # an operation or function that cannot work with the mark of such a number
                raise first if MARK in str(another.value) else another from None
            error = another
    raise first


def _evaluation(expression: Expression, text: str) -> Callable[[Scope], str | None]:
    """Return what evaluates an expression to JSON text, None for nothing; raises the errors of the library."""
    named = frozenset(_NAMES.findall(text))
    for name in named & REGISTERED.keys():
        expression.register_function(name, *REGISTERED[name])
    if FUNCTION in named:
        expression.register_function(FUNCTION, operate, "<sxx:x>")
    if "parseInteger" in named:
        expression.register_function("parseInteger", _parse_integer, "<s-s:x>")
    bind = _binder(expression, named)
    shuffles = "shuffle" in named

    def evaluate(scope: Scope) -> str | None:
        options = dict(LIMITS, seed=scope.chance().getrandbits(32)) if shuffles else LIMITS
        return expression.evaluate_json(None, bind(scope), now=int(scope.now * 1000), **options)

    return evaluate


@cache
def _original_parse_integer() -> Expression:
    from jlens import Expression

    return Expression("$parseInteger($text, $picture)")


def _parse_integer(text: str | None = None, picture: str | None = None) -> JSON:
    """Read an integer as the library does; of what is no integer, give the mark of NaN."""
    if text is None or picture is None:
        return None
    found = _original_parse_integer().evaluate(None, {"text": text, "picture": picture})
    return NOT_A_NUMBER if found is None else found


def _binder(expression: Expression, named: frozenset[str]) -> Callable[[Scope], dict[str, Any]]:
    """Return what binds the variables that an expression reads, cut down to the parts that it reads.

    The library converts what is bound whole, at each evaluation: a path into a large document would pay for all of it.
    """
    reads: dict[str, Read] = dict(expression.reads(_stand_ins())["bindings"])
    states = reads.pop("states", None)
    drawn = {name: function for name, function in DRAWN.items() if name in named}
    constant = {"eval": None} if "eval" in named else {}  # not a function: Step Functions has none of this name
    # A variable hides the built-in function of its name, whose call then fails, as on AWS.
    others = {**dict.fromkeys(named - reads.keys(), True), **reads}

    def bind(scope: Scope) -> dict[str, Any]:
        bound: dict[str, Any] = dict(constant)
        for name, function in drawn.items():
            bound[name] = partial(function, scope.chance)
        variables = scope.variables
        if variables:
            for name, read in others.items():
                if name in variables:
                    bound[name] = _cut(variables[name], read)
        if states is not None:
            bound["states"] = _states(scope, states)
        return bound

    return bind


def _states(scope: Scope, read: Read) -> dict[str, JSON]:
    """Return ``$states``, without the parts that are not read."""
    bound: dict[str, JSON] = {}
    if _reads(read, "input"):
        bound["input"] = _cut(scope.input, _part(read, "input"))
    if _reads(read, "context"):
        bound["context"] = _cut(scope.context(), _part(read, "context"))
    for name, value in (scope.states or {}).items():
        if _reads(read, name):
            bound[name] = _cut(value, _part(read, name))
    return bound


def _reads(read: Read, name: str) -> bool:
    return isinstance(read, bool) or name in read


def _part(read: Read, name: str) -> Read:
    return read if isinstance(read, bool) else read[name]


def _cut(value: JSON, read: Read) -> JSON:
    """Return a value without the members that are not read. Stops at the first array: cutting its items costs more."""
    if isinstance(read, bool) or not isinstance(value, dict):
        return value
    return {name: _cut(value[name], part) for name, part in read.items() if name in value}


def _thrown(code: str, message: str) -> str:
    message = " ".join(message.split())
    if code in _NUMBER_SHOWN:
        message = _WHOLE.sub(r"\1", message)
    if code in _LIMIT_TEXTS:
        code, message = "", _LIMIT_TEXTS[code]
    return f"threw an error during evaluation{f'. {code}' if code else ''}: {message}"


def _nothing(text: str, scope: Scope) -> str:
    """Tell what an expression without a value gave: nothing, or what is no JSON."""
    from jlens import Expression, JlensError

    try:
        asked = f"$exists({text}\n)"
        exists = _evaluation(Expression(asked), asked)(scope) == "true"
    except (JlensError, FunctionFailed):
        exists = False
    return "returned an unsupported result type." if exists else "returned nothing (undefined)."


def _failure(text: str, field: str, what: str) -> StateFailed:
    return StateFailed(QUERY_ERROR, f"The JSONata expression '{text}' specified for the field '{field}' {what}", field)


def _walk(root: str, names: list[str], otherwise: Evaluator) -> Evaluator:
    """Compile a path of names: what it leads to in objects is given as it is, whole numbers of any length too."""

    def read(scope: Scope) -> JSON:
        steps = iter(names)
        of_states = root == "states"
        value = _state_part(scope, next(steps, "")) if of_states else scope.variables.get(root, _MISSING)
        for name in steps:
            value = value.get(name, _MISSING) if type(value) is dict else _MISSING
        # Members of the items of an array, and everything that fails, is the library's business.
        return otherwise(scope) if value is _MISSING else plain(value)

    return read


_MISSING: Any = object()
_WITH_EXPONENT = 10**21
"""From here on JSONata writes whole numbers with an exponent."""


def _state_part(scope: Scope, name: str) -> JSON:
    if name == "input":
        return scope.input
    if name == "context":
        return scope.context()
    return (scope.states or {}).get(name, _MISSING)


def plain(value: JSON) -> JSON:
    """Return a value as Step Functions gives it: ``1.0`` is ``1``. The same object when nothing changes."""
    kind = type(value)
    if kind is float:
        return int(value) if abs(value) < _WITH_EXPONENT and value.is_integer() else value
    if kind is dict:
        members = {name: plain(item) for name, item in value.items()}
        return members if any(map(operator.is_not, members.values(), value.values())) else value
    if kind is list:
        items = [plain(item) for item in value]
        return items if any(map(operator.is_not, items, value)) else value
    return value
