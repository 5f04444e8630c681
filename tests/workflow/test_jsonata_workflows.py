"""JSONata written as steps, run through both doors."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.errors import ExecutionFailed
from stepfunctions.inputs import StepInput, context, error, jsonata, result, variable
from stepfunctions.steps import Catch, Chain, FrozenGraph, Map, Pass, Task
from stepfunctions.workflow import Workflow

WAIT = 30.0


def workflow(door: Any, definition: Any, **given: Any) -> Workflow:
    made = Workflow(door.name, definition, door.role, client=door.client, **given)
    made.create()
    return made


def test_steps_in_jsonata(door: Any) -> None:
    given = StepInput()
    total = Pass("Total", assign={"total": jsonata("$sum($states.input.rows.n)"), "first": given["rows"][0]["n"]})
    each = Map(
        "Each",
        iterator=Pass("Double", output={"twice": given["n"] * 2, "of": variable("total")}),
        items=jsonata("$states.input.rows"),
        item_selector={"n": context.map.item.value["n"]},
    )
    flow = workflow(door, Chain([total, each]), query_language="JSONata")
    execution = flow.execute(inputs={"rows": [{"n": 1}, {"n": 2.5}]})
    assert execution.get_output(wait=True, timeout=WAIT) == [{"twice": 2, "of": 3.5}, {"twice": 5, "of": 3.5}]


def test_a_task_and_its_catch_in_jsonata() -> None:
    call = Task(
        "Call",
        resource="arn:aws:states:::lambda:invoke",
        arguments={"FunctionName": "f", "Payload": {"n": StepInput()["n"]}},
        output={"n": result["Payload"]["n"], "known": jsonata("$states.result.Payload.known")},
    )
    call.add_catch(
        Catch(error_equals=["States.QueryEvaluationError"], output={"why": error["Error"]}, next_step=Pass("Caught"))
    )
    flow = Workflow("call", call, "arn:aws:iam::123456789012:role/r")
    seen: list[Any] = []

    def function(arguments: Any) -> Any:
        seen.append(arguments)
        return {"Payload": {"n": 2, **({"known": True} if arguments["Payload"]["n"] else {})}}

    assert flow.run({"n": 1}, mocks={"Call": function}).get_output() == {"n": 2, "known": True}
    assert flow.run({"n": 0}, mocks={"Call": function}).get_output() == {"why": "States.QueryEvaluationError"}
    assert seen[0] == {"FunctionName": "f", "Payload": {"n": 1}}


def test_a_failed_expression_is_told_with_its_place(door: Any) -> None:
    execution = workflow(door, Chain([Pass("A"), Pass("B", output={"v": [jsonata("$states.input.no")]})])).execute()
    with pytest.raises(ExecutionFailed) as caught:
        execution.get_output(wait=True, timeout=WAIT, raise_on_failure=True)
    assert caught.value.error == "States.QueryEvaluationError"
    assert caught.value.state == "B"
    (event,) = [event for event in execution.list_events() if event["type"] == "EvaluationFailed"]
    assert event["evaluationFailedEventDetails"] == {
        "error": "States.QueryEvaluationError",
        "cause": caught.value.cause,
        "location": "Output/v[0]",
        "state": "B",
    }


def test_what_cannot_be_read_is_refused_when_the_machine_is_created(door: Any) -> None:
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": "{% 1 + %}"}, "End": True}
    text = "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/S/Output/v"
    with pytest.raises(door.client.exceptions.InvalidDefinition, match=text):
        workflow(door, FrozenGraph({"StartAt": "S", "States": {"S": state}}))
