"""Executions: start, stop, describe, list, history, and the answers to task tokens."""

from __future__ import annotations

import json
import uuid
from typing import Any

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import render
from stepfunctions.engine.messages import Outcome, Stopped, TaskFailed, TaskHeartbeat, TaskSucceeded
from stepfunctions.engine.tokens import read_token
from stepfunctions.errors import ServiceError
from stepfunctions.query.values import same
from stepfunctions.runtime.json_stream import no_constant
from stepfunctions.runtime.operations import express, machines
from stepfunctions.runtime.operations.finding import EXPRESS, Found, resolve, resolve_active
from stepfunctions.runtime.operations.redrive import why_not
from stepfunctions.runtime.operations.service import (
    Request,
    Response,
    Service,
    bytes_of,
    check_arn,
    check_length,
    check_name,
    find_execution,
    moment,
    page_mark,
    page_size,
    page_token,
)

MAX_DEPTH = 500
"""Levels that an input or output may be nested: what can be read anywhere can then be written and read everywhere."""


def start(service: Service, request: Request) -> Response:
    """StartExecution: the same name and input again, while it runs, answers as the first request did.

    Not so for an Express state machine, where each request starts one.
    """
    execution = _new(service, request)
    existing = service.runner.begin(execution)
    if existing is not None:
        if existing.ended or not same(existing.input.value, execution.input.value):
            raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{execution.arn}'")
        execution = existing
    return {"executionArn": execution.arn, "startDate": moment(execution.started_at)}


def start_sync(service: Service, request: Request) -> Response:
    """StartSyncExecution: answers when the execution has ended, however it did."""
    execution = _new(service, request)
    if execution.type != EXPRESS:
        raise ServiceError(
            "StateMachineTypeNotSupported",
            "State Machine Type Not Supported: 'This operation is not supported by this type of state machine'",
        )
    return express.run_to_end(service, execution)


def _new(service: Service, request: Request) -> Execution:
    """Return the execution that a request asks for."""
    arn = request["stateMachineArn"]
    if "/" in check_arn(arn, "stateMachine"):
        raise ServiceError(
            "ValidationException", f"'{arn}' names a Map state; give the ARN of the state machine itself"
        )
    name = request.get("name") or str(uuid.uuid4())
    found = resolve_active(service, arn, name)
    check_name(name, service.limits.name)
    text = request.get("input") or "{}"
    _payload(service, "input", text, "InvalidExecutionInput", "Invalid State Machine Execution Input")
    machine = found.machine
    own = f"execution:{machine.name}:{name}"
    return Execution(
        arn=f"{service.prefix}:{own if machine.type != EXPRESS else f'express:{machine.name}:{name}:{uuid.uuid4()}'}",
        name=name,
        machine_arn=machine.arn,
        machine_name=machine.name,
        role_arn=machine.role_arn,
        input=Document.parse(text),  # shown again as it was written
        started_at=service.clock.now(),
        definition_id=machine.definition_id,
        type=machine.type,
        version_arn=None if found.version is None else found.version.arn,
        alias_arn=None if found.alias is None else found.alias.arn,
        trace_header=request.get("traceHeader"),
    )


def stop(service: Service, request: Request) -> Response:
    """StopExecution: one that has ended stays as it is."""
    arn = request["executionArn"]
    if not find_execution(service, arn).ended:
        service.runner.tell(arn, Stopped(request.get("error"), request.get("cause")))
    stopped = find_execution(service, arn)
    return {"stopDate": moment(stopped.stopped_at or service.clock.now())}


def describe(service: Service, request: Request) -> Response:
    """DescribeExecution."""
    execution = find_execution(service, request["executionArn"])
    shown = _summary(execution)
    if execution.trace_header is not None:
        shown["traceHeader"] = execution.trace_header
    with_data = request.get("includedData", "ALL_DATA") == "ALL_DATA"
    shown["inputDetails"] = {"included": with_data}
    if with_data:
        shown["input"] = execution.input.text
    if execution.output is not None:
        shown["outputDetails"] = {"included": with_data}
        if with_data:
            shown["output"] = execution.output.text
    if with_data:
        shown.update({key: value for key in ("error", "cause") if (value := getattr(execution, key)) is not None})
    reason = why_not(service, execution)
    shown["redriveStatus"] = "REDRIVABLE" if reason is None else "NOT_REDRIVABLE"
    if reason is not None:
        shown["redriveStatusReason"] = reason
    return shown


def list_(service: Service, request: Request) -> Response:
    """ListExecutions of a state machine or a map run, newest first."""
    machine, run = request.get("stateMachineArn"), request.get("mapRunArn")
    if (machine is None) == (run is None):
        raise ServiceError("ValidationException", "Give either 'stateMachineArn' or 'mapRunArn'")
    if machine is not None:
        if request.get("statusFilter") == "PENDING_REDRIVE":
            raise ServiceError("ValidationException", "The status filter PENDING_REDRIVE needs 'mapRunArn'")
        return _of_machine(service, request, machine)
    if run is not None:
        check_arn(run, "mapRun")
        if service.store.map_runs.get(run) is None:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{run}'")
    return _listed(service, request, ["ListExecutions", None, run], None, run)


