"""What starts executions: schedules, new objects in a bucket, events. Each is a value, and gives its resources.

A kind of trigger is a frozen dataclass with ``enabled``, ``input`` and ``resource(logical, target, context)``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from stepfunctions.deploy.parts import Context, Parts, joined
from stepfunctions.deploy.role import allow, service_role

DEAD_LETTERS, ROLE, SCHEDULES = "TriggerDeadLetters", "TriggerRole", "SchedulesState"
_DAYS = 14
_SECONDS_OF_A_DAY = 86_400
_EXPRESSION = re.compile(r"(?:rate|cron|at)\([^()]+\)")


class Trigger(Protocol):
    """What starts executions. ``kind`` begins its logical id; ``service`` is who assumes the role."""

    kind: ClassVar[str]
    service: ClassVar[str]

    def resource(self, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the resource; ``target`` has Arn, RoleArn, Input and DeadLetterConfig."""

    @property
    def input(self) -> Any:
        """The input of the executions, a JSON value; None: the event."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Start an execution at times.

    ``expression``: ``cron(0 6 ? * MON *)``, ``rate(1 day)`` or ``at(2026-12-01T06:00:00)``. ``timezone``: an IANA
    name (default UTC). ``input``: a JSON value. ``enabled``: False keeps it off in every environment.
    ``window``: minutes within which EventBridge may choose the moment, 1 to 1440 (default: none).

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    kind: ClassVar[str] = "Schedule"
    service: ClassVar[str] = "scheduler"
    expression: str
    timezone: str = "UTC"
    input: Any = None
    enabled: bool = True
    window: int | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if not _EXPRESSION.fullmatch(str(self.expression)):
            raise ValueError(
                f"Schedule.expression is {self.expression!r}: write cron(…), rate(…) or at(…), for example "
                "'cron(0 6 ? * MON *)'."
            )
        if self.window is not None and not 1 <= self.window <= 1440:
            raise ValueError(f"Schedule.window is {self.window}, but must be 1 to 1440 minutes.")

    def resource(self, target: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG002
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html"""
        window: dict[str, Any] = {"Mode": "OFF"}
        if self.window is not None:
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": self.window}
        properties = {
            **({"Description": self.description} if self.description else {}),
            "ScheduleExpression": self.expression,
            "ScheduleExpressionTimezone": self.timezone,
            "State": {"Ref": SCHEDULES} if self.enabled else "DISABLED",
            "FlexibleTimeWindow": window,
            "Target": target,
        }
        return {"Type": "AWS::Scheduler::Schedule", "Properties": properties}


@dataclass(frozen=True, kw_only=True)
class OnEvent:
    """Start an execution for each event that fits a pattern; the event is the input, unless ``input`` is given.

    ``pattern``: as EventBridge has them. ``bus``: name of the event bus (default: the account's).

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    """

    kind: ClassVar[str] = "Rule"
    service: ClassVar[str] = "events"
    pattern: Mapping[str, Any]
    input: Any = None
    enabled: bool = True
    bus: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if not self.pattern:
            raise ValueError(f"OnEvent.pattern is {self.pattern!r}: write a dict, such as {{'source': ['aws.s3']}}.")

    def resource(self, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html"""
        properties = {
            **({"Description": self.description} if self.description else {}),
            **({} if self.bus is None else {"EventBusName": self.bus}),
            "EventPattern": context.value(self.pattern),
            "State": "ENABLED" if self.enabled else "DISABLED",
            "Targets": [{"Id": "workflow", **target}],
        }
        return {"Type": "AWS::Events::Rule", "Properties": properties}


@dataclass(frozen=True, kw_only=True)
class OnObjectCreated:
    """Start an execution for each new object of a bucket whose key begins with ``prefix`` and ends with ``suffix``.

    The bucket must send its events to EventBridge.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """

    kind: ClassVar[str] = "ObjectCreated"
    service: ClassVar[str] = "events"
    bucket: str
    prefix: str = ""
    suffix: str = ""
    input: Any = None
    enabled: bool = True
    description: str = ""

    def resource(self, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule."""
        detail: dict[str, Any] = {"bucket": {"name": [context.value({"Bucket": self.bucket})["Bucket"]]}}
        if self.prefix and self.suffix:
            prefix, suffix = (re.sub(r"([\\*])", r"\\\1", text) for text in (self.prefix, self.suffix))
            detail["object"] = {"key": [{"wildcard": f"{prefix}*{suffix}"}]}
        elif self.prefix or self.suffix:
            name = "prefix" if self.prefix else "suffix"
            detail["object"] = {"key": [{name: self.prefix or self.suffix}]}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
        rule = OnEvent(pattern=pattern, enabled=self.enabled, description=self.description)
        return rule.resource(target, context)


def triggers_of(context: Context) -> Parts:
    """Return the triggers of a stack, the role that starts executions, and the queue of what could not start."""
    triggers = context.options.triggers
    if not triggers:
        return Parts()
    queue = {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}
    made: dict[str, Any] = {}
    rules: list[str] = []
    for trigger in triggers:
        target = {
            "Arn": context.target,
            "RoleArn": {"Fn::GetAtt": [ROLE, "Arn"]},
            **({} if trigger.input is None else {"Input": json.dumps(trigger.input)}),
            "DeadLetterConfig": {"Arn": queue},
        }
        logical = _free(f"{trigger.kind}Trigger", made)
        made[logical] = trigger.resource(target, context)
        if made[logical]["Type"] == "AWS::Events::Rule":
            rules.append(logical)
    needs = [allow(("states:StartExecution",), context.target), allow(("sqs:SendMessage",), queue)]
    services = sorted({trigger.service for trigger in triggers})
    waiting = {"MessageRetentionPeriod": _DAYS * _SECONDS_OF_A_DAY}
    return joined(
        [
            Parts(resources={DEAD_LETTERS: {"Type": "AWS::SQS::Queue", "Properties": waiting}}),
            service_role(ROLE, services, needs),
            Parts(resources=made, parameters=_switch(triggers), outputs=_OUTPUT),
            _queue_policy(rules, queue),
        ]
    )


_OUTPUT: Mapping[str, Any] = {
    "DeadLettersUrl": {"Description": "Queue of what could not start an execution.", "Value": {"Ref": DEAD_LETTERS}}
}


def _switch(triggers: Sequence[Trigger]) -> dict[str, Any]:
    if not any(isinstance(trigger, Schedule) and trigger.enabled for trigger in triggers):
        return {}
    what = "Whether the schedules start executions."
    return {
        SCHEDULES: {
            "Type": "String",
            "Description": what,
            "Default": "ENABLED",
            "AllowedValues": ["ENABLED", "DISABLED"],
        }
    }


def _queue_policy(rules: Sequence[str], queue: Mapping[str, Any]) -> Parts:
    """Return the policy by which rules send to the queue: they do so themselves, not as the role."""
    if not rules:
        return Parts()
    arns = [{"Fn::GetAtt": [rule, "Arn"]} for rule in rules]
    statement = {
        **allow(("sqs:SendMessage",), queue, {"ArnEquals": {"aws:SourceArn": arns}}),
        "Principal": {"Service": "events.amazonaws.com"},
    }
    properties = {
        "Queues": [{"Ref": DEAD_LETTERS}],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    return Parts(resources={f"{DEAD_LETTERS}Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}})


def _free(wanted: str, taken: Mapping[str, Any]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    return name
