"""The metrics of executions, ``AWS/States``.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stepfunctions.engine.execution import Execution, Status

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_ENDS = {
    Status.SUCCEEDED: "ExecutionsSucceeded",
    Status.FAILED: "ExecutionsFailed",
    Status.TIMED_OUT: "ExecutionsTimedOut",
    Status.ABORTED: "ExecutionsAborted",
}


def measuring(cloud: Cloud) -> Callable[[Execution, str], None]:
    """Return an observer that counts executions by their machine. Children of map runs are not counted."""

    def observe(execution: Execution, status: str) -> None:
        if execution.parent_map_run_arn is not None:
            return
        _, _, _, region, account, _ = execution.machine_arn.split(":", 5)
        dimensions = {"StateMachineArn": execution.machine_arn}

        def measure(name: str, value: float, unit: str) -> None:
            cloud.measure("AWS/States", name, value, unit, dimensions, account=account, region=region)

        if status == Status.RUNNING:
            measure("ExecutionsRedriven" if execution.redrive_count else "ExecutionsStarted", 1, "Count")
        else:
            measure(_ENDS[status], 1, "Count")
            began = execution.redriven_at or execution.started_at
            measure("ExecutionTime", round(1000 * max((execution.stopped_at or began) - began, 0)), "Milliseconds")

    return observe
