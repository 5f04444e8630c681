"""Large payloads: the memory of the server does not grow with what it runs, nor with what is read."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from tests.crash.killable import KillableCloud
from tests.faults.conftest import ROLE, wait_for

if not Path("/proc/self/status").exists():
    pytest.skip("memory is read from /proc, which is Linux's", allow_module_level=True)
PAYLOAD, TURNS = 250_000, 250
MOST_MIB = 60
"""How much the server may grow; the texts of this history are 250 MB."""
LOOP = {
    "Add": {"Type": "Pass", "Parameters": {"d.$": "$.d", "n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
    "More": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericLessThan": TURNS, "Next": "Add"}],
        "Default": "Done",
    },
    "Done": {"Type": "Pass", "Result": "done", "End": True},
}


def _peak_mib(server: KillableCloud) -> float:
    pid = json.loads((server.data_dir / "server.json").read_text())["pid"]
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def test_memory_stays_flat(server: KillableCloud) -> None:
    states = server.client("stepfunctions")
    text = json.dumps({"StartAt": "Add", "States": LOOP})
    machine = states.create_state_machine(name="m", definition=text, roleArn=ROLE)["stateMachineArn"]
    before = _peak_mib(server)
    given = json.dumps({"n": 0, "d": "x" * PAYLOAD})
    arn = states.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    wait_for(lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    assert _peak_mib(server) - before < MOST_MIB

    pages = list(_pages(states, arn, includeExecutionData=False))
    ids = [event["id"] for page in pages for event in page]
    assert ids == list(range(1, 4 * TURNS + 5))
    assert len(pages) > 20
    newest = [event for page in itertools.islice(_pages(states, arn, reverseOrder=True), 4) for event in page]
    assert [event["id"] for event in newest] == list(reversed(ids))[: len(newest)]
    assert any(len(json.dumps(event, default=str)) > PAYLOAD for event in newest)
    assert _peak_mib(server) - before < 2 * MOST_MIB


def _pages(states: Any, arn: str, **request: Any) -> Any:
    token: dict[str, str] = {}
    while True:
        page = states.get_execution_history(executionArn=arn, maxResults=1000, **request, **token)
        yield page["events"]
        if "nextToken" not in page:
            return
        token = {"nextToken": page["nextToken"]}
