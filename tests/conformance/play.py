"""Play a case through a door, and compare."""

from __future__ import annotations

import time
from typing import Any

import botocore.exceptions
import yaml
from tests.conformance.case import ROLE, Case
from tests.conformance.compare import difference, filled, payload, shown
from tests.conformance.doors import InProcess, OverHttp, dumps

from stepfunctions.lint import AWS_RULES, check
from stepfunctions.runtime.inprocess import ClientError

Door = InProcess | OverHttp
_REFUSALS = (ClientError, botocore.exceptions.ClientError)
_READING = ("describe_", "list_")
_PATIENCE = 3.0
"""Seconds in which what a call reads over HTTP must become what the case expects."""


class Mismatch(AssertionError):
    """A case did not end as it should."""


def play(case: Case, door: Door) -> None:
    """Run the case and raise Mismatch at the first difference."""
    values: dict[str, Any] = {"RoleArn": ROLE, "Account": "123456789012", "Region": "us-east-1", "Name": case.name}
    door.tasks.script(case.name, case.mocks)
    for name, content in case.objects.items():
        bucket, _, key = name.removeprefix("s3://").partition("/")
        door.put_object(bucket, key, content if isinstance(content, bytes) else _text(content).encode())
    for call in case.before:
        _call(case, door, call, values)
    if "hints" in case.expect:
        hints = [finding.hint for finding in check(case.definition, rules=AWS_RULES) if finding.hint]
        _expect(case, {"hints": case.expect["hints"]}, {"hints": hints})
    if case.definition is not None and not _create(case, door, values):
        return
    if "MachineArn" in values and case.start:
        _start(case, door, values)
    for call in case.calls:
        _call(case, door, call, values)
        if "ExecutionArn" in values:
            door.wait(values["ExecutionArn"])
    if "ExecutionArn" in values:
        _compare_execution(case, door, values)
    if "cancelled" in case.expect:
        _expect(case, case.expect["cancelled"], door.tasks.cancelled.get(case.name, []), "cancelled")
    if "objects" in case.expect:
        _compare_objects(case, door, values)
    if "logs" in case.expect:
        _compare_logs(case, door, values)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else dumps(document)


def _create(case: Case, door: Door, values: dict[str, Any]) -> bool:
    request = {"name": case.name, "definition": _text(case.definition), "roleArn": ROLE, "type": case.kind}
    try:
        created = door.client.create_state_machine(**{**request, **filled(case.machine, values)})
    except _REFUSALS as error:
        if "refused" not in case.expect:
            raise Mismatch(f"{case.name}: refused: {error}") from None
        _expect(case, {"refused": filled(case.expect["refused"], values)}, {"refused": _refusal(error)})
        return False
    if "refused" in case.expect:
        raise Mismatch(f"{case.name}: was not refused")
    values["MachineArn"] = created["stateMachineArn"]
    return True


def _refusal(error: Any) -> dict[str, str]:
    return {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}


def _start(case: Case, door: Door, values: dict[str, Any]) -> None:
    request = {"stateMachineArn": values["MachineArn"], "name": case.name, "input": _text(case.given)}
    if case.kind == "EXPRESS":
        answer = door.client.start_sync_execution(**request)
        expect = {name: value for name, value in case.expect.items() if name != "objects"}
        actual = {name: answer[name] for name in ("status", "output", "error", "cause") if name in answer}
        _expect(case, filled(expect, values), _parsed(actual))
        return
    values["ExecutionArn"] = door.client.start_execution(**request)["executionArn"]
    door.wait(values["ExecutionArn"])


def _parsed(shown_: dict[str, Any]) -> dict[str, Any]:
    return {name: payload(value) if name == "output" else value for name, value in shown_.items()}


