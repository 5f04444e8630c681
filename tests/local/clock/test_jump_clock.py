from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.clocks import JumpClock
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.timers import Timers

HOUR, DAY, WEEK = 3600.0, 86_400.0, 604_800.0


@pytest.fixture
def clock(tmp_path: Path) -> JumpClock:
    return JumpClock(tmp_path / "clock.json")


def fire_weekly(clock: JumpClock, times: int) -> tuple[Timers, threading.Event, list[float]]:
    timers = Timers(clock, clock)
    fired: list[float] = []
    done = threading.Event()

    def act() -> None:
        fired.append(clock.now())
        if len(fired) < times:
            timers.set("weekly", fired[0] + WEEK * len(fired), act)
        else:
            done.set()

    timers.set("weekly", clock.now() + WEEK, act)
    return timers, done, fired


def test_a_year_of_weekly_timers_is_jumped_over(clock: JumpClock) -> None:
    timers, done, fired = fire_weekly(clock, 52)
    timers.start()
    assert done.wait(30)
    timers.stop()
    assert len(fired) == 52
    assert fired[-1] - fired[0] == pytest.approx(51 * WEEK, abs=30)
    assert clock.jumps >= 52


def test_it_does_not_jump_while_something_is_at_work(clock: JumpClock) -> None:
    timers, done, _ = fire_weekly(clock, 1)
    with clock.during():
        timers.start()
        while not clock._loops:
            time.sleep(0.001)
        assert clock.offset == 0
    assert done.wait(30)
    timers.stop()


def test_what_one_thread_began_another_ends(clock: JumpClock) -> None:
    timers, done, _ = fire_weekly(clock, 1)
    clock.begin("job:1")
    clock.begin("job:1")
    timers.start()
    assert not clock.advance_to(clock.now() + HOUR, timeout=0.01)
    assert clock.offset == 0
    assert clock.at_work == 1
    clock.end("job:1")
    assert done.wait(30)
    timers.stop()


def test_held_it_jumps_only_when_asked_and_each_timer_sees_its_own_time(clock: JumpClock) -> None:
    clock.hold(True)
    timers, done, fired = fire_weekly(clock, 3)
    timers.start()
    begun = clock.now()
    assert clock.advance_to(begun + 2.5 * WEEK, timeout=30)
    assert [round((moment - begun) / WEEK, 3) for moment in fired] == [1, 2]
    assert clock.now() - begun == pytest.approx(2.5 * WEEK, abs=30)
    clock.hold(False)
    assert done.wait(30)
    timers.stop()


def test_it_is_moved_forward_only_and_not_without_end(clock: JumpClock) -> None:
    with pytest.raises(ValueError, match="forward only"):
        clock.advance_to(clock.now() - 10)
    for moment in (1e12, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="up to 3000"):
            clock.advance_to(moment)


def test_time_does_not_go_back_in_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path, clock="jump") as cloud:
        assert isinstance(cloud.clock, JumpClock)
        assert cloud.clock.advance_to(cloud.clock.now() + DAY, timeout=30)
        cloud.clock.hold(True)
        later = cloud.clock.now()
    again = Cloud(tmp_path, clock="jump")
    assert later <= again.clock.now() < later + HOUR
    assert isinstance(again.clock, JumpClock)
    assert again.clock.held
    with pytest.raises(LocalCloudError, match="is not the real one: start it with --clock jump"):
        Cloud(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"offset": "x", "held": false}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(LocalCloudError, match=r"clock\.json is damaged"):
        Cloud(tmp_path, clock="jump")
    with pytest.raises(LocalCloudError, match="no clock 'fast'"):
        Cloud(tmp_path, clock="fast")


# ------------------------------------------------------------------------------------------------- executions

ROLE = "arn:aws:iam::123456789012:role/r"
WAIT = {
    "StartAt": "W",
    "States": {"W": {"Type": "Wait", "Seconds": 28_800, "Next": "S"}, "S": {"Type": "Succeed"}},
}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path / "data", clock="jump") as made:
        yield made


def started(cloud: Cloud, definition: dict[str, Any], name: str = "m") -> str:
    machine = cloud.call(
        "stepfunctions", "CreateStateMachine", {"name": name, "definition": json.dumps(definition), "roleArn": ROLE}
    )
    begun = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine["stateMachineArn"]})
    return str(begun["executionArn"])


def ended(cloud: Cloud, arn: str) -> dict[str, Any]:
    done = threading.Event()
    cloud.service("stepfunctions").on_end(arn, done.set)
    assert done.wait(30)
    return cloud.call("stepfunctions", "DescribeExecution", {"executionArn": arn})


def test_an_execution_waits_eight_hours_at_once(cloud: Cloud) -> None:
    description = ended(cloud, started(cloud, WAIT))
    assert description["status"] == "SUCCEEDED"
    assert (description["stopDate"] - description["startDate"]).total_seconds() == pytest.approx(28_800, abs=30)


def test_the_time_out_of_an_activity_that_a_worker_may_take_counts_real_seconds(cloud: Cloud) -> None:
    activity = cloud.call("stepfunctions", "CreateActivity", {"name": "a"})["activityArn"]
    task = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 3600, "End": True}
    arn = started(cloud, {"StartAt": "T", "States": {"T": task}}, "activity")
    other = started(cloud, WAIT, "waits")
    given = cloud.call("stepfunctions", "GetActivityTask", {"activityArn": activity})
    cloud.call("stepfunctions", "SendTaskSuccess", {"taskToken": given["taskToken"], "output": "1"})
    assert ended(cloud, arn)["status"] == "SUCCEEDED"
    assert ended(cloud, other)["status"] == "SUCCEEDED"
    assert isinstance(cloud.clock, JumpClock)
    assert cloud.clock.advance_to(cloud.clock.now() + 3600, timeout=30)  # nothing is left at work


def test_an_activity_that_is_given_up_is_no_work(cloud: Cloud) -> None:
    activity = cloud.call("stepfunctions", "CreateActivity", {"name": "a"})["activityArn"]
    task = {"Type": "Task", "Resource": activity, "End": True}
    arn = started(cloud, {"StartAt": "T", "States": {"T": task}}, "activity")
    cloud.call("stepfunctions", "StopExecution", {"executionArn": arn})
    assert ended(cloud, started(cloud, WAIT, "waits"))["status"] == "SUCCEEDED"


def test_a_nested_execution_that_waits_is_no_work(cloud: Cloud) -> None:
    started(cloud, WAIT, "inner")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Arguments": {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:inner"},
        "End": True,
    }
    outer = started(cloud, {"QueryLanguage": "JSONata", "StartAt": "T", "States": {"T": task}}, "outer")
    assert ended(cloud, outer)["status"] == "SUCCEEDED"
