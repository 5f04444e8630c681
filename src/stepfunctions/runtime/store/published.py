"""Versions and aliases of state machines: the rows, the store's contract, and the store in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Protocol

from stepfunctions.asl.document import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version. Its definition stays in the store of machines under ``definition_id``."""

    arn: str
    machine_arn: str
    number: int
    revision_id: str
    """The revision of the state machine that was published."""
    definition_id: str
    role_arn: str
    settings: JSON
    description: str | None
    created_at: float
    deleted: bool = False
    """A deleted version stays, so that its number is not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRow:
    """An alias; ``weights`` are pairs (version ARN, percent)."""

    arn: str
    machine_arn: str
    name: str
    description: str | None
    weights: tuple[tuple[str, int], ...]
    created_at: float
    updated_at: float


class PublishedStore(Protocol):
    """Versions and aliases."""

    def put_version(self, version: VersionRow) -> None:
        """Create or replace a version."""
        ...

    def versions(self, machine_arn: str) -> list[VersionRow]:
        """Return all versions of a state machine, deleted ones too, newest first."""
        ...

    def put_alias(self, alias: AliasRow) -> None:
        """Create or replace an alias."""
        ...

    def aliases(self, machine_arn: str) -> list[AliasRow]:
        """Return the aliases of a state machine by name."""
        ...

    def delete_alias(self, arn: str) -> None:
        """Remove an alias; nothing happens when there is none."""
        ...

    def forget(self, machine_arn: str) -> None:
        """Remove every version and alias of a state machine."""
        ...


class MemoryPublished:
    """PublishedStore in memory."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._versions: dict[str, VersionRow] = {}
        self._aliases: dict[str, AliasRow] = {}

    def put_version(self, version: VersionRow) -> None:
        """See the port."""
        with self._lock:
            self._versions[version.arn] = replace(version)

    def versions(self, machine_arn: str) -> list[VersionRow]:
        """See the port."""
        with self._lock:
            found = [one for one in self._versions.values() if one.machine_arn == machine_arn]
        return sorted(found, key=lambda one: -one.number)

    def put_alias(self, alias: AliasRow) -> None:
        """See the port."""
        with self._lock:
            self._aliases[alias.arn] = alias

    def aliases(self, machine_arn: str) -> list[AliasRow]:
        """See the port."""
        with self._lock:
            found = [one for one in self._aliases.values() if one.machine_arn == machine_arn]
        return sorted(found, key=lambda one: one.name)

    def delete_alias(self, arn: str) -> None:
        """See the port."""
        with self._lock:
            self._aliases.pop(arn, None)

    def forget(self, machine_arn: str) -> None:
        """See the port."""
        with self._lock:
            self._versions = {arn: one for arn, one in self._versions.items() if one.machine_arn != machine_arn}
            self._aliases = {arn: one for arn, one in self._aliases.items() if one.machine_arn != machine_arn}
