"""Workflow and Execution: what they ask of the service, what they give, and what they refuse first."""

from __future__ import annotations

import datetime

from botocore.exceptions import ClientError
from compat_tools import STARTED, Service, attempt, log

from stepfunctions.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, FrozenGraph, Graph, Pass, Succeed
from stepfunctions.workflow import Execution, Workflow
from stepfunctions.workflow.stepfunctions import (
    EventsList,
    ExecutionsList,
    ExecutionStatus,
    WorkflowList,
    json_serializer,
)

ROLE = "arn:aws:iam::123456789012:role/workflow"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:w"
RUN = "arn:aws:states:us-east-1:123456789012:execution:w:run"
_CREATED = {"stateMachineArn": ARN, "creationDate": STARTED}
_STARTED = {"executionArn": RUN, "startDate": STARTED}
_DEFINITION = '{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true}}}'
_MACHINE = {
    "stateMachineArn": ARN,
    "name": "w",
    "status": "ACTIVE",
    "definition": _DEFINITION,
    "roleArn": ROLE,
    "type": "STANDARD",
    "creationDate": STARTED,
}
_RUN = {
    "executionArn": RUN,
    "stateMachineArn": ARN,
    "name": "run",
    "status": "SUCCEEDED",
    "startDate": STARTED,
    "stopDate": STARTED + 5,
    "input": '{"a": 1}',
    "output": '{"b": [2]}',
}


def _workflow(service, **fields):
    return Workflow("w", Chain([Pass("a"), Succeed("b")]), ROLE, client=service.client, **fields)


def what_a_workflow_tells():
    service = Service()
    given = ExecutionInput(schema={"x": int})
    flow = Workflow(
        name="w",
        definition=Pass("a"),
        role=ROLE,
        tags=[{"key": "a", "value": "b"}],
        execution_input=given,
        timeout_seconds=60,
        comment="c",
        version="1.0",
        state_machine_arn=ARN,
        format_json=False,
        client=service.client,
    )
    return [
        flow.name,
        flow.role,
        flow.tags,
        flow.state_machine_arn,
        flow.workflow_input is given,
        flow.definition,
        flow.client is service.client,
        isinstance(flow.definition, Graph),
        service.requests,
    ]


def a_graph_is_kept():
    graph = Graph(Pass("a"), comment="of the graph")
    flow = Workflow("w", graph, ROLE, comment="of the workflow", client=Service().client)
    return [flow.definition is graph, flow.definition]


def create():
    service = Service(CreateStateMachine=_CREATED)
    flow = _workflow(service, tags=[{"key": "a", "value": "b"}])
    with log() as seen:
        arn = flow.create()
    return [arn, flow.state_machine_arn, service.requests, [entry[1] for entry in seen]]


def create_without_formatting():
    service = Service(CreateStateMachine=_CREATED)
    _workflow(service, format_json=False, comment="c", timeout_seconds=5, version="1.0").create()
    return service.requests


def create_again():
    service = Service(CreateStateMachine=_CREATED)
    flow = _workflow(service)
    flow.create()
    with log() as seen:
        arn = flow.create()
    return [arn, len(service.requests), [entry[1] for entry in seen]]


def create_what_is_there():
    message = f"State Machine Already Exists: '{ARN}'"
    service = Service(CreateStateMachine=(400, {"__type": "StateMachineAlreadyExists", "message": message}))
    flow = _workflow(service)
    with log() as seen:
        arn = flow.create()
    return [arn, flow.state_machine_arn, [entry[1] for entry in seen]]


def create_what_the_service_refuses():
    service = Service(CreateStateMachine=(400, {"__type": "InvalidDefinition", "message": "no"}))
    try:
        return _workflow(service).create()
    except ClientError as error:
        return error.response["Error"]["Code"]


def update():
    service = Service(UpdateStateMachine={"updateDate": STARTED})
    flow = _workflow(service, state_machine_arn=ARN)
    arn = flow.update(definition=Pass("new"), role=ROLE + "2")
    written = [arn, flow.role, flow.definition, list(service.requests)]
    flow.update(role=ROLE)
    flow.update(Graph(Pass("newer")))
    return [written, flow.role, flow.definition, service.requests[1:]]


def update_of_what():
    service = Service()
    return [
        attempt(lambda: _workflow(service).update()),
        attempt(lambda: _workflow(service, state_machine_arn=ARN).update()),
        attempt(lambda: _workflow(service).update(definition=Pass("new"))),
        attempt(lambda: _workflow(service).update(role=ROLE)),
        service.requests,
    ]


def delete():
    service = Service(DeleteStateMachine={})
    flow = _workflow(service, state_machine_arn=ARN)
    flow.delete()
    with log() as seen:
        attempt(lambda: _workflow(service).delete())
    return [service.requests, [entry[1] for entry in seen]]


def execute():
    service = Service(CreateStateMachine=_CREATED, StartExecution=[_STARTED, _STARTED, _STARTED])
    flow = _workflow(service)
    flow.create()
    execution = flow.execute(inputs={"a": 1, "b": {"c": [None]}})
    flow.execute(name="named")
    flow.execute("by position", {})
    return [
        service.requests[1:],
        isinstance(execution, Execution),
        execution.execution_arn,
        execution.start_date,
        execution.status,
        execution.workflow is flow,
    ]


def execute_without_formatting():
    service = Service(StartExecution=_STARTED)
    _workflow(service, format_json=False, state_machine_arn=ARN).execute(inputs={"a": {"b": 1}})
    return service.requests


