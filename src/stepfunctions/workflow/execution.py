"""One execution of a workflow.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ExecutionFailed, WaitTimeout
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow.clients import default_client, pages
from stepfunctions.workflow.following import History, Pauses, failed_state
from stepfunctions.workflow.lists import EventsList, shown
from stepfunctions.workflow.showing import ShownExecution
from stepfunctions.workflow.status import ExecutionStatus

if TYPE_CHECKING:
    from stepfunctions.workflow.workflow import Workflow

logger = logging.getLogger("stepfunctions")

STATUS_SECONDS = 1.0
"""How long a status that was told is taken for the status now."""
_OPEN = (ExecutionStatus.Running, ExecutionStatus.PendingRedrive)


class Execution(ShownExecution):
    """An execution: what it was given, how it stands, what it did.

    Made by :meth:`Workflow.execute <stepfunctions.workflow.workflow.Workflow.execute>`, by listings and by
    :meth:`attach`. ``await execution`` gives its output; see :meth:`__await__`.
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
        self.known_status = ExecutionStatus(status)
        """The status when it was last asked for."""
        self._told_at = time.monotonic()
        self.client = default_client() if client is None else client
        self.name = name or execution_arn.rsplit(":", 1)[-1]
        self.stop_date = stop_date
        super().__init__()

    @property
    def status(self) -> ExecutionStatus:
        """The status now: until the execution has ended, the service is asked for it.

        Not when it told the status less than a second ago (as :meth:`Workflow.execute` did), so that a loop over this
        does not exhaust the API's quota (a LocalClient has none, and is asked); and not once the execution has ended,
        unless it is redriven through this object. Nothing can be asked about an asynchronous execution of an Express
        workflow: its status stays what it was. Raises what the service raises. ``known_status`` never asks.
        """
        due = time.monotonic() - self._told_at >= STATUS_SECONDS
        if self.known_status in _OPEN and self._can_be_asked and (due or self._in_process):
            self.describe()
        return self.known_status

    @status.setter
    def status(self, status: ExecutionStatus | str) -> None:
        self.known_status = ExecutionStatus(status)

    @property
    def _can_be_asked(self) -> bool:
        # AWS answers DescribeExecution of an Express execution with InvalidArn, unless it is a child of a Distributed
        # Map ("machine/label"); the engine in process does not.
        own = ":express:" in self.execution_arn and "/" not in self.execution_arn
        return not own or self._in_process

    @property
    def _in_process(self) -> bool:
        return getattr(self.client, "describes_express", None) is True

    def _check_can_be_asked(self) -> None:
        if not self._can_be_asked:
            raise ValueError(
                f"{self.execution_arn} is an execution of an Express workflow, about which AWS tells nothing: it "
                "cannot be waited for. Use workflow.execute_sync(), or logging=Logging(…) and its log group."
            )

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
        self.known_status = ExecutionStatus(described["status"])
        self._told_at = time.monotonic()
        self.stop_date = described.get("stopDate")
        return described

    def stop(self, cause: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Stop the execution: it ends ABORTED, with this error and cause."""
        given = {key: value for key, value in (("cause", cause), ("error", error)) if value is not None}
        response: dict[str, Any] = self.client.stop_execution(executionArn=self.execution_arn, **given)
        self._told_at = -math.inf
        logger.info("The execution %s was stopped.", self.execution_arn)
        return response

    def list_events(self, max_items: int = 100, reverse_order: bool = False, html: bool = False) -> EventsList:
        """Return events of the history: the first ones, or with ``reverse_order`` the last ones, newest first.

        A list shows itself as a table in a notebook; ``html`` is 2.3.0's: see
        :func:`~stepfunctions.workflow.lists.shown`.
        """
        events = pages(
            self.client.get_execution_history,
            "events",
            max_items,
            executionArn=self.execution_arn,
            reverseOrder=reverse_order,
        )
        return shown(EventsList(events), html)

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
        if raise_on_failure:
            self._raise_failure(described)
        return _output(described)

    def wait(
        self,
        timeout: float | None = None,
        on_event: Callable[[dict[str, Any]], object] | None = None,
        *,
        raise_on_failure: bool = False,
    ) -> dict[str, Any]:
        """Wait until the execution has ended and return its description.

        Asks the service after 0.1 s, then ever less often, at most every 5 s. ``on_event`` is called with each event of
        the history, once and in order, from the first one on; what it raises ends the wait. Raises WaitTimeout after
        ``timeout`` seconds; the execution runs on. ``raise_on_failure``: see :meth:`get_output`. Raises ValueError for
        an execution of an Express workflow, about which nothing can be asked.
        """
        self._check_can_be_asked()
        pauses = Pauses(timeout)
        history = History(self.client, self.execution_arn)
        while True:
            described = self.describe()
            if on_event is not None:
                for event in history.fresh():
                    on_event(event)
                    pauses.shorten()
            if self.known_status not in _OPEN:
                self._finish_showing()
                if raise_on_failure:
                    self._raise_failure(described)
                return described
            time.sleep(self._next(pauses))

    def _next(self, pauses: Pauses) -> float:
        """Return the seconds until the next question. Raises WaitTimeout when there is no time left for one."""
        pause = pauses.next()
        if pause is None:
            raise WaitTimeout(f"The execution {self.execution_arn} is still running after {pauses.timeout:g} s.")
        return pause

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait in an event loop (asyncio) until the execution has ended, and give its output.

        Raises ExecutionFailed when it ended without success. Calls of the service go through the loop's own executor,
        so no thread is left behind; a cancelled wait leaves the execution running. ``asyncio.wait_for`` adds a timeout.
        """
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        import asyncio  # takes longer to load than the rest of this package

        self._check_can_be_asked()
        pauses = Pauses(None)
        while True:
            described = await asyncio.to_thread(self.describe)
            if self.known_status not in _OPEN:
                await asyncio.to_thread(self._finish_showing)
                await asyncio.to_thread(self._raise_failure, described)
                return _output(described)
            await asyncio.sleep(self._next(pauses))

    def events(
        self, *, follow: bool = False, reverse_order: bool = False, timeout: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield every event of the history, a page at a time as they are taken.

        ``reverse_order``: newest first. ``follow``: go on until the execution has ended, at most ``timeout`` seconds
        (None: for ever), else WaitTimeout. Raises ValueError for ``follow`` with ``reverse_order``.
        """
        if follow and reverse_order:
            raise ValueError("events() can follow an execution only in the order in which things happen.")
        if follow:
            self._check_can_be_asked()
        history = History(self.client, self.execution_arn)
        return self._followed(history, timeout) if follow else history.all(reverse_order)

    def _followed(self, history: History, timeout: float | None) -> Iterator[dict[str, Any]]:
        pauses = Pauses(timeout)
        while True:
            self.describe()  # before the events, so that the last ones are among them
            for event in history.fresh():
                yield event
                pauses.shorten()
            if self.known_status not in _OPEN:
                self._finish_showing()
                return
            time.sleep(self._next(pauses))

    def redrive(self, *, client_token: str | None = None) -> Execution:
        """Let an execution that ended without success go on at the states that failed, and return it.

        Within 14 days of its end, Standard workflows only, with the definition and input it had. ``client_token`` makes
        repeated calls one. Raises the API's ExecutionNotRedrivable.
        """
        token = {} if client_token is None else {"clientToken": client_token}
        self.client.redrive_execution(executionArn=self.execution_arn, **token)
        self.known_status = ExecutionStatus.Running
        self._told_at = time.monotonic()
        self.stop_date = None
        return self

    @property
    def failure(self) -> ExecutionFailed | None:
        """The error that tells the failed state, its error and cause; None while it runs and when it succeeded."""
        return self._failure(self.describe())

    def _failure(self, described: dict[str, Any]) -> ExecutionFailed | None:
        if self.known_status in (*_OPEN, ExecutionStatus.Succeeded):
            return None
        state = failed_state(self.client, self.execution_arn)
        return ExecutionFailed(
            self.execution_arn, self.known_status.value, described.get("error"), described.get("cause"), state
        )

    def _raise_failure(self, described: dict[str, Any]) -> None:
        failure = self._failure(described)
        if failure is not None:
            raise failure

    def __repr__(self) -> str:
        return (
            f"Execution(execution_arn={self.execution_arn!r}, name={self.name!r}, status={self.known_status.value!r}, "
            f"start_date={self.start_date!r})"
        )


def _output(described: dict[str, Any]) -> Any:
    text = described.get("output")
    return None if text is None else json.loads(text)
