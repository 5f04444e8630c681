"""Parameters of tasks that AWS refuses when a state machine is created."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.own_requests import OWN_REQUESTS
from stepfunctions.lint.finding import ERROR, Finding


def own_requests(machine: StateMachine) -> Iterator[Finding]:
    """UNKNOWN_PARAMETER: a request of Step Functions' own lacks a member or has one too many."""
    for found in walk(machine):
        if not isinstance(found.state, Task):
            continue
        try:
            resource = Resource.parse(found.state.resource)
        except ValueError:
            continue  # the resource is another rule's
        request = None if resource.sdk else OWN_REQUESTS.get((resource.service, resource.action))
        if request is None:
            continue
        for name, given in (("Parameters", found.state.parameters), ("Arguments", found.state.arguments)):
            if isinstance(given, dict):
                for problem in request.problems(given):
                    yield Finding(
                        code="UNKNOWN_PARAMETER", severity=ERROR, path=f"{found.path}/{name}", message=problem
                    )
