"""What an Express state machine does not have, and what takes longer than it may run."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Located
from stepfunctions.asl.maps import ProcessorConfig
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import Map, Task, Wait
from stepfunctions.lint.finding import ERROR, WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html"
LONGEST = 300
"""Seconds that an Express execution may take."""


def express_unsupported(subject: Subject) -> Iterator[Finding]:
    """Find jobs, task tokens, activities and Distributed Maps in an Express state machine."""
    for found in _in_express(subject):
        if isinstance(found.state, Task) and "${" not in found.state.resource:
            what = _refused(found.state.resource)
            if what is not None:
                yield EXPRESS_UNSUPPORTED.at(
                    f"{found.path}/Resource",
                    f"Express state machine does not support {what}",
                    "Call the service without waiting, or make it a STANDARD state machine.",
                )
        if isinstance(found.state, Map) and found.state.distributed:
            yield EXPRESS_UNSUPPORTED.at(
                f"{found.path}/ItemProcessor/ProcessorConfig",
                "Express state machine does not support a Map in DISTRIBUTED mode",
                "Make it inline, or make it a STANDARD state machine.",
            )


def express_too_long(subject: Subject) -> Iterator[Finding]:
    """Find waits and timeouts of more than five minutes in an Express state machine."""
    for found in _in_express(subject):
        seconds: object = ABSENT
        field = ""
        if isinstance(found.state, Wait):
            seconds, field = found.state.seconds, "Seconds"
        elif isinstance(found.state, Task):
            seconds, field = found.state.timeout_seconds, "TimeoutSeconds"
        if isinstance(seconds, int) and seconds > LONGEST:
            yield EXPRESS_TOO_LONG.at(
                f"{found.path}/{field}",
                f"{seconds} seconds are more than an Express execution may take, {LONGEST}.",
                f"Write at most {LONGEST}, or make it a STANDARD state machine.",
            )


def _in_express(subject: Subject) -> Iterator[Located]:
    """Yield the states that run in Express executions: all, or those of a Distributed Map's children."""
    children = [
        f"{found.path}/ItemProcessor/"
        for found in subject.located
        if isinstance(found.state, Map) and _makes_express(found.state)
    ]
    for found in subject.located:
        if subject.kind == "EXPRESS" or any(found.path.startswith(path) for path in children):
            yield found


def _makes_express(state: Map) -> bool:
    config = getattr(state.item_processor, "processor_config", ABSENT)
    return isinstance(config, ProcessorConfig) and config.mode == "DISTRIBUTED" and config.execution_type == "EXPRESS"


def _refused(arn: str) -> str | None:
    try:
        resource = Resource.parse(arn)
    except ValueError:
        return None  # UNKNOWN_RESOURCE says so
    if resource.kind == "activity":
        return "Activity ARN"
    if resource.pattern is IntegrationPattern.REQUEST_RESPONSE:
        return None
    return f"'.{resource.pattern.value}' service integration"


_CHILDREN = """
        Each:
          Type: Map
          ItemProcessor:
            ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: %s}
            StartAt: Work
            States: {Work: %s}
          End: true
    """
_GLUE = "Resource: 'arn:aws:states:::glue:startJobRun.sync', Parameters: {JobName: a}"
_JOB = f"{{Type: Task, {_GLUE}, TimeoutSeconds: 9, End: true}}"
EXPRESS_UNSUPPORTED = Rule(
    id="EXPRESS_UNSUPPORTED",
    severity=ERROR,
    summary="An Express state machine waits for a job or a task token, has an activity or a Distributed Map.",
    why="AWS refuses the state machine.",
    source=_GUIDE,
    good=_CHILDREN % ("STANDARD", _JOB),
    bad=_CHILDREN % ("EXPRESS", _JOB),
    check=express_unsupported,
)
EXPRESS_TOO_LONG = Rule(
    id="EXPRESS_TOO_LONG",
    severity=WARNING,
    summary="A wait or a timeout in an Express state machine is longer than an Express execution may take.",
    why="The execution times out after five minutes.",
    source=_GUIDE,
    good=_CHILDREN % ("STANDARD", "{Type: Wait, Seconds: 301, End: true}"),
    bad=_CHILDREN % ("EXPRESS", "{Type: Wait, Seconds: 301, End: true}"),
    check=express_too_long,
)
