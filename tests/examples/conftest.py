"""The flight-delays example: its raw data (all of it, and a slice), its scripts as modules, a local cloud."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")
pytest.importorskip("httptools")

EXAMPLE = Path(__file__).parents[2] / "examples" / "flight_delays"
COMMAND = Path(sys.executable).with_name("stepfunctions")
SLICE = ("EWR-MYR", "JFK-STT", "LGA-BUF", "LGA-CHO", "LGA-ROC")
RAW = ("flights.csv.zip", "weather.csv", "planes.csv")


@pytest.fixture(scope="session")
def example() -> Path:
    """The example's folder."""
    return EXAMPLE


@pytest.fixture(scope="session")
def module() -> Iterator[Callable[[str], ModuleType]]:
    """Import a file of the example by name, as the script's own folder would."""
    folders = [str(EXAMPLE / name) for name in ("", "functions", "container", "training")]
    before = {name: os.environ.get(name) for name in ("BUCKET", "AWS_DEFAULT_REGION")}
    os.environ.update(BUCKET="flight-delays", AWS_DEFAULT_REGION="us-east-1")
    sys.path[:0] = folders
    yield importlib.import_module
    del sys.path[: len(folders)]
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="session")
def raw(module: Callable[[str], ModuleType]) -> dict[str, Path]:
    """The whole raw data."""
    files: dict[str, Path] = module("provision").raw_files()
    return files


@pytest.fixture(scope="session")
def flights(raw: dict[str, Path]) -> Any:
    """Every row of the raw flights."""
    return pd.read_csv(raw["flights.csv.zip"], low_memory=False)


def write_raw(folder: Path, flights: Any, raw: dict[str, Path]) -> Path:
    """A folder of raw data with other flights."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "flights.csv.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("flights.csv", flights.to_csv(index=False))
    for name in ("weather.csv", "planes.csv"):
        (folder / name).write_bytes(raw[name].read_bytes())
    return folder


@pytest.fixture(scope="session")
def some_flights(flights: Any) -> Any:
    """The flights of a few quiet routes."""
    return flights[(flights["origin"] + "-" + flights["dest"]).isin(SLICE)].reset_index(drop=True)


@pytest.fixture(scope="session")
def write_slice(raw: dict[str, Path]) -> Callable[[Path, Any], Path]:
    """Write a folder of raw data with the given flights."""
    return lambda folder, flights: write_raw(folder, flights, raw)


@dataclass(frozen=True)
class Lake:
    """The cleaned flights and what they are joined with, as tables."""

    flights: Any
    weather: Any
    planes: Any


@pytest.fixture(scope="session")
def lake(flights: Any, raw: dict[str, Path]) -> Lake:
    """The lake of the whole year."""
    cleaned = _extract().clean(flights)
    return Lake(pd.read_csv(io.StringIO(cleaned.to_csv(index=False))), *(pd.read_csv(raw[name]) for name in RAW[1:]))


def _extract() -> Any:
    """extract.py as a module; only Glue has ``awsglue``."""
    glue = ModuleType("awsglue.utils")
    glue.getResolvedOptions = None  # type: ignore[attr-defined]
    sys.modules.update({"awsglue": ModuleType("awsglue"), "awsglue.utils": glue})
    sys.path.insert(0, str(EXAMPLE / "glue"))
    try:
        return importlib.import_module("extract")
    finally:
        sys.path.remove(str(EXAMPLE / "glue"))
        del sys.modules["awsglue"], sys.modules["awsglue.utils"]


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud."""

    data_dir: Path
    env: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.env["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def python(self, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script whose clients reach this cloud."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env={**os.environ, **self.env, **env},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud for the tests of this folder."""
    with started(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@contextlib.contextmanager
def started(data_dir: Path, *options: str) -> Iterator[LocalCloud]:
    """A local cloud with options of ``stepfunctions local start``."""

    def command(*words: str) -> list[str]:
        return [str(COMMAND), "local", *words, "--data-dir", str(data_dir)]

    image = command("image", "add", "flight-delays-convert", "--folder", str(EXAMPLE / "container"))
    subprocess.run(image, check=True, capture_output=True)
    with subprocess.Popen(command("start", "--port", "0", *options), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("Ready:")
            printed = subprocess.run(command("env", "--format", "json"), check=True, capture_output=True)
            yield LocalCloud(data_dir, json.loads(printed.stdout))
        finally:
            server.terminate()
