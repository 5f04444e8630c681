"""What the console's page shows of an execution, made of the answers of a server that is not ours."""

from __future__ import annotations

import json

import boto3
import pytest

from stepfunctions.local.console.answers import respond
from stepfunctions.visual.report import page

ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(("ends", "status"), [("SUCCESS", "RUNNING"), ("FAILURE", "FAILED")])
def test_of_motos_server(monkeypatch: pytest.MonkeyPatch, ends: str, status: str) -> None:
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("SF_EXECUTION_HISTORY_TYPE", ends)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        session = boto3.Session("a", "b", region_name="us-east-1")

        def client(service: str) -> object:
            return session.client(service, endpoint_url=f"http://{host}:{port}")

        states = session.client("stepfunctions", endpoint_url=f"http://{host}:{port}")
        definition = {"StartAt": "A State", "States": {"A State": {"Type": "Pass", "End": True}}}
        machine = states.create_state_machine(name=f"m-{ends}", definition=json.dumps(definition), roleArn=ROLE)
        arn = states.start_execution(stateMachineArn=machine["stateMachineArn"], name="e")["executionArn"]
        document = page.document(states, arn, client, max_items=0)
    finally:
        server.stop()
    shown = json.loads(respond(200, document).body)
    assert (shown["execution"]["name"], shown["execution"]["status"]) == ("e", status)
    assert shown["events"]
    assert "<svg" in shown["svg"]
