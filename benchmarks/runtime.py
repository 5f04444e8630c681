"""What a state and a Distributed Map item cost: ``python benchmarks/runtime.py``.

CPU time of the whole process (engine, store and commits), with full history.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import SystemClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import MockIntegration
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore
from table import Row, show

STATES = 100
ITEMS = 10_000
LIMIT_MEMORY, LIMIT_SQLITE = 60, 100  # µs of CPU a Pass state


def chain(count: int) -> dict[str, Any]:
    following = [{"Next": f"S{number + 1}"} for number in range(count - 1)] + [{"End": True}]
    return {
        "StartAt": "S0",
        "States": {f"S{number}": {"Type": "Pass", **follow} for number, follow in enumerate(following)},
    }


def changing(count: int) -> dict[str, Any]:
    """Each state makes another document, so that no text of a payload is shared."""
    definition = chain(count)
    for state in definition["States"].values():
        state["Parameters"] = {"bucket.$": "$.bucket", "key.$": "$.key", "week.$": "States.MathAdd($.week, 1)"}
    return definition


def spread() -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}


def tasks(count: int) -> dict[str, Any]:
    definition = chain(count)
    for state in definition["States"].values():
        state.update(Type="Task", Resource="arn:aws:states:::sqs:sendMessage")
    return definition


def run(store: Store, definition: dict[str, Any], given: Any, times: int) -> tuple[float, float]:
    """Return CPU and wall seconds of so many executions, after one to warm up."""
    clock = SystemClock()
    mocks = MockIntegration({"arn:aws:states:::sqs:sendMessage": {"ok": True}})
    runner = Runner(store, clock, mocks, Items(), workers=0)
    api = StepFunctionsApi(runner, store, clock)
    machine = api.create_state_machine(
        {"name": "m", "definition": json.dumps(definition), "roleArn": "arn:aws:iam::123456789012:role/r"}
    )

    def once() -> None:
        request = {"stateMachineArn": machine["stateMachineArn"], "input": json.dumps(given)}
        arn = api.start_execution(request)["executionArn"]
        assert api.wait_for(arn)["status"] == "SUCCEEDED"

    once()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        once()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(name: str, make: Callable[[], Store], limit: float | None) -> Iterator[Row]:
    """Rows of one store; ``limit``: microseconds of CPU a Pass state may cost."""
    given = {"bucket": "flights", "key": "routes/JFK-LAX.csv", "week": 40}
    for what, definition, value, times, units, most in (
        ("Pass state, chain of 100", chain(STATES), given, 100, STATES, limit),
        ("Pass state that changes data, of 100", changing(STATES), given, 100, STATES, limit),
        ("Task state (mock), chain of 100", tasks(STATES), given, 20, STATES, None),
        ("Distributed Map item, 10,000 Pass", spread(), list(range(ITEMS)), 1, ITEMS, None),
    ):
        best: tuple[float, float] | None = None
        for _ in range(3 if most is not None else 1):
            store = make()
            found = run(store, definition, value, times)
            store.close()
            best = found if best is None else min(best, found)
        assert best is not None
        each = 1e6 / (times * units)
        yield Row(f"{what}: {name}", best[0] * each, "µs CPU", most, f"{best[1] * each:.0f} µs wall")


def rows() -> Iterator[Row]:
    """The engine with each store, full history; about half a minute."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(100))
        yield from measure("memory", MemoryStore, LIMIT_MEMORY)
        yield from measure("SQLite", lambda: SqliteStore(Path(folder) / f"{next(numbers)}.db"), LIMIT_SQLITE)


def main() -> None:
    show("Engine, runner and store, with full history", rows())


if __name__ == "__main__":
    main()
