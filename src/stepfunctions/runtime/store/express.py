"""A store whose Express executions are in memory only, as nothing can be asked about them once they have ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.ports import Change, ExecutionStore, Pending
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.memory import MemoryExecutions, MemoryStore

_KEPT = 256
"""Ended executions that are kept: a synchronous call reads its own right after the end."""


class ExpressExecutions:
    """ExecutionStore: Express executions in memory and without history, all others in ``durable``.

    The children of a Distributed Map are durable whatever their type: their parent counts them.
    """

    def __init__(self, durable: ExecutionStore, memory: MemoryExecutions) -> None:
        self._durable = durable
        self._memory = memory
        self._ended: deque[str] = deque()

    def commit(self, changes: Sequence[Change], map_runs: Sequence[MapRun] = ()) -> None:
        """See the port."""
        express = [change for change in changes if is_express(change.execution)]
        quiet = [Change(change.execution, [], change.commands, change.taken) for change in express]
        rows = self._memory.prepare(quiet)  # what can fail in memory fails before the rest is written
        if len(express) < len(changes) or map_runs:
            self._durable.commit([change for change in changes if not is_express(change.execution)], map_runs)
        self._memory.write(quiet, rows)
        self._ended.extend(change.execution.arn for change in express if change.execution.ended)
        while len(self._ended) > _KEPT:
            self._memory.forget(self._ended.popleft())

    def load(self, arn: str, branches: bool = True) -> Execution | None:
        """See the port."""
        return self._memory.load(arn, branches) or self._durable.load(arn, branches)

    def open_arns(self) -> list[str]:
        """See the port."""
        return [*self._durable.open_arns(), *self._memory.open_arns()]

    def pending(self, arn: str) -> Pending:
        """See the port."""
        return (self._durable if self._memory.load(arn, branches=False) is None else self._memory).pending(arn)

    def history(self, arn: str, after: int = 0, limit: int = 1000, reverse: bool = False) -> list[HistoryEvent]:
        """See the port. An Express execution has none."""
        return self._durable.history(arn, after, limit, reverse)

    def page(
        self, machine_arn: str | None, status: str | None, map_run_arn: str | None, after: str | None, limit: int
    ) -> tuple[list[Execution], str | None]:
        """See the port. Express executions come only for their own state machine: it has no others."""
        found = self._durable.page(machine_arn, status, map_run_arn, after, limit)
        if found[0] or machine_arn is None or map_run_arn is not None:
            return found
        return self._memory.page(machine_arn, status, None, after, limit)


def is_express(execution: Execution) -> bool:
    """Tell whether an execution is one of an Express state machine."""
    return execution.type == "EXPRESS" and execution.parent_map_run_arn is None


class ExpressStore:
    """A durable store, but for Express executions."""

    def __init__(self, durable: Store) -> None:
        self._durable = durable
        self.executions = ExpressExecutions(durable.executions, MemoryStore().executions)
        self.machines = durable.machines
        self.map_runs = durable.map_runs
        self.published = durable.published
        self.activities = durable.activities
        self.retention = durable.retention

    def close(self) -> None:
        """Close the durable store."""
        self._durable.close()
