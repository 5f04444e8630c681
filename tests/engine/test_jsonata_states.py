"""JSONata states: data flow, variables, failures. Histories of failures are those recorded from the service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.engine.messages import RunTask
from stepfunctions.errors import DefinitionError

INVOKE = "arn:aws:states:::lambda:invoke"
UNTIL = 1_700_000_000.0
NO = "{% $doesNotExist %}"


def machine(**states: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return machine(S=state, **more)


PASS: dict[str, Any] = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "f"}, "End": True}


def a_map(inner: dict[str, Any] = PASS, **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}, "End": True, **fields}


def distributed(**fields: Any) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": PASS},
    }
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


# --- data flow ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"a": [1, 2], "b": "x"}),
        ({"Output": "{% $states.input.a %}"}, [1, 2]),
        ({"Output": {"sum": "{% $sum($states.input.a) %}", "b": "$.b"}}, {"sum": 3, "b": "$.b"}),
        ({"Output": None}, None),
        ({"Output": []}, []),
        ({"Output": "text"}, "text"),
        ({"Output": ["{% $states.context.Execution.Name %}", "{% $states.context.State.Name %}"]}, ["run", "S"]),
    ],
)
def test_pass(drive: Any, fields: dict[str, Any], expected: Any) -> None:
    run = drive(one({**PASS, **fields}), {"a": [1, 2], "b": "x"}).run()
    assert (run.status, run.output) == ("SUCCEEDED", expected)


def test_an_untouched_document_is_shared(drive: Any) -> None:
    run = drive(one({**PASS, "Output": "{% $states.input %}"}), {"a": 1}).run()
    assert run.execution.output is run.events[1].payload


def test_task(drive: Any, answers: Any) -> None:
    definition = one(
        {
            **TASK,
            "Arguments": {"FunctionName": "f", "Payload": {"n": "{% $states.input.n + 1 %}"}},
            "Output": {"was": "{% $states.input.n %}", "is": "{% $states.result.Payload.n %}"},
            "Assign": {"kept": "{% $states.result.Payload %}", "name": "{% $states.input.name %}", "one": 1},
            "TimeoutSeconds": "{% $states.input.n * 30 %}",
            "HeartbeatSeconds": "{% $states.input.n %}",
            "Credentials": {"RoleArn": "{% 'arn:aws:iam::123456789012:role/' & $states.input.name %}"},
            "End": False,
            "Next": "Z",
        },
        Z={"Type": "Succeed", "Output": "{% [$kept, $name, $one, $states.input] %}"},
    )
    run = drive(definition, {"n": 2, "name": "r"}, script={"S": [{"Payload": {"n": 7}}]}).run()
    (command,) = run.all_commands(RunTask)
    assert command.arguments.value == {"FunctionName": "f", "Payload": {"n": 3}}
    assert (command.timeout_seconds, command.heartbeat_seconds) == (60, 2)
    assert command.credentials == {"RoleArn": "arn:aws:iam::123456789012:role/r"}
    assert run.output == [{"n": 7}, "r", 1, {"was": 2, "is": 7}]
    assert run.find("TaskStateExited")["assignedVariables"] == {"kept": '{"n":7}', "name": '"r"', "one": "1"}


def test_a_task_without_output_gives_its_result_and_without_arguments_gets_the_input(drive: Any) -> None:
    state = {name: value for name, value in TASK.items() if name != "Arguments"}
    run = drive(one(state), {"x": 1}, script={"S": [{"y": 2}]}).run()
    assert run.all_commands(RunTask)[0].arguments.value == {"x": 1}
    assert run.output == {"y": 2}


def test_output_does_not_see_what_the_same_state_assigns(drive: Any) -> None:
    definition = machine(
        A={"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        B={"Type": "Pass", "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
        C={**PASS, "Output": "{% [$states.input, $x, $y] %}"},
    )
    assert drive(definition).run().output == [1, 2, 1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, "five"), (20, "rule"), (1, "default"), (7, {"n": 7})],
)
def test_choice(drive: Any, value: int, expected: Any) -> None:
    definition = machine(
        S={
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.n = 5 %}", "Next": "Z", "Output": "five", "Assign": {"by": "one"}},
                {"Condition": "{% $states.input.n > 10 %}", "Next": "Z", "Output": "{% 'rule' %}"},
                {"Condition": "{% $states.input.n = 7 %}", "Next": "Z"},
                {"Condition": False, "Next": "Z"},
            ],
            "Default": "Z",
            "Output": "default",
            "Assign": {"by": "state"},
        },
        Z={**PASS, "Output": {"was": "{% $states.input %}", "by": "{% $exists($by) ? $by : 'nobody' %}"}},
    )
    run = drive(definition, {"n": value}).run()
    by = {5: "one", 1: "state"}.get(value, "nobody")
    assert run.output == {"was": expected, "by": by}


def test_a_choice_that_no_rule_takes(drive: Any) -> None:
    run = drive(one({"Type": "Choice", "Choices": [{"Condition": "{% 1 = 2 %}", "Next": "Z"}]}, Z=PASS)).run()
    assert run.execution.error == "States.Runtime"


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"Seconds": "{% $states.input.n * 2 %}"}, 6),
        ({"Seconds": "{% 0 %}"}, 0),
        ({"Timestamp": "{% $fromMillis(($millis() / 1000 + $states.input.n) * 1000) %}"}, 3),
        ({"Timestamp": "{% $states.input.at %}"}, 60),
    ],
)
def test_wait(drive: Any, fields: dict[str, Any], seconds: float) -> None:
    state = {"Type": "Wait", "End": True, "Output": "{% $states.input.n %}", "Assign": {"x": 1}, **fields}
    run = drive(one(state), {"n": 3, "at": "2023-11-14T22:14:20Z"}).run()
    assert (run.status, run.output, run.now - UNTIL) == ("SUCCEEDED", 3, seconds)


def test_fail(drive: Any) -> None:
    state = {"Type": "Fail", "Error": "{% 'E' & $states.input.n %}", "Cause": "{% $string($states.input) %}"}
    run = drive(one(state), {"n": 3}).run()
    assert (run.execution.error, run.execution.cause) == ("E3", '{"n":3}')
    assert drive(one({"Type": "Fail", "Cause": "plain"})).run().execution.cause == "plain"


def test_parallel(drive: Any) -> None:
    branch = {"StartAt": "B", "States": {"B": {**PASS, "Output": "{% $states.input.x + $v %}"}}}
    definition = machine(
        A={"Type": "Pass", "Assign": {"v": 10}, "Next": "S"},
        S={
            "Type": "Parallel",
            "Branches": [branch, {"StartAt": "C", "States": {"C": PASS}}],
            "Arguments": {"x": "{% $states.input.n %}"},
            "Output": "{% {'first': $states.result[0], 'rest': $states.result[1].x, 'n': $states.input.n} %}",
            "End": True,
        },
    )
    assert drive(definition, {"n": 1}).run().output == {"first": 11, "rest": 1, "n": 1}


# --- Map ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [False, True])
def test_map(drive: Any, stored: bool) -> None:
    inner = {**PASS, "Output": "{% $states.input.v * $factor %}"}
    definition = machine(
        A={"Type": "Pass", "Assign": {"factor": 10}, "Next": "S"},
        S=a_map(
            inner,
            Items="{% $states.input.list[$ > 1] %}",
            ItemSelector={
                "v": "{% $states.context.Map.Item.Value %}",
                "i": "{% $states.context.Map.Item.Index %}",
                "n": "{% $states.input.n %}",
            },
            MaxConcurrency="{% $states.input.n %}",
            Output="{% {'got': $states.result, 'n': $states.input.n} %}",
        ),
    )
    run = drive(definition, {"list": [1, 2, 3, 4], "n": 1}, stored=stored).run()
    assert (run.status, run.output) == ("SUCCEEDED", {"got": [20, 30, 40], "n": 1})
    inputs = [event.payload.value for event in run.events if event.type == "PassStateEntered" and event.name == "I"]
    assert inputs[1] == {"v": 3, "i": 1, "n": 1}


@pytest.mark.parametrize("items", [[1, "{% 1 + 1 %}"], "{% [1, 2] %}", "{% $states.input %}", None])
def test_where_the_items_of_a_map_come_from(drive: Any, items: Any) -> None:
    fields = {} if items is None else {"Items": items}
    assert drive(one(a_map(**fields)), [1, 2]).run().output == [1, 2]


@pytest.mark.parametrize("stored", [False, True])
def test_items_that_are_drawn_are_drawn_once(drive: Any, stored: bool) -> None:
    """After a restart the iterations that are still to start get the items that the state began with."""
    wait = {"Type": "Wait", "Seconds": 1, "End": True}
    items = "{% $map([1..4], function($i) { {'id': $uuid(), 'at': $millis(), 'n': $random()} }) %}"
    run = drive(one(a_map(wait, Items=items, MaxConcurrency=1)), stored=stored).run()
    assert len({item["id"] for item in run.output}) == 4
    assert {item["at"] for item in run.output} == {UNTIL * 1000}
    first = drive(one(a_map(wait, Items=items, MaxConcurrency=1))).run()
    assert run.output == first.output


def test_a_distributed_map(drive: Any) -> None:
    state = distributed(
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.n * 10 %}"},
        },
        ItemBatcher={"MaxItemsPerBatch": "{% $states.input.n %}", "BatchInput": {"b": "{% $states.input.bucket %}"}},
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "p"},
        },
        ToleratedFailureCount="{% $states.input.n %}",
        ToleratedFailurePercentage="{% 12.5 %}",
        MaxConcurrency="{% 5 %}",
        Output="{% $states.result.MapRunArn %}",
    )
    run = drive(one(state), {"bucket": "lake", "n": 2})
    run.run()
    (command,) = run.map_runs.values()
    assert command.run.reader["Parameters"] == {"Bucket": "lake", "Key": "k"}
    assert command.run.reader["ReaderConfig"] == {"InputType": "JSON", "MaxItems": 20}
    assert command.run.batcher == {"MaxItemsPerBatch": 2, "BatchInput": {"b": "lake"}}
    assert command.run.writer["Parameters"] == {"Bucket": "lake", "Prefix": "p"}
    assert (command.run.tolerated_failure_count, command.run.tolerated_failure_percentage) == (2, 12.5)
    assert command.run.max_concurrency == 5
    run.end_map_run(output={"MapRunArn": "arn"})
    assert run.output == "arn"


def test_the_items_and_selector_of_a_distributed_map(drive: Any) -> None:
    from stepfunctions.engine.map_run import Item, selected_item

    state = distributed(
        Items="{% $states.input.o %}",
        ItemSelector={
            "key": "{% $states.context.Map.Item.Key %}",
            "value": "{% $states.context.Map.Item.Value & $states.input.s %}",
            "name": "{% $states.context.Execution.Name %}",
            "var": "{% $v %}",
            "at": "{% $millis() %}",
        },
    )
    definition = machine(A={"Type": "Pass", "Assign": {"v": 1}, "Next": "S"}, S=state)
    run = drive(definition, {"o": {"x": "a", "y": "b"}, "s": "!"})
    run.run()
    (command,) = run.map_runs.values()
    assert command.run.items.value == {"x": "a", "y": "b"}
    found = selected_item(run.program, command.run, Item("x", "a"), 0).value
    assert found == {"key": "x", "value": "a!", "name": "run", "var": 1, "at": UNTIL * 1000}


# --- both languages in one machine --------------------------------------------------------------------------


def test_both_languages_share_variables(drive: Any) -> None:
    definition = {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Pass", "Assign": {"a.$": "$.n", "text": "{% $states.input %}"}, "Next": "J"},
            "J": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Assign": {"b": "{% $a * 2 %}"},
                "Output": {"c": "{% $states.input.n + $a %}"},
                "Next": "Q",
            },
            "Q": {
                "Type": "Pass",
                "Parameters": {"a.$": "$a", "b.$": "$b", "c.$": "$.c", "text.$": "$text"},
                "End": True,
            },
        },
    }
    assert drive(definition, {"n": 4}).run().output == {"a": 4, "b": 8, "c": 8, "text": "{% $states.input %}"}


def test_a_map_of_jsonata_may_hold_states_of_jsonpath(drive: Any) -> None:
    inner = {"Type": "Pass", "Parameters": {"x.$": "$.v", "s.$": "$$.State.Name"}, "End": True}
    state = {**a_map(inner, Items="{% [{'v': 1}, {'v': 2}] %}"), "QueryLanguage": "JSONata"}
    run = drive({"StartAt": "S", "States": {"S": state}}).run()
    assert run.output == [{"x": 1, "s": "I"}, {"x": 2, "s": "I"}]


# --- failures -----------------------------------------------------------------------------------------------


def undefined(state: str, entered: int, field: str, expression: str = "$doesNotExist") -> str:
    return (
        f"An error occurred while executing the state '{state}' (entered at the event id #{entered}). The JSONata "
        f"expression '{expression}' specified for the field '{field}' returned nothing (undefined)."
    )


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({**PASS, "Output": NO}, "Output"),
        ({**PASS, "Output": {"result": NO}}, "Output/result"),
        ({**PASS, "Assign": {"result": NO}}, "Assign/result"),
        ({**TASK, "Arguments": NO}, "Arguments"),
        ({**TASK, "Arguments": {"FunctionName": NO}}, "Arguments/FunctionName"),
        ({**TASK, "TimeoutSeconds": NO}, "TimeoutSeconds"),
        ({"Type": "Wait", "Seconds": NO, "End": True}, "Seconds"),
        ({"Type": "Fail", "Cause": NO}, "Cause"),
        ({"Type": "Succeed", "Output": [[NO]]}, "Output[0][0]"),
        ({"Type": "Choice", "Choices": [{"Condition": NO, "Next": "E"}]}, "Choices[0]/Condition"),
        (
            {"Type": "Choice", "Choices": [{"Condition": True, "Next": "E", "Output": {"a": NO}}]},
            "Choices[0]/Output/a",
        ),
    ],
)
def test_the_history_of_a_failed_expression(drive: Any, state: dict[str, Any], field: str) -> None:
    run = drive(one(state, **({"E": PASS} if state["Type"] == "Choice" else {}))).run()
    cause = undefined("S", 2, field)
    assert run.history()[2:] == [
        {
            "id": 3,
            # of a state that was not entered yet
            "previousEventId": 0,
            "type": "EvaluationFailed",
            "evaluationFailedEventDetails": {
                "cause": cause,
                "error": "States.QueryEvaluationError",
                "location": field,
                "state": "S",
            },
        },
        {
            "id": 4,
            "previousEventId": 3,
            "type": "ExecutionFailed",
            "executionFailedEventDetails": {"cause": cause, "error": "States.QueryEvaluationError"},
        },
    ]


def test_the_history_of_a_failed_expression_in_a_later_state(drive: Any) -> None:
    definition = machine(A={"Type": "Pass", "Next": "B"}, B={**PASS, "Output": NO})
    run = drive(definition).run()
    assert run.chain()[-3:] == [(3, "PassStateEntered"), (3, "EvaluationFailed"), (5, "ExecutionFailed")]
    assert run.execution.cause == undefined("B", 4, "Output")


@pytest.mark.parametrize(
    ("expression", "kind", "shown"),
    [
        ("1", "number", "1"),
        ("'string'", "string", '"string"'),
        ("true", "boolean", "true"),
        ("{'foo': 'bar'}", "object", '{"foo":"bar"}'),
        ("null", "null", "null"),
    ],
)
def test_the_history_of_items_that_are_no_array(drive: Any, expression: str, kind: str, shown: str) -> None:
    run = drive(one(a_map(Items=f"{{% {expression} %}}"))).run()
    cause = (
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONata expression "
        f"'{expression}' specified for the field 'Items' returned an unexpected result type. "
        f"Expected 'array', but was '{kind}' for value: {shown}"
    )
    assert run.chain()[1:] == [
        (0, "MapStateEntered"),
        (0, "EvaluationFailed"),
        (3, "MapStateFailed"),
        (4, "ExecutionFailed"),
    ]
    assert run.find("EvaluationFailed")["cause"] == cause
    assert run.find("EvaluationFailed")["location"] == "Items"
    assert run.find("ExecutionFailed") == {"cause": cause, "error": "States.QueryEvaluationError"}


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"Type": "Wait", "Seconds": "{% 'a' %}", "End": True}, "Expected 'number', but was 'string' for value: \"a\""),
        ({"Type": "Wait", "Timestamp": "{% 1 %}", "End": True}, "Expected 'string', but was 'number' for value: 1"),
        ({"Type": "Fail", "Error": "{% 1 %}"}, "Expected 'string', but was 'number' for value: 1"),
        (
            {"Type": "Choice", "Default": "E", "Choices": [{"Condition": "{% 'yes' %}", "Next": "E"}]},
            "Expected 'boolean', but was 'string' for value: \"yes\"",
        ),
        ({**TASK, "HeartbeatSeconds": "{% null %}"}, "Expected 'number', but was 'null' for value: null"),
        (a_map(MaxConcurrency="{% [1] %}"), "Expected 'number', but was 'array' for value: [1]"),
        (distributed(ToleratedFailureCount="{% true %}"), "Expected 'number', but was 'boolean' for value: true"),
        (distributed(Items="{% 1 %}"), "Expected 'array', but was 'number' for value: 1"),
    ],
)
def test_a_value_of_another_type(drive: Any, state: dict[str, Any], text: str) -> None:
    run = drive(one(state, **({"E": PASS} if state["Type"] == "Choice" else {})), [1]).run()
    assert run.execution.error == "States.QueryEvaluationError"
    assert run.execution.cause.endswith(text)


@pytest.mark.parametrize(
    ("state", "error", "text"),
    [
        ({"Type": "Wait", "Seconds": "{% 1.5 %}", "End": True}, "QueryEvaluationError", "not a valid integer"),
        ({"Type": "Wait", "Seconds": "{% -1 %}", "End": True}, "QueryEvaluationError", "cannot be negative"),
        ({**TASK, "TimeoutSeconds": "{% 0 %}"}, "QueryEvaluationError", "must be between 1 and 99999999"),
        (
            distributed(ToleratedFailurePercentage="{% 101 %}"),
            "QueryEvaluationError",
            "cannot be greater than 100",
        ),
        ({"Type": "Wait", "Timestamp": "{% 'soon' %}", "End": True}, "Runtime", "does not reference a valid ISO-8601"),
    ],
)
def test_a_value_that_cannot_be_used(drive: Any, state: dict[str, Any], error: str, text: str) -> None:
    run = drive(one(state), [1]).run()
    assert run.execution.error == f"States.{error}"
    assert text in run.execution.cause
    assert ("EvaluationFailed" in run.types()) is (error == "QueryEvaluationError")


def test_a_failed_expression_is_retried_and_caught_as_the_task_is(drive: Any) -> None:
    state = {
        **TASK,
        "Arguments": {"FunctionName": "{% $states.context.State.RetryCount < 2 ? $no : 'f' %}"},
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 1, "BackoffRate": 1}],
    }
    run = drive(one(state), script={"S": ["ok"]}).run()
    assert (run.status, run.output) == ("SUCCEEDED", "ok")
    assert run.types().count("EvaluationFailed") == 2


@pytest.mark.parametrize("matcher", ["States.ALL", "States.TaskFailed", "States.QueryEvaluationError"])
def test_a_failed_output_of_a_task_is_caught(drive: Any, matcher: str) -> None:
    catch = {
        "ErrorEquals": [matcher],
        "Next": "Z",
        "Output": {"why": "{% $states.errorOutput.Error %}", "was": "{% $states.input %}"},
        "Assign": {"error": "{% $states.errorOutput %}", "n": "{% $states.input.n %}"},
    }
    state = {**TASK, "Output": "{% $states.result.missing %}", "Catch": [catch]}
    definition = one(state, Z={**PASS, "Output": "{% [$states.input, $error.Cause, $n] %}"})
    run = drive(definition, {"n": 1}, script={"S": [{"x": 1}]}).run()
    assert run.output == [
        {"why": "States.QueryEvaluationError", "was": {"n": 1}},
        undefined("S", 2, "Output", "$states.result.missing"),
        1,
    ]
    assert run.chain()[4:7] == [(4, "TaskSucceeded"), (5, "EvaluationFailed"), (6, "TaskStateExited")]


def test_a_catch_without_output_gives_the_error(drive: Any, answers: Any) -> None:
    state = {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}
    run = drive(one(state, Z=PASS), {"n": 1}, script={"S": [answers.fails("E", "why")]}).run()
    assert run.output == {"Error": "E", "Cause": "why"}


def test_what_fails_inside_a_catch_is_not_caught(drive: Any, answers: Any) -> None:
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Z", "Output": {"a": [NO]}}
    run = drive(one({**TASK, "Catch": [catch]}, Z=PASS), script={"S": [answers.fails("E")]}).run()
    assert run.execution.cause == undefined("S", 2, "Catch[0]/Output/a[0]")
    assert run.types()[-2:] == ["EvaluationFailed", "ExecutionFailed"]


def test_a_failed_item_selector_fails_the_map(drive: Any) -> None:
    state = a_map(
        Items="{% [1, 2] %}",
        ItemSelector={"a": "{% $states.context.Map.Item.Index = 1 ? $no : 1 %}"},
        Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Z"}],
    )
    run = drive(one(state, Z=PASS)).run()
    assert run.status == "SUCCEEDED"
    assert run.output["Cause"].endswith(
        "'$states.context.Map.Item.Index = 1 ? $no : 1' specified for the field 'ItemSelector/a' "
        "returned nothing (undefined)."
    )
    assert run.types()[-5:] == [
        "MapStateFailed",
        "MapStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def test_a_failed_output_of_a_map_comes_after_its_success(drive: Any) -> None:
    run = drive(one(a_map(Items=[1], Output=NO))).run()
    assert run.types()[-3:] == ["MapStateSucceeded", "EvaluationFailed", "ExecutionFailed"]


def test_a_parallel_whose_arguments_fail(drive: Any) -> None:
    branch = {"StartAt": "B", "States": {"B": PASS}}
    run = drive(one({"Type": "Parallel", "Branches": [branch], "Arguments": NO, "End": True})).run()
    assert run.types()[2:] == ["EvaluationFailed", "ParallelStateFailed", "ExecutionFailed"]


def test_too_much_assigned(drive: Any) -> None:
    state = {**PASS, "Assign": {"big": "{% $pad('', 300000, 'x') %}"}}
    assert drive(one(state)).run().execution.error == "States.DataLimitExceeded"


# --- the same in every replay -------------------------------------------------------------------------------


def test_values_from_chance_and_time_are_the_same_in_a_replay(drive: Any) -> None:
    draw = "{% [$uuid(), $random(), $now(), $millis()] %}"
    definition = machine(
        A={**TASK, "Arguments": {"FunctionName": "f", "Payload": draw}, "Output": draw, "End": False, "Next": "B"},
        B={"Type": "Wait", "Seconds": 3, "Output": {"before": "{% $states.input %}", "after": draw}, "End": True},
    )
    first, stored = (drive(definition, script={"A": [1]}, stored=stored).run() for stored in (False, True))
    assert first.history() == stored.history()
    before, after = first.output["before"], first.output["after"]
    assert before[:2] != after[:2]
    assert after[3] - before[3] == 3_000
    scheduled = json.loads(first.find("TaskScheduled")["parameters"])["Payload"]
    assert scheduled[0] != before[0]


# --- definitions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    [
        {**PASS, "Output": {"a": "{% 1 + %}"}},
        {**PASS, "Assign": {"a": "{% ( %}"}},
        {**TASK, "TimeoutSeconds": "{% ) %}"},
        {**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "S", "Output": "{% [ %}"}]},
        {"Type": "Choice", "Choices": [{"Condition": "{% = %}", "Next": "S", "Output": "{% %}"}]},
        {**PASS, "Output": "{% 1"},
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_when_the_machine_is_made(
    drive: Any, state: dict[str, Any]
) -> None:
    with pytest.raises(DefinitionError, match="at character"):
        drive(one(state))
