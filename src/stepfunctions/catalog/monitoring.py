"""SageMaker Model Monitor: its four kinds of monitoring, and the schedules it takes.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NOW = "NOW"
EXPRESSION = re.compile(r"cron\(0 (\*|([01]?\d|2[0-3])(/(0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)")
"""Each hour, each day at an hour, or each n hours from an hour on. NOW beside it is once.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html
"""


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """One kind. ``name`` is how the members of its requests begin, ``kind`` its part of ARNs.

    ``image``: AWS's own for it, in us-east-1. ``namespace``, ``metric`` (with ``{}`` for what is measured) and
    ``statistic``: of its metrics in CloudWatch; ``dimensions``: what they have beside Endpoint and MonitoringSchedule.
    ``baseline``: what a baseline is made of, and its file; ``attributes``: what it is told of the captured data.
    ``truth``, ``config`` and ``problem``: whether it takes labels, an analysis configuration, a type of problem.
    ``longest``: seconds that a job of an hourly schedule may take.

    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift-cw.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-feature-attribute-drift-cw.html
    """

    name: str
    kind: str
    image: str
    namespace: str
    metric: str
    statistic: str
    baseline: tuple[tuple[str, str], ...]
    attributes: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    truth: bool = False
    config: bool = False
    problem: bool = False
    longest: int


_HOUR = 3600
_ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
_CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
_ENDPOINTS = "aws/sagemaker/Endpoints"
_CONSTRAINTS, _ANALYSIS = ("ConstraintsResource", "constraints.json"), ("ConstraintsResource", "analysis.json")
_ANSWERS = ("InferenceAttribute", "ProbabilityAttribute")
_MERGED = ("ProbabilityThresholdAttribute", "StartTimeOffset", "EndTimeOffset")
KINDS: Mapping[str, Monitoring] = MappingProxyType(
    {
        one.name: one
        for one in (
            Monitoring(
                name="DataQuality",
                kind="data-quality-job-definition",
                image=_ANALYZER,
                namespace=f"{_ENDPOINTS}/data-metrics",
                metric="feature_baseline_drift_{}",
                statistic="Sum",
                baseline=(_CONSTRAINTS, ("StatisticsResource", "statistics.json")),
                attributes=("ExcludeFeaturesAttribute",),
                longest=_HOUR,
            ),
            Monitoring(
                name="ModelQuality",
                kind="model-quality-job-definition",
                image=_ANALYZER,
                namespace=f"{_ENDPOINTS}/model-metrics",
                metric="{}",
                statistic="Average",
                baseline=(_CONSTRAINTS,),
                attributes=(*_ANSWERS, *_MERGED),
                truth=True,
                problem=True,
                longest=_HOUR // 2,
            ),
            Monitoring(
                name="ModelBias",
                kind="model-bias-job-definition",
                image=_CLARIFY,
                namespace=f"{_ENDPOINTS}/bias-metrics",
                metric="bias_metric_{}",
                statistic="Average",
                baseline=(_ANALYSIS,),
                attributes=("FeaturesAttribute", *_ANSWERS, *_MERGED),
                dimensions=("BiasStage", "Label", "LabelValue", "Facet", "FacetValue"),
                truth=True,
                config=True,
                longest=_HOUR // 2,
            ),
            Monitoring(
                name="ModelExplainability",
                kind="model-explainability-job-definition",
                image=_CLARIFY,
                namespace=f"{_ENDPOINTS}/explainability-metrics",
                metric="feature_{}",
                statistic="Average",
                baseline=(_ANALYSIS,),
                attributes=("FeaturesAttribute", *_ANSWERS),
                dimensions=("ExplainabilityMethod", "Label", "ValueType"),
                config=True,
                longest=_HOUR,
            ),
        )
    }
)
PROBLEMS = ("BinaryClassification", "MulticlassClassification", "Regression")
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelQualityAppSpecification.html"""
