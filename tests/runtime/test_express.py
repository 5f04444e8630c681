"""Express state machines: what they may not have, synchronous executions, and what is kept of them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from stepfunctions.engine.messages import TaskSucceeded
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.store.express import ExpressStore

ROLE = "arn:aws:iam::123456789012:role/r"
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
COPY = {"P": {"Type": "Pass", "End": True}}


def text(states: dict[str, Any]) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def create(api: Any, states: dict[str, Any], name: str = "x", **given: Any) -> str:
    made = api("CreateStateMachine", name=name, definition=text(states), roleArn=ROLE, type="EXPRESS", **given)
    return str(made["stateMachineArn"])


@pytest.fixture
def express(world: Any) -> Any:
    """A world whose store is that of the local cloud."""
    opened = world._open_store
    world._open_store = lambda: ExpressStore(opened())
    world._boot()
    return world


def test_a_synchronous_execution_is_answered_at_its_end(express: Any, api: Any) -> None:
    arn = create(api, {"W": {"Type": "Wait", "Seconds": 2, "Next": "P"}, **COPY})
    assert api("DescribeStateMachine", stateMachineArn=arn)["type"] == "EXPRESS"
    answer = api("StartSyncExecution", stateMachineArn=arn, name="n", input='{"a": "é"}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"a": "é"})
    assert (answer["name"], answer["stateMachineArn"], json.loads(answer["input"])) == ("n", arn, {"a": "é"})
    assert answer["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:express:x:n:")
    assert (answer["stopDate"] - answer["startDate"]).total_seconds() == 2
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 2000}
    again = api("StartSyncExecution", stateMachineArn=arn, name="n", input='{"a": 2}')
    assert again["executionArn"] != answer["executionArn"], "names may be used again"


def test_a_failed_one_is_answered_too(express: Any, api: Any) -> None:
    arn = create(api, {"F": {"Type": "Fail", "Error": "Late", "Cause": "by an hour"}})
    answer = api("StartSyncExecution", stateMachineArn=arn)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Late", "by an hour")
    assert "output" not in answer


def test_five_minutes_are_the_most(express: Any, api: Any) -> None:
    arn = create(api, {"W": {"Type": "Wait", "Seconds": 301, "End": True}})
    answer = api("StartSyncExecution", stateMachineArn=arn)
    assert answer["status"] == "TIMED_OUT"
    assert (answer["stopDate"] - answer["startDate"]).total_seconds() == 300


def test_of_a_version_and_through_an_alias(express: Any, api: Any) -> None:
    arn = create(api, COPY, publish=True)
    version = f"{arn}:1"
    api("CreateStateMachineAlias", name="a", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])
    for one in (version, f"{arn}:a"):
        assert api("StartSyncExecution", stateMachineArn=one)["stateMachineArn"] == one


def test_a_standard_state_machine_has_none(api: Any) -> None:
    arn = api("CreateStateMachine", name="s", definition=text(COPY), roleArn=ROLE)["stateMachineArn"]
    api.refuses("StateMachineTypeNotSupported", "StartSyncExecution", stateMachineArn=arn)
    api.refuses("StateMachineDoesNotExist", "StartSyncExecution", stateMachineArn=arn + "x")
    api.refuses("InvalidExecutionInput", "StartSyncExecution", stateMachineArn=arn, input="{")


@pytest.mark.parametrize(
    ("state", "path", "words"),
    [
        ({**TASK, "Resource": TASK["Resource"] + ".waitForTaskToken"}, "/States/S/Resource", "'.waitForTaskToken'"),
        ({**TASK, "Resource": "arn:aws:states:::glue:startJobRun.sync"}, "/States/S/Resource", "'.sync' service"),
        (
            {**TASK, "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"},
            "/States/S/Resource",
            "Activity ARN",
        ),
        (
            {
                "Type": "Map",
                "End": True,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "P",
                    "States": COPY,
                },
            },
            "/States/S",
            "DISTRIBUTED",
        ),
    ],
)
def test_what_an_express_state_machine_cannot_have(api: Any, state: dict[str, Any], path: str, words: str) -> None:
    given = {"definition": text({"S": state}), "type": "EXPRESS"}
    if ".waitForTaskToken" in str(state):
        state["Parameters"] = {"MessageBody": {"t.$": "$$.Task.Token"}}
        given["definition"] = text({"S": state})
    message = api.refuses("InvalidDefinition", "CreateStateMachine", name="x", roleArn=ROLE, **given)
    assert f"Express state machine does not support {words}" in message or words in message
    assert path in message
    diagnosed = api("ValidateStateMachineDefinition", **given)
    assert [one["location"] for one in diagnosed["diagnostics"]] == [path]
    assert api("ValidateStateMachineDefinition", definition=given["definition"])["result"] == "OK"


def test_inner_states_are_looked_at_too(api: Any) -> None:
    sync = {**TASK, "Resource": "arn:aws:states:::glue:startJobRun.sync"}
    inner = {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "T", "States": {"T": sync}}]}
    api.refuses(
        "InvalidDefinition", "CreateStateMachine", name="x", roleArn=ROLE, definition=text({"S": inner}), type="EXPRESS"
    )


def test_an_update_cannot_bring_them_in(api: Any) -> None:
    arn = create(api, COPY)
    sync = text({"S": {**TASK, "Resource": "arn:aws:states:::glue:startJobRun.sync"}})
    api.refuses("InvalidDefinition", "UpdateStateMachine", stateMachineArn=arn, definition=sync)


def test_nothing_can_be_asked_about_an_asynchronous_execution(express: Any, api: Any) -> None:
    arn = create(api, COPY)
    execution = api("StartExecution", stateMachineArn=arn, name="e")["executionArn"]
    express.runner.pump()
    for operation in ("DescribeExecution", "GetExecutionHistory", "StopExecution"):
        message = api.refuses("InvalidArn", operation, executionArn=execution)
        assert "Resource type not valid in this context: express" in message
    api.refuses("StateMachineTypeNotSupported", "ListExecutions", stateMachineArn=arn)


def test_a_state_machine_goes_when_its_last_execution_has_ended(express: Any, api: Any) -> None:
    arn = create(api, {"T": TASK})
    api("StartExecution", stateMachineArn=arn)
    express.runner.pump()
    api("DeleteStateMachine", stateMachineArn=arn)
    assert api("DescribeStateMachine", stateMachineArn=arn)["status"] == "DELETING"
    express.tasks.succeed({})
    express.runner.pump()
    api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=arn)


def test_a_retry_an_inline_map_and_a_task(express: Any, api: Any) -> None:
    inner = {"StartAt": "T", "States": {"T": {**TASK, "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 7}]}}}
    arn = create(api, {"M": {"Type": "Map", "End": True, "ItemProcessor": inner}})
    failed: list[str] = []

    def answer(call: Any) -> Any:
        if call.key not in failed and len(failed) < 1:
            failed.append(call.key)
            express.tasks.fail("Busy", call)
            return None
        return TaskSucceeded(call.command.branch, call.command.attempt, call.command.arguments)

    express.tasks.answer = answer
    ended = api("StartSyncExecution", stateMachineArn=arn, input="[1, 2]")
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", [1, 2])
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() == 7


def test_only_the_latest_ended_ones_are_kept(express: Any, api: Any) -> None:
    arn = create(api, COPY)
    started = [api("StartExecution", stateMachineArn=arn)["executionArn"] for _ in range(300)]
    express.runner.pump()
    kept = [express.store.executions.load(one) is not None for one in started]
    assert kept == [False] * 44 + [True] * 256
    assert express.store.executions.history(started[-1]) == []


def test_standard_executions_beside_them_are_durable(express: Any, api: Any) -> None:
    create(api, COPY)
    standard = express.create({"T": TASK}, "standard")
    waits = express.begin(standard)
    express.runner.pump()
    express.restart()
    assert [call.key for call in express.tasks.resumed] == [f"{waits}/1/1"]
    express.tasks.succeed([1])
    express.runner.pump()
    assert express.output(waits) == [1]
    assert "ExecutionSucceeded" in express.types(waits)


def test_synchronous_executions_at_the_same_time(express: Any) -> None:
    class AtOnce:
        def start(self, call: Any) -> None:
            call.report(TaskSucceeded(call.command.branch, call.command.attempt, call.command.arguments))

        resume = start

        def cancel(self, call: Any) -> None: ...

    express.threaded(AtOnce())
    arn = express.api.create_state_machine(
        {"name": "x", "definition": text({"T": TASK}), "roleArn": ROLE, "type": "EXPRESS"}
    )["stateMachineArn"]
    outputs: list[str] = []

    def call(number: int) -> None:
        answer = express.api.start_sync_execution({"stateMachineArn": arn, "input": str(number)})
        outputs.append(answer["output"])

    threads = [threading.Thread(target=call, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, outputs)) == list(range(40))
    express.runner.stop()


def test_an_execution_that_never_ends_is_said_to(express: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = create(api, COPY)
    monkeypatch.setattr(express.runner, "wait_for", lambda _arn, _timeout: False)
    monkeypatch.setattr(express.runner, "begin", lambda _execution: None)
    with pytest.raises(ServiceError, match="InternalFailure"):
        express.api.start_sync_execution({"stateMachineArn": arn})
