"""Intrinsic functions that are nested deeper than the service lets them be.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.fields import JSONPATH
from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.query.intrinsics import MAX_NESTING, is_intrinsic, nesting_of, parse_intrinsic
from stepfunctions.query.references import jsonpath_texts

NESTING = "INTRINSIC_NESTING"


def nested_calls(machine: StateMachine) -> Iterator[Finding]:
    """INTRINSIC_NESTING: calls of intrinsic functions are nested too deeply."""
    for located in walk(machine):
        if located.language == JSONPATH:
            for path, text in jsonpath_texts(located):
                depth = _depth(text)
                if depth > MAX_NESTING:
                    yield Finding(
                        code=NESTING,
                        severity=ERROR,
                        path=path,
                        message=f"Intrinsic functions may be nested {MAX_NESTING} deep, but here are {depth} levels.",
                        hint="Compute a part in a state before.",
                    )


def _depth(text: str) -> int:
    try:
        return nesting_of(parse_intrinsic(text)) if is_intrinsic(text) else 0
    except QuerySyntaxError:  # what cannot be read is reported by another rule
        return 0
