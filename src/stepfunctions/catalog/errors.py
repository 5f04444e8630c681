"""The errors that Step Functions itself reports.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import difflib
import re

ERROR_NAMES = (
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
)
_STATUS_CODE = re.compile(r"States\.Http\.StatusCode\.\d{3}")


def is_error_name(name: str) -> bool:
    """Tell whether Step Functions reports an error of this name; only what begins with ``States.`` is its own."""
    return name in ERROR_NAMES or _STATUS_CODE.fullmatch(name) is not None


def meant_error(name: str) -> str | None:
    """Return the error whose name somebody has misspelt, None when no name is near.

    >>> meant_error("States.Timedout"), meant_error("States.Nothing")
    ('States.Timeout', None)
    """
    lowered = {known.lower(): known for known in ERROR_NAMES}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.8)
    return lowered[close[0]] if close else None
