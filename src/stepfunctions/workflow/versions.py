"""Versions and aliases of a state machine.

A version is a definition, role and settings that never change; an alias is a name that leads to one version, or
shares executions out between two.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from stepfunctions.workflow.clients import pages

_ALIAS = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}")
_ALL = 100


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a state machine."""

    arn: str
    created: datetime

    @property
    def number(self) -> int:
        """Its number: 1 for the first version, never used again."""
        return int(self.arn.rsplit(":", 1)[-1])

    def __str__(self) -> str:
        return self.arn


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias: ``weights`` says how many of a hundred executions each version gets, by the version's ARN."""

    arn: str
    name: str
    weights: dict[str, int]
    created: datetime
    updated: datetime
    description: str | None = None

    def __str__(self) -> str:
        return self.arn


Weights = Version | str | int | Mapping[Any, int]
"""One version, or versions -> the executions of a hundred that each gets. A version goes by object, ARN or number."""


def version_arn(machine_arn: str, version: Version | str | int) -> str:
    """Return the ARN of a version that is given as an object, an ARN or a number. Raises TypeError, ValueError."""
    if isinstance(version, Version):
        return version.arn
    text = str(version)
    if isinstance(version, bool) or not isinstance(version, (str, int)):
        raise TypeError(f"A version is a Version, an ARN or a number, not {version!r}.")
    if text.isdecimal() and int(text) > 0:
        return f"{machine_arn}:{text}"
    if not re.fullmatch(r"arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+:\d+", text):
        raise ValueError(f"{version!r} is no version: give its number, its ARN, or what publish() returned.")
    return text


def alias_arn(machine_arn: str, alias: Alias | str) -> str:
    """Return the ARN of an alias that is given as an object, an ARN or a name. Raises TypeError, ValueError."""
    if isinstance(alias, Alias):
        return alias.arn
    if not isinstance(alias, str):
        raise TypeError(f"An alias is an Alias, an ARN or a name, not {alias!r}.")
    if alias.startswith("arn:"):
        return alias
    return f"{machine_arn}:{check_alias_name(alias)}"


def check_alias(arn: str, client: Any) -> None:
    """Raise ValueError when there is no such alias. ``client``: boto3's Step Functions client."""
    from botocore.exceptions import ClientError

    try:
        client.describe_state_machine_alias(stateMachineAliasArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "StateMachineDoesNotExist"):
            raise
        raise ValueError(f"There is no alias {arn}. Make it with publish(alias=…).") from None


def check_alias_name(name: str) -> str:
    """Return the name of an alias. Raises ValueError for one that the service refuses."""
    if not _ALIAS.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be the name of an alias: 1 to 80 letters, digits, '_', '-' and '.', not digits alone."
        )
    return name


def routing(machine_arn: str, weights: Weights) -> list[dict[str, Any]]:
    """Return the API's ``routingConfiguration``. Raises TypeError, ValueError, with the rule that is broken."""
    shares = weights if isinstance(weights, Mapping) else {weights: _ALL}
    found = {version_arn(machine_arn, version): weight for version, weight in shares.items()}
    if not 1 <= len(found) <= 2 or len(found) != len(shares):
        raise ValueError(f"An alias leads to one version or to two different ones, not to {len(shares)}.")
    for version, weight in found.items():
        if isinstance(weight, bool) or not isinstance(weight, int):
            raise TypeError(f"The weight of {version} must be an int, not {weight!r}.")
    if sum(found.values()) != _ALL or min(found.values()) < 0:
        raise ValueError(f"The weights of an alias are whole percents that make 100, not {list(found.values())}.")
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in found.items()]


def list_versions(client: Any, machine_arn: str) -> list[Version]:
    """Return all versions, newest first."""
    return [
        Version(one["stateMachineVersionArn"], one["creationDate"])
        for one in pages(
            client.list_state_machine_versions, "stateMachineVersions", sys.maxsize, stateMachineArn=machine_arn
        )
    ]


def list_aliases(client: Any, machine_arn: str) -> list[Alias]:
    """Return all aliases with where they lead. Asks the service once more for each."""
    listed = pages(client.list_state_machine_aliases, "stateMachineAliases", sys.maxsize, stateMachineArn=machine_arn)
    return [describe_alias(client, one["stateMachineAliasArn"]) for one in listed]


def describe_alias(client: Any, arn: str) -> Alias:
    """Return an alias. Raises the API's ResourceNotFound."""
    one = client.describe_state_machine_alias(stateMachineAliasArn=arn)
    return Alias(
        one["stateMachineAliasArn"],
        one["name"],
        {share["stateMachineVersionArn"]: share["weight"] for share in one["routingConfiguration"]},
        one["creationDate"],
        one["updateDate"],
        one.get("description"),
    )


def create_alias(client: Any, machine_arn: str, name: str, weights: Weights, description: str | None) -> Alias:
    """Create an alias and return it."""
    made = client.create_state_machine_alias(
        name=check_alias_name(name),
        routingConfiguration=routing(machine_arn, weights),
        **({} if description is None else {"description": description}),
    )
    created = made["creationDate"]
    return Alias(made["stateMachineAliasArn"], name, _shares(machine_arn, weights), created, created, description)


def _shares(machine_arn: str, weights: Weights) -> dict[str, int]:
    return {one["stateMachineVersionArn"]: one["weight"] for one in routing(machine_arn, weights)}


def update_alias(client: Any, arn: str, machine_arn: str, weights: Weights | None, description: str | None) -> Alias:
    """Change an alias and return it."""
    change: dict[str, Any] = {}
    if weights is not None:
        change["routingConfiguration"] = routing(machine_arn, weights)
    if description is not None:
        change["description"] = description
    if not change:
        raise ValueError("update_alias() needs weights, a description, or both.")
    changed = client.update_state_machine_alias(stateMachineAliasArn=arn, **change)
    # What AWS describes may still be as it was: reads follow writes only eventually.
    alias = replace(describe_alias(client, arn), updated=changed["updateDate"])
    if weights is not None:
        alias = replace(alias, weights=_shares(machine_arn, weights))
    return alias if description is None else replace(alias, description=description)


def put_alias(client: Any, machine_arn: str, name: str, weights: Weights, description: str | None) -> Alias:
    """Create an alias, or change the one of this name when it differs, and return it."""
    asked = _shares(machine_arn, weights)
    arn = alias_arn(machine_arn, check_alias_name(name))
    try:
        found = describe_alias(client, arn)
    except client.exceptions.ResourceNotFound:
        return create_alias(client, machine_arn, name, weights, description)
    if found.weights == asked and description in (None, found.description):
        return found
    return update_alias(client, arn, machine_arn, weights, description)
