"""RedriveExecution, and which executions can be redriven.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
"""

from __future__ import annotations

from stepfunctions.engine.execution import Execution, Status
from stepfunctions.engine.limits import LONGEST_STANDARD, MAX_EVENTS
from stepfunctions.engine.map_run import REDRIVABLE_PERIOD, redrivable, waits_for_redrive
from stepfunctions.engine.ports import DELETING
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn, find_execution

_TOKEN_PERIOD = 15 * 60
"""Seconds in which a request that is repeated with its clientToken answers as the first one did."""


def redrive(service: Service, request: Request) -> Response:
    """RedriveExecution: a request repeated with its clientToken answers as the first one did."""
    if "/" in check_arn(request["executionArn"], "execution"):
        raise ServiceError("ValidationException", "Labeled Execution ARNs are not supported for this API")
    execution = find_execution(service, request["executionArn"])
    token = request.get("clientToken")
    for known, when in execution.redrive_tokens:
        if known == token and service.clock.now() - when <= _TOKEN_PERIOD:
            return {"redriveDate": moment(when)}
    reason = why_not(service, execution)
    redriven = None if reason else service.runner.redrive(execution.arn, token)
    if redriven is None:
        reason = reason or "Execution was started before the launch of RedriveExecution"
        raise ServiceError("ExecutionNotRedrivable", f"Execution {execution.arn} invalid for redrive as: {reason}")
    return {"redriveDate": moment(redriven)}


def status_of(service: Service, execution: Execution) -> dict[str, str]:
    """Return redriveStatus, and redriveStatusReason where there is one."""
    reason = why_not(service, execution)
    if reason is not None:
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE_BY_MAP_RUN" if execution.parent_map_run_arn else "REDRIVABLE"}


def why_not(service: Service, execution: Execution) -> str | None:
    """Return why an execution, or its map run, cannot redrive it; None when that is possible."""
    now, status = service.clock.now(), shown_status(service, execution)
    if status in (Status.RUNNING, Status.SUCCEEDED, Status.PENDING_REDRIVE):
        return f"Execution is {status} and cannot be redriven"
    machine = service.store.machines.get(execution.machine_arn)
    if machine is not None and machine.status == DELETING:
        return "State machine is in DELETING status"
    if redrivable(execution, now) and (execution.type == "EXPRESS" or now - execution.started_at <= LONGEST_STANDARD):
        return None
    if execution.last_event_id >= MAX_EVENTS - 1:
        return "Execution history event limit exceeded"
    if now - (execution.stopped_at or 0) > REDRIVABLE_PERIOD:
        return "Execution redrivable period exceeded"
    return "Execution has exceeded the max execution time"


def shown_status(service: Service, execution: Execution) -> str:
    """Return the status, which is PENDING_REDRIVE of a child whose map run will redrive it."""
    run = None
    if execution.parent_map_run_arn is not None and execution.ended and execution.status != Status.SUCCEEDED:
        run = service.store.map_runs.get(execution.parent_map_run_arn)
    waits = run is not None and waits_for_redrive(run, execution)
    return Status.PENDING_REDRIVE if waits else execution.status
