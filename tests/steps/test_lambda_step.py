"""LambdaStep: 2.3.0's call as it was, and the form that unwraps the answer and retries Lambda's own failures."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput, context, jsonata, result
from stepfunctions.runtime.inprocess import PENDING
from stepfunctions.steps import Catch, Chain, Fail, Graph, LambdaStep, Pass, Retry, Succeed
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow

ROLE = "arn:aws:iam::123456789012:role/r"
SERVICE_RETRY = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
    ],
    "IntervalSeconds": 2,
    "MaxAttempts": 6,
    "BackoffRate": 2,
}
OWN = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 9}
given = ExecutionInput()
ASKING: dict[str, Any] = {"function": "f", "wait_for_callback": True, "payload": {"t": context.task.token}}


def run(step: LambdaStep, mocks: dict[str, Any], inputs: Any = None) -> Execution:
    return Workflow("w", step, role=ROLE).run({} if inputs is None else inputs, mocks=mocks)


def test_the_old_call_emits_what_it_did() -> None:
    """As ``stepfunctions==2.3.0`` writes it."""
    step = LambdaStep("L", parameters={"FunctionName": "f", "Payload": {"a": given["x"]}})
    assert step.to_dict() == {
        "Parameters": {"FunctionName": "f", "Payload": {"a.$": "$$.Execution.Input['x']"}},
        "Resource": "arn:aws:states:::lambda:invoke",
        "Type": "Task",
        "End": True,
    }
    waiting = LambdaStep("L", True, retry=Retry(error_equals=["States.ALL"]), result_path="$.x", resource="ignored")
    assert waiting.to_dict() == {
        "ResultPath": "$.x",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Type": "Task",
        "End": True,
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
    }


def test_the_new_call_unwraps_and_retries() -> None:
    step = LambdaStep("L", function="f", payload={"a": given["x"], "b": [1]}, qualifier="live")
    assert step.to_dict() == {
        "Parameters": {
            "FunctionName": "f",
            "Payload": {"a.$": "$$.Execution.Input['x']", "b": [1]},
            "Qualifier": "live",
        },
        "Resource": "arn:aws:states:::lambda:invoke",
        "OutputPath": "$.Payload",
        "Type": "Task",
        "End": True,
        "Retry": [SERVICE_RETRY],
    }
    assert run(step, {"f": lambda event: event["a"] * 2}, {"x": 21}).get_output() == 42


def test_without_a_payload_the_function_gets_the_states_input() -> None:
    step = LambdaStep("L", function="f")
    assert step.to_dict()["Parameters"] == {"FunctionName": "f", "Payload.$": "$"}
    assert run(step, {"f": lambda event: event}, {"x": 1}).get_output() == {"x": 1}


@pytest.mark.parametrize("by_graph", [False, True], ids=["state", "workflow"])
def test_in_jsonata_the_output_is_the_answer(by_graph: bool) -> None:
    fields: dict[str, Any] = {} if by_graph else {"query_language": "JSONata"}
    step = LambdaStep("L", function="f", payload={"a": given["x"]}, **fields)
    graph = Graph(step, query_language="JSONata" if by_graph else None)
    state = graph.to_dict()["States"]["L"]
    assert state["Output"] == "{% $states.result.Payload %}"
    assert state["Arguments"] == {"FunctionName": "f", "Payload": {"a": "{% $states.context.Execution.Input.x %}"}}
    assert "OutputPath" not in state
    workflow = Workflow("w", graph, role=ROLE)
    assert workflow.run({"x": 4}, mocks={"f": lambda event: event["a"]}).get_output() == 4


def test_unwrap_and_retry_can_be_left_out_and_asked_of_the_old_call() -> None:
    plain = LambdaStep("L", function="f", unwrap=False, retry_service_exceptions=False).to_dict()
    assert "OutputPath" not in plain
    assert "Retry" not in plain
    asked = LambdaStep("L", parameters={"FunctionName": "f"}, unwrap=True, retry_service_exceptions=True).to_dict()
    assert (asked["OutputPath"], asked["Retry"]) == ("$.Payload", [SERVICE_RETRY])


def test_a_result_path_that_says_the_default_changes_nothing() -> None:
    step = LambdaStep("L", function="f", payload={}, result_path="$")
    assert run(step, {"f": {"mae": 3}}, {"x": 1}).get_output() == {"mae": 3}


def test_a_result_path_without_a_word_is_refused_as_any_other() -> None:
    with pytest.raises(ValueError, match=r"State 'L'.*result_path='\$\['-'\]'"):
        LambdaStep("L", function="f", result_path="$['-']")


def test_no_result_path_drops_the_answer() -> None:
    step = LambdaStep("L", function="f", payload={}, result_path=None)
    assert run(step, {"f": "unused"}, {"kept": 1}).get_output() == {"kept": 1}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"result_selector": {"value.$": "$.Payload"}, "result_path": "$.x"}, {"in": 1, "x": {"value": {"mae": 3}}}),
        ({"unwrap": False, "result_path": "$.x", "output_path": "$.x.Payload"}, {"mae": 3}),
        ({"assign": {"x.$": "$.Payload"}, "result_path": None}, {"in": 1}),
        ({"output": jsonata("$merge([$states.input, {'x': $states.result.Payload}])")}, {"in": 1, "x": {"mae": 3}}),
    ],
)
def test_what_the_error_about_result_path_says_to_write_works(fields: dict[str, Any], output: Any) -> None:
    with pytest.raises(ValueError, match=r"State 'L'.*result_path='\$\.x'") as refused:
        LambdaStep("L", function="f", payload={}, result_path="$.x")
    for name in fields:
        assert name in str(refused.value) or name in ("output_path", "result_path")
    assert run(LambdaStep("L", function="f", payload={}, **fields), {"f": {"mae": 3}}, {"in": 1}).get_output() == output


def test_a_result_path_set_later_is_refused_when_the_definition_is_built() -> None:
    step = LambdaStep("L", function="f", payload={})
    step.result_path = "$['x y']"
    with pytest.raises(ValueError, match="result_path"):
        Graph(step)


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"output_path": "$.mae"}, r"'\$\.Payload\.mae'"),
        ({"result_selector": {"a.$": "$['mae'].x"}}, r"'\$\.Payload\.mae\.x'"),
        ({"result_selector": {"a": [{"b": result["mae"]}]}}, r"'\$\.Payload\.mae'"),
        ({"assign": {"a": result["mae"]}}, r"'\$\.Payload\.mae'"),
        ({"output": result["mae"]}, r"states\.result\.Payload\.mae"),
        ({"output": jsonata("$sum($states.result.maes)")}, r"\$sum\(\$states\.result\.Payload\.maes\)"),
    ],
)
def test_reading_the_answer_where_the_response_is_meant_is_told(fields: dict[str, Any], hint: str) -> None:
    step = LambdaStep("L", function="f", **fields)
    with pytest.raises(ValueError, match=rf"State 'L'.*{hint}"):
        Graph(step)


def test_the_callers_own_shape_sees_the_whole_response() -> None:
    shaped = LambdaStep(
        "L", function="f", payload={}, result_selector={"a": result["Payload"]["mae"], "s.$": "$.StatusCode"}
    )
    assert run(shaped, {"f": {"mae": 3}}).get_output() == {"a": 3, "s": 200}
    assert run(LambdaStep("L", function="f", output_path="$.Payload.mae"), {"f": {"mae": 3}}).get_output() == 3
    variable = LambdaStep("L", function="f", output_path="$$.Execution.Name")
    assert Graph(variable).to_dict()["States"]["L"]["OutputPath"] == "$$.Execution.Name"


def test_the_callers_retriers_come_first_but_for_those_of_all_errors() -> None:
    own, every = (
        Retry(error_equals=["Lambda.TooManyRequestsException"], max_attempts=9),
        Retry(error_equals=["States.ALL"]),
    )
    step = LambdaStep("L", function="f", retry=[own, every])
    assert step.to_dict()["Retry"] == [OWN, SERVICE_RETRY, {"ErrorEquals": ["States.ALL"]}]
    later = LambdaStep("L", function="f")
    later.add_retry(own)
    later.add_retry(Retry(error_equals=["States.TaskFailed"]))
    assert later.to_dict()["Retry"] == [OWN, SERVICE_RETRY, {"ErrorEquals": ["States.TaskFailed"]}]


@pytest.mark.parametrize(
    ("error", "calls"),
    [("Lambda.ServiceException", 7), ("Lambda.TooManyRequestsException", 10), ("ValueError", 3)],
)
def test_each_error_is_tried_as_often_as_its_retrier_says(error: str, calls: int) -> None:
    from stepfunctions.errors import StateFailed

    seen: list[Any] = []

    def fail(event: Any) -> None:
        seen.append(event)
        raise StateFailed(error, "")

    step = LambdaStep(
        "L",
        function="f",
        retry=[
            Retry(error_equals=["Lambda.TooManyRequestsException"], max_attempts=9),
            Retry(error_equals=["States.ALL"], max_attempts=2),
        ],
        catch=Catch(Fail("Bad", error="Caught"), error_equals=["States.ALL"]),
    )
    assert run(step, {"f": fail}).describe()["error"] == "Caught"
    assert len(seen) == calls


def test_a_callback_is_the_result_as_it_is() -> None:
    step = LambdaStep("L", function="f", payload={"token": context.task.token}, wait_for_callback=True)
    state = step.to_dict()
    assert state["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
    assert state["Parameters"]["Payload"] == {"token.$": "$$.Task.Token"}
    assert "OutputPath" not in state
    tokens: list[str] = []

    def ask(event: Any) -> Any:
        tokens.append(event["token"])
        return PENDING

    execution = run(step, {"f": ask})
    assert execution.status is ExecutionStatus.Running
    execution.client.send_task_success(taskToken=tokens[0], output='{"ok": true}')
    assert execution.get_output(wait=True) == {"ok": True}
    pattern = LambdaStep(
        "L", function="f", payload={"t.$": "$$.Task.Token"}, integration_pattern=IntegrationPattern.WaitForTaskToken
    )
    assert pattern.to_dict()["Resource"] == state["Resource"]


@pytest.mark.parametrize("payload", [None, {}, {"token": "x"}, given["whole"]])
def test_a_callback_needs_the_token(payload: Any) -> None:
    """No state before can have it: the service makes it for this attempt of this state."""
    with pytest.raises(ValueError, match=r"State 'L' waits for an answer.*task_token\(\)"):
        LambdaStep("L", function="f", payload=payload, wait_for_callback=True)
    whole = jsonata("$merge([$states.input, {'token': $states.context.Task.Token}])")
    LambdaStep("L", function="f", payload=whole, wait_for_callback=True, query_language="JSONata")


def test_an_event_is_not_waited_for_and_has_no_answer() -> None:
    step = LambdaStep("L", function="f", invocation_type="Event")
    assert step.to_dict()["Parameters"]["InvocationType"] == "Event"
    assert "OutputPath" not in step.to_dict()


def test_expressions_name_function_and_payload() -> None:
    step = LambdaStep("L", function=given["f"], payload=given["p"])
    assert step.to_dict()["Parameters"] == {
        "FunctionName.$": "$$.Execution.Input['f']",
        "Payload.$": "$$.Execution.Input['p']",
    }
    assert run(step, {"g": lambda event: event}, {"f": "g", "p": [1]}).get_output() == [1]


def test_more_of_the_request_goes_through_parameters() -> None:
    more = {"ClientContext": "e30="}
    step = LambdaStep("L", function="f", parameters=more)
    assert step.to_dict()["Parameters"] == {"FunctionName": "f", "Payload.$": "$", **more}
    jsonata_step = LambdaStep("L", function="f", parameters=more, query_language="JSONata")
    assert jsonata_step.to_dict()["Arguments"] == {"FunctionName": "f", "Payload": "{% $states.input %}", **more}


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"payload": {}}, ValueError, "'payload' needs 'function'"),
        ({"qualifier": "live"}, ValueError, "'qualifier' needs 'function'"),
        ({"function": "my function"}, ValueError, "'my function' is no name"),
        ({"function": 3}, TypeError, "not a int"),
        ({"function": print}, TypeError, "@lambda_function"),
        ({"function": "f", "invocation_type": "event"}, ValueError, "RequestResponse, Event, DryRun"),
        ({"function": "f", "invocation_type": "Event", "unwrap": True}, ValueError, "no Payload to unwrap"),
        ({"function": "f", "invocation_type": given["type"]}, ValueError, "RequestResponse, Event, DryRun"),
        ({**ASKING, "unwrap": True}, ValueError, "waits for a callback"),
        ({**ASKING, "invocation_type": "DryRun"}, ValueError, "DryRun"),
        ({"function": "f", "parameters": {"FunctionName": "g"}}, ValueError, "'FunctionName' is written by"),
        ({"function": "f", "parameters": {"Payload.$": "$.x"}}, ValueError, r"'Payload\.\$' is written by"),
        ({"function": "f", "arguments": jsonata("$states.input")}, ValueError, "makes its request itself"),
        (
            {"function": "f", "integration_pattern": IntegrationPattern.WaitForCompletion},
            ValueError,
            "WaitForCompletion",
        ),
        ({"function": "f", "paylod": {}}, TypeError, "paylod"),
    ],
)
def test_arguments_that_say_nothing_or_two_things(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        LambdaStep("L", **arguments)


@pytest.mark.parametrize(
    "name",
    [
        "f",
        "f:live",
        "f:$LATEST",
        "123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:1",
        "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f",
        "${PrepareFunction}",
    ],
)
def test_every_way_to_name_a_function(name: str) -> None:
    assert LambdaStep("L", function=name).to_dict()["Parameters"]["FunctionName"] == name


def test_the_next_state_reads_the_answer_as_the_steps_output() -> None:
    step = LambdaStep("L", function="f", output_schema={"rows": int})
    follow = Pass("P", parameters={"n": step.output()["rows"]})
    workflow = Workflow("w", Chain([step, follow, Succeed("S")]), role=ROLE)
    assert workflow.run({}, mocks={"f": {"rows": 5}}).get_output() == {"n": 5}
