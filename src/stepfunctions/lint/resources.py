"""Resources of tasks that AWS does not know."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.integrations import problem_with
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject, without_tokens

_NOT_KNOWN = "The value is not a valid resource ARN, or the resource is not available in this region."


def resources(subject: Subject) -> Iterator[Finding]:
    """Find resources of tasks that are no integration, function or activity."""
    for found in subject.located:
        if not isinstance(found.state, Task) or "${" in (arn := without_tokens(found.state.resource)):
            continue  # a substitution of CloudFormation is known only when it is deployed
        try:
            problem = problem_with(Resource.parse(arn))
            said = f"The resource provided {arn} is not recognized. {_NOT_KNOWN}"
        except ValueError as error:
            problem, said = f"{error}.", "Value is not a valid resource ARN"
        if problem is not None:
            yield UNKNOWN_RESOURCE.at(f"{found.path}/Resource", said, problem)


UNKNOWN_RESOURCE = Rule(
    id="UNKNOWN_RESOURCE",
    severity=ERROR,
    summary="A Task's resource is no integration, Lambda function or activity.",
    why="AWS refuses the state machine.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html",
    good="""
        Work:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: {QueueUrl.$: $.queue, MessageBody: done}
          End: true
    """,
    bad="""
        Work:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage.sync
          Parameters: {QueueUrl.$: $.queue, MessageBody: done}
          End: true
    """,
    check=resources,
)
