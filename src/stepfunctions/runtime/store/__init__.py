"""Where executions are kept: in memory, or in one SQLite file."""

from __future__ import annotations

from typing import Protocol

from stepfunctions.engine.ports import ExecutionStore, MachineStore, MapRunStore
from stepfunctions.runtime.store.activities import ActivityStore
from stepfunctions.runtime.store.published import PublishedStore


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

    def close(self) -> None:
        """Let go of files and connections. Nothing else may be called afterwards."""
        ...
