"""What others are told of an alarm's change: the events, and the messages to topics and functions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from stepfunctions.local.cloudwatch.alarm_records import COMPOSITE, Alarm
from stepfunctions.local.cloudwatch.settings import ACTIONS
from stepfunctions.local.deliveries.targets import Target

_EVENT_NAMES = {
    "AlarmRule": "alarmRule",
    "ActionsEnabled": "actionsEnabled",
    "AlarmActions": "alarmActions",
    "OKActions": "okActions",
    "InsufficientDataActions": "insufficientDataActions",
    "ComparisonOperator": "comparisonOperator",
    "DatapointsToAlarm": "datapointsToAlarm",
    "EvaluationPeriods": "evaluationPeriods",
    "Threshold": "threshold",
    "TreatMissingData": "treatMissingData",
    "EvaluateLowSampleCountPercentile": "evaluateLowSampleCountPercentile",
}


def stamp(seconds: float) -> str:
    """Return a time as alarms write it."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def state_of(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm's state as events show it."""
    shown = {"value": alarm.state, "reason": alarm.reason, "timestamp": stamp(alarm.state_updated)}
    return {**shown, "reasonData": alarm.data} if alarm.data else shown


def state_change(alarm: Alarm) -> dict[str, Any]:
    """Return the detail of the event that an alarm has another state."""
    return {
        "alarmName": alarm.name,
        "state": state_of(alarm),
        "previousState": alarm.previous,
        "configuration": _configuration(alarm),
    }


def configuration_change(alarm: Alarm, operation: str, before: Alarm | None = None) -> dict[str, Any]:
    """Return the detail of the event that an alarm was made, changed or deleted."""
    detail = {"alarmName": alarm.name, "operation": operation, "state": state_of(alarm)}
    detail["configuration"] = {"alarmName": alarm.name, "timestamp": stamp(alarm.updated), **_whole(alarm)}
    if before is not None:
        detail["previousConfiguration"] = {
            "alarmName": before.name,
            "timestamp": stamp(before.updated),
            **_whole(before),
        }
    return detail


def _whole(alarm: Alarm) -> dict[str, Any]:
    shown = {new: alarm.configuration[old] for old, new in _EVENT_NAMES.items() if old in alarm.configuration}
    return {**shown, **_configuration(alarm)}


def _configuration(alarm: Alarm) -> dict[str, Any]:
    given = alarm.configuration
    shown: dict[str, Any] = {"description": given["AlarmDescription"]} if "AlarmDescription" in given else {}
    if alarm.kind == COMPOSITE:
        return {**shown, "alarmRule": given["AlarmRule"]}
    if "Metrics" in given:
        return {**shown, "metrics": [_query(one) for one in given["Metrics"]]}
    stat = given.get("Statistic") or given["ExtendedStatistic"]
    return {**shown, "metrics": [{"id": "m1", "metricStat": _stat(given, given["Period"], stat), "returnData": True}]}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Label" in query:
        shown["label"] = query["Label"]
    if "Expression" in query:
        return {**shown, "expression": query["Expression"]}
    stat = query["MetricStat"]
    return {**shown, "metricStat": _stat({**stat["Metric"], **stat}, stat["Period"], stat["Stat"])}


def _stat(given: Mapping[str, Any], period: int, stat: str) -> dict[str, Any]:
    dimensions = {one["Name"]: one["Value"] for one in given.get("Dimensions", [])}
    metric = {"namespace": given["Namespace"], "name": given["MetricName"], "dimensions": dimensions}
    unit = {"unit": given["Unit"]} if "Unit" in given else {}
    return {"metric": metric, "period": period, "stat": stat, **unit}


def action(alarm: Alarm, arn: str) -> tuple[Target, str]:
    """Return where an alarm's action goes, and the text."""
    region, _, account = alarm.owner.partition(":")
    if ":lambda:" in arn:
        text = {
            "source": "aws.cloudwatch",
            "alarmArn": alarm.arn,
            "accountId": account,
            "time": stamp(alarm.state_updated),
            "region": region,
            "alarmData": state_change(alarm),
        }
        return Target(arn), json.dumps(text)
    given = alarm.configuration
    message: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.updated),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": stamp(alarm.changed),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": (alarm.previous or {}).get("value"),
        **{name: given.get(name, []) for name in ACTIONS.values()},
    }
    if alarm.kind == COMPOSITE:
        message["AlarmRule"] = given["AlarmRule"]
    else:
        message["Trigger"] = _trigger(given)
    subject = f'{alarm.state}: "{alarm.name}" in {region}'[:100]
    return Target(arn, {"SnsParameters": {"Subject": subject}}), json.dumps(message)


def _trigger(given: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: given[name]
        for name in ("MetricName", "Namespace", "Period", "EvaluationPeriods", "DatapointsToAlarm",
                     "ComparisonOperator", "Threshold", "Unit", "Metrics")
        if name in given
    }  # fmt: skip
    if "Statistic" in given:
        shown |= {"StatisticType": "Statistic", "Statistic": given["Statistic"].upper()}
    if "ExtendedStatistic" in given:
        shown |= {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": given["ExtendedStatistic"]}
    if "Metrics" not in given:
        pairs = [{"value": one["Value"], "name": one["Name"]} for one in given.get("Dimensions", [])]
        shown["Dimensions"] = pairs
    shown["TreatMissingData"] = given.get("TreatMissingData", "missing")
    shown["EvaluateLowSampleCountPercentile"] = given.get("EvaluateLowSampleCountPercentile", "")
    return shown
