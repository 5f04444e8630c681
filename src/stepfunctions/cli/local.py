"""``stepfunctions local``: start the local cloud, ask about it, stop it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import click

from stepfunctions.cli.local_control import clock, clock_line, logs, reset, services, stop_server
from stepfunctions.cli.options import data_dir_option, format_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.settings import ENVIRONMENT, read_settings
from stepfunctions.local.datadir import ServerInfo, running
from stepfunctions.local.principal import IamMode
from stepfunctions.local.resources import Resources, size_of
from stepfunctions.runtime.durability import Durability

_data_dir = data_dir_option("Where everything is kept: executions, objects, models, logs.")
_format = format_option("text", "json")


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else size_of(str(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
@click.pass_context
def local(context: click.Context) -> None:
    """Run AWS's APIs on this machine, with no account.

    Options stand in stepfunctions.toml ([local]) or pyproject.toml ([tool.stepfunctions.local]) too, and in
    variables: STEPFUNCTIONS_LOCAL_PORT=8084.
    """
    settings = read_settings(Path.cwd(), start)
    shared = {name: value for name, value in settings.items() if name == "data_dir"}
    context.default_map = {name: settings if name == "start" else shared for name in local.commands}


for _command in (clock, logs, reset, services):
    local.add_command(_command)


@local.command(context_settings={"auto_envvar_prefix": ENVIRONMENT})
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8083,
    show_default=True,
    help="The port of 127.0.0.1 to listen on; 0 takes any free one.",
)
@_data_dir
@click.option(
    "--max-jobs",
    type=click.IntRange(1),
    default=None,
    help="How many jobs may run at once.  [default: the number of CPUs]",
)
@click.option(
    "--real",
    metavar="SERVICES",
    default="",
    help="Services whose calls go to AWS itself, with your own credentials: s3,glue.",
)
@click.option(
    "--no-limits",
    is_flag=True,
    help="Lift the limits of Step Functions: payloads, variables, definitions, events, names.",
)
@click.option(
    "--durability",
    type=click.Choice([mode.value for mode in Durability]),
    default=Durability.NORMAL.value,
    show_default=True,
    help="What is safe once a call was answered. full: on the disk, after a power cut too; normal: all, when a "
    "process is killed; memory: state machines and executions are gone when the server stops, for tests.",
)
@click.option(
    "--retention",
    "retention_days",
    metavar="DAYS",
    type=click.FloatRange(0, min_open=True),
    default=90.0,
    show_default=True,
    help="How many days after its end an execution is forgotten, with its history.",
)
@click.option(
    "--iam",
    type=click.Choice([mode.value for mode in IamMode]),
    default=IamMode.OFF.value,
    show_default=True,
    help="Check calls of tasks, jobs and functions against their role's policies. enforce: refuse what it lacks; "
    "log: list it (stepfunctions local iam).",
)
@click.option(
    "--clock",
    "clock_kind",
    type=click.Choice(["real", "jump"]),
    default="real",
    show_default=True,
    help="jump: time goes on to what is due next whenever nothing is at work, over hours of waiting in an instant.",
)
@click.option(
    "--start",
    "start_time",
    metavar="ISO",
    help="With --clock jump: the time at which a new data directory begins: 2013-01-07T06:00:00Z.  [default: now]",
)
@click.option(
    "--job-memory",
    metavar="SIZE",
    callback=_size,
    help="How much memory a job, a function or a model server may take: 2GB. One that wants more fails.",
)
@click.option(
    "--disk-budget",
    metavar="SIZE",
    callback=_size,
    help="How large the data directory should be: 20GB. Above it, what finished jobs left is removed, oldest first.",
)
@click.option("--until-input-ends", is_flag=True, hidden=True, help="Stop at the end of standard input: with a parent.")
def start(
    port: int,
    data_dir: Path,
    max_jobs: int | None,
    real: str,
    no_limits: bool,
    durability: str,
    retention_days: float,
    iam: str,
    clock_kind: str,
    start_time: str | None,
    job_memory: int | None,
    disk_budget: int | None,
    until_input_ends: bool,
) -> None:
    """Start the local cloud; Ctrl-C stops it.

    Prints "Ready: http://127.0.0.1:PORT" when it accepts requests, and where a browser opens its console. What is in
    the data directory goes on where it was: running executions, waiting timers, jobs. Services that the local cloud
    does not have itself are moto's, in memory only; with --real, tasks call AWS.

        stepfunctions local start --port 8083 --data-dir .stepfunctions
    """
    import logging

    from stepfunctions.local import server

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    if until_input_ends:
        threading.Thread(target=_stop_at_the_end, args=(sys.stdin.fileno(),), daemon=True).start()
    names = [name for name in re.split(r"[,\s]+", real) if name]
    server.run(
        data_dir,
        port=port,
        max_jobs=max_jobs,
        real=names,
        limits=not no_limits,
        durability=Durability(durability),
        retention_days=retention_days,
        iam=IamMode(iam),
        clock=clock_kind,
        start=start_time,
        resources=Resources(job_memory=job_memory, disk=disk_budget),
        announce=say,
    )
    sys.stdout.flush()
    os._exit(0)  # all is closed; a thread that still waits for a function or a client keeps nobody here


def _stop_at_the_end(source: int) -> None:
    """Stop this server when a file has ended: the pipe of a parent that is gone, however it went."""
    while os.read(source, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@local.command()
@_data_dir
def stop(data_dir: Path) -> int:
    """Stop the local cloud of a data directory. Nothing is lost: the next start goes on.

    Exit code 1 when none is running.
    """
    info = running(data_dir)
    if info is None:
        return _not_running(data_dir)
    stop_server(info)
    say(f"Stopped: {info.endpoint}")
    return 0


@local.command()
@_data_dir
@_format
def status(data_dir: Path, form: str) -> int:
    """Tell whether the local cloud runs, and what it does.

    Exit code 1 when none runs on the data directory.
    """
    from stepfunctions.local.console import Access
    from stepfunctions.local.orders import ask

    info = running(data_dir)
    state = None if info is None else ask(info.endpoint, "state")
    if form == "json":
        say_json({"running": info is not None, **(state or _directory(data_dir))})
    elif info is not None and state is not None:
        say(f"Running: {info.endpoint} (process {info.pid}, data directory {info.data_dir})")
        say(f"Console: {Access(Path(info.data_dir), info.endpoint).address}")
        say(f"Executions open: {state['executions']}")
        say(f"Jobs: {state['jobs']['running']} of at most {state['max_jobs']} run, {state['jobs']['queued']} wait")
        budget = f" of {state['disk_budget']:,}" if state["disk_budget"] else ""
        say(f"Disk: {state['disk']['total']:,}{budget} bytes")
        say(f"Clock: {clock_line(state['clock'])}")
    return 0 if info is not None else 1 if form == "json" else _not_running(data_dir)


@local.command()
@_data_dir
@_format
def iam(data_dir: Path, form: str) -> int:
    """List the rights that roles lacked under --iam.

    They are noted while it is log or enforce. Exit code 1 when there are any.

    stepfunctions local iam --data-dir .stepfunctions
    """
    from stepfunctions.local.iam.missing import missing_rights

    found = missing_rights(data_dir)
    if form == "json":
        say_json(found)
    elif not found:
        say("No role lacked a right.")
    for one in found if form == "text" else ():
        say(f"{one['role']}: {one['action']} on {one['resource']} ({one['times']} times)")
    return 1 if found else 0


@local.command()
@_data_dir
@_format
def env(data_dir: Path, form: str) -> int:
    """Print the variables that point AWS's tools at the local cloud.

    boto3, the AWS CLI and the SageMaker SDK read them; the other commands find the data directory by them.
    Exit code 1 when none is running.

        eval "$(stepfunctions local env)"
    """
    info = running(data_dir)
    if info is None:
        return _not_running(data_dir)
    variables = {
        **_client_env(info),
        "STEPFUNCTIONS_DATA_DIR": str(Path(info.data_dir).absolute()),
        **_no_proxy(os.environ),
    }
    if form == "json":
        say_json(variables)
    else:
        for name, value in variables.items():
            say(f"export {name}={shlex.quote(value)}")
    return 0


@local.command()
@click.argument("target", type=click.Path(path_type=Path))
@_data_dir
def backup(target: Path, data_dir: Path) -> None:
    """Copy a data directory into a new folder.

    Its server may run meanwhile. TARGET is a data directory itself: start a server on it, or move it back, to restore.

        stepfunctions local backup ../backups/monday
    """
    from stepfunctions.local.backup import backup

    done = backup(data_dir, target, lambda part: say(f"Copying {part}", err=True))
    say(f"Copied {done.databases} databases and {done.files} files, {done.size:,} bytes, to {target.absolute()}")


@local.command()
@_data_dir
def vacuum(data_dir: Path) -> None:
    """Free the room of deleted rows.

    The server must be stopped. Prints what each database had and has.
    """
    from stepfunctions.local.backup import vacuum

    freed = 0
    for name, before, after in vacuum(data_dir):
        say(f"{name}: {before:,} -> {after:,} bytes")
        freed += before - after
    say(f"Freed {freed:,} bytes")


@local.group()
def image() -> None:
    """Say which folder stands for a container image."""


def _family(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from stepfunctions.local.jobs.processes import FAMILIES

    if value not in FAMILIES:
        raise click.BadParameter(f"'{value}' is not one of {', '.join(FAMILIES)}.")
    return value


@image.command("add")
@click.argument("repository")
@click.option(
    "--folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The files of the image's working directory; they are copied.",
)
@click.option(
    "--family",
    default="python",
    show_default=True,
    callback=_family,
    help="What the image's Python has imported at its start: python, pandas, scikit-learn.",
)
@_data_dir
def image_add(repository: str, folder: Path, family: str, data_dir: Path) -> None:
    """Let a container image run from a folder of files.

    REPOSITORY is the image's name without registry and tag.

    stepfunctions local image add my-model --folder ./container
    """
    from stepfunctions.local import images

    say(str(images.add(data_dir.absolute(), repository, folder, family=family)))


def _client_env(info: ServerInfo) -> dict[str, str]:
    from stepfunctions.local.environment import client_env

    return client_env(info.endpoint, info.region)


def _no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps clients from asking the user's proxy, if there is one, for this machine."""
    if not any(environ.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")):
        return {}
    told = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in told.split(",") if host.strip()]
    value = ",".join([*hosts, *(["127.0.0.1"] if not {"*", "127.0.0.1"} & set(hosts) else [])])
    return {"NO_PROXY": value, "no_proxy": value}


def _directory(data_dir: Path) -> dict[str, str]:
    return {"data_dir": str(data_dir.absolute())}


def _not_running(data_dir: Path) -> int:
    say(
        f"No local cloud runs on {data_dir.absolute()}. Start one: stepfunctions local start "
        f"--data-dir {shlex.quote(str(data_dir))}",
        err=True,
    )
    return 1
