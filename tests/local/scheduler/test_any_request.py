"""Any request is answered, or refused in AWS's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

ARNS = st.sampled_from(
    [
        "arn:aws:sqs:us-east-1:123456789012:q",
        "arn:aws:sqs:us-east-1:123456789012:q.fifo",
        "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        "arn:aws:scheduler:::aws-sdk:",
        "arn:aws:events:us-east-1:123456789012:event-bus/b",
        "arn:aws:scheduler:us-east-1:123456789012:schedule-group/default",
        "arn:aws:iam::123456789012:role/r",
        "arn:::::",
        "x",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | ARNS
    | st.sampled_from(
        ["default", "rate(1 hour)", "cron(0 0 * * ? *)", "at(9999-12-31T23:59:59)", "FLEXIBLE", "/", "a/b"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TARGETS = st.fixed_dictionaries(
    {"Arn": ARNS, "RoleArn": st.just("arn:aws:iam::123456789012:role/r")},
    optional={"Input": st.text(max_size=5), "SqsParameters": VALUES, "EcsParameters": VALUES, "RetryPolicy": VALUES},
)
SCHEDULES = st.fixed_dictionaries(
    {
        "Name": st.sampled_from(["a", "b"]),
        "ScheduleExpression": st.sampled_from(["rate(9999 days)", "at(9999-12-31T23:59:59)", "cron(0 0 1 1 ? 2199)"]),
        "FlexibleTimeWindow": st.sampled_from([{"Mode": "OFF"}, {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}]),
        "Target": TARGETS,
    },
    optional={
        "StartDate": st.integers(-(10**12), 10**12) | st.floats(),
        "EndDate": st.integers(-(10**12), 10**12),
        "ScheduleExpressionTimezone": st.sampled_from(["Asia/Tokyo", "America/Los_Angeles", "nowhere"]),
        "GroupName": st.sampled_from(["default", "none"]),
    },
)
MEMBERS = ["Name", "GroupName", "NextToken", "MaxResults", "ResourceArn", "Tags", "TagKeys", "NamePrefix", "State"]
OPERATIONS = [
    f"{verb}{what}"
    for what, verbs in {
        "Schedule": ("Create", "Get", "Update", "Delete"),
        "ScheduleGroup": ("Create", "Get", "Delete"),
        "Schedules": ("List",),
        "ScheduleGroups": ("List",),
        "Resource": ("Tag", "Untag"),
        "TagsForResource": ("List",),
    }.items()
    for verb in verbs
]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("any"), clock=ManualClock()) as made:
        yield made


def ask(cloud: Cloud, operation: str, request: dict[str, Any]) -> None:
    try:
        cloud.call("scheduler", operation, request)
    except ServiceError as error:
        if error.status >= 500:
            raise


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(OPERATIONS), st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=3))
def test_any_request_is_answered(cloud: Cloud, operation: str, request: dict[str, Any]) -> None:
    ask(cloud, operation, request)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["CreateSchedule", "UpdateSchedule"]), SCHEDULES)
def test_any_schedule_is_kept_or_refused(cloud: Cloud, operation: str, request: dict[str, Any]) -> None:
    ask(cloud, operation, request)
    for one in cloud.call("scheduler", "ListSchedules", {})["Schedules"]:
        cloud.call("scheduler", "GetSchedule", {"Name": one["Name"]})
