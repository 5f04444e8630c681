"""``stepfunctions report``: a page about one execution."""

from __future__ import annotations

from pathlib import Path

import click

from stepfunctions.cli.clients import aws_option, client_of
from stepfunctions.cli.finding import find_execution
from stepfunctions.cli.options import data_dir_option
from stepfunctions.cli.printing import say


@click.command()
@click.argument("execution", metavar="ARN_OR_NAME")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: the execution's name, with .html]",
)
@click.option("--redact", is_flag=True, help="Hide all values of inputs, outputs, arguments, causes and logs.")
@click.option(
    "--redact-key",
    "names",
    multiple=True,
    metavar="NAME",
    help="Hide the values of this key, and their text wherever else it is; * stands for anything. Repeat it.",
)
@click.option(
    "--events", "most", type=click.IntRange(1), default=25_000, show_default=True, help="At most so many events."
)
@data_dir_option()
@aws_option
def report(
    execution: str, output: Path | None, redact: bool, names: tuple[str, ...], most: int, data_dir: Path, aws: bool
) -> int:
    """Write a page about an execution.

    One HTML file that opens from disk and loads nothing. It has the graph, a timeline, the events, the items of Maps,
    inputs and outputs, logs, and the metrics of training jobs.

        stepfunctions report week-39 -o week-39.html --redact-key password --redact-key '*token*'
    """
    import boto3

    client = client_of(data_dir, aws)
    found = find_execution(client, execution)
    session = None if aws else boto3.Session("local", "local", region_name=client.meta.region_name)
    target = output or Path(f"{found.name}.html")
    path = found.report(target, redact=redact or names, session=session, max_events=most)
    say(str(path))
    return 0
