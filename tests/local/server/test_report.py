"""Reports of executions on the local cloud through boto3, by the method and by the command; and of moto's server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from stepfunctions.cli.main import cli, run
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Execution

pytestmark = pytest.mark.local
ROLE = "arn:aws:iam::123456789012:role/r"


def document_of(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    inside = text.partition('<script type="application/json" id="document">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(inside)
    return found


def counting(mode: str) -> dict[str, Any]:
    """A Distributed Map of which the items over 7 fail."""
    steps = {
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 7, "Next": "Too many"}],
            "Default": "Good",
        },
        "Good": {"Type": "Pass", "End": True},
        "Too many": {"Type": "Fail", "Error": "TooMany", "Cause": "n is over 7"},
    }
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": mode}, "StartAt": "Check", "States": steps}
    count = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "Label": "count", "End": True}
    return {"StartAt": "Count", "States": {"Count": count}}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(clock="jump") as started:
        yield started


@pytest.fixture
def ended(cloud: LocalCloud) -> Callable[..., Execution]:
    client = cloud.client("stepfunctions")

    def run(name: str, definition: dict[str, Any], given: Any) -> Execution:
        machine = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=f"{name}-1", input=json.dumps(given)
        )
        execution = Execution.attach(started["executionArn"], client)
        execution.wait(60)
        return execution

    return run


ITEMS = {"items": [{"n": number} for number in range(10)]}


@pytest.mark.parametrize("mode", ["STANDARD", "EXPRESS"])
def test_a_map_run_leads_to_the_state_that_failed_in_an_item(
    ended: Callable[..., Execution], tmp_path: Path, mode: str
) -> None:
    execution = ended(f"count-{mode.lower()}", counting(mode), ITEMS)
    document = document_of(execution.report(tmp_path / "run.html", session=boto3.Session("local", "local")))
    (run,) = document["maps"]
    assert run["counts"]["failed"] >= 1
    assert run["complete"] is True
    failed = [item for item in run["items"] if item["status"] == "FAILED"]
    assert {(item["error"], item["cause"]) for item in failed} == {("TooMany", "n is over 7")}
    assert document["failure"]["error"] == "TooMany"
    # the children of an Express Map have no history to ask for
    assert document["failure"]["state"] == ("Too many" if mode == "STANDARD" else "Count")
    assert document["notes"] == []


def test_the_command_writes_the_same(
    cloud: LocalCloud,
    ended: Callable[..., Execution],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    ended("command", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, {"password": "hunter2"})
    place = ["--data-dir", str(cloud.data_dir)]
    done = CliRunner().invoke(cli, ["report", "command-1", "--redact-key", "pass*", *place])
    assert (done.exit_code, done.output) == (0, "command-1.html\n")
    assert "hunter2" not in (tmp_path / "command-1.html").read_text(encoding="utf-8")
    assert run(["report", "command-1", "-o", "no/such/folder/run.html", *place]) == 2
    assert capsys.readouterr().err == "Error: no/such/folder/run.html: No such file or directory\n"
    done = CliRunner().invoke(cli, ["report", "nobody", *place])
    assert done.exit_code == 2
    assert "There is no execution 'nobody'" in done.output


def test_of_motos_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("SF_EXECUTION_HISTORY_TYPE", "FAILURE")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        session = boto3.Session("a", "b", region_name="us-east-1")
        client = session.client("stepfunctions", endpoint_url=f"http://{host}:{port}")
        definition = {"StartAt": "A State", "States": {"A State": {"Type": "Pass", "End": True}}}
        machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)
        arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="e")["executionArn"]
        document = document_of(Execution.attach(arn, client).report(tmp_path / "moto.html", session=session))
    finally:
        server.stop()
    assert document["events"]
    assert document["failure"]["state"] == "A State"
    assert document["execution"]["name"] == "e"


def test_a_workflow_that_a_workflow_started_leads_to_its_failed_state(
    ended: Callable[..., Execution], cloud: LocalCloud, tmp_path: Path
) -> None:
    arns = "arn:aws:states:us-east-1:123456789012:stateMachine:"
    client = cloud.client("stepfunctions")
    bottom = {"StartAt": "Broken", "States": {"Broken": {"Type": "Fail", "Error": "Deep", "Cause": "below"}}}
    client.create_state_machine(name="bottom", definition=json.dumps(bottom), roleArn=ROLE)

    def calling(name: str) -> dict[str, Any]:
        resource = "arn:aws:states:::states:startExecution.sync:2"
        call = {"Type": "Task", "Resource": resource, "Parameters": {"StateMachineArn": arns + name}, "End": True}
        return {"StartAt": f"Call {name}", "States": {f"Call {name}": call}}

    client.create_state_machine(name="middle", definition=json.dumps(calling("bottom")), roleArn=ROLE)
    execution = ended("above", calling("middle"), {})
    failure = document_of(execution.report(tmp_path / "run.html"))["failure"]
    assert (failure["state"], failure["error"], failure["cause"]) == ("Call middle", "Deep", "below")
    assert [one["state"] for one in failure["below"]] == ["Call bottom", "Broken"]
    assert failure["below"][1]["arn"].startswith("arn:aws:states:us-east-1:123456789012:execution:bottom:")
