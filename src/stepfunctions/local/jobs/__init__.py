"""Jobs: work as processes, one process group each, that survives the server and is never half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.local.jobs.jobs import Jobs
from stepfunctions.local.jobs.model import Exit, Job, JobOwner, JobRefused, ProcessSpec
from stepfunctions.local.jobs.processes import Process, Processes, can_mount

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


def create(cloud: Cloud) -> Jobs:
    """Make the jobs of a cloud: rows in ``<data_dir>/jobs.db``, folders under ``<data_dir>/jobs/``."""
    return Jobs(cloud)


__all__ = [
    "Exit",
    "Job",
    "JobOwner",
    "JobRefused",
    "Jobs",
    "Process",
    "ProcessSpec",
    "Processes",
    "can_mount",
    "create",
]
