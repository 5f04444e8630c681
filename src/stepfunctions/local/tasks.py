"""How the engine's tasks reach the services of the local cloud.

A Task's parameters become the request of an API operation, its response the result of the task, both in the forms
of AWS's service integrations: PascalCase names, metadata, error names, ``.sync`` results.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.integrations import INTEGRATIONS, SDK_SERVICES, problem_with
from stepfunctions.engine.messages import Phase, TaskFailed, TaskSubmitted, TaskSucceeded
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local import task_errors, task_jobs, task_shapes
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from stepfunctions.engine.ports import TaskCall
    from stepfunctions.local.cloud import Cloud

logger = logging.getLogger("stepfunctions.local")

_WORKERS = 32
"""How many API calls of tasks run at once. A call lasts as long as a Lambda function, so this bounds those too."""


class CloudTasks:
    """The engine's port :class:`~stepfunctions.engine.ports.Integration`, over ``cloud.call``."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="task")
        self._closed = threading.Event()

    def start(self, call: TaskCall) -> None:
        """Begin a task."""
        self._submit(self._start, call)

    def resume(self, call: TaskCall) -> None:
        """Begin a task again, or go on waiting for its job. The call's key makes a repeated request the same one."""
        if call.submitted is None:
            self._submit(self._start, call)
        elif call.command.resource.pattern is IntegrationPattern.RUN_JOB:
            self._submit(self._wait, call, call.submitted.value)

    def cancel(self, call: TaskCall) -> None:
        """Stop a task's job, if it has one. Failures are logged: nobody waits for them."""
        if call.command.resource.pattern is IntegrationPattern.RUN_JOB:
            self._submit(self._cancel, call)

    def close(self) -> None:
        """Stop taking tasks. Those at work are not waited for; their outcomes are asked for again after a start."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Any, *arguments: Any) -> None:
        if not self._closed.is_set():
            self._pool.submit(self._guarded, work, *arguments)

    def _guarded(self, work: Any, call: TaskCall, *arguments: Any) -> None:
        """Run work so that whatever goes wrong is the task's outcome."""
        try:
            work(call, *arguments)
        except StateFailed as failure:
            self._fail(call, failure, "run")
        except Exception as error:  # the server goes on
            if self._closed.is_set():
                return
            logger.exception("The task %s failed inside the local cloud", call.key)
            self._fail(call, StateFailed("States.Runtime", f"The local cloud failed: {error!r}"), "run")

    def _fail(self, call: TaskCall, failure: StateFailed, phase: Phase) -> None:
        if not self._closed.is_set():
            call.report(TaskFailed(call.command.branch, call.command.attempt, failure.error, failure.cause, phase))

    def _start(self, call: TaskCall) -> None:
        command = call.command
        pattern = command.resource.pattern
        try:
            response = self.request(command.resource, command.arguments.value, call.key)
        except StateFailed as failure:
            self._fail(call, failure, "submit" if pattern is IntegrationPattern.RUN_JOB else "run")
            return
        if pattern is IntegrationPattern.REQUEST_RESPONSE:
            call.report(TaskSucceeded(command.branch, command.attempt, Document(response)))
            return
        call.report(TaskSubmitted(command.branch, command.attempt, Document(response)))
        if pattern is IntegrationPattern.RUN_JOB:
            self._wait(call, response)

    def request(self, resource: Resource, arguments: Any, token: str | None = None) -> Any:
        """Call the operation of a resource and return its response in the form of a task's result.

        ``token`` makes repeated calls with it one call. Raises StateFailed with AWS's error name and cause.
        """
        client, operation = operation_of(resource)
        model = operation_model(client, operation)
        if model is None:
            raise StateFailed("States.Runtime", f"'{resource.arn}': the service {client} has no operation {operation}.")
        arguments = {} if arguments is None else arguments
        request = task_shapes.to_request(resource, arguments, model.input_shape)
        try:
            response = self._cloud.call(client, operation, request, token=token)
        except ServiceError as error:
            raise task_errors.failure_of(error, resource, model, arguments) from None
        return task_shapes.to_result(resource, request, response)

    def _wait(self, call: TaskCall, submitted: Any) -> None:
        job = task_jobs.JOBS[_action(call.command.resource)]
        job.watch(self._cloud, submitted, lambda: self._submit(self._ended, call, submitted))

    def _ended(self, call: TaskCall, submitted: Any) -> None:
        job = task_jobs.JOBS[_action(call.command.resource)]
        result = job.result(self._cloud, call.command.resource, submitted)
        call.report(TaskSucceeded(call.command.branch, call.command.attempt, Document(result)))

    def _cancel(self, call: TaskCall) -> None:
        if call.submitted is None:
            return
        try:
            task_jobs.JOBS[_action(call.command.resource)].stop(self._cloud, call.submitted.value)
        except ServiceError as error:
            logger.info("Could not stop the job of %s: %s", call.key, error)


def operation_of(resource: Resource) -> tuple[str, str]:
    """Return boto3's name of the service and AWS's name of the operation that a resource stands for.

    Raises StateFailed for resources that the local cloud does not run.
    """
    if resource.kind == "lambda":
        return "lambda", "Invoke"
    if resource.kind == "activity":
        raise StateFailed("States.Runtime", f"Activities are not supported by the local cloud yet ({resource.arn}).")
    problem = problem_with(resource)
    if problem is not None:
        raise StateFailed("States.Runtime", problem)
    operation = resource.action[0].upper() + resource.action[1:]
    if resource.sdk:
        return SDK_SERVICES.get(resource.service, (resource.service, ""))[0], operation
    if resource.pattern is IntegrationPattern.RUN_JOB and _action(resource) not in task_jobs.JOBS:
        raise StateFailed("States.Runtime", f"The local cloud cannot wait for '{resource.service}:{resource.action}' "
                          f"jobs yet. It can for: {', '.join(':'.join(name) for name in task_jobs.JOBS)}.")
    return INTEGRATIONS[resource.service].client, operation


def _action(resource: Resource) -> tuple[str, str]:
    return resource.service, resource.action
