"""Evaluate: score a trained model, the naive baseline and the champion on the same held-out flights.

The training job left one line a held-out flight with the true delay and each contender's prediction. The mean
absolute errors (minutes) are computed here once more from those lines and must agree with the metrics the job
reported: what the state machine's Choice compares is not the job's own word.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import storage

TOLERANCE = 1e-4  # minutes, relative for large values; metrics travel as 32-bit floats


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Route", "Artifact", "Metrics"}`` -> ``{"Model", "Baseline", "Champion" (or null), "TestRows", …}``."""
    _, artifact = storage.split_uri(event["Artifact"])
    left = storage.unpack(storage.read_bytes(artifact.removesuffix("model.tar.gz") + "output.tar.gz"))
    rows = list(csv.DictReader(io.StringIO(left["predictions.csv"].decode())))
    facts = json.loads(left["facts.json"])
    errors = {name: mean_absolute_error(rows, name.lower()) for name in ("Model", "Baseline", "Champion")}
    _check_metrics(event["Route"], errors, event["Metrics"])
    before = facts["champion_trained_until"]
    if max(facts["trained_until"], before or "") >= facts["test_from"]:
        raise ValueError(f"{event['Route']}: a contender was trained on flights it is to be tested on.")
    return {**errors, "TestRows": len(rows), "Facts": facts}


def mean_absolute_error(rows: list[dict[str, str]], contender: str) -> float | None:
    """Mean of \\|prediction - delay\\| in minutes; None when there was no such contender."""
    if not rows[0][contender]:
        return None
    return sum(abs(float(row[contender]) - float(row["arr_delay"])) for row in rows) / len(rows)


def _check_metrics(route: str, errors: dict[str, float | None], metrics: list[dict[str, Any]]) -> None:
    reported = {metric["MetricName"]: float(metric["Value"]) for metric in metrics}
    for name, error in errors.items():
        value = reported.get(f"test:{name.lower()}")
        if (error is None) != (value is None):
            raise ValueError(f"{route}: the {name} error is {error}, but the job reported {value}.")
        if error is not None and value is not None and abs(error - value) > TOLERANCE * max(1.0, error):
            raise ValueError(f"{route}: the job reported a {name} error of {value}, its predictions give {error}.")