def _call(case: Case, door: Door, call: dict[str, Any], values: dict[str, Any]) -> None:
    """Make one call: ``{call, request, response | error, save}``."""
    assert call.keys() <= {"call", "request", "response", "error", "save"}, f"{case.name}: {call}"
    request = filled(call.get("request", {}), values)
    if call["call"] == "put_object":  # of S3: an object that is there from now on
        door.put_object(request["Bucket"], request["Key"], request["Body"].encode())
        return
    request = _written(request)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _ask(case, door, call, request, values)
            return
        except Mismatch:  # children of a map run start and stop a moment later
            if not door.wire or not call["call"].startswith(_READING) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _ask(case: Case, door: Door, call: dict[str, Any], request: dict[str, Any], values: dict[str, Any]) -> None:
    try:
        answer = getattr(door.client, call["call"])(**request)
    except _REFUSALS as error:
        if "error" not in call:
            raise Mismatch(f"{case.name}: {call['call']}: refused: {error}") from None
        _expect(case, filled(call["error"], values), _refusal(error), call["call"])
        return
    if "error" in call:
        raise Mismatch(f"{case.name}: {call['call']} was not refused")
    answer.pop("ResponseMetadata", None)
    for name, path in call.get("save", {}).items():
        values[name] = _at(answer, path)
    if "response" in call:
        expected = filled(call["response"], values)
        _expect(case, expected, _plain(_cut(answer, expected)), call["call"])


_PAYLOADS = ("input", "output", "definition", "result", "variables", "context")


