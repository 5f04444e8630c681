"""Training jobs: CreateTrainingJob and its family, and the processes behind them.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import math
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images
from stepfunctions.local.jobs import Exit, Job, JobRefused, ProcessSpec
from stepfunctions.local.sagemaker import results
from stepfunctions.local.sagemaker.container import PROGRAM, arguments, decode_hyperparameters, lay_out
from stepfunctions.local.sagemaker.named_jobs import DEFAULT_SECONDS, GRACE_SECONDS, OPEN, NamedJobs
from stepfunctions.local.sagemaker.places import Missing
from stepfunctions.local.sagemaker.records import Record, invalid, unsupported

KIND = "training-job"
_COPIED = (
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
_SWITCHES = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training job in progress",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds",
    "Restarting": "The training process was lost with the server: starting it again",
}


class TrainingJobs(NamedJobs):
    """The operations, and the owner of the processes. A job's key is its name."""

    word = "Training"
    taken = (
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        "already exists"
    )
    summary = (
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "TrainingJobStatus",
        "SecondaryStatus",
    )

    def _begun(self, record: Record, request: Record) -> Record:
        made = {
            **record,
            "ModelArtifacts": {"S3ModelArtifacts": ""},
            "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_SECONDS},
            **{member: request[member] for member in _COPIED if member in request},
            **{member: request.get(member, False) for member in _SWITCHES},
        }
        made["StoppingCondition"].setdefault("MaxRuntimeInSeconds", DEFAULT_SECONDS)
        _move(made, "Starting", record["CreationTime"])
        return made

    def list(self, request: Record) -> Record:
        """ListTrainingJobs."""
        unsupported(
            request,
            {
                "WarmPoolStatusEquals": "there are no warm pools here",
                "TrainingPlanArnEquals": "there are no training plans here",
            },
        )
        return super().list(request)

    def _stopping(self, name: str) -> None:
        self._edit(name, "Stopping", TrainingJobStatus="Stopping")

    # -- the processes ---------------------------------------------------------------------------------------

    def prepare(self, job: Job) -> ProcessSpec:
        """Lay out ``/opt/ml`` and say what to run."""
        record = self._records.get(KIND, job.key)
        if record is None:
            raise JobRefused("ClientError: The training job was deleted")
        if job.attempt > 1:
            self._edit(job.key, "Restarting")
        self._edit(job.key, "Downloading")
        try:
            runtime = images.resolve(self._cloud.data_dir, record["AlgorithmSpecification"]["TrainingImage"])
        except LocalCloudError as error:
            raise JobRefused(f"ClientError: {error}") from error
        container = lay_out(
            job,
            record,
            runtime,
            self._places,
            arn=record["TrainingJobArn"],
            base=self._cloud.client_env(record["RoleArn"]),
        )
        stdout, stderr = job.folder / "stdout.log", job.folder / "stderr.log"
        stream = f"{job.key}/algo-1-{self._cloud.clock.now():.0f}"
        self._cloud.service("logs").follow("/aws/sagemaker/TrainingJobs", stream, stdout, stderr)
        return ProcessSpec(
            argv=container.argv,
            cwd=Path(container.root) / "code",
            env=container.env,
            family=runtime.family,
            mounts=container.mounts,
            stdout=stdout,
            stderr=stderr,
            timeout_seconds=record["StoppingCondition"]["MaxRuntimeInSeconds"],
            grace_seconds=GRACE_SECONDS,
        )

    def started(self, job: Job) -> None:
        """Note that the script runs."""
        self._edit(job.key, "Training", once=True)

    def finish(self, job: Job, exit: Exit) -> None:
        """Store the results, then write the final status; done twice, it is the same."""
        record = self._records.get(KIND, job.key)
        if record is None or record["TrainingJobStatus"] not in OPEN:
            return
        fields: Record = {}
        if exit.started_at is not None and exit.refused is None:
            fields = _times(exit, self._records.now())
            logs = (job.folder / "stdout.log", job.folder / "stderr.log")
            definitions = record["AlgorithmSpecification"].get("MetricDefinitions", [])
            metrics = results.final_metrics(definitions, logs, fields["TrainingEndTime"])
            fields.update({"FinalMetricDataList": metrics} if metrics else {})
            for one in metrics:
                place = {"TrainingJobName": job.key}
                self._cloud.measure("/aws/sagemaker/TrainingJobs", one["MetricName"], one["Value"], "None", place)
        status, secondary = _outcome(exit)
        if status != "Failed" and fields:
            self._edit(job.key, "Uploading")
            try:
                fields["ModelArtifacts"] = {"S3ModelArtifacts": results.store_artefacts(job, record, self._places)}
            except Missing as error:
                status, secondary = "Failed", "Failed"
                fields["FailureReason"] = f"ClientError: The results could not be stored: {error}"
        elif status == "Failed":
            fields["FailureReason"] = results.failure_reason(
                exit, job.folder / "ml" / "output" / "failure", _command_line(record)
            )
        self._edit(job.key, secondary, TrainingJobStatus=status, **fields)
        if status == "Completed":
            shutil.rmtree(job.folder / "ml", ignore_errors=True)

    # -- parts -----------------------------------------------------------------------------------------------

    def _get(self, name: str) -> Record:
        record = self._records.get(KIND, name)
        if record is None:
            raise invalid("Requested resource not found.")
        return record

    def _edit(self, name: str, secondary: str, *, once: bool = False, **fields: Any) -> None:
        """Write fields and the secondary status; ``once`` leaves a job alone that has it already."""
        now = self._records.now()

        def edit(record: Record) -> str:
            if not (once and record["SecondaryStatus"] == secondary):
                record.update(fields)
                if record["TrainingJobStatus"] != "Stopping" or secondary not in ("Downloading", "Training"):
                    _move(record, secondary, now)
                if secondary == "Training":
                    record["TrainingStartTime"] = now
            return str(record["TrainingJobStatus"])

        self._records.change(KIND, name, edit)

    def _check(self, request: Record) -> None:
        """Refuse what cannot run here, with what is missing; AWS checks the input data at once too."""
        unsupported(request, {"ServerlessJobConfig": "", "ModelPackageConfig": "", "MlflowConfig": ""})
        algorithm = request.get("AlgorithmSpecification")
        if not algorithm or "TrainingImage" not in algorithm:
            raise invalid(
                "AlgorithmSpecification.TrainingImage is required by the local cloud: algorithms of the "
                "marketplace have no local runtime."
            )
        _check_modes(request, algorithm)
        _check_regexes(algorithm.get("MetricDefinitions", []))
        try:
            images.resolve(self._cloud.data_dir, algorithm["TrainingImage"])
            self._places.check_bucket(request["OutputDataConfig"]["S3OutputPath"])
        except (LocalCloudError, Missing) as error:
            raise invalid(str(error)) from error
        for channel in request.get("InputDataConfig", []):
            self._places.check_input(channel["DataSource"]["S3DataSource"]["S3Uri"])


