"""How a synchronous execution of an Express workflow ended.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ExecutionFailed
from stepfunctions.workflow.status import ExecutionStatus

if TYPE_CHECKING:
    from stepfunctions.workflow.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """What AWS charges for: memory in MB and duration in milliseconds, rounded up as AWS does; None: not said."""

    memory_mb: int | None = None
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncExecution:
    """An execution that has ended: ``status`` is Succeeded, Failed or TimedOut."""

    workflow: Workflow = field(repr=False, compare=False)
    execution_arn: str
    name: str
    status: ExecutionStatus
    start_date: datetime
    stop_date: datetime
    input: Any = None
    output: Any = None
    """None when it did not succeed."""
    error: str | None = None
    cause: str | None = None
    billing: Billing = field(default_factory=Billing)

    @classmethod
    def of(cls, workflow: Workflow, response: Mapping[str, Any]) -> SyncExecution:
        """Return the execution of StartSyncExecution's answer."""
        billing = response.get("billingDetails", {})
        arn = response["executionArn"]
        return cls(
            workflow=workflow,
            execution_arn=arn,
            name=response.get("name") or arn.split(":")[7],
            status=ExecutionStatus(response["status"]),
            start_date=response["startDate"],
            stop_date=response["stopDate"],
            input=_value(response.get("input")),
            output=_value(response.get("output")),
            error=response.get("error"),
            cause=response.get("cause"),
            billing=Billing(
                memory_mb=billing.get("billedMemoryUsedInMB"), milliseconds=billing.get("billedDurationInMilliseconds")
            ),
        )

    @property
    def failure(self) -> ExecutionFailed | None:
        """The error that tells why it did not succeed; None when it did. An Express execution names no state."""
        if self.status is ExecutionStatus.Succeeded:
            return None
        return ExecutionFailed(self.execution_arn, self.status.value, self.error, self.cause)

    def get_input(self) -> Any:
        """Return the input that the execution was given."""
        return self.input

    def get_output(self, *, raise_on_failure: bool = False) -> Any:
        """Return the output; None when it did not succeed, or with ``raise_on_failure`` raise ExecutionFailed."""
        if raise_on_failure and self.failure is not None:
            raise self.failure
        return self.output


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
