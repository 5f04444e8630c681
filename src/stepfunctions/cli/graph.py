"""``stepfunctions graph``: a picture of a definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stepfunctions import lint
from stepfunctions.cli.clients import aws_option, client_of
from stepfunctions.cli.finding import find_execution
from stepfunctions.cli.options import data_dir_option
from stepfunctions.cli.printing import say
from stepfunctions.cli.targets import load_target
from stepfunctions.visual import Picture
from stepfunctions.visual.formats import FORMATS
from stepfunctions.visual.graph import build
from stepfunctions.visual.report.asking import MOST_EVENTS, Questions, gaps, strangers
from stepfunctions.visual.runs import map_counts
from stepfunctions.visual.status import read_history
from stepfunctions.visual.themes import Theme
from stepfunctions.workflow import Execution


@click.command()
@click.argument("target", metavar="FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: .svg, .png, .html, .txt, .mmd (Mermaid) or .json. Without it the graph is printed.",
)
@click.option("--execution", metavar="ARN_OR_NAME", help="Mark the states as they stand in this execution.")
@click.option(
    "--findings", "marked", is_flag=True, help="Mark the states with warnings too, not only those with errors."
)
@click.option("--landscape", is_flag=True, help="Draw from left to right instead of from top to bottom.")
@click.option("--all", "every", is_flag=True, help="Draw the states of every Map and Parallel, however many.")
@click.option(
    "--theme",
    type=click.Choice(["light", "dark", "auto"]),
    default="light",
    show_default=True,
    help="The colours of an .svg; auto follows the reader's setting.",
)
@data_dir_option()
@aws_option
def graph(
    target: str,
    output: Path | None,
    execution: str | None,
    marked: bool,
    landscape: bool,
    every: bool,
    theme: Theme,
    data_dir: Path,
    aws: bool,
) -> int:
    """Draw a definition. FILE is JSON, YAML, or Python as FILE.py:NAME or MODULE:NAME.

    A definition with errors is drawn as far as it can be, the states with errors are marked, and the exit code is 1.
    Of more than 150 states, those inside of Maps and Parallels are left out, unless --all is given.

        stepfunctions graph flight_delays.asl.json -o flight_delays.svg
    """
    if output is not None and output.suffix.lower() not in FORMATS:
        raise click.UsageError(f"-o {output}: write a file that ends in {', '.join(FORMATS)}.")
    definition = load_target(target).definition
    found = lint.check(definition)
    errors = [finding for finding in found if finding.severity == lint.ERROR]
    given: dict[str, Any] = {"findings": found if marked else errors} if marked or errors else {}
    if execution is not None:
        client = client_of(data_dir, aws)
        given = _overlay(client, find_execution(client, execution), definition)
    if every:
        given["most_states"] = None
    picture = Picture.of(definition, theme=theme, portrait=not landscape, **given)
    if output is None:
        say(picture.text, nl=False)
    else:
        try:
            picture.save(output)
        except ValueError as error:
            raise click.UsageError(f"-o {output}: {error}") from None
        say(str(output))
    if errors:
        number = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        say(f"The definition has {number}: stepfunctions validate {target}", err=True)
    return 1 if errors else 0


def _overlay(client: Any, execution: Execution, definition: Any) -> dict[str, Any]:
    """Return what a picture needs to mark the states of an execution: its events, and counts of its Map Runs.

    What it does not show is said on standard error.
    """
    questions = Questions()
    events = list(execution.list_events(max_items=MOST_EVENTS))
    counts = map_counts(client, events, questions)
    missing = gaps(events, execution.status.value)
    for note in (*questions.notes, *missing, *strangers(build(definition), read_history(events))):
        say(note, err=True)
    return {"events": events, "map_counts": counts}
