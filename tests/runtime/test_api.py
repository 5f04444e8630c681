"""Every operation of the API: its answers fit botocore's shapes, its refusals have AWS's codes."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import TaskSucceeded
from stepfunctions.errors import ServiceError

PREFIX = "arn:aws:states:us-east-1:123456789012"
PASS = {"Type": "Pass"}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
TOKEN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Parameters": {"MessageBody": {"t.$": "$$.Task.Token"}},
}


def text(states: dict[str, Any]) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


DEFINITION = text({"P": {**PASS, "End": True}})
ROLE = "arn:aws:iam::123456789012:role/r"


# --- state machines -------------------------------------------------------------------------------------


def test_create_describe_list_update_delete(world: Any, api: Any) -> None:
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}}
    logging = {"level": "ALL", "includeExecutionData": True, "destinations": [group]}
    created = api("CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE, loggingConfiguration=logging)
    arn = created["stateMachineArn"]
    assert arn == f"{PREFIX}:stateMachine:m"
    assert created["creationDate"] == datetime.fromtimestamp(world.clock.now(), timezone.utc)
    described = api("DescribeStateMachine", stateMachineArn=arn)
    assert described["definition"] == DEFINITION
    assert (described["status"], described["type"], described["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    assert described["loggingConfiguration"] == logging
    assert described["tracingConfiguration"] == {"enabled": False}
    world.clock.advance(5)
    other = text({"Q": {**PASS, "End": True}})
    updated = api("UpdateStateMachine", stateMachineArn=arn, definition=other)
    assert updated["updateDate"] == datetime.fromtimestamp(world.clock.now(), timezone.utc)
    after = api("DescribeStateMachine", stateMachineArn=arn)
    assert (after["definition"], after["roleArn"], after["creationDate"]) == (other, ROLE, created["creationDate"])
    assert after["revisionId"] == updated["revisionId"]
    assert "revisionId" not in described, "the first revision has none"
    for name in ("z", "a"):
        api("CreateStateMachine", name=name, definition=DEFINITION, roleArn=ROLE)
    first = api("ListStateMachines", maxResults=2)
    assert [one["name"] for one in first["stateMachines"]] == ["a", "m"]
    rest = api("ListStateMachines", maxResults=2, nextToken=first["nextToken"])
    assert [one["name"] for one in rest["stateMachines"]] == ["z"]
    assert "nextToken" not in rest
    api("DeleteStateMachine", stateMachineArn=arn)
    api("DeleteStateMachine", stateMachineArn=arn)
    assert arn in api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=arn)
    assert [one["name"] for one in api("ListStateMachines")["stateMachines"]] == ["a", "z"]


def test_creating_again_is_idempotent_or_refused(world: Any, api: Any) -> None:
    first = api("CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE)
    world.clock.advance(10)
    again = api(
        "CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE + "2", tags=[{"key": "a", "value": "b"}]
    )
    assert again == first
    assert api("DescribeStateMachine", stateMachineArn=first["stateMachineArn"])["roleArn"] == ROLE
    message = api.refuses(
        "StateMachineAlreadyExists",
        "CreateStateMachine",
        name="m",
        roleArn=ROLE,
        definition=text({"Q": {**PASS, "End": True}}),
    )
    assert first["stateMachineArn"] in message


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "a\n", "é?"])
def test_bad_names(api: Any, name: str) -> None:
    api.refuses("InvalidName", "CreateStateMachine", name=name, definition=DEFINITION, roleArn=ROLE)


def test_a_name_over_80_characters(api: Any) -> None:
    name = "x" * 81
    message = api.refuses("ValidationException", "CreateStateMachine", name=name, definition=DEFINITION, roleArn=ROLE)
    assert message.startswith(f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: ")


def test_wrong_definitions_are_refused_with_every_problem(api: Any) -> None:
    wrong = text({"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Wait", "Secnods": 1, "End": True}})
    message = api.refuses("InvalidDefinition", "CreateStateMachine", name="m", definition=wrong, roleArn=ROLE)
    assert message.startswith("Invalid State Machine Definition: '")
    assert "/States/A/Next" in message
    assert "/States/B" in message
    path = text({"A": {"Type": "Pass", "InputPath": "$.[", "End": True}})
    assert "/States/A/InputPath" in api.refuses(
        "InvalidDefinition", "CreateStateMachine", name="m", definition=path, roleArn=ROLE
    )
    cut = api.refuses("InvalidDefinition", "CreateStateMachine", name="m", definition="{", roleArn=ROLE)
    assert "INVALID_JSON_DESCRIPTION: Unexpected end-of-input" in cut
    arn = api("CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    api.refuses("InvalidDefinition", "UpdateStateMachine", stateMachineArn=arn, definition=wrong)


def test_validate(api: Any) -> None:
    assert api("ValidateStateMachineDefinition", definition=DEFINITION) == {
        "result": "OK",
        "diagnostics": [],
        "truncated": False,
    }
    wrong = text({"A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Wait", "Secnods": 1, "End": True}})
    found = api("ValidateStateMachineDefinition", definition=wrong)
    assert found["result"] == "FAIL"
    assert "/States/A/Next" in [one["location"] for one in found["diagnostics"]]
    short = api("ValidateStateMachineDefinition", definition=wrong, maxResults=1)
    assert (len(short["diagnostics"]), short["truncated"]) == (1, True)


def test_an_update_needs_something_to_change(api: Any) -> None:
    arn = api("CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    api.refuses("MissingRequiredParameter", "UpdateStateMachine", stateMachineArn=arn)


@pytest.mark.parametrize("arn", ["nonsense", f"{PREFIX}:execution:m:e", "arn:aws:s3:::b"])
def test_bad_arns(api: Any, arn: str) -> None:
    for operation in ("DescribeStateMachine", "DeleteStateMachine", "StartExecution"):
        api.refuses("InvalidArn", operation, stateMachineArn=arn)


def test_tags(api: Any) -> None:
    arn = api("CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE, tags=[{"key": "a", "value": "1"}])[
        "stateMachineArn"
    ]
    api("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "é"}, {"key": "a", "value": "2"}])
    assert api("ListTagsForResource", resourceArn=arn)["tags"] == [
        {"key": "a", "value": "2"},
        {"key": "b", "value": "é"},
    ]
    api("UntagResource", resourceArn=arn, tagKeys=["a", "unknown"])
    assert api("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "b", "value": "é"}]
    many = [{"key": str(number), "value": ""} for number in range(51)]
    api.refuses("TooManyTags", "TagResource", resourceArn=arn, tags=many)
    api.refuses("ResourceNotFound", "ListTagsForResource", resourceArn=arn + "x")


def test_executions_go_on_with_the_definition_they_began_with(world: Any, api: Any) -> None:
    machine = world.create({"T": {**TASK, "Next": "Old"}, "Old": PASS})
    arn = world.begin(machine)
    api("UpdateStateMachine", stateMachineArn=machine, roleArn=ROLE + "new", definition=DEFINITION)
    world.restart()
    described = api("DescribeStateMachineForExecution", executionArn=arn)
    assert "Old" in described["definition"]
    assert described["roleArn"] == ROLE
    world.runner.pump()
    world.tasks.succeed()
    world.runner.pump()
    names = [event.name for event in world.store.executions.history(arn)]
    assert "Old" in names
    assert world.output(world.begin(machine, {"a": 1}, "second")) == {"a": 1}


def test_executions_of_a_deleted_machine_enter_no_state_after_a_restart_either(world: Any, api: Any) -> None:
    ask = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {}}
    arn = world.run({"A": {**ask, "Next": "B"}, "B": {"Type": "Pass", "End": True}})
    api("DeleteStateMachine", stateMachineArn=world.describe(arn)["stateMachineArn"])
    world.restart()
    assert world.status(arn) == "RUNNING"
    world.tasks.submit({})
    world.runner.pump()
    world.tasks.succeed(1)
    world.runner.pump()
    described = world.describe(arn)
    assert (described["status"], described["cause"]) == ("FAILED", "State machine m has been deleted.")
    again = world.begin(world.create({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}), 2, "f")
    world.runner.pump()
    assert world.output(again) == 2, "the name is free, and the new machine is not deleted"


def test_a_machine_is_deleting_until_its_executions_end(world: Any, api: Any) -> None:
    machine = world.create({"T": TASK})
    arn = world.begin(machine)
    api("DeleteStateMachine", stateMachineArn=machine)
    assert api("DescribeStateMachine", stateMachineArn=machine)["status"] == "DELETING"
    api.refuses("StateMachineDeleting", "StartExecution", stateMachineArn=machine)
    api.refuses("StateMachineDeleting", "UpdateStateMachine", stateMachineArn=machine, roleArn=ROLE)
    api.refuses("StateMachineDeleting", "CreateStateMachine", name="m", definition=DEFINITION, roleArn=ROLE)
    world.tasks.succeed()
    world.runner.pump()
    assert api("DescribeExecution", executionArn=arn)["status"] == "SUCCEEDED"
    assert len(api("GetExecutionHistory", executionArn=arn)["events"]) == 7
    assert "T" in api("DescribeStateMachineForExecution", executionArn=arn)["definition"]
    api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=machine)
    assert world.create({"P": PASS}) == machine


# --- executions -----------------------------------------------------------------------------------------


def test_start_describe_stop(world: Any, api: Any) -> None:
    machine = world.create({"T": TASK})
    started = api("StartExecution", stateMachineArn=machine, name="e", input='{"a": "é"}')
    arn = started["executionArn"]
    assert arn == f"{PREFIX}:execution:m:e"
    described = api("DescribeExecution", executionArn=arn)
    assert json.loads(described["input"]) == {"a": "é"}
    assert (described["status"], described["startDate"]) == ("RUNNING", started["startDate"])
    assert not {"output", "stopDate", "error"} & set(described)
    world.clock.advance(7)
    stopped = api("StopExecution", executionArn=arn, error="E", cause="c")
    after = api("DescribeExecution", executionArn=arn)
    assert (after["status"], after["error"], after["cause"], after["stopDate"]) == (
        "ABORTED",
        "E",
        "c",
        stopped["stopDate"],
    )
    world.clock.advance(7)
    assert api("StopExecution", executionArn=arn) == stopped
    assert "input" not in api("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "ListMapRuns"):
        assert f"{arn}x" in api.refuses("ExecutionDoesNotExist", operation, executionArn=arn + "x")
        api.refuses("InvalidArn", operation, executionArn="e")


def test_starting_again_is_idempotent_while_it_runs(world: Any, api: Any) -> None:
    machine = world.create({"T": TASK})
    first = api("StartExecution", stateMachineArn=machine, name="e", input='{"a":1}')
    world.clock.advance(3)
    assert api("StartExecution", stateMachineArn=machine, name="e", input='{ "a": 1 }') == first
    assert len(world.tasks.calls) == 1
    for given in ('{"a":2}',):
        api.refuses("ExecutionAlreadyExists", "StartExecution", stateMachineArn=machine, name="e", input=given)
    world.tasks.succeed()
    world.runner.pump()
    api.refuses("ExecutionAlreadyExists", "StartExecution", stateMachineArn=machine, name="e", input='{"a":1}')


def test_a_page_token_is_good_for_a_day_and_only_as_it_was_written(world: Any, api: Any) -> None:
    arn = world.run({"P": PASS})
    token = api("GetExecutionHistory", executionArn=arn, maxResults=1)["nextToken"]
    world.clock.advance(86_400)
    assert api("GetExecutionHistory", executionArn=arn, nextToken=token)["events"][0]["id"] == 2
    api.refuses("InvalidToken", "GetExecutionHistory", executionArn=arn, nextToken=token + "!")
    world.clock.advance(1)
    api.refuses("InvalidToken", "GetExecutionHistory", executionArn=arn, nextToken=token)


def test_start_without_a_name_or_input(world: Any, api: Any) -> None:
    machine = world.create({"P": PASS})
    arns = {api("StartExecution", stateMachineArn=machine)["executionArn"] for _ in range(3)}
    assert len(arns) == 3
    assert {world.describe(arn)["output"] for arn in arns} == {"{}"}


@pytest.mark.parametrize("given", ["{", "", " ", "NaN", "[" * 100_000])
def test_bad_inputs(world: Any, api: Any, given: str) -> None:
    machine = world.create({"P": PASS})
    if given == "":
        assert api("StartExecution", stateMachineArn=machine, input=given)["executionArn"]
        return
    message = api.refuses("InvalidExecutionInput", "StartExecution", stateMachineArn=machine, input=given)
    assert message.startswith("Invalid State Machine Execution Input: '")
    assert len(message) < 300


@pytest.mark.parametrize(
    "token", ["NQ==", "bnVsbA==", "W10=", "é", "\ud800", base64.urlsafe_b64encode(b"[" * 200_000).decode()]
)
def test_page_tokens_of_nobody(world: Any, api: Any, token: str) -> None:
    arn = world.run({"P": PASS})
    api.refuses("InvalidToken", "GetExecutionHistory", executionArn=arn, nextToken=token)


def test_inputs_nested_to_the_limit_and_beyond(world: Any, api: Any) -> None:
    machine = world.create({"P": {"Type": "Pass", "Parameters": {"again.$": "$"}}})
    arn = api("StartExecution", stateMachineArn=machine, input="[" * 500 + "]" * 500)["executionArn"]
    world.restart()
    assert world.status(arn) == "SUCCEEDED"
    api.refuses("InvalidExecutionInput", "StartExecution", stateMachineArn=machine, input="[" * 501 + "]" * 501)


def test_what_is_no_text(world: Any, api: Any) -> None:
    machine = world.create({"P": PASS})
    arn = api("StartExecution", stateMachineArn=machine, input='"\\ud800"')["executionArn"]
    assert world.describe(arn)["output"] == '"\\ud800"'
    for definition in (
        '{"Comment": "\ud800"}',
        json.dumps({"StartAt": "\ud800", "States": {"\ud800": {"Type": "Succeed"}}}),
    ):
        api.refuses("InvalidDefinition", "CreateStateMachine", name="x", roleArn=ROLE, definition=definition)


def test_an_input_over_256_kib(world: Any, api: Any) -> None:
    machine = world.create({"P": PASS})
    given = json.dumps("x" * 262_144)
    message = api.refuses("ValidationException", "StartExecution", stateMachineArn=machine, input=given)
    assert message.endswith("Member must have size less than or equal to 262144 bytes in UTF-8 encoding")


def test_a_definition_over_1_mib(api: Any) -> None:
    definition = json.dumps({"Comment": "x" * 1_048_576, "StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    message = api.refuses("ValidationException", "CreateStateMachine", name="x", roleArn=ROLE, definition=definition)
    assert message.endswith("Member must have length less than or equal to 1048576")


def test_the_same_input_is_the_same_json(world: Any, api: Any) -> None:
    machine = world.create({"T": TASK})
    first = api("StartExecution", stateMachineArn=machine, name="e", input='{"a": 1, "b": true}')
    assert api("StartExecution", stateMachineArn=machine, name="e", input='{"b":true,"a":1.0}') == first
    api.refuses("ExecutionAlreadyExists", "StartExecution", stateMachineArn=machine, name="e", input='{"a": 1, "b": 1}')


def test_start_what_cannot_be_started(world: Any, api: Any) -> None:
    machine = world.create({"P": PASS})
    api.refuses("StateMachineDoesNotExist", "StartExecution", stateMachineArn=machine + "x")
    api.refuses("InvalidName", "StartExecution", stateMachineArn=machine, name="a b")
    api.refuses("ValidationException", "StartExecution", stateMachineArn=machine + "/label")


def test_list_executions(world: Any, api: Any) -> None:
    machine = world.create({"T": TASK})
    for number in range(5):
        world.begin(machine, name=str(number))
    world.tasks.fail("E", world.tasks.calls[2])
    world.runner.pump()
    first = api("ListExecutions", stateMachineArn=machine, maxResults=2)
    assert [one["name"] for one in first["executions"]] == ["4", "3"]
    rest = api("ListExecutions", stateMachineArn=machine, nextToken=first["nextToken"])
    assert [one["name"] for one in rest["executions"]] == ["2", "1", "0"]
    failed = api("ListExecutions", stateMachineArn=machine, statusFilter="FAILED")
    assert [one["name"] for one in failed["executions"]] == ["2"]
    api.refuses(
        "InvalidToken", "ListExecutions", stateMachineArn=machine, nextToken=first["nextToken"], statusFilter="FAILED"
    )
    api.refuses("InvalidToken", "ListExecutions", stateMachineArn=machine, nextToken="???")
    api.refuses("ValidationException", "ListExecutions")
    api.refuses("StateMachineDoesNotExist", "ListExecutions", stateMachineArn=machine + "x")
    api.refuses("ResourceNotFound", "ListExecutions", mapRunArn=f"{PREFIX}:mapRun:m/l:x")


def test_history_in_pages(world: Any, api: Any) -> None:
    arn = world.run(
        {f"S{number}": {"Type": "Pass", **({"Next": f"S{number + 1}"} if number < 9 else {})} for number in range(10)},
        {"secret": 1},
    )
    whole = api("GetExecutionHistory", executionArn=arn, maxResults=1000)["events"]
    assert [event["id"] for event in whole] == list(range(1, 23))
    assert whole[1]["stateEnteredEventDetails"]["input"] == '{"secret":1}'

    def pages(**request: Any) -> list[Any]:
        found: list[Any] = []
        page = api("GetExecutionHistory", executionArn=arn, **request)
        while True:
            found.append(page["events"])
            if "nextToken" not in page:
                return found
            page = api("GetExecutionHistory", executionArn=arn, nextToken=page["nextToken"], **request)

    forward = pages(maxResults=7)
    assert [len(page) for page in forward] == [7, 7, 7, 1]
    assert [event for page in forward for event in page] == whole
    backward = pages(maxResults=11, reverseOrder=True)
    assert [len(page) for page in backward] == [11, 11]
    assert [event for page in backward for event in page] == whole[::-1]
    assert "secret" not in str(api("GetExecutionHistory", executionArn=arn, includeExecutionData=False))
    token = api("GetExecutionHistory", executionArn=arn, maxResults=1)["nextToken"]
    api.refuses("InvalidToken", "GetExecutionHistory", executionArn=arn, nextToken=token, reverseOrder=True)


def test_wait_for(world: Any) -> None:
    arn = world.begin(world.create({"W": {"Type": "Wait", "Seconds": 10}}))
    assert world.api.wait_for(arn)["status"] == "SUCCEEDED"
    with pytest.raises(ServiceError, match="ExecutionDoesNotExist"):
        world.api.wait_for(arn + "x")


# --- task tokens ----------------------------------------------------------------------------------------


def token_of(world: Any) -> str:
    return str(world.tasks.calls[-1].command.arguments.value["MessageBody"]["t"])


def test_tokens_end_tasks(world: Any, api: Any) -> None:
    machine = world.create({"T": TOKEN})
    good, bad = world.begin(machine, name="good"), world.begin(machine, name="bad")
    api("SendTaskHeartbeat", taskToken=token_of(world))
    api("SendTaskFailure", taskToken=token_of(world), error="E", cause="c")
    assert world.describe(bad)["error"] == "E"
    for operation, more in (("SendTaskHeartbeat", {}), ("SendTaskFailure", {}), ("SendTaskSuccess", {"output": "1"})):
        api.refuses("TaskTimedOut", operation, taskToken=token_of(world), **more)
    world.tasks.calls.pop()
    api("SendTaskSuccess", taskToken=token_of(world), output='{"ok": true}')
    assert world.output(good) == {"ok": True}


def test_bad_tokens_and_outputs(world: Any, api: Any) -> None:
    api.refuses("InvalidToken", "SendTaskSuccess", taskToken="nonsense", output="{}")
    arn = world.begin(world.create({"T": TOKEN}))
    token = token_of(world)
    assert "not JSON" in api.refuses("InvalidOutput", "SendTaskSuccess", taskToken=token, output="{")
    assert world.status(arn) == "RUNNING"
    from stepfunctions.engine.tokens import make_token

    api.refuses("TaskDoesNotExist", "SendTaskHeartbeat", taskToken=make_token(arn + "x", 1, 1))


# --- map runs -------------------------------------------------------------------------------------------


def test_map_run_operations(world: Any, api: Any) -> None:
    world.tasks.answer = lambda call: TaskSucceeded(call.command.branch, call.command.attempt, Document(1))
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "T",
        "States": {"T": TASK},
    }
    arn = world.run(
        {"M": {"Type": "Map", "MaxConcurrency": 3, "ToleratedFailurePercentage": 12.5, "ItemProcessor": processor}},
        [1, 2, 3, 4],
    )
    (listed,) = api("ListMapRuns", executionArn=arn)["mapRuns"]
    label = listed["mapRunArn"].split("/")[1].split(":")[0]
    assert (listed["executionArn"], listed["stateMachineArn"]) == (arn, f"{PREFIX}:stateMachine:m/{label}")
    described = api("DescribeMapRun", mapRunArn=listed["mapRunArn"])
    assert (described["status"], described["maxConcurrency"], described["toleratedFailurePercentage"]) == (
        "SUCCEEDED",
        3,
        12.5,
    )
    assert described["itemCounts"]["succeeded"] == described["executionCounts"]["total"] == 4
    listed_children = api("ListExecutions", mapRunArn=listed["mapRunArn"], maxResults=3)
    assert len(listed_children["executions"]) == 3
    assert "nextToken" in listed_children
    child = listed_children["executions"][0]["executionArn"]
    api("DescribeExecution", executionArn=child)
    api("DescribeStateMachineForExecution", executionArn=child)
    api.refuses("ResourceNotFound", "DescribeMapRun", mapRunArn=listed["mapRunArn"] + "x")
    assert "SUCCEEDED" in api.refuses(
        "ValidationException", "UpdateMapRun", mapRunArn=listed["mapRunArn"], maxConcurrency=1
    )
    retry = world.run({"P": PASS}, name="other")
    assert api("ListMapRuns", executionArn=retry)["mapRuns"] == []
