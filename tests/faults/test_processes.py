"""A worker or job that is killed, or hangs, ends its own task; everything else goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.faults.conftest import ROLE, Faulty, wait_for

from stepfunctions.local import images
from stepfunctions.local.jobs.table import JobTable

TRAIN = """#!/bin/sh
while test ! -e "$SM_HP_GO"; do sleep 0.01; done
echo model > "$SM_MODEL_DIR/model"
"""
HANGS = """
import os, time
def handler(event, context):
    with open({folder!r} + "/" + context.aws_request_id, "w") as file:
        file.write(str(os.getpid()))
    while event.get("hang") and not os.path.exists({folder!r} + "/go"):
        time.sleep(0.005)
    return "done"
"""


def _calls(function: str, **fields: Any) -> dict[str, Any]:
    return {"Call": {"Type": "Task", "Resource": function, **fields}}


def _pids(folder: Path) -> list[int]:
    return [int(text) for path in folder.iterdir() if path.name != "go" and (text := path.read_text())]


def test_a_killed_worker_fails_its_own_task(faulty: Faulty, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    function = faulty.function(HANGS.format(folder=str(notes)), Timeout=60)
    hurt = faulty.start(faulty.machine(_calls(function)), {"hang": True}, "hurt")
    (pid,) = wait_for(lambda: _pids(notes))
    assert faulty.run(faulty.machine(_calls(function), "beside"), {})["status"] == "SUCCEEDED"
    os.kill(pid, signal.SIGKILL)
    failed = faulty.ended(hurt)
    assert failed["status"] == "FAILED"
    assert "signal: killed" in failed["cause"]
    assert faulty.run(faulty.machine(_calls(function), "after"), {})["status"] == "SUCCEEDED"


def test_a_retry_gets_a_new_worker(faulty: Faulty, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    function = faulty.function(HANGS.format(folder=str(notes)), Timeout=60)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]
    arn = faulty.start(faulty.machine(_calls(function, Retry=retry)), {"hang": True})
    (pid,) = wait_for(lambda: _pids(notes))
    (notes / "go").touch()
    os.kill(pid, signal.SIGSTOP)  # it must not answer before it is killed
    os.kill(pid, signal.SIGKILL)
    assert faulty.ended(arn)["output"] == '"done"'


def test_a_handler_that_hangs_times_out_and_others_go_on(faulty: Faulty, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    function = faulty.function(HANGS.format(folder=str(notes)), Timeout=1)
    machine = faulty.machine(_calls(function))
    hung = [faulty.start(machine, {"hang": True}, f"hung-{number}") for number in range(3)]
    other = faulty.function("def handler(event, context):\n    return 1\n", "other")
    assert faulty.run(faulty.machine(_calls(other), "other"), {})["status"] == "SUCCEEDED"
    for arn in hung:
        ended = faulty.ended(arn)
        assert (ended["status"], ended["error"]) == ("FAILED", "Sandbox.Timedout")
        assert "Task timed out after 1.00 seconds" in ended["cause"]
    assert faulty.run(machine, {}, "well")["status"] == "SUCCEEDED"


@pytest.fixture
def trains(open_cloud: Callable[..., Faulty], tmp_path: Path) -> tuple[Faulty, str]:
    """A cloud, and a machine whose training ends once the file of its input is there."""
    cloud = open_cloud(max_jobs=2)
    cloud("CreateBucket", "s3", Bucket="bucket")
    image = tmp_path / "image"
    image.mkdir()
    (image / "train").write_text(TRAIN)
    (image / "train").chmod(0o755)
    images.add(cloud.cloud.data_dir, "trainer", image)
    parameters = {
        "TrainingJobName.$": "$$.Execution.Name",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": "trainer:1", "TrainingInputMode": "File"},
        "HyperParameters": {"go.$": "$.go"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    return cloud, cloud.machine({"Train": {"Type": "Task", "Resource": resource, "Parameters": parameters}})


def test_a_killed_training_job_fails_its_own_task(trains: tuple[Faulty, str], tmp_path: Path) -> None:
    cloud, machine = trains
    go = tmp_path / "go"
    hurt, well = (cloud.start(machine, {"go": str(go)}, name) for name in ("hurt", "well"))
    job = wait_for(lambda: _running(cloud, "hurt"))
    os.killpg(job["pid"], signal.SIGKILL)
    failed = cloud.ended(hurt)
    assert (failed["status"], failed["error"]) == ("FAILED", "States.TaskFailed")
    assert "AlgorithmError" in failed["cause"]
    go.touch()
    assert cloud.ended(well)["status"] == "SUCCEEDED"
    assert cloud.run(machine, {"go": str(go)}, "after")["status"] == "SUCCEEDED"


def _running(cloud: Faulty, name: str) -> dict[str, Any] | None:
    job: dict[str, Any] | None = cloud.cloud.jobs.describe("training", name)
    return job if job is not None and job["state"] == "RUNNING" and job["pid"] else None


def test_jobs_whose_state_cannot_be_written_begin_and_end_once(
    trains: tuple[Faulty, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, machine = trains
    refused: list[str] = []
    save = JobTable.save

    def full(table: JobTable, row: Any) -> None:
        if len([one for one in refused if one == row.state]) < 2:
            refused.append(row.state)
            raise sqlite3.OperationalError("database or disk is full")
        save(table, row)

    monkeypatch.setattr(JobTable, "save", full)
    (tmp_path / "go").touch()
    done = cloud.run(machine, {"go": str(tmp_path / "go")}, "job")
    assert done["status"] == "SUCCEEDED"
    assert set(refused) == {"RUNNING", "FINISHING", "ENDED"}
    folder = cloud.cloud.jobs.job_folder("training", "job")
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["1"]
    wait_for(lambda: cloud.cloud.jobs._table.get("training", "job").state == "ENDED")


def test_a_service_that_cannot_write_finishes_its_job_later(
    trains: tuple[Faulty, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, machine = trains
    cloud("ListTrainingJobs", "sagemaker")  # makes the service
    owner = cloud.cloud.jobs._owners["training"]
    calls: list[Any] = []
    finish = owner.finish

    def busy(job: Any, exit: Any) -> None:
        calls.append(exit.refused)
        if len(calls) < 3:
            raise sqlite3.OperationalError("database is locked")
        finish(job, exit)

    monkeypatch.setattr(owner, "finish", busy)
    (tmp_path / "go").touch()
    assert cloud.run(machine, {"go": str(tmp_path / "go")}, "job")["status"] == "SUCCEEDED"
    assert calls == [None] * 3
