"""Constants that look like paths: the warnings that AWS tells of a JSONPath definition.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.choice import OPERATORS, And, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONPATH
from stepfunctions.asl.machine import Located, escape_pointer
from stepfunctions.asl.states import Choice, Fail, Pass
from stepfunctions.asl.written import written_fields
from stepfunctions.lint.expressions import TEMPLATES
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

_PATH = re.compile(r"\$\$?([.\[].*)?|\$[A-Za-z_]\w*[.\[].*", re.DOTALL)
_TEXTS = frozenset(name for name in OPERATORS if name.startswith("String") and f"{name}Path" in OPERATORS)
_INTRINSIC = re.compile(r"States\.[A-Za-z0-9]+\(.*\)", re.DOTALL)


def no_dollar(subject: Subject) -> Iterator[Finding]:
    """Find members of payload templates that look like paths or calls."""
    for found in subject.located:
        if found.language == JSONPATH:
            for path, wire, kind, value in written_fields(found.state, found.path):
                if kind.name in TEMPLATES and wire != "Result":
                    yield from _in_template(value, path)


def static_results(subject: Subject) -> Iterator[Finding]:
    """Find members of a Pass's Result that look as if they were read."""
    for found in subject.located:
        if found.language == JSONPATH and isinstance(found.state, Pass) and found.state.result is not ABSENT:
            yield from _in_result(found.state.result, f"{found.path}/Result")


def no_path(subject: Subject) -> Iterator[Finding]:
    """Find fields with a constant that looks like a path, beside which there is a field for one."""
    for found in subject.located:
        if found.language == JSONPATH:
            yield from _in_fields(found)


def _in_template(value: JSON, path: str) -> Iterator[Finding]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_template(item, f"{path}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            where = f"{path}/{escape_pointer(key)}"
            if not isinstance(item, str):
                yield from _in_template(item, where)
            elif not key.endswith(".$") and (_PATH.fullmatch(item) or _INTRINSIC.fullmatch(item)):
                message = f"The value of '{key}' looks like a path or an intrinsic function, but is a constant."
                yield NO_DOLLAR.at(where, message, f'Write "{key}.$" to read it.')


def _in_result(value: JSON, path: str) -> Iterator[Finding]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        where = f"{path}/{escape_pointer(str(key))}"
        if isinstance(key, str) and key.endswith(".$"):
            message = f"The Result of a Pass state is a constant: '{key}' is not read."
            yield PASS_RESULT_IS_STATIC.at(where, message, "Use Parameters instead.")
        yield from _in_result(item, where)


def _in_fields(found: Located) -> Iterator[Finding]:
    state = found.state
    if isinstance(state, Fail):
        for wire, text in (("Error", state.error), ("Cause", state.cause)):
            if text is not ABSENT and _PATH.fullmatch(text):
                yield _no_path(f"{found.path}/{wire}", wire)
    if isinstance(state, Choice):
        for index, rule in enumerate(state.choices):
            yield from _in_test(rule.test, f"{found.path}/Choices/{index}")


def _in_test(test: Test | None, path: str) -> Iterator[Finding]:
    if isinstance(test, Not):
        yield from _in_test(test.test, f"{path}/Not")
    elif isinstance(test, (And, Or)):
        for index, inner in enumerate(test.tests):
            yield from _in_test(inner, f"{path}/{type(test).__name__}/{index}")
    elif isinstance(test, Comparison) and test.operator in _TEXTS and _PATH.fullmatch(str(test.value)):
        yield _no_path(f"{path}/{test.operator}", test.operator)


def _no_path(path: str, wire: str) -> Finding:
    message = f"The value of '{wire}' looks like a path, but is a constant."
    return NO_PATH.at(path, message, f"Write '{wire}Path' to read it.")


_TOLD = (
    "https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html"
)
NO_DOLLAR = Rule(
    id="NO_DOLLAR",
    severity=WARNING,
    summary="A member of a payload template looks like a path or a call, but its name does not end in .$.",
    why="The text itself is handed on, and nothing is read.",
    source=_TOLD,
    good="""
        Work: {Type: Pass, Parameters: {"day.$": $.day}, End: true}
    """,
    bad="""
        Work: {Type: Pass, Parameters: {day: $.day}, End: true}
    """,
    check=no_dollar,
)
PASS_RESULT_IS_STATIC = Rule(
    id="PASS_RESULT_IS_STATIC",
    severity=WARNING,
    summary="A member of a Pass's Result ends in .$, but a Result is a constant.",
    why="The text itself is handed on, and nothing is read.",
    source=_TOLD,
    good="""
        Work: {Type: Pass, Parameters: {"day.$": $.day}, End: true}
    """,
    bad="""
        Work: {Type: Pass, Result: {"day.$": $.day}, End: true}
    """,
    check=static_results,
)
NO_PATH = Rule(
    id="NO_PATH",
    severity=WARNING,
    summary="A field has a constant that looks like a path, and there is another field for paths.",
    why="The text itself is compared or told, and nothing is read.",
    source=_TOLD,
    good="""
        Stop: {Type: Fail, Error: Late, CausePath: $.why}
    """,
    bad="""
        Stop: {Type: Fail, Error: Late, Cause: $.why}
    """,
    check=no_path,
)
