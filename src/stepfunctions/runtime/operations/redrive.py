"""RedriveExecution: an execution that ended without success goes on at the state that failed.

What it needs is in the history: the failed state's input and the variables that were assigned before it. The local
engine redrives executions that failed in a state of the top level which is neither a Parallel nor a Map; of those, AWS
repeats only the branches and items that failed.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import ROOT_BRANCH, Branch, Execution, Status
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.limits import MAX_EVENTS
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations.service import Request, Response, Service, find_execution, moment

_WINDOW = 14 * 86_400
"""Seconds after its end in which an execution can be redriven."""
_PAGE = 200


def redrive(service: Service, request: Request) -> Response:
    """RedriveExecution: a request repeated with its clientToken answers as the first one did."""
    execution = find_execution(service, request["executionArn"])
    token = (execution.arn, request.get("clientToken"))
    with service.machines_lock:
        if token[1] is not None and token in service.redriven:
            return {"redriveDate": moment(service.redriven[token])}
        reason = why_not(service, execution)
        entered = None if reason else _entered(service, execution)
        if entered is None:
            raise ServiceError(
                "ExecutionNotRedrivable", f"Execution Not Redrivable: '{reason or 'it entered no state'}'"
            )
        now = service.clock.now()
        if not service.runner.redrive(_revived(execution), _branch(service, execution, entered)):
            raise ServiceError("ExecutionNotRedrivable", "Execution Not Redrivable: 'it is being redriven already'")
        if token[1] is not None:
            service.redriven[token] = now
    return {"redriveDate": moment(now)}


def why_not(service: Service, execution: Execution) -> str | None:
    """Return why an execution cannot be redriven; None when it can."""
    if execution.status in (Status.RUNNING, Status.SUCCEEDED):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.parent_map_run_arn is not None:
        return "Execution is a child of a Map Run; the local engine cannot redrive those yet"
    if service.clock.now() - (execution.stopped_at or 0) > _WINDOW:
        return "Execution's redrivable period exceeded"
    if execution.last_event_id >= MAX_EVENTS - 1:
        return "Execution history event limit exceeded"
    entered = _entered(service, execution)
    state = None if entered is None else _states(service, execution).get(str(entered.name))
    if state is None or state.get("Type") in ("Parallel", "Map"):
        return "Execution failed in a Parallel or Map state; the local engine cannot redrive those yet"
    return None


def _states(service: Service, execution: Execution) -> dict[str, Any]:
    states: dict[str, Any] = json.loads(service.store.machines.definition(execution.definition_id))["States"]
    return states


def _entered(service: Service, execution: Execution) -> HistoryEvent | None:
    """Return the event at which the state was entered that the end followed from."""
    wanted: int | None = None
    for event in _backwards(service, execution):
        if wanted in (None, event.id):
            if event.type.endswith("StateEntered"):
                return event
            wanted = event.previous_id
    return None


def _backwards(service: Service, execution: Execution) -> Iterator[HistoryEvent]:
    after = 0
    while True:
        page = service.store.executions.history(execution.arn, after, _PAGE, reverse=True)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _revived(execution: Execution) -> Execution:
    execution.status = Status.RUNNING
    execution.output = execution.error = execution.cause = execution.stopped_at = None
    execution.redrive_count += 1
    return execution


def _branch(service: Service, execution: Execution, entered: HistoryEvent) -> Branch:
    """Return the root branch as it was before it entered the state."""
    names = _states(service, execution)
    variables: dict[str, JSON] = {}
    for event in reversed(list(_backwards(service, execution))):
        if event.type.endswith("StateExited") and event.name in names and event.extra:
            given: dict[str, str] = event.extra.get("assignedVariables") or {}
            variables.update((name, json.loads(text)) for name, text in given.items())
    return Branch(
        id=ROOT_BRANCH,
        state=str(entered.name),
        # No wait of this branch had so high a number: tasks are told apart by it.
        attempt=execution.last_event_id,
        input=entered.payload or Document(None),
        variables=variables,
    )
