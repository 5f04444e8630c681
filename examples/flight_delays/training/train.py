"""Train one route's delay model: a SageMaker training script (scikit-learn image, script mode).

Channel ``training``: ``flights.csv`` with a ``split`` column, and perhaps ``champion.tar.gz``, the model to beat.
Leaves ``model.joblib`` in SM_MODEL_DIR, and in SM_OUTPUT_DATA_DIR ``predictions.csv`` (a line a held-out flight)
and ``facts.json``; prints the errors for SageMaker's metric definitions.

Each setting is fitted to the ``train`` flights and scored on the ``validation`` flights; the best one is fitted to
both and scored once on the ``test`` flights. That very model is what may be promoted: it is not fitted again to
the test flights, so the error that is reported belongs to the model that serves.
"""

from __future__ import annotations

import argparse
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from inference import matrix, model_fn, predict_fn
from sklearn.ensemble import HistGradientBoostingRegressor

SETTINGS: dict[str, dict[str, Any]] = {
    "shallow": {"max_iter": 60, "learning_rate": 0.05, "max_leaf_nodes": 4, "min_samples_leaf": 10},
    "medium": {"max_iter": 40, "learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 10},
    "deep": {"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 15, "min_samples_leaf": 20},
}
NOT_FEATURES = ("split", "row", "date", "arr_delay")


def train(
    data: Path, model_dir: Path, output_dir: Path, *, route: str, week: int, seed: int = 0
) -> dict[str, float | None]:
    """Train, save and score: the mean absolute errors in minutes; ``champion`` is None when there is none to beat."""
    flights = pd.read_csv(data / "flights.csv")
    parts = {name: flights[flights["split"] == name] for name in ("train", "validation", "test")}
    validation = {name: mean_absolute_error(fit(parts["train"], name, seed), parts["validation"]) for name in SETTINGS}
    chosen = min(validation, key=lambda name: validation[name])
    known = flights[flights["split"] != "test"]
    model = {**fit(known, chosen, seed), "route": route, "week": week, "trained_until": known["date"].max()}
    test = parts["test"]
    champion = load_champion(data)
    predictions = test[["row", "date", "arr_delay"]].assign(
        model=predict_fn(test, model),
        baseline=float(known["arr_delay"].median()),
        champion=predict_fn(test, champion) if champion else np.nan,
    )
    joblib.dump(model, model_dir / "model.joblib", compress=1)
    predictions.to_csv(output_dir / "predictions.csv", index=False)
    facts = {
        "route": route,
        "week": week,
        "setting": chosen,
        "validation": validation,
        "rows": {name: len(part) for name, part in parts.items()},
        "median": float(known["arr_delay"].median()),
        "trained_until": model["trained_until"],
        "test_from": test["date"].min(),
        "test_to": test["date"].max(),
        "champion_trained_until": champion["trained_until"] if champion else None,
        "pid": os.getpid(),
    }
    (output_dir / "facts.json").write_text(json.dumps(facts, indent=1))
    errors = {
        name: float((predictions[name] - predictions["arr_delay"]).abs().mean())
        for name in ("model", "baseline", "champion")
    }
    return {**errors, "champion": errors["champion"] if champion else None, "validation": validation[chosen]}


def fit(flights: pd.DataFrame, setting: str, seed: int) -> dict[str, Any]:
    """A model of one setting, fitted to the flights by absolute error, as ``predict_fn`` takes it."""
    features = [name for name in flights.columns if name not in NOT_FEATURES]
    carriers = sorted(flights["carrier"].unique())
    estimator = HistGradientBoostingRegressor(
        loss="absolute_error",
        early_stopping=False,  # would hold back rows at random, not by time
        random_state=seed,
        **SETTINGS[setting],
    )
    estimator.fit(matrix(flights, features, carriers), flights["arr_delay"].to_numpy())
    return {"estimator": estimator, "features": features, "carriers": carriers}


def mean_absolute_error(model: dict[str, Any], flights: pd.DataFrame) -> float:
    """In minutes."""
    return float(np.abs(predict_fn(flights, model) - flights["arr_delay"].to_numpy()).mean())


def load_champion(data: Path) -> dict[str, Any] | None:
    """The model to beat, or None for a route that has none."""
    archive = data / "champion.tar.gz"
    if not archive.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    (Path(folder) / Path(member.name).name).write_bytes(content.read())
        return model_fn(folder)


def main() -> None:
    """Run under SageMaker's contract: hyperparameters are arguments, places are SM_ variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--route", required=True)
    parser.add_argument("--week", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options, _ = parser.parse_known_args()
    errors = train(
        Path(os.environ["SM_CHANNEL_TRAINING"]),
        Path(os.environ["SM_MODEL_DIR"]),
        Path(os.environ["SM_OUTPUT_DATA_DIR"]),
        route=options.route,
        week=options.week,
        seed=options.seed,
    )
    for name, error in errors.items():
        if error is not None:
            print(f"{name}_mae={error:.6f};")


if __name__ == "__main__":
    main()
