"""JSONata expressions that cannot be read, or that read what is not there; payloads that only look computed.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from stepfunctions.asl.document import JSON, is_deeper
from stepfunctions.asl.fields import ABSENT, JSONATA, is_expression
from stepfunctions.asl.machine import Located, escape_pointer
from stepfunctions.asl.states import Map, Parallel, Task
from stepfunctions.asl.written import written_fields
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import ERROR, WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject
from stepfunctions.query.jsonata import Reads, at_the_top, reads_of
from stepfunctions.query.jsonata_template import expressions_in, inner
from stepfunctions.query.template import MAX_DEPTH

_PAYLOADS = ("any", "variables", "credentials", "array")
_STATES = ("input", "result", "errorOutput", "context")
_AFTER_WORK = ("Output", "Assign")


@dataclass(frozen=True, slots=True)
class Place:
    """A field that may hold expressions: where, what is written, and which of ``$states`` it sees."""

    path: str
    value: JSON
    sees: frozenset[str]


def places(found: Located) -> Iterator[Place]:
    """Yield the fields of a JSONata state that may hold expressions; those of the states inside it are theirs."""
    works = isinstance(found.state, (Task, Parallel, Map))
    for path, wire, kind, value in written_fields(found.state, found.path):
        if kind.expression or kind.name in _PAYLOADS:
            sees = {"input", "context"}
            if f"{found.path}/Catch/" in path:
                sees.add("errorOutput")
            elif works and wire in _AFTER_WORK:
                sees.add("result")
            yield Place(path, value, frozenset(sees))
    for index, rule in enumerate(getattr(found.state, "choices", ())):
        for wire, value in (("Condition", rule.condition), ("Assign", rule.assign), ("Output", rule.output)):
            if value is not ABSENT and value is not None:
                yield Place(f"{found.path}/Choices/{index}/{wire}", value, frozenset({"input", "context"}))


def _places(subject: Subject) -> Iterator[Place]:
    for found in subject.located:
        if found.language == JSONATA:
            yield from places(found)


def _expressions(subject: Subject) -> Iterator[tuple[Place, str, str, Reads | QuerySyntaxError]]:
    """Yield every expression: its field, its pointer, its text, and what it reads or why it cannot be read."""
    for place in _places(subject):
        for pointer, written in expressions_in(place.value):
            try:
                yield place, place.path + pointer, written, reads_of(inner(written))
            except QuerySyntaxError as error:
                yield place, place.path + pointer, written, error


def invalid_jsonata(subject: Subject) -> Iterator[Finding]:
    """Find expressions that cannot be read, and payloads that are nested too deeply."""
    for place in _places(subject):
        if is_deeper(place.value, MAX_DEPTH):
            said = f"A payload may be nested {MAX_DEPTH} deep."
            yield INVALID_JSONATA_EXPRESSION.at(place.path, said)
    for _, path, text, found in _expressions(subject):
        if isinstance(found, QuerySyntaxError):
            message, hint = (found.said, f"{found}.") if found.said else (f"{found}.", "")
            start = text.find(found.expression)
            offset = start + found.position if start >= 0 else None
            yield INVALID_JSONATA_EXPRESSION.at(path, message, hint, offset=offset)


def unsupported_jsonata(subject: Subject) -> Iterator[Finding]:
    """Find expressions that read what Step Functions does not have at their place."""
    for place, path, text, found in _expressions(subject):
        if isinstance(found, Reads):
            for severity, message, hint, word in [*_input(found, inner(text)), *_eval(found), *_states(found, place)]:
                at = re.search(rf"(?<![\w$.'\"]){re.escape(word)}(?![\w$])", text)
                offset = at.start() if at else None
                yield UNSUPPORTED_JSONATA_EXPRESSION.at(path, message, hint, severity=severity, offset=offset)


def _input(found: Reads, text: str) -> Iterator[tuple[str, str, str, str]]:
    for name in at_the_top(found, text):
        yield (
            ERROR,
            f"Reference to '{name}' at the top level is not supported.",
            f"Write {'$states.input' if name == '$' else f'$states.input.{name}'}.",
            name,
        )


def _eval(found: Reads) -> Iterator[tuple[str, str, str, str]]:
    if found.evaluates:
        yield WARNING, "Step Functions has no $eval: calling it fails.", "Write $parse to read JSON text.", "$eval"


def _states(found: Reads, place: Place) -> Iterator[tuple[str, str, str, str]]:
    read = found.variables.get("states")
    if read is None or isinstance(read, bool):
        return
    for name in read:
        if name not in _STATES:
            close = difflib.get_close_matches(name, _STATES, n=1, cutoff=0.6)
            hint = f"Did you mean '$states.{close[0]}'?" if close else f"Write one of {', '.join(_STATES)}."
            yield WARNING, f"There is no '$states.{name}'.", hint, f"$states.{name}"
        elif name not in place.sees:
            yield ERROR, f"'$states.{name}' does not exist in this field.", _WHERE[name], f"$states.{name}"


_WHERE = {
    "result": "Only Output and Assign of a Task, Parallel or Map see it.",
    "errorOutput": "Only Output and Assign of a Catch see it.",
}


def not_evaluated(subject: Subject) -> Iterator[Finding]:
    """Find parts of payloads that look computed, but are constants in their query language."""
    for found in subject.located:
        fields = list(written_fields(found.state, found.path))
        payloads = [(path, value) for path, wire, kind, value in fields if kind.name in _PAYLOADS]
        for index, rule in enumerate(getattr(found.state, "choices", ())):
            payloads += [(f"{found.path}/Choices/{index}/{wire}", getattr(rule, wire.lower())) for wire in _AFTER_WORK]
        for path, value in payloads:
            yield from _constants(path, value, found.language == JSONATA)


def _constants(path: str, value: JSON, jsonata: bool) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, item in value.items():
            where = f"{path}/{escape_pointer(key)}"
            if jsonata and key.endswith(".$"):
                yield _looks(where, f"The key '{key}' is JSONPath's form", f"'{key[:-2]}': '{{% … %}}'")
            else:
                yield from _constants(where, item, jsonata)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _constants(f"{path}/{index}", item, jsonata)
    elif isinstance(value, str):
        if jsonata and not is_expression(value) and is_expression(value.strip()):
            yield _looks(path, "The text has spaces around its {% … %}", "'{% … %}' without them")
        elif not jsonata and is_expression(value):
            yield _looks(path, "The text is JSONata's form", "it in a state with the query language JSONata")


def _looks(path: str, what: str, write: str) -> Finding:
    message = f"{what}; here it is a constant and nothing computes it."
    return NOT_EVALUATED.at(path, message, f"Write {write}.")


_JSONATA = "https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html"
INVALID_JSONATA_EXPRESSION = Rule(
    id="INVALID_JSONATA_EXPRESSION",
    severity=ERROR,
    summary="A JSONata expression cannot be read, or its payload is nested too deeply.",
    why="AWS refuses the state machine.",
    source=_JSONATA,
    good="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: "{% $states.input.a + 1 %}", End: true}
    """,
    bad="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: "{% $states.input.a + %}", End: true}
    """,
    check=invalid_jsonata,
)
UNSUPPORTED_JSONATA_EXPRESSION = Rule(
    id="UNSUPPORTED_JSONATA_EXPRESSION",
    severity=ERROR,
    summary="An expression reads what Step Functions does not have at this place.",
    why="AWS refuses the state machine, or the state fails.",
    source=_JSONATA,
    good="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: "{% $states.input.a %}", End: true}
    """,
    bad="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: "{% a %}", End: true}
    """,
    check=unsupported_jsonata,
)
NOT_EVALUATED = Rule(
    id="NOT_EVALUATED",
    severity=WARNING,
    summary="A part of a payload looks computed, but is a constant in this query language.",
    why="The text itself is handed on.",
    source=_JSONATA,
    good="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: {a: "{% $states.input.a %}"}, End: true}
    """,
    bad="""
        Sum: {Type: Pass, QueryLanguage: JSONata, Output: {"a.$": $.a}, End: true}
    """,
    check=not_evaluated,
)
