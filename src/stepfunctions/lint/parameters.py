"""Requests of tasks that the service would refuse: misspelt, missing and ill-typed members."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.own_requests import OWN_REQUESTS
from stepfunctions.lint.finding import ERROR, WARNING, Finding
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


def _mistakes(rule: Rule, kind: str, subject: Subject) -> Iterator[Finding]:
    for path, mistake in subject.mistakes:
        if mistake.kind == kind:
            yield rule.at(path, mistake.text)


def unknown_parameters(subject: Subject) -> Iterator[Finding]:
    """Find members that the API does not have."""
    return _mistakes(UNKNOWN_PARAMETER, "unknown", subject)


def missing_parameters(subject: Subject) -> Iterator[Finding]:
    """Find requests that lack a member."""
    return _mistakes(MISSING_PARAMETER, "missing", subject)


def parameter_types(subject: Subject) -> Iterator[Finding]:
    """Find members of another type than the API's, or with a value that it does not have."""
    return _mistakes(PARAMETER_TYPE, "type", subject)


_INTEGRATE = "https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html"
_PUT = """
        Send:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: {%s}
          End: true
    """
UNKNOWN_PARAMETER = Rule(
    id="UNKNOWN_PARAMETER",
    severity=WARNING,
    summary="A task's request has a member that the API does not have, or spells it otherwise.",
    why="The service refuses the call, or AWS the state machine.",
    source=_INTEGRATE,
    good=_PUT % "QueueUrl.$: $.queue, MessageBody: done, DelaySeconds: 5",
    bad=_PUT % "QueueUrl.$: $.queue, MessageBody: done, DelaySecond: 5",
    check=unknown_parameters,
)
MISSING_PARAMETER = Rule(
    id="MISSING_PARAMETER",
    severity=WARNING,
    summary="A task's request lacks a member that the API needs.",
    why="The service refuses the call, or AWS the state machine.",
    source=_INTEGRATE,
    good=_PUT % "QueueUrl.$: $.queue, MessageBody: done",
    bad=_PUT % "QueueUrl.$: $.queue",
    check=missing_parameters,
)
PARAMETER_TYPE = Rule(
    id="PARAMETER_TYPE",
    severity=WARNING,
    summary="A member of a task's request is of another type than the API's, or has a value that it does not know.",
    why="The service refuses the call.",
    source=_INTEGRATE,
    good=_PUT % "QueueUrl.$: $.queue, MessageBody: done, DelaySeconds: 5",
    bad=_PUT % "QueueUrl.$: $.queue, MessageBody: done, DelaySeconds: soon",
    check=parameter_types,
)
