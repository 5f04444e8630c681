"""What a run did, read back from the bucket, as data (demo-report.json) and as tables for people."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

import boto3
from rich.console import Group, RenderableType
from rich.table import Table

from workflow import Settings

DECISIONS = {
    "promote": "promoted (the new model serves)",
    "baseline": "kept the baseline (the first model lost)",
    "keep": "kept the champion",
}


def collect(settings: Settings, run: str) -> dict[str, Any]:
    """One run's summary and a row a route, from what the workflow left in the bucket."""
    s3 = boto3.client("s3")

    def read(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read()
        return body

    def keys(prefix: str) -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def etag(uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        tag: str = s3.head_object(Bucket=bucket, Key=key)["ETag"]
        return tag.strip('"')

    records = [json.loads(read(key)) for key in keys(f"runs/{run}/routes/")]
    summary = json.loads(read(f"runs/{run}/summary.json"))
    return {
        "run": run,
        "week": summary["Week"],
        "eligible": summary["Eligible"],
        "due": summary["Due"],
        "reasons": summary["Reasons"],
        "routes": [_row(record, etag) for record in records],
    }


def _row(record: dict[str, Any], etag: Callable[[str], str]) -> dict[str, Any]:
    evaluation, facts = record["Evaluation"], record["Evaluation"]["Facts"]
    return {
        "route": record["Route"],
        "reason": record["Reason"],
        "flights": record["Flights"],
        "new_flights": record["NewFlights"],
        "training_job": record["TrainingJobName"],
        "pid": facts["pid"],
        "artefact_uri": record["Artifact"],
        "artefact_etag": etag(record["Artifact"]),
        "setting": facts["setting"],
        "trained_until": facts["trained_until"],
        "test_from": facts["test_from"],
        "test_to": facts["test_to"],
        "test_rows": evaluation["TestRows"],
        "model_error": evaluation["Model"],
        "baseline_error": evaluation["Baseline"],
        "champion_error": evaluation["Champion"],
        "champion_uri": record["Champion"],
        "decision": record["Decision"],
        "serves": record["Serves"],
        "serving_uri": record["Serving"],
    }


def runs_table(runs: list[dict[str, Any]]) -> RenderableType:
    """The table of the whole demo: a column a run."""
    table = Table(title="Delay models, one a route", title_justify="left")
    table.add_column("")
    for run in runs:
        table.add_column(f"week {run['week']}", justify="right")

    def line(label: str, value: Callable[[dict[str, Any]], Any], style: str = "") -> None:
        table.add_row(label, *(str(value(run)) for run in runs), style=style)

    line("eligible routes (50 or more scheduled flights)", lambda run: run["eligible"])
    line("models trained", lambda run: len(run["routes"]), "bold")
    for decision, text in DECISIONS.items():
        line(f"  {text}", lambda run, decision=decision: _count(run, lambda row: row["decision"] == decision))
    line("  failed", lambda run: run["due"] - len(run["routes"]))
    table.add_section()
    table.add_row("mean absolute error on held-out flights, minutes")
    for name in ("model", "baseline"):
        line(f"  {name}", lambda run, name=name: _mean(run["routes"], name))
    line("  …on routes with a champion: champion", lambda run: _mean(_challenged(run), "champion"))
    line("  …on routes with a champion: model", lambda run: _mean(_challenged(run), "model"))
    line("  routes where the model loses to the baseline", lambda run: _count(run, _loses("baseline")))
    line("  routes where the model loses to the champion", lambda run: _count(run, _loses("champion")))
    table.add_section()
    line("seconds, whole execution", lambda run: f"{run['seconds']:.1f}")
    line("seconds, the trainings", lambda run: f"{run['training_seconds']:.1f}")
    return table


def routes_table(run: dict[str, Any], count: int = 5) -> RenderableType:
    """The routes where the model gained and lost most against the baseline."""
    table = Table(title=f"Week {run['week']}: largest gains and losses against the baseline", title_justify="left")
    for heading in ("route", "trained to", "tested", "model", "baseline", "champion", "decision"):
        table.add_column(heading, justify="left" if heading in ("route", "decision") else "right", no_wrap=True)
    ordered = sorted(run["routes"], key=lambda row: row["model_error"] - row["baseline_error"])
    shown = ordered if len(ordered) <= 2 * count else [*ordered[:count], None, *ordered[-count:]]
    for row in shown:
        if row is None:
            table.add_section()
            continue
        table.add_row(
            row["route"],
            row["trained_until"],
            f"{row['test_rows']:,}",
            *(_minutes(row[f"{name}_error"]) for name in ("model", "baseline", "champion")),
            row["decision"],
        )
    return table


def predictions_table(predictions: list[dict[str, Any]]) -> RenderableType:
    """What the endpoint answered, beside the downloaded artefact."""
    table = Table(title="Predicted arrival delay, minutes", title_justify="left")
    for heading in ("route", "carrier", "departure", "endpoint", "downloaded model"):
        table.add_column(heading, justify="right" if heading in ("endpoint", "downloaded model") else "left")
    for entry in predictions:
        for flight, remote, local in zip(entry["flights"], entry["endpoint"], entry["artefact"], strict=True):
            departure = f"{flight['departure'] // 60:02}:{flight['departure'] % 60:02}"
            table.add_row(entry["route"], flight["carrier"], departure, f"{remote:.6f}", f"{local:.6f}")
    return table


def everything(report: dict[str, Any]) -> RenderableType:
    """All tables of a report."""
    runs = report["runs"]
    return Group(runs_table(runs), *(routes_table(run) for run in runs), predictions_table(report["predictions"]))


def _count(run: dict[str, Any], matches: Callable[[dict[str, Any]], bool]) -> int:
    return sum(matches(row) for row in run["routes"])


def _loses(other: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: row[f"{other}_error"] is not None and row["model_error"] > row[f"{other}_error"]


def _challenged(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in run["routes"] if row["champion_error"] is not None]


def _mean(rows: list[dict[str, Any]], name: str) -> str:
    return _minutes(statistics.fmean(row[f"{name}_error"] for row in rows) if rows else None)


def _minutes(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
