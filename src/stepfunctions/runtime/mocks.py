"""What tasks do in an in-process run: answers given by state name, resource or function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.messages import RunTask, TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.errors import StateFailed
from stepfunctions.runtime.functions import Function, invoke


class _Pending:
    """The type of PENDING."""

    def __repr__(self) -> str:
        return "PENDING"


PENDING = _Pending()
"""What a mock of a ``.waitForTaskToken`` task returns when its token is answered later."""

Mock = Any
"""A function of the task's input, a JSON value, or an exception (class) to fail with."""


class MockIntegration:
    """An Integration that answers at once from ``mocks``, else with ``functions``; see LocalClient for both."""

    def __init__(self, mocks: Mapping[str, Mock], functions: Mapping[str, Function] | None = None) -> None:
        self._mocks = mocks
        self._functions = functions or {}

    def start(self, call: TaskCall) -> None:
        """Find the task's mock and report what it gives."""
        task = call.command
        try:
            result = self._result(task)
            if result is not PENDING:
                call.report(TaskSucceeded(task.branch, task.attempt, _document(task, result)))
            elif task.token is None:
                raise StateFailed(
                    "States.Runtime",
                    f"The mock of '{task.state}' returned PENDING, but the task has no token to answer",
                )
        except StateFailed as failure:
            call.report(TaskFailed(task.branch, task.attempt, failure.error, failure.cause))
        except Exception as error:  # noqa: BLE001 - whatever a mock raises is its task's failure
            call.report(TaskFailed(task.branch, task.attempt, type(error).__name__, str(error)))

    def resume(self, call: TaskCall) -> None:
        """Begin again: a mock leaves nothing to find."""
        self.start(call)

    def cancel(self, call: TaskCall) -> None:
        """Do nothing: a mock has answered, or waits for nobody."""

    def _result(self, task: RunTask) -> JSON:
        """Return what the task gives: anything, JSON or not."""
        arguments = task.arguments.value
        mocks = self._mocks
        if task.state in mocks or task.resource.arn in mocks:
            return _play(mocks[task.state if task.state in mocks else task.resource.arn], arguments)
        names = _functions_named(task)
        for wanted in names:
            if wanted in mocks:
                payload = _play(mocks[wanted], arguments.get("Payload", {}))
                answered = {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}
                return payload if payload is PENDING else answered
        for wanted in names:
            if wanted in self._functions:
                response = invoke(wanted, self._functions[wanted], arguments)
                return response if task.token is None else PENDING
        raise StateFailed(
            "States.Runtime",
            f"There is no mock for the task '{task.state}' ({task.resource.arn}); "
            f"give one as mocks={{'{task.state}': ...}}",
        )


def _functions_named(task: RunTask) -> tuple[str, ...]:
    """Return what a task calls the Lambda function that it invokes: as written, the name, without its qualifier."""
    arguments = task.arguments.value
    if task.resource.service != "lambda" or not isinstance(arguments, dict):
        return ()
    return _names_of(str(arguments.get("FunctionName")))


@lru_cache(maxsize=256)
def _names_of(written: str) -> tuple[str, ...]:
    name = written.rsplit(":function:", 1)[-1]
    return tuple(dict.fromkeys([written, name, name.partition(":")[0]]))


def _play(mock: Mock, event: JSON) -> JSON:
    if isinstance(mock, BaseException) or (isinstance(mock, type) and issubclass(mock, BaseException)):
        raise mock
    return mock(event) if callable(mock) else mock


def _document(task: RunTask, result: JSON) -> Document:
    """Return the document of what a mock gave. Raises StateFailed when that is no JSON value."""
    document = Document(result)
    try:
        document.text  # noqa: B018 - it is made once, and kept
    except (TypeError, ValueError, RecursionError) as error:
        raise StateFailed("States.Runtime", f"The mock of '{task.state}' gave no JSON value: {error}") from None
    return document
