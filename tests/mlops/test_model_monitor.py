"""ModelMonitor: the resources it is written as, in every account and Region, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.deploy.test_stack import findings

from stepfunctions.deploy import Stack, including
from stepfunctions.mlops import Metric, ModelMonitor, OnModelDrift
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/monitor"
GOLDEN = Path(__file__).parent / "golden"
OWN = {"Endpoint": "delays", "MonitoringSchedule": "watch"}
BIAS = {**OWN, "BiasStage": "Post-training", "Label": "late", "LabelValue": "1", "Facet": "carrier", "FacetValue": "AA"}
SHAP = {**OWN, "ExplainabilityMethod": "KernelShap", "Label": "late", "ValueType": "GlobalShapValues"}
ANSWER = {"InferenceAttribute": "0"}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    # kind -> what is measured, and what it needs beside what all need
    "DataQuality": ("distance", {"baseline": "s3://trained-models/baseline/"}),
    "ModelQuality": (
        "rmse",
        {
            "truth": "s3://labels/delays",
            "problem": "Regression",
            "attributes": {**ANSWER, "StartTimeOffset": "-PT2H", "EndTimeOffset": "-PT1H"},
            "baseline": "s3://trained-models/quality",
            "schedule": "cron(0 6 ? * * *)",
            "max_runtime": 7200,
        },
    ),
    "ModelBias": (
        "DPPL",
        {"truth": "s3://labels/delays", "config": "s3://trained-models/bias.json", "dimensions": BIAS},
    ),
    "ModelExplainability": (
        "distance",
        {
            "config": "s3://trained-models/shap.json",
            "dimensions": SHAP,
            "baseline": "s3://trained-models/shap",
            "attributes": ANSWER,
        },
    ),
}


def monitor(kind: str = "DataQuality", **given: Any) -> ModelMonitor:
    common = {"name": "watch", "endpoint": "delays", "role": ROLE, "output": "s3://drift-reports/delays"}
    return ModelMonitor(kind=kind, **{**common, **KINDS.get(str(kind), ("", {}))[1], **given})


def stack(kind: str, **given: Any) -> Stack:
    trigger = OnModelDrift(monitor(kind, **given), feature=KINDS[kind][0], threshold=0.2)
    return Workflow("retrain", Pass("Retrain"), ROLE.replace("monitor", "retrain")).stack(triggers=[trigger])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_written_as_before(kind: str) -> None:
    file = GOLDEN / f"model_monitor-{kind}.yaml"
    made = stack(kind).to_yaml()
    if not file.exists():
        file.write_text(made)
        pytest.fail(f"{file.name} was not there and is written now: read it, and run again")
    assert made == file.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_cfn_lint_finds_nothing(kind: str) -> None:
    found = findings(stack(kind).to_yaml())
    assert [one for one in found if "does not exist in 'cn-north-1'" not in one] == []


def test_it_fits_every_account_and_region() -> None:
    text = stack("DataQuality").to_yaml()
    assert "!FindInMap" in text
    assert "us-east-1.amazonaws" not in text
    assert "123456789012" not in text
    assert {"TrainedModelsBucket", "DriftReportsBucket", "MonitorRole"} <= set(
        stack("DataQuality").template["Parameters"]
    )


def test_two_features_of_one_monitor() -> None:
    watch = monitor()
    triggers = [OnModelDrift(watch, feature=name, threshold=0.2) for name in ("distance", "hour")]
    made = Workflow("retrain", Pass("P"), ROLE).stack(triggers=triggers).template["Resources"]
    kinds = sorted(one["Type"].rpartition("::")[2] for one in made.values())
    assert [kinds.count(name) for name in ("MonitoringSchedule", "DataQualityJobDefinition", "Alarm", "Rule")] == [
        *(1, 1),
        *(2, 2),
    ]


def test_two_monitors_of_one_name() -> None:
    triggers = [
        OnModelDrift(monitor(output=f"s3://{bucket}"), feature="hour", threshold=1) for bucket in ("one", "two")
    ]
    with pytest.raises(ValueError, match="Two triggers make WatchDefinition, each another"):
        Workflow("retrain", Pass("P"), ROLE).stack(triggers=triggers)


def test_the_metrics() -> None:
    metric = monitor().metric("distance")
    assert metric == Metric.of_model_monitor("delays", "watch", "distance")
    assert (metric.namespace, metric.name, metric.statistic, metric.period) == (
        "aws/sagemaker/Endpoints/data-metrics",
        "feature_baseline_drift_distance",
        "Sum",
        3600,
    )
    found = {kind: monitor(kind).metric(feature) for kind, (feature, _) in KINDS.items()}
    assert (found["ModelQuality"].namespace, found["ModelQuality"].name) == (
        "aws/sagemaker/Endpoints/model-metrics",
        "rmse",
    )
    assert (found["ModelBias"].name, found["ModelBias"].dimensions) == ("bias_metric_DPPL", BIAS)
    assert found["ModelExplainability"].name == "feature_distance"


def test_namespace_and_dimensions_are_yours() -> None:
    named = {"EndpointName": "delays", "ScheduleName": "watch"}
    given = monitor(namespace="/aws/sagemaker/Endpoints/data-metric", dimensions=named).metric("distance")
    assert (given.namespace, given.dimensions) == ("/aws/sagemaker/Endpoints/data-metric", named)


def test_the_schedule_without_a_trigger() -> None:
    plain = Workflow("retrain", Pass("P"), ROLE).stack()
    template = including(plain, resources=monitor().resources()).template
    assert {"WatchDefinition", "WatchSchedule"} <= set(template["Resources"])
    assert template["Resources"]["WatchSchedule"]["Properties"]["MonitoringScheduleName"] == "watch"


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("Quality", {}, "ModelMonitor.kind is 'Quality': write one of DataQuality, ModelQuality"),
        ("DataQuality", {"name": "a b"}, "ModelMonitor.name is 'a b': write 1 to 63 letters"),
        ("DataQuality", {"name": "x" * 64}, "ModelMonitor.name"),
        ("DataQuality", {"endpoint": None}, "ModelMonitor.endpoint is None"),
        ("DataQuality", {"role": "monitor"}, "write an ARN"),
        ("DataQuality", {"output": "drift"}, "ModelMonitor.output is 'drift': write an address such as 's3://"),
        ("DataQuality", {"output": None}, "ModelMonitor.output is needed for DataQuality"),
        ("DataQuality", {"baseline": "file:///b"}, "ModelMonitor.baseline is 'file:///b'"),
        ("DataQuality", {"truth": "s3://labels"}, "ModelMonitor.truth is not for DataQuality"),
        ("DataQuality", {"schedule": "rate(1 hour)"}, r"write cron\(0 \* \? \* \* \*\)"),
        ("DataQuality", {"schedule": "NOW"}, "ModelMonitor.schedule is 'NOW'"),
        ("DataQuality", {"schedule": None}, "ModelMonitor.schedule is None"),
        ("DataQuality", {"max_runtime": 3601}, "ModelMonitor.max_runtime is 3601, but must be 1 to 3600"),
        ("DataQuality", {"instance_type": "m5.large"}, "write a type such as 'ml.m5.xlarge'"),
        ("DataQuality", {"attributes": ANSWER}, "'InferenceAttribute': write for DataQuality of ExcludeFeatures"),
        ("DataQuality", {"attributes": None}, "ModelMonitor.attributes is None: write a dict"),
        (
            "ModelQuality",
            {"attributes": {"InferenceAttribute": 0}},
            r"attributes\['InferenceAttribute'\] is 0: write a text",
        ),
        ("ModelBias", {"attributes": {"ProbabilityThresholdAttribute": "0.5"}}, "is '0.5': write a number"),
        ("ModelQuality", {"problem": None}, "ModelMonitor.problem is needed for ModelQuality"),
        ("ModelQuality", {"problem": "Ranking"}, "ModelMonitor.problem is 'Ranking'"),
        ("ModelQuality", {"truth": None}, "ModelMonitor.truth is needed"),
        ("ModelQuality", {"attributes": {}}, "needs an InferenceAttribute or a ProbabilityAttribute"),
        ("ModelBias", {"config": None}, "ModelMonitor.config is needed"),
        ("ModelBias", {"max_runtime": 3600}, "must be 1 to 1800"),
    ],
)
def test_what_is_wrong_is_told(kind: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        monitor(kind, **given)


def test_what_is_wrong_with_a_metric_is_told() -> None:
    with pytest.raises(ValueError, match="'watch' has no metric of all features: name one"):
        OnModelDrift(monitor(), threshold=0.2)
    with pytest.raises(ValueError, match="more dimensions: give Endpoint, MonitoringSchedule, BiasStage, Label"):
        monitor("ModelBias", dimensions=None).metric("DPPL")
    with pytest.raises(ValueError, match=r"ModelMonitor.kind is \['DataQuality'\]"):
        monitor(["DataQuality"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="kind is 'Bias', but must be one of DataQuality"):
        Metric.of_model_monitor("delays", "watch", "DPPL", kind="Bias")


def test_an_image_of_another_region_is_told() -> None:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    trigger = OnModelDrift(monitor(), feature="distance", threshold=0.2)
    with pytest.raises(ValueError, match="of us-east-1; give that of eu-west-1, which 468650794304 has"):
        trigger.prepare(session.client)
