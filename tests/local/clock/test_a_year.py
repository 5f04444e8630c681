from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

from stepfunctions.local.clocks import JumpClock
from stepfunctions.local.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


def test_a_year_of_weekly_schedules_starts_52_executions(tmp_path: Path) -> None:
    with Cloud(tmp_path, clock="jump") as cloud:
        assert isinstance(cloud.clock, JumpClock)
        cloud.clock.hold(True)
        machine = cloud.call("stepfunctions", "CreateStateMachine", {"name": "m", "definition": PASS, "roleArn": ROLE})
        begin = datetime.fromtimestamp(cloud.clock.now(), timezone.utc) + timedelta(hours=1)
        schedule = {
            "Name": "weekly",
            "ScheduleExpression": "rate(7 days)",
            "StartDate": begin,
            "EndDate": begin + timedelta(days=360),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": machine["stateMachineArn"], "RoleArn": ROLE, "Input": "{}"},
        }
        cloud.call("scheduler", "CreateSchedule", schedule)
        assert cloud.clock.advance_to((begin + timedelta(days=365)).timestamp(), timeout=60)
        found = cloud.call("stepfunctions", "ListExecutions", {"stateMachineArn": machine["stateMachineArn"]})
        assert len(found["executions"]) == 52
        assert {one["status"] for one in found["executions"]} == {"SUCCEEDED"}
