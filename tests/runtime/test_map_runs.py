"""Distributed Maps through the runner."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.runtime import core, map_runs

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
PASS = {"Type": "Pass"}


def spread(states: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A machine of one Distributed Map over ``$.items``."""
    states = states or {"P": PASS}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": next(iter(states)),
        "States": states,
    }
    where = {} if "ItemReader" in fields else {"ItemsPath": "$.items"}
    return {"M": {"Type": "Map", "Label": "each", **where, "ItemProcessor": processor, **fields}}


def running(world: Any, arn: str) -> list[Any]:
    return [json.loads(child["input"]) for child in world.children(arn) if child["status"] == "RUNNING"]


def run_of(world: Any, arn: str) -> dict[str, Any]:
    (listed,) = world.api.list_map_runs({"executionArn": arn})["mapRuns"]
    described: dict[str, Any] = world.api.describe_map_run({"mapRunArn": listed["mapRunArn"]})
    return described


def test_results_come_in_item_order(world: Any) -> None:
    arn = world.run(spread({"T": TASK}), {"items": ["a", "b", "c"]})
    assert [call.command.arguments.value for call in world.tasks.calls] == ["a", "b", "c"]
    for number in (2, 0, 1):
        world.tasks.succeed(number, world.tasks.calls[number])
        world.runner.pump()
    assert world.output(arn) == [0, 1, 2]
    assert world.types(arn) == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


def test_children_are_executions_of_the_labelled_machine(world: Any) -> None:
    arn = world.run(spread(), {"items": [{"a": 1}]})
    (child,) = world.children(arn)
    assert child["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:execution:m/each:")
    assert child["stateMachineArn"] == "arn:aws:states:us-east-1:123456789012:stateMachine:m/each"
    assert child["mapRunArn"] == run_of(world, arn)["mapRunArn"]
    assert world.types(child["executionArn"]) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    listed = world.api.list_executions({"mapRunArn": child["mapRunArn"]})["executions"]
    assert [one["executionArn"] for one in listed] == [child["executionArn"]]
    machine = world.api.list_executions({"stateMachineArn": child["stateMachineArn"].split("/")[0]})["executions"]
    assert [one["executionArn"] for one in machine] == [arn]
    described = world.api.describe_state_machine_for_execution({"executionArn": child["executionArn"]})
    assert (described["label"], described["mapRunArn"]) == ("each", child["mapRunArn"])
    assert json.loads(described["definition"])["StartAt"] == "P"


def test_the_window_is_never_exceeded(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, MaxConcurrency=2), {"items": list(range(5))})
    assert running(world, arn) == [0, 1]
    world.tasks.succeed("r0", world.tasks.calls[0])
    world.runner.pump()
    assert running(world, arn) == [1, 2]
    counts = run_of(world, arn)["itemCounts"]
    assert (counts["total"], counts["pending"], counts["running"], counts["succeeded"]) == (5, 2, 2, 1)
    for number in range(1, 5):
        world.tasks.succeed(f"r{number}", world.tasks.calls[number])
        world.runner.pump()
        assert len(running(world, arn)) <= 2
    assert world.output(arn) == [f"r{number}" for number in range(5)]


def test_more_items_than_one_cycle_starts(world: Any) -> None:
    count = core._CHILDREN * 2 + 7
    arn = world.run(spread(), {"items": list(range(count))})
    assert world.output(arn) == list(range(count))


def test_no_items(world: Any) -> None:
    arn = world.run(spread(), {"items": []})
    assert world.output(arn) == []
    described = run_of(world, arn)
    assert (described["status"], described["itemCounts"]["total"]) == ("SUCCEEDED", 0)


def test_an_object_gives_keys(world: Any) -> None:
    selector = {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "x.$": "$.x"}
    arn = world.run(spread(ItemSelector=selector), {"items": {"a": 1, "b": 2}, "x": "outer"})
    assert world.output(arn) == [
        {"k": "a", "v": 1, "i": 0, "x": "outer"},
        {"k": "b", "v": 2, "i": 1, "x": "outer"},
    ]
    pairs = world.begin(world.create(spread(), "pairs"), {"items": {"a": 1}}, "pairs")
    world.runner.pump()
    assert world.output(pairs) == [{"Key": "a", "Value": 1}]


def test_one_failure_stops_the_rest(world: Any) -> None:
    catch = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "C"}]
    arn = world.run(
        {**spread({"T": TASK}, MaxConcurrency=3, Catch=catch, Next="C"), "C": PASS}, {"items": list(range(9))}
    )
    world.tasks.fail("Broken", world.tasks.calls[1])
    world.runner.pump()
    assert world.output(arn)["Error"] == "States.ExceedToleratedFailureThreshold"
    assert [child["status"] for child in world.children(arn)] == ["ABORTED", "FAILED", "ABORTED"]
    assert sorted(world.tasks.cancelled) == sorted([world.tasks.calls[0].key, world.tasks.calls[2].key])
    described = run_of(world, arn)
    counts = described["executionCounts"]
    assert (described["status"], counts["failed"], counts["aborted"], counts["running"]) == ("FAILED", 1, 2, 0)
    assert counts["pending"] == 6


