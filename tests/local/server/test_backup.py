"""Copies of a data directory that are data directories themselves, taken while objects and executions change."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.local.server.conftest import COMMAND, Server

Start = Callable[..., Server]
ROLE = "arn:aws:iam::123456789012:role/local"
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.local
def test_a_backup_of_a_running_server_is_whole(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    states, s3 = server.client("stepfunctions"), server.client("s3")
    s3.create_bucket(Bucket="flights")
    s3.put_object(Bucket="flights", Key="stays", Body=b"as it was")
    machine = states.create_state_machine(name="m", definition=json.dumps(WAIT), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    begun, over = threading.Event(), threading.Event()

    def overwrite() -> None:
        own = server.client("s3")
        number = 0
        while not over.is_set():
            number += 1
            own.put_object(Bucket="flights", Key="changes", Body=str(number).encode() * 1000)
            begun.set()

    writer = threading.Thread(target=overwrite)
    writer.start()
    try:
        assert begun.wait(60)
        done = command("backup", tmp_path / "copy", "--data-dir", server.data_dir)
    finally:
        over.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    assert "Copied 2 databases" in done.stdout or "Copied 3 databases" in done.stdout
    states.stop_execution(executionArn=execution)

    restored = start_server(tmp_path / "copy")
    found = restored.client("stepfunctions").describe_execution(executionArn=execution)
    assert found["status"] == "RUNNING"
    objects = restored.client("s3")
    assert objects.get_object(Bucket="flights", Key="stays")["Body"].read() == b"as it was"
    changing = objects.get_object(Bucket="flights", Key="changes")["Body"].read()
    assert changing == changing[: len(changing) // 1000] * 1000


@pytest.mark.local
def test_what_cannot_be_copied_is_refused_in_one_line(start_server: Start, tmp_path: Path) -> None:
    nothing = command("backup", tmp_path / "copy", "--data-dir", tmp_path / "nowhere")
    assert nothing.returncode == 3
    assert "is no data directory" in nothing.stderr
    server = start_server()
    server.client("s3").create_bucket(Bucket="flights")
    (tmp_path / "there").mkdir()
    for target, says in (
        (tmp_path / "there", "is there already"),
        (server.data_dir / "inside", "is inside the data directory"),
    ):
        refused = command("backup", target, "--data-dir", server.data_dir)
        assert refused.returncode == 3
        assert says in refused.stderr
        assert "Traceback" not in refused.stderr
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.local
def test_vacuum_gives_room_back_and_needs_a_stopped_server(start_server: Start) -> None:
    server = start_server()
    states = server.client("stepfunctions")
    for number in range(5):
        states.create_state_machine(
            name=f"m{number}", definition=json.dumps({**WAIT, "Comment": str(number) * 100_000}), roleArn=ROLE
        )
    refused = command("vacuum", "--data-dir", server.data_dir)
    assert refused.returncode == 3
    assert "in use" in refused.stderr
    server.stop()
    with sqlite3.connect(server.data_dir / "stepfunctions.db") as database:
        database.execute("DELETE FROM definitions")
        database.execute("DELETE FROM machines")
    done = command("vacuum", "--data-dir", server.data_dir)
    assert done.returncode == 0, done.stderr
    freed = int(done.stdout.splitlines()[-1].split()[1].replace(",", ""))
    assert freed > 300_000


@pytest.mark.local
def test_a_second_server_on_a_data_directory_is_refused(start_server: Start) -> None:
    server = start_server()
    second = command("start", "--port", "0", "--data-dir", server.data_dir)
    assert second.returncode == 3
    assert server.endpoint in second.stderr
    assert "Traceback" not in second.stderr
    with pytest.raises(ClientError):
        server.client("stepfunctions").describe_execution(executionArn="arn:aws:states:us-east-1:123456789012:x")
