"""``stepfunctions estimate``: transitions, events, time and money of a run, before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from stepfunctions.asl.codec import parse
from stepfunctions.catalog.prices import default_prices, read_prices
from stepfunctions.cli.clients import aws_option, client_of
from stepfunctions.cli.finding import find_execution
from stepfunctions.cli.options import data_dir_option, format_option, type_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.targets import load_target
from stepfunctions.estimate import Assumptions, Counts, Estimate, Measured, estimate, measured

_MOST_EVENTS = 25_000


@click.command("estimate")
@click.argument("target", metavar="FILE")
@click.option("--input", "given", metavar="JSON", help="The execution's input: its lists say how many items a Map has.")
@click.option(
    "--items", type=click.IntRange(0), default=1, show_default=True, help="Items of a Map that it does not say."
)
@click.option("--turns", type=click.IntRange(1), default=1, show_default=True, help="How often a loop is gone through.")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="How many runs: models, days.")
@type_option
@click.option("--execution", metavar="ARN_OR_NAME", help="Take the measured numbers of this execution.")
@click.option(
    "--prices",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PRICES.json",
    help="Prices in place of the package's own.",
)
@format_option("text", "json")
@data_dir_option()
@aws_option
def estimate_(
    target: str,
    given: str | None,
    items: int,
    turns: int,
    runs: int,
    kind: Literal["STANDARD", "EXPRESS"] | None,
    execution: str | None,
    table: Path | None,
    form: str,
    data_dir: Path,
    aws: bool,
) -> int:
    """Tell what a run takes and costs.

    These are its state transitions and events, its waiting, and the price of Step Functions.

    The fewest are those of the shortest way that does not fail, the most those of the longest one without retries.
    With --execution one that ran gives its duration, and the price of SageMaker's instances for as long.

        stepfunctions estimate flight_delays.asl.json --items 195 --runs 52
    """
    machine = parse(load_target(target).definition)
    try:
        assumed = Assumptions(items, turns, None if given is None else json.loads(given))
        prices = default_prices() if table is None else read_prices(table)
    except ValueError as error:
        raise click.UsageError(f"--input is not JSON: {error}" if table is None else str(error)) from None
    seen: Measured | None = None
    if execution is not None:
        found = find_execution(client_of(data_dir, aws), execution)
        seen = measured(found.list_events(max_items=_MOST_EVENTS))
    made = estimate(machine, prices, assumed=assumed, kind=kind or "STANDARD", runs=runs, seen=seen)
    if form == "json":
        say_json(made.to_dict(), indent=2)
    else:
        _print(made)
    return 0


def _print(made: Estimate) -> None:
    rows = [
        ("", "fewest", "most"),
        ("state transitions", *_both(made, "transitions")),
        ("events", *_both(made, "events")),
    ]
    if made.most.children:
        rows += [("children", *_both(made, "children")), ("their transitions", *_both(made, "child_transitions"))]
    if made.most.express_children:
        rows.append(("Express children", *_both(made, "express_children")))
    rows.append(("seconds of waiting", *_both(made, "wait_seconds")))
    for name, least, most in rows:
        say(f"{name:<20}{least:>14}{most:>14}")
    if made.most.events > _MOST_EVENTS and made.kind == "STANDARD":
        say(f"The longest way has more than the {_MOST_EVENTS:,} events that an execution may have.")
    if made.measured is not None:
        seen = made.measured
        say(f"measured: {seen.seconds:,.1f} s, {seen.counts.transitions:,} transitions, {seen.counts.events:,} events")
        for name, seconds in sorted(seen.states.items(), key=lambda one: -one[1])[:5]:
            say(f"    {seconds:>10,.1f} s  {name}")
    what = "1 run" if made.runs == 1 else f"{made.runs:,} runs"
    say(f"{what}: {_money(made.cost_least)} to {_money(made.cost_most)} {made.currency} for Step Functions")
    if made.cost_jobs is not None:
        say(f"{what}: {_money(made.cost_jobs)} {made.currency} for SageMaker's instances, as long as measured")
    say(f"Prices of {made.prices_of}; --prices takes others.")


def _money(cost: float) -> str:
    return f"{cost:,.4f}" if cost >= 0.01 or cost == 0 else f"{cost:.8f}".rstrip("0")


def _both(made: Estimate, member: str) -> tuple[str, str]:
    def shown(counts: Counts) -> str:
        return f"{getattr(counts, member):,.0f}"

    return shown(made.fewest), shown(made.most)