def _check_modes(request: Record, algorithm: Record) -> None:
    resources = request.get("ResourceConfig", {})
    if resources.get("InstanceCount", 1) != 1 or resources.get("InstanceGroups"):
        raise invalid("The local cloud trains on one instance: set ResourceConfig.InstanceCount to 1.")
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        where = f"InputDataConfig channel '{channel['ChannelName']}'"
        if not channel["ChannelName"].strip("."):
            raise invalid(f"{where}: a channel is a folder, which cannot have this name.")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise invalid(f"{where}: the local cloud reads DataSource.S3DataSource with S3DataType S3Prefix.")
        if channel.get("InputMode", algorithm["TrainingInputMode"]) == "Pipe":
            raise invalid(f"{where}: the local cloud has no Pipe mode; use File or FastFile.")
        if channel.get("RecordWrapperType", "None") != "None":
            raise invalid(
                f"{where}: RecordWrapperType {channel['RecordWrapperType']} is not supported by the local cloud."
            )


def _check_regexes(definitions: list[Record]) -> None:
    for definition in definitions:
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise invalid(
                f"The regular expression of the metric '{definition['Name']}' cannot be read: {error}"
            ) from error


def _command_line(record: Record) -> str:
    algorithm, given = record["AlgorithmSpecification"], decode_hyperparameters(record.get("HyperParameters", {}))
    if "ContainerEntrypoint" in algorithm or PROGRAM not in given:
        words = [*algorithm.get("ContainerEntrypoint", ["train"]), *algorithm.get("ContainerArguments", [])]
    else:
        words = ["python", str(given[PROGRAM]), *arguments(given)]
    return " ".join(words)


def _outcome(exit: Exit) -> tuple[str, str]:
    """Return TrainingJobStatus and SecondaryStatus."""
    if exit.refused is not None:
        return "Failed", "Failed"
    if exit.timed_out:
        return "Stopped", "MaxRuntimeExceeded"
    if exit.stopped:
        return "Stopped", "Stopped"
    return ("Completed", "Completed") if exit.ok else ("Failed", "Failed")


def _times(exit: Exit, now: datetime) -> Record:
    seconds = max(1, math.ceil(exit.ended_at - (exit.started_at or exit.ended_at)))
    return {"TrainingEndTime": now, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


def _move(record: Record, secondary: str, now: datetime) -> None:
    """Enter a secondary status: the former transition ends, a new one begins (and ends, if it is a final one)."""
    transitions = record.setdefault("SecondaryStatusTransitions", [])
    if transitions:
        transitions[-1].setdefault("EndTime", now)
    transition = {"Status": secondary, "StartTime": now, "StatusMessage": _MESSAGES[secondary]}
    if secondary in ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded"):
        transition["EndTime"] = now
    transitions.append(transition)
    record["SecondaryStatus"] = secondary
    record["LastModifiedTime"] = now
