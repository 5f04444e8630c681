"""A driver for the engine alone: scripted tasks, a clock that is moved, and a store of rows in a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from stepfunctions.asl.codec import parse
from stepfunctions.asl.document import Document
from stepfunctions.engine.advance import Step, advance
from stepfunctions.engine.execution import Branch, Execution
from stepfunctions.engine.history import HistoryEvent, render
from stepfunctions.engine.messages import (
    CancelTask,
    CancelTimers,
    Command,
    MapRunEnded,
    Outcome,
    RunTask,
    SetTimer,
    Started,
    StartMapRun,
    StopMapRun,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.program import compile_program

START = 1_700_000_000.0
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:run"


@dataclass(frozen=True)
class Ok:
    """The task succeeds with this output; ``submit`` is the output of its TaskSubmitted, if it has one."""

    output: Any = None
    submit: Any = None


@dataclass(frozen=True)
class Fails:
    """The task fails."""

    error: str
    cause: str = ""
    phase: Any = "run"


class Silent:
    """The task never reports."""


Script = Mapping[str, Sequence[Any]]


@dataclass
class Driver:
    """Runs one execution. ``script``: state name -> what its tasks do, in turn; the last one repeats."""

    definition: dict[str, Any]
    input: Any = field(default_factory=dict)
    script: Script = field(default_factory=dict)
    stored: bool = False
    """True: after every call the execution is dropped and loaded again from the rows that were dirty."""
    repeats: bool = False
    """True: every outcome is delivered twice, and all earlier ones once more after it."""
    type: str = "STANDARD"
    now: float = START
    events: list[HistoryEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.program = compile_program(parse(self.definition))
        self.execution = Execution(
            arn=ARN,
            name="run",
            machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:machine",
            machine_name="machine",
            role_arn="arn:aws:iam::123456789012:role/r",
            input=Document(self.input),
            started_at=self.now,
            type=self.type,
            program=self.program,
        )
        self.rows: dict[int, str] = {}
        self.tasks: dict[tuple[int, int], RunTask] = {}
        self.timers: dict[tuple[int, TimerKind], SetTimer] = {}
        self.map_runs: dict[str, StartMapRun] = {}
        self.used: dict[str, int] = {}
        self.delivered: list[Outcome] = []

    # --- one call ---------------------------------------------------------------------------------------

    def send(self, outcome: Outcome | None) -> Step:
        """Deliver one outcome and go on until nothing is ready; commit after every call."""
        step = self._call(outcome)
        first = step
        while step.more:
            step = self._call(None)
        if self.repeats and outcome is not None:
            self.delivered.append(outcome)
            for again in [outcome, *self.delivered]:
                if isinstance(again, TaskSubmitted) or not isinstance(again, TimerFired) or again.branch:
                    assert not self._call(again).events, again
        return first

    def _call(self, outcome: Outcome | None) -> Step:
        step = advance(self.execution, outcome, self.now)
        self.steps += 1
        self.events += step.events
        self.commands += step.commands
        for command in step.commands:
            self._do(command)
        self._commit()
        return step

    def _commit(self) -> None:
        execution = self.execution
        for id in execution.dirty - execution.removed:
            self.rows[id] = execution.branches[id].to_json()
        for id in execution.removed:
            self.rows.pop(id, None)
        assert set(self.rows) == set(execution.branches)
        execution.dirty, execution.removed = set(), set()
        if self.stored:
            self.execution = replace(execution, branches={}, families={})
            self.execution.attach(Branch.from_json(row) for row in self.rows.values())

    def _do(self, command: Command) -> None:
        if isinstance(command, RunTask):
            self.tasks[command.branch, command.attempt] = command
        elif isinstance(command, CancelTask):
            self.tasks.pop((command.branch, command.attempt), None)
        elif isinstance(command, SetTimer):
            self.timers[command.branch, command.kind] = command
        elif isinstance(command, CancelTimers):
            for key in [key for key in self.timers if key[0] == command.branch]:
                del self.timers[key]
        elif isinstance(command, StartMapRun):
            self.map_runs[command.run.arn] = command
        elif isinstance(command, StopMapRun):
            del self.map_runs[command.map_run_arn]

    # --- a whole execution ------------------------------------------------------------------------------

    def run(self) -> Driver:
        """Start, answer tasks as scripted, move the clock to the next timer, until nothing is left to do."""
        self.send(Started())
        while not self.execution.ended and (self.answer() or self.tick()):
            pass
        return self

    def answer(self) -> bool:
        """Report the first task that has something to say; False when all are silent."""
        for key, command in list(self.tasks.items()):
            reply = self._reply(command)
            if isinstance(reply, Silent):
                continue
            del self.tasks[key]
            if isinstance(reply, Fails):
                self.send(TaskFailed(*key, reply.error, reply.cause, reply.phase))
                return True
            if reply.submit is not None:
                self.send(TaskSubmitted(*key, Document(reply.submit)))
            self.send(TaskSucceeded(*key, Document(reply.output)))
            return True
        return False

    def _reply(self, command: RunTask) -> Ok | Fails | Silent:
        replies = self.script.get(command.state, [Ok({})])
        turn = self.used.get(command.state, 0)
        reply = replies[min(turn, len(replies) - 1)]
        if callable(reply):
            reply = reply(command.arguments.value)
        if isinstance(reply, Silent):
            return reply
        self.used[command.state] = turn + 1
        return reply if isinstance(reply, (Ok, Fails)) else Ok(reply)

    def tick(self) -> bool:
        """Move the clock to the next timer and let it fire; False when there is none."""
        if not self.timers:
            return False
        key = min(self.timers, key=lambda key: (self.timers[key].due, key))
        timer = self.timers.pop(key)
        self.now = max(self.now, timer.due)
        self.send(TimerFired(timer.branch, timer.attempt, timer.kind))
        return True

    def end_map_run(self, status: str = "SUCCEEDED", output: Any = None, error: str = "", cause: str = "") -> None:
        """End the only map run."""
        (command,) = self.map_runs.values()
        self.map_runs.clear()
        self.send(MapRunEnded(command.branch, command.attempt, status, Document(output), error, cause))

    # --- what happened ----------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return self.execution.status

    @property
    def output(self) -> Any:
        document = self.execution.output
        return None if document is None else document.value

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def chain(self) -> list[tuple[int, str]]:
        """Return (previousEventId, type) of each event."""
        return [(event.previous_id, event.type) for event in self.events]

    def history(self) -> list[dict[str, Any]]:
        """Return the history as the API shows it, without the timestamps."""
        return [{key: value for key, value in render(event).items() if key != "timestamp"} for event in self.events]

    def find(self, kind: str) -> dict[str, Any]:
        """Return the details of the first event of this type."""
        event = next(event for event in self.events if event.type == kind)
        shown = render(event)
        return next((value for key, value in shown.items() if key.endswith("EventDetails")), {})

    def all_commands(self, kind: Callable[..., Any]) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]  # type: ignore[arg-type]


@pytest.fixture
def drive() -> Callable[..., Driver]:
    """Make a driver: ``drive(definition, input, script=…)``."""
    return Driver


@pytest.fixture
def answers() -> Any:
    """What a scripted task can do: ``answers.ok(…)``, ``answers.fails(…)``, ``answers.silent``."""
    return Answers


class Answers:
    ok = Ok
    fails = Fails
    silent = Silent()
