"""``stepfunctions drift`` and ``bundle``: what became of a stack, and a stack as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stepfunctions.cli.deploy import checked, place_of, place_options, stack_of
from stepfunctions.cli.options import format_option
from stepfunctions.cli.printing import say, say_json
from stepfunctions.deploy.bundle import bundle as bundled
from stepfunctions.deploy.bundle import write_bundle
from stepfunctions.deploy.drift import ResourceDrift
from stepfunctions.deploy.drift import drift as drift_of
from stepfunctions.deploy.environments import LOCAL, environment_of, read_environments

_DRIFTED = 1


@click.command()
@click.argument("stack")
@place_options
@format_option("text", "json")
def drift(stack: str, environment: str, data_dir: Path, form: str) -> int:
    """Tell what was changed in the resources of STACK outside of it. Nothing is changed.

    The exit code is 1 when something was.

        stepfunctions drift flight-delays --env prod
    """
    place = place_of(environment, data_dir, lambda _: None)
    found: tuple[ResourceDrift, ...] = checked(lambda: drift_of(stack, place))
    if form == "json":
        say_json([asdict(one) for one in found], indent=2)
    elif not found:
        say(f"{stack}: as its template says")
    else:
        say(f"{stack}: {len(found)} {'resource differs' if len(found) == 1 else 'resources differ'}")
        for one in found:
            say(f"  {one}")
            for difference in one.differences:
                say(f"    {difference}")
    return _DRIFTED if found else 0


@click.command()
@click.argument("target", metavar="FILE")
@click.option("--env", "names", multiple=True, help="An environment of stepfunctions.toml; repeat it. By default all.")
@click.option("--name", help="Name of the stack. By default the workflow's.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder, or a file that ends with .zip.",
)
@format_option("text", "json")
def bundle(target: str, names: tuple[str, ...], name: str | None, output: Path, form: str) -> None:
    """Write a stack as files that others deploy.

    They need neither this package nor Python for it.

    They are the template, the Parameters of each environment, the files for its bucket, checksums, and a README
    with the commands of the AWS CLI.

        stepfunctions bundle pipeline.py --env test --env prod -o pipeline.zip
    """
    folder = Path.cwd()
    if LOCAL in names:
        raise click.UsageError("A bundle is for AWS: name environments other than 'local'.")
    environments = checked(
        lambda: [environment_of(folder, one) for one in names] if names else list(read_environments(folder).values())
    )
    stack = stack_of(target, name, local=False)
    files: dict[str, bytes] = checked(lambda: bundled(stack, environments))
    try:
        write_bundle(files, output)
    except FileExistsError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        say_json({"bundle": str(output), "files": list(files)}, indent=2)
        return
    say(f"{output}: {len(files)} files")
    for path in files:
        say(f"  {path}")
