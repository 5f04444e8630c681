"""Which variables each state of a machine reads, as the service describes a state machine.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.choice import And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONATA, Kind
from stepfunctions.asl.machine import Located, StateMachine, walk
from stepfunctions.asl.written import written_fields
from stepfunctions.query.jsonata import reads_of
from stepfunctions.query.jsonata_template import expressions_in, inner

_PATHS = ("path", "path or intrinsic")
_TEMPLATES = ("any", "credentials", "variables")
_CONSTANTS = ("Result",)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_VARIABLE = re.compile(r"(?<![\w.$])\$([^\W\d_]\w*)")
_PROVIDED = frozenset({"states", "partition", "range", "hash", "random", "uuid", "parse"})
"""What JSONata expressions have besides variables: the reserved name and the functions of Step Functions."""


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
    for _, wire, kind, value in written_fields(located.state, ""):
        if wire not in _CONSTANTS:
            yield from _field(kind, value)
    for rule in _rules(located):
        if rule.test is not None:
            yield from _test(rule.test)
        if rule.assign is not ABSENT:
            yield from _template(rule.assign)


def _field(kind: Kind, value: JSON) -> Iterator[str]:
    if kind.name in _PATHS:
        yield from _path(value)
    elif kind.name in _TEMPLATES:
        yield from _template(value)


def _template(value: JSON) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _template(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _path(one) if key.endswith(".$") else _template(one)


def _path(text: JSON) -> Iterator[str]:
    """Yield the variables in a path or a call of an intrinsic function."""
    if isinstance(text, str):
        yield from _VARIABLE.findall(_QUOTED.sub("''", text))


def _test(test: Test) -> Iterator[str]:
    if isinstance(test, Comparison):
        yield from _path(test.variable)
        if test.operator.endswith("Path"):
            yield from _path(test.value)
    elif isinstance(test, Not):
        yield from _test(test.test)
    elif isinstance(test, (And, Or)):
        for one in test.tests:
            yield from _test(one)
