"""The service's limits, and what happens without them: ``LocalClient(limits=False)``, ``Cloud(limits=False)``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepfunctions.asl.document import dumps
from stepfunctions.engine.limits import AWS_LIMITS, NO_LIMITS
from stepfunctions.errors import StateFailed
from stepfunctions.runtime.inprocess import ClientError, LocalClient

ROLE = "arn:aws:iam::123456789012:role/r"
NESTED = "States.Array(" * 11 + "1" + ")" * 11
LARGE = "x" * 300_000


def run(client: Any, definition: dict[str, Any], given: Any = None, name: str = "m") -> dict[str, Any]:
    machine = client.create_state_machine(name=name, definition=dumps(definition), roleArn=ROLE)["stateMachineArn"]
    started = client.start_execution(stateMachineArn=machine, name=name, input=dumps({} if given is None else given))
    described: dict[str, Any] = client.describe_execution(executionArn=started["executionArn"])
    return described


def refused(definition: dict[str, Any], given: Any, name: str) -> str:
    try:
        return str(run(LocalClient(), definition, given, name)["error"])
    except ClientError as error:
        return error.code


LIFTED: list[tuple[str, dict[str, Any], Any, str]] = [
    ("payload", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, LARGE, "m"),
    ("result", {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": LARGE, "End": True}}}, None, "m"),
    ("name", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, None, "n" * 81),
    ("state", {"StartAt": "s" * 81, "States": {"s" * 81: {"Type": "Pass", "End": True}}}, None, "m"),
    ("definition", {"Comment": LARGE * 4, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, None, "m"),
    (
        "nesting",
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"v.$": NESTED}, "End": True}}},
        None,
        "m",
    ),
    ("assign", {"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"v": LARGE}, "End": True}}}, None, "m"),
]


@pytest.mark.parametrize(("definition", "given", "name"), [one[1:] for one in LIFTED], ids=[one[0] for one in LIFTED])
def test_a_limit_holds_and_can_be_lifted(definition: dict[str, Any], given: Any, name: str) -> None:
    assert refused(definition, given, name) in ("States.DataLimitExceeded", "ValidationException", "InvalidDefinition")
    free = LocalClient(limits=False)
    assert free.validate_state_machine_definition(definition=dumps(definition))["result"] == "OK"
    assert run(free, definition, given, name)["status"] == "SUCCEEDED"
    machine = free.list_state_machines()["stateMachines"][0]
    assert free.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"] == dumps(definition)


def test_a_history_without_limits_goes_on_after_25000_events() -> None:
    count = {"Condition": "{% $n < 12600 %}", "Assign": {"n": "{% $n + 1 %}"}, "Next": "L"}
    states = {
        "A": {"Type": "Pass", "Assign": {"n": 0}, "Next": "L"},
        "L": {"Type": "Choice", "Choices": [count], "Default": "Z"},
        "Z": {"Type": "Succeed"},
    }
    looping = {"QueryLanguage": "JSONata", "StartAt": "A", "States": states}
    ended = run(LocalClient(limits=False), looping)
    assert ended["status"] == "SUCCEEDED"


def test_the_variables_of_an_execution_without_limits() -> None:
    states: dict[str, Any] = {
        f"S{index}": {"Type": "Pass", "Assign": {f"v{index}": LARGE[:262_000]}, "Next": f"S{index + 1}"}
        for index in range(41)
    }
    many = {"StartAt": "S0", "States": {**states, "S41": {"Type": "Succeed"}}}
    assert run(LocalClient(limits=False), many)["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="less than or equal to 1048576"):
        run(LocalClient(), many)


def test_values_of_limits() -> None:
    assert AWS_LIMITS.payload == 262_144
    with pytest.raises(StateFailed, match="'S' assigned"):
        AWS_LIMITS.check_stored(10 * 1024 * 1024 + 1, "S")
    AWS_LIMITS.check_stored(10 * 1024 * 1024, "S")
    NO_LIMITS.check_stored(10**9, "S")


@pytest.mark.local
def test_a_cloud_without_limits_takes_what_the_model_bounds(tmp_path: Path) -> None:
    from stepfunctions.errors import ServiceError
    from stepfunctions.local.cloud import Cloud

    request = {"name": "n" * 81, "definition": dumps(LIFTED[4][1]), "roleArn": ROLE}
    with Cloud(tmp_path / "free", limits=False) as free:
        created = free.call("stepfunctions", "CreateStateMachine", request)
        assert created["stateMachineArn"].endswith("n" * 81)
        with pytest.raises(ServiceError, match="satisfy enum value set"):
            free.call("stepfunctions", "CreateStateMachine", {**request, "type": "FAST"})
    with Cloud(tmp_path / "bound") as bound, pytest.raises(ServiceError, match="2 validation errors detected"):
        bound.call("stepfunctions", "CreateStateMachine", request)


@pytest.mark.local
def test_the_option_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from stepfunctions.cli.main import cli
    from stepfunctions.local import server

    asked: list[Any] = []

    def serve(*_args: Any, **options: Any) -> None:
        asked.append(options["limits"])
        raise RuntimeError

    monkeypatch.setattr(server, "run", serve)
    for more in ([], ["--no-limits"]):
        CliRunner().invoke(cli, ["local", "start", "--data-dir", str(tmp_path), *more])
    assert asked == [True, False]
