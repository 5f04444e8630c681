"""Drift: what became of a stack's resources outside of it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.local.cloudformation.handlers import handler_of
from stepfunctions.local.cloudformation.reading import Reading
from stepfunctions.local.cloudformation.records import Body, Stack
from stepfunctions.local.cloudformation.stacks import UPDATABLE
from stepfunctions.local.cloudformation.texts import invalid
from stepfunctions.local.cloudformation.views import page, present
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_MISSING = object()


class Drift(Reading):
    """The operations on drift. A detection is done before its answer."""

    def detect_stack_drift(self, request: Body, call: Call) -> Body:
        """DetectStackDrift of a stack's resources, or of some."""
        stack = self.found(request["StackName"], call)
        if stack.status not in UPDATABLE | {"UPDATE_ROLLBACK_FAILED"}:
            raise invalid(f"Drift detection cannot be performed on stack [{stack.name}] in status {stack.status}")
        rows = self._tables.resources(stack)
        only = request.get("LogicalResourceIds", list(rows))
        unknown = [name for name in only if name not in rows]
        if unknown:
            raise invalid(f"Resources [{', '.join(unknown)}] do not exist for stack {stack.name}")
        found = [self._compared(stack, name, rows[name]) for name in only]
        drifted = sum(one["StackResourceDriftStatus"] in ("MODIFIED", "DELETED") for one in found)
        number, now = str(uuid.uuid4()), self._cloud.clock.now()
        status = "DRIFTED" if drifted else "IN_SYNC"
        with self._tables.write():
            doc = {"stack": stack.arn, "status": status, "drifted": drifted, "time": now, "resources": found}
            self._tables.put_drift(number, stack, doc)
            stack = self._tables.stack_of(stack.id)
            stack.doc["drift"] = {"status": status, "time": now}
            self._tables.save(stack)
        return {"StackDriftDetectionId": number}

    def detect_stack_resource_drift(self, request: Body, call: Call) -> Body:
        """DetectStackResourceDrift."""
        stack, name = self.found(request["StackName"], call), request["LogicalResourceId"]
        row = self._tables.resources(stack).get(name)
        if row is None:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDrift": self._view(stack, self._compared(stack, name, row))}

    def describe_stack_drift_detection_status(self, request: Body, _call: Call) -> Body:
        """DescribeStackDriftDetectionStatus."""
        number = request["StackDriftDetectionId"]
        doc = self._tables.drift(number)
        if doc is None:
            raise invalid(f"Drift detection with id {number} does not exist")
        return {
            "StackId": doc["stack"],
            "StackDriftDetectionId": number,
            "StackDriftStatus": doc["status"],
            "DetectionStatus": "DETECTION_COMPLETE",
            "DriftedStackResourceCount": doc["drifted"],
            "Timestamp": moment(doc["time"]),
        }

    def describe_stack_resource_drifts(self, request: Body, call: Call) -> Body:
        """DescribeStackResourceDrifts: what the last detection found."""
        stack = self.found(request["StackName"], call)
        wanted = request.get("StackResourceDriftStatusFilters")
        doc = self._tables.latest_drift(stack) or {"resources": []}
        found = [one for one in doc["resources"] if not wanted or one["StackResourceDriftStatus"] in wanted]
        shown, more = page(found, request, request.get("MaxResults", 100))
        return {"StackResourceDrifts": [self._view(stack, one) for one in shown]} | more

    def _view(self, stack: Stack, one: Body) -> Body:
        return present({**one, "StackId": stack.arn, "Timestamp": moment(one["Timestamp"])})

    def _compared(self, stack: Stack, name: str, row: Body) -> Body:
        handler = handler_of(row["type"])
        answer: Body = {
            "LogicalResourceId": name,
            "PhysicalResourceId": row["physical"],
            "ResourceType": row["type"],
            "StackResourceDriftStatus": "NOT_CHECKED",
            "PropertyDifferences": [],
            "Timestamp": self._cloud.clock.now(),
        }
        if handler is None or not handler.readable:
            return answer
        context = self._engine.workshop.context(stack, name, row["unique"], again=False)
        live = handler.read(context, row["physical"], row["properties"])
        expected = row["properties"]
        answer["ExpectedProperties"] = json.dumps(expected)
        if live is None:
            return answer | {"StackResourceDriftStatus": "DELETED"}
        actual = {key: one for key, one in live.items() if key in expected}
        differences = _differences(expected, actual, "")
        return answer | {
            "ActualProperties": json.dumps(actual, default=str),
            "PropertyDifferences": differences,
            "StackResourceDriftStatus": "MODIFIED" if differences else "IN_SYNC",
        }


def _differences(expected: Any, actual: Any, path: str) -> list[Body]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key in sorted({*expected, *actual}):
            found += _differences(expected.get(key, _MISSING), actual.get(key, _MISSING), f"{path}/{key}")
        return found
    if expected is not _MISSING and actual is not _MISSING and _text(expected) == _text(actual):
        return []
    kind = "ADD" if expected is _MISSING else "REMOVE" if actual is _MISSING else "NOT_EQUAL"
    return [
        {
            "PropertyPath": path,
            "ExpectedValue": "null" if expected is _MISSING else _text(expected),
            "ActualValue": "null" if actual is _MISSING else _text(actual),
            "DifferenceType": kind,
        }
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
