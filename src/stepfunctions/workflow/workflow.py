"""A workflow: a definition with a name and a role, and the state machine made of it.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from stepfunctions.errors import WaitTimeout
from stepfunctions.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.steps.base import State
from stepfunctions.steps.graph import Chain, FrozenGraph, Graph
from stepfunctions.steps.utils import tags_dict_to_kv_list
from stepfunctions.workflow.clients import append_user_agent_to_client, default_client, pages
from stepfunctions.workflow.execution import Execution
from stepfunctions.workflow.lists import ExecutionsList, WorkflowList
from stepfunctions.workflow.status import ExecutionStatus

logger = logging.getLogger("stepfunctions")

Definition = State | Chain | Graph


class Workflow:
    """A workflow on AWS or on the local cloud, through a boto3 Step Functions client.

    ``definition`` is a step, a chain or a graph; ``role`` the ARN of the execution role; ``tags`` a list of
    ``{"key", "value"}`` or a dict; ``execution_input`` the placeholder whose schema inputs are checked against.
    ``client`` is made when it is first needed: the client of the environment.
    """

    def __init__(
        self,
        name: str,
        definition: Definition,
        role: str,
        tags: Sequence[Mapping[str, str]] | Mapping[str, str] = (),
        execution_input: ExecutionInput | None = None,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
        state_machine_arn: str | None = None,
        format_json: bool = True,
        client: Any = None,
    ) -> None:
        self.name = name
        self.role = role
        self.tags = tags
        self.workflow_input = execution_input
        self.timeout_seconds = timeout_seconds
        self.comment = comment
        self.version = version
        self.state_machine_arn = state_machine_arn
        self.format_json = format_json
        self.definition = self._graph(definition)
        self._client = None if client is None else append_user_agent_to_client(client)

    def _graph(self, definition: Definition) -> Graph:
        if isinstance(definition, Graph):
            return definition
        return Graph(definition, timeout_seconds=self.timeout_seconds, comment=self.comment, version=self.version)

    @property
    def client(self) -> Any:
        """The boto3 client that this workflow talks through."""
        if self._client is None:
            self._client = default_client()
        return self._client

    @client.setter
    def client(self, client: Any) -> None:
        self._client = client

    @classmethod
    def list_workflows(cls, max_items: int = 100, client: Any = None, html: bool = False) -> WorkflowList:  # noqa: ARG003 - 2.3.0's argument
        """Return the account's state machines. ``html`` of 2.3.0 is accepted and changes nothing."""
        client = default_client() if client is None else client
        return WorkflowList(pages(client.list_state_machines, "stateMachines", max_items))

    @classmethod
    def attach(cls, state_machine_arn: str, client: Any = None) -> Workflow:
        """Return the workflow of a state machine that exists. Its definition is what the service has stored."""
        client = default_client() if client is None else client
        described = client.describe_state_machine(stateMachineArn=state_machine_arn)
        return cls(
            described["name"],
            FrozenGraph.from_json(described["definition"]),
            described["roleArn"],
            state_machine_arn=described["stateMachineArn"],
            client=client,
        )

    def create(self) -> str:
        """Create the state machine and return its ARN.

        When this workflow has an ARN already, or AWS has a state machine of this name, that ARN is returned and
        nothing is changed, which is logged unless that state machine has the same definition.
        """
        if self.state_machine_arn:
            logger.warning(
                "The workflow %s exists already: %s. Use update() to change it.", self.name, self.state_machine_arn
            )
            return self.state_machine_arn
        if not self._make():
            logger.error(
                "A state machine %s exists already, with another definition or role: %s. Use update() to change it.",
                self.name,
                self.state_machine_arn,
            )
        return self._known_arn()

    def _make(self) -> bool:
        """Create the state machine and note its ARN; False when another one has the name, whose ARN is noted then."""
        tags = tags_dict_to_kv_list(self.tags) if isinstance(self.tags, Mapping) else list(self.tags)
        try:
            response = self.client.create_state_machine(
                name=self.name,
                definition=self.definition.to_json(pretty=self.format_json),
                roleArn=self.role,
                tags=[{key.lower(): value for key, value in tag.items()} for tag in tags],
            )
        except self.client.exceptions.StateMachineAlreadyExists as error:
            self.state_machine_arn = self._existing_arn(error)
            return False
        self.state_machine_arn = str(response["stateMachineArn"])
        return True

    def create_or_update(self) -> str:
        """Make the state machine of this name what this workflow says, and return its ARN.

        It is created when there is none, and updated only when its definition or role differs.
        """
        if not self.state_machine_arn:
            self._make()
        arn = self._known_arn()
        described = self.client.describe_state_machine(stateMachineArn=arn)
        if json.loads(described["definition"]) != self.definition.to_dict() or described["roleArn"] != self.role:
            self.update(definition=self.definition, role=self.role)
        return arn

    def _existing_arn(self, error: Exception) -> str:
        found = re.search(r"arn:[^'\"\s]+:stateMachine:[^'\"\s]+", str(error))
        if found is None:
            raise error
        return found.group().rstrip(".")

    def update(self, definition: Definition | None = None, role: str | None = None) -> str:
        """Change the definition, the role or both, and return the ARN. Running executions keep the old ones.

        Raises WorkflowNotFound before :meth:`create`, MissingRequiredParameter without an argument.
        """
        if definition is None and role is None:
            raise MissingRequiredParameter("update() needs a definition, a role, or both.")
        arn = self._known_arn()
        graph = self.definition if definition is None else self._graph(definition)
        role = self.role if role is None else role
        self.client.update_state_machine(
            stateMachineArn=arn, definition=graph.to_json(pretty=self.format_json), roleArn=role
        )
        self.definition, self.role = graph, role
        return arn

    def _known_arn(self) -> str:
        if not self.state_machine_arn:
            raise WorkflowNotFound(f"The workflow '{self.name}' does not exist yet. Call create() first.")
        return self.state_machine_arn

    def execute(self, name: str | None = None, inputs: Any = None) -> Execution:
        """Start an execution and return it.

        ``inputs`` is a JSON value, or its text. Raises ValueError when it does not fit the schema of
        ``execution_input``, WorkflowNotFound before :meth:`create`.
        """
        if isinstance(inputs, str):
            inputs = json.loads(inputs)
        self.check_inputs(inputs)
        request: dict[str, Any] = {"stateMachineArn": self._known_arn()}
        if name is not None:
            request["name"] = name
        if inputs is not None:
            request["input"] = json.dumps(inputs, indent=4 if self.format_json else None)
        response = self.client.start_execution(**request)
        return Execution(
            self, response["executionArn"], response["startDate"], ExecutionStatus.Running, self.client, name
        )

    def check_inputs(self, inputs: Any) -> None:
        """Raise ValueError when a JSON value does not fit the schema of ``execution_input``."""
        if self.workflow_input is None:
            return
        result = self.workflow_input.validate(inputs)
        if not result.valid:
            wrong = {
                "missing": result.keys_missing,
                "of another type": [key for key, *_ in result.keys_type_mismatch],
            }
            raise ValueError(
                f"Expected run input with the schema: {self.workflow_input.get_schema_as_json()}; "
                + ", ".join(f"{what}: {keys}" for what, keys in wrong.items() if keys)
            )

    def run(
        self, inputs: Any = None, *, mocks: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Execution:
        """Run the workflow to its end inside this process, with no service at all, and return the execution.

        ``mocks`` says what the tasks do: the name of a state, a resource ARN, or the name of a Lambda function -> a
        function of the task's input (or payload), a fixed result, or an exception to fail with; and
        ``s3://bucket/key`` -> the content of an ItemReader's file. Time jumps over waits and retries. Made for tests.
        An execution that waits for the answer to a task token is returned RUNNING; its ``client`` takes the answer.
        Raises WaitTimeout when it still runs after ``timeout`` real seconds.
        """
        from stepfunctions.runtime.inprocess import LocalClient

        client = LocalClient(mocks or {})
        local = Workflow(self.name, self.definition, self.role, execution_input=self.workflow_input, client=client)
        local.create()
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
        html: bool = False,  # noqa: ARG002 - 2.3.0's argument
    ) -> ExecutionsList:
        """Return executions, newest first; none before :meth:`create`. ``html`` changes nothing."""
        if not self.state_machine_arn:
            return ExecutionsList()
        given = {} if status_filter is None else {"statusFilter": ExecutionStatus(status_filter).value}
        return ExecutionsList(
            Execution(
                self,
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

    def delete(self) -> None:
        """Delete the state machine, if there is one."""
        if self.state_machine_arn:
            self.client.delete_state_machine(stateMachineArn=self.state_machine_arn)
            self.state_machine_arn = None

    def render_graph(self, portrait: bool = False) -> Any:
        """Return the workflow's graph: it shows itself in a notebook, and ``.svg`` is its picture."""
        from stepfunctions.visual import Picture

        return Picture.of(self.definition.to_dict(), portrait=portrait)

    def __repr__(self) -> str:
        return f"Workflow(name={self.name!r}, role={self.role!r}, state_machine_arn={self.state_machine_arn!r})"

    def _repr_html_(self) -> str:
        arn = f" <code>{escape(self.state_machine_arn)}</code>" if self.state_machine_arn else ""
        return f"Workflow: {escape(self.name)}{arn}"
