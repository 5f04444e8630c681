"""A canary: a new model gets a part of the requests first, and a bad one goes back by itself.

    python canary.py MODEL.tar.gz

Deploys a route's model to an endpoint of four instances, then a copy of it that was damaged on the way: it answers
nothing but errors. A quarter of the requests meets it, the endpoint's own metric sets off an alarm, and SageMaker puts
all traffic back on the old model, which has served all along. Ten minutes of baking take no time: the local cloud's
clock jumps. Needs nothing of the rest of the demo.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
from botocore.exceptions import ClientError
from provision import HERE, archive

from stepfunctions.mlops import Canary, DeployModelStep
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Execution, Workflow
from workflow import NAME, Settings

ENDPOINT = f"{NAME}-canary"
ALARM = "flight-delays errors"
SHARE, BAKE = 25, 600
"""Percent of the instances, and seconds that the rest waits for them."""
FLIGHT = {"carrier": "UA", "weekday": 0, "departure": 915, "duration": 180}


class Shop:
    """A local cloud with a bucket, and short ways to say what happens."""

    def __init__(self, cloud: LocalCloud, settings: Settings) -> None:
        self.cloud, self.settings = cloud, settings
        self.s3, self.sagemaker, self.runtime = cloud.clients("s3", "sagemaker", "sagemaker-runtime")
        self.s3.create_bucket(Bucket=settings.bucket)
        self.put("code/training.tar.gz", archive(HERE / "training", ("train.py", "inference.py")))
        cloud.client("cloudwatch").put_metric_alarm(
            AlarmName=ALARM,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=[{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": "AllTraffic"}],
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0.02,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )

    def put(self, key: str, body: bytes) -> str:
        """Store an object; its s3:// address."""
        self.s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body)
        return self.settings.uri(key)

    def begin(self, name: str, model: str) -> Execution:
        """Start the deployment of a model."""
        flow = Workflow(
            f"{NAME}-{name}",
            deployment(self.settings, model),
            self.settings.role("workflow"),
            client=self.cloud.client("stepfunctions"),
        )
        flow.create()
        return flow.execute()

    def ask(self, count: int) -> Counter[str]:
        """Ask the endpoint so many times: answers and errors."""
        told: Counter[str] = Counter()
        body = json.dumps({"instances": [FLIGHT]})
        for _ in range(count):
            try:
                self.runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=body, ContentType="application/json")
                told["answers"] += 1
            except ClientError as error:
                told[error.response["Error"]["Code"]] += 1
        return told

    def shifted(self) -> bool:
        """Whether a part of the requests goes to the new model; the clock goes on while it does not."""
        said = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        variants = said.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
        if any(one.get("StatusMessage", "").startswith(f"{SHARE}%") for one in variants[0].get("VariantStatus", [])):
            return True
        self.cloud.clock.advance(5)
        return False


def deployment(settings: Settings, model: str) -> DeployModelStep:
    """The step that deploys."""
    container = {
        "Image": settings.training_image,
        "ModelDataUrl": model,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": settings.uri("code/training.tar.gz"),
            "SAGEMAKER_REGION": settings.region,
        },
    }
    return DeployModelStep(
        "Deploy",
        ENDPOINT,
        {"ExecutionRoleArn": settings.role("sagemaker"), "PrimaryContainer": container},
        instance_type="ml.m5.large",
        initial_instance_count=4,
        strategy=Canary(SHARE, BAKE),
        alarms=[ALARM],
    )


def damaged(model: bytes) -> bytes:
    """A copy of a model without the list of its carriers, which every prediction needs."""
    with tarfile.open(fileobj=io.BytesIO(model), mode="r:gz") as tar:
        names = {name.removeprefix("./"): name for name in tar.getnames()}
        content = tar.extractfile(names["model.joblib"])
        assert content is not None
        known = joblib.load(io.BytesIO(content.read()))
    del known["carriers"]
    buffer, spoilt = io.BytesIO(), io.BytesIO()
    joblib.dump(known, spoilt)
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.joblib")
        member.size = len(spoilt.getvalue())
        tar.addfile(member, io.BytesIO(spoilt.getvalue()))
    return buffer.getvalue()


def roll_back(model: bytes, say: Callable[[str], Any] = print) -> dict[str, Any]:
    """Deploy a model and then its damaged copy; what was asked and answered, and why the deployment failed."""
    with LocalCloud(clock="jump", durability="memory") as cloud:
        shop = Shop(cloud, Settings())
        good = shop.put("models/good.tar.gz", model)
        shop.begin("good", good).wait(timeout=120, raise_on_failure=True)
        told: dict[str, Any] = {"before": dict(shop.ask(20))}
        say(f"Canary: the model serves: {told['before']}")
        cloud.clock.hold()
        execution = shop.begin("bad", shop.put("models/bad.tar.gz", damaged(model)))
        deadline = time.monotonic() + 60
        while not shop.shifted() and time.monotonic() < deadline:
            pass
        told["shifted"] = dict(shop.ask(80))
        say(f"Canary: a damaged model gets {SHARE} % of the requests: {told['shifted']}")
        cloud.clock.hold(False)
        ended = execution.wait(timeout=120)
        told |= {name: ended.get(name) for name in ("status", "error", "cause")}
        told["after"] = dict(shop.ask(20))
        say(f"Canary: {ended.get('error')}: {ended.get('cause')}")
        say(f"Canary: the old model serves: {told['after']}")
        return told


if __name__ == "__main__":
    roll_back(Path(sys.argv[1]).read_bytes())
