"""A Step Functions service in this process: either store, a manual clock, tasks that tests answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import Outcome, TaskFailed, TaskSubmitted, TaskSucceeded
from stepfunctions.engine.ports import Integration, TaskCall
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/r"
MODEL = botocore.session.get_session().get_service_model("stepfunctions")
KINDS = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": datetime, "float": float}


class Tasks:
    """An Integration whose tasks wait until a test answers them, or ``answer`` does."""

    def __init__(self) -> None:
        self.calls: list[TaskCall] = []
        self.resumed: list[TaskCall] = []
        self.cancelled: list[str] = []
        self.cancels: list[TaskCall] = []
        self.answer: Callable[[TaskCall], Outcome | None] | None = None

    def start(self, call: TaskCall) -> None:
        self.calls.append(call)
        outcome = self.answer(call) if self.answer else None
        if outcome is not None:
            call.report(outcome)

    def resume(self, call: TaskCall) -> None:
        self.resumed.append(call)
        self.start(call)

    def cancel(self, call: TaskCall) -> None:
        self.cancelled.append(call.key)
        self.cancels.append(call)

    def succeed(self, result: Any = None, call: TaskCall | None = None) -> None:
        call = call or self.calls[-1]
        call.report(TaskSucceeded(call.command.branch, call.command.attempt, Document(result)))

    def fail(self, error: str = "Broken", call: TaskCall | None = None) -> None:
        call = call or self.calls[-1]
        call.report(TaskFailed(call.command.branch, call.command.attempt, error, "because"))

    def submit(self, output: Any = None, call: TaskCall | None = None) -> None:
        call = call or self.calls[-1]
        call.report(TaskSubmitted(call.command.branch, call.command.attempt, Document(output)))


def ended(document: Any) -> Any:
    """Write ``End`` into every state, at any depth, that goes nowhere."""
    if isinstance(document, list):
        return [ended(one) for one in document]
    if not isinstance(document, dict):
        return document
    done = {key: ended(value) for key, value in document.items()}
    if done.get("Type") in ("Pass", "Task", "Wait", "Map", "Parallel") and "Next" not in done:
        done["End"] = True
    return done


class World:
    """One service. ``restart`` is a kill and a new process: nothing but the store survives."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self.clock = ManualClock()
        self.tasks = Tasks()
        self.files = MemoryObjects()
        self._boot()

    def _boot(self, integration: Integration | None = None, workers: int = 0) -> None:
        self.store = self._open_store()
        self.runner = Runner(self.store, self.clock, integration or self.tasks, Items(self.files), workers=workers)
        self.api = StepFunctionsApi(self.runner, self.store, self.clock)

    def restart(self) -> None:
        self._boot()
        self.runner.recover()

    def threaded(self, integration: Integration | None = None, workers: int = 4) -> None:
        """Run in threads from here on."""
        self._boot(integration, workers)
        self.runner.start()

    def create(self, states: dict[str, Any], name: str = "m", **definition: Any) -> str:
        text = json.dumps({"StartAt": next(iter(states)), "States": ended(states), **definition})
        request = {"name": name, "definition": text, "roleArn": ROLE}
        return str(self.api.create_state_machine(request)["stateMachineArn"])

    def begin(self, machine: str, given: Any = None, name: str = "e") -> str:
        request = {"stateMachineArn": machine, "name": name, "input": json.dumps({} if given is None else given)}
        return str(self.api.start_execution(request)["executionArn"])

    def run(self, states: dict[str, Any], given: Any = None, **definition: Any) -> str:
        """Create, start, and do what can be done without time passing."""
        arn = self.begin(self.create(states, **definition), given)
        self.runner.pump()
        return arn

    def describe(self, arn: str) -> dict[str, Any]:
        return self.api.describe_execution({"executionArn": arn})

    def status(self, arn: str) -> str:
        return str(self.describe(arn)["status"])

    def output(self, arn: str) -> Any:
        described = self.describe(arn)
        assert described["status"] == "SUCCEEDED", described
        return json.loads(described["output"])

    def types(self, arn: str) -> list[str]:
        return [event.type for event in self.store.executions.history(arn, limit=100_000)]

    def children(self, arn: str) -> list[dict[str, Any]]:
        """Descriptions of the children of the execution's last map run, in item order."""
        run = self.store.map_runs.of_execution(arn)[-1]
        page, _ = self.store.executions.page(None, None, run.arn, None, 100_000)
        page.sort(key=lambda child: child.item_index or 0)
        return [self.describe(child.arn) for child in page]


def check(shape: Shape | None, value: Any, path: str = "") -> None:
    """Check a response against a shape: no unknown member, every required one, the right types."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict), path
        assert not set(value) - set(shape.members), f"{path}: {set(value) - set(shape.members)}"
        assert not set(shape.required_members) - set(value), f"{path}: {set(shape.required_members) - set(value)}"
        for name, one in value.items():
            check(shape.members[name], one, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for number, one in enumerate(value):
            check(shape.member, one, f"{path}[{number}]")
    elif isinstance(shape, MapShape):
        for name, one in value.items():
            check(shape.value, one, f"{path}.{name}")
    elif shape is not None:
        assert isinstance(value, KINDS[shape.type_name]), f"{path}: {value!r} is no {shape.type_name}"


class Api:
    """Calls operations by name and checks every answer against botocore's shapes."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def __call__(self, operation: str, **request: Any) -> Any:
        model = MODEL.operation_model(operation)
        assert model.input_shape is not None
        assert not set(request) - set(model.input_shape.members)
        words = "".join(f"_{one.lower()}" if one.isupper() else one for one in operation)[1:]
        method: Callable[[Any], Any] = getattr(self._world.api, words)
        response = method(request)
        if model.output_shape is not None:
            check(model.output_shape, response, operation)
        json.dumps(response, default=str)
        return response

    def refuses(self, code: str, operation: str, **request: Any) -> str:
        with pytest.raises(ServiceError) as caught:
            self(operation, **request)
        assert caught.value.code == code, caught.value
        known = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
        assert code in known, f"{operation} cannot answer {code}, only {known}"
        return caught.value.message


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    memory = MemoryStore()
    opened: list[SqliteStore] = []

    def open_store() -> Store:
        if request.param == "memory":
            return memory
        while opened:
            opened.pop().close()
        opened.append(SqliteStore(tmp_path / "states.db"))
        return opened[0]

    made = World(open_store)
    yield made
    made.runner.stop()
    for store in opened:
        store.close()


@pytest.fixture
def api(world: World) -> Api:
    return Api(world)
