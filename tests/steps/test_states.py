"""Steps as JSON, links between them, and what is refused."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import Any

import pytest

from stepfunctions import asl, steps
from stepfunctions.asl.fields import declared_fields
from stepfunctions.exceptions import DuplicateStatesInChain
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    FrozenGraph,
    Graph,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
    signatures,
)
from stepfunctions.steps.blocks import LINKS, Block


def test_fields_are_written_in_the_order_given() -> None:
    step = Pass("P", result={"week": 39}, comment="c", result_path=None, parameters=None)
    assert list(step.to_dict().items()) == [
        ("Result", {"week": 39}),
        ("Comment", "c"),
        ("ResultPath", None),
        ("Type", "Pass"),
        ("End", True),
    ]


def test_placeholders_become_paths() -> None:
    given = ExecutionInput()
    step = Task(
        "T",
        resource="arn:aws:states:::lambda:invoke",
        timeout_seconds=given["limit"],
        parameters={
            "FunctionName": "f",
            "Payload": {
                "week": given["week"],
                "fixed": 1,
                "list": ["--week", given["week"], [given["x"]], "it's"],
                "inner": [{"a": given["a"]}],
            },
        },
    )
    assert step.to_dict()["Parameters"] == {
        "FunctionName": "f",
        "Payload": {
            "week.$": "$$.Execution.Input['week']",
            "fixed": 1,
            "list.$": "States.Array('--week', $$.Execution.Input['week'], "
            "States.Array($$.Execution.Input['x']), 'it\\'s')",
            "inner": [{"a.$": "$$.Execution.Input['a']"}],
        },
    }
    assert step.to_dict()["TimeoutSecondsPath"] == "$$.Execution.Input['limit']"


def test_a_placeholder_as_whole_parameters_is_the_input_path() -> None:
    step = Pass("P", parameters=ExecutionInput()["data"], comment="c")
    assert step.to_dict()["InputPath"] == "$$.Execution.Input['data']"
    assert "Parameters" not in step.to_dict()
    with pytest.raises(ValueError, match=r"State 'P': 'parameters' is an expression as a whole .* input_path"):
        Pass("P", parameters=ExecutionInput(), input_path="$.x").to_dict()


def test_a_placeholder_in_a_constant_is_refused() -> None:
    with pytest.raises(ValueError, match="Write it into 'parameters'"):
        Pass("P", result={"a": ExecutionInput()["x"]}).to_dict()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda: Pass("P", reslt=1),  # type: ignore[call-arg]
            TypeError,
            "Field 'reslt' is not supported. Did you mean 'result'?",
        ),
        (
            lambda: Retry(error_equal=["X"]),  # type: ignore[call-arg]
            TypeError,
            "Did you mean 'error_equals'?",
        ),
        (
            lambda: Task("T", resource="r", timeout_seconds=1, timeout_seconds_path="$.t"),
            ValueError,
            "exclude each other",
        ),
        (lambda: Wait("W"), ValueError, "exactly one of"),
        (lambda: Wait("W", seconds=1, timestamp="2026-01-31T00:00:00Z"), ValueError, "exclude each other"),
        (lambda: Chain(Pass("P")), TypeError, "takes a list"),  # type: ignore[arg-type]
        (lambda: Succeed("S").next(Pass("P")), ValueError, "has no next step"),
        (lambda: Pass("P").add_retry(Retry(error_equals=["X"])), ValueError, "has no Retry"),
        (lambda: Choice("C").add_catch([]), ValueError, "has no Catch"),
        (lambda: Map("M").to_dict(), ValueError, "has no processor"),
        (lambda: Graph("P"), ValueError, "made of a State, a Chain or a Flow"),  # type: ignore[arg-type]
        (lambda: FrozenGraph("{}"), ValueError, "must be a dict"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text.replace("?", r"\?")):
        make()


def test_a_misspelt_attribute_raises() -> None:
    step = Map("M")
    assert step.max_concurrency is None
    with pytest.raises(AttributeError):
        step.max_concurency  # noqa: B018


def test_steps_copy_pickle_and_show_themselves() -> None:
    step = Task("T", resource="r", parameters={"a": ExecutionInput()["x"]})
    step.next(Pass("P"))
    for twin in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        assert twin.to_dict() == step.to_dict()
    assert repr(Pass("P", comment="c")) == "Pass('P', comment='c')"
    assert json.loads(str(step)) == step.to_dict()


def test_a_chain_links_flattens_and_refuses_repetition() -> None:
    a, b, c, d = (Pass(name) for name in "abcd")
    chain = Chain([a, Chain([b, c])])
    chain.append(Chain([d]))
    assert [step.state_id for step in chain] == ["a", "b", "c", "d"]
    assert [step.to_dict().get("Next") for step in chain] == ["b", "c", "d", None]
    assert chain.state_id == "a"
    with pytest.raises(DuplicateStatesInChain):
        chain.append(b)
    with pytest.raises(ValueError, match="no steps"):
        _ = Chain([]).state_id


def test_chains_do_not_share_their_steps() -> None:
    Chain().append(Pass("a"))
    assert len(Chain()) == 0


def test_a_rule_added_after_the_chain_was_made_shows_in_the_graph() -> None:
    choice, good, bad = Choice("C"), Pass("good"), Fail("bad", error="E")
    chain = Chain([Pass("start"), choice])
    choice.add_choice(ChoiceRule.NumericLessThan("$.mae", 5), good)
    choice.default_choice(bad)
    definition = Graph(chain).to_dict()
    assert list(definition["States"]) == ["start", "C", "bad", "good"]
    assert definition["States"]["C"] == {
        "Type": "Choice",
        "Default": "bad",
        "Choices": [{"Variable": "$.mae", "NumericLessThan": 5, "Next": "good"}],
    }


def test_a_graph_is_a_picture_of_its_moment() -> None:
    step = Pass("P", comment="before")
    graph = Graph(step)
    step.comment = "after"
    step.next(Pass("Q"))
    assert graph.to_dict() == {"StartAt": "P", "States": {"P": {"Comment": "before", "Type": "Pass", "End": True}}}


def test_loops_and_shared_handlers_are_fine() -> None:
    handler = Fail("failed")
    catch = Catch(handler, error_equals=["States.ALL"])
    first = Task("first", resource="r", catch=catch)
    choice = Choice("again?")
    choice.add_choice(ChoiceRule.IsPresent("$.again", True), first)
    choice.default_choice(Task("last", resource="r", catch=[catch]))
    definition = Graph(Chain([first, choice])).to_dict()
    assert set(definition["States"]) == {"first", "again?", "last", "failed"}
    asl.parse(definition)


def test_two_states_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="unique state id"):
        Graph(Chain([Pass("P"), Pass("P")]))


def test_the_output_of_another_step_than_the_one_before_is_refused() -> None:
    a, b = Pass("a"), Pass("b")
    c = Pass("c", parameters={"k": a.output()["x"]})
    with pytest.raises(ValueError, match="State 'c' is using an illegal placeholder for the 'k' parameter"):
        Graph(Chain([a, b, c]))
    Graph(Chain([Pass("d"), a, Pass("e", parameters={"k": [a.output()["x"]]})]))


def test_choice_next_sets_the_default_and_warns_when_it_replaces_one(caplog: pytest.LogCaptureFixture) -> None:
    choice = Choice("C")
    choice.next(Pass("first"))
    with caplog.at_level(logging.WARNING, logger="stepfunctions.states"):
        choice.next(Pass("second"))
    assert "Overwriting C's current default_choice (first) with second" in caplog.text


def test_parallel_and_map_hold_whole_definitions() -> None:
    parallel = Parallel("P")
    parallel.add_branch(Chain([Pass("a"), Pass("b")]))
    parallel.add_branch(Succeed("c"))
    assert [list(branch["States"]) for branch in parallel.to_dict()["Branches"]] == [["a", "b"], ["c"]]
    legacy = Map("M", items_path="$.routes", iterator=Pass("each"), max_concurrency=0)
    assert list(legacy.to_dict()) == ["ItemsPath", "Iterator", "MaxConcurrency", "Type", "End"]
    spread = Map(
        "D",
        item_processor=Pass("one"),
        processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        item_reader={
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": ExecutionInput()["key"]},
        },
    )
    written = spread.to_dict()
    assert written["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert written["ItemReader"]["Parameters"] == {"Bucket": "b", "Key.$": "$$.Execution.Input['key']"}


def test_what_every_step_writes_is_accepted_by_the_language() -> None:
    fail = Fail("fail", error="E", cause="C")
    retry = Retry(error_equals=["States.ALL"], interval_seconds=15, backoff_rate=4.0, max_attempts=2)
    catch = Catch(fail, error_equals=["States.ALL"], result_path="$.error")
    parallel = Parallel("parallel", retry=retry, catch=catch)
    parallel.add_branch(Pass("left"))
    chain = Chain(
        [
            Pass("pass"),
            Wait("wait", seconds=1),
            parallel,
            Map("map", iterator=Pass("item"), retry=[retry], catch=[catch]),
            steps.LambdaStep("lambda", parameters={"FunctionName": "f"}, retry=retry, catch=catch),
            Succeed("succeed"),
        ]
    )
    graph = Graph(chain, comment="all", timeout_seconds=60, version="1.0")
    assert asl.dump(graph.to_machine()) == graph.to_dict()


@pytest.mark.parametrize(
    ("block", "typed"),
    [
        (Pass, signatures.PassFields),
        (Task, signatures.ServiceFields),
        (Map, signatures.MapFields),
        (Parallel, signatures.ParallelFields),
        (Wait, signatures.WaitFields),
        (Choice, signatures.ChoiceFields),
        (Succeed, signatures.CommonFields),
        (Fail, signatures.FailFields),
        (Retry, signatures.RetryFields),
        (Catch, signatures.CatchFields),
    ],
)
def test_the_typed_arguments_are_the_fields_of_the_language(block: type[Block], typed: Any) -> None:
    assert block.ASL is not None
    declared = {field.attribute for field in declared_fields(block.ASL)} - LINKS
    builder_only = {"output_schema", "retry", "catch", "iterator", "item_processor", "processor_config"}
    assert set(typed.__annotations__) - builder_only == declared or _all_annotations(typed) - builder_only == declared


def _all_annotations(typed: Any) -> set[str]:
    return set(typed.__required_keys__ | typed.__optional_keys__)
