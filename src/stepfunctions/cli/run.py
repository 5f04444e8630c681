"""``stepfunctions run``: run a workflow once and show how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from stepfunctions import lint
from stepfunctions.cli.clients import aws_option, client_or_own_cloud
from stepfunctions.cli.options import data_dir_option, format_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.targets import load_target, read_input
from stepfunctions.cli.watching import watch
from stepfunctions.errors import DefinitionError, Problem
from stepfunctions.workflow import Execution, ExecutionStatus
from stepfunctions.workflow.lists import iso_time


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
    none runs there, one is started and stopped again), or with --aws on AWS. A terminal shows it live: states with
    times and attempts, the progress of Maps, the end of the running job's log. Otherwise events go to standard error.
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
        watch(execution, form, timeout, aws=aws)
        described = execution.describe()
    return _report(execution, described, form)


def _report(execution: Execution, described: dict[str, Any], form: str) -> int:
    from stepfunctions.visual.text import line_of

    status = execution.status
    if form == "json":
        described.pop("ResponseMetadata", None)
        say_json(described, indent=2, default=iso_time)
    elif form == "text" and status is ExecutionStatus.Succeeded:
        say_json(json.loads(described["output"]), indent=2, ascii_only=False)
    elif form == "text":
        error = f": {line_of(described['error'])}" if described.get("error") else ""
        cause = "".join(f"\n    {line}" for line in described.get("cause", "").splitlines())
        say(f"{status.value}{error}{cause}\n{execution.execution_arn}", err=True)
        say(f"To see it: stepfunctions report {execution.name}", err=True)
    return 0 if status is ExecutionStatus.Succeeded else 1
