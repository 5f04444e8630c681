"""Run state machines inside this process: a client with the methods of boto3's, and no service behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.engine.limits import AWS_LIMITS, NO_LIMITS
from stepfunctions.engine.ports import Integration
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.functions import Function
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.logs import MemoryLogs
from stepfunctions.runtime.mocks import PENDING, Mock, MockIntegration
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.memory import MemoryStore

__all__ = ["PENDING", "ClientError", "LocalClient", "run_in_process"]

_CODES = (
    "ActivityAlreadyExists",
    "ActivityDoesNotExist",
    "ActivityWorkerLimitExceeded",
    "ConflictException",
    "ExecutionAlreadyExists",
    "ExecutionDoesNotExist",
    "ExecutionNotRedrivable",
    "InvalidArn",
    "InvalidDefinition",
    "InvalidEncryptionConfiguration",
    "InvalidExecutionInput",
    "InvalidLoggingConfiguration",
    "InvalidName",
    "InvalidOutput",
    "InvalidToken",
    "MissingRequiredParameter",
    "ResourceNotFound",
    "ServiceQuotaExceededException",
    "StateMachineAlreadyExists",
    "StateMachineDeleting",
    "StateMachineDoesNotExist",
    "StateMachineTypeNotSupported",
    "TaskDoesNotExist",
    "TaskTimedOut",
    "TooManyTags",
    "ValidationException",
)


class ClientError(ServiceError):
    """A refusal, with the ``response`` that boto3's ClientError has."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.response: dict[str, Any] = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


_ERRORS: dict[str, type[ClientError]] = {code: type(code, (ClientError,), {}) for code in _CODES}


