"""Retriers and catchers: what a state does when its work fails.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import (
    JSONATA,
    JSONPATH,
    REFERENCE_PATH,
    STRING,
    STRINGS,
    TEMPLATE,
    VARIABLES,
    Absent,
    Kind,
    asl_field,
    one_of,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrier:
    """One entry of ``Retry``.

    Absent fields mean: ``interval_seconds`` 1, ``max_attempts`` 3, ``backoff_rate`` 2.0, no
    ``max_delay_seconds``, ``jitter_strategy`` NONE.
    """

    error_equals: tuple[str, ...] = asl_field("ErrorEquals", STRINGS, required=True)
    interval_seconds: int | Absent = asl_field("IntervalSeconds", Kind("integer", minimum=1, maximum=99_999_999))
    max_attempts: int | Absent = asl_field("MaxAttempts", Kind("integer", minimum=0, maximum=99_999_999))
    backoff_rate: float | Absent = asl_field("BackoffRate", Kind("number", minimum=1.0))
    max_delay_seconds: int | Absent = asl_field("MaxDelaySeconds", Kind("integer", minimum=1, maximum=31_622_400))
    jitter_strategy: str | Absent = asl_field("JitterStrategy", one_of("FULL", "NONE"))
    comment: str | Absent = asl_field("Comment", STRING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catcher:
    """One entry of ``Catch``. ``result_path`` absent means ``$``: the error output replaces the input."""

    error_equals: tuple[str, ...] = asl_field("ErrorEquals", STRINGS, required=True)
    next: str = asl_field("Next", STRING, required=True)
    result_path: str | Absent | None = asl_field("ResultPath", REFERENCE_PATH, language=JSONPATH)
    output: JSON = asl_field("Output", TEMPLATE, language=JSONATA)
    assign: JSON = asl_field("Assign", VARIABLES)
    comment: str | Absent = asl_field("Comment", STRING)
