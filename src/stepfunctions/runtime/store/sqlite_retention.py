"""RetentionStore in SQLite."""

from __future__ import annotations

from stepfunctions.runtime.store.connections import Connections
from stepfunctions.runtime.store.schema import LISTED_AT

_OWN = ("events", "branches", "timers", "tasks")
"""The tables that hold rows of an execution, by its number."""
_ENDED = "SELECT id FROM executions WHERE arn = ? AND status <> 'RUNNING'"
_CHILDREN = "SELECT id FROM executions WHERE map_run_arn IN (SELECT arn FROM map_runs WHERE execution_arn = ?) LIMIT ?"
_AT_ONCE = 50
"""Children of a map run that one transaction removes."""


class SqliteRetention:
    """RetentionStore in SQLite: each execution goes in a transaction of its own, so that nobody waits for long."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def ended_before(self, when: float, limit: int) -> list[str]:
        """See the port."""
        with self._db.read() as cx:
            rows = cx.execute(
                # one search of the index for each state machine: the table itself, with its payloads, is not read
                f"""
                WITH RECURSIVE machine (arn) AS (
                    SELECT min(machine_arn) FROM executions
                    UNION ALL
                    SELECT (SELECT min(machine_arn) FROM executions WHERE machine_arn > machine.arn)
                    FROM machine WHERE machine.arn IS NOT NULL
                )
                SELECT executions.arn FROM machine JOIN executions ON machine_arn = machine.arn AND {LISTED_AT} < ?
                WHERE map_run_arn IS NULL AND status <> 'RUNNING' LIMIT ?
                """,
                (when, limit),
            )
            return [arn for (arn,) in rows]

    def forget(self, arn: str) -> None:
        """See the port."""
        while True:
            with self._db.write() as cx:
                found = cx.execute(_ENDED, (arn,)).fetchall()
                going = found and cx.execute(_CHILDREN, (arn, _AT_ONCE)).fetchall()
                for table in _OWN:
                    cx.executemany(f"DELETE FROM {table} WHERE execution = ?", going or found)
                cx.executemany("DELETE FROM executions WHERE id = ?", going or found)
                if found and not going:
                    cx.execute("DELETE FROM map_runs WHERE execution_arn = ?", (arn,))
            if not going:
                return
