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
            names = {name for _, name in variable_reads(located)}
            if names:
                found[located.name] = sorted(names)
    return found


def variable_reads(located: Located) -> Iterator[tuple[str, str]]:
    """Yield the variables that a state's own fields read: the JSON Pointer of the text that does, and the name.

    Raises QuerySyntaxError for a JSONata expression that cannot be read.
    """
    return _jsonata(located) if located.language == JSONATA else _jsonpath(located)


def _rules(located: Located) -> tuple[ChoiceRule, ...]:
    rules: tuple[ChoiceRule, ...] = getattr(located.state, "choices", ())
    return rules


def _jsonata(located: Located) -> Iterator[tuple[str, str]]:
    values = [
        (where, value)
        for where, _, kind, value in written_fields(located.state, located.path)
        if kind.name != "string" or kind.expression
    ]
    for index, rule in enumerate(_rules(located)):
        where = f"{located.path}/Choices/{index}"
        values += [(f"{where}/Condition", rule.condition), (f"{where}/Assign", rule.assign)]
        values.append((f"{where}/Output", rule.output))
    for where, value in values:
        for pointer, text in expressions_in(value):
            for name in reads_of(inner(text)).variables.keys() - _PROVIDED:
                yield where + pointer, name


def _jsonpath(located: Located) -> Iterator[tuple[str, str]]:
    for where, text in jsonpath_texts(located):
        for name in _VARIABLE.findall(_QUOTED.sub("", text)):
            yield where, name


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
            yield from _test(where, rule.test)
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


def _test(where: str, test: Test) -> Iterator[tuple[str, str]]:
    if isinstance(test, Comparison):
        yield f"{where}/Variable", test.variable
        if test.operator.endswith("Path"):
            yield f"{where}/{test.operator}", test.value
    elif isinstance(test, Not):
        yield from _test(f"{where}/Not", test.test)
    elif isinstance(test, (And, Or)):
        for index, one in enumerate(test.tests):
            yield from _test(f"{where}/{type(test).__name__}/{index}", one)
