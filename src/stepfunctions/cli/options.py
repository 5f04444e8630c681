"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stepfunctions.local.datadir import DEFAULT_DATA_DIR

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def data_dir_option(help_text: str = "The data directory of the local cloud.") -> Option:
    """Return ``--data-dir``, which a command takes as ``data_dir``."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_DATA_DIR,
        show_default=True,
        envvar="STEPFUNCTIONS_DATA_DIR",
        show_envvar=True,
        help=help_text,
    )


type_option = click.option(
    "--type",
    "kind",
    type=click.Choice(["STANDARD", "EXPRESS"], case_sensitive=False),
    help="The state machine's type, of a definition, which does not say it.",
)


def format_option(*forms: str) -> Option:
    """Return ``--format`` with these values, which a command takes as ``form``. The first one is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="How the answer is written.",
    )
