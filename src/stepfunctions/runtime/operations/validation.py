"""What is wrong with a definition: ValidateStateMachineDefinition, and the refusals of what creates and tests.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from stepfunctions import lint
from stepfunctions.asl import codec
from stepfunctions.asl.transitions import check_graph
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.engine.program import compile_program
from stepfunctions.errors import DefinitionError, Problem, ServiceError
from stepfunctions.lint.nesting import INTRINSIC_NESTING
from stepfunctions.runtime.operations import express
from stepfunctions.runtime.operations.finding import EXPRESS
from stepfunctions.runtime.operations.pages import page_size
from stepfunctions.runtime.operations.service import Request, Response, Service

ERROR, WARNING = "ERROR", "WARNING"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
NO_JSON = "INVALID_JSON_DESCRIPTION"
_CODES = frozenset(
    {
        SCHEMA,
        NO_JSON,
        "DUPLICATE_LABEL_NAME",
        "DUPLICATE_STATE_NAME",
        "INVALID_JSONATA_EXPRESSION",
        "INVALID_LABEL_NAME",
        "INVALID_STATE_NAME",
        "MISSING_END_STATE",
        "MISSING_TRANSITION_TARGET",
        "TOO_DEEPLY_NESTED",
        "UNSUPPORTED_JSONATA_EXPRESSION",
    }
)
"""AWS's codes of errors; every other rule of ours is part of its schema."""

_WARNINGS = frozenset({"NO_DOLLAR", "NO_PATH", "PASS_RESULT_IS_STATIC"})
_LISTS = frozenset({"And", "Branches", "Catch", "Choices", "ErrorEquals", "Or", "Retry"})
_WORD = re.compile(r"[^\s,:{}\[\]\"]+")
_LONGEST_SOURCE = 500


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong, in AWS's words. ``location`` None: no single place."""

    severity: str
    code: str
    message: str
    location: str | None

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {'null' if self.location is None else self.location}"


def diagnostics_of(definition: str, kind: str = "STANDARD", limits: Limits = AWS_LIMITS) -> list[Diagnostic]:
    """Return what is wrong with the text of a definition: its shape, else all that the rules and the engine say."""
    try:
        definition.encode()
        machine = codec.parse(definition, limits.name)
    except DefinitionError as error:
        problems = list(error.problems)
        if all(one.code == "MISSING_TRANSITION_TARGET" for one in problems):
            problems += check_graph(json.loads(definition))
        return [_no_json(definition, one) if one.code == NO_JSON else _error(one) for one in problems]
    except UnicodeEncodeError as error:
        return [_error(Problem(path=None, code=NO_JSON, message=f"The definition is not text: {error}."))]
    rules = [rule for rule in lint.AWS_RULES if rule is not INTRINSIC_NESTING or limits.nesting is not None]
    found = lint.check_machine(machine, rules=rules)
    errors = [
        _diagnostic(ERROR, one.rule if one.rule in _CODES else SCHEMA, one.message, one.path)
        for one in found
        if one.severity == lint.ERROR
    ]
    if not errors:
        try:
            compile_program(machine, limits)
            errors = [_error(one) for one in (express.problems_of(machine) if kind == EXPRESS else ())]
        except DefinitionError as error:
            errors = [_error(one) for one in error.problems]
    warnings = [_diagnostic(WARNING, one.rule, one.message, one.path) for one in found if one.rule in _WARNINGS]
    return errors + warnings


def errors_of(definition: str, kind: str = "STANDARD", limits: Limits = AWS_LIMITS) -> list[Diagnostic]:
    """Return what AWS refuses in the text of a definition."""
    return [one for one in diagnostics_of(definition, kind, limits) if one.severity == ERROR]


def refusal(errors: Sequence[Diagnostic]) -> ServiceError:
    """Return the error of a definition that is refused."""
    listed = ", ".join(map(str, errors))
    return ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def validate(service: Service, request: Request) -> Response:
    """ValidateStateMachineDefinition."""
    found = diagnostics_of(request["definition"], request.get("type") or "STANDARD", service.limits)
    failed = any(one.severity == ERROR for one in found)
    if request.get("severity") != WARNING:
        found = [one for one in found if one.severity == ERROR]
    limit = page_size(request)
    return {
        "result": "FAIL" if failed else "OK",
        "diagnostics": [
            {"severity": one.severity, "code": one.code, "message": one.message}
            | ({} if one.location is None else {"location": one.location})
            for one in found[:limit]
        ],
        "truncated": len(found) > limit,
    }


def _error(problem: Problem) -> Diagnostic:
    return _diagnostic(ERROR, problem.code if problem.code in _CODES else SCHEMA, problem.message, problem.path)


def _diagnostic(severity: str, code: str, message: str, path: str | None) -> Diagnostic:
    return Diagnostic(severity, code, message, None if path is None else _location(path))


def _location(pointer: str) -> str:
    """Return a JSON Pointer as AWS writes it: names as they are, indexes in brackets."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    found = ""
    for before, part in itertools.pairwise(["", *parts]):
        found += f"[{part}]" if part.isdigit() and before in _LISTS else f"/{part}"
    return found or "/"


def _no_json(text: str, problem: Problem) -> Diagnostic:
    """Return what the service's parser says of a text that is no JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        said, position = _said(text, codec.on_every_python(error))
        shown = text[:_LONGEST_SOURCE]
        line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
        source = f'[Source: (String)"{shown}"; line: {line}, column: {column}]'
        return Diagnostic(ERROR, NO_JSON, f"{said}\n at {source}", source)
    except (RecursionError, ValueError):
        pass
    return _error(problem)


def _said(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """Return what is wrong, and where the parser stands when it says so."""
    at = error.pos
    if not text[at:].strip():
        return "Unexpected end-of-input", len(text)
    word = _WORD.match(text, at)
    if error.msg == "Expecting value" and word is not None:
        values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        return f"Unrecognized token '{word[0]}': was expecting {values}", word.end()
    expected = {
        "Expecting property name enclosed in double quotes": "double-quote to start field name",
        "Expecting ':' delimiter": "a colon to separate field name and value",
        "Expecting ',' delimiter": "comma to separate entries",
    }.get(error.msg, error.msg)
    return f"Unexpected character ('{text[at]}' (code {ord(text[at])})): was expecting {expected}", at + 1
