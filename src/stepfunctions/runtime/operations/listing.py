"""ListExecutions of a state machine or a map run, and what is shown of an execution there and by DescribeExecution."""

from __future__ import annotations

from collections.abc import Callable

from stepfunctions.asl.document import JSON
from stepfunctions.engine.execution import Execution, Status
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.finding import EXPRESS, Found, resolve
from stepfunctions.runtime.operations.pages import page, page_mark, page_size
from stepfunctions.runtime.operations.redrive import shown_status
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn


def list_(service: Service, request: Request) -> Response:
    """ListExecutions of a state machine or a map run, newest first."""
    machine, run = request.get("stateMachineArn"), request.get("mapRunArn")
    if (machine is None) == (run is None):
        raise ServiceError("ValidationException", "Give either 'stateMachineArn' or 'mapRunArn'")
    if run is not None:
        check_arn(run, "mapRun")
        if service.store.map_runs.get(run) is None:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{run}'")
        return _of_map_run(service, request, run)
    if request.get("statusFilter") == Status.PENDING_REDRIVE:
        raise ServiceError("ValidationException", "The status filter PENDING_REDRIVE needs 'mapRunArn'")
    if request.get("redriveFilter") is not None:
        raise ServiceError("ValidationException", "'redriveFilter' needs 'mapRunArn'")
    return _of_machine(service, request, str(machine))


def _of_machine(service: Service, request: Request, arn: str) -> Response:
    """Return executions of a machine, or only those started of a version or through an alias."""
    found = resolve(service, arn)
    if found.machine.type == EXPRESS and not service.describes_express:
        raise ServiceError(
            "StateMachineTypeNotSupported",
            "State Machine Type Not Supported: 'This operation is not supported by this type of state machine'",
        )
    status = request.get("statusFilter")

    def wanted(execution: Execution) -> bool:
        return _is_of(execution, found)

    return _page(service, request, [arn, status], (found.machine.arn, status, None), wanted)


def _is_of(execution: Execution, found: Found) -> bool:
    if found.alias is not None:
        return execution.alias_arn == found.alias.arn
    return found.version is None or execution.version_arn == found.version.arn


def _of_map_run(service: Service, request: Request, run: str) -> Response:
    status, redriven = request.get("statusFilter"), request.get("redriveFilter")

    def wanted(execution: Execution) -> bool:
        if redriven is not None and (redriven == "REDRIVEN") is not (execution.redrive_count > 0):
            return False
        return status is None or shown_status(service, execution) == status

    stored = None if status == Status.PENDING_REDRIVE else status
    return _page(service, request, [run, status, redriven], (None, stored, run), wanted)


def _page(
    service: Service,
    request: Request,
    scope: list[JSON],
    of: tuple[str | None, str | None, str | None],
    wanted: Callable[[Execution], bool],
) -> Response:
    """Return the executions ``wanted`` of those of (machine, status, map run)."""
    limit = page_size(request)
    scope = ["ListExecutions", *scope]
    after = page_mark(service, request, scope)
    rows: list[Execution] = []
    while True:
        found, after = service.store.executions.page(*of, after, limit - len(rows))
        rows += [one for one in found if wanted(one)]
        if after is None or len(rows) == limit:
            break
    shown = [summary(service, one) for one in rows]
    if of[2] is not None:
        for execution, one in zip(rows, shown, strict=True):
            one["itemCount"] = execution.item_count
    return page(service, "executions", shown, scope, after)


def summary(service: Service, execution: Execution) -> Response:
    """Return what both ListExecutions and DescribeExecution show."""
    shown: Response = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": shown_status(service, execution),
        "startDate": moment(execution.started_at),
        "redriveCount": execution.redrive_count,
    }
    if execution.stopped_at is not None:
        shown["stopDate"] = moment(execution.stopped_at)
    if execution.redriven_at is not None:
        shown["redriveDate"] = moment(execution.redriven_at)
    if execution.parent_map_run_arn is not None:
        shown["mapRunArn"] = execution.parent_map_run_arn
    if execution.version_arn is not None:
        shown["stateMachineVersionArn"] = execution.version_arn
    if execution.alias_arn is not None:
        shown["stateMachineAliasArn"] = execution.alias_arn
    return shown
