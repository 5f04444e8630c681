"""What a schedule sends to its target.

Keywords: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from stepfunctions.local.deliveries import Target
from stepfunctions.local.deliveries.targets import UNIVERSAL
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.scheduler.records import ScheduleRow


def deliver(cloud: Cloud, row: ScheduleRow, due: float) -> None:
    """Hand a scheduled time to the deliveries; twice the same is one."""
    target = row.definition["Target"]
    retry = target["RetryPolicy"]
    invocation = uuid.uuid5(uuid.NAMESPACE_URL, f"{row.arn}?{row.created}&{due}")
    time = moment(due).strftime("%Y-%m-%dT%H:%M:%SZ")
    keywords = {
        "schedule-arn": row.arn,
        "scheduled-time": time,
        "execution-id": invocation.hex[:16],
    }
    payload = target.get("Input") or _notification(row, str(invocation), time)
    for keyword, value in keywords.items():
        payload = payload.replace(f"<aws.scheduler.{keyword}>", value)
    cloud.deliveries.add(
        Target(target["Arn"], {name: value for name, value in target.items() if name.endswith("Parameters")}),
        payload,
        role=target["RoleArn"],
        attempts=retry["MaximumRetryAttempts"],
        max_age=retry["MaximumEventAgeInSeconds"],
        dead_letter=target.get("DeadLetterConfig", {}).get("Arn", ""),
        source=row.arn,
        attributes={
            "EXECUTION_ID": keywords["execution-id"],
            "IS_PAYLOAD_TRUNCATED": "false",
            "SCHEDULED_TIME": time,
        },
        id=str(invocation),
    )


def _notification(row: ScheduleRow, invocation: str, time: str) -> str:
    """Return what a target gets that has no Input: a notice, and no parameters where an API is called."""
    if row.definition["Target"]["Arn"].startswith(UNIVERSAL):
        return "{}"
    region, _, account = row.owner.partition(":")
    notice = {
        "version": "0",
        "id": invocation,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": time,
        "region": region,
        "resources": [row.arn],
        "detail": "{}",
    }
    return json.dumps(notice)
