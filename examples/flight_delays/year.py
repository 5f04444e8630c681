"""A year of flights on this machine: 52 weeks in one run, by a clock that jumps.

    python year.py [--data-dir DIR] [--weeks 52] [--out year.json]

Starts a local cloud on 1 January 2013. Each week's raw flights come as an object, which a trigger loads; each Tuesday a
schedule looks for drift, retrains the routes that drifted, and deploys what won (``weekly.py``). At the end the models
that served predict the flights of the week after, beside those that served after week 13, never retrained. Leaves
``year.json``, what ``year_plot.py`` draws and ``recompute_year.py`` checks. Interrupted in any way, it goes on where it
was.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import report as reports
from botocore.exceptions import BotoCoreError, ClientError
from demo import DemoFailed, local_cloud
from provision import HERE, WEEKLY, create_functions, create_glue_job, raw_files, register_task_definition, upload
from rich.console import Console
from weekly import INCOMING, ON_TUESDAYS, Weekly, build, new_data

from stepfunctions.local.orders import order
from stepfunctions.mlops import Baseline
from workflow import Settings

sys.path.insert(0, str(HERE / "training"))
sys.path.insert(0, str(HERE / "container"))
import convert
import inference

START = "2013-01-01T17:00:00Z"
FIRST_TUESDAY = datetime(2013, 1, 8, 5, tzinfo=timezone.utc)
"""Midnight in New York, when the first week is over."""
FROZEN = 13
"""The week after which the other models, those that are compared, are not retrained any more."""
LONGEST = 3600.0
"""Real seconds that a week may take."""


def provision(settings: Settings) -> Weekly:
    """Make what the three workflows need, the workflows, and what starts them."""
    upload(settings, ("weather.csv", "planes.csv"))
    create_functions(settings, WEEKLY)
    create_glue_job(settings)
    register_task_definition(settings)
    client, s3 = boto3.client("stepfunctions"), boto3.client("s3")
    with tempfile.TemporaryDirectory() as folder:  # nothing is known of any model yet
        for path in Baseline({}).save(folder).iterdir():
            s3.upload_file(str(path), settings.bucket, f"drift/baselines/start/{path.name}")
    weekly = build(settings, client)
    for workflow in (weekly.load, weekly.retrain, weekly.start):
        workflow.provision()
        workflow.create_or_update()
    weekly.load.triggers(new_data(settings))
    weekly.start.triggers(ON_TUESDAYS)
    return weekly


def run_week(settings: Settings, weekly: Weekly, week: int, flights: pd.DataFrame) -> dict[str, Any]:
    """Let one week pass, unless it has: its data arrive, the schedule fires, the execution ends."""
    client = boto3.client("stepfunctions")
    arn = f"{weekly.retrain.state_machine_arn}:week-{week:02}".replace(":stateMachine:", ":execution:")
    began = time.monotonic()
    if _status(client, arn) is None:
        midnight = FIRST_TUESDAY + timedelta(weeks=week - 1)
        _go_on(midnight + timedelta(minutes=30))
        boto3.client("s3").put_object(
            Bucket=settings.bucket, Key=f"{INCOMING}week={week:02}.csv", Body=flights.to_csv(index=False).encode()
        )
        _go_on(midnight + timedelta(hours=10))
    while (status := _status(client, arn)) == "RUNNING":
        _go_on(_now() + timedelta(minutes=1))
    if status != "SUCCEEDED":
        told = client.describe_execution(executionArn=arn) if status else {"error": "No schedule", "cause": "has fired"}
        raise DemoFailed(f"Week {week}: {status}: {told.get('error')}: {told.get('cause')}")
    return {**_collect(settings, week), "execution": arn, "seconds": round(time.monotonic() - began, 1)}


def _status(client: Any, arn: str) -> str | None:
    try:
        status: str = client.describe_execution(executionArn=arn)["status"]
    except client.exceptions.ExecutionDoesNotExist:
        return None
    return status


def _now() -> datetime:
    return datetime.fromtimestamp(order(_endpoint(), "clock", {"hold": True}, timeout=60)["now"], timezone.utc)


def _go_on(moment: datetime) -> None:
    """Move the clock, over all that is due until then; a moment that has passed changes nothing."""
    if moment <= _now():
        return
    if not order(_endpoint(), "clock", {"set": moment.isoformat()}, timeout=LONGEST)["reached"]:
        raise DemoFailed(f"The clock did not get to {moment}: something was at work for {LONGEST:g} seconds.")


def _endpoint() -> str:
    return str(boto3.client("stepfunctions").meta.endpoint_url)


def _collect(settings: Settings, week: int) -> dict[str, Any]:
    """What a week's execution left in the bucket."""
    s3, run = boto3.client("s3"), f"week-{week:02}"

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read())

    judged = read(f"drift/reports/delays/{run}/report.json")
    row = {
        "week": week,
        "time": judged["Time"],
        **{name.lower(): judged[name] for name in ("Drifted", "Stable", "TooFew", "Rows")},
        "drift": {
            model: {
                "verdict": one["Verdict"],
                "count": one["Count"],
                **{name: found["Value"] for name, found in _measures(one).items()},
                **({"drift": one["Drift"], "now": one["Features"]["arr_delay"]["Now"]} if "Drift" in one else {}),
            }
            for model, one in judged["Models"].items()
            if one["Verdict"] != "NoBaseline"
        },
    }
    summary = read(f"runs/{run}/summary.json")
    return {**row, "eligible": summary["Eligible"], "due": summary["Due"], "reasons": summary["Reasons"],
            "routes": reports.collect(settings, run)["routes"]}  # fmt: skip


