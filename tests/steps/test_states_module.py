"""What 2.3.0's modules ``steps.states`` and ``steps.fields`` have beside the states."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from stepfunctions import asl
from stepfunctions.asl.fields import declared_fields
from stepfunctions.steps import Catch, Chain, Choice, ChoiceRule, Parallel, Pass, Succeed, Task
from stepfunctions.steps.base import State
from stepfunctions.steps.fields import Field
from stepfunctions.steps.states import GraphVisitor, ValidationVisitor, to_pascalcase

ORDER = ["A", "B", "C", "E", "D", "T", "U", "K", "F", "G"]
"""The order in which 2.3.0 visits :func:`flow`: default, rules, next, catches, each with all that follows it."""


class Noting:
    """A visitor that notes names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def is_visited(self, state: State) -> bool:
        return state.state_id in self.names

    def visit(self, state: State) -> None:
        self.names.append(state.state_id)


def flow() -> Chain:
    task = Task("T", resource="arn:aws:states:::sns:publish")
    task.add_catch(Catch(Pass("K"), error_equals=["States.ALL"]))
    task.next(Pass("U"))
    first = Pass("D")
    first.next(task)
    choice = Choice("C")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), first)
    choice.add_choice(ChoiceRule.IsNull("$.y", True), Chain([Pass("F"), Pass("G")]))
    choice.default_choice(Pass("E"))
    return Chain([Pass("A"), Pass("B"), choice])


def test_a_visitor_sees_all_that_a_step_leads_to() -> None:
    steps = flow()
    for start in (steps, steps.first):
        noting = Noting()
        start.accept(noting)
        assert noting.names == ORDER


def test_a_visitor_sees_a_loop_once_and_no_branches() -> None:
    choice, back, parallel = Choice("C"), Pass("Back"), Parallel("P")
    parallel.add_branch(Pass("Inside"))
    parallel.next(choice)
    choice.add_choice(ChoiceRule.IsNull("$.x", True), back)
    back.next(parallel)
    choice.default_choice(Succeed("End"))
    noting = Noting()
    parallel.accept(noting)
    assert noting.names == ["P", "C", "End", "Back"]


def test_a_visitor_sees_a_flow() -> None:
    noting = Noting()
    first = Pass("A") >> Pass("B")
    task = Task("T", resource="arn:aws:states:::sns:publish", catch=Catch(first, error_equals=["States.ALL"]))
    task.accept(noting)
    assert noting.names == ["T", "A", "B"]


def test_a_graph_visitor_collects_what_states_are() -> None:
    visitor = GraphVisitor()
    flow().accept(visitor)
    assert list(visitor.states) == ORDER
    assert visitor.states["A"] == {"Type": "Pass", "Next": "B"}
    assert visitor.is_visited(Pass("A"))
    assert not visitor.is_visited(Pass("Z"))


def test_a_validation_visitor_refuses_what_no_workflow_can_have() -> None:
    visitor = ValidationVisitor()
    flow().accept(visitor)
    assert list(visitor.states) == ORDER
    other = Pass("Other", output_schema={"q": str})
    chain = Chain([Pass("X"), Pass("Y", parameters={"k": other.output()["q"]})])
    with pytest.raises(ValueError, match="State 'Y' is using an illegal placeholder for the 'k' parameter"):
        chain.accept(ValidationVisitor())
    with pytest.raises(ValueError, match="unique state id"):
        Chain([Pass("X"), Pass("X")]).accept(ValidationVisitor())


@pytest.mark.parametrize(
    ("text", "pascal"), [("max_concurrency", "MaxConcurrency"), ("comment", "Comment"), ("", ""), ("_a__b", "AB")]
)
def test_names_in_pascal_case(text: str, pascal: str) -> None:
    assert to_pascalcase(text) == pascal


def test_fields_are_those_of_the_field_table() -> None:
    classes: tuple[type[Any], ...] = (asl.StateMachine, *asl.STATE_TYPES.values(), asl.Retrier, asl.Catcher)
    declared = {field.spec.wire: field.attribute for cls in classes for field in declared_fields(cls)}
    assert {field.name: field.value for field in Field} == {**declared, "NextStep": "next_step"}


def test_a_field_is_equal_to_its_name() -> None:
    assert Field.TimeoutSeconds in Task("T", resource="r").allowed_fields()
    assert Field("timeout_seconds") is Field.TimeoutSeconds
    assert copy.deepcopy(Field.Comment) is pickle.loads(pickle.dumps(Field.Comment)) is Field.Comment
