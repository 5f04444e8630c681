"""Where stacks are deployed to: the environments of a project.

They stand in ``stepfunctions.toml`` as ``[environments.<name>]``, or in ``pyproject.toml`` as
``[tool.stepfunctions.environments.<name>]``. ``local`` is always there: the local cloud.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stepfunctions.catalog.regions import REGION

if sys.version_info >= (3, 11):
    import tomllib
else:  # the interpreter has no reader of its own yet
    import tomli as tomllib

LOCAL = "local"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_PLACES = (("stepfunctions.toml", ("environments",)), ("pyproject.toml", ("tool", "stepfunctions", "environments")))


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment.

    ``account``: its 12 digits; deploying with the credentials of another one is refused. ``region``: its Region.
    ``profile``: of the AWS configuration. ``parameters``: values of the templates' Parameters. ``tags``: of the stacks.
    ``schedules``: whether schedules start executions. ``bucket``: for files (default: that of ``stepfunctions
    bootstrap``). ``role``: the ARN of the role that CloudFormation assumes. ``endpoint``: a URL instead of AWS.
    """

    name: str
    account: str | None = None
    region: str | None = None
    profile: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    schedules: bool = True
    bucket: str | None = None
    role: str | None = None
    endpoint: str | None = None


def read_environments(folder: Path) -> dict[str, Environment]:
    """Return the environments of a folder's project, by name.

    Raises ValueError that names the file for one that cannot be read, an unknown key, or a wrong value.
    """
    for name, tables in _PLACES:
        file = folder / name
        found = _table(file, tables) if file.is_file() else None
        if found is not None:
            where = f"{name}, [{'.'.join(tables)}"
            made = {key: _environment(key, given, f"{where}.{key}]") for key, given in found.items()}
            return {LOCAL: Environment(name=LOCAL), **made}
    return {LOCAL: Environment(name=LOCAL)}


def environment_of(folder: Path, name: str) -> Environment:
    """Return an environment by its name. Raises ValueError that says which there are."""
    known = read_environments(folder)
    if name not in known:
        raise ValueError(
            f"There is no environment '{name}'; there are {', '.join(known)}. Write [environments.{name}] into "
            'stepfunctions.toml, with region = "…" below it.'
        )
    return known[name]


def _table(file: Path, tables: tuple[str, ...]) -> Mapping[str, Any] | None:
    try:
        found: Any = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file.name} cannot be read: {error}") from None
    for table in tables:
        if not isinstance(found, dict) or table not in found:
            return None
        found = found[table]
    if not isinstance(found, dict):
        raise ValueError(f"{file.name}: [{'.'.join(tables)}] must hold tables, such as [{'.'.join(tables)}.test].")
    return found


def _environment(name: str, given: Any, where: str) -> Environment:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{where}: the name of an environment has at most 63 letters, digits and hyphens.")
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be a table.")
    known = [one.name for one in fields(Environment) if one.name != "name"]
    for key, value in given.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}."
            raise ValueError(f"{where}: there is no key '{key}'; {hint}")
        _check(key, value, where)
    texts: dict[str, Any] = {
        key: _texts(value) if key in ("parameters", "tags") else value for key, value in given.items()
    }
    return Environment(name=name, **texts)


def _check(key: str, value: Any, where: str) -> None:
    if key in ("parameters", "tags"):
        if not isinstance(value, dict) or any(isinstance(one, dict) for one in value.values()):
            raise ValueError(f"{where}: {key} must be a table of names and values.")
    elif key == "schedules":
        if not isinstance(value, bool):
            raise ValueError(f"{where}: schedules = {value!r}: write true or false.")
    elif not isinstance(value, str):
        raise ValueError(f"{where}: {key} = {value!r}: write a text in quotation marks.")
    elif key == "account" and not re.fullmatch(r"\d{12}", value):
        raise ValueError(f"{where}: account = {value!r}: write its 12 digits.")
    elif key == "region" and not re.fullmatch(REGION, value):
        raise ValueError(f'{where}: region = {value!r}: write the name of a Region, such as "eu-west-1".')


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Return values as CloudFormation takes them: lists with commas."""
    return {
        name: ",".join(map(str, value))
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in given.items()
    }
