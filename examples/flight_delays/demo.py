"""The demo: the whole pipeline on this machine, twice, with no AWS account.

    python demo.py [--data-dir DIR] [--fresh] [--no-canary]

Starts the local cloud, provisions it, runs week 39 (every eligible route is new) and week 40 (only what is due),
has a bad model rolled back by its canary (``canary.py``), asks the endpoint for predictions, and has ``recompute.py``
check every error. Prints where a browser sees it while it runs. Leaves the data directory, ``demo-report.json``,
``demo-workflow.svg`` and ``demo-run.html``, a page about the last week's execution. Interrupted in any way, it goes on
where it was when run again.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import canary
import pandas as pd
import report as reports
from botocore.exceptions import BotoCoreError, ClientError
from provision import HERE, provision, raw_files
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from stepfunctions.visual import Picture
from stepfunctions.workflow import Execution
from workflow import NAME, Settings, build_workflow

sys.path.insert(0, str(HERE / "training"))
import inference

WEEKS = (39, 40)
POLL_SECONDS = 0.5
COMMAND = str(Path(sys.executable).with_name("stepfunctions"))


class DemoFailed(Exception):
    """Something did not go as it should; the message is for the person at the terminal."""


@contextlib.contextmanager
def local_cloud(data_dir: Path, console: Console, *options: str) -> Iterator[None]:
    """The local cloud on a data directory, with this process's environment pointing at it.

    ``options``: more of ``stepfunctions local start``.
    """
    subprocess.run(
        [
            COMMAND,
            "local",
            "image",
            "add",
            f"{NAME}-convert",
            "--folder",
            str(HERE / "container"),
            "--data-dir",
            str(data_dir),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    log = data_dir / "server.log"
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [COMMAND, "local", "start", "--port", "0", "--data-dir", str(data_dir), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            line = server.stdout.readline().decode()
            if not line.startswith("Ready:"):
                raise DemoFailed(f"The local cloud did not start: {_tail(log)}")
            console.print(f"Local cloud {line.strip()}, data in {data_dir}")
            console.print(f"Watch it in a browser: {server.stdout.readline().decode().strip()}", soft_wrap=True)
            env = subprocess.run(
                [COMMAND, "local", "env", "--format", "json", "--data-dir", str(data_dir)],
                check=True,
                capture_output=True,
            )
            os.environ.update(json.loads(env.stdout))
            yield
        finally:
            server.terminate()


def run_week(settings: Settings, state_machine: str, week: int, console: Console) -> dict[str, Any]:
    """Run one week to its end, or look up its run if an earlier demo ended it."""
    client = boto3.client("stepfunctions")
    attempt = 0
    while True:
        attempt += 1
        run = f"week-{week}" if attempt == 1 else f"week-{week}-{attempt}"
        arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{run}"
        try:
            status = client.describe_execution(executionArn=arn)["status"]
        except client.exceptions.ExecutionDoesNotExist:
            client.start_execution(stateMachineArn=state_machine, name=run, input=json.dumps({"Week": week}))
            break
        if status in ("RUNNING", "SUCCEEDED"):
            console.print(f"Week {week}: the execution {run} of an earlier demo is {status}, going on with it.")
            break
    execution = follow(client, arn, week, console)
    if execution["status"] != "SUCCEEDED":
        raise DemoFailed(f"{run} {execution['status']}: {execution.get('error')}: {execution.get('cause')}")
    seconds = (execution["stopDate"] - execution["startDate"]).total_seconds()
    map_runs = [client.describe_map_run(mapRunArn=entry["mapRunArn"]) for entry in _map_runs(client, arn)]
    trainings = sum((map_run["stopDate"] - map_run["startDate"]).total_seconds() for map_run in map_runs)
    timing = {"execution_arn": arn, "seconds": seconds, "training_seconds": trainings}
    return {**reports.collect(settings, run), **timing}


def follow(client: Any, arn: str, week: int, console: Console) -> dict[str, Any]:
    """Show an execution's progress until it ends: live on a terminal, else a line a state."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[clock]}"),
    )
    seen = ""
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"week {week}", total=None, clock="")
        while True:
            execution: dict[str, Any] = client.describe_execution(executionArn=arn)
            state = _current_state(client, arn)
            for entry in _map_runs(client, arn):
                counts = client.describe_map_run(mapRunArn=entry["mapRunArn"])["itemCounts"]
                ended = counts["succeeded"] + counts["failed"] + counts["aborted"] + counts["timedOut"]
                progress.update(bar, total=counts["total"] or None, completed=ended)
            seconds = datetime.datetime.now(datetime.timezone.utc) - execution["startDate"]
            progress.update(bar, description=f"week {week}  {state:<28}", clock=f"{seconds.total_seconds():.0f} s")
            if state != seen and not console.is_terminal:
                console.print(f"Week {week}: {state}")
            seen = state
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(POLL_SECONDS)


def _current_state(client: Any, arn: str) -> str:
    events = client.get_execution_history(
        executionArn=arn, reverseOrder=True, maxResults=10, includeExecutionData=False
    )["events"]
    entered = (event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)
    return next(entered, "")


