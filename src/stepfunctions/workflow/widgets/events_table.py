"""The table of an execution's history.

Events: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stepfunctions.workflow.widgets.tables import Html, is_nobodys, link, table, text
from stepfunctions.workflow.widgets.utils import get_elapsed_ms, sagemaker_console_link

Event = Mapping[str, Any]

_HEADINGS = ("ID", "Type", "Step", "Resource", "Elapsed time (ms)", "Timestamp", "Details")
_LONGEST_SUMMARY = 60
_JSON_TEXTS = ("input", "output", "parameters", "cause")
"""Details that hold JSON as text. A cause does so when a service wrote it."""
_WHOLE = {"truncated": False}
"""What the service says about each input and output that is all there."""

_SAGEMAKER = {
    "createTrainingJob": ("training job", "jobs", "TrainingJobName"),
    "createTransformJob": ("transform job", "transform-jobs", "TransformJobName"),
    "createProcessingJob": ("processing job", "processing-jobs", "ProcessingJobName"),
    "createHyperParameterTuningJob": ("tuning job", "hyper-tuning-jobs", "HyperParameterTuningJobName"),
    "createModel": ("model", "models", "ModelName"),
    "createEndpointConfig": ("endpoint configuration", "endpointConfig", "EndpointConfigName"),
    "createEndpoint": ("endpoint", "endpoints", "EndpointName"),
    "updateEndpoint": ("endpoint", "endpoints", "EndpointName"),
}
"""SageMaker's actions: what they make, its page in the console, and the parameter that names it."""


class EventsTableWidget:
    """The events of a history as a table. They may be any part of it, in either order, and are not changed."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)

    def show(self) -> str:
        """Return the table's HTML."""
        history = _History.of(self.events)
        return table(_HEADINGS, (_row(event, history) for event in self.events))

    def _repr_html_(self) -> str:
        return self.show()


@dataclass(frozen=True)
class _History:
    """What the row of one event takes from the others."""

    events: Mapping[int, Event]
    steps: Mapping[int, str]
    first: datetime | None
    linked: bool
    """Whether the console has pages of what it made."""

    @classmethod
    def of(cls, events: Sequence[Event]) -> _History:
        from stepfunctions.visual.status import states_of

        times = [event["timestamp"] for event in events if isinstance(event.get("timestamp"), datetime)]
        return cls(
            {event.get("id", 0): event for event in events},
            states_of(events),
            min(times, default=None),
            not any(is_nobodys(_details(event).get("roleArn")) for event in events),
        )


def _row(event: Event, history: _History) -> list[Html]:
    time = event.get("timestamp")
    elapsed = get_elapsed_ms(history.first, time) if history.first and isinstance(time, datetime) else None
    return [
        text(event.get("id")),
        text(event.get("type")),
        text(history.steps.get(event.get("id", 0)) or (event.get("stateExitedEventDetails") or {}).get("name", "")),
        _resource(event, history),
        text(None if elapsed is None else f"{elapsed:.15g}"),
        text(time),
        _details_cell(event),
    ]


def _details(event: Event) -> Mapping[str, Any]:
    return next((value for key, value in event.items() if key.endswith("EventDetails")), None) or {}


def _resource(event: Event, history: _History) -> Html:
    """Return what a task's event is about: a link for what SageMaker makes, else the resource's name."""
    kind = str(event.get("type", ""))
    if not _is_of_a_task(kind):
        return text(None)
    scheduled = _scheduled(event, history.events)
    service, resource = scheduled.get("resourceType"), str(scheduled.get("resource", ""))
    parameters = _decoded(scheduled.get("parameters"))
    parameters = parameters if isinstance(parameters, dict) else {}
    if kind.startswith("LambdaFunction") or service == "lambda":
        arn = parameters.get("FunctionName") if service else resource
        return text(f"Lambda {str(arn or '').rpartition(':function:')[2]}".strip())
    if kind.startswith("Activity"):
        return text(f"Activity {resource.rpartition(':activity:')[2]}".strip())
    made = _SAGEMAKER.get(resource.partition(".")[0]) if service == "sagemaker" else None
    if made is None:
        return text(f"{service}:{resource}" if service else resource or None)
    what, page, name_field = made
    name = parameters.get(name_field)
    if not isinstance(name, str):
        return text(f"SageMaker {what}")
    words = f"SageMaker {what} {name}"
    if not history.linked:
        return text(words)
    return link(sagemaker_console_link(page, name, scheduled.get("region") or ""), words)


def _is_of_a_task(kind: str) -> bool:
    return kind.startswith(("Task", "LambdaFunction", "Activity")) and not kind.startswith("TaskState")


def _scheduled(event: Event, by_id: Mapping[int, Event]) -> Mapping[str, Any]:
    """Return the details of the event that scheduled a task, or the event's own when that one is not there."""
    found = event
    for _ in range(len(by_id)):
        kind = str(found.get("type", ""))
        if kind.endswith("Scheduled"):
            return _details(found)
        before = by_id.get(found.get("previousEventId", 0))
        if before is None or not _is_of_a_task(kind):
            break
        found = before
    return _details(event)


def _details_cell(event: Event) -> Html:
    details = _details(event)
    if not details:
        return Html("")
    details = {key: value for key, value in details.items() if value != _WHOLE}
    decoded = {key: _decoded(value) if key in _JSON_TEXTS else value for key, value in details.items()}
    try:
        short, long = _as_json(decoded), _as_json(decoded, indent=4)
    except RecursionError:  # nested deeper than Python writes: as the service wrote it
        short, long = _as_json(details), _as_json(details, indent=4)
    if len(short) > _LONGEST_SUMMARY:
        short = short[: _LONGEST_SUMMARY - 1] + "…"
    return Html(f"<details><summary>{text(short)}</summary><pre>{text(long)}</pre></details>")


def _decoded(value: Any) -> Any:
    """Return what a JSON text says, and any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # plain words, or nested deeper than Python reads
        return value


def _as_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
