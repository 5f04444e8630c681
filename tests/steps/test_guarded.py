"""flow.guarded(): copies of a flow's states with more retriers and catchers, and nothing else changed."""

from __future__ import annotations

from typing import Any

from stepfunctions.steps import (
    Catch,
    Choice,
    ChoiceRule,
    Fail,
    Graph,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
)
from stepfunctions.workflow import Workflow

RETRY = Retry(error_equals=["Busy"], max_attempts=2)
RESOURCE = "arn:aws:states:::lambda:invoke"


def states_of(flow: Any) -> dict[str, Any]:
    states: dict[str, Any] = Graph(flow).to_dict()["States"]
    return states


def test_what_can_fail_is_guarded_after_its_own() -> None:
    own = Retry(error_equals=["Own"])
    task = Task("Task", resource=RESOURCE, retry=own, catch=Catch(Fail("Handled"), error_equals=["Own"]))
    inner = Task("Inner", resource=RESOURCE)
    both = Parallel("Both", branches=[inner])
    each = Map("Each", item_processor=Pass("One"))
    failed = Fail("Failed")
    flow = (Pass("Begin") >> task >> both >> each >> Wait("Rest", seconds=1)).guarded(
        retry=RETRY, catch=Catch(failed, error_equals=["States.ALL"])
    )
    states = states_of(flow >> Succeed("End"))
    assert [one["ErrorEquals"] for one in states["Task"]["Retry"]] == [["Own"], ["Busy"]]
    assert [one["Next"] for one in states["Task"]["Catch"]] == ["Handled", "Failed"]
    assert states["Both"]["Retry"] == states["Each"]["Retry"] == [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]
    assert "Retry" not in states["Both"]["Branches"][0]["States"]["Inner"]
    assert [name for name, state in states.items() if "Catch" in state] == ["Task", "Both", "Each"]
    assert states["Rest"]["Next"] == "End"


def test_the_steps_given_stay_as_they_are() -> None:
    task = Task("Task", resource=RESOURCE)
    other = Task("Other", resource=RESOURCE)
    choice = Choice("Which?")
    choice.add_choice(ChoiceRule.IsPresent("$.x", True), task)
    choice.default_choice(other)
    before = [dict(vars(step)) for step in (task, other, choice)]
    guarded = (Pass("Begin") >> choice).guarded(retry=[RETRY])
    assert [dict(vars(step)) for step in (task, other, choice)] == before
    assert states_of(guarded)["Task"]["Retry"] == states_of(guarded)["Other"]["Retry"]
    assert "Retry" not in states_of(choice)["Task"]


def test_loops_rules_and_outputs_are_those_of_the_copies() -> None:
    ask = Task("Ask", resource=RESOURCE)
    wait = Wait("Wait", seconds=1)
    poll = ask >> Choice("Done?").when(ask.output()["done"] == True, Succeed("Yes")).otherwise(wait >> ask)  # noqa: E712
    states = states_of(poll.guarded(retry=RETRY))
    assert states["Wait"]["Next"] == "Ask"
    assert states["Done?"]["Default"] == "Wait"
    assert states["Ask"]["Retry"] == [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}]


def test_a_handler_shared_with_other_steps_stays_one_state() -> None:
    failed = Fail("Failed")
    first = LambdaStep("First", function="f", catch=Catch(failed, error_equals=["Own"]))
    last = LambdaStep("Last", function="g", catch=Catch(failed, error_equals=["States.ALL"]))
    flow = (first >> Pass("Between")).guarded(catch=Catch(failed, error_equals=["States.ALL"])) >> last
    workflow = Workflow("w", flow, "r")
    assert workflow.run(mocks={"f": 1, "g": ValueError("no")}).status == "FAILED"
    assert workflow.run(mocks={"f": 1, "g": 2}).get_output() == 2


def test_what_a_rule_was_given_as_a_flow_is_guarded_too() -> None:
    first, second = Task("First", resource=RESOURCE), Task("Second", resource=RESOURCE)
    choice = Choice("Which?")
    choice.add_choice(ChoiceRule.IsPresent("$.x", True), first >> second)
    choice.default_choice(Succeed("Nothing"))
    states = states_of((Pass("Begin") >> choice).guarded(retry=RETRY))
    assert states["First"]["Next"] == "Second"
    assert [name for name, state in states.items() if "Retry" in state] == ["First", "Second"]
