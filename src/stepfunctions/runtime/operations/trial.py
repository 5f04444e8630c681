"""One state of its own in the engine: what goes in, what its task does, and how it goes."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field, replace
from typing import Any

from stepfunctions.asl import codec
from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.engine.advance import advance
from stepfunctions.engine.execution import ROOT_BRANCH, Branch, Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.messages import (
    Outcome,
    RunTask,
    SetTimer,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.ports import Integration, TaskCall
from stepfunctions.engine.program import Node, Number, Program, compile_program
from stepfunctions.query.scope import Evaluator, Scope
from stepfunctions.runtime.operations.service import Response

LONGEST = 300
"""Seconds that the test of a state may take."""


@dataclass(frozen=True, slots=True)
class Mock:
    """What a task does: a result, or an error."""

    result: JSON = None
    error: str | None = None
    cause: str = ""


@dataclass(slots=True, kw_only=True)
class Trial:
    """A state under test. ``document`` is a machine of it and of states that end it."""

    document: dict[str, Any]
    name: str
    arn: str
    role_arn: str
    input: JSON
    variables: dict[str, JSON]
    context: dict[str, JSON]
    retries: int
    """How often each retrier was used before."""
    renamed: dict[str, str]
    """States that it leads to -> what the definition calls them."""
    mock: Mock | None
    integration: Integration
    now: float
    _stages: dict[str, JSON] = field(default_factory=dict)
    _events: list[HistoryEvent] = field(default_factory=list)
    _failure: dict[str, Any] = field(default_factory=dict)
    """What a catcher was given."""
    _catcher: int | None = None
    _retry: SetTimer | None = None

    def run(self, *, inspect: bool) -> Response:
        """Run the state and return TestState's answer."""
        program = compile_program(codec.parse(self.document))
        node = program.regions[""].nodes[self.name]
        self._watch(node)
        execution, branch = self._begun(program, node)
        self._stages["input"] = self.input
        outcome: Outcome | None = None
        timed_out = False
        while True:
            step = advance(execution, outcome, self.now)
            self._events += step.events
            outcome = None
            for command in step.commands:
                if isinstance(command, RunTask):
                    outcome = self._perform(command)
                elif isinstance(command, SetTimer) and command.kind is TimerKind.RETRY:
                    self._retry = command
                elif isinstance(command, SetTimer) and command.kind is TimerKind.WAIT:
                    timed_out = command.due - self.now > LONGEST
                    self.now = command.due
                    outcome = TimerFired(command.branch, command.attempt, command.kind)
            if outcome is None or timed_out:
                break
        if timed_out:
            return {"status": "FAILED", "error": "States.Timeout", "cause": f"The test took over {LONGEST} seconds."}
        answer = self._answer(execution)
        if inspect:
            answer["inspectionData"] = self._inspection(node, branch)
        return answer

    def _begun(self, program: Program, node: Node) -> tuple[Execution, Branch]:
        """Return an execution that is about to enter the state."""
        document = Document(self.input)
        execution = Execution(
            arn=self.arn,
            name=self.arn.rsplit(":", 1)[-1],
            machine_arn=self.arn.rsplit(":", 1)[0].replace(":express:", ":stateMachine:"),
            machine_name="TestState",
            role_arn=self.role_arn,
            input=document,
            started_at=self.now,
            program=program,
            next_branch=ROOT_BRANCH + 1,
        )
        branch = Branch(id=ROOT_BRANCH, state=self.name, input=document, variables=dict(self.variables))
        branch.retries = [self.retries] * len(node.retriers)
        branch.retried = self.retries
        execution.attach([branch])
        return execution, branch

    # --- what happens inside -----------------------------------------------------------------------------

    def _watch(self, node: Node) -> None:
        """Let every expression of the state see the context that is given, and note what the stages give."""
        flow = node.flow
        for part, stage in (("input", "afterInputPath"), ("selector", "afterResultSelector"), ("output", "output")):
            setattr(flow, part, self._noting(getattr(flow, part), stage))
        flow.parameters = self._noting(flow.parameters, "afterArguments" if flow.jsonata else "afterParameters")
        flow.assign = self._noting(flow.assign, None)
        if flow.place is not None:
            flow.place = self._placing(flow.place)
        for part in ("credentials", "timeout", "heartbeat"):
            written = getattr(node.work, part, None)
            if isinstance(written, Number):
                written.path = self._noting(written.path, None)
            elif written is not None:
                setattr(node.work, part, self._noting(written, None))
        for index, catcher in enumerate(node.catchers):
            catcher.assign = self._noting(catcher.assign, None)
            catcher.output = self._noting(catcher.output, None, index)
            catcher.place = functools.partial(self._caught, index, catcher.place, catcher.discard)
            catcher.discard = False

    def _noting(self, evaluator: Evaluator | None, stage: str | None, catcher: int | None = None) -> Evaluator | None:
        if evaluator is None:
            return None

        def noting(scope: Scope) -> JSON:
            if self.context:
                scope = replace(scope, context=functools.partial(self._context, scope.context))
            if catcher is not None:
                self._note_catch(catcher, (scope.states or {}).get("errorOutput"))
            value = evaluator(scope)
            if stage is not None:
                self._stages[stage] = value
            return value

        return noting

    def _context(self, built: Callable[[], JSON]) -> JSON:
        return _merged(built(), self.context)

    def _placing(self, place: Callable[[JSON, JSON], JSON]) -> Callable[[JSON, JSON], JSON]:
        def placing(raw: JSON, result: JSON) -> JSON:
            self._stages["afterResultPath"] = value = place(raw, result)
            return value

        return placing

    def _note_catch(self, catcher: int, error: JSON) -> None:
        self._catcher = catcher
        self._failure = {"error": error["Error"], "cause": error["Cause"]}

    def _caught(
        self,
        catcher: int,
        place: Callable[[JSON, JSON], JSON] | None,
        discard: bool,
        raw: JSON,
        error: JSON,
    ) -> JSON:
        self._note_catch(catcher, error)
        if discard:
            return raw
        return error if place is None else place(raw, error)

    def _perform(self, task: RunTask) -> Outcome:
        mock = self.mock
        if mock is None:
            outcome = self._really(task)
        elif mock.error is not None:
            outcome = TaskFailed(task.branch, task.attempt, mock.error, mock.cause)
        else:
            outcome = TaskSucceeded(task.branch, task.attempt, Document(mock.result))
        if isinstance(outcome, TaskSucceeded):
            self._stages["result"] = outcome.output.value
        return outcome

    def _really(self, task: RunTask) -> Outcome:
        """Do the task, for at most its TimeoutSeconds and the longest that a test may take."""
        ended: Future[Outcome] = Future()

        def report(outcome: Outcome) -> None:
            if not isinstance(outcome, TaskSubmitted) and not ended.done():
                ended.set_result(outcome)

        call = TaskCall(f"{self.arn}/{task.branch}/{task.attempt}", task, self.arn, None, report)
        self.integration.start(call)
        limit = min(LONGEST, task.timeout_seconds or LONGEST)
        try:
            return ended.result(limit)
        except NotInTime:
            self.integration.cancel(call)
            return TimerFired(task.branch, task.attempt, TimerKind.TIMEOUT)

    # --- what is told ------------------------------------------------------------------------------------

    def _answer(self, execution: Execution) -> Response:
        exited = next((event for event in self._events if event.type.endswith("StateExited")), None)
        if self._retry is not None:
            return {"status": "RETRIABLE", **self._reason()}
        if exited is None or exited.name != self.name or exited.payload is None:
            given = {"error": execution.error, "cause": execution.cause}
            return {"status": "FAILED", **{key: value for key, value in given.items() if value is not None}}
        answer: Response = {"status": "SUCCEEDED", "output": exited.payload.text}
        if self._catcher is not None:
            answer |= {"status": "CAUGHT_ERROR", **self._reason()}
        names = [event.name for event in self._events if event.type.endswith("StateEntered")]
        if len(names) > 1:
            answer["nextState"] = self.renamed.get(str(names[1]), names[1])
        return answer

    def _reason(self) -> dict[str, Any]:
        """Return the error and cause that a catcher or retrier took."""
        if self._failure:
            return self._failure
        told = [event.extra for event in self._events if event.extra and "error" in event.extra]
        return {key: told[-1][key] for key in ("error", "cause") if key in told[-1]} if told else {}

    def _inspection(self, node: Node, branch: Branch) -> Response:
        """Return each stage of the data that was reached, and what took an error."""
        shown: Response = {"input": dumps(self.input)}
        value = self.input
        for stage, changes, unchanged in self._pipeline(node):
            if stage in self._stages:
                value = self._stages[stage]
            elif changes:  # it failed here, or before
                break
            else:
                value = value if unchanged is None else unchanged.value
            shown[stage] = dumps(value)
        details: dict[str, Any] = {}
        if self._retry is not None:
            before = [self.retries] * len(node.retriers)
            index = next(number for number, used in enumerate(branch.retries) if used != before[number])
            seconds = math.ceil(self._retry.due - self.now)
            details = {"retryIndex": index, "retryBackoffIntervalSeconds": seconds}
        elif self._catcher is not None:
            details = {"catchIndex": self._catcher}
        if details:
            shown["errorDetails"] = details
        shown["variables"] = dumps({**self.variables, **branch.variables, **self._assigned()})
        return shown

    def _pipeline(self, node: Node) -> list[tuple[str, bool, Document | None]]:
        """Return the stages of this state: name, whether a field is to give it, and what it is when none does."""
        flow, task = node.flow, node.type == "Task"
        if flow.jsonata:
            return [("afterArguments", flow.parameters is not None, None), ("result", True, None)] if task else []
        stages: list[tuple[str, bool, Document | None]] = [("afterInputPath", flow.input is not None, None)]
        if task or node.type == "Pass":
            stages.append(("afterParameters", flow.parameters is not None, None))
            stages.append(("result", task, node.result))
            if task:
                stages.append(("afterResultSelector", flow.selector is not None, None))
            stages.append(("afterResultPath", flow.place is not None, Document(self.input) if flow.discard else None))
        return stages

    def _assigned(self) -> dict[str, JSON]:
        exited = next((event for event in self._events if event.type.endswith("StateExited")), None)
        values = (exited.extra or {}).get("assignedVariables", {}) if exited is not None else {}
        return {name: json.loads(text) for name, text in values.items()}


def _merged(built: JSON, given: JSON) -> JSON:
    """Return the context object with what is given written over it."""
    if not isinstance(built, dict) or not isinstance(given, dict):
        return given
    return {**built, **{key: _merged(built.get(key), value) for key, value in given.items()}}
