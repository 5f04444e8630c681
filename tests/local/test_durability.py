"""What each durability promises, seen from outside: by system calls, and by what a killed server leaves."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.backup import backup
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.stepfunctions import StepFunctions
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.store.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/local"
MACHINE = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def make_function(cloud: Cloud) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return __file__\n")
    request = {"FunctionName": "f", "Role": ROLE, "Runtime": "python3.12", "Handler": "app.handler"}
    cloud.call("lambda", "CreateFunction", {**request, "Code": {"ZipFile": content.getvalue()}})


def run_one(cloud: Cloud) -> str:
    made = cloud.call(
        "stepfunctions", "CreateStateMachine", {"name": "m", "definition": json.dumps(MACHINE), "roleArn": ROLE}
    )
    started = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": made["stateMachineArn"]})
    service: StepFunctions = cloud.service("stepfunctions")
    service.api.wait_for(started["executionArn"])
    return str(started["executionArn"])


@pytest.mark.parametrize(("durability", "synchronous"), [(Durability.FULL, 2), (Durability.NORMAL, 1)])
def test_every_database_is_as_durable_as_asked(tmp_path: Path, durability: Durability, synchronous: int) -> None:
    with Cloud(tmp_path, durability=durability) as cloud:
        run_one(cloud)
        database = cloud.service("s3").objects.database
        with database.write() as writer:
            assert writer.execute("PRAGMA synchronous").fetchone()[0] == synchronous
    store = SqliteStore(tmp_path / "stepfunctions.db", durability)
    with store._connections.write() as writer:
        assert writer.execute("PRAGMA synchronous").fetchone()[0] == synchronous
    store.close()


@pytest.mark.parametrize("durability", [Durability.FULL, Durability.NORMAL])
def test_what_ended_is_there_after_the_next_start(tmp_path: Path, durability: Durability) -> None:
    with Cloud(tmp_path, durability=durability) as cloud:
        arn = run_one(cloud)
    with Cloud(tmp_path, durability=durability) as cloud:
        found = cloud.call("stepfunctions", "DescribeExecution", {"executionArn": arn})
        assert found["status"] == "SUCCEEDED"


def test_memory_leaves_no_execution_and_no_file_of_step_functions(tmp_path: Path) -> None:
    with Cloud(tmp_path, durability=Durability.MEMORY) as cloud:
        arn = run_one(cloud)
        found = cloud.call("stepfunctions", "GetExecutionHistory", {"executionArn": arn})
        assert [event["type"] for event in found["events"]][-1] == "ExecutionSucceeded"
    assert not (tmp_path / "stepfunctions.db").exists()
    with Cloud(tmp_path, durability=Durability.MEMORY) as cloud, pytest.raises(ServiceError, match="Does Not Exist"):
        cloud.call("stepfunctions", "DescribeExecution", {"executionArn": arn})


@pytest.mark.parametrize("durability", list(Durability))
def test_only_full_puts_objects_on_the_disk_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    with Cloud(tmp_path, durability=durability) as cloud:
        objects: Any = cloud.service("s3").objects
        objects.buckets.create("flights", "us-east-1")
        (tmp_path / "given").write_bytes(b"more")
        monkeypatch.setattr(os, "fsync", watch)
        objects.put_bytes("flights", "a", b"abc")
        objects.put_file("flights", "b", tmp_path / "given")
    kinds = [Path(name).relative_to(tmp_path / "s3").parts[0] for name in synced]
    assert kinds == (["incoming", "content"] * 2 if durability is Durability.FULL else [])


@pytest.mark.parametrize("durability", list(Durability))
def test_only_full_puts_code_on_the_disk_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.partition("-")[0])
        real(descriptor)

    with Cloud(tmp_path / "data", durability=durability) as cloud:
        monkeypatch.setattr(os, "fsync", watch)
        make_function(cloud)
    assert synced == (["app.py", ".new", "code", "lambda", "data"] if durability is Durability.FULL else [])


@pytest.mark.local
def test_the_code_of_functions_goes_with_a_copied_data_directory(tmp_path: Path) -> None:
    with Cloud(tmp_path / "one") as cloud:
        make_function(cloud)
    backup(tmp_path / "one", tmp_path / "two")
    shutil.move(tmp_path / "one", tmp_path / "moved")
    for place in ("two", "moved"):
        with Cloud(tmp_path / place) as cloud:
            answer = cloud.call("lambda", "Invoke", {"FunctionName": "f"})
            assert json.loads(answer["Payload"]).startswith(f"{tmp_path / place}/lambda/code/")
