"""SageMaker Model Monitor: AWS's own monitoring of an endpoint, as one more source of drift.

Closed to new customers; :class:`~stepfunctions.mlops.DriftMonitor` is for everybody.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-availability-change.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.catalog.images import Image
from stepfunctions.catalog.monitoring import EXPRESSION, KINDS, PROBLEMS, Monitoring
from stepfunctions.deploy.event_triggers import Metric, OnAlarm
from stepfunctions.deploy.parts import Context
from stepfunctions.deploy.placeholders import camel
from stepfunctions.deploy.triggers import whole_number
from stepfunctions.steps.code.declared import check_role

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_FOLDER = re.compile(r"s3://[a-z0-9][a-z0-9.-]*(/.*)?")
_ROOT = "/opt/ml/processing"
_HOURLY = "cron(0 * ? * * *)"
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class ModelMonitor:
    """A schedule of SageMaker Model Monitor on an endpoint, and its job definition.

    ``OnModelDrift(monitor, feature=…, threshold=…)`` makes both beside the alarm and the rule. The account must be one
    that AWS lets use Model Monitor: it is closed to new customers.

    ``name``: of the schedule. ``kind``: DataQuality, ModelQuality, ModelBias or ModelExplainability. ``endpoint``: its
    name; it must be there, and capture data. ``role``: the ARN of the jobs' role. ``output``: where reports go,
    ``s3://bucket/prefix``. ``baseline``: where ``constraints.json`` and ``statistics.json`` are, of bias and
    explainability ``analysis.json``. ``schedule``: ``cron(0 * ? * * *)`` (each hour), ``cron(0 6 ? * * *)`` (each day)
    or ``cron(0 0/6 ? * * *)``, UTC. ``truth``: where labels are (ModelQuality, ModelBias). ``config``: the analysis
    configuration (ModelBias, ModelExplainability). ``problem``: Regression, BinaryClassification or
    MulticlassClassification (ModelQuality). ``attributes``: where in the captured data is what, by AWS's names,
    such as ``{"InferenceAttribute": "0"}``. ``image``: by default AWS's own in us-east-1, which a stack replaces by
    that of its Region. ``max_runtime``: seconds of a job. ``namespace`` and ``dimensions``: of the metrics, when they
    are not :meth:`Metric.of_model_monitor`'s.

    Raises ValueError that names the argument.
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html
    """

    name: str
    endpoint: str
    role: str
    output: str
    kind: str = "DataQuality"
    baseline: str | None = None
    schedule: str = _HOURLY
    truth: str | None = None
    config: str | None = None
    problem: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    image: str = ""
    instance_type: str = "ml.m5.xlarge"
    max_runtime: int | None = None
    namespace: str | None = None
    dimensions: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in [*KINDS]:
            raise _wrong("kind", self.kind, f"one of {', '.join(KINDS)}")
        if not self.image:
            object.__setattr__(self, "image", self._monitoring.image)
        for name in ("name", "endpoint"):
            _check(name, getattr(self, name), _NAME, "1 to 63 letters, digits and hyphens")
        check_role("ModelMonitor", "role", self.role)
        _check("schedule", self.schedule, EXPRESSION, "cron(0 * ? * * *), cron(0 H ? * * *) or cron(0 H/N ? * * *)")
        hourly = self.schedule == _HOURLY
        whole_number("ModelMonitor.max_runtime", self.max_runtime, 1, self._monitoring.longest if hourly else _DAY)
        _check("instance_type", self.instance_type, re.compile(r"ml\.\w+\.\w+"), "a type such as 'ml.m5.xlarge'")
        self._check_of_kind(self._monitoring)

    def _check_of_kind(self, known: Monitoring) -> None:
        wanted = {"truth": known.truth, "config": known.config, "problem": known.problem, "output": True}
        for name, needed in wanted.items():
            if (getattr(self, name) is not None) != needed:
                raise ValueError(f"ModelMonitor.{name} is {'needed' if needed else 'not'} for {self.kind}.")
        if self.problem is not None and self.problem not in PROBLEMS:
            raise _wrong("problem", self.problem, f"one of {', '.join(PROBLEMS)}")
        for name in ("output", "baseline", "truth", "config"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), _FOLDER, "an address such as 's3://bucket/prefix'")
        if not isinstance(self.attributes, Mapping):
            raise _wrong("attributes", self.attributes, "a dict, such as {'InferenceAttribute': '0'}")
        for name, value in self.attributes.items():
            if name not in known.attributes:
                raise _wrong("attributes", name, f"for {self.kind} of {', '.join(known.attributes)}")
            kind = float if name == "ProbabilityThresholdAttribute" else str
            if type(value) is not kind:
                raise _wrong(f"attributes['{name}']", value, "a number" if kind is float else "a text")
        if known.problem and not {"InferenceAttribute", "ProbabilityAttribute"} & set(self.attributes):
            raise ValueError("ModelMonitor.attributes needs an InferenceAttribute or a ProbabilityAttribute.")

    @property
    def _monitoring(self) -> Monitoring:
        return KINDS[self.kind]

    def metric(self, feature: str | None) -> Metric:
        """Return the metric of a feature; of ModelQuality of a measure such as ``rmse``, of ModelBias ``DPPL`` or so.

        Raises ValueError without a feature, and when a kind's metrics have dimensions that only you know.
        """
        if not feature:
            raise ValueError(f"ModelMonitor '{self.name}' has no metric of all features: name one.")
        return Metric.of_model_monitor(
            self.endpoint,
            self.name,
            feature,
            kind=self.kind,
            namespace=self.namespace,
            dimensions=self.dimensions,
        )

    def trigger(self, **alarm: Any) -> OnAlarm:
        """Return what starts executions by an alarm of this monitor, and makes the monitor: see ``OnModelDrift``."""
        return _Monitored(monitor=self, **alarm)

    def resources(self, value: Callable[[Any], Any] = lambda given: given) -> dict[str, Any]:
        """Return the job definition and the schedule, by their logical ids, for a template.

        ``value`` makes what is of one account into what fits every account.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-monitoringschedule.html
        """
        definition = f"{camel(self.name)}Definition"
        name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": definition}]}]}
        config = {
            "MonitoringJobDefinitionName": name,
            "MonitoringType": self.kind,
            "ScheduleConfig": {"ScheduleExpression": self.schedule},
        }
        schedule = {"MonitoringScheduleName": self.name, "MonitoringScheduleConfig": config}
        return {
            definition: {"Type": f"AWS::SageMaker::{self.kind}JobDefinition", "Properties": value(self._definition())},
            f"{camel(self.name)}Schedule": {"Type": "AWS::SageMaker::MonitoringSchedule", "Properties": schedule},
        }

    def _definition(self) -> dict[str, Any]:
        """Return the members of a job definition's request; it has no name, so that a changed one can replace it."""
        given = {"EndpointName": self.endpoint, "LocalPath": f"{_ROOT}/input/endpoint", **self.attributes}
        written = {"S3Uri": self.output, "LocalPath": f"{_ROOT}/output", "S3UploadMode": "EndOfJob"}
        application: dict[str, Any] = {"ImageUri": self.image, "ConfigUri": self.config, "ProblemType": self.problem}
        application["Environment"] = {"publish_cloudwatch_metrics": "Enabled"}
        baseline = (self.baseline or "").rstrip("/")
        files = {member: {"S3Uri": f"{baseline}/{file}"} for member, file in self._monitoring.baseline}
        cluster = {"InstanceCount": 1, "InstanceType": self.instance_type, "VolumeSizeInGB": 30}
        found = {
            "AppSpecification": {member: one for member, one in application.items() if one is not None},
            "BaselineConfig": files if baseline else None,
            "JobInput": {
                "EndpointInput": given,
                **({} if self.truth is None else {"GroundTruthS3Input": {"S3Uri": self.truth}}),
            },
            "JobOutputConfig": {"MonitoringOutputs": [{"S3Output": written}]},
        }
        return {
            **{f"{self.kind}{member}": one for member, one in found.items() if one is not None},
            "JobResources": {"ClusterConfig": cluster},
            "RoleArn": self.role,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime or self._monitoring.longest},
        }


