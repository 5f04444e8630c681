"""Dashboards, kept and shown, and the tags of alarms and dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.alarm_records import AlarmTables
from stepfunctions.local.cloudwatch.metrics import Answer, invalid
from stepfunctions.local.database import Database
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ARN = re.compile(r"arn:aws[\w-]*:cloudwatch:(?P<owner>[\w-]*:\d{12}):(?P<kind>alarm:|dashboard/)(?P<name>.+)")
_MOST_TAGS = 50
_LARGEST = 1_048_576


class DashboardOperations:
    """What CloudWatch does with dashboards and tags."""

    _cloud: Cloud
    _database: Database
    _alarms: AlarmTables

    def put_dashboard(self, request: Answer, call: Call) -> Answer:
        """PutDashboard: its body must be JSON; what the widgets say is not checked."""
        name, body = request["DashboardName"], request["DashboardBody"]
        if not _NAME.fullmatch(name):
            raise ServiceError("InvalidParameterInput", f"The name '{name}' may have A-Z, a-z, 0-9, - and _ only")
        if len(body) > _LARGEST:
            raise ServiceError("InvalidParameterInput", "The dashboard body is too large")
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ServiceError("InvalidParameterInput", "The field DashboardBody must be a valid JSON object")
        with self._database.write() as cx:
            row = (call.account, name, body, self._cloud.clock.now())
            made = cx.execute("INSERT OR IGNORE INTO dashboards VALUES (?, ?, ?, ?)", row).rowcount
            cx.execute("INSERT OR REPLACE INTO dashboards VALUES (?, ?, ?, ?)", row)
        if made and request.get("Tags"):
            self._alarms.tag(_arn(call, name), {tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, request: Answer, call: Call) -> Answer:
        """GetDashboard."""
        name = request["DashboardName"]
        row = self._row(call, name)
        if row is None:
            raise ServiceError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return {"DashboardName": name, "DashboardArn": _arn(call, name), "DashboardBody": row}

    def _row(self, call: Call, name: str) -> str | None:
        rows = self._database.read().execute(
            "SELECT body FROM dashboards WHERE owner = ? AND name = ?", (call.account, name)
        )  # fmt: skip
        return next((str(row["body"]) for row in rows), None)

    def list_dashboards(self, request: Answer, call: Call) -> Answer:
        """ListDashboards, in one page."""
        if "NextToken" in request:
            raise invalid("The token is not one of ListDashboards'.")
        prefix = request.get("DashboardNamePrefix", "")
        rows = self._database.read().execute(
            "SELECT name, length(body) AS size, modified FROM dashboards WHERE owner = ? AND substr(name, 1, ?) = ?"
            " ORDER BY name",
            (call.account, len(prefix), prefix),
        )
        entries = [
            {
                "DashboardName": row["name"],
                "DashboardArn": _arn(call, row["name"]),
                "LastModified": moment(row["modified"]),
                "Size": row["size"],
            }
            for row in rows
        ]
        return {"DashboardEntries": entries}

    def delete_dashboards(self, request: Answer, call: Call) -> Answer:
        """DeleteDashboards: all or none."""
        names = request["DashboardNames"]
        unknown = [name for name in names if self._row(call, name) is None]
        if unknown:
            raise ServiceError("ResourceNotFound", f"Dashboards not found: {', '.join(unknown)}", 404)
        with self._database.write() as cx:
            for name in names:
                cx.execute("DELETE FROM dashboards WHERE owner = ? AND name = ?", (call.account, name))
                cx.execute("DELETE FROM tags WHERE arn = ?", (_arn(call, name),))
        return {}

    # --- tags -------------------------------------------------------------------------------------------

    def tag_resource(self, request: Answer, call: Call) -> Answer:
        """TagResource."""
        arn = self._known(request["ResourceARN"], call)
        tags = {**self._alarms.tags(arn), **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
        if len(tags) > _MOST_TAGS:
            raise invalid(f"A resource must not have more than {_MOST_TAGS} tags.")
        self._alarms.tag(arn, tags)
        return {}

    def untag_resource(self, request: Answer, call: Call) -> Answer:
        """UntagResource."""
        self._alarms.untag(self._known(request["ResourceARN"], call), request["TagKeys"])
        return {}

    def list_tags_for_resource(self, request: Answer, call: Call) -> Answer:
        """ListTagsForResource."""
        tags = self._alarms.tags(self._known(request["ResourceARN"], call))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _known(self, arn: str, call: Call) -> str:
        found = _ARN.fullmatch(arn)
        if found is None:
            raise invalid(f"{arn} is not the ARN of an alarm or a dashboard.")
        alarm = found["kind"] == "alarm:"
        if alarm:
            there: object = self._alarms.get(found["owner"], found["name"])
        else:
            there = self._row(call, found["name"])
        if there is None:
            raise ServiceError("ResourceNotFoundException", f"The resource {arn} does not exist.", 404)
        return arn


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:cloudwatch::{call.account}:dashboard/{name}"
