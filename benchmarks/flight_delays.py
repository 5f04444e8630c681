"""The flight example's week 39 on a fresh local cloud: wall seconds, CPU of a training job, peak memory.

    python benchmarks/flight_delays.py

Cost of a job = (CPU seconds of the server and of every process below it, from the start of the execution to its
end − CPU seconds of the same ``train()`` calls in one warm process) / trainings. The first term is everything:
queueing, histories, the Lambda, Glue and ECS tasks of the run and the endpoint, not the trainings alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import processes
from table import Row, show

EXAMPLE = Path(__file__).parents[1] / "examples" / "flight_delays"
WEEK, ROUTES = 39, 195
LIMIT_SECONDS, LIMIT_JOB_CPU, LIMIT_MIB = 120, 0.3, 1536
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Week:
    """What one execution took. All times in seconds; moments since the epoch."""

    trained: int
    wall: float
    trainings_wall: float
    cpu: float
    trainings_cpu: float
    jobs_cpu: float
    peak_mib: float
    peak_processes: int
    server_mib: float
    others: float


def rows() -> Iterator[Row]:
    """Run the week, then the reference; about three minutes."""
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        sets = Path(folder) / "sets"
        with processes.local_cloud(Path(folder) / "cloud") as cloud:
            week = run_week(cloud, sets)
        reference = run_reference(sets, Path(folder))
        trained = week.trained
        assert trained == reference["routes"] == ROUTES, (trained, reference["routes"])
        yield Row(
            "week 39, 195 trainings: wall of the execution",
            week.wall,
            "s",
            LIMIT_SECONDS,
            f"the Map of trainings {week.trainings_wall:.1f} s; other programs used {week.others:.1f} CPUs",
        )
        yield Row(
            "CPU cost of a job, above train() in a warm process",
            (week.cpu - reference["cpu"]) / trained,
            "s",
            LIMIT_JOB_CPU,
            f"({week.cpu:.1f} - {reference['cpu']:.1f}) / {trained}",
        )
        yield Row(
            "  the same, of the Map of trainings alone",
            (week.trainings_cpu - reference["cpu"]) / trained,
            "s",
            None,
            f"({week.trainings_cpu:.1f} - {reference['cpu']:.1f}) / {trained}",
        )
        yield Row(
            "  the training processes alone",
            (week.jobs_cpu - reference["cpu"]) / trained,
            "s",
            None,
            f"({week.jobs_cpu:.1f} - {reference['cpu']:.1f}) / {trained}",
        )
        yield Row(
            "peak memory of server and workers (PSS)",
            week.peak_mib,
            "MiB",
            LIMIT_MIB,
            f"{week.peak_processes} processes; the server at most {week.server_mib:.0f} MiB",
        )


def run_week(cloud: processes.LocalCloud, sets: Path) -> Week:
    """Provision the example, run its week 39 and measure; leave its training sets in ``sets``."""
    arn, settings = prepare(cloud)
    client = cloud.client("stepfunctions")
    with processes.Samples() as samples:
        execution = client.start_execution(stateMachineArn=arn, name=f"week-{WEEK}", input=json.dumps({"Week": WEEK}))
        described = wait(client, execution["executionArn"])
    (entry,) = client.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    map_run = client.describe_map_run(mapRunArn=entry["mapRunArn"])
    begin, end = map_run["startDate"].timestamp(), map_run["stopDate"].timestamp()
    download(cloud.client("s3"), settings.bucket, f"sets/week-{WEEK}/", sets)
    return Week(
        trained=map_run["itemCounts"]["succeeded"],
        wall=(described["stopDate"] - described["startDate"]).total_seconds(),
        trainings_wall=end - begin,
        trainings_cpu=samples.between(begin, end),
        cpu=samples.seconds,
        jobs_cpu=sum(
            json.loads(path.read_text())["cpu_seconds"]
            for path in (cloud.data_dir / "jobs" / "training").rglob("exit.json")
        ),
        peak_mib=samples.peak_mib,
        peak_processes=samples.peak_processes,
        server_mib=processes.status_mib(cloud.pid, "VmHWM"),
        others=samples.others,
    )


def prepare(cloud: processes.LocalCloud) -> tuple[str, Any]:
    """Register the image, provision, create the state machine: its ARN and the example's settings."""
    image = ("image", "add", "flight-delays-convert", "--folder", str(EXAMPLE / "container"))
    subprocess.run(
        [processes.COMMAND, "local", *image, "--data-dir", str(cloud.data_dir)], check=True, stdout=subprocess.DEVNULL
    )
    os.environ.update(cloud.env)
    sys.path.insert(0, str(EXAMPLE))
    import provision  # the example's own modules

    import workflow

    settings = workflow.Settings()
    provision.provision(settings)
    arn: str = workflow.build_workflow(settings, cloud.client("stepfunctions")).create()
    return arn, settings


def wait(client: Any, arn: str) -> dict[str, Any]:
    """Ask once a second until the execution has ended, and insist that it succeeded."""
    while True:
        described: dict[str, Any] = client.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            assert described["status"] == "SUCCEEDED", described
            return described
        time.sleep(1)


def download(s3: Any, bucket: str, prefix: str, folder: Path) -> None:
    """Copy every object below a prefix into a folder."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            target = folder / entry["Key"].removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(target))


# ------------------------------------------------------------------------------------------------- the reference


def run_reference(sets: Path, folder: Path) -> dict[str, Any]:
    """Train on the same sets in one process, with the threads a job has; returns ``{"routes", "cpu"}``."""
    done = subprocess.run(
        [sys.executable, __file__, "--reference", str(sets)],
        check=True,
        capture_output=True,
        cwd=folder,
        env={**os.environ, **ONE_THREAD},
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def train_all(sets: Path) -> dict[str, Any]:
    """Call the example's ``train()`` for every set, once more for the first to warm up; CPU seconds of this process."""
    sys.path.insert(0, str(EXAMPLE / "training"))
    from train import train

    routes = sorted(path.name for path in sets.iterdir())
    with tempfile.TemporaryDirectory() as out:
        before = 0.0
        for number, route in enumerate([routes[0], *routes]):
            if number == 1:
                before = time.process_time()
            folder = Path(out) / str(number)
            folder.mkdir()
            train(sets / route, folder, folder, route=route, week=WEEK)
        return {"routes": len(routes), "cpu": time.process_time() - before}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    sets = parser.parse_args().reference
    if sets is not None:
        print(json.dumps(train_all(sets)))
    else:
        show("flight delays, week 39", rows())


if __name__ == "__main__":
    main()