def execute_with_a_schema():
    service = Service(StartExecution=[_STARTED, _STARTED])
    flow = _workflow(service, execution_input=ExecutionInput(schema={"x": int, "y": {"z": str}}), state_machine_arn=ARN)
    says = "Expected run input with the schema: "
    flow.execute(inputs={"x": 1, "y": {"z": "t"}})
    flow.execute(inputs={"x": 1, "y": {"z": "t", "more": 1}, "more": None})
    return [
        attempt(lambda: flow.execute(inputs={"x": "1", "y": {"z": "t"}}), says),
        attempt(lambda: flow.execute(inputs={"x": 1}), says),
        attempt(lambda: flow.execute(inputs={}), says),
        len(service.requests),
    ]


def the_order_of_exceptions():
    service = Service()
    flow = _workflow(service, execution_input=ExecutionInput(schema={"x": int}))
    return [
        attempt(lambda: flow.execute(inputs={"x": "1"}), "Expected run input with the schema: "),
        attempt(lambda: flow.execute(inputs={"x": 1})),
        attempt(lambda: _workflow(service).execute()),
        attempt(lambda: flow.update()),
        attempt(lambda: flow.update(role=ROLE)),
        issubclass(WorkflowNotFound, ValueError) or issubclass(MissingRequiredParameter, TypeError),
        service.requests,
    ]


def attach():
    service = Service(DescribeStateMachine=_MACHINE)
    flow = Workflow.attach(state_machine_arn=ARN, client=service.client)
    return [
        flow.name,
        flow.role,
        flow.state_machine_arn,
        isinstance(flow.definition, FrozenGraph),
        flow.definition.to_json(),
        flow.definition,
        service.requests,
    ]


def list_workflows():
    machines = [
        {"stateMachineArn": f"{ARN}{number}", "name": f"w{number}", "type": "STANDARD", "creationDate": STARTED}
        for number in range(3)
    ]
    service = Service(ListStateMachines={"stateMachines": machines})
    found = Workflow.list_workflows(client=service.client)
    some = Workflow.list_workflows(max_items=2, client=service.client)
    html = Workflow.list_workflows(html=True, client=service.client)
    return [
        isinstance(found, WorkflowList),
        found,
        len(some),
        [machine["name"] in getattr(html, "data", html) for machine in machines],
        [operation for operation, _ in service.requests],
    ]


def list_executions():
    runs = [
        {
            "executionArn": f"{RUN}{number}",
            "stateMachineArn": ARN,
            "name": f"run{number}",
            "status": "FAILED",
            "startDate": STARTED,
            "stopDate": STARTED + number,
        }
        for number in range(3)
    ]
    service = Service(ListExecutions={"executions": runs})
    flow = _workflow(service, state_machine_arn=ARN)
    found = flow.list_executions()
    some = flow.list_executions(max_items=1, status_filter=ExecutionStatus.Failed)
    return [
        isinstance(found, ExecutionsList),
        [[run.name, run.execution_arn, run.start_date, run.stop_date, run.workflow is flow] for run in found],
        [getattr(run.status, "value", run.status) for run in found],
        len(some),
        [[operation, body.get("statusFilter"), body["stateMachineArn"]] for operation, body in service.requests],
        _workflow(Service()).list_executions(),
    ]


def statuses():
    names = ("Running", "Succeeded", "Failed", "TimedOut", "Aborted")
    return [[name, ExecutionStatus[name].value] for name in names]


def _execution(service, **fields):
    flow = _workflow(service, state_machine_arn=ARN)
    start = datetime.datetime.fromtimestamp(STARTED, datetime.timezone.utc)
    return Execution(
        workflow=flow,
        execution_arn=RUN,
        start_date=start,
        status=ExecutionStatus.Running,
        client=service.client,
        **fields,
    )


def what_an_execution_tells():
    execution = _execution(Service(), name="run", stop_date=None)
    return [execution.name, execution.execution_arn, execution.start_date, execution.stop_date, execution.status]


def describe():
    service = Service(DescribeExecution=_RUN)
    described = _execution(service).describe()
    return [{key: described[key] for key in _RUN}, service.requests]


def inputs_and_outputs():
    service = Service(DescribeExecution=_RUN)
    execution = _execution(service)
    return [execution.get_input(), execution.get_output(), execution.get_output(wait=True)]


def an_output_that_is_not_there_yet():
    running = {key: value for key, value in _RUN.items() if key not in ("output", "stopDate")}
    service = Service(DescribeExecution=[{**running, "status": "RUNNING"}, {**running, "status": "FAILED"}])
    execution = _execution(service)
    return [execution.get_output(), execution.get_output()]


def stop():
    service = Service(StopExecution={"stopDate": STARTED})
    execution = _execution(service)
    execution.stop()
    execution.stop(cause="because", error="E")
    return service.requests


def list_events():
    events = [
        {
            "id": number + 1,
            "previousEventId": number,
            "timestamp": STARTED + number,
            "type": kind,
            **({"executionStartedEventDetails": {"input": "{}", "roleArn": ROLE}} if number == 0 else {}),
        }
        for number, kind in enumerate(("ExecutionStarted", "PassStateEntered"))
    ]
    service = Service(GetExecutionHistory={"events": events})
    execution = _execution(service)
    found = execution.list_events()
    some = execution.list_events(max_items=1, reverse_order=True)
    return [
        isinstance(found, EventsList),
        [[event["id"], event["type"]] for event in found],
        len(some),
        [body.get("reverseOrder") for _, body in service.requests],
    ]


def lists_are_lists():
    return [issubclass(kind, list) and hasattr(kind, "to_html") for kind in (EventsList, ExecutionsList, WorkflowList)]


def json_of_dates():
    moment = datetime.datetime(2022, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    return [json_serializer(moment), attempt(lambda: json_serializer(object()))]


def tags_are_not_shared():
    one = Workflow("one", Pass("a"), ROLE, client=Service().client)
    other = Workflow("other", Pass("a"), ROLE, client=Service().client)
    return [one.tags, other.tags]
