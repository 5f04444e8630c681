"""Random machines end the same however they are run: at once, stopped after any commit, so many at a time."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.machines import RunnableMachine, runnable_machines, with_concurrency, without

from stepfunctions.asl.document import Document
from stepfunctions.engine.history import render
from stepfunctions.engine.messages import TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/r"
MANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")  # in the results of iterations that failed


class Answering:
    """Does what the machine says its tasks do, at once."""

    def __init__(self, machine: RunnableMachine, *, healed: bool = False) -> None:
        self._machine = machine._replace(failures={state: [0] for state in machine.failures}) if healed else machine

    def start(self, call: TaskCall) -> None:
        task = call.command
        result = self._machine.answer(task.state, task.arguments.value)
        if result is None:
            call.report(TaskFailed(task.branch, task.attempt, "A", "because"))
        else:
            call.report(TaskSucceeded(task.branch, task.attempt, Document(result)))

    def resume(self, call: TaskCall) -> None:
        self.start(call)

    def cancel(self, call: TaskCall) -> None:
        pass


class Ended(NamedTuple):
    """How an execution ended."""

    described: dict[str, Any]
    events: list[str]
    objects: dict[str, str]
    """What its Maps wrote to S3."""


class Process:
    """A runner that is stopped and started anew after each of these commits (0: after every one), None: never."""

    def __init__(self, machine: RunnableMachine, store: Store, stops: set[int] | None = None) -> None:
        self._machine, self._store, self._stops = machine, store, stops
        self._clock = ManualClock()
        self._objects = MemoryObjects(now=self._clock.now)
        self._commits = 0
        self._healed = False
        self.boot()

    def boot(self) -> None:
        """Begin with nothing but the store."""
        answering = Answering(self._machine, healed=self._healed)
        self._runner = Runner(self._store, self._clock, answering, Items(self._objects), workers=0)
        self._runner.recover()
        self.api = StepFunctionsApi(self._runner, self._store, self._clock)

    def start(self) -> str:
        """Start the execution; its ARN."""
        definition = json.dumps(self._machine.definition)
        created = self.api.create_state_machine({"name": "m", "definition": definition, "roleArn": ROLE})
        given = json.dumps(self._machine.given)
        started = self.api.start_execution({"stateMachineArn": created["stateMachineArn"], "name": "e", "input": given})
        return str(started["executionArn"])

    def heal(self) -> None:
        """From now on all tasks succeed."""
        self._healed = True
        self.boot()

    def run(self) -> None:
        """Go on until nothing is left to do."""
        while True:
            while self._runner.step():
                self._commits += 1
                if self._stops is not None and (0 in self._stops or self._commits in self._stops):
                    self.boot()
            due = self._runner.next_due()
            if due is None:
                return
            self._clock.advance_to(due)

    def ended(self, arn: str) -> Ended:
        """Tell how the execution ended, without what is different each time."""
        described = self.api.describe_execution({"executionArn": arn})
        kept = ("status", "output", "error", "cause", "redriveStatus")
        return Ended(
            {name: _anonymous(str(described.get(name))) for name in kept},
            [_anonymous(repr(render(event))) for event in self._store.executions.history(arn, limit=100_000)],
            {
                _anonymous(key): _anonymous(self._objects.get("b", key).decode())
                for key in sorted(self._objects.keys("b"))
            },
        )


def ended(machine: RunnableMachine, store: Store, stops: set[int] | None = None) -> Ended:
    """Run a machine, with a new process after each of these commits; return how it ended."""
    process = Process(machine, store, stops)
    arn = process.start()
    process.run()
    return process.ended(arn)


def _anonymous(text: str) -> str:
    return _DATE.sub("date", _UUID.sub("uuid", text))


@MANY
@given(runnable_machines(), st.sets(st.integers(1, 40), max_size=6))
def test_stopped_after_some_commits(machine: RunnableMachine, stops: set[int]) -> None:
    assert ended(machine, MemoryStore(), stops) == ended(machine, MemoryStore())


@MANY
@given(runnable_machines())
def test_stopped_after_every_commit(machine: RunnableMachine) -> None:
    assert ended(machine, MemoryStore(), {0}) == ended(machine, MemoryStore())


@settings(MANY, max_examples=20)
@given(machine=runnable_machines())
def test_stopped_after_every_commit_on_disk(machine: RunnableMachine, tmp_path_factory: Any) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    store = SqliteStore(folder / "states.db")
    try:
        assert ended(machine, store, {0}) == ended(machine, MemoryStore())
    finally:
        store.close()


@MANY
@given(runnable_machines(), st.integers(0, 3))
def test_so_many_iterations_at_once(machine: RunnableMachine, at_once: int) -> None:
    other = machine._replace(definition=with_concurrency(machine.definition, at_once))
    assert ended(machine, MemoryStore()).described == ended(other, MemoryStore()).described


@MANY
@given(runnable_machines(), st.none() | st.just({0}) | st.sets(st.integers(1, 60), max_size=6))
def test_redriven_it_ends_as_if_nothing_had_failed(machine: RunnableMachine, stops: set[int] | None) -> None:
    machine = machine._replace(definition=without(machine.definition, {"Catch", "ToleratedFailureCount"}))
    never_failed = Process(machine, MemoryStore())
    never_failed.heal()
    expected = never_failed.start()
    never_failed.run()
    redriven = Process(machine, MemoryStore(), stops)
    arn = redriven.start()
    redriven.run()
    redriven.heal()
    if redriven.api.describe_execution({"executionArn": arn})["status"] == "FAILED":
        redriven.api.redrive_execution({"executionArn": arn})
        redriven.run()
    assert _result(redriven.ended(arn)) == _result(never_failed.ended(expected))


def _result(ended: Ended) -> Any:
    """What must not depend on failures before it."""
    manifests = {name: text for name, text in ended.objects.items() if "manifest" in name}
    succeeded = ended.described["status"] == "SUCCEEDED"
    return (ended.described["status"], ended.described["output"], manifests if succeeded else None)


def test_the_machines_are_of_every_kind() -> None:
    seen: Counter[str] = Counter()

    @settings(MANY, max_examples=200, derandomize=True, phases=[Phase.generate])
    @given(runnable_machines())
    def look(machine: RunnableMachine) -> None:
        text = json.dumps(machine.definition)
        seen.update(set(re.findall(r'"(?:Type|QueryLanguage|Mode|ExecutionType)": "(\w+)"', text)))
        seen.update(set(re.findall(r'"(ItemBatcher|ResultWriter)"', text)))
        seen[ended(machine, MemoryStore()).described["status"]] += 1

    look()
    kinds = {"Pass", "Wait", "Task", "Choice", "Parallel", "Map", "Succeed", "Fail", "JSONata", "DISTRIBUTED"}
    spread = {"STANDARD", "EXPRESS", "ItemBatcher", "ResultWriter"}
    assert {*kinds, *spread, "SUCCEEDED", "FAILED"} <= seen.keys()
