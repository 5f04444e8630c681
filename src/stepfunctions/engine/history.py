"""History events: append-only, in AWS's types, rendered to the shape of GetExecutionHistory."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

from stepfunctions.asl.document import JSON, Document


class HistoryEvent(NamedTuple):
    """One event as the store keeps it: ``payload`` shares the text of the states' documents."""

    id: int
    """Counts from 1 in each execution, without a gap."""
    previous_id: int
    timestamp: float
    """Epoch seconds."""
    type: str
    name: str | None = None
    """The state's name, where the event's details have one."""
    payload: Document | None = None
    """The input, output or parameters of the event."""
    extra: dict[str, JSON] | None = None
    """The other members of the details, named as in the API (``resource``, ``error``, ``index``)."""


def render(event: HistoryEvent, include_data: bool = True) -> dict[str, Any]:
    """Return the event exactly as boto3's ``get_execution_history`` lists it (``timestamp``: aware, UTC).

    ``include_data=False`` leaves inputs and outputs out, as ``includeExecutionData=False`` does.
    """
    shown: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(event.timestamp, timezone.utc),
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous_id,
    }
    key, payload_name = _details_of(event.type)
    if key is None:
        return shown
    details: dict[str, Any] = {}
    if event.name is not None:
        details["name"] = event.name
    if event.payload is not None and (include_data or payload_name == "parameters"):
        if payload_name == "parameters":
            details[payload_name] = event.payload.text if include_data else ""
        else:
            details[payload_name] = event.payload.text
            details[f"{payload_name}Details"] = {"truncated": False}
    if event.extra:
        details.update(event.extra)
        if "assignedVariables" in event.extra:
            if include_data:
                details["assignedVariablesDetails"] = {"truncated": False}
            else:
                del details["assignedVariables"]
    shown[key] = details
    return shown


_NO_DETAILS = frozenset(
    {
        "ParallelStateStarted",
        "ParallelStateSucceeded",
        "ParallelStateFailed",
        "ParallelStateAborted",
        "MapStateSucceeded",
        "MapStateFailed",
        "MapStateAborted",
        "TaskStateAborted",
        "WaitStateAborted",
        "MapRunSucceeded",
        "MapRunAborted",
        "LambdaFunctionStarted",
    }
)
_INPUTS = frozenset({"ExecutionStarted", "LambdaFunctionScheduled", "ActivityScheduled"})
_known: dict[str, tuple[str | None, str]] = {}


def _details_of(kind: str) -> tuple[str | None, str]:
    """Return the name of the details member of this event type, and of the payload inside it."""
    found = _known.get(kind)
    if found is None:
        if kind in _NO_DETAILS:
            found = (None, "")
        elif kind.endswith("StateEntered"):
            found = ("stateEnteredEventDetails", "input")
        elif kind.endswith("StateExited"):
            found = ("stateExitedEventDetails", "output")
        else:
            payload = "input" if kind in _INPUTS else "parameters" if kind == "TaskScheduled" else "output"
            found = (f"{kind[0].lower()}{kind[1:]}EventDetails", payload)
        _known[kind] = found
    return found
