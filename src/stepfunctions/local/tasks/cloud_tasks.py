"""How the engine's tasks reach the services of the local cloud.

A Task's parameters become the request of an API operation, its response the result of the task, both in the forms
of AWS's service integrations: PascalCase names, metadata, error names, ``.sync`` results.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.requests import JSON_MEMBERS
from stepfunctions.engine.messages import Outcome, Phase, TaskFailed, TaskSubmitted, TaskSucceeded
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local.iam import own_rights
from stepfunctions.local.principal import IamMode, acting_as
from stepfunctions.local.tasks import errors, gateway, http, jobs, kubernetes, nested, shapes
from stepfunctions.local.tasks.actions import Context, action_of
from stepfunctions.local.tasks.operations import operation_of
from stepfunctions.local.tasks.polling import Poller
from stepfunctions.local.threads import DaemonPool
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from stepfunctions.engine.ports import TaskCall, WebTrace
    from stepfunctions.local.cloud import Cloud

logger = logging.getLogger("stepfunctions.local")

_CALLS = 16
"""API calls that run at once; they are short."""
_LANE = 32
"""Calls of one function or one endpoint that run at once. They last as long as its code, so each has threads of its
own: a slow function holds up only itself."""
_CLOSE_SECONDS = 5.0
_NOT_HERE = ("UnknownService", "UnknownOperationException")
"""What the local cloud or moto says of what they do not have; no service of AWS does."""

_WEB_TASKS = MappingProxyType(
    {
        ("apigateway", "invoke"): gateway.invoke,
        ("eks", "call"): kubernetes.call,
        ("eks", "runJob"): kubernetes.run_job,
        ("http", "invoke"): http.invoke,
    }
)
"""(service, action) of a resource that is no operation of AWS's -> what performs it."""
_NAMES_OF_CODE = MappingProxyType(
    {("lambda", "invoke"): "FunctionName", ("sagemakerruntime", "invokeEndpoint"): "EndpointName"}
)
"""(service, action) of a resource that runs a user's code -> the member that names it."""


@dataclass(slots=True, eq=False)
class _Task:
    """A task between its beginning and its outcome. Changed under the lock of its CloudTasks."""

    call: TaskCall
    submitted: Any = None
    """The response of the call that began its job."""
    looks: int = 0
    """How often its job was asked for."""
    cancelled: bool = False
    role: str | None = None
    """Under which it runs: the role of its execution, which is no longer asked for once that has ended."""


