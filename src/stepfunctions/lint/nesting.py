"""Intrinsic functions that are nested deeper than the service lets them be.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.fields import JSONPATH
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject
from stepfunctions.query.intrinsics import MAX_NESTING, is_intrinsic, nesting_of, parse_intrinsic
from stepfunctions.query.references import jsonpath_texts


def nested_calls(subject: Subject) -> Iterator[Finding]:
    """Find calls of intrinsic functions that are nested too deeply."""
    for located in subject.located:
        if located.language == JSONPATH:
            for path, text in jsonpath_texts(located):
                depth = _depth(text)
                if depth > MAX_NESTING:
                    yield INTRINSIC_NESTING.at(
                        path,
                        f"Intrinsic functions may be nested {MAX_NESTING} deep, but here are {depth} levels.",
                        "Compute a part in a state before.",
                    )


def _depth(text: str) -> int:
    try:
        return nesting_of(parse_intrinsic(text)) if is_intrinsic(text) else 0
    except QuerySyntaxError:  # what cannot be read is reported by another rule
        return 0


INTRINSIC_NESTING = Rule(
    id="INTRINSIC_NESTING",
    severity=ERROR,
    summary="Calls of intrinsic functions are nested more than ten deep.",
    why="AWS refuses the state machine.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html",
    good=f"""
        Work: {{Type: Pass, Parameters: {{"list.$": "{"States.Array(" * MAX_NESTING}1{")" * MAX_NESTING}"}}, End: true}}
    """,
    bad=f"""
        Work: {{Type: Pass, Parameters: {{"list.$": "{"States.Array(" * 11}1{")" * 11}"}}, End: true}}
    """,
    check=nested_calls,
)
