"""The exceptions of 2.3.0. What is newer is in :mod:`stepfunctions.errors`."""

from __future__ import annotations

from stepfunctions.errors import StepFunctionsError


class WorkflowNotFound(StepFunctionsError):
    """The workflow has not been created: it has no state machine ARN."""


class MissingRequiredParameter(StepFunctionsError, ValueError):
    """A call lacks an argument that it needs."""


class DuplicateStatesInChain(StepFunctionsError, ValueError):
    """A chain holds the same state twice."""
