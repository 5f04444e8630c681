"""What a job is: the records that Jobs and the services exchange, and what a service has to provide.

A *job* is work that a service started and that outlives the call: a training job, a Glue run, an ECS task. It is
one process group, never reused. Its states: QUEUED -> RUNNING -> FINISHING -> ENDED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stepfunctions.asl.document import JSON
from stepfunctions.errors import StepFunctionsError

QUEUED, RUNNING, FINISHING, ENDED = "QUEUED", "RUNNING", "FINISHING", "ENDED"


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """What to run.

    ``argv``: ``("python", "train.py", "--x", "1")`` runs the script in a fork of its family's zygote exactly as
    the interpreter would; ``("python", "-m", "package")`` too; any other command is executed. ``cwd`` may lie
    inside a mount. ``env`` is the whole environment but for the few variables every process gets
    (:func:`stepfunctions.local.jobs.processes.base_env`), which it may replace. ``family`` names what is imported
    beforehand (``FAMILIES`` there). ``mounts`` maps a path inside the job to a real folder; use it only where
    :func:`~stepfunctions.local.jobs.processes.can_mount` says so. ``timeout_seconds`` of running (None: no limit)
    and then ``grace_seconds`` between SIGTERM and SIGKILL. ``stdout`` and ``stderr`` are appended to and may be the
    same file.
    """

    argv: tuple[str, ...]
    cwd: Path
    stdout: Path
    stderr: Path
    env: Mapping[str, str] = field(default_factory=dict)
    family: str = "python"
    mounts: Mapping[str, Path] = field(default_factory=dict)
    timeout_seconds: float | None = None
    grace_seconds: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: ``(kind, key)`` is its identity, ``details`` what the service submitted.

    ``folder`` is fresh for every attempt (``attempt`` counts from 1): what a killed attempt left half-written is
    never seen again. ``pid`` and ``started_at`` (seconds since the epoch) are None until the process runs.
    """

    kind: str
    key: str
    details: JSON = None
    attempt: int
    folder: Path
    pid: int | None = None
    started_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a job's process ended: ``code``, or the ``signal`` that killed it.

    Both are None when it never ran: ``refused`` then says why, or ``stopped`` is true. ``stderr_tail`` is the end
    of its stderr file (at most 4 KiB of whole lines).
    """

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    stopped: bool = False
    refused: str | None = None
    started_at: float | None = None
    ended_at: float = 0.0
    stderr_tail: str = field(default="", repr=False)
    cpu_seconds: float = 0.0
    max_rss_kib: int = 0

    @property
    def ok(self) -> bool:
        """Whether the process ended by itself with code 0."""
        return self.code == 0 and not self.timed_out and not self.stopped and self.refused is None


class JobRefused(StepFunctionsError):
    """A job cannot run; the text is the reason its user reads."""


class JobOwner(Protocol):
    """What a service provides for its kind of job. Called from worker threads."""

    def prepare(self, job: Job) -> ProcessSpec:
        """Lay out ``job.folder`` (it exists and is empty) and say what to run; raise JobRefused to fail the job."""

    def started(self, job: Job) -> None:
        """Note that the process runs. Called again after a restart of the server."""

    def finish(self, job: Job, exit: Exit) -> None:
        """Collect the results and write the final status of the service's own row.

        Idempotent: a server killed in the middle calls it again. Also called, with ``exit.refused``, when
        ``prepare`` or an earlier ``finish`` raised.
        """
