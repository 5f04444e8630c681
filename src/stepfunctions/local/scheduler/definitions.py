"""What a schedule may say, and when it fires.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stepfunctions.catalog.schedules import At, parse
from stepfunctions.errors import ServiceError
from stepfunctions.local.deliveries import problem_with
from stepfunctions.local.deliveries.targets import UNIVERSAL

_NOT_KEPT = ("Name", "GroupName", "ClientToken")
_TIMES = ("StartDate", "EndDate")
_DEFAULTS = {"ScheduleExpressionTimezone": "UTC", "State": "ENABLED", "ActionAfterCompletion": "NONE"}
_RETRY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
_LONGEST_INPUT = 262_144
_PRECISION = 60.0
"""Seconds within which AWS fires: a one-time schedule that is late by less still does."""
_PARAMETERS = {
    "EcsParameters": ":ecs:",
    "EventBridgeParameters": ":events:",
    "SqsParameters": ":sqs:",
}
"""What a target has besides -> what its ARN has then. The others are for targets that are not here."""
_NEEDED = {":ecs:": "EcsParameters", ":events:": "EventBridgeParameters"}


def definition_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a request, with AWS's defaults. Raises ServiceError (ValidationException)."""
    kept = {name: value for name, value in request.items() if name not in _NOT_KEPT}
    for name in _TIMES:
        if isinstance(kept.get(name), datetime):
            kept[name] = kept[name].timestamp()
    parse(kept["ScheduleExpression"], kept.get("ScheduleExpressionTimezone"))
    if "StartDate" in kept and "EndDate" in kept and kept["EndDate"] <= kept["StartDate"]:
        raise invalid("The EndDate you specify must come after the StartDate.")
    window = kept["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise invalid("MaximumWindowInMinutes belongs to a FlexibleTimeWindow of Mode FLEXIBLE, and is required there.")
    target = kept["Target"]
    _check_target(target)
    target = {**target, "RetryPolicy": {**_RETRY, **target.get("RetryPolicy", {})}}
    return {**_DEFAULTS, **kept, "Target": target}


def _check_target(target: Mapping[str, Any]) -> None:
    arn = target["Arn"]
    problem = problem_with(arn)
    if problem is not None:
        raise invalid(problem)
    for name in target:
        if name.endswith("Parameters") and (name not in _PARAMETERS or _PARAMETERS[name] not in arn):
            raise invalid(f"{name} is not for the target {arn}.")
    if len(target.get("Input", "").encode()) > _LONGEST_INPUT:
        raise invalid(f"Input is longer than {_LONGEST_INPUT} bytes.")
    if arn.startswith(UNIVERSAL):
        _check_json(target.get("Input", "{}"), arn)
        return
    for part, name in _NEEDED.items():
        if part in arn and name not in target:
            raise invalid(f"{name} is required for the target {arn}.")
    if ":sqs:" in arn and arn.endswith(".fifo") and "MessageGroupId" not in target.get("SqsParameters", {}):
        raise invalid(f"SqsParameters.MessageGroupId is required for the FIFO queue {arn}.")
    if "Input" in target and any(part in arn for part in (":states:", ":lambda:", ":events:")):
        _check_json(target["Input"], arn)


def _check_json(text: str, arn: str) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"Invalid RequestJson provided. Reason: Input is not JSON, as the target {arn} needs: {error}"
        ) from None
    if arn.startswith(UNIVERSAL) and not isinstance(value, dict):
        raise invalid("Invalid RequestJson provided. Reason: Input is not an object with the API's parameters")


def next_due(definition: Mapping[str, Any], moment: float, created: float) -> float | None:
    """Return the first scheduled time at or after ``moment``, None when none comes any more."""
    schedule = parse(definition["ScheduleExpression"], definition["ScheduleExpressionTimezone"])
    if isinstance(schedule, At):
        return schedule.next(moment - _PRECISION if moment == created else moment, created)
    start, end = definition.get("StartDate"), definition.get("EndDate")
    found = schedule.next(moment if start is None else max(start, moment), created if start is None else start)
    return None if found is None or (end is not None and found > end) else found


def fires_at(definition: Mapping[str, Any], arn: str, due: float | None) -> float | None:
    """Return when the target is invoked for a scheduled time: somewhere in a flexible time window."""
    minutes = definition["FlexibleTimeWindow"].get("MaximumWindowInMinutes")
    if due is None or minutes is None:
        return due
    return due + random.Random(f"{arn}:{due}").uniform(0, minutes * 60)


def invalid(message: str) -> ServiceError:
    """Return a refusal."""
    return ServiceError("ValidationException", message)
