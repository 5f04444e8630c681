"""Glue's rows: job definitions and job runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.database import Database

MIGRATIONS = (
    """
    CREATE TABLE jobs (name TEXT PRIMARY KEY, definition TEXT NOT NULL, tags TEXT NOT NULL, created REAL NOT NULL,
                       modified REAL NOT NULL);
    CREATE TABLE runs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL,
                       token TEXT UNIQUE, state TEXT NOT NULL, plan TEXT NOT NULL, started REAL NOT NULL,
                       modified REAL NOT NULL, completed REAL, seconds REAL, error TEXT);
    CREATE INDEX runs_of_job ON runs (job, number);
    """,
)
STARTING, RUNNING, STOPPING = "STARTING", "RUNNING", "STOPPING"
OPEN_STATES = (STARTING, RUNNING, STOPPING)
_OPEN = "state IN ('STARTING', 'RUNNING', 'STOPPING')"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job definition: ``definition`` in the shape of CreateJob's request without Name and Tags."""

    name: str
    definition: dict[str, Any]
    tags: dict[str, str]
    created: float
    modified: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A job run. ``plan`` is what was decided at its start: see :func:`stepfunctions.local.glue.service.plan_run`.

    ``token`` is the task token of the state that started it; times are epoch seconds, ``seconds`` is how long
    the script ran.
    """

    number: int
    id: str
    job: str
    token: str | None
    state: str
    plan: dict[str, Any]
    started: float
    modified: float
    completed: float | None
    seconds: float | None
    error: str | None


class GlueTables:
    """Reads and writes the rows. What is written is durable when the method returns."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def job(self, name: str) -> JobRow | None:
        """Return a job, or None."""
        row = self.database.read().execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
        return None if row is None else _job(row)

    def jobs(self, after: str, limit: int) -> list[JobRow]:
        """Return jobs in the order of their names."""
        rows = self.database.read().execute("SELECT * FROM jobs WHERE name > ? ORDER BY name LIMIT ?", (after, limit))
        return [_job(row) for row in rows]

    def put_job(self, job: JobRow) -> None:
        """Write a job."""
        with self.database.write() as writer:
            writer.execute(
                "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?)",
                (job.name, json.dumps(job.definition), json.dumps(job.tags), job.created, job.modified),
            )

    def delete_job(self, name: str) -> None:
        """Delete a job if it is there; its runs stay."""
        with self.database.write() as writer:
            writer.execute("DELETE FROM jobs WHERE name = ?", (name,))

    def run(self, run_id: str) -> RunRow | None:
        """Return a run, or None."""
        row = self.database.read().execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
        return None if row is None else _run(row)

    def runs(self, job: str, before: int | None, limit: int) -> list[RunRow]:
        """Return runs of a job, the latest first, from those older than the number ``before``."""
        rows = self.database.read().execute(
            "SELECT * FROM runs WHERE job = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (job, 1 << 62 if before is None else before, limit),
        )
        return [_run(row) for row in rows]

    def open_runs(self) -> Iterator[RunRow]:
        """Yield the runs that have not ended, the oldest first."""
        for row in self.database.read().execute(f"SELECT * FROM runs WHERE {_OPEN} ORDER BY number").fetchall():
            yield _run(row)

    def add_run(
        self, run_id: str, job: str, token: str | None, plan: Mapping[str, Any], now: float, most: int
    ) -> RunRow | None:
        """Add a run in the state STARTING, or return the one that was started with this token.

        None: the job already has ``most`` open runs.
        """
        with self.database.write() as writer:
            row = None
            if token is not None:
                row = writer.execute("SELECT * FROM runs WHERE token = ?", (token,)).fetchone()
            if row is None:
                count = writer.execute(f"SELECT count(*) FROM runs WHERE job = ? AND {_OPEN}", (job,)).fetchone()[0]
                if count >= most:
                    return None
                writer.execute(
                    "INSERT INTO runs (id, job, token, state, plan, started, modified) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (run_id, job, token, STARTING, json.dumps(plan), now, now),
                )
                row = writer.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
            return _run(row)

    def move_run(self, run_id: str, state: str, *, among: tuple[str, ...], now: float) -> bool:
        """Change the state of a run that is in one of the states ``among``; returns whether it was."""
        marks = ",".join("?" * len(among))
        with self.database.write() as writer:
            return bool(
                writer.execute(
                    f"UPDATE runs SET state = ?, modified = ? WHERE id = ? AND state IN ({marks})",
                    (state, now, run_id, *among),
                ).rowcount
            )

    def end_run(self, run_id: str, state: str, *, now: float, seconds: float, error: str | None) -> None:
        """Write the end of a run; a run that has ended stays as it is."""
        with self.database.write() as writer:
            writer.execute(
                f"UPDATE runs SET state = ?, modified = ?, completed = ?, seconds = ?, error = ?"
                f" WHERE id = ? AND {_OPEN}",
                (state, now, now, seconds, error, run_id),
            )


def _job(row: Any) -> JobRow:
    return JobRow(**{**dict(row), "definition": json.loads(row["definition"]), "tags": json.loads(row["tags"])})


def _run(row: Any) -> RunRow:
    return RunRow(**{**dict(row), "plan": json.loads(row["plan"])})