@dataclass(frozen=True, kw_only=True)
class _Monitored(OnAlarm):
    """An alarm of a metric, beside the monitor that puts the metric."""

    monitor: ModelMonitor

    def prepare(self, client: Callable[[str], Any]) -> None:
        """Look whether the endpoint is there and captures, and whether the image is of this Region."""
        from botocore.exceptions import ClientError

        super().prepare(client)
        sagemaker, name = client("sagemaker"), self.monitor.endpoint
        region = sagemaker.meta.region_name
        image = Image.parse(self.monitor.image)
        if image is not None and image.registry is not None and image.region != region:
            account = image.registry.get(region, "no account")
            raise ValueError(f"ModelMonitor.image is of {image.region}; give that of {region}, which {account} has.")
        try:
            found = sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            raise ValueError(f"ModelMonitor: there is no endpoint '{name}'. Make it first.") from None
        if not found.get("DataCaptureConfig", {}).get("EnableCapture"):
            raise ValueError(f"ModelMonitor: endpoint '{name}' does not capture data: give it a DataCaptureConfig.")

    def resources(self, logical: str, target: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return the rule, the alarm, the schedule and the job definition."""
        return {**super().resources(logical, target, context), **self.monitor.resources(context.value)}


def _check(what: str, value: Any, pattern: re.Pattern[str], words: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _wrong(what, value, words)


def _wrong(what: str, value: Any, words: str) -> ValueError:
    return ValueError(f"ModelMonitor.{what} is {value!r}: write {words}.")
