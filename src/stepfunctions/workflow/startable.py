"""What a workflow does to be run: checking inputs, starting executions, running in process, listing what ran."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from stepfunctions.errors import WaitTimeout
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.inputs.schemas import plain
from stepfunctions.steps.code.declared import functions_of
from stepfunctions.steps.graph import Graph
from stepfunctions.workflow import versions
from stepfunctions.workflow.clients import pages
from stepfunctions.workflow.execution import Execution
from stepfunctions.workflow.lists import ExecutionsList, shown
from stepfunctions.workflow.status import ExecutionStatus
from stepfunctions.workflow.sync_execution import SyncExecution
from stepfunctions.workflow.versioned import Versioned
from stepfunctions.workflow.versions import Alias, Version

if TYPE_CHECKING:
    from stepfunctions.workflow.workflow import Workflow

logger = logging.getLogger("stepfunctions")


_LARGEST = 262_144
"""Bytes of the largest input; one that is over it with indentation is sent without."""


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"The inputs {text[:60]!r} are no JSON text ({error}). Give the value itself, or its JSON."
        ) from error


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Startable(Versioned):
    """The part of a :class:`~stepfunctions.workflow.workflow.Workflow` that starts executions."""

    definition: Graph
    role: str
    type: str
    format_json: bool
    workflow_input: ExecutionInput | None

    @property
    def _workflow(self) -> Workflow:
        return cast("Workflow", self)

    def execute(
        self,
        name: str | None = None,
        inputs: Any = None,
        *,
        version: Version | str | int | None = None,
        alias: Alias | str | None = None,
    ) -> Execution:
        """Start an execution and return it: of the state machine as it is, of a version, or through an alias.

        ``inputs`` is a JSON value, its text, or an instance of a dataclass or pydantic model. Raises ValueError when
        it does not fit the schema of ``execution_input``, WorkflowNotFound before :meth:`create`.
        """
        request = self._start_request(name, inputs, version, alias)
        response = self.client.start_execution(**request)
        logger.info("An execution of %s was started: %s.", self._workflow.name, response["executionArn"])
        return Execution(
            self._workflow, response["executionArn"], response["startDate"], ExecutionStatus.Running, self.client, name
        )

    def execute_sync(
        self,
        inputs: Any = None,
        *,
        name: str | None = None,
        version: Version | str | int | None = None,
        alias: Alias | str | None = None,
        raise_on_failure: bool = False,
    ) -> SyncExecution:
        """Run an execution of an EXPRESS workflow to its end (at most 5 minutes) and return how it ended.

        A failed execution is returned as any other; ``raise_on_failure``: raise ExecutionFailed instead. Raises the
        API's StateMachineTypeNotSupported for a STANDARD workflow.
        """
        response = self.client.start_sync_execution(**self._start_request(name, inputs, version, alias))
        execution = SyncExecution.of(self._workflow, response)
        if raise_on_failure and execution.failure is not None:
            raise execution.failure
        return execution

    def _start_request(self, name: str | None, inputs: Any, version: Any, alias: Any) -> dict[str, Any]:
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"The name is {type(name).__name__}, not a text. The input is given as inputs=….")
        if version is not None and alias is not None:
            raise ValueError("Give either a version or an alias, not both.")
        inputs = self.check_inputs(inputs)
        arn = self._known_arn()
        if version is not None:
            arn = versions.version_arn(self._machine_arn(), version)
        elif alias is not None:
            arn = versions.alias_arn(self._machine_arn(), alias)
        request: dict[str, Any] = {"stateMachineArn": arn}
        if name is not None:
            request["name"] = name
        if inputs is not None:
            text = json.dumps(inputs, indent=4 if self.format_json else None)
            request["input"] = text if len(text) <= _LARGEST else _compact(inputs)
        return request

    def check_inputs(self, inputs: Any) -> Any:
        """Return inputs in the form of JSON. Raises ValueError when they do not fit ``execution_input``'s schema."""
        value = plain(_read(inputs) if isinstance(inputs, str) else inputs)
        if self.workflow_input is not None:
            schema = self.workflow_input.input_schema()
            problems = schema.problems(value)
            if problems:
                raise ValueError(
                    f"Expected run input with the schema: {json.dumps(schema.document, default=str)}; "
                    + "; ".join(map(str, problems))
                )
        return value

    def run(
        self, inputs: Any = None, *, mocks: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Execution:
        """Run the workflow to its end inside this process, with no service at all, and return the execution.

        ``mocks`` says what the tasks do: the name of a state, a resource ARN, or the name of a Lambda function -> a
        function of the task's input (or payload), a fixed result, or an exception to fail with; and
        ``s3://bucket/key`` -> the content of an ItemReader's file. Time jumps over waits and retries. Made for tests.
        A function made by ``lambda_function`` that has no mock is called itself.
        An execution that waits for the answer to a task token is returned RUNNING; its ``client`` takes the answer.
        Raises WaitTimeout when it still runs after ``timeout`` real seconds.
        """
        from stepfunctions.runtime.inprocess import LocalClient

        client = LocalClient(mocks or {}, functions=functions_of(self.definition))
        role = self.role if self.role.startswith("arn:") else f"arn:aws:iam::123456789012:role/{self.role}"
        local = copy.copy(self)
        local.client = client
        local.state_machine_arn = client.create_state_machine(
            name=self.name, definition=self.definition.to_json(), roleArn=role, type=self.type
        )["stateMachineArn"]
        execution = local.execute(inputs=inputs)
        started = time.monotonic()
        if not client.run_until_idle(timeout) and timeout is not None and time.monotonic() - started >= timeout:
            raise WaitTimeout(f"The execution {execution.execution_arn} is still running after {timeout:g} s.")
        execution.describe()
        return execution

    def list_executions(
        self,
        max_items: int = 100,
        status_filter: str | None = None,
        html: bool = False,
    ) -> ExecutionsList:
        """Return executions, newest first; none before :meth:`create`.

        The list shows itself as a table in a notebook; ``html`` is 2.3.0's: see
        :func:`~stepfunctions.workflow.lists.shown`.
        """
        if not self.state_machine_arn:
            return shown(ExecutionsList(), html)
        given = {} if status_filter is None else {"statusFilter": ExecutionStatus(status_filter).value}
        executions = (
            Execution(
                self._workflow,
                entry["executionArn"],
                entry["startDate"],
                entry["status"],
                self.client,
                entry["name"],
                entry.get("stopDate"),
            )
            for entry in pages(
                self.client.list_executions, "executions", max_items, stateMachineArn=self.state_machine_arn, **given
            )
        )
        return shown(ExecutionsList(executions), html)
