"""The wall clock is set while executions run: timers follow it, histories never go back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from tests.faults.conftest import Faulty

HOUR = 3600.0


class Wall:
    """A wall clock that someone sets, backwards too."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self._sleepers: list[threading.Event] = []

    def now(self) -> float:
        return self.time

    def wait(self, until: float | None, wake: threading.Event) -> None:
        self._sleepers.append(wake)
        if until is None or self.time < until:
            wake.wait()

    def set(self, seconds: float) -> None:
        self.time += seconds
        for wake in self._sleepers:
            wake.set()


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_set_back_the_history_stands_still_and_waits_take_their_time(
    restarted: bool, open_cloud: Callable[..., Faulty]
) -> None:
    wall = Wall()
    cloud = open_cloud(clock=wall)
    activity = cloud("CreateActivity", name="ask")["activityArn"]
    states = {
        "Ask": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 600},
        "Rest": {"Type": "Wait", "Seconds": 10},
        "End": {"Type": "Pass", "Parameters": {"entered.$": "$$.State.EnteredTime"}},
    }
    arn = cloud.start(cloud.machine(states))
    wall.set(-HOUR)
    if restarted:
        cloud = open_cloud(clock=wall)
    task = cloud("GetActivityTask", activityArn=activity)
    cloud("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    wall.set(10)
    done = cloud.ended(arn)

    assert done["status"] == "SUCCEEDED"
    assert done["stopDate"] >= done["startDate"]
    times = [event["timestamp"] for event in cloud.history(arn)]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))
    assert times[-1].timestamp() == 1_700_000_000.0


def test_set_forward_what_is_due_then_comes_at_once(open_cloud: Callable[..., Faulty]) -> None:
    wall = Wall()
    cloud = open_cloud(clock=wall)
    activity = cloud("CreateActivity", name="ask")["activityArn"]
    resting = cloud.start(cloud.machine({"Rest": {"Type": "Wait", "Seconds": 1800}}))
    asking = cloud.start(cloud.machine({"Ask": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 1800}}, "a"))
    later = cloud.start(cloud.machine({"Rest": {"Type": "Wait", "Seconds": 7200}}, "b"))
    task = cloud("GetActivityTask", activityArn=activity)
    assert task["taskToken"]
    wall.set(HOUR)
    assert cloud.ended(resting)["status"] == "SUCCEEDED"
    assert cloud.ended(asking)["error"] == "States.Timeout"
    assert cloud.described(later)["status"] == "RUNNING"
