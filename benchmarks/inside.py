"""Run a workload inside a process of its own, through the client that has no server, with either store.

    python benchmarks/inside.py W1 [--durability memory|normal|full] [--commit state] [--small]

``--commit state``: the engine enters one state between two commits, where it would go on as long as it can. Prints a
JSON object: seconds of CPU and of wall an execution, the most memory in MiB, the number of events.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import machines
from machines import Workload
from stepfunctions.engine import advance
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import SystemClock
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import MockIntegration
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/bench"
ROUNDS = 3
FUNCTIONS = {machines.FUNCTION: machines.add_one}


class OnDisk:
    """The operations over SQLite, without a server."""

    def __init__(self, folder: str, durability: str) -> None:
        store, clock = SqliteStore(Path(folder) / "executions.db", Durability(durability)), SystemClock()
        runner = Runner(store, clock, MockIntegration({}, FUNCTIONS), Items(), workers=0)
        self._api = StepFunctionsApi(runner, store, clock)
        self._pump = runner.pump

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        """Run all that can run, then describe."""
        self._pump()
        return self._api.describe_execution(request)

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._api, name)
        return lambda **request: operation(request)


def open_client(workload: Workload) -> LocalClient:
    """A client in memory, with the function and the objects that a workload asks for."""
    lines = [{"n": number} for number in range(workload.items)]
    objects = {f"s3://{machines.BUCKET}/{machines.KEY}": "".join(json.dumps(line) + "\n" for line in lines)}
    return LocalClient(objects if workload.items else {}, functions=FUNCTIONS)


def create(client: Any, definition: dict[str, Any]) -> str:
    """Create the state machine and return its ARN."""
    made = client.create_state_machine(name="bench", definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def run_once(client: Any, definition: dict[str, Any], given: Any) -> str:
    """Run one execution to its end and return its ARN."""
    machine = create(client, definition)
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    assert client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    return str(arn)


def measure(client: Any, workload: Workload, rounds: int, executions: int) -> dict[str, float]:
    """What one execution costs: the best of some rounds of so many, after one to warm up."""
    machine = create(client, workload.definition)
    given = json.dumps(workload.given)

    def once() -> str:
        arn = str(client.start_execution(stateMachineArn=machine, input=given)["executionArn"])
        found = client.describe_execution(executionArn=arn)
        if found["status"] != "SUCCEEDED" or not workload.output(json.loads(found["output"])):
            raise AssertionError(f"{workload.what}: {found['status']} {found.get('cause')}")
        return arn

    history = client.get_execution_history(executionArn=once(), reverseOrder=True, maxResults=1)
    costs = []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(executions):
            once()
        costs.append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        "cpu": min(cpu for cpu, _ in costs) / executions,
        "wall": min(wall for _, wall in costs) / executions,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "events": history["events"][0]["id"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=machines.WORKLOADS)
    parser.add_argument("--durability", choices=[one.value for one in Durability], default="memory")
    parser.add_argument("--commit", choices=["execution", "state"], default="execution")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    if options.commit == "state":
        advance.MAX_TRANSITIONS = 1
    workload, rounds = machines.WORKLOADS[options.workload](), ROUNDS
    if options.small:
        workload, rounds = replace(workload.small(), executions=1), 1
    with tempfile.TemporaryDirectory() as folder:
        on_disk = options.durability != Durability.MEMORY.value
        client = OnDisk(folder, options.durability) if on_disk else open_client(workload)
        print(json.dumps(measure(client, workload, rounds, workload.executions)))


if __name__ == "__main__":
    main()
