"""Write the database that this version of the code leaves, as SQL: ``python tests/runtime/schemas/make.py``.

Run it when a migration was added. The files of older versions stay: users have such databases. (Schemas 3 and 4 were
steps on the way to 5 and no version of the code ran with them.)
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import PENDING, MockIntegration
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.sqlite import SqliteStore

SLOW = {"Type": "Wait", "Seconds": 86_400, "End": True}
CHILD = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Quick or slow",
    "States": {
        "Quick or slow": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericLessThan": 2, "Next": "Quick"}],
            "Default": "Slow",
        },
        "Quick": {"Type": "Pass", "End": True},
        "Slow": SLOW,
    },
}
QUEUE = "arn:aws:states:::sqs:sendMessage"
MACHINES: dict[str, tuple[dict[str, Any], Any]] = {
    "ended": ({"P": {"Type": "Pass", "Result": {"a": [1, "é" * 200]}, "End": True}}, {"n": 1}),
    "failed": ({"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}, {"n": 1}),
    "waits": ({"W": {"Type": "Wait", "Seconds": 86_400, "Next": "P"}, "P": {"Type": "Pass", "End": True}}, {"n": 1}),
    "asks": (
        {
            "Ask": {
                "Type": "Task",
                "Resource": f"{QUEUE}.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody": {"Token.$": "$$.Task.Token"}},
                "End": True,
            }
        },
        {"n": 1},
    ),
    "retries": (
        {
            "Flaky": {
                "Type": "Task",
                "Resource": QUEUE,
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600, "MaxAttempts": 2}],
                "End": True,
            }
        },
        {"n": 1},
    ),
    "parallel": (
        {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Quick", "States": {"Quick": {"Type": "Pass", "Result": 1, "End": True}}},
                    {"StartAt": "Slow", "States": {"Slow": SLOW}},
                ],
                "End": True,
            }
        },
        {"n": 1},
    ),
    "map": (
        {
            "Each": {
                "Type": "Map",
                "MaxConcurrency": 2,
                "ItemProcessor": {"StartAt": "Slow", "States": {"Slow": SLOW}},
                "End": True,
            }
        },
        [1, 2, 3],
    ),
    "spread": ({"Each": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": CHILD, "End": True}}, [0, 1, 2, 3]),
}
"""Name -> states, of which the first is the start, and input."""


def make(path: Path) -> None:
    """Run all machines until they wait, in a new database."""
    store, clock = SqliteStore(path), ManualClock()
    mocks = MockIntegration({"Ask": PENDING, "Flaky": ConnectionError("not yet")})
    runner = Runner(store, clock, mocks, Items(), workers=0)
    api = StepFunctionsApi(runner, store, clock)
    for name, (states, given) in MACHINES.items():
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        request = {"name": name, "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"}
        machine = api.create_state_machine(request)["stateMachineArn"]
        api.start_execution({"stateMachineArn": machine, "name": "one", "input": json.dumps(given)})
        runner.pump()
    store.close()


def main() -> None:
    """Write the file of this version's schema beside this one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "states.db"
        make(path)
        with closing(sqlite3.connect(path)) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            lines = [f"PRAGMA user_version={version};", *database.iterdump()]
    Path(__file__).with_name(f"schema_{version}.sql").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
