"""TestState: one state in the engine, its task mocked or done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import TaskFailed, TaskSucceeded

ROLE = "arn:aws:iam::123456789012:role/r"
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "After"}
PARALLEL = {"Type": "Parallel", "Branches": [{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}], "End": True}
CATCH = [
    {"ErrorEquals": ["Late"], "Next": "Mend", "ResultPath": "$.error"},
    {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Mend"},
]


class StateTester:
    def __init__(self, api: Any) -> None:
        self.api = api

    def __call__(self, state: Any, given: Any = None, **request: Any) -> Any:
        for member in ("variables", "context"):
            if member in request:
                request[member] = json.dumps(request[member])
        if "result" in request:
            request["mock"] = {"result": json.dumps(request.pop("result")), "fieldValidationMode": "NONE"}
        if "error" in request:
            request["mock"] = {"errorOutput": {"error": request.pop("error"), "cause": "because"}}
        if given is not None:
            request["input"] = json.dumps(given)
        request.setdefault("roleArn", ROLE)
        answer = self.api("TestState", definition=json.dumps(state), **request)
        if "output" in answer:
            answer["output"] = json.loads(answer["output"])
        inspected = answer.get("inspectionData", {})
        for key, value in inspected.items():
            inspected[key] = json.loads(value) if isinstance(value, str) else value
        return answer


@pytest.fixture
def tested(api: Any) -> StateTester:
    return StateTester(api)


@pytest.mark.parametrize(
    ("state", "given", "output", "goal"),
    [
        ({"Type": "Pass", "Result": [1], "ResultPath": "$.r", "Next": "B"}, {"a": 1}, {"a": 1, "r": [1]}, "B"),
        ({"Type": "Pass", "Parameters": {"x.$": "$.a"}, "End": True}, {"a": 1}, {"x": 1}, None),
        ({"Type": "Pass", "End": True}, None, {}, None),
        ({"Type": "Succeed", "OutputPath": "$.a"}, {"a": 1}, 1, None),
        ({"Type": "Wait", "Seconds": 200, "Next": "B"}, {"a": 1}, {"a": 1}, "B"),
        ({"Type": "Wait", "SecondsPath": "$.a", "End": True}, {"a": 0}, {"a": 0}, None),
        (
            {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.a", "NumericEquals": 1, "Next": "One"},
                    {"Variable": "$.a", "IsString": True, "Next": "Text"},
                ],
                "Default": "Other",
            },
            {"a": "x"},
            {"a": "x"},
            "Text",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "N"}], "Default": "D"},
            {"a": 1},
            {"a": 1},
            "D",
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a + 1 %}", "Next": "B"},
            {"a": 1},
            2,
            "B",
        ),
    ],
)
def test_states_that_do_no_work(tested: StateTester, state: Any, given: Any, output: Any, goal: str | None) -> None:
    answer = tested(state, given)
    assert answer == {"status": "SUCCEEDED", "output": output, **({"nextState": goal} if goal else {})}


def test_failures(tested: StateTester) -> None:
    assert tested({"Type": "Fail", "Error": "E", "Cause": "C"}) == {"status": "FAILED", "error": "E", "cause": "C"}
    assert tested({"Type": "Fail"}) == {"status": "FAILED"}
    lost = tested({"Type": "Pass", "InputPath": "$.none", "End": True}, {"a": 1})
    assert (lost["status"], lost["error"]) == ("FAILED", "States.Runtime")
    assert "$.none" in lost["cause"]
    nowhere = tested({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "N"}]}, {"a": 1})
    assert (nowhere["status"], nowhere["error"]) == ("FAILED", "States.Runtime")
    long = tested({"Type": "Wait", "Seconds": 301, "End": True})
    assert (long["status"], long["error"]) == ("FAILED", "States.Timeout")


def test_a_mocked_task_and_every_stage_of_its_data(tested: StateTester) -> None:
    state = {
        **TASK,
        "InputPath": "$.in",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.x"},
        "ResultSelector": {"answer.$": "$.Payload.y"},
        "ResultPath": "$.result",
        "OutputPath": "$.result",
        "Assign": {"kept.$": "$.Payload"},
    }
    answer = tested(
        state,
        {"in": {"x": 1}},
        result={"Payload": {"y": 2}},
        inspectionLevel="DEBUG",
        variables={"before": True},
    )
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", {"answer": 2}, "After")
    assert answer["inspectionData"] == {
        "input": {"in": {"x": 1}},
        "afterInputPath": {"x": 1},
        "afterParameters": {"FunctionName": "f", "Payload": 1},
        "result": {"Payload": {"y": 2}},
        "afterResultSelector": {"answer": 2},
        "afterResultPath": {"in": {"x": 1}, "result": {"answer": 2}},
        "variables": {"before": True, "kept": {"y": 2}},
    }
    assert "inspectionData" not in tested(TASK, result={})


def test_stages_without_a_field_are_as_the_one_before(tested: StateTester) -> None:
    plain = tested(TASK, {"a": 1}, result=7, inspectionLevel="DEBUG")["inspectionData"]
    assert plain["afterInputPath"] == plain["afterParameters"] == {"a": 1}
    assert plain["result"] == plain["afterResultSelector"] == plain["afterResultPath"] == 7
    dropped = tested({**TASK, "ResultPath": None}, {"a": 1}, result=7, inspectionLevel="DEBUG")
    assert dropped["output"] == dropped["inspectionData"]["afterResultPath"] == {"a": 1}
    made = tested({"Type": "Pass", "Result": 3, "End": True}, {"a": 1}, inspectionLevel="DEBUG")["inspectionData"]
    assert made == {"input": {"a": 1}, "result": 3, "afterResultSelector": 3, "afterResultPath": 3}
    waited = tested({"Type": "Wait", "Seconds": 1, "End": True}, {"a": 1}, inspectionLevel="DEBUG")["inspectionData"]
    assert waited == {"input": {"a": 1}, "afterInputPath": {"a": 1}}


def test_the_inspection_ends_where_the_state_failed(tested: StateTester) -> None:
    state = {**TASK, "ResultSelector": {"x.$": "$.none"}}
    answer = tested(state, {"a": 1}, result={"y": 2}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert list(answer["inspectionData"]) == ["input", "afterInputPath", "afterParameters", "result"]
    early = tested({**TASK, "Parameters": {"x.$": "$.none"}}, {"a": 1}, result={}, inspectionLevel="DEBUG")
    assert list(early["inspectionData"]) == ["input", "afterInputPath"]


def test_jsonata(tested: StateTester) -> None:
    state = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": TASK["Resource"],
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.x %}"},
        "Assign": {"seen": "{% $states.result.Payload %}"},
        "Output": "{% $states.result.Payload + $before %}",
        "End": True,
    }
    answer = tested(state, {"x": 1}, result={"Payload": 2}, variables={"before": 40}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", 42)
    assert answer["inspectionData"] == {
        "input": {"x": 1},
        "afterArguments": {"FunctionName": "f", "Payload": 1},
        "result": {"Payload": 2},
        "variables": {"before": 40, "seen": 2},
    }
    caught = {
        **state,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "M"}],
    }
    answer = tested(caught, {"x": 1}, error="Late", variables={"before": 40}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["output"], answer["error"]) == ("CAUGHT_ERROR", "Late", "Late")
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


def test_a_failure_is_retried_caught_or_fails(tested: StateTester) -> None:
    retry = [
        {"ErrorEquals": ["Other"]},
        {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 2},
    ]
    state = {**TASK, "Retry": retry, "Catch": CATCH}
    first = tested(state, {"a": 1}, error="Busy", inspectionLevel="DEBUG")
    assert (first["status"], first["error"], first["cause"]) == ("RETRIABLE", "Busy", "because")
    assert "output" not in first
    assert first["inspectionData"]["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": 2}
    second = tested(state, {"a": 1}, error="Busy", inspectionLevel="DEBUG", stateConfiguration={"retrierRetryCount": 1})
    assert second["inspectionData"]["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": 4}
    spent = tested(state, {"a": 1}, error="Busy", inspectionLevel="DEBUG", stateConfiguration={"retrierRetryCount": 2})
    assert (spent["status"], spent["output"], spent["nextState"]) == ("CAUGHT_ERROR", {"a": 1}, "Mend")
    assert spent["inspectionData"]["errorDetails"] == {"catchIndex": 1}
    late = tested(state, {"a": 1}, error="Late")
    assert (late["status"], late["error"], late["cause"]) == ("CAUGHT_ERROR", "Late", "because")
    assert late["output"] == {"a": 1, "error": {"Error": "Late", "Cause": "because"}}
    bare = tested(TASK, error="Late")
    assert bare == {"status": "FAILED", "error": "Late", "cause": "because"}


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_branches_and_items_are_mocked(tested: StateTester, kind: str) -> None:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state: dict[str, Any] = {"Type": kind, "ResultPath": "$.all", "Next": "After", "Catch": CATCH}
    if kind == "Parallel":
        state["Branches"] = [inner]
        state["Parameters"] = {"n.$": "$.n"}
    else:
        state |= {"ItemProcessor": inner, "ItemsPath": "$.n", "ItemSelector": {"i.$": "$$.Map.Item.Value"}}
    answer = tested(state, {"n": [1]}, result=[7])
    assert (answer["output"], answer["nextState"]) == ({"n": [1], "all": [7]}, "After")
    failed = tested(state, {"n": [1]}, error="Late", stateConfiguration={"errorCausedByState": "P"})
    assert (failed["status"], failed["nextState"]) == ("CAUGHT_ERROR", "Mend")


def test_the_context_of_a_mocked_task(tested: StateTester) -> None:
    state = {**TASK, "Parameters": {"id.$": "$$.Execution.Id", "name.$": "$$.State.Name"}}
    context = {"Execution": {"Id": "arn:mine"}, "State": {"Name": "N"}}
    given = tested(state, result={}, context=context, inspectionLevel="DEBUG")["inspectionData"]["afterParameters"]
    assert given["id"] == "arn:mine"
    assert given["name"] == "N"
    assert tested(state, result={}, inspectionLevel="DEBUG")["inspectionData"]["afterParameters"]["name"] == "StateName"


def test_a_state_of_a_whole_definition(tested: StateTester) -> None:
    inner = {"StartAt": "Deep", "States": {"Deep": {"Type": "Pass", "Output": "{% 3 %}", "End": True}}}
    whole = {
        "QueryLanguage": "JSONata",
        "StartAt": "One",
        "States": {
            "One": {"Type": "Pass", "Next": "Both", "Output": "{% 1 %}"},
            "Both": {"Type": "Parallel", "Branches": [inner], "Next": "Again"},
            "Again": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Again"}], "Default": "One"},
        },
    }
    assert tested(whole, stateName="One") == {"status": "SUCCEEDED", "output": 1, "nextState": "Both"}
    assert tested(whole, stateName="Deep") == {"status": "SUCCEEDED", "output": 3}
    assert tested(whole, {"a": 1}, stateName="Again")["nextState"] == "Again"
    assert tested(whole, stateName="Both", result=[3])["output"] == [3]


def test_a_task_that_is_not_mocked_is_done(world: Any, tested: StateTester) -> None:
    world.tasks.answer = lambda call: TaskSucceeded(
        call.command.branch, call.command.attempt, Document({"did": call.command.arguments.value})
    )
    assert tested(TASK, {"a": 1})["output"] == {"did": {"a": 1}}
    world.tasks.answer = lambda call: TaskFailed(call.command.branch, call.command.attempt, "Late", "because")
    assert tested(TASK) == {"status": "FAILED", "error": "Late", "cause": "because"}
    assert world.runner.idle, "no execution is left"


def test_a_task_that_takes_too_long(world: Any, tested: StateTester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.runtime.operations.trial.LONGEST", 0.01)
    answer = tested({**TASK, "TimeoutSeconds": 1}, {})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")
    assert len(world.tasks.cancelled) == 1


@pytest.mark.parametrize(
    ("state", "request_", "code", "words"),
    [
        ({"Type": "Pass", "End": True}, {"result": 1}, "ValidationException", "'Pass' is not supported when a mock"),
        (TASK, {"mock": {}, "roleArn": ""}, "ValidationException", "RoleArn must be specified"),
        (
            TASK,
            {"mock": {"result": "1", "errorOutput": {"error": "E"}}},
            "ValidationException",
            "only one of the following fields",
        ),
        (TASK, {"mock": {"fieldValidationMode": "NONE"}}, "ValidationException", "should have one of"),
        (TASK, {"mock": {"result": "{"}}, "ValidationException", "must be valid JSON"),
        (TASK, {"context": {}}, "ValidationException", "together with a mock"),
        (TASK, {"input": "{"}, "InvalidExecutionInput", "Invalid State Machine Execution Input"),
        (TASK, {"result": {}, "variables": [1]}, "ValidationException", "variables must be a JSON object"),
        (TASK, {"stateName": "None"}, "ValidationException", "State not found"),
        (
            TASK,
            {"result": {}, "stateConfiguration": {"mapIterationFailureCount": 1}},
            "ValidationException",
            "mapIterationFailureCount",
        ),
        ({"StartAt": "A", "States": {}}, {}, "ValidationException", "stateName must be specified"),
        ({"Type": "Nothing"}, {}, "InvalidDefinition", "The field 'Type' should have one of these values"),
        ([], {}, "InvalidDefinition", "must be a valid JSON object"),
        ({**TASK, "Retries": []}, {"result": 1}, "InvalidDefinition", "Retries"),
        ({**TASK, "Resource": "nonsense"}, {}, "InvalidDefinition", "/Resource"),
        (PARALLEL, {}, "InvalidDefinition", "does not support Map or Parallel states"),
        (PARALLEL, {"result": {}}, "ValidationException", "must be an array"),
        ({**TASK, "Resource": "arn:aws:states:::glue:startJobRun.sync"}, {}, "ValidationException", "'.sync'"),
        (
            {**TASK, "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"},
            {},
            "ValidationException",
            "Activity",
        ),
    ],
)
def test_what_is_refused(tested: StateTester, state: Any, request_: dict[str, Any], code: str, words: str) -> None:
    given = {"roleArn": ROLE, **request_}
    for member in ("variables", "context"):
        if member in given:
            given[member] = json.dumps(given[member])
    if "result" in given:
        given["mock"] = {"result": json.dumps(given.pop("result"))}
    assert words in tested.api.refuses(code, "TestState", definition=json.dumps(state), **given)


def test_what_is_no_json_is_refused(tested: StateTester) -> None:
    assert "INVALID_JSON" in tested.api.refuses("InvalidDefinition", "TestState", definition="{", roleArn=ROLE)
