"""CPU to write a workflow: 1,000 steps of the usual kinds, linked, checked and serialised."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from stepfunctions.inputs import ExecutionInput, StepInput
from stepfunctions.steps import Catch, Chain, Choice, Fail, Graph, LambdaStep, Pass, Retry, Task
from table import Row, show

ROUNDS = 7
QUARTER = 250


def old_style() -> Any:
    """1,000 states in JSONPath, in a Chain."""
    given = ExecutionInput(schema={"bucket": str, "week": int})
    failed = Fail("Failed", error="E")
    steps: list[Any] = []
    for number in range(QUARTER):
        prepare = LambdaStep(
            f"Prepare {number}",
            parameters={"FunctionName": "prepare", "Payload": {"week": given["week"], "n": number}},
            retry=Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0),
            catch=Catch(failed, error_equals=["States.ALL"]),
        )
        note = Pass(
            f"Note {number}", parameters={"where": given["bucket"], "list": [1, given["week"]]}, result_path="$.x"
        )
        send = Task(f"Send {number}", resource="arn:aws:states:::sqs:sendMessage", parameters={"MessageBody": "done"})
        enough = Choice(f"Enough? {number}")
        enough.add_choice(given["week"] > number, failed)
        steps += [prepare, note, send, enough]
    return Chain(steps)


def new_style() -> Any:
    """1,000 states in JSONata, in a flow of 250 choices that join."""
    flow: Any = Pass("Start")
    for number in range(QUARTER):
        task = Task(
            f"Task {number}", resource="r", arguments={"n": StepInput()["n"]}, output={"n": StepInput()["n"] + 1}
        )
        choice = Choice(f"Choice {number}").when(StepInput()["n"] > number, Pass(f"Yes {number}"))
        flow = flow >> task >> choice.otherwise(Pass(f"No {number}"))
    return flow


def milliseconds(make: Callable[[], Any]) -> float:
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        Graph(make()).to_json()
        found.append((time.process_time() - began) * 1000)
    return min(found)


def rows() -> Iterator[Row]:
    os.environ.setdefault("AWS_REGION", "us-east-1")
    yield Row("1,000 states built and serialised, Chain, JSONPath", milliseconds(old_style), "ms CPU", 100)
    yield Row("1,000 states built and serialised, flow, JSONata", milliseconds(new_style), "ms CPU", 100)


if __name__ == "__main__":
    show("Writing", rows())
