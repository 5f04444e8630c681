"""Run state machines inside this process: a client with the methods of boto3's, and no service behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.engine.limits import AWS_LIMITS, NO_LIMITS
from stepfunctions.engine.ports import Integration
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.api import OPERATIONS, StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.functions import Function
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.logs import MemoryLogs
from stepfunctions.runtime.mocks import PENDING, Mock, MockIntegration
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.parameters import check_parameters
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.memory import MemoryStore

__all__ = ["PENDING", "ClientError", "LocalClient", "run_in_process"]

_CODES = (
    "ActivityAlreadyExists",
    "ActivityDoesNotExist",
    "ActivityLimitExceeded",
    "ActivityWorkerLimitExceeded",
    "ConflictException",
    "ExecutionAlreadyExists",
    "ExecutionDoesNotExist",
    "ExecutionLimitExceeded",
    "ExecutionNotRedrivable",
    "InvalidArn",
    "InvalidDefinition",
    "InvalidEncryptionConfiguration",
    "InvalidExecutionInput",
    "InvalidLoggingConfiguration",
    "InvalidName",
    "InvalidOutput",
    "InvalidToken",
    "InvalidTracingConfiguration",
    "KmsAccessDeniedException",
    "KmsInvalidStateException",
    "KmsThrottlingException",
    "MissingRequiredParameter",
    "ResourceNotFound",
    "ServiceQuotaExceededException",
    "StateMachineAlreadyExists",
    "StateMachineDeleting",
    "StateMachineDoesNotExist",
    "StateMachineLimitExceeded",
    "StateMachineTypeNotSupported",
    "TaskDoesNotExist",
    "TaskTimedOut",
    "TooManyTags",
    "ValidationException",
)
"""The errors of the service's model, which are classes of ``exceptions``."""

_RUN_ALL = frozenset({"describe_execution", "get_activity_task"})
_RUN_WHAT_IS_DUE = frozenset(
    {"get_execution_history", "list_executions", "send_task_failure", "send_task_heartbeat", "send_task_success"}
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
    """A Step Functions client over a store in memory, for unit tests: boto3's methods, as StepFunctionsApi has them.

    ``mocks`` says what the tasks do. A key is the name of a state, or the ARN of its resource (a mock gets the
    task's arguments and gives its result, before ResultSelector), or the name or ARN of a Lambda function (it gets
    the payload and gives the function's answer), or ``s3://bucket/key`` (an object that an ItemReader finds).
    A mock is a function, a JSON value, or an exception: StateFailed(error, cause), or any other, whose class name
    is the error. PENDING leaves a ``.waitForTaskToken`` task to ``send_task_success``.

    ``functions`` are called with event and context for the Lambda functions of their names that have no mock.

    ``objects`` has the objects of the mocks and what ResultWriters wrote: ``objects.get(bucket, key)`` is the content.

    ``logs`` has what state machines log, by the name of the log group: lists of lines, each a JSON text.

    ``tasks`` runs the tasks instead of both: an Integration, which must not block.

    Parameters of a wrong type, unknown or missing ones, raise botocore's ParamValidationError, as in boto3.

    Nothing runs by itself. Without ``clock``, ``describe_execution``, ``get_activity_task`` and ``run_until_idle`` run
    all that can run, and time jumps over waits; with one, only what is due by that clock. ``get_activity_task`` does
    not wait for a task. ``start_sync_execution`` jumps over waits with either.

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

    def _call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        check_parameters(name, request)
        if name in _RUN_ALL:
            self.run_until_idle()
        elif name in _RUN_WHAT_IS_DUE:
            self.runner.pump()
        try:
            response: dict[str, Any] = getattr(self.api, name)(request)
        except ServiceError as error:
            raise _ERRORS.get(error.code, ClientError)(error.code, error.message, error.status) from None
        return response

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]: ...


def _operation(name: str) -> Callable[..., dict[str, Any]]:
    """Return the method of an operation."""

    def method(self: LocalClient, **request: Any) -> dict[str, Any]:
        return self._call(name, request)

    method.__name__ = name
    method.__doc__ = getattr(StepFunctionsApi, name).__doc__
    return method


for _name in OPERATIONS:
    setattr(LocalClient, _name, _operation(_name))


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
