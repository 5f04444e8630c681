"""What a state and a Distributed Map item cost: ``python benchmarks/runtime.py``.

CPU time of the whole process (engine, store and commits), with full history.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import SystemClock
from stepfunctions.runtime.items import Items
from stepfunctions.runtime.mocks import MockIntegration
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore

STATES = 100
ITEMS = 10_000


def chain(count: int) -> dict[str, Any]:
    following = [{"Next": f"S{number + 1}"} for number in range(count - 1)] + [{"End": True}]
    return {"StartAt": "S0", "States": {f"S{number}": {"Type": "Pass", **follow}
                                        for number, follow in enumerate(following)}}  # fmt: skip


def spread() -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                 "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}  # fmt: skip
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
    machine = api.create_state_machine({"name": "m", "definition": json.dumps(definition), "roleArn": "role"})

    def once() -> None:
        request = {"stateMachineArn": machine["stateMachineArn"], "input": json.dumps(given)}
        arn = api.start_execution(request)["executionArn"]
        assert api.wait_for(arn)["status"] == "SUCCEEDED"

    once()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        once()
    return time.process_time() - cpu, time.perf_counter() - wall


def table(make: Callable[[], Store]) -> list[str]:
    given = {"bucket": "flights", "key": "routes/JFK-LAX.csv", "week": 40}
    lines = []
    for name, definition, value, times, units in (
        ("Pass state (chain of 100)", chain(STATES), given, 100, STATES),
        ("Task state (mock, chain of 100)", tasks(STATES), given, 20, STATES),
        ("Distributed Map item (10,000 Pass)", spread(), list(range(ITEMS)), 1, ITEMS),
    ):
        store = make()
        cpu, wall = run(store, definition, value, times)
        store.close()
        each = 1e6 / (times * units)
        lines.append(f"{name:36} {cpu * each:8.1f} {wall * each:9.1f}   {wall:6.2f} s in all")
    return lines


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(100))
        stores: dict[str, Callable[[], Store]] = {
            "memory": MemoryStore,
            "SQLite": lambda: SqliteStore(Path(folder) / f"{next(numbers)}.db"),
        }
        for name, make in stores.items():
            print(f"{name:36} {'CPU µs':>8} {'wall µs':>9}")
            print(*table(make), sep="\n")


if __name__ == "__main__":
    main()
