"""Parameters of tasks that AWS refuses when a state machine is created."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.own_requests import OWN_REQUESTS
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject


def own_requests(subject: Subject) -> Iterator[Finding]:
    """Find requests of Step Functions' own that lack a member or have one too many."""
    for found in subject.located:
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
                    yield WRONG_REQUEST.at(f"{found.path}/{name}", problem)


WRONG_REQUEST = Rule(
    id="WRONG_REQUEST",
    severity=ERROR,
    summary="A request of Step Functions' own (HTTP, API Gateway) lacks a member, or has one too many.",
    why="AWS refuses the state machine.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html",
    good="""
        Call:
          Type: Task
          Resource: arn:aws:states:::apigateway:invoke
          Parameters: {ApiEndpoint.$: $.api, Method: GET}
          End: true
    """,
    bad="""
        Call:
          Type: Task
          Resource: arn:aws:states:::apigateway:invoke
          Parameters: {ApiEndpoint.$: $.api}
          End: true
    """,
    check=own_requests,
)
