from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

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


HANDLER = """
import time

def handler(event, context):
    began = time.monotonic()
    time.sleep(event["seconds"])
    return {"slept": time.monotonic() - began}
"""


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", HANDLER)
    return archive.getvalue()


@pytest.mark.heavy
def test_months_pass_while_a_real_job_keeps_its_real_seconds(tmp_path: Path) -> None:
    """An eight-hour wait on both sides of a job of three real seconds; a month of alarms; a job over its timeout."""
    job = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload"}
    states: dict[str, dict[str, Any]] = {
        "Before": {"Type": "Wait", "Seconds": 8 * 3600, "Next": "Job"},
        "Job": {**job, "Parameters": {"FunctionName": "nap", "Payload": {"seconds": 3}}, "TimeoutSeconds": 60,
                "ResultPath": "$.job", "Next": "After"},
        "After": {"Type": "Wait", "Seconds": 8 * 3600, "Next": "TooLong"},
        "TooLong": {**job, "Parameters": {"FunctionName": "nap", "Payload": {"seconds": 4}}, "TimeoutSeconds": 1,
                    "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.late", "Next": "Done"}],
                    "End": True},
        "Done": {"Type": "Succeed"},
    }  # fmt: skip
    del states["Job"]["OutputPath"]
    definition = json.dumps({"StartAt": "Before", "States": states})
    with Cloud(tmp_path, clock="jump") as cloud:
        clock = cloud.clock
        assert isinstance(clock, JumpClock)
        clock.hold(True)
        cloud.call("lambda", "CreateFunction", {
            "FunctionName": "nap", "Runtime": "python{}.{}".format(*sys.version_info), "Role": ROLE, "Timeout": 900,
            "Handler": "code.handler", "Code": {"ZipFile": zipped()},
        })  # fmt: skip
        request = {"name": "m", "definition": definition, "roleArn": ROLE}
        machine = cloud.call("stepfunctions", "CreateStateMachine", request)["stateMachineArn"]
        cloud.call("cloudwatch", "PutMetricAlarm", {
            "AlarmName": "drift", "Namespace": "N", "MetricName": "drift", "Statistic": "Maximum", "Period": 3600,
            "EvaluationPeriods": 1, "Threshold": 0.5, "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        })  # fmt: skip
        begin = clock.now()
        arn = cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": machine, "input": "{}"})["executionArn"]
        real = time.monotonic()
        assert clock.advance_to(begin + 20 * 3600, timeout=60)
        done = cloud.call("stepfunctions", "DescribeExecution", {"executionArn": arn})
        output = json.loads(done["output"])
        assert done["status"] == "SUCCEEDED"
        assert 3 <= output["job"]["Payload"]["slept"] < 10
        assert output["late"]["Error"] == "States.Timeout"
        lasted = (done["stopDate"] - done["startDate"]).total_seconds()
        assert 16 * 3600 + 4 <= lasted < 16 * 3600 + 30
        for day in range(1, 31):  # each day the metric is high for an hour
            assert clock.advance_to(begin + day * 86_400, timeout=60)
            cloud.call("cloudwatch", "PutMetricData", {
                "Namespace": "N", "MetricData": [{"MetricName": "drift", "Value": 0.9}],
            })  # fmt: skip
        assert clock.advance_to(begin + 31 * 86_400, timeout=60)
        asked: dict[str, Any] = {"AlarmName": "drift", "HistoryItemType": "StateUpdate", "MaxRecords": 100}
        changes = cloud.call("cloudwatch", "DescribeAlarmHistory", asked)["AlarmHistoryItems"]
        to_alarm = [one for one in changes if one["HistorySummary"].endswith("to ALARM")]
        assert len(to_alarm) == 30
        assert time.monotonic() - real < 60
