"""Workflows and their executions, on AWS or on the local cloud: whichever the boto3 client speaks to."""

from stepfunctions.workflow.execution import Execution
from stepfunctions.workflow.settings import Encryption, Logging
from stepfunctions.workflow.state_test import StateTest
from stepfunctions.workflow.status import ExecutionStatus
from stepfunctions.workflow.sync_execution import SyncExecution
from stepfunctions.workflow.versions import Alias, Version
from stepfunctions.workflow.workflow import Workflow

__all__ = [
    "Alias",
    "Encryption",
    "Execution",
    "ExecutionStatus",
    "Logging",
    "StateTest",
    "SyncExecution",
    "Version",
    "Workflow",
]
