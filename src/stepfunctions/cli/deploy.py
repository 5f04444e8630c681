"""``stepfunctions bootstrap``, ``deploy``, ``diff`` and ``destroy``: stacks of workflows in environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import click

from stepfunctions.cli.options import data_dir_option, format_option, type_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.cli.stacks import load_stack
from stepfunctions.deploy import bootstrap as bootstrapping
from stepfunctions.deploy.deployment import Deployed, Event, Place
from stepfunctions.deploy.deployment import deploy as deploy_stack
from stepfunctions.deploy.deployment import destroy as destroy_stack
from stepfunctions.deploy.diff import Difference
from stepfunctions.deploy.diff import diff as difference
from stepfunctions.deploy.environments import LOCAL, Environment, environment_of
from stepfunctions.deploy.promotion import promoted
from stepfunctions.deploy.stack import Stack
from stepfunctions.errors import LocalCloudError, StepFunctionsError

_LOCAL_SECONDS, _AWS_SECONDS = 0.1, 2.0
Command = Callable[..., Any]
Kind = Literal["STANDARD", "EXPRESS"]


def place_options(command: Command) -> Command:
    """Add ``--env`` and ``--data-dir``, which a command hands to :func:`place_of`."""
    command = data_dir_option("The data directory of the local cloud, for --env local.")(command)
    return click.option(
        "--env", "environment", required=True, help="The environment of stepfunctions.toml; local: the local cloud."
    )(command)


def place_of(name: str, data_dir: Path, tell: Callable[[Event], None]) -> Place:
    """Return where an environment is. Raises click.UsageError or LocalCloudError."""
    environment = checked(lambda: environment_of(Path.cwd(), name))
    if environment.name == LOCAL:
        return Place(environment=environment, client=_local_clients(data_dir), tell=tell, seconds=_LOCAL_SECONDS)
    return Place(environment=environment, client=_clients(environment), tell=tell, seconds=_AWS_SECONDS)


def stack_of(target: str, name: str | None, kind: Kind | None = None, *, local: bool) -> Stack:
    """Return the stack of a target. The local cloud runs functions with what is installed beside it."""
    options: Mapping[str, Any] = {"requirements": False} if local else {}
    stack: Stack = checked(lambda: load_stack(target, kind, name=name, **options))
    return stack if name is None else replace(stack, name=name)


def checked(work: Callable[[], Any]) -> Any:
    """Return what some work gives; what people have to mend is one line and exit code 2."""
    try:
        return work()
    except StepFunctionsError:
        raise
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _clients(environment: Environment) -> Callable[[str], Any]:
    import boto3
    from botocore.exceptions import ProfileNotFound

    try:
        session = boto3.Session(profile_name=environment.profile, region_name=environment.region)
    except ProfileNotFound as error:
        raise click.UsageError(f"The environment '{environment.name}': {error}.") from None
    where = {} if environment.endpoint is None else {"endpoint_url": environment.endpoint}
    return lambda service: session.client(service, **where)


def _local_clients(data_dir: Path) -> Callable[[str], Any]:
    import boto3
    from botocore.config import Config

    from stepfunctions.local.datadir import running

    info = running(data_dir)
    if info is None:
        raise LocalCloudError(
            f"No local cloud runs on {data_dir}. Start one with 'stepfunctions local start --data-dir {data_dir}'."
        )
    session = boto3.Session("local", "local", region_name=info.region)
    config = Config(inject_host_prefix=False, proxies={}, s3={"addressing_style": "path"})
    return lambda service: session.client(service, endpoint_url=info.endpoint, config=config)


def _progress(form: str) -> Callable[[Event], None]:
    return (lambda event: say(f"  {event}")) if form == "text" else (lambda _: None)


@click.command()
@place_options
@format_option("text", "json")
def bootstrap(environment: str, data_dir: Path, form: str) -> None:
    """Make the bucket for an environment's files.

    It is the one that functions, scripts and large definitions are put into.

    Done once for each environment; done again, it changes nothing.

        stepfunctions bootstrap --env test
    """
    place = place_of(environment, data_dir, _progress(form))
    client = place.client("cloudformation")
    made = checked(lambda: bootstrapping.bootstrap(environment, client, place.environment.tags))
    if form == "json":
        say_json(asdict(made), indent=2)
    else:
        say(f"{made.stack}: the bucket {made.bucket} is {'made' if made.changed else 'there, nothing changed'}.")


@click.command()
@click.argument("target", metavar="FILE")
@place_options
@click.option("--name", help="Name of the stack. By default the workflow's.")
@type_option
@click.option("--parameter", "given", multiple=True, metavar="NAME=VALUE", help="A Parameter's value; repeat it.")
@click.option("--from", "source", metavar="ENV", help="Deploy only what this environment has: the same hashes.")
@format_option("text", "json")
def deploy(
    target: str,
    environment: str,
    data_dir: Path,
    name: str | None,
    kind: Kind | None,
    given: tuple[str, ...],
    source: str | None,
    form: str,
) -> None:
    """Bring the stack of a workflow in an environment up to date.

    FILE is JSON, YAML, or Python as FILE.py:NAME or MODULE:NAME; NAME is a workflow, or a stack of one. Files that
    are not in the bucket yet are uploaded, then a change set is made and executed. Nothing is done when nothing
    differs.

        stepfunctions deploy pipeline.py --env test
        stepfunctions deploy pipeline.py --env prod --from test
    """
    place = place_of(environment, data_dir, _progress(form))
    values = {**place.environment.parameters, **_values(given)}
    place = replace(place, environment=replace(place.environment, parameters=values))
    stack = stack_of(target, name, kind, local=LOCAL in (environment, source))
    if source is not None:
        origin = place_of(source, data_dir, place.tell)
        stack = checked(lambda: promoted(stack, origin))
    done: Deployed = checked(lambda: deploy_stack(stack, place))
    if form == "json":
        say_json(asdict(done), indent=2)
        return
    for key in done.uploaded:
        say(f"Uploaded {key}")
    say(f"{done.stack}: {done.status}" if done.changed else f"{done.stack}: nothing changed")
    for output, value in done.outputs.items():
        say(f"  {output}: {value}")


@click.command()
@click.argument("target", metavar="FILE")
@place_options
@click.option("--name", help="Name of the stack. By default the workflow's.")
@type_option
@format_option("text", "json")
def diff(target: str, environment: str, data_dir: Path, name: str | None, kind: Kind | None, form: str) -> int:
    """Show what a deployment would change.

    It tells of resources, and of the states, transitions and fields of the definition.

    Exit code 1 when something would change.

        stepfunctions diff pipeline.py --env prod
    """
    place = place_of(environment, data_dir, lambda _: None)
    stack = stack_of(target, name, kind, local=environment == LOCAL)
    found: Difference = checked(lambda: difference(stack, place))
    if form == "json":
        say_json(asdict(found), indent=2)
    else:
        _show(found, stack.name, environment)
    return 1 if found.resources or found.states else 0


def _show(found: Difference, stack: str, environment: str) -> None:
    if not found.resources and not found.states:
        say(f"{stack}: nothing differs in the environment {environment}")
        return
    for title, lines in (("Resources", found.resources), ("States", found.states)):
        if lines:
            say(f"{title}:")
        for line in lines:
            say(f"  {line}")
    for meaning in found.means:
        say(meaning)


@click.command()
@click.argument("stack")
@place_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option("text", "json")
def destroy(stack: str, environment: str, data_dir: Path, yes: bool, form: str) -> None:
    """Delete a stack of an environment.

    STACK goes with what it made, and with the history of its executions.

    stepfunctions destroy flight-delays --env test
    """
    place = place_of(environment, data_dir, _progress(form))
    if not yes:
        click.confirm(f"Delete the stack {stack} of the environment {environment}?", abort=True)
    stays = checked(lambda: destroy_stack(stack, place))
    if form == "json":
        say_json({"stack": stack, "retained": [asdict(one) for one in stays]}, indent=2)
        return
    say(f"{stack}: deleted")
    for one in stays:
        say(f"  {one.resource} ({one.type}) stays")


def _values(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.UsageError(f"--parameter {name}{equals}: write NAME=VALUE.")
    return {name: value for name, _, value in pairs}
