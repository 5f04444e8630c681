"""How a route's model is loaded and asked: the SageMaker inference contract, and the same code in training.

A model archive holds either ``model.joblib`` (a dict: the estimator, its input columns, the carriers it knows) or
``baseline.json`` (a route that is best served by its median delay).

A request is ``{"instances": [{"carrier": "UA", "departure": 915, …}]}`` as application/json, or CSV with a header;
a feature that is left out counts as unknown. The answer is ``{"predictions": [minutes, …]}``.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

MISSING = -999.0  # outside every feature's range, so that a tree can tell "unknown" apart


def model_fn(model_dir: str) -> dict[str, Any]:
    """The model of an unpacked archive."""
    folder = Path(model_dir)
    if (folder / "model.joblib").exists():
        model: dict[str, Any] = joblib.load(folder / "model.joblib")
        return model
    baseline: dict[str, Any] = json.loads((folder / "baseline.json").read_text())
    return baseline


def input_fn(body: str | bytes, content_type: str = "application/json") -> pd.DataFrame:
    """A request's flights as a table."""
    text = body.decode() if isinstance(body, bytes) else body
    kind = content_type.split(";")[0].strip()
    if kind == "application/json":
        return pd.DataFrame(json.loads(text)["instances"])
    if kind == "text/csv":
        return pd.read_csv(io.StringIO(text))
    raise ValueError(f"Content type {content_type!r} is not supported; send application/json or text/csv.")


def predict_fn(flights: pd.DataFrame, model: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The predicted arrival delay of each flight, in minutes."""
    if "estimator" not in model:
        return np.full(len(flights), float(model["median"]))
    predictions: np.ndarray[Any, Any] = model["estimator"].predict(
        matrix(flights, model["features"], model["carriers"])
    )
    return predictions


def output_fn(predictions: np.ndarray[Any, Any], _accept: str = "application/json") -> tuple[str, str]:
    """The answer, always as JSON."""
    return json.dumps({"predictions": [float(value) for value in predictions]}), "application/json"


def matrix(flights: pd.DataFrame, features: list[str], carriers: list[str]) -> np.ndarray[Any, Any]:
    """The estimator's input: numbers, the carrier by its place in ``carriers`` (-1 when unknown)."""
    columns = []
    for name in features:
        if name not in flights:
            columns.append(np.full(len(flights), MISSING))
        elif name == "carrier":
            places = {carrier: float(place) for place, carrier in enumerate(carriers)}
            columns.append(np.array([places.get(carrier, -1.0) for carrier in flights[name]]))
        else:
            numbers = pd.to_numeric(flights[name]).to_numpy(dtype=float)
            columns.append(np.where(np.isnan(numbers), MISSING, numbers))
    return np.column_stack(columns)
