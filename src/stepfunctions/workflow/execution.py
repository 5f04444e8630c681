"""One execution of a workflow.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ExecutionFailed, WaitTimeout
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow.clients import default_client, pages
from stepfunctions.workflow.lists import EventsList
from stepfunctions.workflow.status import ExecutionStatus

if TYPE_CHECKING:
    from stepfunctions.workflow.workflow import Workflow

_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 5.0
_LONGEST_HISTORY = 25_000


class Execution:
    """An execution: what it was given, how it stands, what it did.

    Made by :meth:`Workflow.execute <stepfunctions.workflow.workflow.Workflow.execute>`, by listings and by
    :meth:`attach`. ``status`` is the status when it was last asked for; :meth:`describe` asks again.
    """

    def __init__(
        self,
        workflow: Workflow,
        execution_arn: str,
        start_date: datetime,
        status: ExecutionStatus | str,
        client: Any = None,
        name: str | None = None,
        stop_date: datetime | None = None,
    ) -> None:
        self.workflow = workflow
        self.execution_arn = execution_arn
        self.start_date = start_date
        self.status = ExecutionStatus(status)
        self.client = default_client() if client is None else client
        self.name = name or execution_arn.rsplit(":", 1)[-1]
        self.stop_date = stop_date

    @classmethod
    def attach(cls, execution_arn: str, client: Any = None) -> Execution:
        """Return the execution of this ARN. Raises the API's ExecutionDoesNotExist.

        Its workflow has the definition that the execution runs, which may be an older one than the state machine's,
        and is there also when that was deleted, or is a part of one (a child of a Distributed Map).
        """
        from stepfunctions.workflow.workflow import Workflow

        client = default_client() if client is None else client
        described = client.describe_execution(executionArn=execution_arn)
        machine = client.describe_state_machine_for_execution(executionArn=execution_arn)
        workflow = Workflow(
            machine["name"],
            FrozenGraph.from_json(machine["definition"]),
            machine["roleArn"],
            state_machine_arn=machine["stateMachineArn"],
            client=client,
        )
        return cls(
            workflow,
            execution_arn,
            described["startDate"],
            described["status"],
            client,
            described.get("name"),
            described.get("stopDate"),
        )

    def describe(self) -> dict[str, Any]:
        """Return DescribeExecution's answer, and note the status it tells."""
        described: dict[str, Any] = self.client.describe_execution(executionArn=self.execution_arn)
        self.status = ExecutionStatus(described["status"])
        self.stop_date = described.get("stopDate")
        return described

    def stop(self, cause: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Stop the execution: it ends ABORTED, with this error and cause."""
        given = {key: value for key, value in (("cause", cause), ("error", error)) if value is not None}
        response: dict[str, Any] = self.client.stop_execution(executionArn=self.execution_arn, **given)
        return response

    def list_events(self, max_items: int = 100, reverse_order: bool = False, html: bool = False) -> EventsList:  # noqa: ARG002 - 2.3.0's argument
        """Return events of the history: the first ones, or with ``reverse_order`` the last ones, newest first.

        A list shows itself as a table in a notebook; ``html`` of 2.3.0 is accepted and changes nothing.
        """
        return EventsList(
            pages(
                self.client.get_execution_history,
                "events",
                max_items,
                executionArn=self.execution_arn,
                reverseOrder=reverse_order,
            )
        )

    def get_input(self) -> Any:
        """Return the input that the execution was given."""
        text = self.describe().get("input")
        return None if text is None else json.loads(text)

    def get_output(self, wait: bool = False, timeout: float | None = None, raise_on_failure: bool = False) -> Any:
        """Return the output, or None while there is none.

        ``wait``: until the execution has ended, at most ``timeout`` seconds (None: for ever), else WaitTimeout.
        ``raise_on_failure``: raise ExecutionFailed, with the failed state, its error and cause, when the execution
        ended without success.
        """
        described = self.wait(timeout) if wait else self.describe()
        if raise_on_failure and self.status not in (ExecutionStatus.Running, ExecutionStatus.Succeeded):
            raise self._failure(described)
        text = described.get("output")
        return None if text is None else json.loads(text)

    def wait(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait until the execution has ended and return its description.

        Asks the service after 0.1 s, then ever less often, at most every 5 s. Raises WaitTimeout after ``timeout``
        seconds; the execution runs on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_POLL_SECONDS
        while True:
            described = self.describe()
            if self.status is not ExecutionStatus.Running:
                return described
            left = _LONGEST_POLL_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeout(f"The execution {self.execution_arn} is still running after {timeout:g} s.")
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)

    def _failure(self, described: dict[str, Any]) -> ExecutionFailed:
        return ExecutionFailed(
            self.execution_arn, self.status.value, described.get("error"), described.get("cause"), self._failed_state()
        )

    def _failed_state(self) -> str | None:
        """Return the state that the end followed from.

        Events name the one before them, so of several branches only the one that failed is followed.
        """
        wanted: int | None = None
        for event in pages(
            self.client.get_execution_history,
            "events",
            _LONGEST_HISTORY,
            executionArn=self.execution_arn,
            reverseOrder=True,
        ):
            if wanted not in (None, event["id"]):
                continue
            details = event.get("stateEnteredEventDetails")
            if details:
                return str(details["name"])
            wanted = event.get("previousEventId", 0)
        return None

    def render_progress(self, portrait: bool = False, max_events: int = 25000) -> Any:
        """Return the graph of the definition that this execution runs, with its states marked."""
        from stepfunctions.visual import Picture

        machine = self.client.describe_state_machine_for_execution(executionArn=self.execution_arn)
        events = list(self.list_events(max_items=max_events))
        return Picture.of(json.loads(machine["definition"]), events=events, portrait=portrait)

    def __repr__(self) -> str:
        return (
            f"Execution(execution_arn={self.execution_arn!r}, name={self.name!r}, status={self.status.value!r}, "
            f"start_date={self.start_date!r})"
        )

    def _repr_html_(self) -> str:
        return f"Execution: <code>{escape(self.execution_arn)}</code> {escape(self.status.value)}"
