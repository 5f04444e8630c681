"""What PutEvents takes: its checks of each entry, and the event that comes of it.

API page: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from stepfunctions.asl.document import is_deeper

_DEEPEST = 200
LONGEST = 256 * 1024
"""Bytes of the entries of one request, counted as AWS counts them."""
Event = dict[str, Any]
Entry = dict[str, Any]


def size_of(entry: Entry) -> int:
    """Return the bytes of an entry.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", ())]
    return 14 * ("Time" in entry) + sum(len(text.encode()) for text in texts)


def problem_of(entry: Entry) -> dict[str, str] | None:
    """Return why an entry is no event (``ErrorCode``, ``ErrorMessage``), or None."""
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            reason = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if entry["Source"].startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    if _object(entry["Detail"]) is None:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def _object(text: str) -> dict[str, Any] | None:
    """Return the JSON object of a text, None where it is none or nested too deeply to be worked with."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not is_deeper(value, _DEEPEST) else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def made(
    *,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: Sequence[str],
    account: str,
    region: str,
    time: float,
) -> Event:
    """Return an event as rules and targets see it, its members in AWS's order."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }
