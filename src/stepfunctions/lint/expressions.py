"""Paths, payload templates and intrinsic functions that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from stepfunctions.asl.choice import And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONPATH, Kind
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.asl.written import written_fields
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject
from stepfunctions.query.choice import compile_test
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.reference import compile_reference
from stepfunctions.query.template import MAX_DEPTH, compile_expression, compile_template

_PATHS = ("path", "path or intrinsic")
TEMPLATES = ("any", "credentials", "variables")
_CONSTANTS = ("Result",)
_NUMBERS = (
    "MaxConcurrencyPath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
    "MaxInputBytesPerBatchPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
)
"""Paths of a Map that lead to one number of the input."""


def expressions(subject: Subject) -> Iterator[Finding]:
    """Find paths, templates and calls that cannot be read."""
    for found in subject.located:
        if found.language == JSONPATH:
            yield from _object(found.state, found.path)
            for index, rule in enumerate(getattr(found.state, "choices", ())):
                yield from _rule(rule, f"{found.path}/Choices/{index}")


def _object(value: Any, path: str) -> Iterator[Finding]:
    for where, wire, kind, item in written_fields(value, path):
        yield from _field(wire, kind, item, where)


def _field(wire: str, kind: Kind, item: JSON, where: str) -> Iterator[Finding]:
    if kind.name in _PATHS:
        yield from _guard(where, lambda: compile_expression(item, wire), "Value must be a valid JSONPath.")
        if wire in _NUMBERS:
            yield from _guard(where, lambda: _one_number(item), _NO_REFERENCE)
    elif kind.name == "reference path":
        yield from _guard(where, lambda: compile_reference(item), _NO_REFERENCE)
    elif kind.name in TEMPLATES and wire not in _CONSTANTS:
        yield from _template(item, where, wire)


_NO_REFERENCE = "Value is not a Reference Path"


def _one_number(text: str) -> None:
    path = compile_path(text)
    if path.keys is None or text.startswith("$$"):
        raise QuerySyntaxError(text, 0, "Write names and indexes of the input only, such as $.settings.count")


def _template(payload: JSON, where: str, wire: str) -> Iterator[Finding]:
    """Report each ``.$`` field that cannot be read, then what is wrong with the template as a whole."""
    found = list(_expressions(payload, where))
    yield from found or _guard(where, lambda: compile_template(payload, wire))


def _expressions(payload: JSON, where: str, depth: int = 1) -> Iterator[Finding]:
    members = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    for key, item in members if depth <= MAX_DEPTH else ():
        if isinstance(key, str) and key.endswith(".$"):
            said = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
            yield from _guard(where, partial(compile_template, {key: item}, key), said)
        else:
            yield from _expressions(item, f"{where}/{escape_pointer(str(key))}", depth + 1)


def _rule(rule: ChoiceRule, where: str) -> Iterator[Finding]:
    yield from _test(rule.test, where)
    if rule.assign is not ABSENT:
        yield from _template(rule.assign, f"{where}/Assign", "Assign")


def _test(test: Test | None, where: str) -> Iterator[Finding]:
    if isinstance(test, Comparison):
        for finding in _guard(where, lambda: compile_test(test), "Value must be a valid JSONPath."):
            # compile_test reads the variable first: what it refuses with a good variable is the other path
            wrong = any(True for _ in _guard(where, lambda: compile_expression(test.variable, "Variable")))
            yield replace(finding, path=f"{where}/{'Variable' if wrong else test.operator}")
    elif isinstance(test, Not):
        yield from _test(test.test, f"{where}/Not")
    elif isinstance(test, (And, Or)):
        for index, inner in enumerate(test.tests):
            yield from _test(inner, f"{where}/{type(test).__name__}/{index}")


def _guard(where: str, compile_it: Callable[[], object], said: str = "") -> Iterator[Finding]:
    """Run what compiles; ``said`` is what the service says when it cannot."""
    try:
        compile_it()
    except QuerySyntaxError as error:
        message, hint = (said, f"{error}.") if said else (f"{error}.", "")
        yield EXPRESSION_SYNTAX.at(where, message, hint)


EXPRESSION_SYNTAX = Rule(
    id="EXPRESSION_SYNTAX",
    severity=ERROR,
    summary="A path, a payload template or a call of an intrinsic function cannot be read.",
    why="AWS refuses the state machine.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html",
    good="""
        Sum: {Type: Pass, Parameters: {"total.$": "States.MathAdd($.a, 1)"}, End: true}
    """,
    bad="""
        Sum: {Type: Pass, Parameters: {"total.$": "States.MathAdd($.a, 1"}, End: true}
    """,
    check=expressions,
)