def _measures(one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = one.get("Features", {}).get("arr_delay", {}).get("Measures", {})
    return found


def errors(weeks: Iterable[dict[str, Any]], flights: pd.DataFrame) -> list[dict[str, Any]]:
    """Each week's mean absolute error, minutes: of what served, and of what served after week 13 or, later, first.

    ``differ``: the same on the routes where these are two models.
    """
    by_route = dict(tuple(_joined(flights).groupby("route")))
    serving: dict[str, str] = {}
    frozen: dict[str, str] = {}
    off: dict[str, pd.Series[float]] = {}
    told = []
    for week in weeks:
        now = {row["route"]: row["serving_uri"] for row in week["routes"]}
        serving |= now
        frozen = {**frozen, **now} if week["week"] <= FROZEN else {**now, **frozen}
        for route, uri in now.items():
            if uri not in off:
                own = by_route[route]
                off[uri] = (own["arr_delay"] - inference.predict_fn(own, _model(uri))).abs()
        rows = pd.concat(
            pd.DataFrame(
                {
                    "serving": off[serving[route]],
                    "frozen": off[frozen[route]],
                    "differ": serving[route] != frozen[route],
                }
            )[by_route[route]["week"] == week["week"] + 1]
            for route in serving
        )
        if len(rows):
            told.append(
                {
                    "week": week["week"] + 1,
                    "routes": len(serving),
                    **_means(rows),
                    "differ": _means(rows[rows["differ"]]),
                }
            )
    return told


def _means(rows: pd.DataFrame) -> dict[str, Any]:
    means = {name: float(rows[name].mean()) if len(rows) else None for name in ("serving", "frozen")}
    return {"flights": len(rows), **means}


def _joined(flights: pd.DataFrame) -> pd.DataFrame:
    """All flights that arrived, with their features and their week."""
    files = raw_files()
    date = pd.to_datetime(flights[["year", "month", "day"]])
    status = np.where(flights["arr_delay"].isna(), "lost", "arrived")
    lake = flights.assign(
        row=range(len(flights)),
        route=flights["origin"] + "-" + flights["dest"],
        date=date.dt.strftime("%Y-%m-%d"),
        day=date.dt.day_of_year,
        status=status,
    )
    weather, planes = (pd.read_csv(files[name]) for name in ("weather.csv", "planes.csv"))
    rows = convert.join(lake.drop(columns=["year", "month", "hour", "minute"]), weather, planes)
    return rows.assign(week=(rows["day"] - 1) // 7 + 1)


def _model(uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(body)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                (Path(folder) / Path(member.name).name).write_bytes(content.read())
        return inference.model_fn(folder)


def run_year(options: argparse.Namespace, console: Console) -> int:
    """Everything, in order; 0 when the report is right."""
    settings = Settings()
    flights = pd.read_csv(raw_files()["flights.csv.zip"], low_memory=False)
    week_of = (pd.to_datetime(flights[["year", "month", "day"]]).dt.day_of_year - 1) // 7 + 1
    kept: list[dict[str, Any]] = json.loads(options.out.read_text())["weeks"] if options.out.exists() else []
    with local_cloud(options.data_dir, console, "--clock", "jump", "--start", START):
        _now()  # hold the clock
        weekly = provision(settings)
        for week in range(1, options.weeks + 1):
            if week <= len(kept):
                continue
            row = run_week(settings, weekly, week, flights[week_of == week])
            kept.append(row)
            options.out.write_text(json.dumps({"weeks": kept}) + "\n")
            console.print(
                f"Week {week:2}: {row['eligible']} routes, {row['reasons'].get('new route', 0)} new, {row['drifted']} "
                f"drifted; {sum(one['decision'] == 'promote' for one in row['routes'])} new champions. "
                f"{row['seconds']:.0f} s"
            )
        found = errors(kept, flights)
        options.out.write_text(json.dumps({"weeks": kept, "errors": found}) + "\n")
        raw = str(raw_files()["flights.csv.zip"].parent)
        check = subprocess.run(
            [sys.executable, str(HERE / "recompute_year.py"), str(options.out), "--raw", raw], check=False
        )
    for name in ("serving", "frozen"):
        mean = sum(one[name] * one["flights"] for one in found) / sum(one["flights"] for one in found)
        console.print(f"Mean absolute error of the week after, {name}: {mean:.3f} minutes")
    return check.returncode


def main() -> int:
    """Run the year; 0 when all weeks succeeded and the report is right."""
    parser = argparse.ArgumentParser(description="A year of flights, and what drifts, on this machine.")
    parser.add_argument("--data-dir", type=Path, default=Path("build/flight-year"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("year.json"), help="default: %(default)s")
    parser.add_argument("--weeks", type=int, default=52, help="default: %(default)s")
    options = parser.parse_args()
    options.data_dir.mkdir(parents=True, exist_ok=True)
    console = Console()
    try:
        return run_year(options, console)
    except DemoFailed as failure:
        console.print(f"[red]{failure}[/red]")
        return 1
    except (BotoCoreError, ClientError) as error:
        console.print(f"[red]The local cloud does not answer: {error}[/red]\nRun it again: it goes on where it was.")
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted. Run it again: it goes on where it was.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
