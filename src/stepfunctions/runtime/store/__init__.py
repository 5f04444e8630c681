"""Where executions are kept: in memory, or in one SQLite file."""

from __future__ import annotations

from typing import Protocol

from stepfunctions.engine.ports import ExecutionStore, MachineStore, MapRunStore
from stepfunctions.runtime.store.activities import ActivityStore
from stepfunctions.runtime.store.published import PublishedStore


class RetentionStore(Protocol):
    """Executions that ended long ago."""

    def ended_before(self, when: float, limit: int) -> list[str]:
        """Return the ARNs of some executions that ended before this time (epoch seconds), at most ``limit``.

        Children of map runs are not among them: they go with the execution that had the map run.
        """
        ...

    def forget(self, arn: str) -> None:
        """Remove an ended execution with its history, its map runs and their children.

        Nothing happens when it is unknown. One that runs again, because it was redriven, stays itself.
        """
        ...


class Store(Protocol):
    """The stores of one Step Functions service; what one commits, the others see."""

    @property
    def executions(self) -> ExecutionStore:
        """Executions, their histories and waits."""
        ...

    @property
    def machines(self) -> MachineStore:
        """State machines and definitions."""
        ...

    @property
    def map_runs(self) -> MapRunStore:
        """Map runs."""
        ...

    @property
    def published(self) -> PublishedStore:
        """Versions and aliases."""
        ...

    @property
    def activities(self) -> ActivityStore:
        """Activities."""
        ...

    @property
    def retention(self) -> RetentionStore:
        """What can be forgotten."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Nothing else may be called afterwards."""
        ...