class CloudTasks:
    """The engine's port :class:`~stepfunctions.engine.ports.Integration`, over ``cloud.call``."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._calls = DaemonPool("task", _CALLS)
        self._lanes: dict[str, DaemonPool] = {}
        self._poller = Poller()
        self._numbers = itertools.count()
        self._lock = threading.Condition()
        self._open: dict[str, _Task] = {}
        self._at_work = 0
        self._closed = False

    def start(self, call: TaskCall) -> None:
        """Begin a task."""
        self._begin(call, again=False)

    def resume(self, call: TaskCall) -> None:
        """Begin a task again, or go on waiting for its job. The call's key makes a repeated request the same one."""
        if call.submitted is None:
            self._begin(call, again=True)
        elif call.command.resource.pattern is IntegrationPattern.RUN_JOB:
            task = self._add(_Task(call, call.submitted.value))
            self._in_thread(task, lambda: self._watch(task))

    def cancel(self, call: TaskCall) -> None:
        """Stop a task's job, also one that is just being submitted. Nobody waits for it: failures are logged."""
        with self._lock:
            task = self._open.get(call.key)
            if task is None:
                return
            task.cancelled = True
            if task.submitted is None:
                return
        self._in_thread(task, lambda: self._stop(task))

    def backlog(self) -> int:
        """Return how many calls wait for a thread."""
        with self._lock:
            return sum(pool.backlog for pool in (self._calls, *self._lanes.values()))

    def close(self) -> None:
        """Begin nothing more, and wait (at most 5 seconds) for API calls at work, but not for functions.

        What has no outcome then is resumed after the next start.
        """
        self._poller.close()
        with self._lock:
            self._closed = True
            self._lock.wait_for(lambda: not self._at_work, _CLOSE_SECONDS)

    # --- threads ----------------------------------------------------------------------------------------

    def _begin(self, call: TaskCall, *, again: bool) -> None:
        task = self._add(_Task(call))
        lane = _lane_of(call)
        if lane is None:
            self._in_thread(task, lambda: self._start(task, again))
            return
        with self._lock:
            if self._closed:
                return
            pool = self._lanes.setdefault(lane, DaemonPool(f"task-{lane}", _LANE))
        self._go(pool, lambda: self._guarded(task, lambda: self._start(task, again)))

    def _add(self, task: _Task) -> _Task:
        with self._lock:
            self._open[task.call.key] = task
        return task

    def _in_thread(self, task: _Task, work: Callable[[], None]) -> None:
        self._go(self._calls, lambda: self._counted(task, work))

    def _go(self, pool: DaemonPool, work: Callable[[], None]) -> None:
        """Work in a thread of a pool; a task is at work until then, and while it waits for a job of another service."""
        working = f"call:{next(self._numbers)}"
        self._cloud.work.begin(working)

        def run() -> None:
            try:
                work()
            finally:
                self._cloud.work.end(working)

        pool.submit(run)

    def _counted(self, task: _Task, work: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._at_work += 1
        try:
            self._guarded(task, work)
        finally:
            with self._lock:
                self._at_work -= 1
                self._lock.notify_all()

    def _guarded(self, task: _Task, work: Callable[[], None]) -> None:
        """Run work under its execution's role, so that whatever goes wrong is the task's outcome."""
        try:
            task.role = task.role or self._role_of(task)
            with acting_as(task.role):
                work()
        except StateFailed as failure:
            self._fail(task, failure)
        except Exception as error:  # the server goes on, and the task must end
            if not self._stopping:
                logger.exception("The task %s failed inside the local cloud", task.call.key)
            self._fail(task, StateFailed("States.Runtime", f"The local cloud failed: {error!r}"))

    def _role_of(self, task: _Task) -> str | None:
        if self._cloud.iam is IamMode.OFF:
            return None
        credentials = task.call.command.credentials
        given = credentials.get("RoleArn") if isinstance(credentials, dict) else None
        role: str | None = given or self._cloud.service("stepfunctions").role_of(task.call.execution_arn)
        return role

    @property
    def _stopping(self) -> bool:
        return self._closed or self._cloud.stopping

    # --- the way of a task ------------------------------------------------------------------------------

    def _start(self, task: _Task, again: bool) -> None:
        command = task.call.command
        pattern = command.resource.pattern
        if self._stopping:
            return
        if self._is_cancelled(task):
            self._fail(task, StateFailed("States.TaskFailed", "The task was cancelled before it began."))
            return
        try:
            response = self.request(
                command.resource,
                command.arguments.value,
                task.call.key,
                task.call.execution_arn,
                again=again,
                trace=task.call.trace,
            )
        except StateFailed as failure:
            self._fail(task, failure, "submit" if pattern is IntegrationPattern.RUN_JOB else "run")
            return
        if pattern is IntegrationPattern.REQUEST_RESPONSE:
            self._end(task, TaskSucceeded(command.branch, command.attempt, Document(response)))
            return
        if pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN:
            self._end(task, TaskSubmitted(command.branch, command.attempt, Document(response)))
            return
        with self._lock:
            task.submitted = response
        # From here on cancel() stops the job itself.
        task.call.report(TaskSubmitted(command.branch, command.attempt, Document(response)))
        if self._is_cancelled(task):
            self._stop(task)
        else:
            self._watch(task)

    def request(
        self,
        resource: Resource,
        arguments: Any,
        key: str,
        execution_arn: str = "",
        *,
        again: bool = False,
        trace: WebTrace | None = None,
    ) -> Any:
        """Call the operation of a resource and return its response in the form of a task's result.

        ``key`` makes repeated calls with it one call; ``again`` says that this may be a repeated one. ``trace``: where
        an HTTP task notes what it sends and gets.
        Raises StateFailed with AWS's error name and cause.
        """
        context = Context(cloud=self._cloud, resource=resource, execution_arn=execution_arn, trace=trace)
        arguments = {} if arguments is None else arguments
        web = None if resource.sdk else _WEB_TASKS.get((resource.service, resource.action))
        if web is not None:
            return web(context, arguments)
        client, operation = operation_of(resource)
        model = operation_model(client, operation)
        if model is None:
            raise StateFailed("States.Runtime", f"'{resource.arn}': the service {client} has no operation {operation}.")
        action = action_of(resource)
        try:
            own_rights.check_task(self._cloud, resource)
            given = action.request(context, arguments) if isinstance(arguments, dict) else arguments
            texts = JSON_MEMBERS.get((client, operation), frozenset())
            request = shapes.to_request(resource, given, model.input_shape, texts)
            response = self._called(client, operation, request, key, again)
        except ServiceError as error:
            if error.code in _NOT_HERE:
                raise StateFailed("States.Runtime", error.message) from None
            raise errors.failure_of(error, resource, model, arguments) from None
        result = shapes.to_result(resource, model.output_shape, response)
        return action.response(context, arguments, result) if isinstance(result, dict) else result

    def _called(self, client: str, operation: str, request: dict[str, Any], key: str, again: bool) -> dict[str, Any]:
        """Call an operation. A nested execution that an earlier, lost call of the task began is not begun again."""
        begins = (client, operation) == ("stepfunctions", "StartExecution")
        if begins:
            request = nested.named(request, key)
        try:
            return self._cloud.call(client, operation, request, token=key)
        except ServiceError as error:
            before = nested.begun_before(self._cloud, request, error) if begins and again else None
            if before is None:
                raise
            return before

    def _is_cancelled(self, task: _Task) -> bool:
        with self._lock:
            return task.cancelled

    def _watch(self, task: _Task) -> None:
        """Look at the job once its service says that it has ended, or from time to time."""
        command = task.call.command
        if command.resource.service != "states":  # a nested execution may only wait
            self._cloud.work.begin(task.call.key)
        if not jobs.watch(
            self._cloud,
            command.resource,
            task.submitted,
            command.arguments.value,
            lambda: self._in_thread(task, lambda: self._look(task)),
        ):
            self._look(task)

    def _look(self, task: _Task) -> None:
        command = task.call.command
        result = jobs.result(self._cloud, command.resource, task.submitted, command.arguments.value)
        if result is not None:
            self._end(task, TaskSucceeded(command.branch, command.attempt, Document(result)))
            return
        task.looks += 1
        self._poller.after(
            jobs.pause(self._cloud, command.resource, task.looks),
            lambda: self._in_thread(task, lambda: self._look_again(task)),
        )

    def _look_again(self, task: _Task) -> None:
        with self._lock:
            watched = task.call.key in self._open
        if watched:
            self._look(task)
        else:
            self._cloud.work.end(task.call.key)

    def _stop(self, task: _Task) -> None:
        if not self._forget(task):
            return
        command = task.call.command
        try:
            jobs.stop(self._cloud, command.resource, task.submitted, command.arguments.value)
        except ServiceError as error:
            logger.info("Could not stop the job of %s: %s", task.call.key, error)

    def _fail(self, task: _Task, failure: StateFailed, phase: Phase = "run") -> None:
        """End a task as failed, unless it failed because the cloud is stopping: then it is resumed later."""
        if not self._stopping:
            command = task.call.command
            self._end(task, TaskFailed(command.branch, command.attempt, failure.error, failure.cause, phase))

    def _end(self, task: _Task, outcome: Outcome) -> None:
        self._forget(task)
        task.call.report(outcome)

    def _forget(self, task: _Task) -> bool:
        with self._lock:
            open = self._open.pop(task.call.key, None) is not None
        self._cloud.work.end(task.call.key)
        return open


def _lane_of(call: TaskCall) -> str | None:
    """Return whose code a task runs when it lasts as long as that code: a function or an endpoint; else None."""
    resource = call.command.resource
    if resource.kind == "lambda":
        return resource.arn
    arguments = call.command.arguments.value
    name = _NAMES_OF_CODE.get((resource.service, resource.action))
    return None if name is None or not isinstance(arguments, dict) else f"{name}:{arguments.get(name)}"
