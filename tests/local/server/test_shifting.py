"""Endpoints under load while their traffic shifts: no request fails, the split is the policy's, a bad model goes back.

The old and the new model answer their own name, and the clients count the answers. The clock is held: bakes take as
long as the load does.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
MODEL = """
import time
def model_fn(folder): return {name!r}
def input_fn(body, content_type): return body
def predict_fn(body, model):
    time.sleep(2 if body == "long" else {seconds})
    if {broken}: raise ValueError("this model is broken")
    return model
"""
PERCENT, COUNT = "CAPACITY_PERCENT", "INSTANCE_COUNT"
BAKE = 600
THREADS = 4


def routed(kind: str, termination: int = 0, **sizes: tuple[str, int]) -> dict[str, Any]:
    given = {name: {"Type": of, "Value": value} for name, (of, value) in sizes.items()}
    routing = {"Type": kind, "WaitIntervalInSeconds": 0 if kind == "ALL_AT_ONCE" else BAKE, **given}
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": termination}
    return {"BlueGreenUpdatePolicy": policy}


STRATEGIES: dict[str, tuple[int, dict[str, Any], list[float]]] = {
    # instances, DeploymentConfig, the new fleet's shares
    "all-at-once": (1, routed("ALL_AT_ONCE", termination=BAKE), [1.0]),
    "canary": (10, routed("CANARY", termination=BAKE, CanarySize=(PERCENT, 10)), [0.1, 1.0]),
    "linear": (3, routed("LINEAR", LinearStepSize=(COUNT, 1)), [1 / 3, 2 / 3, 1.0]),
    "rolling": (
        2,
        {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": PERCENT, "Value": 50},
                "WaitIntervalInSeconds": BAKE,
            }
        },
        [0.5, 1.0],
    ),
}


class Endpoints:
    """Short ways to say what the tests say often."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.sagemaker, self.s3, self.cloudwatch = cloud.clients("sagemaker", "s3", "cloudwatch")
        self.clients = [cloud.client("sagemaker-runtime") for _ in range(THREADS)]
        self.s3.create_bucket(Bucket="models")

    def config(self, name: str, *, instances: int = 1, seconds: float = 0, broken: bool = False) -> str:
        """A model that answers its name, and an endpoint configuration of it."""
        buffer = io.BytesIO()
        script = MODEL.format(name=name, seconds=seconds, broken=broken).encode()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(script)
            tar.addfile(member, io.BytesIO(script))
        self.s3.put_object(Bucket="models", Key=f"{name}.tar.gz", Body=buffer.getvalue())
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{name}.tar.gz"}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": instances}]
        )
        return name

    def create(self, endpoint: str, config: str) -> None:
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        self.until(lambda: self.status(endpoint) == "InService")

    def status(self, endpoint: str) -> str:
        return str(self.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])

    def message(self, endpoint: str) -> str:
        """What DescribeEndpoint says of the new variant."""
        said = self.sagemaker.describe_endpoint(EndpointName=endpoint)
        pending = said.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
        return str(pending[0].get("VariantStatus", [{}])[0].get("StatusMessage", ""))

    def until_message(self, endpoint: str, text: str) -> None:
        self.until(lambda: self.message(endpoint) == text)

    def ask(self, endpoint: str, body: bytes = b"x", client: int = 0) -> str:
        answer = self.clients[client].invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain")
        return str(json.loads(answer["Body"].read()))

    def load(self, endpoint: str, count: int) -> Counter[str]:
        """Ask so many times from several clients; the answers by what they say, refusals by their code."""
        answers: Counter[str] = Counter()

        def some(client: int) -> None:
            for _ in range(count // THREADS):
                try:
                    answers[self.ask(endpoint, client=client)] += 1
                except ClientError as error:
                    answers[error.response["Error"]["Code"]] += 1

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(some, range(THREADS)))
        return answers

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 100
        while not condition():
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)

    def alarm(self, name: str, endpoint: str, metric: str, threshold: float) -> dict[str, Any]:
        """Make an alarm on the endpoint's own metric; returns the part of a DeploymentConfig that names it."""
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "all"}],
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
        return {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        yield Endpoints(cloud)


def within(new: int, total: int, share: float) -> bool:
    """Tell whether a count is within three standard deviations of a binomial distribution."""
    return abs(new - total * share) <= 3 * math.sqrt(total * share * (1 - share))


def shift(endpoints: Endpoints, strategy: str, requests: int) -> None:
    instances, config, shares = STRATEGIES[strategy]
    name = f"{strategy}-{requests}"
    old, new = (endpoints.config(f"{name}-{which}", instances=instances) for which in ("old", "new"))
    endpoints.create(name, old)
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=config)
    with ThreadPoolExecutor(8) as pool:
        for share in shares:
            endpoints.until_message(name, f"{share:.0%} of the traffic goes to the new fleet")
            answers = endpoints.load(name, requests)
            assert answers.total() == answers[old] + answers[new] == requests, answers
            assert within(answers[new], requests, share), (share, answers)
            left = _due(endpoints, name)
            endpoints.cloud.clock.advance(left - 1)
            slow = [pool.submit(endpoints.ask, name, b"long", number % THREADS) for number in range(8)]
            assert {one.result() for one in slow} <= {old, new}
    endpoints.until(lambda: endpoints.status(name) == "InService")
    said = endpoints.sagemaker.describe_endpoint(EndpointName=name)
    assert said["EndpointConfigName"] == new
    assert said["LastDeploymentConfig"] == config
    assert "PendingDeploymentSummary" not in said
    assert endpoints.load(name, 40) == {new: 40}


