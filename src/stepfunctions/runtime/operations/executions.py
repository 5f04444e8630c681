"""Executions: start, stop, describe, list, history, and the answers to task tokens."""

from __future__ import annotations

import json
import uuid
from typing import Any

from stepfunctions.asl.document import JSON, Document, is_deeper
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import render
from stepfunctions.engine.messages import Outcome, Stopped, TaskFailed, TaskHeartbeat, TaskSucceeded
from stepfunctions.engine.tokens import read_token
from stepfunctions.errors import ServiceError
from stepfunctions.query.values import same
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.json_stream import no_constant
from stepfunctions.runtime.operations import express, machines
from stepfunctions.runtime.operations.finding import EXPRESS, resolve_active
from stepfunctions.runtime.operations.listing import summary
from stepfunctions.runtime.operations.pages import page, page_mark, page_size
from stepfunctions.runtime.operations.redrive import status_of
from stepfunctions.runtime.operations.service import (
    BYTES,
    Request,
    Response,
    Service,
    bytes_of,
    check_length,
    check_name,
    find_execution,
)

MOST_BEHIND = 10_000
"""Calls of tasks that wait for a thread, above which no execution is started: clients try again."""
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
    return express.run_to_end(service, execution, request.get("includedData", "ALL_DATA") == "ALL_DATA")


def _new(service: Service, request: Request) -> Execution:
    """Return the execution that a request asks for."""
    arn = request["stateMachineArn"]
    name = request.get("name") or str(uuid.uuid4())
    found = resolve_active(service, arn, name)
    check_name(name, service.limits.name)
    _check_room(service)
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


def _check_room(service: Service) -> None:
    """Refuse one more execution when too many are open, or too many calls of their tasks wait for their turn."""
    if service.limits.open is not None and service.runner.open >= service.limits.open:
        raise ServiceError(
            "ExecutionLimitExceeded",
            "Execution Limit Exceeded: 'The maximum number of running executions has been reached. Running executions "
            "must end or be stopped before a new execution can be started.'",
        )
    if service.runner.backlog >= MOST_BEHIND:
        raise ServiceError("ThrottlingException", "Rate exceeded")


def stop(service: Service, request: Request) -> Response:
    """StopExecution: one that has ended stays as it is."""
    arn = request["executionArn"]
    if not find_execution(service, arn).ended:
        service.runner.tell(arn, Stopped(request.get("error"), request.get("cause")))
    stopped = find_execution(service, arn)
    if stopped.stopped_at is None:
        raise ServiceError("InternalFailure", f"{arn} is set aside: what is kept of it cannot be read", 500)
    return {"stopDate": moment(stopped.stopped_at)}


def describe(service: Service, request: Request) -> Response:
    """DescribeExecution."""
    execution = find_execution(service, request["executionArn"], or_child=True)
    shown = summary(service, execution)
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
    return shown | status_of(service, execution)


def history(service: Service, request: Request) -> Response:
    """GetExecutionHistory, a page at a time."""
    arn = request["executionArn"]
    reverse = bool(request.get("reverseOrder"))
    scope = ["GetExecutionHistory", arn, reverse]
    after = page_mark(service, request, scope) or 0
    events = service.store.executions.history(arn, after, page_size(request), reverse)
    last = find_execution(service, arn).last_event_id
    with_data = request.get("includeExecutionData", True) is not False
    rows = [render(event, with_data) for event in events]
    more = bool(events) and (events[-1].id > 1 if reverse else events[-1].id < last)
    return page(service, "events", rows, scope, events[-1].id if more else None)


def describe_machine(service: Service, request: Request) -> Response:
    """DescribeStateMachineForExecution: the definition that this execution runs, whatever came after."""
    execution = find_execution(service, request["executionArn"], or_child=True)
    machine_arn, _, label = execution.machine_arn.partition("/")
    machine = service.store.machines.get(machine_arn)
    text = service.store.machines.definition(execution.definition_id)
    with_data = request.get("includedData", "ALL_DATA") == "ALL_DATA"
    references = machines.references_of(service, text, execution.region) if with_data else {}
    if with_data and execution.region:
        processor = _at(json.loads(text), execution.region)
        text = Document({name: value for name, value in processor.items() if name != "ProcessorConfig"}).text
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
        shown |= machines.revision_of(machine)
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
    check_length(member, bytes_of(text), service.limits.payload, unit=BYTES)
    try:
        document = Document(json.loads(text, parse_constant=no_constant))
        if is_deeper(document.value, MAX_DEPTH):
            raise RecursionError
        return document
    except ValueError as error:
        raise ServiceError(code, f"{words}: 'not JSON: {error}'") from None
    except RecursionError:
        raise ServiceError(code, f"{words}: 'nested more than {MAX_DEPTH} levels deep'") from None


def _at(document: JSON, pointer: str) -> JSON:
    for token in pointer[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document
