"""What a state costs in the engine alone: CPU microseconds, in memory, with the full history.

Run: python benchmarks/engine.py
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.document import Document
from stepfunctions.engine.advance import advance
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.messages import Started
from stepfunctions.engine.program import Program, compile_program
from table import Row, show

ROUNDS = 7


def pass_chain(count: int) -> dict[str, Any]:
    states: dict[str, Any] = {f"P{index}": {"Type": "Pass", "Next": f"P{index + 1}"} for index in range(count - 1)}
    states[f"P{count - 1}"] = {"Type": "Pass", "End": True}
    return {"StartAt": "P0", "States": states}


def choice_loop() -> dict[str, Any]:
    """Count to ``$.n``: a Choice and a Pass with an intrinsic function each turn."""
    return {
        "StartAt": "Check",
        "States": {
            "Check": {
                "Type": "Choice",
                "Default": "Done",
                "Choices": [{"Variable": "$.i", "NumericLessThanPath": "$.n", "Next": "Add"}],
            },
            "Add": {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)", "n.$": "$.n"}, "Next": "Check"},
            "Done": {"Type": "Succeed"},
        },
    }


def inline_map() -> dict[str, Any]:
    return {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "End": True,
                "ItemSelector": {"index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value"},
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
            }
        },
    }


def run(program: Program, value: Any) -> Execution:
    execution = Execution(
        arn="arn:aws:states:us-east-1:123456789012:execution:bench:run",
        name="run",
        machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:bench",
        machine_name="bench",
        role_arn="arn:aws:iam::123456789012:role/bench",
        input=Document(value),
        started_at=0.0,
        program=program,
    )
    step = advance(execution, Started(), 0.0)
    events = step.events
    while step.more:
        step = advance(execution, None, 0.0)
        events += step.events
    for event in events:  # a history is text: make it, as a store would
        if event.payload is not None:
            assert event.payload.text
    assert execution.status == "SUCCEEDED", execution.cause
    return execution


def cost(definition: dict[str, Any], value: Any, repeat: int) -> tuple[float, int]:
    """Return CPU microseconds per state entered (best round), and the states of one execution."""
    program = compile_program(parse(definition))
    states = run(program, value).transitions
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(repeat):
            run(program, value)
        best = min(best, (time.process_time() - before) / repeat)
    return best * 1e6 / states, states


def rows() -> Iterator[Row]:
    """``advance`` alone: no store, no runner; a few seconds."""
    data = {"bucket": "lake", "rows": list(range(50)), "model": {"name": "delay", "version": 3}}
    for name, definition, value, repeat in (
        ("Pass state, chain of 100, 250-byte input", pass_chain(100), data, 100),
        ("Choice loop, 500 turns", choice_loop(), {"i": 0, "n": 500}, 10),
        ("inline Map, 1,000 items", inline_map(), {"items": list(range(1000))}, 5),
    ):
        micros, states = cost(definition, value, repeat)
        yield Row(name, micros, "µs CPU", None, f"a state, of {states:,}")


def main() -> None:
    show("Engine alone, in memory", rows())


if __name__ == "__main__":
    main()
