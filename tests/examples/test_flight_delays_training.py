"""train.py under SageMaker's contract, and the inference contract that its models are served by."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.examples
Module = Callable[[str], ModuleType]
ROUTE = "JFK-STT"


@dataclass(frozen=True)
class Trained:
    """What a run of train.py left."""

    data: Path
    model: Path
    output: Path
    log: str

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.output / "facts.json").read_text())
        return facts

    @property
    def predictions(self) -> list[dict[str, str]]:
        with (self.output / "predictions.csv").open() as lines:
            return list(csv.DictReader(lines))

    def printed(self, name: str) -> float | None:
        found = re.search(f"{name}=([0-9.]+);", self.log)
        return float(found[1]) if found else None


@pytest.fixture(scope="module")
def training_set(module: Module, lake: Any) -> Any:
    """One route's training set in week 39."""
    convert = module("convert")
    own = lake.flights[(lake.flights["route"] == ROUTE) & (lake.flights["day"] <= 273)]
    rows = convert.join(own, lake.weather, lake.planes)
    return rows.assign(split=convert.split(rows["day"].to_numpy()))[
        ["split", "row", "date", *convert.FEATURES, "arr_delay"]
    ]


@pytest.fixture(scope="module")
def train(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trained]:
    """Run the script as SageMaker does, where importing our package is an error."""
    poison = tmp_path_factory.mktemp("poison") / "stepfunctions"
    poison.mkdir()
    (poison / "__init__.py").write_text("raise ImportError('a training script must not need this package')")

    def run(training_set: Any, champion: Path | None = None) -> Trained:
        folder = tmp_path_factory.mktemp("job")
        data, model, output = (folder / name for name in ("input/data/training", "model", "output/data"))
        for path in (data, model, output):
            path.mkdir(parents=True)
        training_set.to_csv(data / "flights.csv", index=False)
        if champion:
            (data / "champion.tar.gz").write_bytes(champion.read_bytes())
        places = {"SM_CHANNEL_TRAINING": str(data), "SM_MODEL_DIR": str(model), "SM_OUTPUT_DATA_DIR": str(output)}
        done = subprocess.run(
            [sys.executable, "-W", "error", str(example / "training" / "train.py"), "--route", ROUTE, "--week", "39"],
            env={**os.environ, **places, "PYTHONPATH": str(poison.parent)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return Trained(data, model, output, done.stdout)

    return run


@pytest.fixture(scope="module")
def trained(train: Callable[..., Trained], training_set: Any) -> Trained:
    return train(training_set)


def mean_error(rows: list[dict[str, str]], name: str) -> float:
    return float(np.mean([abs(float(row[name]) - float(row["arr_delay"])) for row in rows]))


def test_metrics_match_the_workflows_metric_definitions(module: Module, trained: Trained) -> None:
    job = module("workflow").training_job(module("workflow").Settings())
    found = {
        metric["Name"]: re.search(metric["Regex"], trained.log)
        for metric in job["AlgorithmSpecification"]["MetricDefinitions"]
    }
    assert {name for name, match in found.items() if match} == {"validation:mae", "test:model", "test:baseline"}


def test_printed_errors_are_those_of_the_predictions(trained: Trained) -> None:
    for name in ("model", "baseline"):
        assert trained.printed(f"{name}_mae") == pytest.approx(mean_error(trained.predictions, name), abs=1e-6)


def test_held_out_flights_are_exactly_the_test_split(trained: Trained, training_set: Any) -> None:
    assert [int(row["row"]) for row in trained.predictions] == list(training_set.query("split == 'test'")["row"])
    facts = trained.facts
    assert facts["trained_until"] < facts["test_from"] <= facts["test_to"] <= "2013-09-30"


def test_the_baseline_is_the_median_of_what_was_learnt_from(trained: Trained, training_set: Any) -> None:
    assert trained.facts["median"] == training_set.query("split != 'test'")["arr_delay"].median()


def test_the_setting_is_the_best_on_the_validation_flights(trained: Trained) -> None:
    validation = trained.facts["validation"]
    assert trained.facts["setting"] == min(validation, key=lambda name: validation[name])
    assert trained.printed("validation_mae") == pytest.approx(min(validation.values()), abs=1e-6)


def test_the_labels_of_held_out_flights_change_no_prediction(
    train: Callable[..., Trained], trained: Trained, training_set: Any
) -> None:
    changed = training_set.copy()
    changed.loc[changed["split"] == "test", "arr_delay"] = 500.0
    again = train(changed)
    for name in ("model", "baseline"):
        assert [row[name] for row in again.predictions] == [row[name] for row in trained.predictions]
    assert (again.printed("model_mae") or 0) > 300


def test_training_is_deterministic(train: Callable[..., Trained], trained: Trained, training_set: Any) -> None:
    assert train(training_set).predictions == trained.predictions


def test_a_champion_is_scored_on_the_same_flights(
    train: Callable[..., Trained], trained: Trained, training_set: Any, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(trained.model / "model.joblib", "model.joblib")
    rerun = train(training_set, tmp_path / "model.tar.gz")
    assert rerun.printed("champion_mae") == rerun.printed("model_mae") == trained.printed("model_mae")
    assert rerun.facts["champion_trained_until"] == trained.facts["trained_until"]


def test_a_baseline_can_be_the_champion(train: Callable[..., Trained], training_set: Any, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(json.dumps({"median": -4.0, "trained_until": "2013-06-30"}))
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "baseline.json", "baseline.json")
    rerun = train(training_set, tmp_path / "model.tar.gz")
    assert {row["champion"] for row in rerun.predictions} == {"-4.0"}


def test_a_served_model_predicts_what_training_predicted(module: Module, trained: Trained, training_set: Any) -> None:
    inference = module("inference")
    held_out = training_set.query("split == 'test'").drop(columns=["split", "row", "date", "arr_delay"])
    request = json.dumps({"instances": json.loads(held_out.to_json(orient="records"))})
    model = inference.model_fn(str(trained.model))
    for body, kind in ((request, "application/json; charset=utf-8"), (held_out.to_csv(index=False), "text/csv")):
        answer, accept = inference.output_fn(inference.predict_fn(inference.input_fn(body, kind), model))
        assert accept == "application/json"
        assert json.loads(answer)["predictions"] == [float(row["model"]) for row in trained.predictions]


def test_unknown_features_and_carriers_are_accepted(module: Module, trained: Trained) -> None:
    inference = module("inference")
    model = inference.model_fn(str(trained.model))
    known = {"carrier": "never seen", "departure": 600}
    prediction = inference.predict_fn(inference.input_fn(json.dumps({"instances": [known, {}]})), model)
    assert np.isfinite(prediction).all()


def test_other_content_types_are_refused(module: Module) -> None:
    with pytest.raises(ValueError, match="application/json or text/csv"):
        module("inference").input_fn("x", "application/x-npy")