class LocalClient:
    """A Step Functions client over a store in memory, for unit tests.

    ``mocks`` says what the tasks do. A key is the name of a state, or the ARN of its resource (a mock gets the
    task's arguments and gives its result, before ResultSelector), or the name or ARN of a Lambda function (it gets
    the payload and gives the function's answer), or ``s3://bucket/key`` (an object that an ItemReader finds).
    A mock is a function, a JSON value, or an exception: StateFailed(error, cause), or any other, whose class name
    is the error. PENDING leaves a ``.waitForTaskToken`` task to ``send_task_success``.

    ``functions`` are called with event and context for the Lambda functions of their names that have no mock.

    ``objects`` has the objects of the mocks and what ResultWriters wrote: ``objects.get(bucket, key)`` is the content.

    ``logs`` has what state machines log, by the name of the log group: lists of lines, each a JSON text.

    ``tasks`` runs the tasks instead of both: an Integration, which must not block.

    Nothing runs by itself. Without ``clock``, ``describe_execution`` and ``run_until_idle`` run all that can run,
    and time jumps over waits; with one, only what is due by that clock.

    ``limits=False`` lifts the service's limits: sizes of payloads, variables and definitions, the number of events,
    the length of names.
    """

    def __init__(
        self,
        mocks: Mapping[str, Mock] | None = None,
        *,
        functions: Mapping[str, Function] | None = None,
        clock: ManualClock | None = None,
        tasks: Integration | None = None,
        account: str = "123456789012",
        region: str = "us-east-1",
        limits: bool = True,
    ) -> None:
        mocks = mocks or {}
        store = MemoryStore()
        self._jump = clock is None
        self.clock = clock or ManualClock(time.time())
        self.objects = MemoryObjects(mocks, self.clock.now)
        logs = MemoryLogs()
        self.runner = Runner(
            store,
            self.clock,
            tasks or MockIntegration(mocks, functions),
            Items(self.objects),
            workers=0,
            limits=AWS_LIMITS if limits else NO_LIMITS,
            logs=logs,
        )
        self.logs = logs.groups
        self.describes_express = True
        self.api = StepFunctionsApi(
            self.runner, store, self.clock, account=account, region=region, describes_express=True, poll_seconds=0.0
        )
        self.exceptions = SimpleNamespace(ClientError=ClientError, **_ERRORS)

    def run_until_idle(self, timeout: float | None = None) -> bool:
        """Run until every execution has ended or waits for an answer; returns whether all have ended.

        ``timeout``: give up after so many real seconds.
        """
        if self._jump:
            return self.runner.drive(timeout=timeout)
        self.runner.pump()
        return self.runner.idle

    def _call(self, operation: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
        try:
            return operation(request)
        except ServiceError as error:
            raise _ERRORS.get(error.code, ClientError)(error.code, error.message, error.status) from None

    def create_state_machine(self, **request: Any) -> dict[str, Any]:
        """See StepFunctionsApi, as for every method below."""
        return self._call(self.api.create_state_machine, request)

    def update_state_machine(self, **request: Any) -> dict[str, Any]:
        """Change a state machine."""
        return self._call(self.api.update_state_machine, request)

    def describe_state_machine(self, **request: Any) -> dict[str, Any]:
        """Return a state machine."""
        return self._call(self.api.describe_state_machine, request)

    def list_state_machines(self, **request: Any) -> dict[str, Any]:
        """Return a page of the state machines."""
        return self._call(self.api.list_state_machines, request)

    def delete_state_machine(self, **request: Any) -> dict[str, Any]:
        """Delete a state machine."""
        return self._call(self.api.delete_state_machine, request)

    def validate_state_machine_definition(self, **request: Any) -> dict[str, Any]:
        """Return what is wrong with a definition."""
        return self._call(self.api.validate_state_machine_definition, request)

    def publish_state_machine_version(self, **request: Any) -> dict[str, Any]:
        """Make a version of a state machine."""
        return self._call(self.api.publish_state_machine_version, request)

    def list_state_machine_versions(self, **request: Any) -> dict[str, Any]:
        """Return a page of versions."""
        return self._call(self.api.list_state_machine_versions, request)

    def delete_state_machine_version(self, **request: Any) -> dict[str, Any]:
        """Delete a version."""
        return self._call(self.api.delete_state_machine_version, request)

    def create_state_machine_alias(self, **request: Any) -> dict[str, Any]:
        """Create an alias."""
        return self._call(self.api.create_state_machine_alias, request)

    def update_state_machine_alias(self, **request: Any) -> dict[str, Any]:
        """Change an alias."""
        return self._call(self.api.update_state_machine_alias, request)

    def describe_state_machine_alias(self, **request: Any) -> dict[str, Any]:
        """Return an alias."""
        return self._call(self.api.describe_state_machine_alias, request)

    def list_state_machine_aliases(self, **request: Any) -> dict[str, Any]:
        """Return a page of aliases."""
        return self._call(self.api.list_state_machine_aliases, request)

    def delete_state_machine_alias(self, **request: Any) -> dict[str, Any]:
        """Delete an alias."""
        return self._call(self.api.delete_state_machine_alias, request)

    def start_sync_execution(self, **request: Any) -> dict[str, Any]:
        """Run an execution of an Express state machine to its end; time jumps over waits, with a clock given too."""
        return self._call(self.api.start_sync_execution, request)

    def start_execution(self, **request: Any) -> dict[str, Any]:
        """Start an execution."""
        return self._call(self.api.start_execution, request)

    def stop_execution(self, **request: Any) -> dict[str, Any]:
        """Stop an execution."""
        return self._call(self.api.stop_execution, request)

    def redrive_execution(self, **request: Any) -> dict[str, Any]:
        """Let an execution that ended without success go on where it failed."""
        return self._call(self.api.redrive_execution, request)

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        """Run what can run, then return the execution."""
        self.run_until_idle()
        return self._call(self.api.describe_execution, request)

    def list_executions(self, **request: Any) -> dict[str, Any]:
        """Return a page of executions."""
        self.runner.pump()
        return self._call(self.api.list_executions, request)

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        """Return a page of a history."""
        self.runner.pump()
        return self._call(self.api.get_execution_history, request)

    def describe_state_machine_for_execution(self, **request: Any) -> dict[str, Any]:
        """Return the definition that an execution runs."""
        return self._call(self.api.describe_state_machine_for_execution, request)

    def send_task_success(self, **request: Any) -> dict[str, Any]:
        """End the task of a token well."""
        self.runner.pump()
        return self._call(self.api.send_task_success, request)

    def send_task_failure(self, **request: Any) -> dict[str, Any]:
        """Fail the task of a token."""
        self.runner.pump()
        return self._call(self.api.send_task_failure, request)

    def send_task_heartbeat(self, **request: Any) -> dict[str, Any]:
        """Say that the task of a token is alive."""
        self.runner.pump()
        return self._call(self.api.send_task_heartbeat, request)

    def describe_map_run(self, **request: Any) -> dict[str, Any]:
        """Return a map run."""
        return self._call(self.api.describe_map_run, request)

    def update_map_run(self, **request: Any) -> dict[str, Any]:
        """Change the concurrency and tolerance of a map run."""
        return self._call(self.api.update_map_run, request)

    def list_map_runs(self, **request: Any) -> dict[str, Any]:
        """Return a page of the map runs of an execution."""
        return self._call(self.api.list_map_runs, request)

    def test_state(self, **request: Any) -> dict[str, Any]:
        """Run one state by itself; a task that is not mocked in the request is done by this client's mocks."""
        return self._call(self.api.test_state, request)

    def create_activity(self, **request: Any) -> dict[str, Any]:
        """Create an activity: its tasks wait for get_activity_task, whatever mocks there are."""
        return self._call(self.api.create_activity, request)

    def describe_activity(self, **request: Any) -> dict[str, Any]:
        """Return an activity."""
        return self._call(self.api.describe_activity, request)

    def list_activities(self, **request: Any) -> dict[str, Any]:
        """Return a page of the activities."""
        return self._call(self.api.list_activities, request)

    def delete_activity(self, **request: Any) -> dict[str, Any]:
        """Delete an activity."""
        return self._call(self.api.delete_activity, request)

    def get_activity_task(self, **request: Any) -> dict[str, Any]:
        """Run what can run, then return the oldest task of an activity; nothing when there is none now."""
        self.run_until_idle()
        return self._call(self.api.get_activity_task, request)

    def tag_resource(self, **request: Any) -> dict[str, Any]:
        """Add tags to a state machine."""
        return self._call(self.api.tag_resource, request)

    def untag_resource(self, **request: Any) -> dict[str, Any]:
        """Remove tags of a state machine."""
        return self._call(self.api.untag_resource, request)

    def list_tags_for_resource(self, **request: Any) -> dict[str, Any]:
        """Return the tags of a state machine."""
        return self._call(self.api.list_tags_for_resource, request)


def run_in_process(
    definition: dict[str, Any] | str,
    given: JSON = None,
    mocks: Mapping[str, Mock] | None = None,
    *,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Run a definition once with this input and return DescribeExecution's answer.

    ``mocks`` as for LocalClient. The status is RUNNING when the execution waits for an answer from outside, or
    ran longer than ``timeout`` real seconds. Raises ClientError (InvalidDefinition) for a wrong definition.
    """
    client = LocalClient(mocks)
    text = definition if isinstance(definition, str) else dumps(definition)
    role = "arn:aws:iam::123456789012:role/local"
    machine = client.create_state_machine(name="in-process", definition=text, roleArn=role)
    started = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], input=dumps({} if given is None else given)
    )
    client.run_until_idle(timeout)
    return client.api.describe_execution({"executionArn": started["executionArn"]})
