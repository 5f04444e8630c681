"""Definitions read into steps: written back equal, changed, and run."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.strategies import JsonDict, definitions

from stepfunctions import asl
from stepfunctions.errors import DefinitionError
from stepfunctions.inputs import ExecutionInput, jsonata
from stepfunctions.steps import (
    Catch,
    Choice,
    ChoiceRule,
    Fail,
    FrozenGraph,
    Graph,
    Map,
    Parallel,
    Pass,
    Retry,
    Task,
)
from stepfunctions.steps.reading import EditableGraph, read_graph

DEFINITION: JsonDict = {
    "Comment": "all of it",
    "StartAt": "Load",
    "States": {
        "Unused": {"Type": "Succeed", "Comment": "nothing leads here"},
        "Load": {
            "Next": "Each",
            "Type": "Task",
            "Retry": [{"MaxAttempts": 2, "ErrorEquals": ["A"], "Comment": "again"}],
            "Resource": "arn:aws:states:::lambda:invoke",
            "Catch": [{"Next": "Failed", "Comment": "caught", "ErrorEquals": ["States.ALL"], "ResultPath": None}],
            "Parameters": {"FunctionName": "f", "Payload": {"x.$": "$.x", "n": None, "l": [1.0, 2]}},
            "TimeoutSeconds": 5,
            "Comment": "first",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "States": {"One": {"End": True, "Type": "Pass"}, "Other": {"Type": "Wait", "Seconds": 1, "End": True}},
                "Comment": "inside",
                "StartAt": "One",
                "ProcessorConfig": {"ExecutionType": "EXPRESS", "Mode": "DISTRIBUTED"},
            },
            "Next": "Big?",
        },
        "Big?": {
            "Choices": [
                {
                    "NumericGreaterThan": 3,
                    "Variable": "$.x",
                    "Next": "Load",
                    "Comment": "big",
                    "Assign": {"a.$": "$.x"},
                },
                {
                    "And": [{"Variable": "$.x", "IsPresent": True}, {"Not": {"IsNull": True, "Variable": "$.x"}}],
                    "Next": "J",
                },
            ],
            "Type": "Choice",
            "Default": "J",
        },
        "J": {
            "QueryLanguage": "JSONata",
            "Type": "Choice",
            "Choices": [
                {"Condition": False, "Next": "Failed"},
                {"Condition": "{%  $states.input.x > 1%}", "Next": "P"},
            ],
            "Default": "P",
            "Output": {"k.$": "a member like any other"},
        },
        "P": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}], "End": True},
        "Failed": {"Type": "Fail", "Error": "E"},
    },
    "TimeoutSeconds": 60,
}


def test_a_definition_is_written_back_equal() -> None:
    graph = read_graph(DEFINITION)
    assert json.dumps(graph.to_dict()) == json.dumps(DEFINITION)
    assert graph.to_json() == json.dumps(DEFINITION)
    assert list(graph.states) == list(DEFINITION["States"])


@settings(max_examples=120)
@given(definitions())
def test_any_definition_is_written_back_equal(definition: JsonDict) -> None:
    written = json.dumps(definition)
    graph = read_graph(definition)
    assert json.dumps(graph.to_dict()) == written
    assert json.dumps(definition) == written, "the source stays as it is"
    assert json.dumps(read_graph(written).to_dict()) == written
    machine = asl.parse(definition)
    assert asl.parse(asl.dump(machine)) == machine == graph.to_machine()


@settings(max_examples=20)
@given(definitions(depth=1))
def test_any_graph_that_was_read_is_copied_and_a_part_of_another(definition: JsonDict) -> None:
    graph = read_graph(definition)
    for twin in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):
        assert twin.to_json() == graph.to_json()
    if "Version" not in definition and "TimeoutSeconds" not in definition:
        branch = Parallel("a branch", branches=[graph])
        whole = Graph(branch, query_language=definition.get("QueryLanguage")).to_dict()
        assert whole["States"]["a branch"]["Branches"][0] == definition
        asl.parse(whole)


@pytest.mark.parametrize("make", [json.dumps, lambda definition: f"# a comment\n---\n{json.dumps(definition)}"])
def test_texts_and_files_are_read(make: Any, tmp_path: Path) -> None:
    for ending in ("json", "yaml"):
        file = tmp_path / f"definition.{ending}"
        file.write_text(make(DEFINITION))
        if ending == "yaml" or make is json.dumps:
            for source in (file, str(file), file.read_text()):
                assert json.dumps(read_graph(source).to_dict()) == json.dumps(DEFINITION)


def test_what_is_no_definition_says_where() -> None:
    broken = copy.deepcopy(DEFINITION)
    broken["States"]["Load"]["Next"] = "Ech"
    with pytest.raises(DefinitionError, match=r"/States/Load/Next: .* Did you mean 'Each'"):
        read_graph(broken)


# ------------------------------------------------------------------ changes


@pytest.fixture
def graph() -> EditableGraph:
    return read_graph(DEFINITION)


def changed(graph: Graph) -> JsonDict:
    """Return what differs from DEFINITION: the states that are other or new, None for one that is gone."""
    found = graph.to_dict()
    asl.parse(found)
    assert {key: value for key, value in found.items() if key != "States"} == {
        key: value for key, value in DEFINITION.items() if key != "States"
    }
    before, now = DEFINITION["States"], found["States"]
    return {name: now.get(name) for name in (*before, *now) if before.get(name) != now.get(name)}


def test_states_are_steps(graph: EditableGraph) -> None:
    classes = [Task, Map, Choice, Choice, Parallel, Fail]
    assert [type(graph.states[name]) for name in ("Load", "Each", "Big?", "J", "P", "Failed")] == classes
    assert changed(graph) == {}


def test_a_field_is_changed_in_its_place(graph: EditableGraph) -> None:
    load: Any = graph.states["Load"]
    load.timeout_seconds = 7
    load.parameters["Payload"]["x"] = load.parameters["Payload"].pop("x.$").replace("$.x", "fixed")
    load.parameters["Payload"]["week"] = ExecutionInput()["week"]
    load.comment = None
    load.heartbeat_seconds = 2
    now = changed(graph)
    assert list(now) == ["Load"]
    assert list(now["Load"]) == [
        *("Next", "Type", "Retry", "Resource", "Catch", "Parameters", "TimeoutSeconds", "HeartbeatSeconds"),
    ]
    assert now["Load"]["Parameters"]["Payload"] == {
        "n": None,
        "l": [1.0, 2],
        "x": "fixed",
        "week.$": "$$.Execution.Input['week']",
    }


def test_a_wrong_field_is_refused_as_anywhere(graph: EditableGraph) -> None:
    with pytest.raises(ValueError, match="State 'Load': 'timeout_seconds' must be at least 1, but is 0"):
        graph.states["Load"].timeout_seconds = 0
    with pytest.raises(AttributeError, match="Did you mean 'timeout_seconds'"):
        graph.states["Load"].timeout_second = 1


def test_states_are_linked_anew_and_added(graph: EditableGraph) -> None:
    extra = Pass("Extra", parameters={"y": graph.states["Load"].output()["x"]})
    graph.states["Load"].next(extra).next(graph.states["Each"])
    assert changed(graph) == {
        "Load": {**DEFINITION["States"]["Load"], "Next": "Extra"},
        "Extra": {"Parameters": {"y.$": "$['x']"}, "Type": "Pass", "Next": "Each"},
    }
    assert list(graph.states)[-1] == "Extra"


def test_rules_retriers_catchers_branches_and_processors_are_added(graph: EditableGraph) -> None:
    states: Any = graph.states
    states["Big?"].add_choice(ChoiceRule.IsNull("$.y", True), states["Failed"])
    states["J"].add_choice(jsonata("$states.input.y"), states["Failed"])
    states["Load"].add_retry(Retry(error_equals=["B"]))
    states["Each"].add_catch(Catch(states["Failed"], error_equals=["States.ALL"]))
    states["P"].add_branch(Pass("C"))
    states["Each"].processor_config["ExecutionType"] = "STANDARD"
    states["Each"].item_processor.states["One"].comment = "changed"
    now = changed(graph)
    assert now["Big?"]["Choices"][2:] == [{"Variable": "$.y", "IsNull": True, "Next": "Failed"}]
    assert now["J"]["Choices"][2:] == [{"Condition": "{% $states.input.y %}", "Next": "Failed"}]
    assert now["Load"]["Retry"][1:] == [{"ErrorEquals": ["B"]}]
    assert now["Each"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]
    assert now["Each"]["ItemProcessor"]["ProcessorConfig"] == {"ExecutionType": "STANDARD", "Mode": "DISTRIBUTED"}
    assert list(now["Each"]["ItemProcessor"]) == ["States", "Comment", "StartAt", "ProcessorConfig"]
    assert now["Each"]["ItemProcessor"]["States"]["One"]["Comment"] == "changed"
    assert [list(branch["States"]) for branch in now["P"]["Branches"]] == [["B"], ["C"]]


def test_the_top_is_changed_too(graph: EditableGraph) -> None:
    graph.timeout_seconds, graph.comment = 61, None
    graph.branch = graph.states["Each"]
    found = graph.to_dict()
    assert list(found) == ["StartAt", "States", "TimeoutSeconds"]
    assert (found["StartAt"], found["TimeoutSeconds"]) == ("Each", 61)


def test_a_name_used_twice_is_refused(graph: EditableGraph) -> None:
    graph.states["Load"].next(Pass("One"))
    with pytest.raises(ValueError, match="duplicate state id 'One'"):
        graph.to_dict()


def test_flows_go_through_what_was_read(graph: EditableGraph) -> None:
    before = graph.to_json()
    flow = Pass("before") >> graph.states["Each"] >> Pass("after")
    assert Graph(flow).to_dict()["States"]["Each"]["Next"] == "after"
    assert graph.to_json() == before


def test_a_frozen_graph_is_what_was_read() -> None:
    graph = FrozenGraph.from_json(json.dumps(DEFINITION))
    assert graph.to_dict() == DEFINITION
    assert graph.timeout_seconds == 60
    assert repr(graph).startswith("FrozenGraph(['Unused', 'Load'")