def _of_machine(service: Service, request: Request, arn: str) -> Response:
    """Return executions of a machine, or only those started of a version or through an alias."""
    found = resolve(service, arn)
    if found.machine.type == EXPRESS and not service.describes_express:
        raise ServiceError(
            "StateMachineTypeNotSupported",
            "State Machine Type Not Supported: 'This operation is not supported by this type of state machine'",
        )
    return _listed(service, request, ["ListExecutions", arn, None], found.machine.arn, None, found)


def _listed(
    service: Service, request: Request, scope: list[JSON], machine: str | None, run: str | None, of: Found | None = None
) -> Response:
    status, limit = request.get("statusFilter"), page_size(request)
    scope = [*scope, status]
    after = page_mark(scope, request.get("nextToken"))
    rows: list[Execution] = []
    while True:
        page, after = service.store.executions.page(machine, status, run, after, limit - len(rows))
        rows += [one for one in page if of is None or _is_of(one, of)]
        if after is None or len(rows) == limit:
            break
    response: Response = {"executions": [_summary(execution) for execution in rows]}
    return response | ({"nextToken": page_token(scope, after)} if after else {})


def _is_of(execution: Execution, found: Found) -> bool:
    if found.alias is not None:
        return execution.alias_arn == found.alias.arn
    return found.version is None or execution.version_arn == found.version.arn


def history(service: Service, request: Request) -> Response:
    """GetExecutionHistory, a page at a time."""
    arn = request["executionArn"]
    reverse = bool(request.get("reverseOrder"))
    scope = ["GetExecutionHistory", arn, reverse]
    after = page_mark(scope, request.get("nextToken")) or 0
    find_execution(service, arn)
    limit = page_size(request)
    events = service.store.executions.history(arn, after, limit + 1, reverse)
    with_data = request.get("includeExecutionData", True) is not False
    response: Response = {"events": [render(event, with_data) for event in events[:limit]]}
    return response | ({"nextToken": page_token(scope, events[limit - 1].id)} if len(events) > limit else {})


def describe_machine(service: Service, request: Request) -> Response:
    """DescribeStateMachineForExecution: the definition that this execution runs, whatever came after."""
    execution = find_execution(service, request["executionArn"])
    machine_arn, _, label = execution.machine_arn.partition("/")
    machine = service.store.machines.get(machine_arn)
    text = service.store.machines.definition(execution.definition_id)
    with_data = request.get("includedData", "ALL_DATA") == "ALL_DATA"
    references = machines.references_of(service, text, execution.region) if with_data else {}
    if with_data and execution.region:
        text = Document(_at(json.loads(text), execution.region)).text
    current = machine is not None and machine.definition_id == execution.definition_id
    shown: Response = {
        "stateMachineArn": execution.machine_arn,
        "name": execution.machine_name,
        "definition": text if with_data else "{}",
        "roleArn": execution.role_arn,
        "updateDate": moment(machine.updated_at if machine and current else execution.started_at),
        **references,
    }
    if machine is not None:
        shown |= machines.settings_of(machine)
    if machine is not None and current:
        shown["revisionId"] = machine.revision_id
    if execution.parent_map_run_arn is not None:
        shown |= {"mapRunArn": execution.parent_map_run_arn, "label": label}
    return shown


def task_success(service: Service, request: Request) -> Response:
    """SendTaskSuccess."""
    output = _payload(service, "output", request["output"], "InvalidOutput", "Invalid Output")
    return _answer(service, request, lambda branch, attempt: TaskSucceeded(branch, attempt, output))


def task_failure(service: Service, request: Request) -> Response:
    """SendTaskFailure."""
    error, cause = request.get("error") or "", request.get("cause") or ""
    return _answer(service, request, lambda branch, attempt: TaskFailed(branch, attempt, error, cause))


def task_heartbeat(service: Service, request: Request) -> Response:
    """SendTaskHeartbeat."""
    return _answer(service, request, TaskHeartbeat)


def _answer(service: Service, request: Request, outcome_of: Any) -> Response:
    try:
        arn, branch, attempt = read_token(request["taskToken"])
    except ValueError:
        raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'") from None
    outcome: Outcome = outcome_of(branch, attempt)
    if not service.runner.tell(arn, outcome):
        if service.store.executions.load(arn, branches=False) is None:
            raise ServiceError("TaskDoesNotExist", "Task does not exist")
        raise ServiceError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return {}


def _payload(service: Service, member: str, text: str, code: str, words: str) -> Document:
    check_length(member, text, bytes_of(text), service.limits.payload)
    try:
        document = Document(json.loads(text, parse_constant=no_constant))
        if _is_deeper(document.value):
            raise RecursionError
        return document
    except ValueError as error:
        raise ServiceError(code, f"{words}: 'not JSON: {error}'") from None
    except RecursionError:
        raise ServiceError(code, f"{words}: 'nested more than {MAX_DEPTH} levels deep'") from None


def _is_deeper(value: JSON) -> bool:
    """Tell whether a value is nested more than MAX_DEPTH levels deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _summary(execution: Execution) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": moment(execution.started_at),
        "redriveCount": execution.redrive_count,
    }
    if execution.stopped_at is not None:
        shown["stopDate"] = moment(execution.stopped_at)
    if execution.parent_map_run_arn is not None:
        shown["mapRunArn"] = execution.parent_map_run_arn
    if execution.version_arn is not None:
        shown["stateMachineVersionArn"] = execution.version_arn
    if execution.alias_arn is not None:
        shown["stateMachineAliasArn"] = execution.alias_arn
    return shown


def _at(document: JSON, pointer: str) -> JSON:
    for token in pointer[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document
