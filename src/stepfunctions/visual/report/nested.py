"""Executions that an execution started and waited for: where the one failed that made it fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepfunctions.visual.report.asking import Questions, child_of
from stepfunctions.visual.report.reading import Attempt, History, parsed, read

_DEEPEST = 10


@dataclass(slots=True)
class Nested:
    """An execution below, that failed."""

    arn: str
    state: str | None
    """The state that failed in it, when its history tells."""
    error: str | None
    cause: str | None


def started_by(attempt: Attempt) -> str | None:
    """Return the ARN of the execution that an attempt started."""
    if attempt.kind != "states" or not attempt.resource.startswith("startExecution"):
        return None
    answer = parsed(attempt.submitted or attempt.output)
    arn = answer.get("ExecutionArn") if isinstance(answer, dict) else None
    return arn if isinstance(arn, str) else None


def failed_below(client: Any, history: History, questions: Questions) -> list[Nested]:
    """Return the executions that lead down from the failed state of a history, the next one first."""
    found: list[Nested] = []
    while len(found) < _DEEPEST and history.failure is not None and history.failure.span is not None:
        attempts = history.spans[history.failure.span].attempts
        arn = started_by(attempts[-1]) if attempts else None
        if arn is None:
            break
        child = child_of(client, arn, questions)
        history = read(child.get("events", ()))
        below = history.failure
        span = None if below is None or below.span is None else history.spans[below.span]
        error, cause = (span.error, span.cause) if span else (child.get("error"), child.get("cause"))
        found.append(Nested(arn, span.visit.name if span else None, error, cause))
    return found
