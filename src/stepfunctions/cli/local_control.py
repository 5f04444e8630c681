"""``stepfunctions local clock|logs|reset|services``: look into the local cloud, and have it do as it is told."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import click

from stepfunctions.cli.options import data_dir_option, format_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.errors import LocalCloudError
from stepfunctions.local.datadir import ServerInfo, running, wait_until_gone

STOP_SECONDS = 30.0
_LOOK = 0.2
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

_data_dir = data_dir_option()
_format = format_option("text", "json")


def _duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhdw]?)", value.strip())
    if found is None:
        raise click.BadParameter(f"'{value}' is no length of time: write 90, 90s, 15m, 8h, 2d or 1w.")
    return float(found[1]) * _UNITS[found[2] or "s"]


@click.command()
@click.option("--advance", metavar="TIME", callback=_duration, help="Go on by so much: 90s, 15m, 8h, 2d, 1w.")
@click.option("--set", "moment", metavar="ISO", help="Go on to a time: 2030-01-31T08:00:00Z.")
@click.option("--hold/--no-hold", default=None, help="Jump only with --advance and --set, or unasked again.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 3600),
    default=60.0,
    show_default=True,
    help="How many real seconds to wait for what is at work.",
)
@_data_dir
@_format
def clock(
    advance: float | None, moment: str | None, hold: bool | None, timeout: float, data_dir: Path, form: str
) -> int:
    """Tell the time of the local cloud, or move it.

    Only the clock of a server that was started with --clock jump can be moved, and only forward. All that is due
    meanwhile happens, each at its time. Exit code 1 when what is at work took longer than --timeout.

        stepfunctions local clock --advance 8h
    """
    from stepfunctions.local.orders import ask, order

    info = _running(data_dir)
    if advance is not None and moment is not None:
        raise click.UsageError("--advance and --set exclude each other.")
    given = {"advance": advance, "set": moment, "hold": hold}
    orders = {name: value for name, value in given.items() if value is not None}
    told = order(info.endpoint, "clock", orders, timeout=timeout) if orders else ask(info.endpoint, "clock")
    if form == "json":
        say_json(told)
    else:
        say(clock_line(told))
    return 0 if told.get("reached", True) else 1


def clock_line(told: dict[str, Any]) -> str:
    """Return what a server says of its clock, for people."""
    if told["clock"] == "real":
        return f"{told['iso']} (real)"
    held = ", held" if told["hold"] else ""
    work = f", {told['at_work']} at work" if told["at_work"] else ""
    way = "behind" if told["ahead"] < 0 else "ahead"
    return f"{told['iso']} (jump, {abs(told['ahead']):,.0f} seconds {way}{held}{work})"


@click.command()
@_data_dir
@click.option("--force", is_flag=True, help="Stop the server first, if one runs.")
def reset(data_dir: Path, force: bool) -> None:
    """Remove all that is kept in a data directory.

    Executions, objects, jobs and their logs, the clock; images stay. Refused while a server runs, and when the folder
    has anything that is not the local cloud's.
    """
    from stepfunctions.local.leftovers import reset

    info = running(data_dir)
    if info is not None:
        if not force:
            raise LocalCloudError(f"A local cloud runs at {info.endpoint}: stop it first, or say --force")
        stop_server(info)
    removed = reset(data_dir.absolute())
    say(f"Removed from {data_dir.absolute()}: {', '.join(removed) or 'nothing, there was none'}")


def stop_server(info: ServerInfo) -> None:
    """Stop a server and wait until it is gone. Raises LocalCloudError when it does not go."""
    os.kill(info.pid, signal.SIGTERM)
    if not wait_until_gone(info.pid, seconds=STOP_SECONDS):
        raise LocalCloudError(
            f"Process {info.pid} still runs {STOP_SECONDS:.0f} seconds after it was asked to "
            f"stop; kill -9 {info.pid} is safe, the next start recovers"
        )


@click.command()
@click.argument("name", required=False)
@click.option(
    "--lines", "-n", type=click.IntRange(0), default=100, show_default=True, help="How many of the last lines."
)
@click.option("--follow", "-f", is_flag=True, help="Go on printing what is added, until Ctrl-C.")
@_data_dir
def logs(name: str | None, lines: int, follow: bool, data_dir: Path) -> None:
    """Print a log: of the server, of a job or of a function. Without NAME, list what there is.

    \b
        stepfunctions local logs server --follow
        stepfunctions local logs job/training/my-model
    """
    from stepfunctions.local.leftovers import logs

    found = logs(data_dir.absolute())
    if name is None:
        for one in sorted(found):
            say(one)
        return
    if name not in found:
        near = [one for one in sorted(found) if name in one] or sorted(found)
        known = ", ".join(near[:10]) or "none yet"
        raise click.BadParameter(f"There is no log '{name}' in {data_dir}. There are: {known}.", param_hint="NAME")
    path = found[name][-1]
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            say(line, nl=False)
        while follow:
            added = file.read()
            say(added, nl=False)
            if not added:
                time.sleep(_LOOK)


@click.command()
@click.argument("name", required=False)
@_data_dir
@_format
def services(name: str | None, data_dir: Path, form: str) -> None:
    """List the services and who answers for them.

    With NAME, boto3's of a service, its operations. The local cloud answers, or AWS itself for those of --real; moto
    stands for every other.
    """
    from stepfunctions.local.orders import ask

    info = running(data_dir)
    real = ask(info.endpoint, "state")["real"] if info is not None else []
    table = _table(real)
    if name is not None and name not in table:
        raise click.BadParameter(
            f"The local cloud has no service '{name}' of its own: moto stands for it. Its own: {', '.join(table)}.",
            param_hint="NAME",
        )
    shown = table if name is None else {name: table[name]}
    if form == "json":
        say_json(shown)
        return
    for one, told in shown.items():
        if told["by"] == "real":
            say(f"{one}: AWS itself")
        else:
            say(f"{one}: {len(told['operations'])} of {told['of']} operations")
        for operation in told.get("operations", ()) if name else ():
            say(f"  {operation}")


def _table(real: list[str]) -> dict[str, Any]:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import SERVICES, supported_operations
    from stepfunctions.local.wire.models import service_model

    table: dict[str, Any] = {name: {"by": "real"} for name in real}
    with tempfile.TemporaryDirectory() as folder, Cloud(folder) as cloud:
        for name in SERVICES:
            if name not in table:
                operations = supported_operations(name, cloud.service(name))
                table[name] = {"by": "local", "operations": operations, "of": len(service_model(name).operation_names)}
    return dict(sorted(table.items()))


def _running(data_dir: Path) -> ServerInfo:
    info = running(data_dir)
    if info is None:
        raise LocalCloudError(
            f"No local cloud runs on {data_dir.absolute()}. Start one: stepfunctions local start --data-dir {data_dir}"
        )
    return info