def test_failures_within_the_tolerance_are_described_in_the_result(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, ToleratedFailureCount=1), {"items": [0, 1, 2]})
    world.tasks.fail("Broken", world.tasks.calls[1])
    world.runner.pump()
    assert world.status(arn) == "RUNNING"
    world.tasks.succeed("a", world.tasks.calls[0])
    world.tasks.succeed("b", world.tasks.calls[2])
    world.runner.pump()
    first, failed, last = world.output(arn)
    assert (first, last) == ("a", "b")
    assert (failed["Status"], failed["Error"], failed["Input"]) == ("FAILED", "Broken", "1")
    assert run_of(world, arn)["itemCounts"]["failed"] == 1


def test_stopping_the_parent_stops_the_children(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, MaxConcurrency=3), {"items": list(range(9))})
    world.api.stop_execution({"executionArn": arn})
    world.runner.pump()
    assert world.status(arn) == "ABORTED"
    assert [child["status"] for child in world.children(arn)] == ["ABORTED"] * 3
    described = run_of(world, arn)
    assert (described["status"], described["itemCounts"]["aborted"]) == ("ABORTED", 3)
    assert "stopDate" in described
    assert world.runner.idle
    assert world.runner._core._map_runs.active == {}


def test_a_kill_between_the_end_of_a_run_and_of_its_children(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, MaxConcurrency=3), {"items": list(range(9))})
    world.api.stop_execution({"executionArn": arn})
    assert "RUNNING" in [child["status"] for child in world.children(arn)]
    world.restart()
    world.runner.pump()
    assert [child["status"] for child in world.children(arn)] == ["ABORTED"] * 3
    assert run_of(world, arn)["itemCounts"]["aborted"] == 3
    assert world.runner.idle


def test_a_restart_goes_on_at_the_cursor(world: Any) -> None:
    world.files.put("b", "items.jsonl", b"".join(b'{"n": %d}\n' % number for number in range(7)))
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    }
    selector = {"n.$": "$$.Map.Item.Value.n", "from.$": "$$.Map.Item.Source"}
    machine = spread({"T": {**TASK, "End": True}}, MaxConcurrency=2, ItemReader=reader, ItemSelector=selector)
    arn = world.run(machine, {"key": "items.jsonl"})
    done = 0
    while world.status(arn) == "RUNNING":
        call = world.tasks.calls[-1]
        world.tasks.succeed(call.command.arguments.value["n"], call)
        world.runner.pump()
        done += 1
        world.restart()
        world.runner.pump()
    assert done == 7
    assert world.output(arn) == list(range(7))
    assert world.tasks.calls[0].command.arguments.value == {"n": 0, "from": "S3://b/items.jsonl"}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (
            None,
            "Cannot read s3://b/x.json: there is no mock for it; give one as mocks={'s3://b/x.json': ...} (NoSuchKey)",
        ),
        (b"[1, 2, oops]", "Cannot read items from s3://b/x.json: Expecting value at character 8"),
    ],
)
def test_a_reader_that_fails_fails_the_map(world: Any, content: bytes | None, cause: str) -> None:
    if content is not None:
        world.files.put("b", "x.json", content)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "x.json"},
    }
    catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "C"}]
    machine = {**spread({"T": TASK}, ItemReader=reader, Catch=catch, Next="C"), "C": PASS}
    arn = world.run(machine, {})
    assert world.output(arn) == {"Error": "States.ItemReaderFailed", "Cause": cause}
    assert all(child["status"] == "ABORTED" for child in world.children(arn))
    assert run_of(world, arn)["status"] == "FAILED"


