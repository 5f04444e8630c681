"""``stepfunctions export``: a workflow in the form of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from stepfunctions.cli.options import type_option
from stepfunctions.cli.printing import say, say_document
from stepfunctions.cli.stacks import load_stack
from stepfunctions.deploy.stack import Stack
from stepfunctions.errors import DefinitionError


@click.group()
def export() -> None:
    """Write a workflow in the form of another tool."""


@export.command()
@click.argument("target", metavar="FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. Without it the template is printed.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    help="How it is written. By default JSON for a file that ends with .json, else YAML.",
)
@click.option("--name", help="Name of the stack. By default the workflow's.")
@type_option
@click.option("--account", help="The account whose ARNs stand in the definition. By default the one named most often.")
@click.option("--region", help="The Region whose ARNs stand in the definition. By default the one named most often.")
@click.option("--alias", default="live", show_default=True, help="The alias that moves to each new version.")
def cloudformation(
    target: str,
    output: Path | None,
    form: str | None,
    name: str | None,
    kind: Literal["STANDARD", "EXPRESS"] | None,
    account: str | None,
    region: str | None,
    alias: str,
) -> None:
    """Write a CloudFormation template of everything that a workflow needs, for any account and Region.

    FILE is JSON, YAML, or Python as FILE.py:NAME or MODULE:NAME; NAME is a workflow, or a stack of one.

        stepfunctions export cloudformation pipeline.py -o pipeline.template.yaml
    """
    try:
        stack = load_stack(target, kind, name=name, account=account, region=region, alias=alias)
    except DefinitionError:
        raise
    except ValueError as error:
        raise click.UsageError(f"{target}: {error}") from None
    written_as = form or ("json" if output is not None and output.suffix == ".json" else "yaml")
    text = stack.to_json() if written_as == "json" else stack.to_yaml()
    if output is None:
        say_document(text, is_json=written_as == "json")
    else:
        output.write_text(text, encoding="utf-8")
        say(f"{output}: {len(stack.template['Resources'])} resources")
    _tell(stack)


def _tell(stack: Stack) -> None:
    """Tell, beside the template, what to give when it is deployed."""
    for parameter in stack.template.get("Parameters", {}):
        if "Default" not in stack.template["Parameters"][parameter]:
            here = stack.parameters.get(parameter)
            say(f"Parameter without a default: {parameter}{'' if here is None else f' (here {here})'}", err=True)
    for asset in stack.assets:
        say(f"File to put into the bucket: {asset.key}", err=True)
