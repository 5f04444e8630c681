"""Processing jobs: CreateProcessingJob and its family, and the processes behind them.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
What a container finds: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images
from stepfunctions.local.jobs import Exit, Job, JobRefused, ProcessSpec, can_mount
from stepfunctions.local.sagemaker import results
from stepfunctions.local.sagemaker.container import HOST, OPT_ML
from stepfunctions.local.sagemaker.named_jobs import DEFAULT_SECONDS, GRACE_SECONDS, OPEN, NamedJobs
from stepfunctions.local.sagemaker.places import Missing, Places
from stepfunctions.local.sagemaker.records import Record, invalid, unsupported

KIND = "processing-job"
_MOST_MESSAGE = 1024  # bytes of /opt/ml/output/message that are shown
_COPIED = (
    "ProcessingJobName",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "StoppingCondition",
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
)
_SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)


class ProcessingJobs(NamedJobs):
    """The operations, and the owner of the processes. A job's key is its name."""

    word = "Processing"
    taken = "Job name must be unique within an AWS account and region, and a job with this name already exists"
    summary = _SUMMARY

    def _begun(self, record: Record, request: Record) -> Record:
        copied = {member: request[member] for member in _COPIED if member in request}
        return {"StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_SECONDS}, **copied, **record}

    def _stopping(self, name: str) -> None:
        self._edit(name, ProcessingJobStatus="Stopping")

    # -- the processes ---------------------------------------------------------------------------------------

    def prepare(self, job: Job) -> ProcessSpec:
        """Lay out ``/opt/ml`` and say what to run."""
        record = self._records.get(KIND, job.key)
        if record is None:
            raise JobRefused("ClientError: The processing job was deleted")
        try:
            runtime = images.resolve(self._cloud.data_dir, record["AppSpecification"]["ImageUri"])
            _lay_out(job.folder / "ml", record, self._places)
        except LocalCloudError as error:
            raise JobRefused(f"ClientError: {error}") from error
        except Missing as error:
            raise JobRefused(f"ClientError: Data download failed: {error}") from error
        ml = job.folder / "ml"
        if runtime.folder is not None:
            shutil.copytree(runtime.folder, ml / "code", dirs_exist_ok=True)
        mounted = can_mount(OPT_ML)
        root = OPT_ML if mounted else str(ml)
        env = {
            **self._cloud.client_env(record["RoleArn"]),
            "PYTHONUNBUFFERED": "TRUE",
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: value.replace(OPT_ML, root) for name, value in record.get("Environment", {}).items()},
        }
        stdout, stderr = job.folder / "stdout.log", job.folder / "stderr.log"
        stream = f"{job.key}/algo-1-{self._cloud.clock.now():.0f}"
        self._cloud.service("logs").follow("/aws/sagemaker/ProcessingJobs", stream, stdout, stderr)
        return ProcessSpec(
            argv=tuple(word.replace(OPT_ML, root) for word in _command(record)),
            cwd=Path(root) / "code",
            env=env,
            family=runtime.family,
            mounts={OPT_ML: ml} if mounted else {},
            stdout=stdout,
            stderr=stderr,
            timeout_seconds=record["StoppingCondition"]["MaxRuntimeInSeconds"],
            grace_seconds=GRACE_SECONDS,
        )

    def started(self, job: Job) -> None:
        """Note since when the process runs."""

        def edit(record: Record) -> str:
            record.setdefault("ProcessingStartTime", self._records.now())
            return str(record["ProcessingJobStatus"])

        self._records.change(KIND, job.key, edit)

    def finish(self, job: Job, exit: Exit) -> None:
        """Store the results, then write the final status; done twice, it is the same."""
        record = self._records.get(KIND, job.key)
        if record is None or record["ProcessingJobStatus"] not in OPEN:
            return
        ml, status = job.folder / "ml", _outcome(exit)
        fields: Record = {"ProcessingEndTime": self._records.now()}
        if status == "Failed":
            command = " ".join(_command(record))
            fields["FailureReason"] = results.failure_reason(exit, ml / "output" / "failure", command)
        try:
            if exit.started_at is not None and exit.refused is None:
                self._store(job, record, failed=status == "Failed")
            fields.update(_message(ml / "output" / "message"))
        except Missing as error:
            status = "Failed"
            fields["FailureReason"] = f"ClientError: The results could not be stored: {error}"
        except UnicodeDecodeError:
            status = "Failed"
            fields["FailureReason"] = f"ClientError: The text of {OPT_ML}/output/message is not UTF-8"
        self._edit(job.key, ProcessingJobStatus=status, **fields)
        if status == "Completed":
            shutil.rmtree(ml, ignore_errors=True)

    # -- parts -----------------------------------------------------------------------------------------------

    def _get(self, name: str) -> Record:
        record = self._records.get(KIND, name)
        if record is None:
            raise invalid(f"Could not find requested job with name: {name}")
        return record

    def _edit(self, name: str, **fields: Any) -> None:
        now = self._records.now()

        def edit(record: Record) -> str:
            record.update(fields, LastModifiedTime=now)
            return str(record["ProcessingJobStatus"])

        self._records.change(KIND, name, edit)

    def _store(self, job: Job, record: Record, *, failed: bool) -> None:
        """Put the outputs into S3. Of a job that failed only what is uploaded while a job runs is there."""
        for output in _outputs(record):
            if not failed or output["S3UploadMode"] == "Continuous":
                folder = job.folder / "ml" / _inside(output["LocalPath"])
                results.store_files(folder, output["S3Uri"].rstrip("/"), self._places, job.folder)

    def _check(self, request: Record) -> None:
        """Refuse what cannot run here, with what is missing; AWS checks the input data at once too."""
        application = request["AppSpecification"]
        if not application.get("ContainerEntrypoint"):
            raise invalid(
                "AppSpecification.ContainerEntrypoint is required by the local cloud, which does not know the "
                "entry point of an image: write what to run, such as ['python3', "
                "'/opt/ml/processing/input/code/analyse.py']."
            )
        _check_modes(request)
        try:
            images.resolve(self._cloud.data_dir, application["ImageUri"])
            for output in _outputs(request):
                self._places.check_bucket(output["S3Uri"])
        except (LocalCloudError, Missing) as error:
            raise invalid(str(error)) from error
        for one in request.get("ProcessingInputs", []):
            self._places.check_input(one["S3Input"]["S3Uri"])


