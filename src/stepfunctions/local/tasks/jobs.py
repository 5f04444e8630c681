"""The jobs of ``.sync`` tasks: how their end is noticed, what the task's result is, how they stop.

A service here says when a job has ended (``on_end(key, callback)``); any other is asked again and again.
What the jobs are is in :mod:`stepfunctions.catalog.jobs`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.jobs import JOBS, JobKind, find, request_of
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local.iam.own_rights import check_job
from stepfunctions.local.tasks import kubernetes
from stepfunctions.local.tasks.errors import failure_of
from stepfunctions.local.tasks.shapes import plain
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_ASK_AGAIN = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_GONE = ("NotFound", "DoesNotExist")
_POLLS = (0.05, 2.0)
_KUBERNETES = ("eks", "runJob")
"""The one job that is no operation of AWS's."""

_ENDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ecs", "runTask"): "out.Tasks.0.TaskArn",
        ("glue", "startJobRun"): "out.JobRunId",
        ("sagemaker", "createProcessingJob"): "out.ProcessingJobArn",
        ("sagemaker", "createTrainingJob"): "in.TrainingJobName",
        ("states", "startExecution"): "out.ExecutionArn",
    }
)
"""(service, action) of a resource -> the key by which the local cloud's own service knows the job it began."""


def watch(cloud: Cloud, resource: Resource, submitted: Any, arguments: Any, look: Callable[[], None]) -> bool:
    """See to it that ``look`` is called once the job has ended, at once when it already has.

    False when nobody here can tell: then it must be asked for.
    """
    key = _ENDS.get((resource.service, resource.action))
    if key is None:
        return False
    kind = JOBS[resource.service, resource.action]
    if kind.client in cloud.real:
        return False
    cloud.service(kind.client).on_end(request_of(key, submitted, arguments), look)
    return True


def pause(cloud: Cloud, resource: Resource, looks: int) -> float:
    """Return the seconds until a job is looked at again, which grow with the looks that it had."""
    kind = JOBS.get((resource.service, resource.action))
    elsewhere = None if kind is None else cloud.elsewhere(kind.client)
    shortest, longest = _POLLS if elsewhere is None else elsewhere.polls
    return float(min(shortest * 1.5 ** min(looks, 30), longest))


def result(cloud: Cloud, resource: Resource, submitted: Any, arguments: Any) -> JSON | None:
    """Return the result of a job, None while it runs. Raises StateFailed when it did not succeed."""
    if (resource.service, resource.action) == _KUBERNETES:
        return kubernetes.result(cloud, submitted, arguments)
    kind = JOBS[resource.service, resource.action]
    operation, template = kind.describe
    model = operation_model(kind.client, operation)
    assert model is not None
    request = request_of(template, submitted, arguments)
    try:
        check_job(cloud, resource)
        response = cloud.call(kind.client, operation, request)
    except ServiceError as error:
        if error.status >= 500 or error.code in _ASK_AGAIN:
            return None
        if kind.gone and any(word in error.code for word in _GONE):
            return _without_metadata(submitted)
        raise failure_of(error, resource, model, request) from None
    return _outcome(kind, resource, plain(response, model.output_shape, epoch=True), submitted, arguments)


def _outcome(kind: JobKind, resource: Resource, description: Any, submitted: Any, arguments: Any) -> JSON | None:
    state = find(kind.state, description)
    if state not in kind.done and state not in kind.failed:
        return None
    found = find(kind.result, description)
    if kind.within:
        found = {kind.within: found}
    for name in kind.adds:
        found = {name: find(name, submitted) or find(name, arguments), **found}
    check = _CHECKS.get((resource.service, resource.action))
    if state in kind.failed or (check is not None and not check(resource, found)):
        raise StateFailed("States.TaskFailed", dumps(found))
    return found


def _without_metadata(submitted: Any) -> JSON:
    return {name: value for name, value in submitted.items() if not name.startswith("Sdk")}


def _containers_succeeded(_: Resource, task: Any) -> bool:
    """A container that ended with a code other than 0, or never ran, fails the task."""
    return all(container.get("ExitCode") == 0 for container in task["Containers"])


def _read_payloads(resource: Resource, execution: Any) -> bool:
    """With ``.sync:2`` a nested execution's input and output are JSON, with ``.sync`` the text of it."""
    if resource.version == 2:
        for name in ("Input", "Output"):
            if name in execution:
                execution[name] = json.loads(execution[name])
    return True


_CHECKS: Mapping[tuple[str, str], Callable[[Resource, Any], bool]] = MappingProxyType(
    {("ecs", "runTask"): _containers_succeeded, ("states", "startExecution"): _read_payloads}
)
"""What else a job must be to have succeeded; it may bring the description into its form."""


def stop(cloud: Cloud, resource: Resource, submitted: Any, arguments: Any) -> None:
    """Ask the service to stop a job, where Step Functions does. Raises ServiceError when it cannot."""
    kind = JOBS.get((resource.service, resource.action))
    if kind is not None and kind.stop is not None:
        operation, template = kind.stop
        cloud.call(kind.client, operation, request_of(template, submitted, arguments))
