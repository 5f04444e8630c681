"""What executions log: by level, cut off where it is too long, after updates and for versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.runtime.logs import is_logged, line_of

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


def settings(level: str, group: str = "g") -> dict[str, Any]:
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
    return {"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def types(client: LocalClient, group: str = "g") -> list[str]:
    return [json.loads(line)["type"] for line in client.logs[group]]


@pytest.mark.parametrize(
    ("event", "levels"),
    [
        ("PassStateEntered", "ALL"),
        ("ExecutionStarted", "ALL"),
        ("ExecutionSucceeded", "ALL"),
        ("TaskSubmitFailed", "ALL ERROR"),
        ("EvaluationFailed", "ALL ERROR"),
        ("TaskTimedOut", "ALL ERROR"),
        ("WaitStateAborted", "ALL ERROR"),
        ("FailStateEntered", "ALL ERROR"),
        ("ExecutionFailed", "ALL ERROR FATAL"),
        ("ExecutionAborted", "ALL ERROR FATAL"),
        ("ExecutionTimedOut", "ALL ERROR FATAL"),
    ],
)
def test_levels(event: str, levels: str) -> None:
    assert [level for level in ("ALL", "ERROR", "FATAL", "OFF") if is_logged(event, level)] == levels.split()


def test_an_update_changes_what_is_logged_and_where() -> None:
    client = LocalClient()
    request = {"name": "m", "definition": PASS, "roleArn": ROLE}
    arn = client.create_state_machine(**request, loggingConfiguration=settings("OFF"))["stateMachineArn"]
    for logging in (None, settings("ALL"), settings("ALL", "other"), settings("OFF")):
        if logging:
            client.update_state_machine(stateMachineArn=arn, loggingConfiguration=logging)
        client.start_execution(stateMachineArn=arn)
        client.run_until_idle()
    assert types(client) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert types(client, "other") == types(client)


def test_a_version_logs_as_it_was_published() -> None:
    client = LocalClient()
    made = client.create_state_machine(
        name="m", definition=PASS, roleArn=ROLE, publish=True, loggingConfiguration=settings("ALL")
    )
    client.update_state_machine(stateMachineArn=made["stateMachineArn"], loggingConfiguration=settings("OFF"))
    client.start_execution(stateMachineArn=made["stateMachineArn"])
    client.run_until_idle()
    assert types(client) == []
    client.start_execution(stateMachineArn=made["stateMachineVersionArn"])
    client.run_until_idle()
    assert len(types(client)) == 4


def test_long_payloads_are_cut_off() -> None:
    execution = Execution("arn", "e", "m-arn", "m", ROLE, Document({}), 1.0)
    event = HistoryEvent(2, 1, 1.5, "PassStateEntered", "P", Document("é" * 200_000))
    details = json.loads(line_of(execution, event, True))["details"]
    assert details["inputDetails"] == {"truncated": True}
    assert 200_000 < len(json.dumps(details["input"], ensure_ascii=False).encode()) <= 248 * 1024
    assert json.loads(line_of(execution, event, False))["details"] == {"name": "P"}


def test_a_broken_sink_does_not_stop_an_execution(caplog: pytest.LogCaptureFixture) -> None:
    client = LocalClient()
    made = client.create_state_machine(name="m", definition=PASS, roleArn=ROLE, loggingConfiguration=settings("ALL"))
    client.logs["g"] = None  # type: ignore[assignment]
    started = client.start_execution(stateMachineArn=made["stateMachineArn"])
    assert client.describe_execution(executionArn=started["executionArn"])["status"] == "SUCCEEDED"
    assert "could not be logged" in caplog.text
