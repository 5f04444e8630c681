"""Workflows and their executions, on AWS or on the local cloud: whichever the boto3 client speaks to."""

from stepfunctions.workflow.execution import Execution
from stepfunctions.workflow.status import ExecutionStatus
from stepfunctions.workflow.workflow import Workflow

__all__ = ["Execution", "ExecutionStatus", "Workflow"]
