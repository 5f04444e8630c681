"""Jobs that a task can wait for (``.sync``): how their end is noticed, what the task's result is, how they stop.

To add one: an entry in :data:`JOBS`, and ``on_end(key, callback)`` on the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local.task_errors import failure_of
from stepfunctions.local.task_shapes import plain
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


@dataclass(frozen=True, kw_only=True)
class WaitedJob:
    """One kind of job. Functions take ``submitted``, the response of the call that began it.

    ``describe`` and ``stop`` give the operation and request; ``outcome`` turns the description into the task's
    result, or raises StateFailed.
    """

    service: str
    key: Callable[[Any], str]
    describe: Callable[[Any], tuple[str, dict[str, Any]]]
    stop_call: Callable[[Any], tuple[str, dict[str, Any]]]
    outcome: Callable[[Resource, Any], JSON]

    def watch(self, cloud: Cloud, submitted: Any, ended: Callable[[], None]) -> None:
        """Call ``ended`` once the job has ended; at once when it already has."""
        cloud.service(self.service).on_end(self.key(submitted), ended)

    def result(self, cloud: Cloud, resource: Resource, submitted: Any) -> JSON:
        """Return the result of an ended job. Raises StateFailed when it did not succeed."""
        operation, request = self.describe(submitted)
        model = operation_model(self.service, operation)
        assert model is not None
        try:
            description = cloud.call(self.service, operation, request)
        except ServiceError as error:  # someone deleted it meanwhile
            raise failure_of(error, resource, model, request) from None
        return self.outcome(resource, plain(description, model.output_shape, epoch=True))

    def stop(self, cloud: Cloud, submitted: Any) -> None:
        """Ask the service to stop the job."""
        operation, request = self.stop_call(submitted)
        cloud.call(self.service, operation, request)


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _training(_: Resource, job: Any) -> JSON:
    if job["TrainingJobStatus"] != "Completed":
        raise StateFailed("States.TaskFailed", dumps(job))
    return job


def _glue(_: Resource, response: Any) -> JSON:
    run = response["JobRun"]
    if run["JobRunState"] != "SUCCEEDED":
        raise StateFailed("States.TaskFailed", dumps(run))
    return run


def _ecs(_: Resource, response: Any) -> JSON:
    """The unwrapped task. A container that ended with a code other than 0, or never ran, fails the task."""
    task = response["Tasks"][0]
    if any(container.get("ExitCode") != 0 for container in task["Containers"]):
        raise StateFailed("States.TaskFailed", dumps(task))
    return task


def _execution(resource: Resource, execution: Any) -> JSON:
    """With ``.sync:2`` the nested execution's output is JSON, with ``.sync`` the text of it."""
    if execution["Status"] != "SUCCEEDED":
        raise StateFailed("States.TaskFailed", dumps(execution))
    if resource.version == 2:
        for name in ("Input", "Output"):
            if name in execution:
                execution[name] = json.loads(execution[name])
    return execution


JOBS: Mapping[tuple[str, str], WaitedJob] = MappingProxyType(
    {
        ("ecs", "runTask"): WaitedJob(
            service="ecs",
            key=lambda submitted: submitted["Tasks"][0]["TaskArn"],
            describe=lambda submitted: (
                "DescribeTasks",
                {"cluster": submitted["Tasks"][0]["ClusterArn"], "tasks": [submitted["Tasks"][0]["TaskArn"]]},
            ),
            stop_call=lambda submitted: (
                "StopTask",
                {
                    "cluster": submitted["Tasks"][0]["ClusterArn"],
                    "task": submitted["Tasks"][0]["TaskArn"],
                    "reason": "Stopped by Step Functions",
                },
            ),
            outcome=_ecs,
        ),
        ("glue", "startJobRun"): WaitedJob(
            service="glue",
            key=lambda submitted: submitted["JobRunId"],
            describe=lambda submitted: ("GetJobRun", {"JobName": submitted["JobName"], "RunId": submitted["JobRunId"]}),
            stop_call=lambda submitted: (
                "BatchStopJobRun",
                {"JobName": submitted["JobName"], "JobRunIds": [submitted["JobRunId"]]},
            ),
            outcome=_glue,
        ),
        ("sagemaker", "createTrainingJob"): WaitedJob(
            service="sagemaker",
            key=lambda submitted: _last(submitted["TrainingJobArn"]),
            describe=lambda submitted: ("DescribeTrainingJob", {"TrainingJobName": _last(submitted["TrainingJobArn"])}),
            stop_call=lambda submitted: ("StopTrainingJob", {"TrainingJobName": _last(submitted["TrainingJobArn"])}),
            outcome=_training,
        ),
        ("states", "startExecution"): WaitedJob(
            service="stepfunctions",
            key=lambda submitted: submitted["ExecutionArn"],
            describe=lambda submitted: ("DescribeExecution", {"executionArn": submitted["ExecutionArn"]}),
            stop_call=lambda submitted: ("StopExecution", {"executionArn": submitted["ExecutionArn"]}),
            outcome=_execution,
        ),
    }
)
"""(service, action) of a resource -> the job it begins."""
