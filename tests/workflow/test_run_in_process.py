"""``workflow.run``: the whole workflow in this process, for unit tests."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stepfunctions.errors import ExecutionFailed, StateFailed, WaitTimeout
from stepfunctions.inputs import ExecutionInput
from stepfunctions.runtime.inprocess import PENDING
from stepfunctions.steps import Catch, Chain, Choice, ChoiceRule, LambdaStep, Pass, Retry, Succeed, Task, Wait
from stepfunctions.workflow import ExecutionStatus, Workflow

ROLE = "arn:aws:iam::123456789012:role/Workflow"


def flow(definition: Any, **given: Any) -> Workflow:
    return Workflow("tested", definition, ROLE, **given)


def test_tasks_do_what_their_mocks_say() -> None:
    step = LambdaStep("Score", parameters={"FunctionName": "scorer", "Payload": {"n.$": "$.n"}})
    by_state = flow(step).run({"n": 2}, mocks={"Score": lambda arguments: {"Payload": arguments["Payload"]["n"] * 2}})
    assert by_state.get_output()["Payload"] == 4
    by_function = flow(step).run({"n": 2}, mocks={"scorer": lambda event: event["n"] + 1})
    assert by_function.get_output()["Payload"] == 3
    by_value = flow(step).run({"n": 2}, mocks={"arn:aws:states:::lambda:invoke": "fixed"})
    assert by_value.get_output() == "fixed"


def test_failures_are_retried_and_caught() -> None:
    answers: list[Any] = [StateFailed("Busy", "come again"), StateFailed("Busy"), "third time"]

    def busy(_: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, StateFailed):
            raise answer
        return answer

    step = Task("Try", resource="arn:aws:states:::aws-sdk:glue:getJob", parameters={"JobName": "j"})
    step.add_retry(Retry(error_equals=["Busy"], interval_seconds=3600, max_attempts=2))
    before = time.monotonic()
    assert flow(step).run(mocks={"Try": busy}).get_output() == "third time"
    assert time.monotonic() - before < 30, "time jumps"
    caught = Task("Try", resource="arn:aws:states:::aws-sdk:glue:getJob")
    caught.add_catch(Catch(error_equals=["ValueError"], next_step=Pass("Mend", input_path="$.Cause")))
    assert flow(caught).run(mocks={"Try": ValueError("bad")}).get_output() == "bad"


def test_time_jumps_over_waits() -> None:
    execution = flow(Chain([Wait("300 days", seconds=25_920_000), Succeed("Done")])).run({"a": 1})
    assert execution.get_output() == {"a": 1}
    assert execution.stop_date is not None
    assert (execution.stop_date - execution.start_date).days == 300


def test_a_failed_run_says_where() -> None:
    execution = flow(Task("Try", resource="arn:aws:states:::aws-sdk:glue:getJob")).run(mocks={"Try": KeyError("x")})
    assert execution.status is ExecutionStatus.Failed
    with pytest.raises(ExecutionFailed, match="in state 'Try': KeyError"):
        execution.get_output(raise_on_failure=True)
    unmocked = flow(Task("Try", resource="arn:aws:states:::aws-sdk:glue:getJob")).run()
    with pytest.raises(ExecutionFailed, match="mocks="):
        unmocked.get_output(raise_on_failure=True)


def test_inputs_are_checked() -> None:
    checked = flow(Pass("Copy"), execution_input=ExecutionInput({"n": int}))
    with pytest.raises(ValueError, match="Expected run input"):
        checked.run({"n": "one"})
    assert checked.run({"n": 1}).get_output() == {"n": 1}


def test_running_leaves_the_workflow_as_it_was() -> None:
    tested = flow(Pass("Copy"))
    first, second = tested.run({"n": 1}), tested.run({"n": 2})
    assert tested.state_machine_arn is None
    assert (first.get_output(), second.get_output()) == ({"n": 1}, {"n": 2})


def test_what_waits_for_an_answer_is_returned_running() -> None:
    step = LambdaStep(
        "Ask", wait_for_callback=True, parameters={"FunctionName": "people", "Payload": {"token.$": "$$.Task.Token"}}
    )
    seen: list[str] = []

    def ask(arguments: Any) -> Any:
        seen.append(arguments["Payload"]["token"])
        return PENDING

    execution = flow(step).run(mocks={"Ask": ask}, timeout=30)
    assert execution.status is ExecutionStatus.Running
    execution.client.send_task_success(taskToken=seen[0], output='"yes"')
    assert execution.get_output(wait=True, timeout=30) == "yes"


def test_an_endless_run_ends_with_its_timeout() -> None:
    again, choice = Wait("Again", seconds=1), Choice("For ever?")
    choice.default_choice(again)
    choice.add_choice(ChoiceRule.IsPresent("$.never", True), Succeed("Never"))
    before = time.monotonic()
    with pytest.raises(WaitTimeout, match=r"still running after 0\.05 s"):
        flow(Chain([again, choice])).run({}, timeout=0.05)
    assert time.monotonic() - before < 20
