"""Data drift, and it is noticed: by what an endpoint really captured, by a metric, by the retraining it starts."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest
from tests.local.server.test_shifting import IMAGE, ROLE, Endpoints

from stepfunctions.mlops import Baseline, Captured, Dataset, DriftMonitor, EventField, OnModelDrift, Truth
from stepfunctions.steps import Choice, Map, Pass
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

pytestmark = pytest.mark.local

MODEL = """
def model_fn(folder): return None
def input_fn(body, content_type): return float(body.split(",")[0])
def predict_fn(hour, model): return hour * 2
def output_fn(prediction, accept): return str(prediction), "text/csv"
"""
FEATURES = ("hour", "carrier")
ON_DRIFT = EventField("$.detail.alarmName")


class Monitored:
    """A bucket, clients, and short ways to say what the tests say often."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.session = boto3.Session("test", "test", region_name="us-east-1")
        self.s3 = cloud.client("s3")
        self.s3.create_bucket(Bucket="drift")
        self.endpoints = Endpoints(cloud)

    def keep(self, baseline: Baseline, folder: Path, prefix: str) -> str:
        for path in baseline.save(folder).iterdir():
            self.s3.upload_file(str(path), "drift", f"{prefix}/{path.name}")
        return f"s3://drift/{prefix}"

    def serve(self, name: str) -> None:
        """An endpoint that captures everything it is asked."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(MODEL)
            tar.addfile(member, io.BytesIO(MODEL.encode()))
        self.s3.put_object(Bucket="drift", Key=f"{name}.tar.gz", Body=buffer.getvalue())
        sagemaker = self.endpoints.sagemaker
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://drift/{name}.tar.gz"}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[variant],
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://drift/captured",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            },
        )
        self.endpoints.create(name, name)

    def ask(self, name: str, data: pd.DataFrame, first: int) -> None:
        """Ask about every row, then wait until the cloud has written what it captured."""
        client = self.endpoints.clients[0]
        for number, (hour, carrier) in enumerate(zip(data["hour"], data["carrier"], strict=True), first):
            body = f"{hour},{carrier}".encode()
            client.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv", InferenceId=str(number))
        self.cloud.clock.advance(120)

    def run(self, flow: Workflow, **more: Any) -> Any:
        return flow.execute(**more).get_output(wait=True, timeout=60, raise_on_failure=True)


@pytest.fixture(scope="module")
def monitored() -> Iterator[Monitored]:
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        yield Monitored(cloud)


def flights(seed: int, rows: int, *, late: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    hours = random.integers(15, 24, rows) if late else random.integers(6, 24, rows)
    return pd.DataFrame({"hour": hours, "carrier": random.choice(["UA", "AA"], rows)})


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_what_an_endpoint_is_asked_drifts_and_starts_the_retraining_once(
    monitored: Monitored, tmp_path: Path, language: str
) -> None:
    spoken: Any = {"query_language": language} if language == "JSONata" else {}
    name = f"hours-{language.lower()}"
    trained = flights(1, 2000).assign(said=lambda data: data["hour"] * 2.0, came=lambda data: data["hour"] * 2.0 + 1)
    made = Baseline.of(trained, name, prediction="said", label="came", minimum_count=60)
    truth = pd.DataFrame({"EventId": range(160), "came": 0.0})
    monitored.s3.put_object(Bucket="drift", Key=f"truth/{name}/1.csv", Body=truth.to_csv(index=False).encode())
    monitor = DriftMonitor(
        name,
        source=Captured(uri=f"s3://drift/captured/{name}/all", hours=2),
        baseline=monitored.keep(made, tmp_path, f"baseline/{name}"),
        output="s3://drift/reports",
        role=ROLE,
        truth=Truth(label="came", key="EventId", uri=f"s3://drift/truth/{name}/"),
    )
    client = monitored.cloud.client("stepfunctions")
    look = Workflow(f"look-{name}", monitor.step(**spoken), ROLE, client=client, **spoken)
    assert [one.action for one in look.provision(session=monitored.session)] == ["created"]
    assert [one.action for one in look.provision(session=monitored.session)] == ["unchanged"]
    look.create()
    retrain = Workflow(f"retrain-{name}", Pass("Retrain"), ROLE, client=client)
    retrain.create()
    retrain.triggers(OnModelDrift(monitor, threshold=1, input={"why": ON_DRIFT}), session=monitored.session)

    monitored.serve(name)
    monitored.ask(name, flights(2, 80), 0)
    found = monitored.run(look, name="still")
    assert (found["Models"], found["Rows"], found["BadLines"]) == (1, 80, 0)
    report = json.loads(monitored.s3.get_object(Bucket="drift", Key=f"reports/{name}/still/report.json")["Body"].read())
    features = report["Models"][name]["Features"]
    assert all(feature["Drift"] < 1 for feature in features.values())
    assert report["Models"][name]["Quality"]["Now"]["Count"] == 80
    assert found["Drifted"] == 1, "the truth is far from what is said, which the data alone do not tell"

    none = truth.iloc[:0].to_csv(index=False).encode()
    monitored.s3.put_object(Bucket="drift", Key=f"truth/{name}/1.csv", Body=none)
    monitored.cloud.clock.advance(1800)
    assert monitored.run(look, name="again")["Drifted"] == 0
    monitored.cloud.clock.advance(1800)
    before = len(retrain.list_executions())

    monitored.cloud.clock.advance(4 * 3600)
    monitored.ask(name, flights(3, 80, late=True), 80)
    moved = monitored.run(look, name="moved")
    assert (moved["Drifted"], moved["Rows"]) == (1, 80)
    assert moved["Drift"] > 1
    assert moved["Report"] == f"s3://drift/reports/{name}/moved/report.html"
    for _ in range(3):
        monitored.cloud.clock.advance(300)
    monitored.endpoints.until(lambda: len(retrain.list_executions()) == before + 1)
    started = retrain.list_executions()[0]
    assert "DriftMetric" in started.get_input()["why"] or name in started.get_input()["why"]


def test_of_a_fleet_only_the_model_that_drifted_is_retrained(monitored: Monitored) -> None:
    def fleet(seed: int, rows: int, late: str | None) -> pd.DataFrame:
        parts = [flights(seed + at, rows, late=route == late).assign(route=route) for at, route in enumerate("ABC")]
        return pd.concat(parts)

    monitor = DriftMonitor(
        "fleet",
        source=Dataset(uri="s3://drift/fleet/week-7.csv", by="route"),
        baseline="s3://drift/baselines/",
        output="s3://drift/reports",
        role=ROLE,
        namespace="Fleet",
    )
    for key, data in (("trained/week-6.csv", fleet(1, 500, None)), ("fleet/week-7.csv", fleet(9, 200, "B"))):
        monitored.s3.put_object(Bucket="drift", Key=key, Body=data.to_csv(index=False).encode())
    client = monitored.cloud.client("stepfunctions")
    keep = Workflow("keep", monitor.baseline_step("Keep the baselines", "s3://drift/trained/"), ROLE, client=client)
    keep.provision(session=monitored.session)
    keep.create()
    monitored.run(keep, name="week-6")
    made = monitored.s3.get_object(Bucket="drift", Key="baselines/week-6/statistics.json")["Body"].read()
    assert sorted(json.loads(made)["Models"]) == ["A", "B", "C"]
    look = monitor.step(result_path="$.Drift")
    retrain = Map(
        "Retrain",
        distributed=True,
        item_reader=monitor.drifted(),
        item_processor=Pass("Train", parameters={"Model.$": "$.Model"}),
    )
    decide = Choice("Any?").when(look.output()["Drift"]["Drifted"] > 0, retrain).otherwise(Pass("Nothing"))
    flow = Workflow("fleet", look >> decide, ROLE, client=client)
    flow.provision(session=monitored.session)
    flow.create()
    assert monitored.run(flow, inputs={}, name="week-7") == [{"Model": "B"}]
    cloudwatch = monitored.cloud.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace="Fleet", MetricName="Drift")["Metrics"]
    models = [{one["Name"]: one["Value"] for one in metric["Dimensions"]}.get("Model") for metric in metrics]
    assert sorted(models, key=str) == ["A", "B", "C", None]
