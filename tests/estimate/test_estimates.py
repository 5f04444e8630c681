"""Estimates beside what runs really have: transitions and events of whole executions in process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.asl.codec import parse
from stepfunctions.catalog.prices import default_prices, read_prices
from stepfunctions.cli.main import run
from stepfunctions.estimate import Assumptions, counts_of, estimate, measured
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/r"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}
ONE = {"StartAt": "I", "States": {"I": PASS}}
MACHINES: dict[str, tuple[dict[str, Any], Any]] = {
    "a chain": ({"A": {"Type": "Pass", "Next": "B"}, "B": {**INVOKE, "Next": "C"}, "C": {"Type": "Succeed"}}, {}),
    "a failure": ({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "Error": "E"}}, {}),
    "branches": (
        {"A": {"Type": "Parallel", "Branches": [ONE, {"StartAt": "J", "States": {"J": PASS}}], "End": True}},
        {},
    ),
    "items of the input": (
        {"A": {"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": ONE, "End": True}},
        {"list": [1, 2, 3]},
    ),
    "a wait": ({"A": {"Type": "Wait", "Seconds": 0, "Next": "B"}, "B": PASS}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_the_counts_of_machines_with_one_way_are_those_of_the_run(name: str) -> None:
    states, given = MACHINES[name]
    definition: dict[str, Any] = {"StartAt": "A", "States": states}
    workflow = Workflow.from_definition(definition, name="w", role=ROLE)
    execution = workflow.run(given, mocks={"B": {"StatusCode": 200}} if "B" in states and name == "a chain" else {})
    seen = measured(execution.list_events(max_items=1000))
    fewest, most = counts_of(parse(definition), Assumptions(given=given))
    assert fewest == most
    assert (most.transitions, most.events) == (seen.counts.transitions, seen.counts.events)


LOOP = {
    "StartAt": "Ask",
    "States": {
        "Ask": {**INVOKE, "Next": "Ready?", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]},
        "Ready?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.ready", "BooleanEquals": True, "Next": "Done"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Ask"},
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "E"},
    },
}


def test_a_loop_goes_round_as_often_as_it_is_told() -> None:
    fewest, most = counts_of(parse(LOOP), Assumptions(turns=10))
    assert (fewest.transitions, fewest.events, fewest.wait_seconds) == (3, 2 + 5 + 2 + 2, 0)
    assert (most.transitions, most.events, most.wait_seconds) == (10 * 3 + 1, 2 + 10 * 9 + 2, 600)


def test_children_of_a_distributed_map_are_counted_apart() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **ONE}
    state = {"Type": "Map", "ItemProcessor": processor, "ItemBatcher": {"MaxItemsPerBatch": 10}, "End": True}
    _, most = counts_of(parse({"StartAt": "M", "States": {"M": state}}), Assumptions(items=195))
    assert (most.transitions, most.children, most.child_transitions) == (1, 20, 20)


def test_express_children_are_no_transitions() -> None:
    def map_of(execution_type: str, inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}, **inner}
        state = {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}
        return {"StartAt": f"Map{execution_type}", "States": {f"Map{execution_type}": state}}

    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 100},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    machine = parse(map_of("STANDARD", map_of("EXPRESS", ONE), ItemReader=reader))
    _, most = counts_of(machine, Assumptions(items=1000))
    assert (most.children, most.child_transitions, most.express_children) == (100 + 100 * 1000, 100, 100 * 1000)
    one = 0.000001 + 0.1 * 64 / 1024 * 0.00001667
    made = estimate(machine, default_prices(), assumed=Assumptions(items=1000))
    assert made.cost_most == pytest.approx(101 * 0.000025 + 100_000 * one)


def test_branches_wait_together() -> None:
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    branches = [{"StartAt": name, "States": {name: wait}} for name in ("A", "B")]
    both = {"Type": "Parallel", "Branches": branches, "Next": "M"}
    each = {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "C", "States": {"C": wait}}, "End": True}
    machine = parse({"StartAt": "P", "States": {"P": both, "M": each}})
    assert counts_of(machine, Assumptions(items=5))[1].wait_seconds == 60 + 3 * 60


def test_what_it_costs() -> None:
    made = estimate(parse(LOOP), default_prices(), assumed=Assumptions(turns=10), runs=1000)
    assert made.cost_least == pytest.approx(3 * 1000 * 0.000025)
    assert made.cost_most == pytest.approx(31 * 1000 * 0.000025)
    express = estimate(parse(LOOP), default_prices(), kind="EXPRESS")
    assert express.cost_least == pytest.approx(0.000001 + 0.1 * 64 / 1024 * 0.00001667)
    training = {**INVOKE, "Parameters": {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}}
    machine = parse({"StartAt": "T", "States": {"T": {**training, "End": True}}})
    events = [
        {"id": 1, "type": "TaskStateEntered", "timestamp": 0.0, "stateEnteredEventDetails": {"name": "T"}},
        {"id": 2, "type": "TaskStateExited", "timestamp": 1800.0, "stateExitedEventDetails": {"name": "T"}},
    ]
    assert estimate(machine, default_prices(), seen=measured(events)).cost_jobs == pytest.approx(0.115)
    with pytest.raises(ValueError, match="no events"):
        measured([])


def test_prices_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"date": "2027-01-01", "stepfunctions": {"standard_transition": 1}}')
    prices = read_prices(path)
    assert (prices.date, prices.standard_transition, prices.currency) == ("2027-01-01", 1.0, "USD")
    for text in ("{", "[]", '{"stepfunctions": {"standard_transition": "much"}}', '{"sagemaker": {"ml.m5.large": -1}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="no table of prices"):
            read_prices(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loop.json"
    path.write_text(json.dumps(LOOP))
    assert run(["estimate", str(path), "--turns", "10", "--runs", "52"]) == 0
    printed = capsys.readouterr().out
    assert "state transitions                3            31" in printed
    assert "52 runs: 0.0039 to 0.0403 USD for Step Functions" in printed
    assert run(["estimate", str(path), "--format", "json", "--input", '{"a": 1}']) == 0
    assert json.loads(capsys.readouterr().out)["fewest"]["transitions"] == 3
    assert run(["estimate", str(path), "--turns", "5000"]) == 0
    assert "more than the 25,000 events" in capsys.readouterr().out
    assert run(["estimate", str(path), "--type", "EXPRESS"]) == 0
    assert "1 run: 0.0000011 to " in capsys.readouterr().out
    assert run(["estimate", str(path), "--input", "{"]) == 2
    assert run(["estimate", str(tmp_path / "none.json")]) == 2
