"""The year of flights: its workflows, what is retrained, and a few weeks of two routes by the jumping clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from tests.faults_of import faults_of

pytestmark = pytest.mark.examples
Module = Callable[[str], ModuleType]
ROUTES = ("JFK-LAX", "LGA-ORD")


def test_nothing_is_wrong_with_the_workflows_and_their_triggers(module: Module) -> None:
    weekly, settings = module("weekly"), module("workflow").Settings()
    made = weekly.build(settings)
    for workflow in (made.load, made.start, made.retrain):
        assert faults_of(workflow.definition.to_dict()) == []
    stacks = made.load.stack(triggers=[weekly.new_data(settings)]), made.start.stack(triggers=[weekly.ON_TUESDAYS])
    kinds = {one["Type"] for stack in stacks for one in stack.template["Resources"].values()}
    assert {"AWS::Events::Rule", "AWS::Scheduler::Schedule"} <= kinds


def test_containers_of_the_year_have_the_last_weeks_only(module: Module) -> None:
    states = module("weekly").build(module("workflow").Settings()).retrain.definition.to_dict()["States"]
    container = states["Convert to training sets"]["Parameters"]["Overrides"]["ContainerOverrides"][0]
    assert {"Name": "WEEKS", "Value": "13"} in container["Environment"]


def test_recent_has_four_weeks_of_delays_and_thirteen_of_flights(
    module: Module, store: Callable[[str, Any], None], objects: dict[str, bytes]
) -> None:
    for week in range(1, 16):
        arrived = f"JFK-LAX,arrived,{week}.0\n"
        store(module("storage").partition(week), f"route,status,arr_delay\n{arrived}LGA-ORD,cancelled,\n")
    answer = module("recent").handler({"Week": 15, "Run": "week-15"}, None)
    assert answer == {"Data": "s3://flights/recent/week-15/flights.csv", "Flights": 4}
    assert objects["recent/week-15/flights.csv"].decode().split() == ["route,arr_delay"] + [
        f"JFK-LAX,{week}.0" for week in (12, 13, 14, 15)
    ]
    assert json.loads(objects["runs/week-15/scheduled.json"]) == {"JFK-LAX": 13, "LGA-ORD": 13}


def test_chosen_is_what_is_new_has_drifted_or_doubled(
    module: Module, store: Callable[[str, Any], None], objects: dict[str, bytes]
) -> None:
    scheduled = {"A-NEW": 50, "B-FEW": 49, "C-DRIFT": 60, "D-SAME": 99, "E-TWICE": 100, "F-GONE": 3}
    store("runs/r/scheduled.json", json.dumps(scheduled))
    store("drift.jsonl", '{"Model": "C-DRIFT", "Drift": 2.0}\n')
    for route in ("C-DRIFT", "D-SAME", "E-TWICE", "F-GONE"):
        last = {"week": 3, "flights": 50, "job": "job"}
        store(
            f"champions/{route}.json", json.dumps({"route": route, "artifact": f"s3://x/{route}", "last_trained": last})
        )
    answer = module("choose").handler({"Run": "r", "Drifted": "drift.jsonl"}, None)
    items = [json.loads(line) for line in objects["runs/r/due.jsonl"].splitlines()]
    assert {item["Route"]: item["Reason"] for item in items} == {
        "A-NEW": "new route",
        "C-DRIFT": "drift",
        "E-TWICE": "growth",
    }
    assert [item["Champion"] for item in items] == [None, "s3://x/C-DRIFT", "s3://x/E-TWICE"]
    assert (answer["Eligible"], answer["Due"]) == (5, 3)


def test_the_recomputation_measures_as_the_monitor_does(module: Module) -> None:
    import numpy as np

    from stepfunctions.mlops import Baseline
    from stepfunctions.mlops.analysis.judging import Judge

    random = np.random.default_rng(0)
    for sizes in ((60, 55), (1500, 400)):
        before, now = random.normal(5, 30, sizes[0]).round(), random.normal(15, 40, sizes[1]).round()
        baseline = Baseline.of(pd.DataFrame({"arr_delay": before}), "r")
        judged = Judge({"Models": baseline.models}).model("r", pd.DataFrame({"arr_delay": now}))
        found = module("recompute_year").measures(list(before), list(now))
        reported = judged["Features"]["arr_delay"]["Measures"]
        for name, (value, limit) in found.items():
            assert value == pytest.approx(reported[name]["Value"], abs=1e-12), name
            assert limit == pytest.approx(max(reported[name]["Threshold"], reported[name]["Noise"])), name


def test_the_picture_is_drawn_of_any_year(module: Module) -> None:
    weeks = [{"week": week, "reasons": {"drift": week, "new route": 3}} for week in range(1, 5)]
    same = {"flights": 0, "serving": None, "frozen": None}
    errors = [
        {
            "week": week,
            "serving": 20.0,
            "frozen": 21.0,
            "differ": {"flights": 9, "serving": 20.0, "frozen": 20.5 - week},
        }
        for week in (3, 4)
    ] + [{"week": 2, "serving": 19.0, "frozen": 19.0, "differ": same}]
    picture = module("year_plot").draw({"weeks": weeks, "errors": errors})
    assert ET.fromstring(picture).tag.endswith("svg")
    assert "Week 4, to 28 January: 4" in picture
    for few in (errors[:1], errors[2:]):  # without a week in which the models are others
        assert ET.fromstring(module("year_plot").draw({"weeks": weeks, "errors": few})) is not None


def test_routes_are_told_by_how_often_they_drifted(module: Module) -> None:
    verdicts = [{"A": "Drifted", "B": "Stable"}, {"A": "Stable", "B": "Drifted"}, {"B": "Drifted", "C": "TooFew"}]
    weeks = [
        {"week": week, "drift": {route: {"verdict": verdict} for route, verdict in one.items()}}
        for week, one in enumerate(verdicts, 1)
    ]
    assert module("year_plot").drifted(weeks).split() == ["route,weeks", "B,2", "3", "A,1"]


def test_picture_and_table_in_the_readme_are_those_of_the_numbers_beside_them(example: Path, module: Module) -> None:
    plot, images = module("year_plot"), example / "images"
    year = json.loads((images / "year.json").read_text())
    assert [row["week"] for row in year["weeks"]] == list(range(1, 53))
    assert plot.draw(year) == (images / "year.svg").read_text()
    assert plot.drifted(year["weeks"]) == (images / "year.csv").read_text()
    assert plot.small(year) == year
    drifts = sum(len(row["drift"]) for row in year["weeks"])
    assert f"| of these drifted, on 126 of 199 routes | {drifts:,} |" in (example / "README.md").read_text()


@pytest.fixture
def objects(module: Module, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the functions read and write, in memory."""
    kept: dict[str, bytes] = {}
    storage = module("storage")
    monkeypatch.setattr(storage, "BUCKET", "flights")
    monkeypatch.setattr(storage, "read_bytes", kept.__getitem__)
    monkeypatch.setattr(storage, "write_bytes", lambda key, body, _type="": kept.update({key: body}))
    monkeypatch.setattr(storage, "keys", lambda prefix: iter([key for key in kept if key.startswith(prefix)]))
    return kept


