"""The five functions and the Glue script over a real bucket of the local cloud, on the data of a few quiet routes."""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = [pytest.mark.examples, pytest.mark.local]
Module = Callable[[str], ModuleType]


@pytest.fixture
def bucket(cloud: Any, module: Module, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, which the functions use."""
    name = f"flight-delays-{uuid.uuid4()}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    monkeypatch.setattr(module("storage"), "s3", s3)
    monkeypatch.setattr(module("storage"), "BUCKET", name)
    return name


@pytest.fixture
def raw_folder(
    bucket: str, module: Module, some_flights: Any, write_slice: Callable[[Path, Any], Path], tmp_path: Path
) -> Path:
    """The raw data of a few routes, in the bucket."""
    folder = write_slice(tmp_path / "raw", some_flights)
    for path in folder.iterdir():
        module("storage").write_bytes(f"raw/{path.name}", path.read_bytes())
    return folder


def champion(route: str, week: int = 39, flights: int = 52, kind: str = "model") -> dict[str, Any]:
    last = {"week": week, "flights": flights, "job": "job"}
    return {"route": route, "kind": kind, "artifact": f"s3://elsewhere/{route}.tar.gz", "last_trained": last}


def test_prepare_writes_the_due_routes_as_lines(module: Module, raw_folder: Path) -> None:
    storage = module("storage")
    answer = module("prepare").handler({"Week": 39, "Run": "r"}, None)
    assert answer == {"Eligible": 4, "Due": 4, "DueKey": "runs/r/due.jsonl", "Reasons": {"new route": 4}}
    items = [json.loads(line) for line in storage.read_bytes("runs/r/due.jsonl").splitlines()]
    assert [item["Route"] for item in items] == ["EWR-MYR", "JFK-STT", "LGA-BUF", "LGA-CHO"]
    assert set(items[0]) == {"Route", "Flights", "NewFlights", "Reason", "Champion"}


def test_prepare_reads_the_registry(module: Module, raw_folder: Path) -> None:
    storage = module("storage")
    for route, flights in (("EWR-MYR", 56), ("LGA-CHO", 52), ("LGA-BUF", 56)):
        storage.write_json(f"champions/{route}.json", champion(route, flights=flights))
    answer = module("prepare").handler({"Week": 40, "Run": "r"}, None)
    items = {item["Route"]: item for item in map(json.loads, storage.read_bytes(answer["DueKey"]).splitlines())}
    assert {route: item["Reason"] for route, item in items.items()} == {
        "JFK-STT": "new route",  # it has no record
        "LGA-ROC": "new route",
        "LGA-BUF": "growth",
    }
    assert items["LGA-BUF"]["Champion"] == "s3://elsewhere/LGA-BUF.tar.gz"
    assert answer["Eligible"] == 5


def test_prepare_refuses_a_week_before_the_last_training(module: Module, raw_folder: Path) -> None:
    module("storage").write_json("champions/LGA-CHO.json", champion("LGA-CHO", week=40))
    with pytest.raises(ValueError, match="Week 39 lies before the last training of 1 routes"):
        module("prepare").handler({"Week": 39, "Run": "r"}, None)


FACTS = {
    "route": "LGA-CHO",
    "week": 39,
    "median": -7.5,
    "trained_until": "2013-08-01",
    "test_from": "2013-08-02",
    "champion_trained_until": None,
    "pid": 1,
    "setting": "deep",
}


def left_by_training(storage: ModuleType, rows: list[str], **facts: Any) -> str:
    """A training job's output in the bucket; the address of its artefact."""
    files = {
        "predictions.csv": "\n".join(["row,arr_delay,model,baseline,champion", *rows]).encode(),
        "facts.json": json.dumps({**FACTS, **facts}).encode(),
    }
    storage.write_bytes("training/job/output/output.tar.gz", storage.pack(files))
    address: str = storage.uri("training/job/output/model.tar.gz")
    return address


def metrics(**values: float) -> list[dict[str, Any]]:
    return [{"MetricName": f"test:{name}", "Value": value} for name, value in values.items()]


def test_evaluate_recomputes_the_errors(module: Module, bucket: str) -> None:
    artefact = left_by_training(module("storage"), ["1,10,12,7,", "2,-4,0,7,"])
    event = {"Route": "LGA-CHO", "Artifact": artefact, "Metrics": metrics(model=3.0, baseline=7.0)}
    answer = module("evaluate").handler(event, None)
    assert (answer["Model"], answer["Baseline"], answer["Champion"], answer["TestRows"]) == (3.0, 7.0, None, 2)


@pytest.mark.parametrize(
    ("reported", "facts", "problem"),
    [
        ({"model": 2.0, "baseline": 7.0}, {}, "reported a Model error of 2.0, its predictions give 3.0"),
        ({"model": 3.0, "baseline": 7.0, "champion": 1.0}, {}, "Champion error is None, but the job reported 1.0"),
        ({"model": 3.0, "baseline": 7.0}, {"trained_until": "2013-08-02"}, "trained on flights it is to be tested on"),
        (
            {"model": 3.0, "baseline": 7.0},
            {"champion_trained_until": "2013-08-03"},
            "trained on flights it is to be tested on",
        ),
    ],
)
def test_evaluate_refuses_what_does_not_agree(
    module: Module, bucket: str, reported: dict[str, float], facts: dict[str, Any], problem: str
) -> None:
    artefact = left_by_training(module("storage"), ["1,10,12,7,", "2,-4,0,7,"], **facts)
    with pytest.raises(ValueError, match=problem):
        module("evaluate").handler({"Route": "LGA-CHO", "Artifact": artefact, "Metrics": metrics(**reported)}, None)


def outcome(decision: str, champion_uri: str | None = None) -> dict[str, Any]:
    evaluation = {"Model": 3.0, "Baseline": 7.0, "Champion": None, "TestRows": 2, "Facts": FACTS}
    return {
        "Decision": decision,
        "Route": "LGA-CHO",
        "Week": 40,
        "Run": "r",
        "Flights": 60,
        "NewFlights": 8,
        "Reason": "growth",
        "Champion": champion_uri,
        "Evaluation": evaluation,
        "TrainingJobName": "job-2",
        "Artifact": "s3://elsewhere/new.tar.gz",
    }


def test_promote_makes_the_model_the_champion(module: Module, bucket: str) -> None:
    storage = module("storage")
    row = module("register").handler(outcome("promote"), None)
    assert (row["Decision"], row["Serves"]) == ("promote", "model")
    record = storage.champions()["LGA-CHO"]
    assert (record["artifact"], record["job"]) == ("s3://elsewhere/new.tar.gz", "job-2")
    assert record["last_trained"] == {"week": 40, "flights": 60, "job": "job-2"}


def test_keep_leaves_the_champion_but_notes_the_training(module: Module, bucket: str) -> None:
    storage = module("storage")
    storage.write_json("champions/LGA-CHO.json", champion("LGA-CHO"))
    row = module("register").handler(outcome("keep", "s3://elsewhere/LGA-CHO.tar.gz"), None)
    assert (row["Decision"], row["Serves"]) == ("keep", "model")
    record = storage.champions()["LGA-CHO"]
    assert record["artifact"] == "s3://elsewhere/LGA-CHO.tar.gz"
    assert record["last_trained"] == {"week": 40, "flights": 60, "job": "job-2"}


def test_a_first_model_that_loses_leaves_the_baseline_serving(module: Module, bucket: str, tmp_path: Path) -> None:
    storage = module("storage")
    row = module("register").handler(outcome("keep"), None)
    assert (row["Decision"], row["Serves"]) == ("baseline", "baseline")
    _, key = storage.split_uri(storage.champions()["LGA-CHO"]["artifact"])
    with tarfile.open(fileobj=io.BytesIO(storage.read_bytes(key))) as tar:
        content = tar.extractfile("baseline.json")
        assert content is not None
        (tmp_path / "baseline.json").write_bytes(content.read())
    inference = module("inference")
    model = inference.model_fn(str(tmp_path))
    assert list(inference.predict_fn(inference.input_fn('{"instances": [{}, {}]}'), model)) == [-7.5, -7.5]


def test_a_release_has_every_champion_and_is_never_changed(module: Module, bucket: str) -> None:
    storage = module("storage")
    for route in ("LGA-CHO", "LGA-ROC"):
        storage.write_bytes(f"models/{route}", route.encode())
        record = {**champion(route), "artifact": storage.uri(f"models/{route}")}
        storage.write_json(f"champions/{route}.json", record)
    answer = module("release").handler({"Run": "week-39", "Week": 39}, None)
    assert answer == {
        "Name": "flight-delays-week-39",
        "Models": 2,
        "Prefix": storage.uri("releases/week-39/"),
    }
    storage.write_json("champions/LGA-ROC.json", {**champion("LGA-ROC"), "artifact": storage.uri("models/LGA-CHO")})
    module("release").handler({"Run": "week-40", "Week": 40}, None)
    assert storage.read_bytes("releases/week-39/LGA-ROC.tar.gz") == b"LGA-ROC"
    assert storage.read_bytes("releases/week-40/LGA-ROC.tar.gz") == b"LGA-CHO"


def test_the_summary_counts_decisions_and_losses(module: Module, bucket: str) -> None:
    rows = [
        {"Decision": "promote", "Model": 1.0, "Baseline": 2.0, "Champion": None},
        {"Decision": "keep", "Model": 5.0, "Baseline": 4.0, "Champion": 3.0},
    ]
    prepared = {"Eligible": 9, "Due": 3, "DueKey": "k", "Reasons": {"growth": 3}}
    event = {"Run": "r", "Week": 40, "Status": "SUCCEEDED", "Prepare": prepared, "Routes": rows}
    summary = module("notify").handler(event, None)
    assert summary == module("storage").read_json("runs/r/summary.json")
    assert (summary["Trained"], summary["Failed"]) == (2, 1)
    assert summary["Decisions"] == {"promote": 1, "keep": 1}
    assert summary["ModelLosesToBaseline"] == 1
    assert (summary["Model"], summary["Champion"], summary["ModelWhereChampion"]) == (3.0, 3.0, 5.0)


def run_extract(cloud: Any, bucket: str, example: Path, week: int) -> dict[str, Any]:
    """extract.py as a run of a Glue job."""
    s3, glue = cloud.client("s3"), cloud.client("glue")
    s3.upload_file(str(example / "glue" / "extract.py"), bucket, "code/extract.py")
    name = f"extract-{uuid.uuid4()}"
    script = {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": f"s3://{bucket}/code/extract.py"}
    glue.create_job(Name=name, Role="arn:aws:iam::123456789012:role/glue", Command=script)
    run = glue.start_job_run(JobName=name, Arguments={"--bucket": bucket, "--week": str(week)})["JobRunId"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        described: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run)["JobRun"]
        if described["JobRunState"] not in ("STARTING", "RUNNING", "WAITING"):
            return described
        time.sleep(0.1)
    pytest.fail("the Glue job did not end")


def test_extract_loads_each_week_once(
    cloud: Any, module: Module, bucket: str, raw_folder: Path, example: Path, some_flights: Any
) -> None:
    storage = module("storage")
    assert run_extract(cloud, bucket, example, 39)["JobRunState"] == "SUCCEEDED"
    partitions = list(storage.keys("lake/flights/"))
    assert partitions == [f"lake/flights/week={week:02}/flights.csv" for week in range(1, 40)]
    storage.write_bytes(partitions[0], b"as it was")
    assert run_extract(cloud, bucket, example, 40)["JobRunState"] == "SUCCEEDED"
    assert storage.read_bytes(partitions[0]) == b"as it was"
    lines = storage.read_bytes("lake/flights/week=40/flights.csv").decode().splitlines()
    in_week_40 = some_flights.query("month == 10 and day <= 7")
    assert len(lines) == len(in_week_40) + 1
    assert {line.split(",")[0] for line in lines[1:]} == {str(index + 1) for index in in_week_40.index}


def training_sets(
    cloud: Any, module: Module, bucket: str, example: Path, raw_folder: Path, run: str
) -> dict[str, bytes]:
    """What convert.py, as the container's process, makes of a folder of raw data in week 39."""
    storage = module("storage")
    for path in raw_folder.iterdir():
        storage.write_bytes(f"raw/{path.name}", path.read_bytes())
    for key in list(storage.keys("lake/")):
        storage.s3.delete_object(Bucket=bucket, Key=key)
    module("prepare").handler({"Week": 39, "Run": run}, None)
    assert run_extract(cloud, bucket, example, 39)["JobRunState"] == "SUCCEEDED"
    done = cloud.python(example / "container" / "convert.py", BUCKET=bucket, WEEK="39", RUN=run)
    assert done.returncode == 0, done.stderr
    prefix = f"sets/{run}/"
    return {key.removeprefix(prefix): storage.read_bytes(key) for key in storage.keys(prefix)}


def test_nothing_later_and_no_outcome_changes_a_training_set(
    cloud: Any,
    module: Module,
    bucket: str,
    raw_folder: Path,
    example: Path,
    some_flights: Any,
    write_slice: Callable[[Path, Any], Path],
    tmp_path: Path,
) -> None:
    module("storage").write_json(
        "champions/LGA-CHO.json", {**champion("LGA-CHO", flights=10), "artifact": f"s3://{bucket}/model"}
    )
    module("storage").write_bytes("model", b"the champion")
    sets = training_sets(cloud, module, bucket, example, raw_folder, "as-it-was")
    assert set(sets) == {
        *(f"{route}/flights.csv" for route in ("EWR-MYR", "JFK-STT", "LGA-BUF", "LGA-CHO")),
        "LGA-CHO/champion.tar.gz",
    }
    assert sets["LGA-CHO/champion.tar.gz"] == b"the champion"

    altered = some_flights.copy()
    later = altered["month"] >= 10
    altered.loc[later, ["arr_delay", "sched_dep_time"]] = [999.0, 1]
    for outcome_of_the_flight in ("dep_time", "dep_delay", "arr_time", "air_time"):
        altered.loc[altered[outcome_of_the_flight].notna(), outcome_of_the_flight] = 1.0
    folder = write_slice(tmp_path / "altered", altered)
    weather = (folder / "weather.csv").read_text().splitlines()
    kept = [line for line in weather if "2013-1" not in line.rsplit(",", 1)[1] or "2013-10-01T0" in line]
    assert len(kept) < len(weather)
    (folder / "weather.csv").write_text("\n".join(kept) + "\n")
    assert training_sets(cloud, module, bucket, example, folder, "altered") == sets
