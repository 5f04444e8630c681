"""The settings of the local cloud in a project's file: ``[local]`` of stepfunctions.toml, or
``[tool.stepfunctions.local]`` of pyproject.toml, in the current folder.

Keys are the options of ``stepfunctions local start``: ``max-jobs = 4``. An option on the command line and an
environment variable (``STEPFUNCTIONS_LOCAL_MAX_JOBS``) count more.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

if sys.version_info >= (3, 11):
    import tomllib
else:  # the interpreter has no reader of its own yet
    import tomli as tomllib

ENVIRONMENT = "STEPFUNCTIONS_LOCAL"
_PLACES = (("stepfunctions.toml", ("local",)), ("pyproject.toml", ("tool", "stepfunctions", "local")))


def read_settings(folder: Path, start: click.Command) -> dict[str, Any]:
    """Return the settings of a folder by the names of the parameters of ``start``; none where no file has any.

    Raises click.UsageError that names the file for one that cannot be read, a key that is none, or a wrong value.
    """
    for name, tables in _PLACES:
        file = folder / name
        if file.is_file():
            found = _table(file, tables)
            if found is not None:
                return _checked(found, start, f"{name}, [{'.'.join(tables)}]")
    return {}


def _table(file: Path, tables: tuple[str, ...]) -> Mapping[str, Any] | None:
    try:
        found: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{file.name} cannot be read: {error}") from None
    for table in tables:
        if not isinstance(found, dict) or table not in found:
            return None
        found = found[table]
    if not isinstance(found, dict):
        raise click.UsageError(f"{file.name}: [{'.'.join(tables)}] must be a table, as max-jobs = 4 below it.")
    return found


def _checked(given: Mapping[str, Any], start: click.Command, where: str) -> dict[str, Any]:
    shown = [option for option in start.params if isinstance(option, click.Option) and not option.hidden]
    options = {option.opts[0].lstrip("-"): option for option in shown}
    options.pop("help", None)
    settings = {}
    for key, value in given.items():
        option = options.get(key)
        if option is None:
            near = difflib.get_close_matches(key, options, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(options))}."
            raise click.UsageError(f"{where}: there is no setting '{key}'; {hint}")
        if isinstance(value, list):
            value = ",".join(str(one) for one in value)
        try:
            option.type.convert(value, option, None) if not option.is_flag else _flag(value)
        except click.BadParameter as error:
            raise click.UsageError(f"{where}: {key} = {value!r}: {error.message}") from None
        settings[str(option.name)] = value
    return settings


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise click.BadParameter("it must be true or false.")
