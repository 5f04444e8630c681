"""The workloads that workloads.py measures: state machines, their input, and the output that they must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FUNCTION = "add-one"
"""The Lambda function of the tasks: :func:`add_one`."""
BUCKET, KEY = "bench-items", "items.jsonl"
CHANGE = {"bucket": "flights", "key": "routes/JFK-LAX.csv", "week": 40, "last": {"n": 0}}


@dataclass(frozen=True)
class Workload:
    """One state machine. ``units``: by how many states or items the cost of an execution is divided.

    ``executions``: how many are one measurement. ``events``: how many the full history has. ``items``: how many
    lines the object has that is read.
    """

    key: str
    what: str
    definition: dict[str, Any]
    given: Any
    output: Callable[[Any], bool]
    units: int
    events: int
    executions: int
    small: Callable[[], Workload] = field(repr=False)
    unit: str = "state"
    items: int = 0
    functions: bool = False


def add_one(event: dict[str, int], _: object) -> dict[str, int]:
    """Return the event with one more; the handler of the Lambda function."""
    return {"n": event["n"] + 1}


def linked(states: list[dict[str, Any]], prefix: str = "S") -> dict[str, Any]:
    """States one after the other."""
    names = [f"{prefix}{number}" for number in range(len(states))]
    ends: list[dict[str, Any]] = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {
        "StartAt": names[0],
        "States": {name: {**state, **end} for name, state, end in zip(names, states, ends, strict=True)},
    }


def chain(count: int = 100) -> Workload:
    step = {"Type": "Pass", "Parameters": {"bucket.$": "$.bucket", "n.$": "$.last.n"}, "ResultPath": "$.last"}
    return Workload(
        "W1",
        f"chain of {count} Pass with Parameters and ResultPath",
        linked([step] * count),
        CHANGE,
        lambda output: output == {**CHANGE, "last": {"bucket": "flights", "n": 0}},
        count,
        2 * count + 2,
        max(1, 5_000 // count),
        lambda: chain(5),
    )


def loop(turns: int = 1_000) -> Workload:
    rule = {"Variable": "$.i", "NumericLessThanPath": "$.n", "Next": "Add"}
    more = {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)", "n.$": "$.n"}, "Next": "Check"}
    states = {
        "Check": {"Type": "Choice", "Choices": [rule], "Default": "Done"},
        "Add": more,
        "Done": {"Type": "Succeed"},
    }
    return Workload(
        "W2",
        f"Choice loop with States.MathAdd, {turns:,} turns",
        {"StartAt": "Check", "States": states},
        {"i": 0, "n": turns},
        lambda output: output == {"i": turns, "n": turns},
        2 * turns + 2,
        4 * turns + 6,
        3,
        lambda: loop(3),
    )


def inline_map(count: int = 1_000) -> Workload:
    inner = linked([{"Type": "Pass", "Parameters": {"n.$": "$"}}, {"Type": "Pass"}], "Item")
    return Workload(
        "W3",
        f"inline Map, {count:,} items × 2 Pass",
        linked([{"Type": "Map", "ItemProcessor": inner}]),
        list(range(count)),
        lambda output: output == [{"n": number} for number in range(count)],
        2 * count + 1,
        6 * count + 6,
        3,
        lambda: inline_map(4),
    )


def parallel(branches: int = 10, count: int = 20) -> Workload:
    step = {"Type": "Pass", "Parameters": {"bucket.$": "$.bucket", "n.$": "$.last.n"}, "ResultPath": "$.last"}
    inner = [linked([step] * count, f"B{number}-") for number in range(branches)]
    ended = {**CHANGE, "last": {"bucket": "flights", "n": 0}}
    return Workload(
        "W4",
        f"Parallel, {branches} × {count} states",
        linked([{"Type": "Parallel", "Branches": inner}]),
        CHANGE,
        lambda output: output == [ended] * branches,
        branches * count + 1,
        2 * branches * count + 6,
        20,
        lambda: parallel(2, 3),
    )


def jsonata(count: int = 50) -> Workload:
    first = {"Type": "Pass", "Assign": {"total": 0}, "Output": "{% $states.input %}"}
    step = {
        "Type": "Pass",
        "Assign": {"total": "{% $total + $states.input.n %}"},
        "Output": {"n": "{% $states.input.n + 1 %}", "name": "{% $states.input.name & '.' %}"},
    }
    return Workload(
        "W5",
        f"JSONata chain of {count} with Output and Assign",
        {"QueryLanguage": "JSONata", **linked([first] + [step] * (count - 1))},
        {"n": 1, "name": "model"},
        lambda output: output == {"n": count, "name": "model" + "." * (count - 1)},
        count,
        2 * count + 2,
        10,
        lambda: jsonata(4),
    )


def tasks(count: int = 200) -> Workload:
    step = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": FUNCTION, "Payload.$": "$"},
        "OutputPath": "$.Payload",
    }
    return Workload(
        "W6",
        f"{count} Lambda tasks",
        linked([step] * count),
        {"n": 0},
        lambda output: output == {"n": count},
        count,
        5 * count + 2,
        5,
        lambda: tasks(2),
        unit="task",
        functions=True,
    )


def distributed_map(count: int = 10_000) -> Workload:
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **linked([{"Type": "Pass"}], "Item"),
    }
    return Workload(
        "W8",
        f"Distributed Map over {count:,} items",
        linked([{"Type": "Map", "ItemProcessor": inner}]),
        list(range(count)),
        lambda output: output == list(range(count)),
        count,
        8,
        1,
        lambda: distributed_map(5),
        unit="item",
    )


def read_map(count: int) -> Workload:
    """A Distributed Map whose items come from an object and whose results go to objects, for any number of items."""
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **linked([{"Type": "Pass"}], "Item"),
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": BUCKET, "Key": KEY},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": BUCKET, "Prefix": "results"}}
    return Workload(
        "W8",
        f"the same from S3 and back, {count:,} items",
        linked([{"Type": "Map", "ItemProcessor": inner, "ItemReader": reader, "ResultWriter": writer}]),
        {},
        lambda output: "ResultWriterDetails" in output,
        count,
        8,
        1,
        lambda: read_map(5),
        unit="item",
        items=count,
    )


def short() -> Workload:
    """Three Pass states: W7 starts a thousand, W9 one."""
    return Workload(
        "W7",
        "start, run, describe: 3 Pass",
        linked([{"Type": "Pass"}] * 3),
        CHANGE,
        lambda output: output == CHANGE,
        1,
        8,
        1_000,
        short,
        unit="execution",
    )


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "W1": chain,
    "W2": loop,
    "W3": inline_map,
    "W4": parallel,
    "W5": jsonata,
    "W6": tasks,
    "W7": short,
    "W8": distributed_map,
}
