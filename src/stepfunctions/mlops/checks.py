"""What a deployment may be asked to prove once the new model serves: a right answer, quiet alarms.

A check is a frozen dataclass whose ``steps(prefix, endpoint, language)`` gives a flow; when that fails, the endpoint is
put back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stepfunctions.asl.fields import JSONATA
from stepfunctions.deploy.event_triggers import Metric
from stepfunctions.deploy.triggers import whole_number
from stepfunctions.inputs.context import context
from stepfunctions.inputs.expressions import Expression, jsonata, result, variable
from stepfunctions.inputs.functions import states
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.state_types import Choice, Fail, Pass, Wait

MOST_ALARMS = 100
"""Names of one DescribeAlarms."""
_LONGEST_SHOWN = 500
_LONGEST_GATE = 86_400
_ANY: Any = object()


class Check(Protocol):
    """A check of a deployment."""

    def steps(self, prefix: str, endpoint: str | Expression, language: str) -> Flow:
        """Return the states, whose names begin with ``prefix``; they fail when the check does."""


def spoken(language: str) -> dict[str, Any]:
    """Return the field by which a state says its language, where that is not the one of all."""
    return {"query_language": JSONATA} if language == JSONATA else {}


def keeping(language: str, values: Any) -> dict[str, Any]:
    """Return the field by which a task keeps of its result just these values."""
    return {"output" if language == JSONATA else "result_selector": values}


@dataclass(frozen=True, kw_only=True)
class SmokeTest:
    """Ask the endpoint once, and compare what it answers.

    ``body``: the request, a text, an expression or a JSON value. ``expect``: the answer, compared as JSON when
    ``accept`` is a type of JSON, else as text; without it any answer that is no error will do. ``target_model``: one
    of many models of the endpoint.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    """

    body: Any
    expect: Any = _ANY
    content_type: str = "application/json"
    accept: str = "application/json"
    target_model: str | Expression | None = None

    def steps(self, prefix: str, endpoint: str | Expression, language: str) -> Flow:
        """Return the states: ask, and compare."""
        request = {
            "EndpointName": endpoint,
            "Body": self.body if isinstance(self.body, (str, Expression)) else json.dumps(self.body),
            "ContentType": self.content_type,
            "Accept": self.accept,
            **({} if self.target_model is None else {"TargetModel": self.target_model}),
        }
        is_json = "json" in self.accept
        answer = states.json_to_string(states.string_to_json(result["Body"])) if is_json else result["Body"]
        more = spoken(language)
        ask = aws_sdk(
            "sagemaker-runtime",
            "invoke_endpoint",
            f"{prefix}ask the endpoint",
            parameters=request,
            assign={"DeployAnswer": answer},
            **more,
        )
        if self.expect is _ANY:
            return flow_of(ask)
        expected = str(self.expect)
        if is_json and not (isinstance(self.expect, str) and language == JSONATA):  # whose $string of a text is itself
            expected = json.dumps(self.expect, separators=(",", ":"), ensure_ascii=False)
        wrong = Fail(
            f"{prefix}wrong answer",
            error="DeployModel.WrongAnswer",
            cause=states.format(
                "The answer should be {}, not {}.", expected[:_LONGEST_SHOWN], variable("DeployAnswer")
            ),
            **more,
        )
        right = Choice(f"{prefix}right answer?", **more).when(
            variable("DeployAnswer", str) == expected, Pass(f"{prefix}answered", **more)
        )
        return ask >> right.otherwise(wrong)


@dataclass(frozen=True)
class QuietAlarms:
    """Watch CloudWatch alarms for a time after all traffic has moved; one in ALARM then fails the check.

    ``alarms``: 1 to 100 names. ``seconds``: how long to wait before they are looked at.
    """

    alarms: Sequence[str]
    seconds: int

    def __post_init__(self) -> None:
        if isinstance(self.alarms, str) or not 1 <= len(self.alarms) <= MOST_ALARMS:
            raise ValueError(f"QuietAlarms.alarms is a list of 1 to {MOST_ALARMS} names, not {self.alarms!r}.")

    def steps(self, prefix: str, endpoint: str | Expression, language: str) -> Flow:  # noqa: ARG002
        """Return the states: wait, look, and decide."""
        more = spoken(language)
        loud = states.math_add(
            states.array_length(result["MetricAlarms"]), states.array_length(result["CompositeAlarms"])
        )
        kinds = ["MetricAlarm", "CompositeAlarm"]
        wait = Wait(f"{prefix}let the alarms watch", seconds=self.seconds, **more)
        look = aws_sdk(
            "cloudwatch",
            "describe_alarms",
            f"{prefix}look at the alarms",
            parameters={"AlarmNames": list(self.alarms), "AlarmTypes": kinds, "StateValue": "ALARM"},
            output_schema={"Alarms": int},
            **keeping(language, {"Alarms": loud}),
            **more,
        )
        alarm = Fail(
            f"{prefix}alarm",
            error="DeployModel.Alarm",
            cause=f"One of these alarms went off: {', '.join(self.alarms)}."[:_LONGEST_SHOWN],
            **more,
        )
        quiet = Choice(f"{prefix}quiet?", **more).when(look.output()["Alarms"] == 0, Pass(f"{prefix}quiet", **more))
        return wait >> look >> quiet.otherwise(alarm)


@dataclass(frozen=True, kw_only=True)
class MetricGate:
    """Watch a metric for a time after all traffic has moved; a value that is too bad fails the check.

    ``metric``: such as an error that the service itself measures. After ``seconds``, no value of that time may be
    ``comparison`` (``>``, ``>=``, ``<``, ``<=``) the ``threshold``, and there must be ``datapoints`` at least, so that
    a model that nobody asked does not pass; 0 lets it. A value is of the metric's statistic over its period.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """

    metric: Metric
    threshold: float
    seconds: int
    comparison: str = ">"
    datapoints: int = 1

    def __post_init__(self) -> None:
        if self.comparison not in (">", ">=", "<", "<="):
            raise ValueError(f"MetricGate.comparison is {self.comparison!r}; write >, >=, < or <=.")
        whole_number("MetricGate.seconds", self.seconds, self.metric.period, _LONGEST_GATE)
        whole_number("MetricGate.datapoints", self.datapoints, 0, self.seconds // self.metric.period)

    def steps(self, prefix: str, endpoint: str | Expression, language: str) -> Flow:  # noqa: ARG002
        """Return the states: wait, ask for the values, and decide."""
        more = spoken(language)
        since = {"DeployGateSince": context.state.entered_time}
        wait = Wait(f"{prefix}let the metric be measured", seconds=self.seconds, assign=since, **more)
        look = aws_sdk(
            "cloudwatch",
            "get_metric_data",
            f"{prefix}look at the metric",
            parameters={
                "StartTime": variable("DeployGateSince", str),
                "EndTime": context.state.entered_time,
                "MetricDataQueries": [{"Id": "gate", "MetricStat": self._asked()}],
            },
            output_schema={"Bad": int, "Seen": int},
            **keeping(language, self._counted(language)),
            **more,
        )
        found = look.output()
        bad = Fail(
            f"{prefix}the metric is bad",
            error="DeployModel.Metric",
            cause=f"{self.metric.name} was {self.comparison} {self.threshold} within {self.seconds} seconds.",
            **more,
        )
        unknown = Fail(
            f"{prefix}the metric is not known",
            error="DeployModel.Metric",
            cause=f"{self.metric.name} has fewer than {self.datapoints} values of {self.seconds} seconds.",
            **more,
        )
        good = Pass(f"{prefix}the metric is good", **more)
        gate = Choice(f"{prefix}good enough?", **more).when(found["Bad"] > 0, bad)
        return wait >> look >> gate.when(found["Seen"] >= self.datapoints, good).otherwise(unknown)

    def _asked(self) -> dict[str, Any]:
        dimensions = [{"Name": name, "Value": value} for name, value in self.metric.dimensions.items()]
        metric = {"Namespace": self.metric.namespace, "MetricName": self.metric.name, "Dimensions": dimensions}
        return {"Metric": metric, "Period": self.metric.period, "Stat": self.metric.statistic}

    def _counted(self, language: str) -> dict[str, Any]:
        """Return how many values there are, and how many that are too bad."""
        conditions = {"Bad": f"{self.comparison} {self.threshold}", "Seen": ""}
        if language == JSONATA:
            values = "$states.result.MetricDataResults[0].Values"
            return {
                name: jsonata(f"$count({values}{f'[$ {condition}]' if condition else ''})")
                for name, condition in conditions.items()
            }
        values = "$.MetricDataResults[0].Values"
        return {
            f"{name}.$": f"States.ArrayLength({values}{f'[?(@ {condition})]' if condition else ''})"
            for name, condition in conditions.items()
        }
