"""The attributes of queues: what they may be, and what a queue has that was given none.

API reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stepfunctions.errors import ServiceError

DEFAULTS = MappingProxyType(
    {
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }
)
FIFO_DEFAULTS = MappingProxyType(
    {"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
)
_NUMBERS = MappingProxyType(
    {
        "VisibilityTimeout": (0, 43_200),
        "MaximumMessageSize": (1024, 1_048_576),
        "MessageRetentionPeriod": (60, 1_209_600),
        "DelaySeconds": (0, 900),
        "ReceiveMessageWaitTimeSeconds": (0, 20),
        "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    }
)
_WORDS = MappingProxyType(
    {
        "FifoQueue": ("true", "false"),
        "ContentBasedDeduplication": ("true", "false"),
        "SqsManagedSseEnabled": ("true", "false"),
        "DeduplicationScope": ("messageGroup", "queue"),
        "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    }
)
_DOCUMENTS = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy"})
_FIFO_ONLY = frozenset({"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})


def checked(name: str, given: Mapping[str, str], *, new: bool) -> dict[str, str]:
    """Return the attributes of a queue as they are kept. Raises ServiceError for what none can be."""
    fifo = name.endswith(".fifo")
    if new and (given.get("FifoQueue") == "true") != fifo:
        raise ServiceError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length; a FIFO queue's "
            "name ends with .fifo and its FifoQueue is true",
        )
    for key, value in given.items():
        if (key in _FIFO_ONLY and not fifo) or (key == "FifoQueue" and not new):
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {key}.")
        if not _fits(key, value):
            raise ServiceError("InvalidAttributeValue", f"Invalid value for the parameter {key}.")
    return {key: value for key, value in given.items() if not (key == "FifoQueue" and value == "false")}


def _fits(key: str, value: str) -> bool:
    if key in _NUMBERS:
        low, high = _NUMBERS[key]
        return value.isdecimal() and value.isascii() and len(value) < 8 and low <= int(value) <= high
    if key in _WORDS:
        return value in _WORDS[key]
    if key in _DOCUMENTS and value:
        document = _document(value)
        return isinstance(document, dict) and (key != "RedrivePolicy" or _redrives(document))
    return key == "KmsMasterKeyId" or key in _DOCUMENTS


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _redrives(policy: dict[str, Any]) -> bool:
    count = str(policy.get("maxReceiveCount", ""))
    return (
        set(policy) == {"deadLetterTargetArn", "maxReceiveCount"}
        and str(policy["deadLetterTargetArn"]).startswith("arn:aws:sqs:")
        and count.isdecimal()
        and 1 <= int(count) <= 1000
    )


def redrive(attributes: Mapping[str, str]) -> tuple[str, int] | None:
    """Return a queue's dead-letter queue (its ARN) and how often a message may be received before it goes there."""
    text = attributes.get("RedrivePolicy")
    if not text:
        return None
    policy = json.loads(text)
    return str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
