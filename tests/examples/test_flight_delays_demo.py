"""The whole demo, with real processes, on a few quiet routes; and the independent check of its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.examples, pytest.mark.local, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Demo:
    """A folder in which demos run."""

    example: Path
    folder: Path
    raw: Path

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "demo-report.json").read_text())
        return report

    def python(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.example / script), *arguments],
            cwd=self.folder,
            env={**os.environ, "FLIGHT_DELAYS_RAW": str(self.raw), "FLIGHT_DELAYS_POLL_SECONDS": "2", "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )

    def recompute(self, report: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (self.folder / "other.json").write_text(json.dumps(report))
        objects = self.folder / "objects"
        return self.python("recompute.py", "other.json", "--raw", str(self.raw), "--artefacts", str(objects))


@pytest.fixture(scope="module")
def demo(
    example: Path, some_flights: Any, write_slice: Callable[[Path, Any], Path], tmp_path_factory: Any
) -> tuple[Demo, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo")
    demo = Demo(example, folder, write_slice(folder / "raw", some_flights))
    return demo, demo.python("demo.py", "--no-canary")


Ran = tuple[Demo, "subprocess.CompletedProcess[str]"]


def test_it_succeeds_and_leaves_report_picture_and_data(demo: Ran) -> None:
    place, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 disagreements" in done.stdout
    assert "<title>week-40 · flight-delays · succeeded</title>" in (place.folder / "demo-run.html").read_text()
    assert (place.folder / "demo-workflow.svg").read_text().lstrip().startswith("<svg")
    assert (place.folder / "build" / "flight-delays").is_dir()


def test_each_training_is_a_process_of_its_own(demo: Ran) -> None:
    rows = [row for run in demo[0].report["runs"] for row in run["routes"]]
    assert len({row["training_job"] for row in rows}) == len(rows)
    for run in demo[0].report["runs"]:
        assert len({row["pid"] for row in run["routes"]}) == len(run["routes"])
    assert all(row["artefact_etag"] for row in rows)


def test_week_40_retrains_what_is_due_and_starts_the_new_route(demo: Ran) -> None:
    first, second = demo[0].report["runs"]
    assert {row["route"] for row in first["routes"]} == {"EWR-MYR", "JFK-STT", "LGA-BUF", "LGA-CHO"}
    assert {row["route"]: row["reason"] for row in second["routes"]} == {"LGA-BUF": "growth", "LGA-ROC": "new route"}
    by_route = {row["route"]: row for row in second["routes"]}
    assert by_route["LGA-ROC"]["champion_error"] is None
    assert by_route["LGA-BUF"]["champion_error"] is not None


def test_the_endpoint_answers_as_the_downloaded_model(demo: Ran) -> None:
    predictions = demo[0].report["predictions"]
    assert {"LGA-ROC", "LGA-BUF"} == {entry["route"] for entry in predictions}
    for entry in predictions:
        assert entry["endpoint"] == entry["artefact"]
        assert len(entry["endpoint"]) == 2


@pytest.mark.heavy
def test_run_again_it_goes_on_with_what_is_there_and_a_canary_turns_a_bad_model_back(demo: Ran) -> None:
    place, _ = demo
    before = place.report
    again = place.python("demo.py")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "the execution week-39 of an earlier demo is SUCCEEDED" in again.stdout
    assert place.report["runs"] == before["runs"]
    told = place.report["canary"]
    assert told["before"] == told["after"] == {"answers": 20}
    assert set(told["shifted"]) == {"answers", "ModelError"}
    assert told["error"] == "DeployModel.RolledBack"
    assert "the alarm flight-delays errors is in the state ALARM" in told["cause"]


def test_recompute_finds_what_is_wrong_in_a_report_and_who_was_not_trained(demo: Ran, downloaded: None) -> None:
    report = demo[0].report
    assert demo[0].recompute(report).returncode == 0
    wrong = dict(
        zip(("model_error", "baseline_error", "test_rows", "decision"), report["runs"][0]["routes"], strict=True)
    )
    for name, row in wrong.items():
        row[name] = "keep" if name == "decision" else row[name] + 1
    gone = report["runs"][1]["routes"].pop()["route"]
    found = demo[0].recompute(report)
    assert found.returncode == 1
    lines = found.stderr.splitlines()
    expected = ("model error", "baseline error", "test_rows is", "the decision 'keep'")
    for text, row in zip(expected, wrong.values(), strict=True):
        assert any(text in line and row["route"] in line for line in lines), found.stderr
    assert f"due, but not trained: ['{gone}']" in found.stderr


@pytest.fixture(scope="module")
def downloaded(demo: Ran) -> None:
    """The artefacts of the report as files, by bucket and key."""
    place, _ = demo
    data_dir = str(place.folder / "build" / "flight-delays")
    command = [str(Path(sys.executable).with_name("stepfunctions")), "local"]
    start = [*command, "start", "--port", "0", "--data-dir", data_dir]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            endpoint = server.stdout.readline().removeprefix("Ready:").strip()
            _download(place, endpoint)
        finally:
            server.terminate()


def _download(place: Demo, endpoint: str) -> None:
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    for run in place.report["runs"]:
        for row in run["routes"]:
            for uri in filter(None, (row["artefact_uri"], row["champion_uri"])):
                bucket, _, key = uri.removeprefix("s3://").partition("/")
                target = place.folder / "objects" / bucket / key
                target.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, key, str(target))
