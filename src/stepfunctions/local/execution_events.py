"""The events that Step Functions puts on the bus.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stepfunctions.engine.execution import Execution

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
_MOST = 248 * 1024
"""Bytes of input and output, escaped, above which an event leaves them out."""
_TIMES = ("startDate", "stopDate", "redriveDate")
_SHOWN = (
    "executionArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "name",
    "status",
    *_TIMES,
    "input",
    "output",
    "redriveCount",
    "redriveStatus",
    "redriveStatusReason",
    "inputDetails",
    "outputDetails",
    "error",
    "cause",
)
_TIMER = "stepfunctions:events"


class ExecutionEvents:
    """Publishes "Step Functions Execution Status Change" of Standard executions, in the order of their changes.

    ``describe`` is DescribeExecution. As with AWS, such events are best effort: those of the moment in which the
    server is killed are lost. Express executions and the children of map runs have none.
    """

    def __init__(self, cloud: Cloud, describe: Callable[[str], dict[str, Any]]) -> None:
        self._cloud = cloud
        self._describe = describe
        self._waiting: deque[tuple[str, str, float]] = deque()
        self._lock = threading.Lock()

    def observe(self, execution: Execution, status: str) -> None:
        """Take notice of a change; called in the engine's thread."""
        if not self._cloud.has("events") or execution.type != "STANDARD" or execution.parent_map_run_arn is not None:
            return
        now = self._cloud.clock.now()
        self._waiting.append((execution.arn, status, now))
        self._cloud.timers.set(_TIMER, now, self._publish)

    def _publish(self) -> None:
        with self._lock:
            while self._waiting:
                arn, status, time = self._waiting.popleft()
                try:
                    detail = detail_of(self._describe(arn), status)
                except Exception:  # noqa: BLE001 - it was deleted meanwhile: the others are told
                    _log.exception("%s: the event of its status %s is lost", arn, status)
                    continue
                _, _, _, region, account, _ = arn.split(":", 5)
                self._cloud.publish(
                    "aws.states",
                    "Step Functions Execution Status Change",
                    detail,
                    [arn],
                    account=account,
                    region=region,
                    time=time,
                )


def detail_of(description: dict[str, Any], status: str) -> dict[str, Any]:
    """Return an event's detail: what DescribeExecution shows, null where it shows nothing, times in milliseconds.

    ``status`` is the one the event is of: when that is RUNNING, what came later is not told.
    """
    known = {**description, "status": status}
    if status == "RUNNING":
        for name in ("stopDate", "output", "outputDetails", "error", "cause"):
            known.pop(name, None)
        known |= {
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
        }
    detail: dict[str, Any] = {name: known.get(name) for name in _SHOWN}
    for name in _TIMES:
        if detail[name] is not None:
            detail[name] = int(detail[name].timestamp() * 1000)
    output = _size(detail["output"])
    if _size(detail["input"]) + output > _MOST:
        detail |= {"input": None, "inputDetails": {"included": False}}
    if output > _MOST:
        detail |= {"output": None, "outputDetails": {"included": False}}
    return detail


def _size(text: str | None) -> int:
    return 0 if text is None else len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))
