"""Random machines end the same however they are run: at once, stopped after any commit, so many at a time."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.machines import RunnableMachine, runnable_machines, with_concurrency

from stepfunctions.asl.document import Document
from stepfunctions.engine.history import render
from stepfunctions.engine.messages import TaskFailed, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
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

    def __init__(self, machine: RunnableMachine) -> None:
        self._machine = machine

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


def ended(machine: RunnableMachine, store: Store, stops: set[int] | None = None) -> tuple[dict[str, Any], list[Any]]:
    """Run a machine, with a new process after each of these commits (0: after every one); return how it ended."""
    clock = ManualClock()

    def boot() -> Runner:
        return Runner(store, clock, Answering(machine), Items(), workers=0)

    runner = boot()
    api = StepFunctionsApi(runner, store, clock)
    created = api.create_state_machine({"name": "m", "definition": json.dumps(machine.definition), "roleArn": ROLE})
    started = api.start_execution(
        {"stateMachineArn": created["stateMachineArn"], "name": "e", "input": json.dumps(machine.given)}
    )
    arn, commits = started["executionArn"], 0
    while True:
        while runner.step():
            commits += 1
            if stops is not None and (0 in stops or commits in stops):
                runner = boot()
                runner.recover()
        due = runner.next_due()
        if due is None:
            break
        clock.advance_to(due)
    described = StepFunctionsApi(runner, store, clock).describe_execution({"executionArn": arn})
    events = [render(event) for event in store.executions.history(arn, limit=100_000)]
    kept = ("status", "output", "error", "cause", "redriveStatus")
    return {name: _anonymous(str(described.get(name))) for name in kept}, [_anonymous(repr(event)) for event in events]


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
    (one, _), (two, _) = ended(machine, MemoryStore()), ended(other, MemoryStore())
    assert one == two


def test_the_machines_are_of_every_kind() -> None:
    seen: Counter[str] = Counter()

    @settings(MANY, max_examples=60, derandomize=True, phases=[Phase.generate])
    @given(runnable_machines())
    def look(machine: RunnableMachine) -> None:
        seen.update(set(re.findall(r'"(?:Type|QueryLanguage|Mode)": "(\w+)"', json.dumps(machine.definition))))
        seen[ended(machine, MemoryStore())[0]["status"]] += 1

    look()
    kinds = {"Pass", "Wait", "Task", "Choice", "Parallel", "Map", "Succeed", "Fail", "JSONata", "DISTRIBUTED"}
    assert {*kinds, "SUCCEEDED", "FAILED"} <= seen.keys()
