"""Retriers and catchers: which one takes a failure, and how long a retry waits.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from stepfunctions.engine.limits import DATA_LIMIT
from stepfunctions.engine.program import CompiledCatcher, CompiledRetrier

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
NOT_ALL = frozenset({DATA_LIMIT, RUNTIME})
"""What States.ALL does not match, as the developer guide says."""
LONGEST_DELAY = 31_622_400.0
"""Seconds: the most that MaxDelaySeconds may be; no retry waits longer."""


def matches(errors: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether an ErrorEquals takes a failure known by these names. Nothing takes States.Runtime."""
    if RUNTIME in names:
        return False
    for error in errors:
        if error in names:
            return True
        if error == ALL and NOT_ALL.isdisjoint(names):
            return True
        if error == TASK_FAILED and TIMEOUT not in names:
            return True
    return False


def choose_retrier(retriers: Sequence[CompiledRetrier], names: Sequence[str], counts: list[int]) -> int | None:
    """Return the index of the retrier to use; None when none matches or the first match is used up."""
    for index, retrier in enumerate(retriers):
        if matches(retrier.errors, names):
            used = counts[index] if index < len(counts) else 0
            return index if used < retrier.max_attempts else None
    return None


def choose_catcher(catchers: Sequence[CompiledCatcher], names: Sequence[str]) -> CompiledCatcher | None:
    """Return the first catcher that matches, or None."""
    return next((catcher for catcher in catchers if matches(catcher.errors, names)), None)


def delay(retrier: CompiledRetrier, used: int, chance: Random) -> float:
    """Return the seconds before the retry after ``used`` earlier ones; ``chance`` is drawn for FULL jitter only."""
    longest = LONGEST_DELAY if retrier.max_delay is None else retrier.max_delay
    try:
        seconds = min(retrier.interval * float(retrier.rate) ** used, longest)
    except OverflowError:
        seconds = longest
    return chance.uniform(0, seconds) if retrier.jitter else seconds
