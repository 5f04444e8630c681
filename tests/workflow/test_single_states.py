"""``Workflow.test_state``: one state, on a service or in this process."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.errors import StateFailed
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    FrozenGraph,
    ItemReader,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Task,
)
from stepfunctions.workflow import StateTest, Workflow


def flow(door: Any) -> Workflow:
    score = LambdaStep(
        "Score",
        parameters={"FunctionName": "scorer", "Payload": {"n.$": "$.n"}},
        result_selector={"score.$": "$.Payload"},
        result_path="$.scored",
    )
    score.add_retry(Retry(error_equals=["Busy"], interval_seconds=3, max_attempts=1))
    score.add_catch(Catch(error_equals=["States.ALL"], next_step=Pass("Mend")))
    choice = Choice("Good?")
    choice.add_choice(ChoiceRule.NumericGreaterThan("$.scored.score", 5), Pass("Good"))
    choice.default_choice(Pass("Bad"))
    return Workflow(door.name, Chain([score, choice]), door.role, client=door.client)


def test_a_mocked_task(door: Any) -> None:
    tested = flow(door).test_state("Score", {"n": 1}, mock={"Payload": 7}, inspection_level="DEBUG")
    assert isinstance(tested, StateTest)
    assert (tested.status, tested.next_state) == ("SUCCEEDED", "Good?")
    assert tested.output == {"n": 1, "scored": {"score": 7}}
    assert tested.inspection["afterParameters"] == {"FunctionName": "scorer", "Payload": {"n": 1}}
    assert tested.inspection["result"] == {"Payload": 7}
    assert tested.retry_seconds is None


def test_a_mocked_failure(door: Any) -> None:
    tested = flow(door).test_state("Score", {"n": 1}, mock=StateFailed("Busy", "later"), inspection_level="DEBUG")
    assert (tested.status, tested.error, tested.cause, tested.retry_seconds) == ("RETRIABLE", "Busy", "later", 3)
    spent = flow(door).test_state("Score", {"n": 1}, mock=StateFailed("Busy", "later"), retries=1)
    assert (spent.status, spent.next_state) == ("CAUGHT_ERROR", "Mend")
    assert spent.output == {"Error": "Busy", "Cause": "later"}
    by_class = flow(door).test_state("Score", {"n": 1}, mock=ZeroDivisionError)
    assert (by_class.status, by_class.error) == ("CAUGHT_ERROR", "ZeroDivisionError")


def test_states_without_a_task(door: Any) -> None:
    good = flow(door).test_state("Good?", {"scored": {"score": 6}})
    assert (good.status, good.next_state, good.output) == ("SUCCEEDED", "Good", {"scored": {"score": 6}})
    assert flow(door).test_state("Good?", '{"scored": {"score": 5}}').next_state == "Bad"
    assert flow(door).test_state("Mend").next_state is None
    assert flow(door).test_state(Pass("Other", parameters={"a.$": "$.b"}), {"b": 1}).output == {"a": 1}
    assert flow(door).test_state({"Type": "Pass", "Result": 3, "End": True}).output == 3


def test_a_task_that_really_runs(door: Any) -> None:
    who = Task("Who", resource="arn:aws:states:::aws-sdk:sts:getCallerIdentity", output_path="$.Account")
    assert flow(door).test_state(who).output == "123456789012"


def test_branches_are_mocked(door: Any) -> None:
    both = Parallel("Both")
    both.add_branch(Pass("In"))
    tested = Workflow(door.name, both, door.role, client=door.client)
    assert tested.test_state(both, mock=[1]).output == [1]
    assert tested.test_state("In").output == {}
    with pytest.raises(door.client.exceptions.InvalidDefinition, match="does not support Map or Parallel states"):
        tested.test_state("Both")


def test_variables_and_context(door: Any) -> None:
    step = Task(
        "T",
        resource="arn:aws:states:::lambda:invoke",
        parameters={"FunctionName": "f", "Payload": {"v.$": "$v", "id.$": "$$.Execution.Id"}},
    )
    tested = flow(door).test_state(
        step, mock=None, variables={"v": 1}, context={"Execution": {"Id": "mine"}}, inspection_level="DEBUG"
    )
    assert tested.inspection["afterParameters"]["Payload"] == {"v": 1, "id": "mine"}
    assert tested.output is None


def test_the_query_language_of_the_workflow_holds(door: Any) -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Add",
        "States": {"Add": {"Type": "Pass", "Output": "{% $states.input.n + 1 %}", "End": True}},
    }
    tested = Workflow(door.name, FrozenGraph(machine), door.role, client=door.client)
    assert tested.test_state("Add", {"n": 1}).output == 2


def test_in_this_process_without_a_service() -> None:
    workflow = Workflow("w", Pass("P", result=1), "arn:aws:iam::123456789012:role/r")
    assert workflow.test_state("P", local=True).output == 1


def test_what_is_no_state() -> None:
    workflow = Workflow("w", Pass("Prepare"), "role", client=object())
    with pytest.raises(ValueError, match=r"no state 'Prepar'\. Did you mean 'Prepare'\?"):
        workflow.test_state("Prepar")
    with pytest.raises(ValueError, match="It has: Prepare"):
        workflow.test_state("Zzz")
    with pytest.raises(TypeError, match="A state is given by"):
        workflow.test_state(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [[{"n": 1}, {"n": 2}], '[{"n": 1}, {"n": 2}]'])
def test_what_a_reader_finds_and_how_many_items_fail(door: Any, data: Any) -> None:
    fleet = Map(
        "Fleet",
        distributed=True,
        item_reader=ItemReader.json("b", "k"),
        item_selector={"n.$": "$$.Map.Item.Value.n"},
        item_processor=Pass("One"),
        tolerated_failure_count=1,
    )
    flying = Workflow(door.name, fleet, door.role, client=door.client)
    went = flying.test_state("Fleet", {}, mock=[1, 2], item_data=data, failed_items=1, inspection_level="DEBUG")
    assert went.status == "SUCCEEDED"
    assert went.inspection["afterItemSelector"] == [{"n": 1}, {"n": 2}]
    went = flying.test_state("Fleet", {}, mock=[1, 2], item_data=data, failed_items=2)
    assert (went.status, went.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_in_process_any_name_will_do_for_a_role() -> None:
    assert Workflow("w", Pass("A"), "r").test_state("A", {"n": 1}, local=True).output == {"n": 1}
