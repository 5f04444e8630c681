"""What starts executions on events: new objects, alarms, drift, approved models, other workflows.

Developer guide: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.catalog.monitoring import KINDS
from stepfunctions.deploy.parts import Context
from stepfunctions.deploy.triggers import Trigger, is_text, whole_number
from stepfunctions.errors import ServiceError

_RULE = "AWS::Events::Rule"
_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_PERIODS = (10, 20, 30)
_STATISTICS = ("Average", "Sum", "Maximum", "Minimum", "SampleCount")
_MOST_DIMENSIONS = 30
_LONGEST_WATCH = 7 * 86_400
"""Seconds of all periods of an alarm together."""
_LONGEST_PATTERN = 4096
_COMPARISONS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}
_MISSING = ("notBreaching", "breaching", "ignore", "missing")


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


@dataclass(frozen=True)
class OnEvent(Trigger):
    """Start an execution for each event that fits a pattern.

    ``pattern``: as EventBridge has them. ``bus``: name of the event bus (default: the account's). EventBridge delivers
    at least once: the same event may come twice, with the same ``id``.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    """

    kind: ClassVar[str] = "Rule"
    pattern: Mapping[str, Any] = field(default_factory=dict)
    bus: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _is_mapping(self.pattern) or not self.pattern:
            raise ValueError(f"OnEvent.pattern is {self.pattern!r}: write a dict, such as {{'source': ['aws.s3']}}.")
        try:
            text = json.dumps(self.pattern, allow_nan=False)
            Pattern(text)
        except ServiceError as error:
            raise ValueError(f"OnEvent.pattern is no event pattern: {error.message}") from None
        except (TypeError, ValueError) as error:
            raise ValueError(f"OnEvent.pattern is no JSON: {error}.") from None
        if len(text) > _LONGEST_PATTERN:
            raise ValueError(f"OnEvent.pattern has {len(text)} characters, but may have {_LONGEST_PATTERN}.")

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule."""
        return {logical: _rule(self, context.value(self.pattern), target, self.bus)}


@dataclass(frozen=True)
class OnObjectCreated(Trigger):
    """Start an execution for each new object of a bucket whose key begins with ``prefix`` and ends with ``suffix``.

    The bucket must send its events to EventBridge: ``workflow.triggers()`` has it do so, and leaves its other
    notifications as they are; in a stack, see to it where the bucket is made.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """

    kind: ClassVar[str] = "ObjectCreated"
    bucket: str = ""
    prefix: str = ""
    suffix: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("bucket", "prefix", "suffix"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"OnObjectCreated.{name} is {getattr(self, name)!r}: write a text.")
        if not self.bucket:
            raise ValueError("OnObjectCreated.bucket is empty: write the name of a bucket.")

    def prepare(self, client: Callable[[str], Any]) -> None:
        """Have the bucket send its events to EventBridge, beside what it notifies already."""
        from botocore.exceptions import ClientError

        s3 = client("s3")
        try:
            found = s3.get_bucket_notification_configuration(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchBucket", "404"):
                raise ValueError(f"OnObjectCreated: there is no bucket '{self.bucket}'. Make it first.") from None
            raise
        found.pop("ResponseMetadata", None)
        if "EventBridgeConfiguration" not in found:
            wanted = {**found, "EventBridgeConfiguration": {}}
            s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=wanted)

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule."""
        detail: dict[str, Any] = {"bucket": {"name": [context.value({"Bucket": self.bucket})["Bucket"]]}}
        if self.prefix and self.suffix:
            prefix, suffix = (re.sub(r"([\\*])", r"\\\1", text) for text in (self.prefix, self.suffix))
            detail["object"] = {"key": [{"wildcard": f"{prefix}*{suffix}"}]}
        elif self.prefix or self.suffix:
            name = "prefix" if self.prefix else "suffix"
            detail["object"] = {"key": [{name: self.prefix or self.suffix}]}
        pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
        return {logical: _rule(self, pattern, target)}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of CloudWatch. ``statistic``: Average, Sum, Maximum, Minimum or SampleCount, over ``period`` seconds.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Average"
    period: int = 300

    def __post_init__(self) -> None:
        for name, most in (("namespace", 255), ("name", 255)):
            value = getattr(self, name)
            if not is_text(value, 1, most):
                raise ValueError(f"Metric.{name} is {value!r}, but must be a text of 1 to {most} characters.")
        if not _is_mapping(self.dimensions) or len(self.dimensions) > _MOST_DIMENSIONS:
            raise ValueError(
                f"Metric.dimensions is a dict of at most {_MOST_DIMENSIONS} names, not {self.dimensions!r}."
            )
        if self.statistic not in _STATISTICS:
            raise ValueError(f"Metric.statistic is {self.statistic!r}, but must be one of {', '.join(_STATISTICS)}.")
        if type(self.period) is not int or (self.period not in _PERIODS and (self.period < 60 or self.period % 60)):
            raise ValueError(f"Metric.period is {self.period!r}, but must be 10, 20, 30 or a multiple of 60 seconds.")

    @classmethod
    def of_model_monitor(
        cls,
        endpoint: str,
        schedule: str,
        feature: str,
        *,
        kind: str = "DataQuality",
        namespace: str | None = None,
        dimensions: Mapping[str, str] | None = None,
    ) -> Metric:
        """Return the metric by which an hourly SageMaker Model Monitor tells how far a feature has drifted.

        ``feature``: of another ``kind`` what is measured, such as ``rmse`` (ModelQuality) or ``DPPL`` (ModelBias).
        AWS's pages name several namespaces and dimensions; look with ``aws cloudwatch list-metrics`` which yours has.
        """
        known = KINDS.get(str(kind))
        if known is None:
            raise ValueError(f"Metric: kind is {kind!r}, but must be one of {', '.join(KINDS)}.")
        default = {"Endpoint": endpoint, "MonitoringSchedule": schedule}
        if dimensions is None and known.dimensions:
            raise ValueError(
                f"Metrics of {kind} have more dimensions: give {', '.join((*default, *known.dimensions))}."
            )
        return cls(
            namespace=known.namespace if namespace is None else namespace,
            name=known.metric.format(feature),
            dimensions=default if dimensions is None else dimensions,
            statistic=known.statistic,
            period=3600,
        )


@dataclass(frozen=True, kw_only=True)
class OnAlarm(Trigger):
    """Start an execution when a CloudWatch alarm goes off: once, when it begins to be in the state ALARM.

    ``alarm``: the name of one that is there; or ``metric`` and ``threshold``: then the alarm is made too. It goes off
    when the metric is ``comparison`` (``>``, ``>=``, ``<``, ``<=``) the threshold in ``datapoints`` (default: all) of
    the last ``periods``. ``missing``: what periods without data are, notBreaching by default.

    An alarm cannot start a state machine itself: the rule is on its event.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """

    kind: ClassVar[str] = "Alarm"
    alarm: str | None = None
    metric: Metric | None = None
    threshold: float | None = None
    comparison: str = ">"
    periods: int = 1
    datapoints: int | None = None
    missing: str = "notBreaching"

    def __post_init__(self) -> None:
        super().__post_init__()
        who = type(self).__name__
        if (self.alarm is None) == (self.metric is None):
            raise ValueError(f"{who} is given the name of an alarm, or a metric and a threshold, one of them.")
        if (self.metric is None) != (self.threshold is None):
            raise ValueError(f"{who}.threshold belongs to a metric: give both.")
        if self.alarm is not None and not is_text(self.alarm, 1, 255):
            raise ValueError(f"{who}.alarm is {self.alarm!r}: write the name of an alarm.")
        if self.metric is not None and not isinstance(self.metric, Metric):
            raise ValueError(f"{who}.metric is {self.metric!r}: give a Metric(namespace=…, name=…).")
        number = isinstance(self.threshold, (int, float)) and not isinstance(self.threshold, bool)
        if self.threshold is not None and not (number and math.isfinite(self.threshold)):
            raise ValueError(f"{who}.threshold is {self.threshold!r}: write a number.")
        whole_number(f"{who}.periods", self.periods, 1, 1440)
        whole_number(f"{who}.datapoints", self.datapoints, 1, 1440)
        seconds = self.periods * (60 if self.metric is None else self.metric.period)
        if seconds > _LONGEST_WATCH:
            raise ValueError(f"{who}.periods are {seconds} seconds together, but may be {_LONGEST_WATCH}, a week.")
        if self.comparison not in _COMPARISONS:
            raise ValueError(f"{who}.comparison is {self.comparison!r}, but must be one of {', '.join(_COMPARISONS)}.")
        if self.missing not in _MISSING:
            raise ValueError(f"{who}.missing is {self.missing!r}, but must be one of {', '.join(_MISSING)}.")
        if not 1 <= (self.datapoints or 1) <= self.periods:
            raise ValueError(f"{who}.datapoints is {self.datapoints!r}, but must be 1 to periods, {self.periods}.")

    def prepare(self, client: Callable[[str], Any]) -> None:
        """Look whether the alarm is there."""
        if self.alarm is None:
            return
        kinds = ["MetricAlarm", "CompositeAlarm"]
        found = client("cloudwatch").describe_alarms(AlarmNames=[self.alarm], AlarmTypes=kinds)
        if not found["MetricAlarms"] and not found.get("CompositeAlarms"):
            raise ValueError(
                f"OnAlarm: there is no alarm '{self.alarm}'. Give a metric and a threshold to have one made."
            )

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule, and the alarm of a metric."""
        made: dict[str, Any] = {}
        name: Any = self.alarm
        if self.metric is not None:
            made[f"{logical}Metric"] = self._alarm(self.metric, context)
            name = {"Ref": f"{logical}Metric"}
        pattern = {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}},
        }
        return {logical: _rule(self, pattern, target), **made}

    def _alarm(self, metric: Metric, context: Context) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html"""
        dimensions = [{"Name": key, "Value": context.value(value)} for key, value in metric.dimensions.items()]
        properties = {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            **({"Dimensions": dimensions} if dimensions else {}),
            "Statistic": metric.statistic,
            "Period": metric.period,
            "EvaluationPeriods": self.periods,
            **({} if self.datapoints is None else {"DatapointsToAlarm": self.datapoints}),
            "Threshold": self.threshold,
            "ComparisonOperator": _COMPARISONS[self.comparison],
            "TreatMissingData": self.missing,
        }
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


class Drifting(Protocol):
    """What knows the metric by which a feature's drift is told, such as a DriftMonitor.

    It may have ``trigger(**alarm)`` too, which returns the :class:`OnAlarm` in its own way.
    """

    def metric(self, feature: str | None) -> Metric:
        """Return the metric of a feature; None: of all of them together."""


def OnModelDrift(  # noqa: N802 - a kind of trigger, as people write it
    source: Metric | Drifting, *, threshold: float, feature: str | None = None, **more: Any
) -> OnAlarm:
    """Return the trigger that starts an execution when a model's data have drifted.

    ``source``: any :class:`Metric`, :meth:`Metric.of_model_monitor`, or what has ``metric(feature)``, such as a
    DriftMonitor; a ModelMonitor is made beside the trigger. ``more``: what :class:`OnAlarm` takes.
    """
    if not isinstance(source, Metric) and not callable(getattr(source, "metric", None)):
        raise ValueError(f"OnModelDrift: source is {source!r}; give a Metric, or a monitor that has one.")
    metric = source if isinstance(source, Metric) else source.metric(feature)
    if isinstance(source, Metric) and feature is not None:
        raise ValueError("OnModelDrift: a Metric is of one feature already; feature belongs to a monitor.")
    trigger: Callable[..., OnAlarm] = getattr(source, "trigger", OnAlarm)
    return trigger(metric=metric, threshold=threshold, **more)


@dataclass(frozen=True)
class OnModelApproved(Trigger):
    """Start an execution when a model package of a group is approved, or registered as approved.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """

    kind: ClassVar[str] = "ModelApproved"
    group: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_text(self.group, 1, 63):
            raise ValueError("OnModelApproved.group is empty: write the name of a model package group.")

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule. Other changes of an approved package make events too: those do not name the approval."""
        changed = "UpdatedModelPackageFields"
        detail = {
            "ModelPackageGroupName": [self.group],
            "ModelApprovalStatus": ["Approved"],
            "$or": [{changed: ["ModelApprovalStatus"]}, {changed: [{"exists": False}]}],
        }
        pattern = {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": detail,
        }
        return {logical: _rule(self, context.value(pattern), target)}


