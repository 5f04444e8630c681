"""The widgets of notebooks: their constructors, and that what they show names what it was given."""

from __future__ import annotations

import copy
import datetime
import json

from compat_tools import STARTED, Service

from stepfunctions.steps import Chain, Graph, Pass, Succeed
from stepfunctions.workflow import Execution, Workflow
from stepfunctions.workflow.stepfunctions import EventsList, ExecutionsList, ExecutionStatus, WorkflowList
from stepfunctions.workflow.widgets import (
    EventsTableWidget,
    ExecutionGraphWidget,
    ExecutionsTableWidget,
    WorkflowGraphWidget,
    WorkflowsTableWidget,
)
from stepfunctions.workflow.widgets.utils import (
    AWS_SAGEMAKER_URL,
    AWS_SFN_EXECUTIONS_DETAIL_URL,
    AWS_SFN_STATE_MACHINE_URL,
    AWS_TABLE_CSS,
    create_sfn_execution_url,
    create_sfn_workflow_url,
    format_time,
    get_elapsed_ms,
    get_timestamp,
    sagemaker_console_link,
)

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:w"
RUN = "arn:aws:states:eu-west-1:123456789012:execution:w:run"
_MOMENT = datetime.datetime(2022, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)
_DEFINITION = Chain([Pass("a"), Succeed("b")])
_EVENTS = [
    {
        "id": 1,
        "previousEventId": 0,
        "timestamp": _MOMENT,
        "type": "ExecutionStarted",
        "executionStartedEventDetails": {"input": '{"n": 1}', "roleArn": "r"},
    },
    {
        "id": 2,
        "previousEventId": 0,
        "timestamp": _MOMENT + datetime.timedelta(milliseconds=20),
        "type": "PassStateEntered",
        "stateEnteredEventDetails": {"name": "the pass", "input": '{"n": 1}'},
    },
]


def _workflow():
    return Workflow("the-workflow", _DEFINITION, "r", client=Service("eu-west-1").client, state_machine_arn=ARN)


def _executions():
    return [
        Execution(
            workflow=_workflow(),
            execution_arn=RUN,
            start_date=_MOMENT,
            stop_date=_MOMENT,
            status=ExecutionStatus.Running,
            client=Service("eu-west-1").client,
            name="the-run",
        )
    ]


def _names(html, *names):
    return [isinstance(html, str), *(name in html for name in names)]


def graphs():
    definition = json.dumps(_workflow().definition.to_dict())
    events = json.dumps([{**event, "timestamp": STARTED} for event in _EVENTS])
    widgets = [
        WorkflowGraphWidget(definition),
        WorkflowGraphWidget(json_definition=definition),
        ExecutionGraphWidget(definition, events, RUN),
        ExecutionGraphWidget(json_definition=definition, json_events=events, execution_arn=RUN),
    ]
    shown = [widget.show(portrait=portrait) for widget in widgets for portrait in (True, False)]
    return [show is not None for show in [*shown, widgets[0].show()]]


def tables():
    workflows = [{"name": "the-workflow", "stateMachineArn": ARN, "creationDate": _MOMENT}]
    return {
        "workflows": _names(WorkflowsTableWidget(workflows).show(), "<table", "the-workflow"),
        "executions": _names(ExecutionsTableWidget(_executions()).show(), "<table", "the-run"),
        "events": _names(EventsTableWidget(copy.deepcopy(_EVENTS)).show(), "<table", "ExecutionStarted", "the pass"),
        "none": [
            _names(kind([]).show(), "<table")
            for kind in (WorkflowsTableWidget, ExecutionsTableWidget, EventsTableWidget)
        ],
    }


def lists():
    workflows = [{"name": "the-workflow", "stateMachineArn": ARN, "creationDate": _MOMENT}]
    htmls = [
        WorkflowList(workflows).to_html(),
        ExecutionsList(_executions()).to_html(),
        EventsList(copy.deepcopy(_EVENTS)).to_html(),
    ]
    return ["the-workflow" in htmls[0], "the-run" in htmls[1], "the pass" in htmls[2]]


def representations():
    execution = _executions()[0]
    return [
        "the-workflow" in repr(_workflow()),
        ARN in _workflow()._repr_html_(),
        RUN in execution._repr_html_() or "the-run" in execution._repr_html_(),
        "the-run" in repr(execution),
    ]


def pictures():
    service = Service("eu-west-1", GetExecutionHistory={"events": []}, DescribeExecution={})
    workflow = Workflow("the-workflow", _DEFINITION, "r", client=service.client, state_machine_arn=ARN)
    return [workflow.render_graph() is not None, workflow.render_graph(portrait=True) is not None]


def progress():
    events = [{**event, "timestamp": STARTED + number} for number, event in enumerate(_EVENTS)]
    described = {
        "executionArn": RUN,
        "stateMachineArn": ARN,
        "name": "the-run",
        "status": "SUCCEEDED",
        "startDate": STARTED,
        "stopDate": STARTED,
        "input": "{}",
        "output": "{}",
    }
    machine = {
        "stateMachineArn": ARN,
        "name": "the-workflow",
        "definition": Graph(_DEFINITION).to_json(),
        "roleArn": "r",
        "updateDate": STARTED,
    }
    service = Service(
        "eu-west-1",
        GetExecutionHistory={"events": events},
        DescribeExecution=described,
        DescribeStateMachineForExecution=machine,
    )
    execution = Execution(
        workflow=Workflow("the-workflow", _DEFINITION, "r", client=service.client, state_machine_arn=ARN),
        execution_arn=RUN,
        start_date=_MOMENT,
        status=ExecutionStatus.Running,
        client=service.client,
    )
    return [
        execution.render_progress() is not None,
        execution.render_progress(portrait=True, max_events=10) is not None,
        execution.list_events(html=True) is not None,
    ]


def html_of_listings():
    run = {
        "executionArn": RUN,
        "stateMachineArn": ARN,
        "name": "the-run",
        "status": "FAILED",
        "startDate": STARTED,
        "stopDate": STARTED,
    }
    service = Service("eu-west-1", ListExecutions={"executions": [run]})
    workflow = Workflow("the-workflow", _DEFINITION, "r", client=service.client, state_machine_arn=ARN)
    return workflow.list_executions(html=True) is not None


def urls():
    return [
        create_sfn_execution_url(RUN),
        create_sfn_workflow_url(ARN),
        sagemaker_console_link("jobs", "the-job"),
        [AWS_SAGEMAKER_URL, AWS_SFN_EXECUTIONS_DETAIL_URL, AWS_SFN_STATE_MACHINE_URL],
        isinstance(AWS_TABLE_CSS, str),
    ]


def times():
    later = _MOMENT + datetime.timedelta(milliseconds=250)
    return [
        format_time(_MOMENT),
        format_time(None),
        get_timestamp(_MOMENT),
        get_elapsed_ms(_MOMENT, later),
    ]
