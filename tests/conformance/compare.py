"""What is expected against what came: placeholders, payloads as documents, nothing left over."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import botocore.session

_HOLES = {
    "<any>": r"[\s\S]*",
    "<uuid>": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
}
_HOLE = re.compile("|".join(map(re.escape, _HOLES)))
_PAYLOADS = ("input", "output", "parameters")


def filled(expected: Any, values: dict[str, Any]) -> Any:
    """Return the expectation with its ``${Name}``s replaced; a string that is only one takes the value itself."""
    if isinstance(expected, str):
        for name, value in values.items():
            if expected == f"${{{name}}}":
                return value
            if isinstance(value, str):
                expected = expected.replace(f"${{{name}}}", value)
        return expected
    if isinstance(expected, list):
        return [filled(one, values) for one in expected]
    if isinstance(expected, dict):
        return {filled(name, values): filled(one, values) for name, one in expected.items()}
    return expected


def difference(expected: Any, actual: Any, where: str = "") -> str | None:
    """Return the first difference as a line of text, None when there is none. 1, 1.0 and true are three values."""
    if isinstance(expected, str) and _HOLE.search(expected):
        pattern = "".join(
            _HOLES.get(part, re.escape(part)) for part in re.split(f"({_HOLE.pattern})", expected) if part
        )
        if expected == "<any>" or (isinstance(actual, str) and re.fullmatch(pattern, actual)):
            return None
        return f"{where}: {actual!r} is not like {expected!r}"
    if isinstance(expected, dict) and isinstance(actual, dict):
        if expected.keys() != actual.keys():
            missing, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
            return f"{where}: missing {sorted(missing)}, unexpected { {name: actual[name] for name in extra} }"
        return next(
            (found for name in expected if (found := difference(expected[name], actual[name], f"{where}/{name}"))), None
        )
    if isinstance(expected, list) and isinstance(actual, list):
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            if found := difference(one, other, f"{where}/{index}"):
                return found
        if len(expected) != len(actual):
            odd = max(actual, expected, key=len)[min(len(actual), len(expected))]
            return f"{where}: {len(actual)} items instead of {len(expected)}: {odd}"
        return None
    same = type(expected) is type(actual) and expected == actual
    return None if same else f"{where}: {actual!r} is not {expected!r}"


def payload(text: str) -> Any:
    """Return the document of a payload's text."""
    return json.loads(text)


_EVENT = botocore.session.get_session().get_service_model("stepfunctions").shape_for("HistoryEvent").members.keys()


def shown(event: dict[str, Any]) -> list[Any]:
    """Return an event of GetExecutionHistory as the cases write it: ``[previous, type, details]``.

    Payloads are documents; ``…Details: {truncated: false}`` beside one goes without saying.
    """
    assert event.keys() <= _EVENT, f"no members of an event: {sorted(event.keys() - _EVENT)}"
    members = {name for name in event if name.endswith("EventDetails")}
    assert len(members) <= 1, f"two details: {event}"
    assert isinstance(event["timestamp"], datetime)
    line: list[Any] = [event["previousEventId"], event["type"]]
    for member in members:
        details = dict(event[member])
        for name in _PAYLOADS:
            if name in details:
                details[name] = payload(details[name]) if details[name] else None
            if name in details and name != "parameters":
                assert details.pop(f"{name}Details") == {"truncated": False}, event
        if "assignedVariables" in details:
            details["assignedVariables"] = {name: payload(text) for name, text in details["assignedVariables"].items()}
            assert details.pop("assignedVariablesDetails") == {"truncated": False}, event
        if details:
            line.append(details)
    return line