def _written(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request whose payloads are text; those of a TestState's mock too."""
    return {
        name: dumps(value)
        if name in _PAYLOADS and not isinstance(value, str)
        else _written(value)
        if name == "mock"
        else value
        for name, value in request.items()
    }


def _at(answer: Any, path: str) -> Any:
    """Return what ``events/-1/id`` leads to; a text on the way is read as JSON."""
    for token in path.split("/"):
        answer = payload(answer) if isinstance(answer, str) else answer
        answer = answer[int(token)] if isinstance(answer, list) else answer[token]
    return answer


def _cut(answer: Any, expected: Any) -> Any:
    """Return the members of the answer that the case speaks of; ``null`` says that a member must be absent."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        return {name: _cut(answer.get(name), one) for name, one in expected.items() if name in answer or one is None}
    if isinstance(expected, list) and isinstance(answer, list):
        return [_cut(one, other) for one, other in zip(answer, expected, strict=False)] + answer[len(expected) :]
    if isinstance(answer, str) and not isinstance(expected, (str, type(None))):
        return payload(answer)  # a payload that is written as a document
    return answer


def _plain(answer: Any) -> Any:
    if hasattr(answer, "isoformat"):
        return answer.isoformat().replace("+00:00", "Z")
    if isinstance(answer, dict):
        return {name: _plain(value) for name, value in answer.items()}
    return [_plain(value) for value in answer] if isinstance(answer, list) else answer


def _compare_execution(case: Case, door: Door, values: dict[str, Any]) -> None:
    arn = values["ExecutionArn"]
    described = door.client.describe_execution(executionArn=arn)
    runs = door.client.list_map_runs(executionArn=arn)["mapRuns"]
    if runs:
        values["MapRunArn"] = runs[-1]["mapRunArn"]
    wanted = {name: value for name, value in case.expect.items() if name in ("status", "output", "error", "cause")}
    actual = {name: described[name] for name in ("status", "output", "error", "cause") if name in described}
    _expect(case, filled(wanted, values), _parsed(actual))
    events = history_of(door, arn) if case.expect.keys() & {"history", "times"} else []
    if "times" in case.expect:
        _compare_times(case, events)
    if "history" in case.expect:
        assert [event["id"] for event in events] == list(range(1, len(events) + 1)), case.name
        lines = [shown(event) for event in events]
        _expect(case, filled(case.expect["history"], values), lines, "history")
    if "mapRun" in case.expect or "children" in case.expect:
        _compare_map_run(case, door, values)


def _compare_times(case: Case, events: list[dict[str, Any]]) -> None:
    """Compare the events' seconds since the first one; ``[3, 5]`` is a time from 3 to 5."""
    actual = [round((event["timestamp"] - events[0]["timestamp"]).total_seconds(), 3) for event in events]
    ranges = [one if isinstance(one, list) else [one, one] for one in case.expect["times"]]
    same = len(actual) == len(ranges)
    if not same or any(
        not low - 0.002 <= time <= high + 0.002 for time, (low, high) in zip(actual, ranges, strict=True)
    ):
        raise Mismatch(f"{case.name}: the events' times are {actual}, not {case.expect['times']}")


def history_of(door: Door, arn: str) -> list[dict[str, Any]]:
    """Return all events of an execution."""
    events: list[dict[str, Any]] = []
    request: dict[str, Any] = {"executionArn": arn, "maxResults": 1000}
    while True:
        page = door.client.get_execution_history(**request)
        events += page["events"]
        if not page.get("nextToken"):
            return events
        request["nextToken"] = page["nextToken"]


def _compare_map_run(case: Case, door: Door, values: dict[str, Any]) -> None:
    """Compare the execution's first map run, and its children in the order of their inputs' texts."""
    if "mapRun" in case.expect:
        run = door.client.describe_map_run(mapRunArn=values["MapRunArn"])
        expected = filled(case.expect["mapRun"], values)
        _expect(case, expected, _plain(_cut(run, expected)), "mapRun")
    if "children" in case.expect:
        listed = door.client.list_executions(mapRunArn=values["MapRunArn"])["executions"]
        children = [door.client.describe_execution(executionArn=child["executionArn"]) for child in listed]
        lines = [
            {
                name: payload(child[name]) if name in ("input", "output") else child[name]
                for name in ("status", "input", "output", "error", "cause")
                if name in child
            }
            for child in children
        ]
        lines.sort(key=lambda line: dumps(line["input"]))
        _expect(case, filled(case.expect["children"], values), lines, "children")


def _compare_objects(case: Case, door: Door, values: dict[str, Any]) -> None:
    """Compare ``s3://bucket/key`` (placeholders allowed) -> content; JSON files as documents, others as text.

    All objects below the first folder of an expected key must be expected.
    """
    expected = filled(case.expect["objects"], values)
    actual: dict[str, Any] = {}
    for place in {tuple(name.removeprefix("s3://").split("/")[:2]) for name in expected}:
        for key in door.object_keys(place[0]):
            if key.startswith(place[1]):
                actual[f"s3://{place[0]}/{key}"] = _content(key, door.get_object(place[0], key).decode())
    for name, content in expected.items():
        found = next((key for key in actual if difference(name, key) is None), None)
        if found is None:
            raise Mismatch(f"{case.name}: no object {name}; there are {sorted(actual)}")
        _expect(case, content, actual.pop(found), name)
    if actual:
        raise Mismatch(f"{case.name}: unexpected objects {sorted(actual)}")


def _content(key: str, body: str) -> Any:
    """Return a JSON file as a document (lines of JSON as a list), others as text."""
    if not key.endswith(".json"):
        return body
    try:
        return payload(body)
    except ValueError:
        return [payload(line) for line in body.splitlines()]


def _compare_logs(case: Case, door: Door, values: dict[str, Any]) -> None:
    """Compare what the machine's executions wrote into its log group, as documents."""
    destination = case.machine["loggingConfiguration"]["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    lines = [payload(message) for message in door.log_messages(destination.split(":")[6])]
    own = [line for line in lines if line["execution_arn"].split(":")[6].partition("/")[0] == case.name]
    _expect(case, filled(case.expect["logs"], values), own, "logs")


def _expect(case: Case, expected: Any, actual: Any, where: str = "") -> None:
    found = difference(expected, actual, where)
    if found is not None:
        rendered = yaml.safe_dump(actual, sort_keys=False, width=110, default_flow_style=None)
        raise Mismatch(f"{case.name} ({case.page}): {found}\nIt is:\n{rendered}")
