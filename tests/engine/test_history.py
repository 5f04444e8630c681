"""Every event type against botocore's model, and whole histories against golden files."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.history import HistoryEvent, render

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
EVENT = MODEL.shape_for("HistoryEvent")
TYPES: list[str] = list(MODEL.shape_for("HistoryEventType").enum)
WITHOUT_DETAILS = {
    "LambdaFunctionStarted",
    "MapRunAborted",
    "MapRunSucceeded",
    "MapStateAborted",
    "MapStateFailed",
    "MapStateSucceeded",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "ParallelStateStarted",
    "ParallelStateSucceeded",
    "TaskStateAborted",
    "WaitStateAborted",
}
GOLDEN = Path(__file__).parent / "golden"


def check(value: Any, shape: Any, where: str) -> None:
    """Check a value against a botocore shape, key by key."""
    if shape.type_name == "structure":
        assert isinstance(value, dict), where
        assert set(value) <= set(shape.members), f"{where}: {set(value) - set(shape.members)}"
        assert set(shape.required_members) <= set(value), where
        for key, item in value.items():
            check(item, shape.members[key], f"{where}.{key}")
    elif shape.type_name == "map":
        for key, item in value.items():
            check(item, shape.value, f"{where}.{key}")
    else:
        kinds = {"string": str, "long": int, "integer": int, "boolean": bool, "timestamp": datetime.datetime}
        assert isinstance(value, kinds[shape.type_name]), where


@pytest.mark.parametrize("kind", TYPES)
def test_every_event_type_has_its_place_in_the_model(kind: str) -> None:
    shown = render(HistoryEvent(7, 6, 1_700_000_000.25, kind))
    assert shown["timestamp"].isoformat() == "2023-11-14T22:13:20.250000+00:00"
    details = [key for key in shown if key.endswith("EventDetails")]
    assert set(details) <= set(EVENT.members)
    assert (not details) == (kind in WITHOUT_DETAILS)


PAYLOAD = Document({"a": 1})
WHERE = {"resourceType": "lambda", "resource": "invoke"}


@pytest.mark.parametrize(
    "event",
    [
        HistoryEvent(1, 0, 0.0, "ExecutionStarted", None, PAYLOAD, {"roleArn": "r"}),
        HistoryEvent(
            1,
            0,
            0.0,
            "TaskScheduled",
            None,
            PAYLOAD,
            {
                **WHERE,
                "region": "us-east-1",
                "timeoutInSeconds": 1,
                "heartbeatInSeconds": 2,
                "taskCredentials": {"roleArn": "r"},
            },
        ),
        HistoryEvent(1, 0, 0.0, "TaskSucceeded", None, PAYLOAD, WHERE),
        HistoryEvent(1, 0, 0.0, "TaskFailed", None, None, {**WHERE, "error": "e", "cause": "c"}),
        HistoryEvent(1, 0, 0.0, "PassStateExited", "S", PAYLOAD, {"assignedVariables": {"v": "1"}}),
        HistoryEvent(1, 0, 0.0, "MapIterationStarted", "M", None, {"index": 3}),
        HistoryEvent(1, 0, 0.0, "LambdaFunctionScheduled", None, PAYLOAD, {"resource": "arn", "timeoutInSeconds": 3}),
        HistoryEvent(1, 0, 0.0, "MapRunStarted", None, None, {"mapRunArn": "arn"}),
    ],
    ids=lambda event: event.type,
)
@pytest.mark.parametrize("include_data", [True, False])
def test_details_have_the_members_of_the_model(event: HistoryEvent, include_data: bool) -> None:
    shown = render(event, include_data)
    check(shown, EVENT, event.type)
    assert ("a" in json.dumps(shown, default=str).replace("arn", "")) >= include_data
    if not include_data:
        assert '{"a":1}' not in str(shown)


CASES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def test_there_are_golden_histories() -> None:
    assert len(CASES) >= 4


@pytest.mark.parametrize("stored", [False, True], ids=["in memory", "loaded after every step"])
@pytest.mark.parametrize("name", CASES)
def test_golden_history(drive: Any, answers: Any, name: str, stored: bool) -> None:
    """Each file: a definition, an input, what its tasks do, and the history. UPDATE_GOLDEN=1 writes it anew."""
    path = GOLDEN / f"{name}.json"
    case = json.loads(path.read_text())
    script = {
        state: [answers.fails(*reply["fails"]) if "fails" in reply else answers.ok(**reply) for reply in replies]
        for state, replies in case["script"].items()
    }
    run = drive(case["definition"], case["input"], script=script, stored=stored).run()
    for event in run.events:
        check(render(event), EVENT, event.type)
    lines = [_line(event) for event in run.history()]
    if os.environ.get("UPDATE_GOLDEN"):
        case["history"] = lines
        path.write_text(_pretty(case))
    assert lines == case["history"]


def _line(event: dict[str, Any]) -> str:
    """One event as a line: id, previous id, type, details."""
    key = next((key for key in event if key.endswith("EventDetails")), None)
    details = {} if key is None else {name: value for name, value in event[key].items() if not name.endswith("Details")}
    shown = "".join(f" {name}={value}" for name, value in details.items())
    return f"{event['id']:>3} <- {event['previousEventId']:<3} {event['type']}{shown}"


def _pretty(case: dict[str, Any]) -> str:
    parts = [
        f'  "{key}": ' + (json.dumps(value, indent=2).replace("\n", "\n  ") if key == "history" else json.dumps(value))
        for key, value in case.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"
