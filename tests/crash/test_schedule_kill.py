"""``kill -9`` of the local cloud while schedules fire: each fires, and starts one execution."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.crash.killable import ROLE, KillableCloud

pytestmark = pytest.mark.crash

SCHEDULES = 40
KILLS = 5
_DEADLINE = 60.0


@pytest.mark.timeout(120)
def test_each_schedule_starts_one_execution_whenever_the_server_was_killed(killable_cloud: KillableCloud) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machine = killable_cloud.client("stepfunctions").create_state_machine(
        name="m", roleArn=ROLE, definition=definition
    )["stateMachineArn"]
    scheduler = killable_cloud.client("scheduler")
    now = datetime.now(timezone.utc)
    for number in range(SCHEDULES):
        at = now + timedelta(seconds=1 + number % 4)
        scheduler.create_schedule(
            Name=f"s{number}",
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": machine, "RoleArn": ROLE, "Input": json.dumps({"number": number})},
            ActionAfterCompletion="DELETE",
        )
    for _ in range(KILLS):
        killable_cloud.kill(everything=False)
        killable_cloud.start()
    end = time.monotonic() + _DEADLINE
    while left := killable_cloud.client("scheduler").list_schedules()["Schedules"]:
        assert time.monotonic() < end, left
    assert sorted(_numbers(killable_cloud, machine, end)) == list(range(SCHEDULES))


def _numbers(cloud: KillableCloud, machine: str, end: float) -> list[int]:
    """Return the number in the input of each execution, once there are enough of them."""
    client: Any = cloud.client("stepfunctions")
    while True:
        found = client.list_executions(stateMachineArn=machine)["executions"]
        if len(found) >= SCHEDULES:
            inputs = (client.describe_execution(executionArn=one["executionArn"])["input"] for one in found)
            return [json.loads(text)["number"] for text in inputs]
        assert time.monotonic() < end, len(found)
