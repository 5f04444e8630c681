"""What starts executions at times and on events. Each trigger is a value, and gives its resources.

A kind of trigger is a frozen dataclass that inherits :class:`Trigger`; those on events are in ``event_triggers``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zoneinfo import available_timezones

from stepfunctions.catalog import schedules
from stepfunctions.deploy.parts import Context, Parts, joined
from stepfunctions.deploy.role import allow, service_role
from stepfunctions.errors import ServiceError

DEAD_LETTERS, ROLE, SCHEDULES = "TriggerDeadLetters", "TriggerRole", "SchedulesState"
_DAYS = 14
_SECONDS_OF_A_DAY = 86_400
_LONGEST_DESCRIPTION = 512
LONGEST_INPUT = {"events": 8192, "scheduler": 262_144}
"""Bytes of a target's input: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
_MOST_FIELDS = 100
"""Members of the event in one input: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html"""
_LONGEST_PATH = 256
_FIELDS = 6
"""Of a cron expression. Without the year it is for schedules alone, and not documented."""
_START = {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:sfn:startExecution"}
_MARK = "\x00"


def whole_number(what: str, value: Any, least: int, most: int, unit: str = "") -> None:
    """Raise ValueError for what is no whole number between two; None is none."""
    if value is not None and (type(value) is not int or not least <= value <= most):
        raise ValueError(f"{what} is {value!r}, but must be {least} to {most}{unit}.")


def is_text(value: object, least: int, most: int) -> bool:
    """Tell whether something is a text of so many characters."""
    return isinstance(value, str) and least <= len(value) <= most


@dataclass(frozen=True)
class EventField:
    """A member of the event, in the ``input`` of a trigger: ``EventField("$.detail.object.key")``.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """

    path: str

    def __post_init__(self) -> None:
        if not is_text(self.path, 1, _LONGEST_PATH) or not re.fullmatch(r"\$(?:\.[A-Za-z0-9_-]+)*", self.path):
            raise ValueError(f"EventField.path is {self.path!r}: write a path such as '$.detail.object.key'.")


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What all triggers have.

    ``input``: of the executions, a JSON value; for a trigger on events it may have :class:`EventField` in it, and None
    is the event. ``enabled``: False keeps it off everywhere. ``retries``: how often a start that failed is tried
    again, 0 to 185 (AWS's default), for at most ``max_age`` seconds, 60 to 86,400 (default); then the event goes into
    the queue of dead letters.
    """

    kind: ClassVar[str]
    """How its logical id begins."""
    service: ClassVar[str] = "events"
    """Who assumes the role that starts executions."""
    input: Any = None
    enabled: bool = True
    description: str = ""
    retries: int | None = None
    max_age: int | None = None

    def __post_init__(self) -> None:
        who = type(self).__name__
        whole_number(f"{who}.retries", self.retries, 0, 185)
        whole_number(f"{who}.max_age", self.max_age, 60, _SECONDS_OF_A_DAY, " seconds")
        if not is_text(self.description, 0, _LONGEST_DESCRIPTION):
            raise ValueError(f"{who}.description is a text of at most {_LONGEST_DESCRIPTION} characters.")
        self._check_input(who)

    def _check_input(self, who: str) -> None:
        fields = fields_in(self.input)
        try:
            text = _written(self.input, {one: one.path for one in fields})
        except (TypeError, ValueError) as error:
            raise ValueError(f"{who}.input is no JSON: {error}.") from None
        longest = LONGEST_INPUT[self.service]
        if len(text.encode()) > longest:
            raise ValueError(
                f"{who}.input has {len(text.encode())} bytes, but may have {longest}: give its S3 address."
            )
        if len(fields) > _MOST_FIELDS:
            raise ValueError(f"{who}.input has {len(fields)} different EventFields, but may have {_MOST_FIELDS}.")

    def prepare(self, client: Callable[[str], Any]) -> None:
        """See to what the trigger needs and a template cannot make: ``client(service)`` is boto3's client.

        Called before anything is made. Raises ValueError for what is missing.
        """

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the resources by logical id; ``target`` has Arn, RoleArn, RetryPolicy, DeadLetterConfig and input."""
        raise NotImplementedError

    def described(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Return the properties of a resource with the description, where there is one."""
        return {**({"Description": self.description} if self.description else {}), **properties}


@dataclass(frozen=True)
class Schedule(Trigger):
    """Start an execution at times.

    ``expression``: ``cron(0 6 ? * MON *)``, ``rate(1 day)`` or ``at(2026-12-01T06:00:00)``. ``timezone``: an IANA
    name (default UTC). ``window``: minutes within which EventBridge may choose the moment, 1 to 1440 (default: none).
    ``unique``: name each execution after the id that EventBridge gives the invocation, so that one that is delivered
    twice starts once. Clocks that are changed skip what they skip, and what they show twice happens once.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    kind: ClassVar[str] = "Schedule"
    service: ClassVar[str] = "scheduler"
    expression: str = ""
    timezone: str = field(default="UTC", kw_only=True)
    window: int | None = field(default=None, kw_only=True)
    unique: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.timezone != "UTC" and self.timezone not in available_timezones():
            raise ValueError(f"Schedule.timezone is {self.timezone!r}: write an IANA name, such as 'Europe/Berlin'.")
        _check_expression(self.expression, self.timezone)
        whole_number("Schedule.window", self.window, 1, 1440, " minutes")
        if fields_in(self.input):
            raise ValueError("Schedule.input has an EventField, but a schedule has no event.")

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG002
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html"""
        window: dict[str, Any] = {"Mode": "OFF"}
        if self.window is not None:
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": self.window}
        properties = {
            "ScheduleExpression": self.expression,
            "ScheduleExpressionTimezone": self.timezone,
            "State": {"Ref": SCHEDULES} if self.enabled else "DISABLED",
            "FlexibleTimeWindow": window,
            "Target": {**target, **self._named(target)} if self.unique else target,
        }
        return {logical: {"Type": "AWS::Scheduler::Schedule", "Properties": self.described(properties)}}

    def _named(self, target: Mapping[str, Any]) -> dict[str, Any]:
        """Return the universal target that gives the execution a name.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
        """
        given = json.dumps("{}" if self.input is None else json.dumps(self.input, allow_nan=False))
        text = f'{{"StateMachineArn":"${{Target}}","Name":"<aws.scheduler.execution-id>","Input":{_literal(given)}}}'
        return {"Arn": _START, "Input": {"Fn::Sub": [text, {"Target": target["Arn"]}]}}


def _literal(text: str) -> str:
    """Return a text as Fn::Sub leaves it."""
    return text.replace("${", "${!")


def _check_expression(expression: Any, zone: str) -> None:
    try:
        schedules.parse(expression if isinstance(expression, str) else "", zone)
        if expression.startswith("cron(") and len(expression.split()) < _FIELDS:
            schedules.parse(expression, zone, rule=True)
    except ServiceError as error:
        reason = error.message.partition("Reason: ")[2]
        raise ValueError(
            f"Schedule.expression is {expression!r}: {reason}, for example 'cron(0 6 ? * MON *)', 'rate(7 days)' or "
            "'at(2026-12-01T06:00:00)'."
        ) from None


def fields_in(value: Any) -> list[EventField]:
    """Return the event's members that stand in an input, each once, in order."""
    if isinstance(value, EventField):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return list(dict.fromkeys(found for part in parts for found in fields_in(part)))


def _input(value: Any) -> dict[str, Any]:
    """Return how a target gets its input. A member of the event stands in the template as ``<name>``."""
    if value is None:
        return {}
    found = fields_in(value)
    if not found:
        return {"Input": json.dumps(value, allow_nan=False)}
    names = {one: f"field{number}" for number, one in enumerate(found, 1)}
    template = _written(value, names)
    return {
        "InputTransformer": {
            "InputPathsMap": {name: one.path for one, name in names.items()},
            "InputTemplate": template,
        }
    }


def _written(value: Any, names: Mapping[EventField, str]) -> str:
    """Return an input as JSON; ``<`` of its texts is escaped, so that only members of the event begin with it."""
    marked = json.dumps(_marked(value, names), allow_nan=False).replace("<", "\\u003c")
    return re.sub(r'"\\u0000([^"]+)"', r"<\1>", marked)


def _marked(value: Any, names: Mapping[EventField, str]) -> Any:
    if isinstance(value, EventField):
        return f"{_MARK}{names[value]}"
    if isinstance(value, Mapping):
        return {key: _marked(one, names) for key, one in value.items()}
    return [_marked(one, names) for one in value] if isinstance(value, (list, tuple)) else value


def triggers_of(context: Context) -> Parts:
    """Return the triggers of a stack, the role that starts executions, and the queue of what could not start."""
    triggers = context.options.triggers
    if not triggers:
        return Parts()
    queue = {"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}
    made: dict[str, Any] = {}
    for trigger in triggers:
        target = {
            "Arn": context.target,
            "RoleArn": {"Fn::GetAtt": [ROLE, "Arn"]},
            **_input(trigger.input),
            **_retry_policy(trigger),
            "DeadLetterConfig": {"Arn": queue},
        }
        found = trigger.resources(_free(f"{trigger.kind}Trigger", made), target, context)
        for logical, one in found.items():
            if made.setdefault(logical, one) != one:
                raise ValueError(f"Two triggers make {logical}, each another: what they share must be the same.")
    rules = [logical for logical, one in made.items() if one["Type"] == "AWS::Events::Rule"]
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


def _retry_policy(trigger: Trigger) -> dict[str, Any]:
    policy = {"MaximumRetryAttempts": trigger.retries, "MaximumEventAgeInSeconds": trigger.max_age}
    given = {name: value for name, value in policy.items() if value is not None}
    return {"RetryPolicy": given} if given else {}


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
