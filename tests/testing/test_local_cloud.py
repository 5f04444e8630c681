from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.cli.main import run
from stepfunctions.errors import LocalCloudError
from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local
pytest_plugins: list[str] = []

ROLE = "arn:aws:iam::123456789012:role/r"
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 28_800, "End": True}}}


def begin(client: Any, definition: dict[str, Any]) -> str:
    machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)
    return str(client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"])


def test_a_cloud_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        states, s3 = cloud.clients("stepfunctions", "s3")
        s3.create_bucket(Bucket="data")
        arn = begin(states, WAIT)
        before = cloud.clock.now()
        cloud.clock.advance(28_000)
        assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        cloud.clock.advance(1000)
        assert states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
        assert (cloud.clock.now() - before).total_seconds() == pytest.approx(29_000, abs=60)
        cloud.clock.set(datetime(2200, 1, 1, tzinfo=timezone.utc))
        assert cloud.clock.now().year == 2200
        with pytest.raises(LocalCloudError, match="forward only"):
            cloud.clock.set(datetime(2199, 1, 1))
        with pytest.raises(LocalCloudError, match="forward only"):
            cloud.clock.advance(-1)
        told = cloud.env
        with cloud.environment():
            assert os.environ["AWS_ENDPOINT_URL"] == cloud.endpoint == told["AWS_ENDPOINT_URL"]
        folder = cloud.data_dir
        where = ["--data-dir", str(folder)]

        assert run(["local", "clock", "--advance", "8h", *where]) == 0
        assert "2200-01-01T08:00:0" in capsys.readouterr().out
        assert run(["local", "clock", "--format", "json", *where]) == 0
        assert json.loads(capsys.readouterr().out)["hold"] is True
        assert run(["local", "clock", "--advance", "soon", *where]) == 2
        assert run(["local", "clock", "--set", "soon", *where]) == 3
        assert "ISO 8601" in capsys.readouterr().err
        assert run(["local", "status", *where]) == 0
        status = capsys.readouterr().out
        assert "Executions open: 0" in status
        assert "Clock: 2200-01-01T08" in status
        assert "Disk: " in status
        assert run(["local", "status", "--format", "json", *where]) == 0
        assert json.loads(capsys.readouterr().out)["disk"]["total"] > 0
        assert run(["local", "reset", *where]) == 3
        assert "say --force" in capsys.readouterr().err
        assert run(["local", "services", "s3", *where]) == 0
        assert "  PutObject\n" in capsys.readouterr().out
        assert run(["local", "services", "kinesis", *where]) == 2
        assert "moto stands for it" in capsys.readouterr().err
    assert not folder.exists()
    with pytest.raises(LocalCloudError, match="not started"):
        cloud.client("s3")


def test_a_real_clock_is_told_and_not_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--data-dir", str(tmp_path / "data")]
    with LocalCloud(tmp_path / "data", durability="memory") as cloud:
        assert abs(cloud.clock.now().timestamp() - time.time()) < 60
        with pytest.raises(LocalCloudError, match="start it with --clock jump"):
            cloud.clock.advance(1)
        cloud.client("s3").create_bucket(Bucket="data")
        assert run(["local", "reset", "--force", *where]) == 0
        assert "Removed from" in capsys.readouterr().out
    assert not (tmp_path / "data" / "s3.db").exists()
    assert run(["local", "clock", *where]) == 3
    assert run(["local", "logs", *where]) == 0
    assert run(["local", "logs", "nothing", *where]) == 2


def test_what_is_not_ours_is_never_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--data-dir", str(tmp_path)]
    (tmp_path / "jobs").mkdir()
    assert run(["local", "reset", *where]) == 3
    assert "no local cloud ever ran on it" in capsys.readouterr().err
    (tmp_path / "server.lock").touch()
    (tmp_path / "thesis.txt").touch()
    assert run(["local", "reset", *where]) == 3
    assert "'thesis.txt' in it is not the local cloud's" in capsys.readouterr().err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["jobs", "server.lock", "thesis.txt"]
    assert run(["local", "reset", "--data-dir", str(tmp_path / "none")]) == 3


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path) -> None:
    with LocalCloud(tmp_path / "data"), pytest.raises(LocalCloudError, match="in use already"):
        LocalCloud(tmp_path / "data").start()


PARENT = """
import sys, time
from stepfunctions.testing import LocalCloud
print(LocalCloud(sys.argv[1]).start().endpoint, flush=True)
time.sleep(60)
"""


def test_the_server_of_a_killed_process_ends(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline().rpartition(":")[2]))
        connection = socket.create_connection(address, timeout=30)
        process.kill()
    with connection:
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=30)
