"""Resources of tasks that AWS does not know."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.integrations import problem_with
from stepfunctions.lint.finding import ERROR, Finding

_NOT_KNOWN = "The value is not a valid resource ARN, or the resource is not available in this region."


def resources(machine: StateMachine) -> Iterator[Finding]:
    """UNKNOWN_RESOURCE: a Task's resource is no integration, function or activity."""
    for found in walk(machine):
        if not isinstance(found.state, Task) or "${" in found.state.resource:
            continue  # a substitution of CloudFormation is known only when it is deployed
        arn = found.state.resource
        try:
            problem = problem_with(Resource.parse(arn))
            said = f"The resource provided {arn} is not recognized. {_NOT_KNOWN}"
        except ValueError as error:
            problem, said = f"{error}.", "Value is not a valid resource ARN"
        if problem is not None:
            path = f"{found.path}/Resource"
            yield Finding(code="UNKNOWN_RESOURCE", severity=ERROR, path=path, message=said, hint=problem)
