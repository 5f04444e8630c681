"""The events that SageMaker puts on the bus.

Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

# A kind of resource, as in its ARN -> what AWS calls it in the type of an event, and the member with its status.
KINDS = MappingProxyType(
    {
        "training-job": ("Training Job", "TrainingJobStatus"),
        "processing-job": ("Processing Job", "ProcessingJobStatus"),
        "model": ("Model", ""),
        "endpoint-config": ("Endpoint Config", ""),
        "endpoint": ("Endpoint", "EndpointStatus"),
        "model-package": ("Model Package", "ModelPackageStatus"),
    }
)
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
"""The type of the event that tells how far an endpoint's update is."""
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def statuses(kind: str, record: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what must change for an event: the status and the secondary status."""
    return record.get(KINDS.get(kind, ("", ""))[1]), record.get("SecondaryStatus")


def stage(record: Mapping[str, Any]) -> Any:
    """Return what must change for an event of an endpoint's deployment: its variants' statuses."""
    return record.get("PendingDeploymentSummary")


def detail_type(kind: str) -> str:
    """Return the type of a kind's events."""
    return f"SageMaker {KINDS[kind][0]} State Change"


def detail_of(kind: str, record: Mapping[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """Return an event's detail: what Describe shows, with times in milliseconds and the tags as an object.

    The status of an endpoint is written ``IN_SERVICE`` there, and not ``InService``.
    """
    detail: dict[str, Any] = {name: _plain(value) for name, value in record.items()}
    if kind == "endpoint":
        detail["EndpointStatus"] = _WORD.sub("_", detail["EndpointStatus"]).upper()
    return {**detail, "Tags": {tag["Key"]: tag["Value"] for tag in tags}}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
