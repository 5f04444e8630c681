"""Machines and histories to draw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

Definition = dict[str, Any]
TASK = "arn:aws:states:::lambda:invoke"


class Script:
    """Writes a history as GetExecutionHistory lists it; an event follows the one before unless ``after`` says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add("ExecutionStarted")

    def add(self, kind: str, after: int | None = None, **details: Any) -> int:
        number = len(self.events) + 1
        event: dict[str, Any] = {
            "id": number,
            "previousEventId": number - 1 if after is None else after,
            "timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc),
            "type": kind,
        }
        if details:
            short = "state" + kind[-7:] if kind.endswith("StateEntered") else "state" + kind[-6:]
            named = kind.endswith(("StateEntered", "StateExited"))
            event[f"{short if named else kind[0].lower() + kind[1:]}EventDetails"] = details
        self.events.append(event)
        return number

    def task(self, name: str, after: int | None = None, failures: int = 0, caught: bool = False) -> int:
        """A Task that fails so often, then succeeds, or fails once more and is caught."""
        self.add("TaskStateEntered", after, name=name)
        for _ in range(failures):
            self.add("TaskScheduled")
            self.add("TaskFailed", error="E")
        self.add("TaskScheduled")
        self.add(*(("TaskFailed",) if caught else ("TaskSucceeded",)))
        return self.add("TaskStateExited", name=name)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture(scope="session")
def task() -> Callable[..., Definition]:
    def make(following: str | None = None, *handlers: str, resource: str = TASK) -> Definition:
        state: Definition = {"Type": "Task", "Resource": resource}
        state.update({"Next": following} if following else {"End": True})
        if handlers:
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": name} for name in handlers]
        return state

    return make


@pytest.fixture(scope="session")
def nested(task: Callable[..., Definition]) -> Definition:
    """A Parallel with a Map with a Choice, with loops and catchers in each scope."""
    body = {
        "StartAt": "Check",
        "States": {
            "Check": task("Ready?"),
            "Ready?": {
                "Type": "Choice",
                "Default": "Wait",
                "Choices": [
                    {"Variable": "$.status", "StringEquals": "READY", "Next": "Train"},
                    {"Variable": "$.tries", "NumericGreaterThan": 5, "Next": "Give up"},
                ],
            },
            "Wait": {"Type": "Wait", "Seconds": 30, "Next": "Check"},
            "Train": task("Done", "Give up", resource="arn:aws:states:::sagemaker:createTrainingJob.sync"),
            "Give up": {"Type": "Fail"},
            "Done": {"Type": "Succeed"},
        },
    }
    both = {
        "Type": "Parallel",
        "Next": "Good?",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Clean up"}],
        "Branches": [
            {"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": True, "ItemProcessor": body}}},
            {"StartAt": "Notify", "States": {"Notify": task()}},
        ],
    }
    return {
        "StartAt": "Collect",
        "States": {
            "Collect": task("Both", "Clean up"),
            "Both": both,
            "Good?": {
                "Type": "Choice",
                "Default": "Reject",
                "Choices": [
                    {"Variable": "$.score", "NumericGreaterThanEquals": 0.9, "Next": "Publish"},
                    {"Variable": "$.round", "NumericLessThan": 10, "Next": "Collect"},
                ],
            },
            "Publish": task(None, "Clean up"),
            "Clean up": task("Reject"),
            "Reject": {"Type": "Fail"},
        },
    }
