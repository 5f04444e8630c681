"""One state of its own in the engine: what goes in, what its task does, and how it goes."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from stepfunctions.asl import codec
from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.engine.advance import advance
from stepfunctions.engine.execution import ROOT_BRANCH, Branch, Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.messages import (
    Outcome,
    RunTask,
    SetTimer,
    StartMapRun,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.ports import Integration, TaskCall, WebTrace
from stepfunctions.engine.program import ChoiceWork, Node, Number, Program, compile_program
from stepfunctions.engine.retry import matches
from stepfunctions.query.scope import Evaluator, Scope
from stepfunctions.runtime.operations.mocks import Mock
from stepfunctions.runtime.operations.service import Response
from stepfunctions.runtime.operations.trial_map import run_map

LONGEST = 300
"""Seconds that the test of a state may take."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """A state under test. ``document`` is a machine of it and of states that end it."""

    document: dict[str, Any]
    name: str
    arn: str
    role_arn: str | None
    input: JSON
    variables: dict[str, JSON]
    context: dict[str, JSON] | None
    """The whole context object; None: that of an execution of its own."""
    retries: int
    """How often each retrier was used before."""
    failed_items: int
    """How many items of a Map did not succeed."""
    reader_data: str | None
    """What the ItemReader of a Map would read."""
    inline: bool
    """The Map is an inline one."""
    renamed: dict[str, str]
    """States that it leads to -> what the definition calls them."""
    mock: Mock | None
    integration: Integration
    trace: WebTrace | None
    """What an HTTP task sends and gets; None: it is not asked for."""
    now: float
    _stages: dict[str, JSON] = field(default_factory=dict)
    _shown: dict[str, JSON] = field(default_factory=dict)
    """What is shown of a Map."""
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
                elif isinstance(command, StartMapRun):
                    outcome = self._run_map(program, command)
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
            machine_name=self.arn.split(":")[6],
            role_arn=self.role_arn or "",
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
        self._watch_work(node.work)
        for index, catcher in enumerate(node.catchers):
            catcher.assign = self._noting(catcher.assign, None)
            catcher.output = self._noting(catcher.output, None, index)
            catcher.place = functools.partial(self._caught, index, catcher.place, catcher.discard)
            catcher.discard = False

    def _watch_work(self, work: Any) -> None:
        """Let the expressions of the part that only its type has see the context."""
        if isinstance(work, ChoiceWork):
            for rule in work.rules:
                rule.test = self._noting(rule.test, None)
                rule.assign, rule.output = self._noting(rule.assign, None), self._noting(rule.output, None)
            return
        for one in fields(work) if is_dataclass(work) else ():
            written = getattr(work, one.name)
            for number in written if isinstance(written, tuple) else (written,):
                if isinstance(number, Number):
                    number.path = self._noting(number.path, None)
            if callable(written):
                setattr(work, one.name, self._noting(written, None))
            elif is_dataclass(written) and not isinstance(written, (Number, Resource)):
                self._watch_work(written)

    def _noting(self, evaluator: Evaluator | None, stage: str | None, catcher: int | None = None) -> Evaluator | None:
        if evaluator is None:
            return None

        def noting(scope: Scope) -> JSON:
            scope = replace(scope, context=functools.partial(self._context, scope.context))
            if catcher is not None:
                self._note_catch(catcher, (scope.states or {}).get("errorOutput"))
            value = evaluator(scope)
            if stage is not None:
                self._stages[stage] = value
            return value

        return noting

    def _context(self, built: Callable[[], JSON]) -> JSON:
        """Return what is given, else what an Express execution sees; the item of a Map in either case."""
        found = built()
        if self.context is not None:
            return self.context | ({"Map": found["Map"]} if "Map" in found else {})
        own = {name: value for name, value in found["Execution"].items() if name != "RedriveCount"}
        return {**found, "Execution": {**own, "RoleArn": self.role_arn}}

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

    def _run_map(self, program: Program, command: StartMapRun) -> Outcome:
        return run_map(
            program,
            command.run,
            self._shown.__setitem__,
            data=self.reader_data,
            failed=self.failed_items,
            inline=self.inline,
            mock=self.mock or Mock(),
        )

    def _really(self, task: RunTask) -> Outcome:
        """Do the task, for at most its TimeoutSeconds and the longest that a test may take."""
        ended: Future[Outcome] = Future()

        def report(outcome: Outcome) -> None:
            if not isinstance(outcome, TaskSubmitted) and not ended.done():
                ended.set_result(outcome)

        call = TaskCall(f"{self.arn}/{task.branch}/{task.attempt}", task, self.arn, None, report, self.trace)
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
        for name, told in self._shown.items():
            if not name.startswith("after"):
                shown[name] = told
            elif name != "afterItemsPath" or not node.flow.jsonata:
                shown[name] = dumps(told)
        if self.trace is not None:
            told = {"request": self.trace.request, "response": self.trace.response}
            shown |= {name: members for name, members in told.items() if members is not None}
        details = self._error_details(node, branch)
        if details:
            shown["errorDetails"] = details
        variables = {**self.variables, **branch.variables, **self._assigned()}
        return shown | ({"variables": dumps(variables)} if variables else {})

    def _error_details(self, node: Node, branch: Branch) -> dict[str, Any]:
        if self._retry is not None:
            index = next(number for number, used in enumerate(branch.retries) if used != self.retries)
            return {"retryIndex": index, "retryBackoffIntervalSeconds": math.ceil(self._retry.due - self.now)}
        if self._catcher is not None:
            return {"catchIndex": self._catcher}
        names = (self._reason().get("error", ""),)
        spent = next((index for index, one in enumerate(node.retriers) if matches(one.errors, names)), None)
        return {} if spent is None else {"retryIndex": spent}

    def _pipeline(self, node: Node) -> list[tuple[str, bool, Document | None]]:
        """Return the stages of this state: name, whether a field is to give it, and what it is when none does."""
        flow, task = node.flow, node.type == "Task"
        if flow.jsonata:
            return [("afterArguments", flow.parameters is not None, None), ("result", True, None)] if task else []
        begun: list[tuple[str, bool, Document | None]] = [("afterInputPath", flow.input is not None, None)]
        placed = ("afterResultPath", flow.place is not None, Document(self.input) if flow.discard else None)
        parameters = ("afterParameters", flow.parameters is not None, None)
        if task:
            selected = ("afterResultSelector", flow.selector is not None, None)
            return [*begun, parameters, ("result", True, None), selected, placed]
        if node.type == "Map":
            ended = self._ended()
            return [*begun, ("afterResultSelector", ended is None or flow.selector is not None, ended), placed]
        if node.type != "Pass":
            return begun
        if node.result is not None:
            return [("result", False, node.result), ("afterResultSelector", False, None), placed]
        return [*begun, parameters, ("afterResultSelector", False, None), placed]

    def _ended(self) -> Document | None:
        """Return the result of a Map; None when it has none."""
        ended = any(event.type == "MapStateSucceeded" for event in self._events)
        return Document(self.mock.result) if ended and self.mock is not None else None

    def _assigned(self) -> dict[str, JSON]:
        exited = next((event for event in self._events if event.type.endswith("StateExited")), None)
        values = (exited.extra or {}).get("assignedVariables", {}) if exited is not None else {}
        return {name: json.loads(text) for name, text in values.items()}