def _map_runs(client: Any, arn: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = client.list_map_runs(executionArn=arn)["mapRuns"]
    return runs


def ask_endpoint(settings: Settings, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Predictions of the endpoint for a few routes of a run, each beside that of the downloaded artefact."""
    s3, runtime = boto3.client("s3"), boto3.client("sagemaker-runtime")
    answers = []
    for route in _a_few_routes(run):
        table = s3.get_object(Bucket=settings.bucket, Key=f"sets/{run['run']}/{route}/flights.csv")["Body"].read()
        rows = pd.read_csv(io.BytesIO(table))
        features = rows[rows["split"] == "test"].drop(columns=["split", "row", "date", "arr_delay"]).tail(2)
        flights = json.loads(features.to_json(orient="records", double_precision=15))
        body = json.dumps({"instances": flights})
        response = runtime.invoke_endpoint(
            EndpointName=NAME,
            TargetModel=f"{route}.tar.gz",
            ContentType="application/json",
            Body=body,
        )
        remote = json.loads(response["Body"].read())["predictions"]
        key = f"releases/{run['run']}/{route}.tar.gz"
        model = _unpacked(s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read())
        local = [float(value) for value in inference.predict_fn(inference.input_fn(body), model)]
        if remote != local:
            raise DemoFailed(f"{route}: the endpoint answers {remote}, the downloaded model {local}.")
        answers.append({"route": route, "flights": flights, "endpoint": remote, "artefact": local})
    return answers


def _a_few_routes(run: dict[str, Any]) -> list[str]:
    """The busiest and the quietest route of a run, one for each decision, and at most two that are new."""
    by_flights = [row["route"] for row in sorted(run["routes"], key=lambda row: row["flights"])]
    by_decision = {row["decision"]: row["route"] for row in run["routes"]}
    new = [row["route"] for row in run["routes"] if row["reason"] == "new route"]
    return sorted({*by_flights[:1], *by_flights[-1:], *by_decision.values(), *new[:2]})


def _a_model(runs: list[dict[str, Any]]) -> bytes:
    """One of the models that were trained."""
    uri = next(row["artefact_uri"] for run in runs for row in run["routes"])
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _unpacked(archive: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    (Path(folder) / Path(member.name).name).write_bytes(content.read())
        return inference.model_fn(folder)


def draw(execution_arn: str, picture: Path, page: Path) -> None:
    """The workflow with the execution's outcome as SVG, and all about the execution as a page."""
    client = boto3.client("stepfunctions")
    execution = Execution.attach(execution_arn, client)
    (retrain,) = _map_runs(client, execution_arn)
    counts = client.describe_map_run(mapRunArn=retrain["mapRunArn"])["itemCounts"]
    Picture.of(
        execution.workflow.definition.to_dict(),
        execution.list_events(max_items=25_000),
        map_counts={"Retrain": counts},
        portrait=True,
    ).save(picture)
    execution.report(page)


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def run_demo(options: argparse.Namespace, console: Console) -> int:
    """Everything, in order."""
    began = time.monotonic()
    settings = Settings()
    with local_cloud(options.data_dir, console):
        provision(settings)
        state_machine = build_workflow(settings, boto3.client("stepfunctions")).create_or_update()
        runs = [run_week(settings, state_machine, week, console) for week in options.weeks]
        report: dict[str, Any] = {"runs": runs, "predictions": ask_endpoint(settings, runs[-1])}
        if options.canary:
            report["canary"] = canary.roll_back(_a_model(runs), console.print)
        options.report.write_text(json.dumps(report, indent=1) + "\n")
        console.print(reports.everything(report))
        draw(runs[-1]["execution_arn"], options.picture, options.page)
        raw = str(raw_files()["flights.csv.zip"].parent)
        check = subprocess.run(
            [sys.executable, str(HERE / "recompute.py"), str(options.report), "--raw", raw], check=False
        )
    left = f"{options.report}, {options.picture}, {options.page} and {options.data_dir} are left."
    console.print(f"{left} {time.monotonic() - began:.0f} seconds.")
    return check.returncode


def main() -> int:
    """Run the demo; 0 when everything succeeded and the report is right."""
    parser = argparse.ArgumentParser(description="Retrain flight delay models on this machine.")
    parser.add_argument("--data-dir", type=Path, default=Path("build/flight-delays"), help="default: %(default)s")
    parser.add_argument("--report", type=Path, default=Path("demo-report.json"), help="default: %(default)s")
    parser.add_argument("--picture", type=Path, default=Path("demo-workflow.svg"), help="default: %(default)s")
    parser.add_argument("--page", type=Path, default=Path("demo-run.html"), help="default: %(default)s")
    parser.add_argument("--weeks", type=int, nargs="+", default=list(WEEKS), help="default: 39 40")
    parser.add_argument(
        "--no-canary", dest="canary", action="store_false", help="deploy no bad model that its canary turns back"
    )
    parser.add_argument("--fresh", action="store_true", help="delete what an earlier demo left and begin anew")
    options = parser.parse_args()
    console = Console()
    if options.fresh and options.data_dir.exists():
        shutil.rmtree(options.data_dir)
    options.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return run_demo(options, console)
    except DemoFailed as failure:
        console.print(f"[red]{failure}[/red]")
        return 1
    except (BotoCoreError, ClientError) as error:
        console.print(
            f"[red]The local cloud does not answer: {error}[/red]\nRun the demo again: it goes on where it was."
        )
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted. Run the demo again: it goes on where it was.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
