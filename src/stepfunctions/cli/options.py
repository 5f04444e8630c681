"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from stepfunctions.local.datadir import DEFAULT_DATA_DIR

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DATA_DIR,
    show_default=True,
    envvar="STEPFUNCTIONS_DATA_DIR",
    show_envvar=True,
    help="The data directory of the local cloud.",
)

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
