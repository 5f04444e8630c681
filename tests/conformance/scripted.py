"""An Integration whose tasks do what a case says; the same one in process and in the server."""

from __future__ import annotations

from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import IntegrationPattern
from stepfunctions.engine.messages import TaskFailed, TaskHeartbeat, TaskSubmitted, TaskSucceeded
from stepfunctions.engine.ports import TaskCall

_ANSWER = {"When", "Submit", "Return", "Throw", "Phase", "Pending", "Echo", "Beats"}


class ScriptedTasks:
    """Answers tasks by machine and state. Each answer is used once, the last one again and again."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.cancelled: dict[str, list[str]] = {}
        """By machine: the states whose tasks were stopped."""
        self._started: set[str] = set()
        """The calls, by their keys: what one has answered outlives a restart of the engine."""
        self._resumed: set[str] = set()
        self._latest: dict[tuple[str, str], TaskCall] = {}
        """The latest call by machine and state."""

    def script(self, machine: str, mocks: dict[str, Any]) -> None:
        """Say what the tasks of a machine do."""
        for state, answers in mocks.items():
            listed = answers if isinstance(answers, list) else [answers]
            for answer in listed:
                assert answer.keys() <= _ANSWER, f"{machine}: {state}: {answer}; there are {sorted(_ANSWER)}"
            self._answers[machine, state] = list(listed)

    def start(self, call: TaskCall) -> None:
        """Report what the next answer for this state says."""
        task = call.command
        answer = self._next(call)
        self._started.add(call.key)
        self._latest[_machine_of(call), task.state] = call
        if "Beats" in answer:
            alive = self._latest[_machine_of(call), answer["Beats"]]
            alive.report(TaskHeartbeat(alive.command.branch, alive.command.attempt))
        waits = task.resource.pattern is not IntegrationPattern.REQUEST_RESPONSE
        by_token = task.resource.pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN
        assert (task.token is not None) is by_token, f"{task.state}: the token is {task.token}"
        submits = answer.get("Phase", "run") == "run"
        if "Submit" in answer or (waits and submits and not answer.get("Pending")):
            call.report(TaskSubmitted(task.branch, task.attempt, Document(answer.get("Submit", {}))))
        if "Throw" in answer:
            thrown = answer["Throw"]
            phase = answer.get("Phase", "run")
            call.report(TaskFailed(task.branch, task.attempt, thrown["Error"], thrown.get("Cause", ""), phase))
        elif answer.get("Echo"):
            call.report(TaskSucceeded(task.branch, task.attempt, task.arguments))
        elif "Return" in answer:
            call.report(TaskSucceeded(task.branch, task.attempt, Document(answer["Return"])))

    def resume(self, call: TaskCall) -> None:
        """Begin what had not begun; say again, once, what was submitted before."""
        if call.key not in self._started:
            self.start(call)
        elif call.submitted is not None and call.key not in self._resumed:
            self._resumed.add(call.key)
            call.report(TaskSubmitted(call.command.branch, call.command.attempt, call.submitted))

    def cancel(self, call: TaskCall) -> None:
        """Note that nobody waits for the task any more."""
        self.cancelled.setdefault(_machine_of(call), []).append(call.command.state)

    def _next(self, call: TaskCall) -> dict[str, Any]:
        machine = _machine_of(call)
        answers = self._answers.get((machine, call.command.state), [])
        given = call.command.arguments.value
        for index, answer in enumerate(answers):
            if "When" in answer and not _within(answer["When"], given):
                continue
            last = "When" in answer or len([one for one in answers if "When" not in one]) == 1
            return answer if last else answers.pop(index)
        raise AssertionError(f"{machine}: no answer for the task '{call.command.state}' with {given}")


def _machine_of(call: TaskCall) -> str:
    return call.execution_arn.split(":")[6].partition("/")[0]


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    return bool(part == whole)
