"""What training jobs and processing jobs have in common: a record and a process, both found by the job's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.places import Places
from stepfunctions.local.sagemaker.records import Record, Records, invalid
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

OPEN = ("InProgress", "Stopping")
"""Statuses of a job that has not ended."""
DEFAULT_SECONDS = 86400
"""MaxRuntimeInSeconds of a job that says none."""
GRACE_SECONDS = 120.0
"""What SageMaker gives a script between SIGTERM and SIGKILL."""


class NamedJobs:
    """The operations that are alike. ``word`` is what the API calls the kind: ``Training`` in ``TrainingJobName``."""

    word: ClassVar[str]
    taken: ClassVar[str]
    """How a name that is in use is refused, before the ARN in brackets."""
    summary: ClassVar[Sequence[str]]
    """The members of a job in a listing."""

    def __init__(self, cloud: Cloud, records: Records) -> None:
        self._cloud = cloud
        self._records = records
        self._places = Places(cloud)
        self._job_kind = self.word.lower()
        self._kind = f"{self._job_kind}-job"
        self._name, self._status = f"{self.word}JobName", f"{self.word}JobStatus"
        cloud.jobs.register(self._job_kind, self)

    def start(self) -> None:
        """Submit what a killed server wrote down and did not submit."""
        for record in self._records.all(self._kind, *OPEN):
            self._cloud.jobs.submit(self._job_kind, record[self._name], None)

    def on_end(self, name: str, callback: Callable[[], None]) -> None:
        """Call back when a job has its final status; at once when it already has."""
        self._cloud.jobs.on_end(self._job_kind, name, callback)

    def create(self, request: Record, call: Call) -> Record:
        """CreateTrainingJob, CreateProcessingJob. A call that is repeated makes nothing, and is not refused."""
        name = request[self._name]
        arn = self._records.arn(self._kind, name)
        if call.token is None or self._records.token(self._kind, name) != call.token:
            self._check(request)
        now = self._records.now()
        record = {f"{self.word}JobArn": arn, self._status: "InProgress", "CreationTime": now, "LastModifiedTime": now}
        self._records.create(
            self._kind,
            name,
            self._begun(record, request),
            call.token,
            tags=request.get("Tags"),
            status="InProgress",
            taken=lambda: ServiceError("ResourceInUse", f"{self.taken} ({arn})"),
        )
        self._cloud.jobs.submit(self._job_kind, name, None)
        return {f"{self.word}JobArn": arn}

    def describe(self, request: Record) -> Record:
        """DescribeTrainingJob, DescribeProcessingJob."""
        return self._get(request[self._name])

    def list(self, request: Record) -> Record:
        """ListTrainingJobs, ListProcessingJobs."""
        page = self._records.page(self._kind, request, order="Ascending")
        summaries = [{member: record[member] for member in self.summary if member in record} for record in page.records]
        token = {"NextToken": page.next_token} if page.next_token else {}
        return {f"{self.word}JobSummaries": summaries, **token}

    def stop(self, request: Record) -> Record:
        """StopTrainingJob, StopProcessingJob."""
        name = request[self._name]
        status = self._get(name)[self._status]
        if status not in OPEN:
            raise invalid(f"The request was rejected because the {self._job_kind} job is in status {status}.")
        self._stopping(name)
        self._cloud.jobs.stop(self._job_kind, name)
        return {}

    def delete(self, request: Record) -> Record:
        """DeleteTrainingJob, DeleteProcessingJob: the record and the job's folder; results in S3 stay."""
        name = request[self._name]
        if self._get(name)[self._status] in OPEN:
            raise ServiceError("ResourceInUse", f"The {self._job_kind} job {name} has not ended; stop it first")
        self._records.delete(self._kind, name)
        self._cloud.jobs.forget(self._job_kind, name)
        return {}

    # -- what differs ----------------------------------------------------------------------------------------

    def _get(self, name: str) -> Record:
        """Return a job's record. Raises what the service says of a name that is not there."""
        raise NotImplementedError

    def _check(self, request: Record) -> None:
        """Refuse what cannot run here."""
        raise NotImplementedError

    def _begun(self, record: Record, request: Record) -> Record:
        """Return the record of a new job: what every kind has, and what of the request is kept."""
        raise NotImplementedError

    def _stopping(self, name: str) -> None:
        """Note that a job stops."""
        raise NotImplementedError
