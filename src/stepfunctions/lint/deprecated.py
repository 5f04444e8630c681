"""Forms that still work and have a successor."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.states import Map
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

_MAP = "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"


def iterators(subject: Subject) -> Iterator[Finding]:
    """Find Maps with an Iterator."""
    for found in subject.located:
        if isinstance(found.state, Map) and found.state.iterator is not ABSENT:
            yield DEPRECATED_ITERATOR.at(f"{found.path}/Iterator", "Iterator is deprecated.", "Call it ItemProcessor.")


def map_parameters(subject: Subject) -> Iterator[Finding]:
    """Find Maps with Parameters."""
    for found in subject.located:
        if isinstance(found.state, Map) and found.state.parameters is not ABSENT:
            yield DEPRECATED_MAP_PARAMETERS.at(
                f"{found.path}/Parameters", "Parameters of a Map is deprecated.", "Call it ItemSelector."
            )


def lambda_arns(subject: Subject) -> Iterator[Finding]:
    """Find Tasks whose resource is a function."""
    for task in subject.tasks:
        if task.resource.kind == "lambda":
            yield DEPRECATED_LAMBDA_ARN.at(
                f"{task.path}/Resource",
                "The ARN of a function as the resource is the old form.",
                "Write arn:aws:states:::lambda:invoke, with FunctionName and Payload in the Parameters.",
            )


_ONE = "{StartAt: One, States: {One: {Type: Pass, End: true}}}"
DEPRECATED_ITERATOR = Rule(
    id="DEPRECATED_ITERATOR",
    severity=WARNING,
    summary="A Map has an Iterator; its successor is ItemProcessor.",
    why="What came since, such as Distributed Maps, is not for Iterator.",
    source=_MAP,
    good=f"""
        Each: {{Type: Map, ItemProcessor: {_ONE}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, Iterator: {_ONE}, End: true}}
    """,
    check=iterators,
)
DEPRECATED_MAP_PARAMETERS = Rule(
    id="DEPRECATED_MAP_PARAMETERS",
    severity=WARNING,
    summary="A Map has Parameters; its successor is ItemSelector.",
    why="The name says nothing of the items; AWS keeps it for old definitions.",
    source=_MAP,
    good=f"""
        Each: {{Type: Map, ItemSelector: {{"a.$": $.a}}, ItemProcessor: {_ONE}, End: true}}
    """,
    bad=f"""
        Each: {{Type: Map, Parameters: {{"a.$": $.a}}, ItemProcessor: {_ONE}, End: true}}
    """,
    check=map_parameters,
)
DEPRECATED_LAMBDA_ARN = Rule(
    id="DEPRECATED_LAMBDA_ARN",
    severity=WARNING,
    summary="A Task's resource is the ARN of a function.",
    why="The integration lambda:invoke has versions, task tokens, and the response's metadata; this form has not.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html",
    good="""
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Parameters: {FunctionName: "${Function}", Payload.$: $}
          Retry: [{ErrorEquals: [States.ALL]}]
          End: true
    """,
    bad="""
        Work:
          Type: Task
          Resource: arn:aws:lambda:us-east-1:123456789012:function:work
          Retry: [{ErrorEquals: [States.ALL]}]
          End: true
    """,
    check=lambda_arns,
)
