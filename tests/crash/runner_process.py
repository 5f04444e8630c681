"""A process that runs one execution over a SQLite file, to be killed by test_runner_kill.py at any moment.

    python runner_process.py FOLDER

Time runs 50 times as fast as real time, from a fixed origin, so that it goes on over restarts.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import TaskFailed, TaskSubmitted, TaskSucceeded
from stepfunctions.engine.ports import TaskCall
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.sqlite import SqliteStore

SPEED = 50
ORIGIN = 1_750_000_000.0
SYNC = "arn:aws:states:::glue:startJobRun.sync"
RETRY = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 3}]


def task(state: str, following: str | None = None, **fields: Any) -> dict[str, Any]:
    where = {"Next": following} if following else {"End": True}
    return {"Type": "Task", "Resource": SYNC, "Parameters": {"JobName": state, "In.$": "$"}, **where, **fields}


def one(name: str, state: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state, **others}}


DEFINITION: dict[str, Any] = one(
    "First",
    {"Type": "Pass", "Result": {"items": [1, 2, 3, 4]}, "Next": "Wait"},
    Wait={"Type": "Wait", "Seconds": 2, "Next": "Flaky"},
    Flaky=task("Flaky", "Both", Retry=RETRY, ResultPath="$.flaky"),
    Both={
        "Type": "Parallel",
        "ResultPath": "$.both",
        "Next": "Each",
        "Branches": [
            one("Left", task("Left", "LeftWait"), LeftWait={"Type": "Wait", "Seconds": 1, "End": True}),
            one("Right", task("Right", Retry=RETRY)),
        ],
    },
    Each={
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "ResultPath": "$.each",
        "Next": "Spread",
        "ItemProcessor": one("Item", task("Item")),
    },
    Spread={
        "Type": "Map",
        "MaxConcurrency": 5,
        "ResultPath": "$.spread",
        "End": True,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "b", "Key": "k"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **one("Child", {"Type": "Wait", "Seconds": 1, "Next": "Work"}, Work=task("Work")),
        },
    },
)


class FastClock:
    def now(self) -> float:
        return ORIGIN + (time.time() - ORIGIN) * SPEED

    def wait(self, until: float | None, wake: threading.Event) -> None:
        wake.wait(None if until is None else max(0.0, (until - self.now()) / SPEED))


LINES = "".join(f'{{"n": {number}}}\n' for number in range(30))


class Jobs:
    """Tasks with an effect outside: a file a key, with a line for every time it was begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, call: TaskCall) -> None:
        command = call.command
        if call.submitted is None:
            with (self.folder / hashlib.sha256(call.key.encode()).hexdigest()).open("a") as effects:
                effects.write(f"{command.state}\n")
            call.report(TaskSubmitted(command.branch, command.attempt, Document({"JobRunId": command.state})))
        time.sleep(0.003)
        if command.state in ("Flaky", "Right") and command.attempt < 4:
            call.report(TaskFailed(command.branch, command.attempt, "Broken", "not yet"))
        else:
            result = Document({"did": command.state, "in": command.arguments.value})
            call.report(TaskSucceeded(command.branch, command.attempt, result))

    def resume(self, call: TaskCall) -> None:
        self.start(call)

    def cancel(self, call: TaskCall) -> None:
        raise AssertionError("nothing is cancelled here")


def main(folder: Path) -> None:
    store = SqliteStore(folder / "states.db")
    effects = folder / "effects"
    effects.mkdir(exist_ok=True)
    clock = FastClock()
    runner = Runner(store, clock, Jobs(effects), Items(MemoryObjects({"s3://b/k": LINES})), workers=4)
    api = StepFunctionsApi(runner, store, clock)
    runner.start()
    print("ready", flush=True)
    machine = api.create_state_machine(
        {"name": "m", "definition": json.dumps(DEFINITION), "roleArn": "arn:aws:iam::123456789012:role/r"}
    )
    arn = machine["stateMachineArn"].replace(":stateMachine:", ":execution:") + ":e"
    if store.executions.load(arn, branches=False) is None:
        api.start_execution({"stateMachineArn": machine["stateMachineArn"], "name": "e", "input": "{}"})
    runner.wait_for(arn)
    runner.stop()
    store.close()
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