@dataclass(frozen=True)
class OnWorkflow(Trigger):
    """Start an execution when one of another workflow has ended. Only Standard workflows tell of it.

    ``workflow``: the ARN of the state machine, of a version or alias of it (then only executions that were started by
    that), or a Workflow that was created. ``status``: SUCCEEDED by default; one or several of SUCCEEDED, FAILED,
    TIMED_OUT and ABORTED.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """

    kind: ClassVar[str] = "Workflow"
    workflow: Any = None
    status: str | Sequence[str] = "SUCCEEDED"

    def __post_init__(self) -> None:
        super().__post_init__()
        arn = self.workflow if isinstance(self.workflow, str) else getattr(self.workflow, "state_machine_arn", None)
        if not arn or ":stateMachine:" not in arn:
            raise ValueError(
                f"OnWorkflow.workflow is {self.workflow!r}: write the ARN of a state machine, or give a Workflow that "
                "was created."
            )
        object.__setattr__(self, "workflow", arn)
        if not isinstance(self.status, (str, list, tuple)) or not self.status:
            raise ValueError(
                f"OnWorkflow.status is {self.status!r}, but must be one or several of {', '.join(_ENDED)}."
            )
        given = (self.status,) if isinstance(self.status, str) else tuple(self.status)
        for one in given:
            if one not in _ENDED:
                raise ValueError(f"OnWorkflow.status is {one!r}, but must be one of {', '.join(_ENDED)}.")
        object.__setattr__(self, "status", given)

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule."""
        pattern = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {self._field: [self.workflow], "status": list(self.status)},
        }
        return {logical: _rule(self, context.value(pattern), target)}

    @property
    def _field(self) -> str:
        """The member of the event that names what was started: the machine, a version, an alias."""
        qualifier = self.workflow.split(":")[7:]
        if not qualifier:
            return "stateMachineArn"
        return "stateMachineVersionArn" if qualifier[0].isdecimal() else "stateMachineAliasArn"


def _rule(trigger: Trigger, pattern: Any, target: Mapping[str, Any], bus: str | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html"""
    properties = {
        **({} if bus is None else {"EventBusName": bus}),
        "EventPattern": pattern,
        "State": "ENABLED" if trigger.enabled else "DISABLED",
        "Targets": [{"Id": "workflow", **target}],
    }
    return {"Type": _RULE, "Properties": trigger.described(properties)}
