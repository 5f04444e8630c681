from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
TRAIN = """
import argparse, os
import joblib
import pandas as pd
from sklearn.linear_model import LinearRegression

parser = argparse.ArgumentParser()
parser.add_argument("--scale", type=float, default=1.0)
scale = parser.parse_args().scale
data = pd.read_csv(os.path.join(os.environ["SM_CHANNEL_TRAINING"], "data.csv"))
model = LinearRegression().fit(data[["x"]].to_numpy(), data["y"] * scale)
joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
print("mae=0.5;")
print("mae=0.25;")
"""
INFERENCE = """
import os, joblib
def model_fn(folder):
    return joblib.load(os.path.join(folder, "model.joblib"))
"""


def archive(files: Mapping[str, bytes | str]) -> bytes:
    """A .tar.gz of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class SageMaker:
    """A cloud with a bucket of data and code, and short ways to say what tests say often."""

    image, role = IMAGE, ROLE

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        if not any(bucket["Name"] == "bucket" for bucket in cloud.call("s3", "ListBuckets", {}).get("Buckets", [])):
            cloud.call("s3", "CreateBucket", {"Bucket": "bucket"})
            self.put("in/data.csv", "x,y\n1,2\n2,4\n3,6\n")
            self.put("code.tar.gz", archive({"train.py": TRAIN, "inference.py": INFERENCE}))

    def __call__(
        self, operation: str, *, token: str | None = None, service: str = "sagemaker", **request: Any
    ) -> dict[str, Any]:
        return self.cloud.call(service, operation, request, token=token)

    def put(self, key: str, content: bytes | str) -> None:
        self.cloud.service("s3").objects.put_bytes(
            "bucket", key, content.encode() if isinstance(content, str) else content
        )

    def get(self, key: str) -> bytes:
        with self.cloud.service("s3").objects.open("bucket", key) as file:
            return bytes(file.read())

    def members(self, key: str) -> dict[str, bytes]:
        """The files of an archive in the bucket."""
        with tarfile.open(fileobj=io.BytesIO(self.get(key))) as tar:
            return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar if one.isfile()}

    def request(
        self,
        name: str,
        *,
        script: str | None = None,
        hyperparameters: Mapping[str, str] | None = None,
        seconds: int = 60,
        **fields: Any,
    ) -> dict[str, Any]:
        """A CreateTrainingJob request; ``script`` is a train.py of its own."""
        code = "s3://bucket/code.tar.gz"
        if script is not None:
            self.put(f"code/{name}.tar.gz", archive({"train.py": script}))
            code = f"s3://bucket/code/{name}.tar.gz"
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "mae", "Regex": "mae=([0-9.]+);"}],
            },
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": code,
                **(hyperparameters or {}),
            },
            "InputDataConfig": [channel("training", "s3://bucket/in/")],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            "RoleArn": ROLE,
        }
        return {**request, **fields}

    archive = staticmethod(archive)
    channel = staticmethod(lambda name, uri, **fields: channel(name, uri, **fields))

    def train(self, name: str, **options: Any) -> dict[str, Any]:
        """Create a training job and return its description once it has ended."""
        self("CreateTrainingJob", **self.request(name, **options))
        return self.ended(name)

    def ended(self, name: str, seconds: float = 60) -> dict[str, Any]:
        event = threading.Event()
        self.cloud.service("sagemaker").on_end(name, event.set)
        assert event.wait(seconds), f"{name} did not end"
        return self("DescribeTrainingJob", TrainingJobName=name)

    def folder(self, name: str) -> Path:
        return Path(self.cloud.jobs.describe("training", name)["folder"])

    def log(self, name: str) -> str:
        return (self.folder(name) / "stdout.log").read_text()

    def wait_for(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.005)
        return value

    def settled(self, endpoint: str) -> dict[str, Any]:
        """The description of an endpoint that is not on its way any more."""

        def look() -> dict[str, Any] | None:
            said = self("DescribeEndpoint", EndpointName=endpoint)
            return said if said["EndpointStatus"] not in ("Creating", "Updating") else None

        return dict(self.wait_for(look))


def channel(name: str, uri: str, **fields: str) -> dict[str, Any]:
    return {"ChannelName": name, **fields, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}


@pytest.fixture(scope="session")
def sm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMaker]:
    """One cloud for all tests that do not restart it; each uses names of its own."""
    pytest.importorskip("sklearn")
    with Cloud(tmp_path_factory.mktemp("cloud"), max_jobs=2) as cloud:
        yield SageMaker(cloud)


@pytest.fixture
def open_sagemaker(tmp_path: Path) -> Iterator[Callable[[], SageMaker]]:
    """Start a cloud on ``tmp_path``; the former one is stopped first."""
    pytest.importorskip("sklearn")
    clouds: list[Cloud] = []

    def make() -> SageMaker:
        for cloud in clouds:
            cloud.stop()
        clouds.append(Cloud(tmp_path, max_jobs=2))
        clouds[-1].start()
        return SageMaker(clouds[-1])

    yield make
    for cloud in clouds:
        cloud.stop()
