"""A large object put to the local S3 by boto3 and read by jobs: how far the server's memory grows.

    python benchmarks/s3_job.py [--gigabytes 2]

The whole server runs, warm, so that the growth is the object's doing. A Glue job downloads the object over HTTP in
one stream; a training job has it as a channel.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import processes
from s3_stream import blocks
from table import Row, show

LIMIT_MIB = 100
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
GLUE = """
import boto3
body = boto3.client("s3").get_object(Bucket="bench", Key="{key}")["Body"]
size = sum(len(chunk) for chunk in body.iter_chunks(1024 * 1024))
assert size == {size}, size
"""
TRAIN = """
import os
folder = os.environ["SM_CHANNEL_TRAINING"]
size = 0
for name in os.listdir(folder):
    with open(os.path.join(folder, name), "rb") as file:
        while chunk := file.read(1024 * 1024):
            size += len(chunk)
print(f"bytes={size};")
"""


def rows(gigabytes: float = 2) -> Iterator[Row]:
    """Put and read; half a minute a step."""
    processes.adopt_orphans()
    size = int(gigabytes * 1024) * processes.MIB
    with tempfile.TemporaryDirectory() as folder, processes.local_cloud(Path(folder) / "cloud") as cloud:
        file = Path(folder) / "large"
        with file.open("wb") as out:
            out.writelines(blocks(size))
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="bench")
        warm_up(cloud, s3)
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("put by boto3 (multipart)", lambda: s3.upload_file(str(file), "bench", "large/file")),
            ("read by a Glue job over HTTP", lambda: glue(cloud, "large/file", size)),
            ("read by a training job's channel", lambda: train(cloud, "large/", size)),
        )
        for name, step in steps:
            growth, seconds = watched(cloud.pid, step)
            yield Row(f"{gigabytes:g} GB {name}", growth, "MiB", LIMIT_MIB, f"{size / 1e6 / seconds:.0f} MB/s")


def warm_up(cloud: processes.LocalCloud, s3: Any) -> None:
    """Do each step with a few bytes, so that what is imported and preloaded once is there."""
    s3.put_object(Bucket="bench", Key="small/file", Body=b"12345")
    with tempfile.NamedTemporaryFile() as some:
        some.write(bytes(20 * processes.MIB))
        some.flush()
        s3.upload_file(some.name, "bench", "warm")
    glue(cloud, "small/file", 5)
    train(cloud, "small/", 5)


def watched(pid: int, step: Callable[[], object]) -> tuple[float, float]:
    """MiB by which the peak of a process's memory exceeds what it had, and seconds."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here
    before, began = processes.status_mib(pid, "VmRSS"), time.perf_counter()
    step()
    seconds = time.perf_counter() - began
    return processes.status_mib(pid, "VmHWM") - before, seconds


def glue(cloud: processes.LocalCloud, key: str, size: int) -> None:
    """Read an object in a Python-shell job."""
    cloud.client("s3").put_object(Bucket="bench", Key="read.py", Body=GLUE.format(key=key, size=size).encode())
    client = cloud.client("glue")
    if not client.list_jobs()["JobNames"]:
        command = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": "s3://bench/read.py"}
        client.create_job(Name="read", Role="role", Command=command, MaxCapacity=1.0)
    run = client.start_job_run(JobName="read")["JobRunId"]
    state = ended(lambda: client.get_job_run(JobName="read", RunId=run)["JobRun"], "JobRunState")
    assert state["JobRunState"] == "SUCCEEDED", state


def train(cloud: processes.LocalCloud, prefix: str, size: int) -> None:
    """Read a prefix in a training job."""
    code = io.BytesIO()
    with tarfile.open(fileobj=code, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size = len(TRAIN)
        tar.addfile(member, io.BytesIO(TRAIN.encode()))
    cloud.client("s3").put_object(Bucket="bench", Key="code.tar.gz", Body=code.getvalue())
    client, name = cloud.client("sagemaker"), f"read-{size}"
    client.create_training_job(
        TrainingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/bench",
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "bytes", "Regex": "bytes=([0-9]+);"}],
        },
        HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bench/code.tar.gz"},
        InputDataConfig=[
            {
                "ChannelName": "training",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://bench/{prefix}"}},
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://bench/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    job = ended(lambda: client.describe_training_job(TrainingJobName=name), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed", job
    assert abs(job["FinalMetricDataList"][0]["Value"] - size) <= size * 1e-6, job  # metrics are 32-bit floats


def ended(describe: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
    """Ask until it has ended."""
    while (job := describe())[status] in ("STARTING", "RUNNING", "WAITING", "InProgress"):
        time.sleep(0.1)
    return job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2)
    show("Memory of the server", rows(parser.parse_args().gigabytes))


if __name__ == "__main__":
    main()
