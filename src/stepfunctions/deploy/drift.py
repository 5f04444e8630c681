"""Drift: what was changed in a stack's resources outside of it.

User guide: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stepfunctions.deploy.bootstrap import described_stack
from stepfunctions.deploy.deployment import DeploymentFailed, Place


@dataclass(frozen=True, kw_only=True)
class PropertyDifference:
    """A property that is not what the template says. ``path``: a JSON Pointer into the resource's properties."""

    path: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.path}: {self.expected} -> {self.actual}"


@dataclass(frozen=True, kw_only=True)
class ResourceDrift:
    """A resource that was changed or deleted. ``status``: ``MODIFIED`` or ``DELETED``."""

    resource: str
    type: str
    status: str
    differences: tuple[PropertyDifference, ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.resource} ({self.type})"


def drift(name: str, place: Place) -> tuple[ResourceDrift, ...]:
    """Compare a stack's resources with its template, and return those that differ. Nothing is changed.

    CloudFormation compares only the properties that the template says, and only the types of resources that it can.
    Raises ValueError when there is no such stack, DeploymentFailed when CloudFormation cannot compare it.
    """
    cloudformation = place.client("cloudformation")
    if described_stack(name, cloudformation) is None:
        raise ValueError(f"There is no stack '{name}' in the environment '{place.environment.name}'.")
    detection = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    while found["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        place.pause(place.seconds)
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    if found["DetectionStatus"] == "DETECTION_FAILED":
        reason = found.get("DetectionStatusReason", "CloudFormation does not say why.")
        raise DeploymentFailed(f"The stack '{name}' cannot be compared with its template: {reason}")
    return tuple(_drift(one) for one in _drifts(name, cloudformation))


def _drifts(name: str, cloudformation: Any) -> Iterator[dict[str, Any]]:
    asked = {"StackName": name, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    while True:
        found = cloudformation.describe_stack_resource_drifts(**asked)
        yield from found["StackResourceDrifts"]
        if not found.get("NextToken"):
            return
        asked["NextToken"] = found["NextToken"]


def _drift(found: dict[str, Any]) -> ResourceDrift:
    differences = tuple(
        PropertyDifference(path=one["PropertyPath"], expected=one["ExpectedValue"], actual=one["ActualValue"])
        for one in found.get("PropertyDifferences", ())
    )
    return ResourceDrift(
        resource=found["LogicalResourceId"],
        type=found["ResourceType"],
        status=found["StackResourceDriftStatus"],
        differences=differences,
    )
