"""``stepfunctions run``: run a workflow once and show how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from stepfunctions import lint
from stepfunctions.cli.clients import aws_option, client_or_own_cloud
from stepfunctions.cli.options import data_dir_option, format_option
from stepfunctions.cli.targets import load_target, read_input
from stepfunctions.errors import DefinitionError, Problem
from stepfunctions.workflow import Execution, ExecutionStatus
from stepfunctions.workflow.lists import iso_time

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


@click.command()
@click.argument("target", metavar="FILE")
@click.option("--input", "text", metavar="JSON", help="The input: JSON, or @FILE.  [default: {}]")
@click.option("--name", help="The name of the execution.  [default: a new one]")
@click.option("--role", metavar="ARN", help="The execution role; with --aws it must exist.")
@click.option("--timeout", type=click.FloatRange(0), metavar="SECONDS", help="Stop watching after so long.")
@format_option("text", "json", "jsonl")
@data_dir_option()
@aws_option
def run(
    target: str,
    text: str | None,
    name: str | None,
    role: str | None,
    timeout: float | None,
    form: str,
    data_dir: Path,
    aws: bool,
) -> int:
    """Run a workflow and print its output. FILE is JSON, YAML, or Python as FILE.py:NAME or MODULE:NAME.

    The state machine is created, or updated when it exists. It runs on the local cloud of the data directory (when
    none runs there, one is started and stopped again), or with --aws on AWS. Events go to standard error.
    Exit code 1 when the execution does not succeed, or still runs after --timeout; it goes on then, in a local cloud
    that was started for it at the next start.

        stepfunctions run flight_delays.asl.json --input '{"Week": 39}'
    """
    loaded = load_target(target)
    errors = [finding for finding in lint.check(loaded.definition) if finding.severity == lint.ERROR]
    if errors:
        raise DefinitionError(Problem(path=found.path, message=found.message, hint=found.hint) for found in errors)
    given = loaded.checked_input(read_input(text))
    with client_or_own_cloud(data_dir, aws) as client:
        workflow = loaded.to_workflow(client, role)
        workflow.create_or_update()
        execution = workflow.execute(name=name, inputs=given)
        for event in watch(execution, timeout):
            if form == "jsonl":
                click.echo(json.dumps(event, default=iso_time))
            elif form == "text":
                click.echo(event_line(event), err=True)
        described = execution.describe()
    return _report(execution, described, form)


def watch(execution: Execution, timeout: float | None = None) -> Iterator[dict[str, Any]]:
    """Yield the events of an execution as they happen, until it has ended or ``timeout`` seconds are over."""
    deadline = None if timeout is None else time.monotonic() + timeout
    seen, pause = 0, _SHORTEST_PAUSE
    while True:
        ended = execution.describe()["status"] != ExecutionStatus.Running.value
        fresh = _events_after(execution, seen)
        yield from fresh
        if fresh:
            seen, pause = fresh[-1]["id"], _SHORTEST_PAUSE
        if ended or (deadline is not None and time.monotonic() > deadline):
            return
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _events_after(execution: Execution, seen: int) -> list[dict[str, Any]]:
    """Return the events with a higher id. They are asked for from the end, so that a long history costs little."""
    fresh: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = execution.client.get_execution_history(
            executionArn=execution.execution_arn, reverseOrder=True, maxResults=100, **token
        )
        fresh.extend(event for event in page["events"] if event["id"] > seen)
        if not page.get("nextToken") or not page["events"] or page["events"][-1]["id"] <= seen + 1:
            return fresh[::-1]
        token = {"nextToken": page["nextToken"]}


def event_line(event: dict[str, Any]) -> str:
    """Return an event as one line: time, type, and the state or error it is about."""
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("Details")), {})
    words = [event["type"], details.get("name") or details.get("resource") or ""]
    if details.get("error"):
        cause = " ".join(details.get("cause", "").split())[:200]
        words.append(f"{details['error']}: {cause}" if cause else details["error"])
    return f"{event['timestamp']:%H:%M:%S} {' '.join(word for word in words if word)}"


def _report(execution: Execution, described: dict[str, Any], form: str) -> int:
    status = execution.status
    if form == "json":
        described.pop("ResponseMetadata", None)
        click.echo(json.dumps(described, indent=2, default=iso_time))
    elif form == "text" and status is ExecutionStatus.Succeeded:
        click.echo(json.dumps(json.loads(described["output"]), indent=2, ensure_ascii=False))
    elif form == "text":
        error = f": {described['error']}" if described.get("error") else ""
        cause = f"\n{described['cause']}" if described.get("cause") else ""
        click.echo(f"{status.value}{error}{cause}\n{execution.execution_arn}", err=True)
    return 0 if status is ExecutionStatus.Succeeded else 1
