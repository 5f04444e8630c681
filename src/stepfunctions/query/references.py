"""Which variables each state of a machine reads, as the service describes a state machine.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.choice import And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONATA
from stepfunctions.asl.machine import Located, StateMachine, escape_pointer, walk
from stepfunctions.asl.written import written_fields
from stepfunctions.query.jsonata import reads_of
from stepfunctions.query.jsonata_template import expressions_in, inner

_PATHS = ("path", "path or intrinsic")
_TEMPLATES = ("any", "credentials", "variables")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_VARIABLE = re.compile(r"(?<![\w.$])\$([^\W\d_]\w*)")
_PROVIDED = frozenset({"states", "partition", "range", "hash", "uuid", "parse"})
"""What JSONata expressions have besides variables: the reserved name and functions of Step Functions."""


def variable_references(machine: StateMachine, region: str = "") -> dict[str, list[str]]:
    """Return the name of each state that reads variables -> their names, sorted.

    ``region``: the JSON Pointer of the region whose states are wanted; "" is the whole machine. Raises
    QuerySyntaxError for a JSONata expression that cannot be read.
    """
    found: dict[str, list[str]] = {}
    for located in walk(machine):
        if located.path.startswith(f"{region}/"):
            names = set(_jsonata(located) if located.language == JSONATA else _jsonpath(located))
            if names:
                found[located.name] = sorted(names)
    return found


def _rules(located: Located) -> tuple[ChoiceRule, ...]:
    rules: tuple[ChoiceRule, ...] = getattr(located.state, "choices", ())
    return rules


def _jsonata(located: Located) -> Iterator[str]:
    values = [
        value for _, _, kind, value in written_fields(located.state, "") if kind.name != "string" or kind.expression
    ]
    for rule in _rules(located):
        values += [rule.condition, rule.assign, rule.output]
    for value in values:
        for _, text in expressions_in(value):
            yield from reads_of(inner(text)).variables.keys() - _PROVIDED


def _jsonpath(located: Located) -> Iterator[str]:
    for _, text in jsonpath_texts(located):
        yield from _VARIABLE.findall(_QUOTED.sub("", text))


def jsonpath_texts(located: Located) -> Iterator[tuple[str, str]]:
    """Yield the paths and calls of intrinsic functions of a JSONPath state, each with its JSON Pointer."""
    for where, _, kind, value in written_fields(located.state, located.path):
        if kind.name in _PATHS and isinstance(value, str):
            yield where, value
        elif kind.name in _TEMPLATES:
            yield from _template(where, value)
    for index, rule in enumerate(_rules(located)):
        where = f"{located.path}/Choices/{index}"
        if rule.test is not None:
            yield from ((where, text) for text in _test(rule.test))
        if rule.assign is not ABSENT:
            yield from _template(f"{where}/Assign", rule.assign)


def _template(where: str, value: JSON) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _template(f"{where}/{index}", one)
    elif isinstance(value, dict):
        for key, one in value.items():
            inside = f"{where}/{escape_pointer(key)}"
            if not key.endswith(".$"):
                yield from _template(inside, one)
            elif isinstance(one, str):
                yield inside, one


def _test(test: Test) -> Iterator[str]:
    if isinstance(test, Comparison):
        yield test.variable
        if test.operator.endswith("Path"):
            yield test.value
    elif isinstance(test, Not):
        yield from _test(test.test)
    elif isinstance(test, (And, Or)):
        for one in test.tests:
            yield from _test(one)