def test_a_source_with_a_fault_fails_its_map_only(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(world.files, "open", fault)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "x.json"},
    }
    arn = world.run(spread(ItemReader=reader), {})
    described = world.describe(arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert "a bug" in described["cause"]


def test_an_item_selector_that_fails_fails_the_map(world: Any) -> None:
    arn = world.run(spread(ItemSelector={"x.$": "$$.Map.Item.Value.gone"}), {"items": [{}]})
    described = world.describe(arn)
    assert described["status"] == "FAILED"
    assert "$$.Map.Item.Value.gone" in described["cause"]


def test_a_result_that_is_too_large_fails_the_map(world: Any) -> None:
    big = {"Type": "Pass", "Result": "x" * 100_000}
    arn = world.run(spread({"P": big}), {"items": [1, 2, 3]})
    described = world.describe(arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}


def written(world: Any, name: str) -> Any:
    (key,) = [key for key in world.files.keys("b") if key.endswith(name)]
    return json.loads(world.files.get("b", key))


def test_results_are_written_over_many_cycles_and_a_restart(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_runs, "_RESULTS", 2)
    arn = world.run(spread({"T": TASK}, ResultWriter=WRITER), {"items": list(range(7))})
    for number, call in enumerate(world.tasks.calls[:6]):
        world.tasks.succeed(number, call)
    world.runner.pump()
    world.restart()
    world.runner.pump()
    assert world.files.keys("b") == []
    world.tasks.succeed(6)
    world.runner.pump()
    assert world.output(arn)["MapRunArn"] == run_of(world, arn)["mapRunArn"]
    assert [json.loads(record["Output"]) for record in written(world, "SUCCEEDED_0.json")] == list(range(7))
    assert run_of(world, arn)["executionCounts"]["resultsWritten"] == 7


@pytest.mark.parametrize("restarts", [range(0), range(1), range(1, 2), range(2, 3), range(4)])
def test_what_an_aborted_run_had_done_is_written(world: Any, monkeypatch: pytest.MonkeyPatch, restarts: range) -> None:
    monkeypatch.setattr(map_runs, "_RESULTS", 3)
    arn = world.run(spread({"T": TASK}, MaxConcurrency=2, ResultWriter=WRITER), {"items": list(range(4))})
    world.tasks.succeed("done", world.tasks.calls[0])
    world.runner.pump()
    world.api.stop_execution({"executionArn": arn})
    for commit in range(9):
        if commit in restarts:
            world.restart()
        world.runner.step()
    assert not world.runner.step()
    assert [record["Output"] for record in written(world, "SUCCEEDED_0.json")] == ['"done"']
    assert [record["Status"] for record in written(world, "FAILED_0.json")] == ["ABORTED", "ABORTED"]
    assert [record["Input"] for record in written(world, "PENDING_0.json")] == ["3"]
    assert run_of(world, arn)["status"] == "ABORTED"


def test_a_store_of_objects_that_breaks_fails_one_map(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(bucket: str, key: str) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(world.files, "create", create)
    arn = world.run(spread(ResultWriter=WRITER), {"items": [1]})
    described = world.describe(arn)
    assert (described["error"], described["cause"]) == (
        "States.ResultWriterFailed",
        "Cannot write results: RuntimeError('broken')",
    )


def test_lines_as_the_states_result(world: Any) -> None:
    form = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}
    arn = world.run(spread(ResultWriter=form), {"items": [[1, {"a": 2}], 3]})
    assert world.output(arn) == '1\n{"a":2}\n3'


def test_a_retry_is_a_new_run_over_all_items(world: Any) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 1}]
    arn = world.run(spread({"T": TASK}, Retry=retry), {"items": [0, 1]})
    world.tasks.fail()
    world.runner.pump()
    world.clock.advance(5)
    world.runner.pump()
    assert len(world.tasks.calls) == 4
    for call in world.tasks.calls[2:]:
        world.tasks.succeed("ok", call)
    world.runner.pump()
    assert world.output(arn) == ["ok", "ok"]
    runs = world.api.list_map_runs({"executionArn": arn})["mapRuns"]
    assert len({run["mapRunArn"] for run in runs}) == 2


def test_a_reader_that_fails_just_after_a_restart_fails_the_map(world: Any) -> None:
    world.files.put("lake", "items.json", b"[1, 2")
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "lake", "Key": "items.json"},
    }
    arn = world.run(spread({"T": TASK}, MaxConcurrency=1, ItemReader=reader))
    world.tasks.succeed()
    world.runner.pump()
    world.tasks.succeed()
    world.runner.step()  # commits the end of the second child; the third item cannot be read
    assert world.status(arn) == "RUNNING"
    world.restart()
    world.runner.pump()
    assert world.describe(arn)["error"] == "States.ItemReaderFailed"
    assert world.runner.idle


def test_a_lower_tolerance_ends_the_run_at_once(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, ToleratedFailureCount=2), {"items": [1, 2, 3]})
    world.tasks.fail()
    world.runner.pump()
    run = world.store.map_runs.of_execution(arn)[0]
    world.api.update_map_run({"mapRunArn": run.arn, "toleratedFailureCount": 0})
    world.runner.pump()
    assert world.describe(arn)["error"] == "States.ExceedToleratedFailureThreshold"
    assert len(world.tasks.cancelled) == 2


def test_maps_inside_maps(world: Any) -> None:
    inner = spread({"P": PASS}, ItemsPath="$")["M"]
    outer = spread({"In": {**inner, "Label": "inner"}})
    arn = world.run(outer, {"items": [[1, 2], [3]]})
    assert world.output(arn) == [[1, 2], [3]]


def test_update_map_run_widens_the_window(world: Any) -> None:
    arn = world.run(spread({"T": TASK}, MaxConcurrency=1), {"items": [0, 1, 2]})
    run = run_of(world, arn)["mapRunArn"]
    world.api.update_map_run({"mapRunArn": run, "maxConcurrency": 3, "toleratedFailureCount": 2})
    world.runner.pump()
    assert len(running(world, arn)) == 3
    world.restart()
    described = run_of(world, arn)
    assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (3, 2)
