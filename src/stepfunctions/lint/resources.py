"""Resources of tasks that AWS does not know."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.integrations import problem_with
from stepfunctions.lint.finding import ERROR, Finding


def resources(machine: StateMachine) -> Iterator[Finding]:
    """UNKNOWN_RESOURCE: a Task's resource is no integration, function or activity."""
    for found in walk(machine):
        if not isinstance(found.state, Task) or "${" in found.state.resource:
            continue  # a substitution of CloudFormation is known only when it is deployed
        try:
            problem = problem_with(Resource.parse(found.state.resource))
        except ValueError as error:
            problem = f"{error}."
        if problem is not None:
            yield Finding(code="UNKNOWN_RESOURCE", severity=ERROR, path=f"{found.path}/Resource", message=problem)
