"""Express state machines: what their definitions may not have, and executions that a caller waits for."""

from __future__ import annotations

import math
from concurrent.futures import Future

from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.asl.maps import ProcessorConfig
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import Map, Task
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import LONGEST_EXPRESS
from stepfunctions.errors import Problem, ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.service import Response, Service

_BILLED_MEMORY_MB = 64
_BILLED_STEP_MS = 100
_MARGIN = 30.0
"""Real seconds more than an execution may take that a caller waits before giving up on the engine."""


def problems_of(machine: StateMachine) -> list[Problem]:
    """Return what an Express state machine cannot have: jobs, tokens, activities, Distributed Maps."""
    found: list[Problem] = []
    for located in walk(machine):
        state = located.state
        if isinstance(state, Task):
            what = _refused(Resource.parse(state.resource))
            if what is not None:
                found.append(
                    Problem(path=f"{located.path}/Resource", message=f"Express state machine does not support {what}")
                )
        if isinstance(state, Map) and _is_distributed(state):
            found.append(
                Problem(path=located.path, message="Express state machine does not support a Map in DISTRIBUTED mode")
            )
    return found


def _refused(resource: Resource) -> str | None:
    if resource.kind == "activity":
        return "Activity ARN"
    if resource.pattern is IntegrationPattern.REQUEST_RESPONSE:
        return None
    return f"'.{resource.pattern.value}' service integration "  # so does AWS end it


def _is_distributed(state: Map) -> bool:
    for region in (state.item_processor, state.iterator):
        config = getattr(region, "processor_config", None)
        if isinstance(config, ProcessorConfig) and config.mode == "DISTRIBUTED":
            return True
    return False


def run_to_end(service: Service, execution: Execution, with_data: bool = True) -> Response:
    """Start an execution, wait for its end, and return StartSyncExecution's answer; ``with_data``: all of it."""
    ended: Future[Execution] = Future()

    def note() -> None:  # in the engine's thread, before the store forgets it
        found = service.store.executions.load(execution.arn, branches=False)
        if found is not None and not ended.done():
            ended.set_result(found)

    service.runner.begin(execution)
    service.runner.on_end(execution.arn, note)
    if not service.runner.wait_for(execution.arn, LONGEST_EXPRESS + _MARGIN) or not ended.done():
        what = "did not end in time, or not before the service was stopped"
        raise ServiceError("InternalFailure", f"The execution {execution.arn} {what}", 500)
    return _answer(ended.result(), with_data)


def _answer(execution: Execution, with_data: bool) -> Response:
    stopped = execution.stopped_at or execution.started_at
    milliseconds = (stopped - execution.started_at) * 1000
    shown: Response = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.alias_arn or execution.version_arn or execution.machine_arn,
        "name": execution.name,
        "startDate": moment(execution.started_at),
        "stopDate": moment(stopped),
        "status": execution.status,
        "inputDetails": {"included": with_data},
        "billingDetails": {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": max(1, math.ceil(milliseconds / _BILLED_STEP_MS)) * _BILLED_STEP_MS,
        },
    }
    if execution.trace_header is not None:
        shown["traceHeader"] = execution.trace_header
    if execution.output is not None:
        shown["outputDetails"] = {"included": with_data}
    if not with_data:
        return shown
    shown["input"] = execution.input.text
    if execution.output is not None:
        shown["output"] = execution.output.text
    return shown | {name: value for name in ("error", "cause") if (value := getattr(execution, name)) is not None}
