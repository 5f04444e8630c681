"""Tables and graphs of workflows, executions and their histories, as HTML that needs no script and no network."""

from stepfunctions.workflow.widgets.events_table import EventsTableWidget
from stepfunctions.workflow.widgets.executions_table import ExecutionsTableWidget
from stepfunctions.workflow.widgets.graph import ExecutionGraphWidget, WorkflowGraphWidget
from stepfunctions.workflow.widgets.workflows_table import WorkflowsTableWidget

__all__ = [
    "EventsTableWidget",
    "ExecutionGraphWidget",
    "ExecutionsTableWidget",
    "WorkflowGraphWidget",
    "WorkflowsTableWidget",
]
