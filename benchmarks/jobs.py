"""What a job costs besides the user's code: CPU of server, zygote and process for scripts that do nothing.

Run: python benchmarks/jobs.py
"""

from __future__ import annotations

import io
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from processes import adopt_orphans, cpu_seconds, pss_mib
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.jobs import Exit, Job, ProcessSpec
from table import Row, show

JOBS = 40
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


class Empty:
    """Jobs of an empty script."""

    def __init__(self, family: str) -> None:
        self.family = family

    def prepare(self, job: Job) -> ProcessSpec:
        (job.folder / "script.py").touch()
        return ProcessSpec(
            argv=("python", "script.py"),
            cwd=job.folder,
            family=self.family,
            stdout=job.folder / "log",
            stderr=job.folder / "log",
        )

    def started(self, job: Job) -> None:
        pass

    def finish(self, job: Job, exit: Exit) -> None:
        assert exit.ok, job.key


def per_job(
    begin: Callable[[str], None], on_end: Callable[[str, Callable[[], None]], None], keys: list[str]
) -> tuple[float, float]:
    """CPU and wall milliseconds a job, all begun at once."""
    spent, began = time.process_time() + cpu_seconds(), time.perf_counter()
    for key in keys:
        begin(key)
    for key in keys:
        ended = threading.Event()
        on_end(key, ended.set)
        assert ended.wait(120), key
    wall = time.perf_counter() - began
    time.sleep(0.1)  # the zygote's own bookkeeping
    return ((time.process_time() + cpu_seconds() - spent) / len(keys) * 1000, wall / len(keys) * 1000)


def bare_jobs(cloud: Cloud) -> Iterator[Row]:
    for family in ("python", "scikit-learn"):
        cloud.jobs.register(family, Empty(family))

        def run(keys: list[str], family: str = family) -> tuple[float, float]:
            return per_job(
                lambda key: cloud.jobs.submit(family, key, None),
                lambda key, call: cloud.jobs.on_end(family, key, call),
                keys,
            )

        began = time.perf_counter()
        run(["warm"])
        yield Row(f"{family}: first job, zygote included", (time.perf_counter() - began) * 1000, "ms wall")
        cpu, wall = run([f"job-{number}" for number in range(JOBS)])
        yield Row(f"{family}: an empty job", cpu, "ms CPU")
        yield Row(f"{family}: an empty job", wall, "ms wall", note=f"{cloud.max_jobs} at once")


def training_jobs(cloud: Cloud) -> Iterator[Row]:
    """The same through CreateTrainingJob: ``/opt/ml``, code and data from S3, model.tar.gz and metrics back."""
    code = io.BytesIO()
    with tarfile.open(fileobj=code, mode="w:gz") as tar:
        script = b"import os\nopen(os.environ['SM_MODEL_DIR'] + '/model', 'w').write('m')\nprint('mae=1;')\n"
        member = tarfile.TarInfo("train.py")
        member.size = len(script)
        tar.addfile(member, io.BytesIO(script))
    cloud.call("s3", "CreateBucket", {"Bucket": "bench"})
    objects = cloud.service("s3").objects
    objects.put_bytes("bench", "code.tar.gz", code.getvalue())
    objects.put_bytes("bench", "in/data.csv", b"x" * 100_000)
    request: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "mae", "Regex": "mae=([0-9.]+);"}],
        },
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bench/code.tar.gz"},
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/in/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bench/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "RoleArn": "arn:aws:iam::123456789012:role/bench",
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }

    def run(keys: list[str]) -> tuple[float, float]:
        return per_job(
            lambda key: cloud.call("sagemaker", "CreateTrainingJob", {**request, "TrainingJobName": key}) and None,
            cloud.service("sagemaker").on_end,
            keys,
        )

    run(["warm-1", "warm-2"])
    cpu, wall = run([f"train-{number}" for number in range(JOBS)])
    yield Row("an empty training job", cpu, "ms CPU")
    yield Row("an empty training job", wall, "ms wall", note=f"{cloud.max_jobs} at once")


def memory(cloud: Cloud) -> Iterator[Row]:
    """What the zygote holds, and what one more idle job adds: pages are shared until written."""
    folder = cloud.data_dir
    script = folder / "idle.py"
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)")
    spec = ProcessSpec(
        argv=("python", str(script)), cwd=folder, family="scikit-learn", stdout=folder / "log", stderr=folder / "log"
    )
    launched = [cloud.jobs.launch(spec) for _ in range(4)]
    while (folder / "log").read_text().count("up") < len(launched):
        time.sleep(0.01)
    zygote = cloud.jobs.processes._zygotes["scikit-learn"]._popen.pid
    total = pss_mib(zygote) + sum(pss_mib(process.pid) for process in launched)
    yield Row("scikit-learn: zygote and 4 idle jobs", total, "MiB PSS")
    for process in launched:
        process.stop(1)
    yield Row("scikit-learn: zygote alone", pss_mib(zygote), "MiB PSS")


def rows() -> Iterator[Row]:
    """A cloud in this process; some seconds."""
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder, Cloud(Path(folder)) as cloud:
        yield from bare_jobs(cloud)
        yield from training_jobs(cloud)
        yield from memory(cloud)


def main() -> None:
    show("Jobs, besides the user's code", rows())


if __name__ == "__main__":
    main()
