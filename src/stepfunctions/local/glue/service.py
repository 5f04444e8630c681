"""Glue: Python shell jobs as processes of this machine. Spark jobs (``glueetl``) are refused for now."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.glue.records import MIGRATIONS, OPEN_STATES, STOPPING, GlueTables, JobRow, RunRow
from stepfunctions.local.glue.runs import KIND, LOG_GROUP, RunOwner, merged_arguments, split_uri
from stepfunctions.local.jobs import JobRefused
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_DEFAULT_TIMEOUT_MINUTES = 2880
_PAGE = 200
_NO_JOB = ("Name", "Tags")


class GlueService:
    """The operations of AWS Glue that workflows need."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tables = GlueTables(cloud.database("glue", MIGRATIONS))
        cloud.jobs.register(KIND, RunOwner(cloud, self._tables))

    def start(self) -> None:
        """Submit runs again that a killed server had noted but not yet handed over."""
        for run in self._tables.open_runs():
            self._cloud.jobs.submit(KIND, run.id, None)

    def on_end(self, run_id: str, callback: Callable[[], None]) -> None:
        """Call back once a run has ended; at once when it already has."""
        self._cloud.jobs.on_end(KIND, run_id, callback)

    def create_job(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Make a job. The same request again changes nothing; another one under its name is refused."""
        name, tags = request["Name"], request.get("Tags", {})
        definition = _checked({key: value for key, value in request.items() if key not in _NO_JOB})
        now = self._cloud.clock.now()
        with self._tables.database.write():
            old = self._tables.job(name)
            if old is None:
                self._tables.put_job(JobRow(name=name, definition=definition, tags=tags, created=now, modified=now))
            elif old.definition != definition:
                raise ServiceError(
                    "IdempotentParameterMismatchException",
                    f"Job with name: {name} already submitted with different configuration",
                )
        return {"Name": name}

    def get_job(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a job."""
        return {"Job": _job_shape(self._found(request["JobName"]))}

    def get_jobs(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a page of jobs in the order of their names."""
        jobs, more = self._job_page(request)
        return {"Jobs": [_job_shape(job) for job in jobs], **more}

    def list_jobs(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a page of names of jobs, with ``Tags`` only those that have all of them."""
        wanted = request.get("Tags", {}).items()
        jobs, more = self._job_page(request)
        return {"JobNames": [job.name for job in jobs if wanted <= job.tags.items()], **more}

    def update_job(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Replace a job's definition as a whole, as AWS does; runs that have started keep the old one."""
        name = request["JobName"]
        definition = _checked(request["JobUpdate"])
        with self._tables.database.write():
            old = self._found(name)
            self._tables.put_job(
                JobRow(
                    name=name,
                    definition=definition,
                    tags=old.tags,
                    created=old.created,
                    modified=self._cloud.clock.now(),
                )
            )
        return {"JobName": name}

    def delete_job(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Delete a job; one that is not there is no error, as in AWS."""
        self._tables.delete_job(request["JobName"])
        return {"JobName": request["JobName"]}

    def start_job_run(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Start a run. A call with the task token of an earlier one returns that one's run."""
        name = request["JobName"]
        job = self._tables.job(name)
        if job is None:
            raise ServiceError(
                "EntityNotFoundException", f"Failed to start job run due to missing metadata: there is no job '{name}'"
            )
        plan = plan_run(job.definition, request)
        run = self._tables.add_run(
            f"jr_{secrets.token_hex(32)}",
            name,
            call.token,
            plan,
            self._cloud.clock.now(),
            job.definition.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1),
        )
        if run is None:
            raise ServiceError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
        self._cloud.jobs.submit(KIND, run.id, None)
        return {"JobRunId": run.id}

    def get_job_run(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a run."""
        run = self._tables.run(request["RunId"])
        if run is None or run.job != request["JobName"]:
            raise ServiceError(
                "EntityNotFoundException", f"Job run {request['RunId']} of job {request['JobName']} was not found"
            )
        return {"JobRun": _run_shape(run)}

    def get_job_runs(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Return a page of a job's runs, the latest first."""
        self._found(request["JobName"])
        size = request.get("MaxResults", _PAGE)
        before = request.get("NextToken")
        if before is not None and not before.isdigit():
            raise _invalid("NextToken is not one that GetJobRuns returned")
        found = self._tables.runs(request["JobName"], None if before is None else int(before), size + 1)
        more = {"NextToken": str(found[size - 1].number)} if len(found) > size else {}
        return {"JobRuns": [_run_shape(run) for run in found[:size]], **more}

    def batch_stop_job_run(self, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        """Ask runs to stop: SIGTERM, and SIGKILL 10 seconds later."""
        name = request["JobName"]
        stopped: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for run_id in request["JobRunIds"]:
            run = self._tables.run(run_id)
            if run is None or run.job != name:
                errors.append(_stop_error(name, run_id, "EntityNotFoundException", "The job run was not found"))
            elif not self._tables.move_run(run_id, STOPPING, among=OPEN_STATES, now=self._cloud.clock.now()):
                errors.append(
                    _stop_error(
                        name,
                        run_id,
                        "IllegalSessionStateException",
                        f"The job run has ended with the state {run.state}",
                    )
                )
            else:
                self._cloud.jobs.stop(KIND, run_id)
                stopped.append({"JobName": name, "JobRunId": run_id})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _found(self, name: str) -> JobRow:
        job = self._tables.job(name)
        if job is None:
            raise ServiceError("EntityNotFoundException", f"Job {name} was not found")
        return job

    def _job_page(self, request: Mapping[str, Any]) -> tuple[list[JobRow], dict[str, str]]:
        size = request.get("MaxResults", _PAGE)
        found = self._tables.jobs(request.get("NextToken", ""), size + 1)
        return found[:size], {"NextToken": found[size - 1].name} if len(found) > size else {}


def create(cloud: Cloud) -> GlueService:
    """Make the service for a cloud."""
    return GlueService(cloud)


def plan_run(definition: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Decide all that a run needs, so that later changes of the job do not touch it.

    ``role``, ``script`` (s3 URI), ``arguments`` (merged, as the script gets them), ``given`` (the run's own),
    ``timeout`` (minutes), ``capacity``, ``version``. Raises ServiceError for what is not supported.
    """
    if request.get("JobRunId"):
        raise _invalid("The local cloud does not retry a run by its JobRunId: start a new run")
    _no_queue(request)
    given = request.get("Arguments", {})
    return {
        "role": definition["Role"],
        "script": definition["Command"]["ScriptLocation"],
        "arguments": merged_arguments(definition, given),
        "given": given,
        "timeout": request.get("Timeout") or definition.get("Timeout") or _DEFAULT_TIMEOUT_MINUTES,
        "capacity": request.get("MaxCapacity", definition.get("MaxCapacity", 0.0625)),
        "version": definition.get("GlueVersion", "3.0"),
    }


def _checked(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a job's definition with defaults, or raise InvalidInputException."""
    command = definition.get("Command", {})
    kind = command.get("Name", "glueetl")
    if kind != "pythonshell":
        raise _invalid(
            f"The local cloud runs Python shell jobs only: Command.Name must be 'pythonshell'; "
            f"'{kind}' needs Spark or Ray, which it does not have yet"
        )
    try:
        split_uri(command.get("ScriptLocation", ""), "Command.ScriptLocation")
    except JobRefused as error:
        raise _invalid(str(error)) from None
    if definition.get("MaxRetries"):
        raise _invalid("The local cloud does not retry job runs: leave MaxRetries out and write Retry into the state")
    _no_queue(definition)
    return {
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": _DEFAULT_TIMEOUT_MINUTES,
        "MaxCapacity": 0.0625,
        "GlueVersion": "3.0",
        **definition,
    }


def _no_queue(request: Mapping[str, Any]) -> None:
    if request.get("JobRunQueuingEnabled"):
        raise _invalid(
            "The local cloud does not queue job runs: leave JobRunQueuingEnabled out and raise "
            "ExecutionProperty.MaxConcurrentRuns"
        )


def _job_shape(job: JobRow) -> dict[str, Any]:
    return {
        "Name": job.name,
        **job.definition,
        "CreatedOn": moment(job.created),
        "LastModifiedOn": moment(job.modified),
    }


def _run_shape(run: RunRow) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "Id": run.id,
        "Attempt": 0,
        "JobName": run.job,
        "StartedOn": moment(run.started),
        "LastModifiedOn": moment(run.modified),
        "JobRunState": run.state,
        "Arguments": run.plan["given"],
        "PredecessorRuns": [],
        "ExecutionTime": round(run.seconds or 0.0),
        "Timeout": run.plan["timeout"],
        "MaxCapacity": run.plan["capacity"],
        "GlueVersion": run.plan["version"],
        "LogGroupName": LOG_GROUP,
    }
    if run.completed is not None:
        shape["CompletedOn"] = moment(run.completed)
    if run.error:
        shape["ErrorMessage"] = run.error
    return shape


def _stop_error(job: str, run_id: str, code: str, message: str) -> dict[str, Any]:
    return {"JobName": job, "JobRunId": run_id, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}}


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)
