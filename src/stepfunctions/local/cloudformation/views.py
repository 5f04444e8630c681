"""Rows as the API shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from stepfunctions.local.cloudformation.parameters import shown
from stepfunctions.local.cloudformation.records import Body, Stack
from stepfunctions.local.cloudformation.texts import invalid
from stepfunctions.runtime.clock import moment

T = TypeVar("T")


def present(answer: Body) -> Body:
    """Return an answer without the members that have no value."""
    return {name: value for name, value in answer.items() if value is not None}


def tag_list(tags: dict[str, str]) -> list[Body]:
    """Return tags as a list."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(found: Sequence[T], request: Body, size: int) -> tuple[Sequence[T], Body]:
    """Return a page, and NextToken where there is more. Raises ServiceError for a token that is none of ours."""
    token = request.get("NextToken", "0")
    if not token.isdecimal() or not token.isascii() or len(token) > 12:
        raise invalid("NextToken is not valid")
    first = int(token)
    return found[first : first + size], {"NextToken": str(first + size)} if first + size < len(found) else {}


def stack_view(stack: Stack, description: str | None) -> Body:
    """Return a stack as DescribeStacks shows it."""
    doc = stack.doc
    desired = doc.get("desired", {})
    return present(
        {
            "StackId": stack.arn,
            "StackName": stack.name,
            "ChangeSetId": doc.get("change"),
            "Description": description,
            "Parameters": shown(desired.get("parameters", [])),
            "CreationTime": moment(doc["created"]),
            "DeletionTime": moment(doc["deleted"]) if "deleted" in doc else None,
            "LastUpdatedTime": moment(doc["updated"]) if "updated" in doc else None,
            "RollbackConfiguration": {},
            "StackStatus": stack.status,
            "StackStatusReason": doc.get("reason"),
            "DisableRollback": doc.get("disable_rollback", False),
            "NotificationARNs": desired.get("notifications", []),
            "TimeoutInMinutes": doc.get("timeout"),
            "Capabilities": desired.get("capabilities", []),
            "Outputs": doc.get("outputs", []),
            "RoleARN": desired.get("role"),
            "Tags": tag_list(desired.get("tags", {})),
            "EnableTerminationProtection": doc.get("termination", False),
            "DriftInformation": drift_view(doc.get("drift")),
        }
    )


def summary_view(stack: Stack, description: str | None) -> Body:
    """Return a stack as ListStacks shows it."""
    whole = stack_view(stack, None)
    names = (
        "StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus", "StackStatusReason",
        "DriftInformation",
    )  # fmt: skip
    return present({name: whole.get(name) for name in names} | {"TemplateDescription": description})


def drift_view(drift: Any) -> Body:
    """Return what is known of a stack's drift."""
    if drift is None:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": drift["status"], "LastCheckTimestamp": moment(drift["time"])}


def resource_view(stack: Stack, name: str, row: Body, *, detail: bool = False, summary: bool = False) -> Body:
    """Return a resource as DescribeStackResource(s) and ListStackResources show it."""
    drift = row.get("drift")
    view: Body = {
        "LogicalResourceId": name,
        "PhysicalResourceId": row["physical"] or None,
        "ResourceType": row["type"],
        "LastUpdatedTimestamp" if detail or summary else "Timestamp": moment(row["updated"]),
        "ResourceStatus": row["status"],
        "ResourceStatusReason": row.get("reason"),
        "DriftInformation": {"StackResourceDriftStatus": drift or "NOT_CHECKED"},
    }
    if not summary:
        view |= {"StackName": stack.name, "StackId": stack.arn}
    if detail and row.get("metadata") is not None:
        view["Metadata"] = json.dumps(row["metadata"])
    return present(view)
