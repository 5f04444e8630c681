"""Programs that once gave something else here than with 2.3.0: found by making programs at random and running both."""

from __future__ import annotations

from compat_tools import attempt, log

from stepfunctions.inputs import ExecutionInput, StepInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    Graph,
    LambdaStep,
    Map,
    Pass,
    Retry,
    SnsPublishStep,
    Succeed,
    Task,
)
from stepfunctions.steps.fields import Field
from stepfunctions.steps.states import State

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def fields_that_are_read_and_changed():
    step = LambdaStep("l", comment="x", retry=Retry(error_equals=["E"]))
    names = sorted(step.fields)
    step.fields["parameters"] = {"FunctionName": "f"}
    step.fields["parameters"]["Payload"] = {"a": ExecutionInput()["a"]}
    step.fields.update(timeout_seconds=5)
    del step.fields["comment"]
    return [
        names,
        "type" in step.fields,
        step.fields["resource"],
        step.fields.get("comment"),
        len(step.fields),
        sorted(Map("m", iterator=Pass("i"), items_path="$.x").fields),
        dict(Retry(error_equals=["E"], max_attempts=1).fields),
        {"definition": sorted(step.to_dict().items())},
    ]


def duplicates_are_found_before_anything_is_linked():
    fail, choice, first = Fail("fail"), Choice("choice"), Pass("first")
    with log() as seen:
        raised = [
            attempt(lambda: Chain([fail, first, first])),
            attempt(lambda: Chain([choice, first, choice])),
        ]
    return [raised, seen, choice.default is None, Graph(first)]


def plain_inputs_of_steps():
    choice = Choice("choice")
    choice.add_choice(ChoiceRule.StringEquals(StepInput()["status"], "DONE"), Succeed("done"))
    choice.default_choice(Fail("failed"))
    listed = Pass("listed", parameters={"Overrides": [{"Name": "N", "Value": StepInput()["n"]}]}, result_path="$.x")
    return Graph(Chain([Pass("before"), listed, choice]))


def the_error_as_the_output_of_the_step():
    step = LambdaStep("step", parameters={"FunctionName": "f"})
    notify = SnsPublishStep("notify", parameters={"TopicArn": "arn", "Message": step.output()["Cause"]})
    step.add_catch(Catch(Chain([notify, Fail("failed")]), error_equals=["States.ALL"]))
    return Graph(step)


def an_output_that_a_function_hands_on():
    first, function, choice = Pass("first"), Task("function", resource=FUNCTION), Choice("choice")
    choice.add_choice(ChoiceRule.NumericGreaterThan(first.output()["n"], 1), Succeed("more"))
    choice.default_choice(Succeed("less"))
    return Graph(Chain([first, function, Pass("between"), choice]))


def an_output_that_is_lost():
    first, choice = Pass("first"), Choice("choice")
    choice.add_choice(ChoiceRule.NumericGreaterThan(first.output()["n"], 1), Succeed("more"))
    return attempt(lambda: Graph(Chain([first, Pass("other", result={"m": 1}), choice])).to_dict()["StartAt"])


def the_place_of_an_iterator():
    each = Map("each", comment="c", iterator=Pass("one"), max_concurrency=2, retry=Retry(error_equals=["E"]))
    late = Map("late", max_concurrency=2, items_path="$.x", catch=Catch(Fail("f"), error_equals=["E"]))
    late.attach_iterator(Pass("other"))
    return [list(step.to_dict()) for step in (each, late)]


class _Custom(State):
    def allowed_fields(self):
        return [Field.Comment, Field.Resource, Field.Parameters, Field.TimeoutSeconds]

    def __init__(self, state_id, **fields):
        super().__init__(state_id, "Task", **fields)


def a_subclass_of_state_with_the_fields_of_a_task():
    return Graph(_Custom("c", resource=FUNCTION, parameters={"a": ExecutionInput()["b"]}, timeout_seconds=5))


def keys_that_end_in_a_dollar_already():
    return Pass("p", parameters={"given.$": ExecutionInput()["a"], "path.$": "$.b"})
