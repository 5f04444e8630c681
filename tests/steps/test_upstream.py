"""A step's output is used where it is the input, and nowhere else."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput, StepInput, states
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    Fail,
    Graph,
    ItemReader,
    Map,
    Parallel,
    Pass,
    Task,
    Wait,
    prefixed,
)


class Steps:
    """A step ``a`` whose output others use."""

    def __init__(self) -> None:
        self.a = Pass("a")
        self.out = self.a.output()["x"]

    def user(self, name: str = "user") -> Pass:
        return Pass(name, parameters={"k": self.out})


@pytest.fixture
def s() -> Steps:
    return Steps()


def replacing() -> Task:
    """Return a step whose output has nothing of its input."""
    return Task("between", resource="arn:aws:states:::sqs:sendMessage")


def refused(step: Any, state: str = "user", key: str = "k", owner: str = "a") -> None:
    with pytest.raises(
        ValueError,
        match=re.escape(
            f"State '{state}' is using an illegal placeholder for the '{key}' parameter. It stands for the "
        )
        + f"output of '{owner}', which is not the input of '{state}'. Keep the value in a variable",
    ):
        Graph(step)


def test_the_next_step_uses_it(s: Steps) -> None:
    assert Graph(s.a >> s.user()).to_dict()["States"]["user"]["Parameters"] == {"k.$": "$['x']"}


@pytest.mark.parametrize(
    "between",
    [
        Wait("w", seconds=1),
        Task("t", resource="r", result_path="$.t"),
        Task("t", resource="r", result_path=None),
        Pass("p", result_path="$.p", result=1),
        Chain([Wait("w", seconds=1), Task("t", resource="r", result_path="$.t"), Wait("v", seconds=1)]),
    ],
    ids=repr,
)
def test_it_is_used_after_what_passes_its_input_on(between: Any) -> None:
    s = Steps()
    Graph(s.a >> between >> s.user())


@pytest.mark.parametrize(
    "between",
    [
        Pass("p"),
        Task("t", resource="r"),
        Task("t", resource="r", result_path="$"),
        Task("t", resource="r", result_path="$.t", output_path="$.t"),
        Wait("w", seconds=1, output_path="$.x"),
        Wait("w", seconds=1, output_path=ExecutionInput()["p"]),
        Wait("w", seconds=1, output={"a": 1}),
        Wait("w", seconds=1, output_path=None),
    ],
    ids=repr,
)
def test_it_is_not_used_after_what_replaces_it(between: Any) -> None:
    s = Steps()
    refused(s.a >> between >> s.user())


def test_choices_pass_it_on_to_all_ways(s: Steps) -> None:
    choice = Choice("c").when(s.out > 3, s.user("one")).otherwise(s.user("two"))
    Graph(s.a >> choice)
    refused(s.a >> replacing() >> choice, "c", "choice")
    refused(s.a >> replacing() >> Choice("d").when(s.out > 1, Pass("x")), "d", "choice")


def test_one_of_several_ways_is_enough(s: Steps) -> None:
    """As in 2.3.0: which way the execution takes is not known."""
    Graph(Choice("c").when(ExecutionInput()["n"] > 1, s.a).otherwise(Pass("b")) >> s.user())


def test_loops_come_round(s: Steps) -> None:
    again = Choice("again")
    first = Pass("first", parameters={"last": s.out})
    Graph(first >> s.a >> again.when(s.out > 1, first).otherwise(Pass("end")))


def test_a_handler_gets_the_input_of_what_failed(s: Steps) -> None:
    def caught(handler: Any) -> Any:
        return s.a >> Task("t", resource="r", catch=Catch(handler, error_equals=["E"], result_path="$.error"))

    Graph(caught(s.user()))
    task = Task("t", resource="r", catch=Catch(Pass("h", parameters={"k": s.out}), error_equals=["E"]))
    refused(Pass("x") >> task, "h")
    own = Task("own", resource="r")
    own.add_catch(Catch(Pass("h", parameters={"error": own.output()["Cause"]}), error_equals=["E"]))
    Graph(own)  # the output of what failed is its error


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda out: Pass("user", parameters={"deep": {"list": [1, [out]]}}), "list"),
        (lambda out: Pass("user", parameters={"k": states.format("{}", states.array(1, out))}), "k"),
        (lambda out: Pass("user", parameters={"k": out + 1}), "k"),
        (lambda out: Pass("user", input_path=out), "input_path"),
        (lambda out: Wait("user", seconds=out), "seconds"),
        (lambda out: Fail("user", cause=states.format("{}", out)), "cause"),
        (lambda out: Map("user", items_path=out, item_processor=Pass("i")), "items_path"),
        (lambda out: Map("user", item_reader=ItemReader.jsonl(out, "k"), item_processor=Pass("i")), "Bucket"),
        (lambda out: Task("user", resource="r", arguments={"a": out}), "a"),
        (lambda out: Task("user", resource="r", arguments=out), "arguments"),
    ],
)
def test_it_is_found_wherever_it_is_used(make: Any, key: str) -> None:
    s = Steps()
    Graph(s.a >> make(s.out))
    refused(s.a >> replacing() >> make(s.out), key=key)


@pytest.mark.parametrize(
    "between", [Pass("p"), Task("f", resource="arn:aws:lambda:us-east-1:123456789012:function:f")], ids=repr
)
def test_what_may_hand_its_input_on_is_doubted_only_where_2_3_0_doubted_it(between: Any) -> None:
    s = Steps()
    refused(s.a >> between >> s.user())
    Graph(s.a >> between >> Wait("w", seconds=s.out))
    Graph(s.a >> between >> Pass("user", parameters={"l": [s.out]}))
    Graph(s.a >> between >> Choice("c").when(s.out > 1, Pass("x")))


def test_a_result_is_not_the_input(s: Steps) -> None:
    later = Pass("later")
    Graph(s.a >> Pass("b") >> Task("t", resource="r", assign={"k": later.output()["x"]}))


def test_branches_begin_with_the_input_of_the_state_around_them(s: Steps) -> None:
    branch = Wait("w", seconds=1) >> s.user("inner")
    Graph(s.a >> Parallel("p", branches=[branch, s.user("alone")]))
    refused(s.a >> Parallel("p", branches=[Pass("other") >> s.user()]))
    inside = Pass("inside")
    refused(
        Parallel("p", branches=[inside >> Pass("b") >> Pass("user", parameters={"k": inside.output()["x"]})]),
        owner="inside",
    )


def test_the_plain_inputs_of_2_3_0(s: Steps) -> None:
    plain = Pass("p", parameters={"k": StepInput()["x"], "all": ExecutionInput()["x"]})
    Graph(plain)
    with pytest.raises(ValueError, match=r"'k' parameter\. Use the output of the step before it, or ExecutionInput"):
        Graph(s.a >> plain)


def test_copies_of_steps_keep_the_output_they_use(s: Steps) -> None:
    user = s.user()
    for twin in (copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user))):
        Graph(s.a >> twin)
        refused(Pass("other") >> twin)
    Graph(pickle.loads(pickle.dumps(s.a)) >> user)
    Graph(prefixed(s.a >> user, "x "))


def test_a_step_with_another_name_is_still_itself(s: Steps) -> None:
    user = s.user()
    s.a.state_id = "renamed"
    assert list(Graph(s.a >> user).to_dict()["States"]) == ["renamed", "user"]


def test_a_long_chain_is_quick() -> None:
    """Every state passes on what all before it have put beside the data."""
    steps: list[Any] = [Task("t0", resource="r", result_path="$.t0")]
    for number in range(1, 1000):
        before = steps[number // 2].output()["x"]
        steps.append(Task(f"t{number}", resource="r", result_path=f"$.t{number}", parameters={"k": before}))
    assert len(Graph(Chain(steps)).states) == 1000
