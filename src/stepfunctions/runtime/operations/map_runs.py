"""Map runs: describe, list, update."""

from __future__ import annotations

from stepfunctions.engine.map_run import MapRun
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.pages import page_of
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn, find_execution


def describe(service: Service, request: Request) -> Response:
    """DescribeMapRun. How many batches the pending items will make is not known before they are made."""
    run = _find(service, request["mapRunArn"])
    return {
        **_summary(run),
        "status": run.status,
        "maxConcurrency": run.max_concurrency,
        "toleratedFailurePercentage": run.tolerated_failure_percentage or 0.0,
        "toleratedFailureCount": run.tolerated_failure_count or 0,
        "itemCounts": _item_counts(run),
        "executionCounts": _execution_counts(run),
        "redriveCount": run.redrive_count,
        **({} if run.redriven_at is None else {"redriveDate": moment(run.redriven_at)}),
    }


def list_(service: Service, request: Request) -> Response:
    """ListMapRuns of an execution, newest first."""
    execution = find_execution(service, request["executionArn"])
    runs = service.store.map_runs.of_execution(execution.arn)[::-1]
    listed = [{**_summary(run), "stateMachineArn": f"{run.machine_arn}/{run.label}"} for run in runs]
    return page_of(service, request, "mapRuns", listed, ["ListMapRuns", execution.arn])


def update(service: Service, request: Request) -> Response:
    """UpdateMapRun, while it runs."""
    run = _find(service, request["mapRunArn"])

    def change(live: MapRun) -> None:
        if request.get("maxConcurrency") is not None:
            live.max_concurrency = request["maxConcurrency"]
        if request.get("toleratedFailureCount") is not None:
            live.tolerated_failure_count = request["toleratedFailureCount"]
        if request.get("toleratedFailurePercentage") is not None:
            live.tolerated_failure_percentage = request["toleratedFailurePercentage"]

    if not service.runner.change_map_run(run.arn, change):
        raise ServiceError("ValidationException", f"The Map Run '{run.arn}' is {run.status}, not RUNNING")
    return {}


def _find(service: Service, arn: str) -> MapRun:
    check_arn(arn, "mapRun")
    run = service.store.map_runs.get(arn)
    if run is None:
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")
    return run


def _summary(run: MapRun) -> Response:
    shown: Response = {
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "startDate": moment(run.started_at),
    }
    if run.stopped_at is not None:
        shown["stopDate"] = moment(run.stopped_at)
    return shown


def _item_counts(run: MapRun) -> dict[str, int]:
    return {
        "pending": _pending_items(run),
        "running": run.running_items,
        "succeeded": run.succeeded_items,
        "failed": run.failed_items,
        "timedOut": run.timed_out_items,
        "aborted": run.aborted_items,
        "total": run.cursor + _pending_items(run),
        "resultsWritten": run.written_items,
        "failuresNotRedrivable": run.not_redrivable_items,
        "pendingRedrive": run.pending_redrive_items,
    }


def _execution_counts(run: MapRun) -> dict[str, int]:
    begun = run.running + run.succeeded + run.failed + run.timed_out + run.aborted + run.pending_redrive
    pending = 0 if run.batcher else _pending_items(run)
    return {
        "pending": pending,
        "running": run.running,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "timedOut": run.timed_out,
        "aborted": run.aborted,
        "total": begun + pending,
        "resultsWritten": run.written,
        "failuresNotRedrivable": run.not_redrivable,
        "pendingRedrive": run.pending_redrive,
    }


def _pending_items(run: MapRun) -> int:
    """Return how many items are still to be taken, as far as their number is known."""
    return 0 if run.total is None else run.total - run.cursor
