"""2.3.0's module of workflows and executions. The names live in the modules beside it."""

from stepfunctions.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepfunctions.steps.graph import FrozenGraph, Graph
from stepfunctions.workflow.cloudformation import build_cloudformation_template
from stepfunctions.workflow.execution import Execution
from stepfunctions.workflow.lists import EventsList, ExecutionsList, WorkflowList, json_serializer
from stepfunctions.workflow.status import ExecutionStatus
from stepfunctions.workflow.utils import append_user_agent_to_client
from stepfunctions.workflow.widgets import (
    EventsTableWidget,
    ExecutionGraphWidget,
    ExecutionsTableWidget,
    WorkflowGraphWidget,
    WorkflowsTableWidget,
)
from stepfunctions.workflow.widgets.utils import create_sfn_execution_url, create_sfn_workflow_url, get_timestamp
from stepfunctions.workflow.workflow import Workflow

__all__ = [
    "EventsList",
    "EventsTableWidget",
    "Execution",
    "ExecutionGraphWidget",
    "ExecutionStatus",
    "ExecutionsList",
    "ExecutionsTableWidget",
    "FrozenGraph",
    "Graph",
    "MissingRequiredParameter",
    "Workflow",
    "WorkflowGraphWidget",
    "WorkflowList",
    "WorkflowNotFound",
    "WorkflowsTableWidget",
    "append_user_agent_to_client",
    "build_cloudformation_template",
    "create_sfn_execution_url",
    "create_sfn_workflow_url",
    "get_timestamp",
    "json_serializer",
]
