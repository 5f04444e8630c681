"""ECS's rows: clusters, task definitions, tasks and their containers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE clusters (name TEXT PRIMARY KEY, tags TEXT NOT NULL);
    INSERT INTO clusters VALUES ('default', '[]');
    CREATE TABLE definitions (family TEXT NOT NULL, revision INTEGER NOT NULL, active INTEGER NOT NULL,
                              document TEXT NOT NULL, tags TEXT NOT NULL, registered REAL NOT NULL,
                              deregistered REAL, PRIMARY KEY (family, revision));
    CREATE TABLE tasks (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, cluster TEXT NOT NULL,
                        token TEXT, family TEXT NOT NULL, started_by TEXT, launch_type TEXT NOT NULL,
                        plan TEXT NOT NULL, created REAL NOT NULL, pulled REAL, started REAL, stopping REAL,
                        stopped REAL, stop_code TEXT, stop_reason TEXT);
    CREATE INDEX tasks_of_token ON tasks (token);
    CREATE TABLE containers (task TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, exit_code INTEGER,
                             reason TEXT, PRIMARY KEY (task, name));
    """,
)
PENDING, RUNNING, STOPPED = "PENDING", "RUNNING", "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One revision of a task definition; ``document`` has the shape of RegisterTaskDefinition's request."""

    family: str
    revision: int
    active: bool
    document: dict[str, Any]
    tags: list[dict[str, str]]
    registered: float
    deregistered: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRow:
    """A container of a task: PENDING, RUNNING or STOPPED."""

    name: str
    state: str
    exit_code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task. ``plan`` is what was decided at its start: see :func:`stepfunctions.local.ecs.tasks.plan_task`.

    ``token`` makes repeated calls one call. Times are epoch seconds; ``stopping`` is when it was asked to stop.
    """

    number: int
    id: str
    cluster: str
    token: str | None
    family: str
    started_by: str | None
    launch_type: str
    plan: dict[str, Any]
    created: float
    pulled: float | None
    started: float | None
    stopping: float | None
    stopped: float | None
    stop_code: str | None
    stop_reason: str | None
    containers: tuple[ContainerRow, ...]

    @property
    def status(self) -> str:
        """The lastStatus."""
        if self.stopped is not None:
            return "STOPPED"
        if self.stopping is not None:
            return "STOPPING"
        if self.started is not None:
            return "RUNNING"
        return "PENDING" if self.pulled is not None else "PROVISIONING"


class EcsTables:
    """Reads and writes the rows. What is written is durable when the method returns."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def clusters(self) -> dict[str, list[dict[str, str]]]:
        """Return the tags of every cluster by its name."""
        rows = self.database.read().execute("SELECT * FROM clusters ORDER BY name")
        return {row["name"]: json.loads(row["tags"]) for row in rows}

    def add_cluster(self, name: str, tags: Sequence[Mapping[str, str]]) -> None:
        """Add a cluster unless it is there."""
        with self.database.write() as writer:
            writer.execute("INSERT OR IGNORE INTO clusters VALUES (?, ?)", (name, json.dumps(tags)))

    def add_definition(
        self, family: str, document: Mapping[str, Any], tags: Sequence[Mapping[str, str]], now: float
    ) -> Definition:
        """Add the next revision of a family."""
        with self.database.write() as writer:
            last = writer.execute("SELECT max(revision) FROM definitions WHERE family = ?", (family,)).fetchone()[0]
            revision = (last or 0) + 1
            writer.execute(
                "INSERT INTO definitions VALUES (?, ?, 1, ?, ?, ?, NULL)",
                (family, revision, json.dumps(document), json.dumps(tags), now),
            )
            row = writer.execute(
                "SELECT * FROM definitions WHERE family = ? AND revision = ?", (family, revision)
            ).fetchone()
            return _definition(row)

    def definition(self, family: str, revision: int | None) -> Definition | None:
        """Return a revision, or the latest active one; None when there is none."""
        query = "SELECT * FROM definitions WHERE family = ? AND "
        if revision is None:
            row = self.database.read().execute(query + "active ORDER BY revision DESC LIMIT 1", (family,)).fetchone()
        else:
            row = self.database.read().execute(query + "revision = ?", (family, revision)).fetchone()
        return None if row is None else _definition(row)

    def definitions(self) -> list[tuple[str, int, bool]]:
        """Return family, revision and whether it is active of every definition, in that order."""
        rows = self.database.read().execute("SELECT family, revision, active FROM definitions ORDER BY 1, 2")
        return [(row[0], row[1], bool(row[2])) for row in rows]

    def deregister(self, family: str, revision: int, now: float) -> None:
        """Make a revision inactive."""
        with self.database.write() as writer:
            writer.execute(
                "UPDATE definitions SET active = 0, deregistered = ? WHERE family = ? AND revision = ? AND active",
                (now, family, revision),
            )

    def add_tasks(
        self,
        ids: Sequence[str],
        plan: Mapping[str, Any],
        *,
        cluster: str,
        token: str | None,
        started_by: str | None,
        now: float,
    ) -> list[TaskRow]:
        """Add tasks of one plan, or return those that were started with this token."""
        with self.database.write() as writer:
            if token is not None:
                rows = writer.execute("SELECT * FROM tasks WHERE token = ? ORDER BY number", (token,)).fetchall()
                if rows:
                    return [self._task(row) for row in rows]
            for task_id in ids:
                writer.execute(
                    "INSERT INTO tasks (id, cluster, token, family, started_by, launch_type, plan, created)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (task_id, cluster, token, plan["family"], started_by, plan["launch_type"], json.dumps(plan), now),
                )
                writer.executemany(
                    "INSERT INTO containers VALUES (?, ?, 'PENDING', NULL, NULL)",
                    [(task_id, container["name"]) for container in plan["containers"]],
                )
        return [task for task_id in ids if (task := self.task(task_id)) is not None]

    def task(self, task_id: str) -> TaskRow | None:
        """Return a task, or None."""
        row = self.database.read().execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
        return None if row is None else self._task(row)

    def tasks(self, cluster: str) -> list[TaskRow]:
        """Return the tasks of a cluster, the oldest first."""
        rows = self.database.read().execute("SELECT * FROM tasks WHERE cluster = ? ORDER BY number", (cluster,))
        return [self._task(row) for row in rows.fetchall()]

    def open_tasks(self) -> list[TaskRow]:
        """Return the tasks that have not stopped, the oldest first."""
        rows = self.database.read().execute("SELECT * FROM tasks WHERE stopped IS NULL ORDER BY number")
        return [self._task(row) for row in rows.fetchall()]

    def container_pulled(self, task_id: str, now: float) -> None:
        """Note that a container of the task is being prepared."""
        with self.database.write() as writer:
            writer.execute("UPDATE tasks SET pulled = ? WHERE id = ? AND pulled IS NULL", (now, task_id))

    def container_started(self, task_id: str, name: str, now: float) -> None:
        """Note that a container runs."""
        with self.database.write() as writer:
            writer.execute(
                "UPDATE containers SET state = 'RUNNING' WHERE task = ? AND name = ? AND state = 'PENDING'",
                (task_id, name),
            )
            writer.execute("UPDATE tasks SET started = ? WHERE id = ? AND started IS NULL", (now, task_id))

    def container_stopped(self, task_id: str, name: str, exit_code: int | None, reason: str | None, now: float) -> bool:
        """Note that a container has ended; with the last one the task has. Returns whether it has."""
        with self.database.write() as writer:
            writer.execute(
                "UPDATE containers SET state = 'STOPPED', exit_code = ?, reason = ?"
                " WHERE task = ? AND name = ? AND state != 'STOPPED'",
                (exit_code, reason, task_id, name),
            )
            left = writer.execute(
                "SELECT count(*) FROM containers WHERE task = ? AND state != 'STOPPED'", (task_id,)
            ).fetchone()[0]
            if not left:
                writer.execute(
                    "UPDATE tasks SET stopped = ?, stopping = coalesce(stopping, ?) WHERE id = ? AND stopped IS NULL",
                    (now, now, task_id),
                )
            return not left

    def stop_task(self, task_id: str, code: str, reason: str, now: float) -> None:
        """Note that a task shall stop, and why; the first reason stays."""
        with self.database.write() as writer:
            writer.execute(
                "UPDATE tasks SET stopping = ?, stop_code = ?, stop_reason = ?"
                " WHERE id = ? AND stop_code IS NULL AND stopped IS NULL",
                (now, code, reason, task_id),
            )

    def _task(self, row: Any) -> TaskRow:
        containers = self.database.read().execute(
            "SELECT name, state, exit_code, reason FROM containers WHERE task = ? ORDER BY rowid", (row["id"],)
        )
        fields = {**dict(row), "plan": json.loads(row["plan"])}
        return TaskRow(**fields, containers=tuple(ContainerRow(**dict(one)) for one in containers.fetchall()))


def _definition(row: Any) -> Definition:
    return Definition(
        **{
            **dict(row),
            "active": bool(row["active"]),
            "document": json.loads(row["document"]),
            "tags": json.loads(row["tags"]),
        }
    )
