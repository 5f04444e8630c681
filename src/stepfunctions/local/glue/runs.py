"""A Glue job run as a process: its script and libraries from S3, its arguments, and how it ended."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.glue import resolved_options
from stepfunctions.local.glue.records import RUNNING, STARTING, GlueTables, RunRow
from stepfunctions.local.jobs import Exit, Job, JobRefused, ProcessSpec

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

KIND = "glue"
LOG_GROUP = "/aws-glue/python-jobs"
SECONDS_A_MINUTE = 60.0
_S3_URI = re.compile(r"s3://([^/]+)/(.+)")


class RunOwner:
    """Prepares and finishes the processes of job runs; the key of a job is the run's id."""

    def __init__(self, cloud: Cloud, tables: GlueTables) -> None:
        self._cloud = cloud
        self._tables = tables

    def prepare(self, job: Job) -> ProcessSpec:
        """Fetch the script and what it imports; run it as ``python script --name value ...``."""
        run = self._tables.run(job.key)
        if run is None:
            raise JobRefused(f"there is no job run {job.key}")
        plan, arguments = run.plan, run.plan["arguments"]
        work, library = job.folder / "work", job.folder / "lib"
        work.mkdir()
        (job.folder / "tmp").mkdir()
        _lay_awsglue(library)
        _check_modules(arguments.get("--additional-python-modules", ""))
        script = self._fetch(plan["script"], job.folder / "script", "ScriptLocation")
        path = [str(library)]
        for uri in _listed(arguments.get("--extra-py-files", "")):
            file = self._fetch(uri, library, "--extra-py-files")
            if file.suffix != ".py":  # an archive is importable by its own path
                path.append(str(file))
        for uri in _listed(arguments.get("--extra-files", "")):
            self._fetch(uri, work, "--extra-files")
        given = {**arguments, "--JOB_NAME": run.job, "--JOB_RUN_ID": run.id}
        stdout, stderr = job.folder / "stdout.log", job.folder / "stderr.log"
        logs = self._cloud.service("logs")
        logs.follow(f"{LOG_GROUP}/output", run.id, stdout)
        logs.follow(f"{LOG_GROUP}/error", run.id, stderr)
        return ProcessSpec(
            argv=("python", str(script), *(text for pair in given.items() for text in pair)),
            cwd=work,
            env={
                **self._cloud.client_env(plan.get("role")),
                "PYTHONPATH": ":".join(path),
                "TMPDIR": str(job.folder / "tmp"),
            },
            family="pandas",
            timeout_seconds=plan["timeout"] * SECONDS_A_MINUTE,
            stdout=stdout,
            stderr=stderr,
        )

    def started(self, job: Job) -> None:
        """Note that the script runs."""
        self._tables.move_run(job.key, RUNNING, among=(STARTING,), now=self._cloud.clock.now())

    def finish(self, job: Job, exit: Exit) -> None:
        """Write how the run ended."""
        run = self._tables.run(job.key)
        state, error = _outcome(exit, 0 if run is None else run.plan["timeout"])
        seconds = 0.0 if exit.started_at is None else max(0.0, exit.ended_at - exit.started_at)
        self._tables.end_run(job.key, state, now=self._cloud.clock.now(), seconds=seconds, error=error)
        if run is not None:
            self._cloud.publish("aws.glue", "Glue Job State Change", _event_of(run, state, error))

    def _fetch(self, uri: str, into: Path, what: str) -> Path:
        """Copy an object into a folder and return the file."""
        bucket, key = split_uri(uri, what)
        into.mkdir(exist_ok=True)
        target = into / key.rsplit("/", 1)[-1]
        try:
            with self._cloud.service("s3").objects.open(bucket, key) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
        except ServiceError as error:
            raise JobRefused(f"{what} {uri} cannot be read: {error.code}: {error.message}") from error
        except OSError as error:  # a key that ends in '..', or in a name longer than a file's may be; a full disk
            raise JobRefused(f"{what} {uri} cannot be laid out as a file: {error.strerror}") from error
        return target


def split_uri(uri: str, what: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://bucket/key``. Raises JobRefused that names ``what``."""
    match = _S3_URI.fullmatch(uri)
    if match is None or match[2].endswith("/"):
        raise JobRefused(f"{what} must name an object as s3://bucket/key; it is '{uri}'")
    return match[1], match[2]


def merged_arguments(definition: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return a run's arguments: the job's defaults, over them the run's own, over them the fixed ones."""
    return {**definition.get("DefaultArguments", {}), **given, **definition.get("NonOverridableArguments", {})}


def _lay_awsglue(library: Path) -> None:
    package = library / "awsglue"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copyfile(resolved_options.__file__, package / "utils.py")


def _check_modules(text: str) -> None:
    """Refuse modules that AWS would install and that are not here: nothing is installed behind a user's back."""
    missing = []
    for requirement in _listed(text):
        name = re.split(r"[\[=<>!~;@ ]", requirement.strip(), maxsplit=1)[0]
        try:
            importlib.metadata.distribution(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            missing.append(requirement)
    if missing:
        raise JobRefused(
            f"--additional-python-modules names packages that are not installed beside the local "
            f"cloud: pip install {' '.join(missing)}"
        )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _event_of(run: RunRow, state: str, error: str | None) -> dict[str, Any]:
    """Return the detail of the event of a run's end.

    https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html
    """
    failed = f"JobName:{run.job} and JobRunId:{run.id} failed to execute with exception {error}"
    severity, message = {
        "SUCCEEDED": ("INFO", "Job run succeeded"),
        "STOPPED": ("INFO", "Job run stopped"),
        "TIMEOUT": ("WARN", "Job run timed out"),
    }.get(state, ("ERROR", failed))
    return {"jobName": run.job, "severity": severity, "state": state, "jobRunId": run.id, "message": message}


def _outcome(exit: Exit, timeout_minutes: int) -> tuple[str, str | None]:
    """Return JobRunState and ErrorMessage."""
    if exit.ok:
        return "SUCCEEDED", None
    if exit.stopped:
        return "STOPPED", None
    if exit.refused is not None:
        return "FAILED", exit.refused
    if exit.timed_out:
        return "TIMEOUT", f"The job run timed out after {timeout_minutes} minutes"
    how = f"exit code {exit.code}" if exit.signal is None else f"signal {exit.signal}"
    tail = exit.stderr_tail.strip()
    return "FAILED", f"Command failed with {how}" + (f": {tail}" if tail else "")
