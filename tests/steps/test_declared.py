"""What a definition declares: found wherever a step stands, each resource once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepfunctions.steps import (
    Chain,
    Choice,
    ChoiceRule,
    FargateStep,
    GlueStep,
    Graph,
    Map,
    Parallel,
    Pass,
    lambda_function,
)
from stepfunctions.steps.code.declared import declared_by, functions_of, name_from


@lambda_function
def first(a: int) -> int:
    return a


@lambda_function
def second(a: int) -> int:
    return -a


def image(state_id: str, family: str = "f", **fields: Any) -> FargateStep:
    return FargateStep(state_id, "python:3.12", family=family, subnets=["s"], **fields)


def names(definition: Any) -> list[str]:
    return [f"{one.service} {one.name}" for one in declared_by(Graph(definition))]


def test_every_place_a_step_can_stand() -> None:
    choice = Choice("Which")
    choice.add_choice(ChoiceRule.IsPresent("$.a", True), first.step("First", a=1))
    both = Parallel("Both")
    both.add_branch(Chain([image("Inside a branch", "in-branch")]))
    both.add_branch(Graph(Map("Each", iterator=second.step("Second", a=2))))
    choice.default_choice(Chain([Pass("P"), both]))
    assert sorted(names(choice)) == ["ecs in-branch", "lambda first", "lambda second"]
    assert set(functions_of(Graph(choice))) == {"first", "second"}


def test_steps_put_together_with_operators() -> None:
    inner = first.step("A", a=1) >> second.step("B", a=2)
    outer = Map("Each", item_processor=inner) >> image("C")
    assert sorted(names(outer)) == ["ecs f", "lambda first", "lambda second"]


def test_one_resource_of_several_steps_is_declared_once(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.touch()
    assert names(Chain([first.step("A", a=1), first.step("B", a=2)])) == ["lambda first"]
    assert names(Chain([image("A"), image("B", command=["other"])])) == ["ecs f"]
    assert names(Chain([GlueStep("A", script, job_name="j"), GlueStep("B", script, job_name="j")])) == ["glue j"]


def test_two_different_resources_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"State 'A' and State 'B' declare the ecs resource 'f' differently"):
        declared_by(Graph(Chain([image("A"), image("B", cpu=512, memory=1024)])))
    for name in ("one.py", "two.py"):
        (tmp_path / name).touch()
    jobs = [GlueStep(name, tmp_path / name, job_name="j") for name in ("one.py", "two.py")]
    with pytest.raises(ValueError, match="'j' differently"):
        declared_by(Graph(Chain(jobs)))
    twin = lambda_function("first")(second.function)
    with pytest.raises(ValueError, match="'first' differently"):
        declared_by(Graph(Chain([first.step("A", a=1), twin.step("B", a=1)])))


@pytest.mark.parametrize(
    ("state_id", "name"),
    [("Convert to set (Fargate)", "convert-to-set-fargate"), ("Ärger!", "rger"), ("a_B", "a_b"), ("é", "")],
)
def test_names_from_states(state_id: str, name: str) -> None:
    assert name_from(state_id) == name


def test_a_state_whose_name_gives_no_other_must_be_given_one() -> None:
    with pytest.raises(ValueError, match="family=''"):
        FargateStep("é", "python:3.12", subnets=["s"])
