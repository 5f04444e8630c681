"""The same steps used again under a prefix."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stepfunctions import asl
from stepfunctions.inputs import ExecutionInput, StepInput, states
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    FrozenGraph,
    Graph,
    ItemReader,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Task,
    prefixed,
)
from stepfunctions.steps.reading import read_graph


def fragment() -> Any:
    """Steps of every kind that refer to each other in every way."""
    load = Task(
        "load", resource="r", retry=[Retry(error_equals=["E"])], catch=Catch(Fail("bad"), error_equals=["States.ALL"])
    )
    rows = load.output()["rows"]
    check = Choice("check", comment="c")
    both = Parallel("both", branches=[Chain([Pass("left"), Pass("right")]), Graph(Pass("alone"), comment="a branch")])
    each = Map("each", item_processor=Pass("one", parameters={"x": StepInput()["x"]}), distributed=True)
    each.item_reader = ItemReader.jsonl("bucket", "key")
    work = Pass(
        "work", parameters={"n": rows, "t": states.format("{}", rows), "l": [rows], "week": ExecutionInput()["week"]}
    )
    work.next(check)
    again = check.when((rows > 3) & ChoiceRule.IsPresent("$.x", True), work, assign={"n": rows}).otherwise(both)
    return load >> again >> each


def test_every_name_has_the_prefix_and_nothing_else_is_changed() -> None:
    flow = fragment()
    before = Graph(flow).to_json()
    copied = Graph(flow.prefixed("west ")).to_json()
    assert Graph(flow).to_json() == before
    expected = before
    for name in ("load", "bad", "check", "both", "left", "right", "alone", "each", "one", "work"):
        expected = re.sub(rf'("(?:StartAt|Next|Default)": |[{{ ])"{name}"', rf'\1"west {name}"', expected)
    assert json.loads(copied) == json.loads(expected)
    asl.parse(copied)


def test_a_fragment_is_used_twice_beside_itself() -> None:
    flow = fragment()
    definition = Graph(flow.prefixed("a ") >> Pass("between") >> flow.prefixed("b ") >> flow).to_dict()
    asl.parse(definition)
    assert definition["States"]["a each"]["Next"] == "between"
    assert definition["States"]["between"]["Next"] == "b load"
    assert definition["States"]["b each"]["Next"] == "load"


def test_prefixes_add_up() -> None:
    assert list(Graph(prefixed(Pass("a") >> Pass("b"), "x ").prefixed("y ")).to_dict()["States"]) == ["y x a", "y x b"]


def test_outputs_are_those_of_the_copies() -> None:
    first = Pass("first")
    flow = first >> Pass("second", parameters={"k": first.output()["x"]})
    copied = flow.prefixed("p ")
    assert Graph(copied).to_dict()["States"]["p second"]["Parameters"] == {"k.$": "$['x']"}
    with pytest.raises(ValueError, match="It stands for the output of 'first', which is not the input of 'p after'"):
        Graph(copied >> prefixed(Pass("after", parameters={"k": first.output()["x"]}), "p "))


def test_a_single_step_and_a_chain_are_fragments() -> None:
    assert Graph(prefixed(Pass("a"), "x ")).to_dict()["StartAt"] == "x a"
    chain = Chain([Pass("a"), Pass("b")])
    states = Graph(prefixed(chain, "x ")).to_dict()["States"]
    assert (states["x a"]["Next"], states["x b"].get("End")) == ("x b", True)
    step = LambdaStep("call", parameters={"FunctionName": "f"})
    assert Graph(prefixed(step, "x ")).to_dict()["States"]["x call"] == step.to_dict()


def test_rules_of_2_3_0_that_are_plain_pairs_are_copied() -> None:
    choice = Choice("c")
    choice.choices.append((ChoiceRule.IsNull("$.x", True), Pass("a")))  # type: ignore[arg-type]
    assert Graph(prefixed(choice, "x ")).to_dict()["States"]["x c"]["Choices"][0]["Next"] == "x a"


def test_names_stay_within_80_characters() -> None:
    with pytest.raises(ValueError, match=r"The state's name 'x{30}…' has 81 characters; AWS takes at most 80"):
        prefixed(Pass("a"), "x" * 80)
    with pytest.raises(ValueError, match="has 81 characters"):
        prefixed(Parallel("p", branches=[Pass("abc")]), "x" * 78)


def test_branches_that_were_read_can_be_prefixed_unless_frozen() -> None:
    definition = {"StartAt": "q", "States": {"q": {"Type": "Succeed"}}}
    flow = prefixed(Parallel("p", branches=[read_graph(definition)]), "x ")
    assert list(Graph(flow).to_dict()["States"]["x p"]["Branches"][0]["States"]) == ["x q"]
    with pytest.raises(ValueError, match=r"FrozenGraph\(\['q'\]\) is kept as it was read and takes no prefix"):
        prefixed(Parallel("p", branches=[FrozenGraph(definition)]), "x ")