def _check_modes(request: Record) -> None:
    cluster = request["ProcessingResources"]["ClusterConfig"]
    unsupported(cluster, {"InstancePreferences": "set InstanceType and InstanceCount"})
    if cluster.get("InstanceCount", 1) != 1:
        raise invalid("The local cloud processes on one instance: set ClusterConfig.InstanceCount to 1.")
    for one in request.get("ProcessingInputs", []):
        where = f"ProcessingInputs '{one['InputName']}'"
        s3 = one.get("S3Input")
        if s3 is None or s3["S3DataType"] != "S3Prefix":
            raise invalid(f"{where}: the local cloud reads S3Input with S3DataType S3Prefix.")
        if s3.get("S3InputMode", "File") != "File" or s3.get("S3CompressionType", "None") != "None":
            raise invalid(f"{where}: the local cloud has no Pipe mode; set S3InputMode to File, without compression.")
        _check_path(where, s3.get("LocalPath"), f"{OPT_ML}/processing/")
    for one in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        where = f"ProcessingOutputConfig.Outputs '{one['OutputName']}'"
        if "S3Output" not in one:
            raise invalid(f"{where}: the local cloud writes to S3Output; it has no feature store.")
        _check_path(where, one["S3Output"].get("LocalPath"), f"{OPT_ML}/")


def _check_path(where: str, path: str | None, begins: str) -> None:
    if path is None or not path.startswith(begins) or ".." in PurePosixPath(path).parts:
        raise invalid(f"{where}: LocalPath must be an absolute path that begins with {begins}")


def _outputs(record: Record) -> Iterator[Record]:
    for output in record.get("ProcessingOutputConfig", {}).get("Outputs", []):
        yield output["S3Output"]


def _inside(path: str) -> PurePosixPath:
    """Return where a path of the container is below the folder that stands for ``/opt/ml``."""
    return PurePosixPath(path).relative_to(OPT_ML)


def _command(record: Record) -> tuple[str, ...]:
    application = record["AppSpecification"]
    return (*application["ContainerEntrypoint"], *application.get("ContainerArguments", ()))


def _lay_out(ml: Path, record: Record, places: Places) -> None:
    """Make the ``/opt/ml`` of a job. Raises :class:`Missing` for an input that is not there."""
    for name in ("config", "code", "output", "processing"):
        (ml / name).mkdir(parents=True)
    for output in _outputs(record):
        (ml / _inside(output["LocalPath"])).mkdir(parents=True, exist_ok=True)
    for one in record.get("ProcessingInputs", []):
        places.lay(one["S3Input"]["S3Uri"], ml / _inside(one["S3Input"]["LocalPath"]))
    shown = {name: record[name] for name in ("ProcessingJobArn", *_COPIED) if name in record}
    files = {"processingjobconfig.json": shown, "resourceconfig.json": {"current_host": HOST, "hosts": [HOST]}}
    for name, value in files.items():
        (ml / "config" / name).write_text(json.dumps(value))


def _message(file: Path) -> Record:
    """Return the ExitMessage that a container left. Raises UnicodeDecodeError for what is no text."""
    if not file.is_file():
        return {}
    text = file.read_bytes().decode("utf-8")
    return {"ExitMessage": text.encode()[:_MOST_MESSAGE].decode("utf-8", "ignore")}


def _outcome(exit: Exit) -> str:
    if exit.refused is None and (exit.timed_out or exit.stopped):
        return "Stopped"
    return "Completed" if exit.ok else "Failed"