def _due(endpoints: Endpoints, name: str) -> float:
    """How many seconds the stage that is on has left."""
    said = endpoints.sagemaker.describe_endpoint(EndpointName=name)
    [status] = said["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"]
    assert status["Status"] == "Baking"
    passed: float = (endpoints.cloud.clock.now() - status["StartTime"]).total_seconds()
    return BAKE - passed


@pytest.mark.parametrize(
    ("requests", "name"),
    [(400, "canary"), (400, "linear"), *(pytest.param(2_000, name, marks=pytest.mark.heavy) for name in STRATEGIES)],
)
def test_traffic_shifts_by_the_policy_and_no_request_fails(endpoints: Endpoints, name: str, requests: int) -> None:
    shift(endpoints, name, requests)


BAD: dict[str, tuple[dict[str, Any], str, float]] = {
    "errors": ({"broken": True}, "Invocation5XXErrors", 0.02),
    "latency": ({"seconds": 0.3}, "ModelLatency", 20_000),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_model_trips_the_alarm_and_is_rolled_back(endpoints: Endpoints, kind: str) -> None:
    bad, metric, threshold = BAD[kind]
    old, new = endpoints.config(f"{kind}-old", instances=2), endpoints.config(f"{kind}-new", instances=2, **bad)
    endpoints.create(kind, old)
    alarm = endpoints.alarm(f"{kind} of the new model", kind, metric, threshold)
    endpoints.load(kind, 40)
    canary = routed("CANARY", CanarySize=(COUNT, 1))
    endpoints.sagemaker.update_endpoint(EndpointName=kind, EndpointConfigName=new, DeploymentConfig={**canary, **alarm})
    endpoints.until(lambda: endpoints.message(kind).startswith("50%"))
    answers = endpoints.load(kind, 80)
    assert answers[old] > 0
    assert answers[new if kind == "latency" else "ModelError"] > 0
    endpoints.cloud.clock.advance(180)
    endpoints.until(lambda: endpoints.status(kind) == "InService")
    said = endpoints.sagemaker.describe_endpoint(EndpointName=kind)
    assert said["EndpointConfigName"] == old
    assert (
        said["FailureReason"]
        == f"The deployment was rolled back: the alarm {kind} of the new model is in the state ALARM."
    )
    assert endpoints.load(kind, 40) == {old: 40}
    [state] = endpoints.cloudwatch.describe_alarms(AlarmNames=[f"{kind} of the new model"])["MetricAlarms"]
    assert metric in state["MetricName"]


def test_what_cannot_be_begun_is_refused_and_nothing_changes(endpoints: Endpoints) -> None:
    name, old, new = (
        "careful",
        endpoints.config("careful-old", instances=2),
        endpoints.config("careful-new", instances=2),
    )
    endpoints.create(name, old)

    def refused(message: str, **request: Any) -> None:
        with pytest.raises(ClientError, match=message):
            endpoints.sagemaker.update_endpoint(EndpointName=name, **{"EndpointConfigName": new, **request})

    gone = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nowhere"}]}}
    refused("alarm nowhere of AutoRollbackConfiguration does not exist", DeploymentConfig=gone)
    refused("CanarySize must be at most 50 percent", DeploymentConfig=routed("CANARY", CanarySize=(COUNT, 2)))
    refused("Could not find endpoint configuration", EndpointConfigName="none")
    linear = routed("LINEAR", LinearStepSize=(PERCENT, 50))
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=linear)
    refused("Cannot update in-progress endpoint")
    assert endpoints.load(name, 40).keys() <= {old, new}
    endpoints.cloud.clock.advance(2 * BAKE + 20)
    endpoints.until(lambda: endpoints.status(name) == "InService")
    assert endpoints.sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"] == new