@pytest.fixture
def store(objects: dict[str, bytes]) -> Callable[[str, Any], None]:
    """Put a text into it."""
    return lambda key, text: objects.update({key: text.encode()})


@pytest.mark.local
@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_weeks_pass_by_the_schedule_and_the_report_is_right(
    example: Path, flights: Any, write_slice: Callable[[Path, Any], Path], tmp_path: Path
) -> None:
    some = flights[(flights["origin"] + "-" + flights["dest"]).isin(ROUTES)]
    raw = write_slice(tmp_path / "raw", some.reset_index(drop=True))
    data_dir = tmp_path / f"year-{uuid.uuid4().hex[:8]}"
    environment = {**os.environ, "FLIGHT_DELAYS_RAW": str(raw), "COLUMNS": "120"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    year = (str(example / "year.py"), "--data-dir", str(data_dir))
    run(*year, "--weeks", "1")
    told = run(*year, "--weeks", "3")  # it goes on where it was
    assert "Week  1" not in told
    assert "Week  3" in told
    assert "0 disagreements" in told
    report = json.loads((tmp_path / "year.json").read_text())
    assert [row["week"] for row in report["weeks"]] == [1, 2, 3]
    assert [row["time"] for row in report["weeks"]] == [f"2013-01-{day}T11:00:00Z" for day in ("08", "15", "22")]
    assert report["weeks"][0]["reasons"] == {"new route": 2}
    assert [row["reasons"] for row in report["weeks"][1:]] == [{}, {"growth": 2}]
    run(str(example / "year_plot.py"), "year.json", "images/year.svg")
    assert (tmp_path / "images" / "year.svg").read_text().startswith("<svg")
