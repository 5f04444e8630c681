"""What PutMetricAlarm and PutCompositeAlarm accept, and what an alarm watches.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.evaluation import COMPARISONS, MISSING, Test
from stepfunctions.local.cloudwatch.metrics import combination, missing
from stepfunctions.local.cloudwatch.queries import Query, Stat, invalid, plan, stat_of
from stepfunctions.local.cloudwatch.records import DAY, HOUR, MINUTE
from stepfunctions.local.cloudwatch.statistics import SIMPLE

Shape = Mapping[str, Any]

ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_ACTION = re.compile(r"arn:aws[\w-]*:(?:sns:[\w-]+:\d{12}:\S+|lambda:[\w-]+:\d{12}:function:\S+)")
_AWS_ONLY = re.compile(r"arn:aws[\w-]*:(?:automate|swf|autoscaling|ssm|ssm-incidents|aiops):\S+")
_SINGLE = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_REFUSED = {
    "ThresholdMetricId": "Anomaly detection is not supported by the local cloud: give a Threshold.",
    "EvaluationCriteria": "PromQL alarms are not supported by the local cloud: give MetricName or Metrics.",
    "EvaluationInterval": "PromQL alarms are not supported by the local cloud: leave out EvaluationInterval.",
    "WarmUpConfiguration": "WarmUpConfiguration is not supported by the local cloud.",
    "ActionConfiguration": "ActionConfiguration is not supported by the local cloud.",
    "ActionsSuppressor": "ActionsSuppressor is not supported by the local cloud: put the condition into AlarmRule.",
    "ActionsSuppressorWaitPeriod": "ActionsSuppressor is not supported by the local cloud.",
    "ActionsSuppressorExtensionPeriod": "ActionsSuppressor is not supported by the local cloud.",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Watch:
    """What a metric alarm watches: queries of which one is shown, its period, and the test of its data points."""

    queries: tuple[Query, ...]
    period: int
    test: Test
    low_samples: bool
    """Whether too few samples of a percentile keep the state."""

    @property
    def stats(self) -> list[Stat]:
        """The statistics among the queries."""
        return [one.source for one in self.queries if isinstance(one.source, Stat)]


def check_common(request: Shape) -> None:
    """Check what metric and composite alarms share."""
    for name, text in _REFUSED.items():
        if name in request:
            raise invalid(text)
    if _CONTROL.search(request["AlarmName"]):
        raise invalid("AlarmName must not contain ASCII control characters.")
    for kind in ACTIONS.values():
        for arn in request.get(kind, []):
            if _AWS_ONLY.fullmatch(arn):
                raise invalid(f"The action {arn} is not supported by the local cloud: use a topic or a function.")
            if not _ACTION.fullmatch(arn):
                raise invalid(f"Invalid arn syntax: {arn}")


def watch_of(request: Shape, owner: str) -> Watch:
    """Return what a metric alarm's settings ask for. Raises AWS's errors for settings that it refuses."""
    if "EvaluationWindow" in request and "SlidingWindow" not in request["EvaluationWindow"]:
        raise invalid("WallClockWindow is not supported by the local cloud: leave out EvaluationWindow.")
    queries = _expression(request, owner) if "Metrics" in request else _single(request, owner)
    return _watch(request, queries)


def _single(request: Shape, owner: str) -> tuple[Query, ...]:
    if "MetricName" not in request or "Namespace" not in request:
        raise missing("The parameters MetricName and Namespace, or Metrics, must be specified.")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise combination("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.")
    if "Period" not in request:
        raise missing("The parameter Period must be specified.")
    if request.get("ExtendedStatistic") in SIMPLE:
        raise invalid(f"The value {request['ExtendedStatistic']} is a Statistic, not an ExtendedStatistic.")
    metric = {name: request[name] for name in ("Namespace", "MetricName", "Dimensions") if name in request}
    name = request.get("Statistic") or request["ExtendedStatistic"]
    shape = {"Metric": metric, "Period": request["Period"], "Stat": name}
    if "Unit" in request:
        shape["Unit"] = request["Unit"]
    return (Query("m1", stat_of(owner, shape), True, request["MetricName"]),)


def _expression(request: Shape, owner: str) -> tuple[Query, ...]:
    for name in _SINGLE:
        if name in request:
            raise combination(f"The parameters {name} and Metrics must not be specified together.")
    shapes: Sequence[Shape] = request["Metrics"]
    queries = tuple(plan(shapes, owner))
    if sum(one.shown for one in queries) != 1:
        raise invalid("Exactly one element of the metrics list should return data.")
    if not any(isinstance(one.source, Stat) for one in queries):
        raise invalid("The metrics list must contain at least one metric.")
    if len({one.source.period for one in queries if isinstance(one.source, Stat)}) > 1:
        raise invalid("Period must not differ among the metrics of an alarm.")
    return queries


def _watch(request: Shape, queries: tuple[Query, ...]) -> Watch:
    for name in ("ComparisonOperator", "EvaluationPeriods", "Threshold"):
        if name not in request:
            raise missing(f"The parameter {name} must be specified.")
    if not math.isfinite(request["Threshold"]):
        raise invalid("The value of Threshold must be a finite number.")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise invalid(f"{request['ComparisonOperator']} is for anomaly detection, which the local cloud does not have.")
    periods = request["EvaluationPeriods"]
    needed = request.get("DatapointsToAlarm", periods)
    if needed > periods:
        raise invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    treated = request.get("TreatMissingData", "missing")
    if treated not in MISSING:
        raise invalid(f"The value '{treated}' for TreatMissingData is not valid: use {', '.join(MISSING)}.")
    low = request.get("EvaluateLowSampleCountPercentile", "evaluate")
    if low not in ("evaluate", "ignore"):
        raise invalid("EvaluateLowSampleCountPercentile must be 'evaluate' or 'ignore'.")
    if low == "ignore" and "ExtendedStatistic" not in request:
        raise combination("EvaluateLowSampleCountPercentile is for alarms with a percentile as ExtendedStatistic.")
    period = next(one.source.period for one in queries if isinstance(one.source, Stat))
    _check_length(period, periods)
    test = Test(request["ComparisonOperator"], float(request["Threshold"]), periods, needed, treated)
    return Watch(queries, period, test, low == "ignore")


def _check_length(period: int, periods: int) -> None:
    if period < MINUTE and period not in (10, 20, 30):
        raise _bad_period("Period must be 10, 20, 30 or a multiple of 60")
    longest = 7 * DAY if period >= HOUR else DAY
    if period * periods > longest:
        raise _bad_period(
            f"Metrics cannot be checked across more than {longest // DAY} day(s) (EvaluationPeriods * Period)"
        )


def _bad_period(message: str) -> ServiceError:
    return invalid(f"{message}.")
