"""What must be known to stop a job whose task is cancelled: the answer that submitted it."""

from __future__ import annotations

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import IntegrationPattern
from stepfunctions.engine.messages import CancelTask, Outcome, RunTask, TaskFailed, TaskSubmitted, TaskSucceeded

_Wait = tuple[int, int]


class Jobs:
    """Outputs of TaskSubmitted of the tasks that run; and the tasks cancelled before theirs came."""

    def __init__(self) -> None:
        self._submitted: dict[str, dict[_Wait, Document]] = {}
        self._cancelled: dict[tuple[str, _Wait], RunTask] = {}

    def submitted(self, arn: str, branch: int, attempt: int, output: Document) -> None:
        """Remember how a job was submitted."""
        self._submitted.setdefault(arn, {})[branch, attempt] = output

    def taken(self, arn: str, outcome: Outcome) -> None:
        """Take note of an outcome that an execution took."""
        if isinstance(outcome, TaskSubmitted):
            self.submitted(arn, outcome.branch, outcome.attempt, outcome.output)
        elif arn in self._submitted and isinstance(outcome, (TaskSucceeded, TaskFailed)):
            self._submitted[arn].pop((outcome.branch, outcome.attempt), None)

    def cancelled(self, arn: str, command: CancelTask) -> tuple[RunTask, Document | None]:
        """Return the cancelled task and how it was submitted; None: not yet, as far as is known."""
        wait = (command.branch, command.attempt)
        task = RunTask(command.branch, command.attempt, command.state, command.resource, Document(None))
        output = self._submitted.get(arn, {}).pop(wait, None)
        if output is None and command.resource.pattern is IntegrationPattern.RUN_JOB:
            self._cancelled[arn, wait] = task
        return task, output

    def late(self, arn: str, outcome: Outcome | None) -> tuple[RunTask, Document] | None:
        """Return the task to cancel again: its job was submitted only after it was cancelled."""
        if not isinstance(outcome, (TaskSubmitted, TaskSucceeded, TaskFailed)):
            return None
        task = self._cancelled.pop((arn, (outcome.branch, outcome.attempt)), None)
        return (task, outcome.output) if task is not None and isinstance(outcome, TaskSubmitted) else None

    def forget(self, arn: str) -> None:
        """The execution has ended."""
        self._submitted.pop(arn, None)
