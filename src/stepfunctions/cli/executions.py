"""``stepfunctions executions``: what ran, and how it went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stepfunctions.cli.clients import aws_option, client_of
from stepfunctions.cli.finding import find_execution, state_machines
from stepfunctions.cli.options import data_dir_option, format_option
from stepfunctions.cli.printing import below, say, say_json
from stepfunctions.cli.watching import event_line
from stepfunctions.cli.watching import watch as watch_execution
from stepfunctions.workflow import ExecutionStatus
from stepfunctions.workflow.clients import pages
from stepfunctions.workflow.lists import iso_time


@click.group()
def executions() -> None:
    """List executions, show one, or watch it run."""


@executions.command("list")
@click.option("--machine", metavar="NAME", help="Only those of the state machine with this name.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in ExecutionStatus], case_sensitive=False),
    help="Only those with this status.",
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many a machine.")
@format_option("text", "json", "jsonl")
@data_dir_option()
@aws_option
def list_(machine: str | None, status: str | None, limit: int, form: str, data_dir: Path, aws: bool) -> int:
    """List executions, newest first. Those of Express state machines are only in their logs."""
    client = client_of(data_dir, aws)
    rows: list[dict[str, Any]] = []
    for entry in state_machines(client, machine):
        if entry["type"] == "EXPRESS":
            if machine is not None:
                raise click.UsageError(f"'{machine}' is EXPRESS: what became of its executions is only in its logs.")
            continue
        given = {"stateMachineArn": entry["stateMachineArn"], **({"statusFilter": status} if status else {})}
        rows.extend(
            {**row, "machine": entry["name"]} for row in pages(client.list_executions, "executions", limit, **given)
        )
    rows.sort(key=lambda row: row["startDate"], reverse=True)
    if form == "json":
        say_json(rows, indent=2, default=iso_time)
    elif form == "jsonl":
        for row in rows:
            say_json(row, default=iso_time)
    else:
        for row in rows:
            say(_line(row))
        if not rows:
            say("No executions.", err=True)
    return 0


def _line(row: dict[str, Any]) -> str:
    stopped = row.get("stopDate")
    seconds = f"{(stopped - row['startDate']).total_seconds():9.1f} s" if stopped else " " * 11
    return f"{row['status']:10} {row['startDate']:%Y-%m-%d %H:%M:%S} {seconds}  {row['machine']}/{row['name']}"


@executions.command()
@click.argument("execution", metavar="ARN_OR_NAME")
@click.option(
    "--events", "most", type=click.IntRange(0), default=1000, show_default=True, help="At most so many events."
)
@format_option("text", "json", "jsonl")
@data_dir_option()
@aws_option
def show(execution: str, most: int, form: str, data_dir: Path, aws: bool) -> int:
    """Show one execution: status, input, output and events.

    Exit code 1 when it ended without success.
    """
    client = client_of(data_dir, aws)
    found = find_execution(client, execution)
    described = found.describe()
    described.pop("ResponseMetadata", None)
    events = found.list_events(max_items=most)
    if form == "json":
        say_json({**described, "events": list(events)}, indent=2, default=iso_time)
    elif form == "jsonl":
        for event in events:
            say_json(event, default=iso_time)
    else:
        for key in ("executionArn", "status", "startDate", "stopDate", "input", "output", "error", "cause"):
            if described.get(key) is not None:
                say(below(f"{key + ':':14} ", described[key]))
        for event in events:
            say(f"{event['id']:6} {event_line(event)}")
    return 0 if found.status in (ExecutionStatus.Running, ExecutionStatus.Succeeded) else 1


@executions.command()
@click.argument("execution", metavar="ARN_OR_NAME")
@click.option("--timeout", type=click.FloatRange(0), metavar="SECONDS", help="Stop watching after so long.")
@format_option("text", "jsonl")
@data_dir_option()
@aws_option
def watch(execution: str, timeout: float | None, form: str, data_dir: Path, aws: bool) -> int:
    """Watch one execution until it ends.

    Live on a terminal, else an event a line. Ctrl-C stops watching, and the execution goes on. Exit code 1 when it
    ended without success, or still runs after --timeout.
    """
    found = find_execution(client_of(data_dir, aws), execution)
    watch_execution(found, form, timeout, aws=aws)
    if form == "text":
        failure = found.failure
        say(below("", failure) if failure is not None else f"{found.execution_arn} {found.status.value}", err=True)
    return 0 if found.status is ExecutionStatus.Succeeded else 1
