"""Paths, payload templates and intrinsic functions that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from stepfunctions.asl.choice import And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONPATH, Kind, Nested, declared_fields
from stepfunctions.asl.machine import Region, StateMachine, walk
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.query.choice import compile_test
from stepfunctions.query.reference import compile_reference
from stepfunctions.query.template import compile_expression, compile_template

_PATHS = ("path", "path or intrinsic")
_TEMPLATES = ("any", "credentials", "variables")
_CONSTANTS = ("Result",)


def expressions(machine: StateMachine) -> Iterator[Finding]:
    """EXPRESSION_SYNTAX: an expression cannot be read."""
    for found in walk(machine):
        if found.language == JSONPATH:
            yield from _object(found.state, found.path)
            for index, rule in enumerate(getattr(found.state, "choices", ())):
                yield from _rule(rule, f"{found.path}/Choices/{index}")


def _object(value: Any, path: str) -> Iterator[Finding]:
    for where, wire, kind, item in written_fields(value, path):
        yield from _field(wire, kind, item, where)


def written_fields(value: Any, path: str) -> Iterator[tuple[str, str, Kind, JSON]]:
    """Yield the fields of a state and of the objects in it: pointer, wire name, kind and value, where one is written.

    Choice rules have fields of their own; regions are walked by themselves.
    """
    for field in declared_fields(type(value)):
        item = getattr(value, field.attribute)
        kind, where = field.spec.kind, f"{path}/{field.spec.wire}"
        if item is ABSENT or item is None:
            continue
        if isinstance(kind, Nested):
            for pointer, inner in _inner(kind, item):
                yield from written_fields(inner, where + pointer)
        else:
            yield where, field.spec.wire, kind, item


def _inner(kind: Nested, item: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects in a nested field; regions are walked by themselves."""
    for pointer, inner in [(f"/{index}", one) for index, one in enumerate(item)] if kind.many else [("", item)]:
        if not isinstance(inner, Region):
            yield pointer, inner


def _field(wire: str, kind: Kind, item: JSON, where: str) -> Iterator[Finding]:
    if kind.name in _PATHS:
        yield from _guard(where, lambda: compile_expression(item, wire))
    elif kind.name == "reference path":
        yield from _guard(where, lambda: compile_reference(item))
    elif kind.name in _TEMPLATES and wire not in _CONSTANTS:
        yield from _guard(where, lambda: compile_template(item, wire))


def _rule(rule: ChoiceRule, where: str) -> Iterator[Finding]:
    yield from _test(rule.test, where)
    if rule.assign is not ABSENT:
        yield from _guard(f"{where}/Assign", lambda: compile_template(rule.assign, "Assign"))


def _test(test: Test | None, where: str) -> Iterator[Finding]:
    if isinstance(test, Comparison):
        for finding in _guard(where, lambda: compile_test(test)):
            # compile_test reads the variable first: what it refuses with a good variable is the other path
            wrong = any(True for _ in _guard(where, lambda: compile_expression(test.variable, "Variable")))
            yield replace(finding, path=f"{where}/{'Variable' if wrong else test.operator}")
    elif isinstance(test, Not):
        yield from _test(test.test, f"{where}/Not")
    elif isinstance(test, (And, Or)):
        for index, inner in enumerate(test.tests):
            yield from _test(inner, f"{where}/{type(test).__name__}/{index}")


def _guard(where: str, compile_it: Callable[[], object]) -> Iterator[Finding]:
    try:
        compile_it()
    except QuerySyntaxError as error:
        yield Finding(code="EXPRESSION_SYNTAX", severity=ERROR, path=where, message=f"{error}.")
