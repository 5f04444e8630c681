"""The statuses of an execution."""

from __future__ import annotations

from enum import Enum


class ExecutionStatus(str, Enum):
    """The status of an execution, with the API's values."""

    Running = "RUNNING"
    Succeeded = "SUCCEEDED"
    Failed = "FAILED"
    TimedOut = "TIMED_OUT"
    Aborted = "ABORTED"
    PendingRedrive = "PENDING_REDRIVE"

    def __str__(self) -> str:
        return self.value
