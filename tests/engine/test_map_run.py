"""Distributed Map: what the parent writes, and the pure rules of a map run."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.limits import NO_LIMITS
from stepfunctions.engine.map_run import (
    Item,
    MapRun,
    Verdict,
    capacity,
    child_ended,
    child_inputs,
    child_started,
    map_output,
    source_ended,
    verdict,
)
from stepfunctions.engine.messages import Started, StartMapRun, StopMapRun, Stopped
from stepfunctions.errors import StateFailed


def distributed(**fields: Any) -> dict[str, Any]:
    return {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "End": True,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "I",
                    "States": {"I": {"Type": "Pass", "End": True}},
                },
                **fields,
            },
            **({"Caught": {"Type": "Pass", "End": True}} if "Catch" in fields else {}),
        },
    }


def started(drive: Any, definition: dict[str, Any], value: Any) -> tuple[Any, MapRun]:
    run = drive(definition, value)
    run.send(Started())
    assert run.status == "RUNNING", run.execution.cause
    (command,) = run.all_commands(StartMapRun)
    return run, command.run


def test_events_of_a_map_run_as_recorded_of_aws(drive: Any) -> None:
    run, record = started(drive, distributed(Label="fleet"), [0])
    assert record.arn.startswith("arn:aws:states:us-east-1:123456789012:mapRun:machine/fleet:")
    assert run.find("MapRunStarted") == {"mapRunArn": record.arn}
    run.end_map_run(output=[0])
    assert run.chain() == [
        (0, "ExecutionStarted"),
        (0, "MapStateEntered"),
        (2, "MapStateStarted"),
        (3, "MapRunStarted"),
        (4, "MapRunSucceeded"),
        (5, "MapStateSucceeded"),
        (5, "MapStateExited"),
        (7, "ExecutionSucceeded"),
    ]
    assert run.output == [0]


def test_a_failed_map_run_can_be_caught(drive: Any) -> None:
    run, _ = started(drive, distributed(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]), [0])
    run.end_map_run("FAILED", error="States.ExceedToleratedFailureThreshold", cause="too many")
    assert run.chain()[4:7] == [(4, "MapRunFailed"), (5, "MapStateFailed"), (6, "MapStateExited")]
    assert run.output == {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "too many"}


def test_retry_starts_a_new_map_run(drive: Any) -> None:
    run, first = started(drive, distributed(Retry=[{"ErrorEquals": ["States.ALL"]}]), [0])
    run.end_map_run("FAILED", error="E")
    run.tick()
    second = run.all_commands(StartMapRun)[1].run
    assert second.arn != first.arn
    assert second.attempt > first.attempt
    assert "MapStateFailed" not in run.types()


def test_stopping_the_execution_stops_the_map_run(drive: Any) -> None:
    run, record = started(drive, distributed(), [0])
    run.send(Stopped())
    assert run.all_commands(StopMapRun) == [StopMapRun(record.branch, record.attempt, record.arn)]


@pytest.mark.parametrize("field", ["MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"])
def test_numbers_that_no_store_can_hold_fail_the_state(drive: Any, field: str) -> None:
    run = drive(distributed(ItemsPath="$.items", **{f"{field}Path": "$.n"}), {"items": [0], "n": 10**400}).run()
    assert run.execution.error == "States.Runtime"
    assert f"{field} cannot be greater than" in run.execution.cause


def test_no_tolerance_needs_no_total() -> None:
    run = MapRun(
        arn="r",
        execution_arn="e",
        machine_arn="m",
        branch=1,
        attempt=1,
        state="M",
        label="l",
        region="",
        tolerated_failure_percentage=0.0,
    )
    child_started(run, 1)
    child_ended(run, "FAILED", 1)
    assert verdict(run) is not None
    run.tolerated_failure_percentage = 0.5
    assert verdict(run) is None


def test_everything_the_run_needs_is_resolved(drive: Any) -> None:
    _, record = started(
        drive,
        distributed(
            InputPath="$.in",
            MaxConcurrencyPath="$.width",
            ToleratedFailureCountPath="$.count",
            ToleratedFailurePercentagePath="$.percent",
            ItemSelector={"v.$": "$$.Map.Item.Value"},
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "Parameters": {"Bucket.$": "$.bucket", "Key": "k"},
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "GIVEN",
                    "CSVHeaders": ["a", "b"],
                    "MaxItemsPath": "$.most",
                },
            },
            ItemBatcher={"MaxItemsPerBatch": 10, "BatchInput": {"x.$": "$.width"}},
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$.bucket"}},
        ),
        {"in": {"width": 5, "count": 3, "percent": 12.5, "bucket": "lake", "most": 100}},
    )
    assert record.max_concurrency == 5
    assert (record.tolerated_failure_count, record.tolerated_failure_percentage) == (3, 12.5)
    assert record.reader == {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "lake", "Key": "k"},
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "MaxItems": 100},
    }
    assert record.batcher == {"MaxItemsPerBatch": 10, "BatchInput": {"x": 5}}
    assert record.writer == {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "lake"}}
    assert (record.items, record.total) == (None, None)
    assert record.region == "/States/M/ItemProcessor"


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ({}, 'The ToleratedFailureCountPath field refers to value "{}" which is not a valid integer: $.n'),
        (
            "NoNumber",
            'The ToleratedFailureCountPath field refers to value "NoNumber" which is not a valid integer: $.n',
        ),
        (-1, "ToleratedFailureCount cannot be negative."),
    ],
)
def test_a_tolerance_that_is_none_as_recorded_of_aws(drive: Any, value: Any, cause: str) -> None:
    run = drive(distributed(ItemsPath="$.items", ToleratedFailureCountPath="$.n"), {"items": [0], "n": value}).run()
    where = "An error occurred while executing the state 'M' (entered at the event id #2). "
    assert run.execution.cause == where + cause
    assert run.chain()[-2:] == [(2, "MapStateStarted"), (3, "ExecutionFailed")]


def test_a_child_execution_runs_the_processors_region(drive: Any) -> None:
    child = drive(distributed(), {"k": 1})
    child.execution.region = "/States/M/ItemProcessor"
    child.run()
    assert child.types() == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert child.output == {"k": 1}


# --- the pure rules -----------------------------------------------------------------------------------------


def record(**fields: Any) -> MapRun:
    defaults: dict[str, Any] = {
        "arn": "arn:run",
        "execution_arn": "e",
        "machine_arn": "m",
        "branch": 1,
        "attempt": 1,
        "state": "M",
        "label": "l",
        "region": "/States/M/ItemProcessor",
    }
    return MapRun(**(defaults | fields))


def source(*items: Item) -> Any:
    yield from items


def test_the_window_of_children() -> None:
    run = record(max_concurrency=3, total=5)
    assert capacity(run) == 3
    for _ in range(3):
        child_started(run, 1)
    assert capacity(run) == 0
    child_ended(run, "SUCCEEDED", 1)
    assert capacity(run) == 1
    child_started(run, 1)
    child_ended(run, "SUCCEEDED", 1)
    child_ended(run, "SUCCEEDED", 1)
    assert capacity(run) == 1, "one item is left"
    child_started(run, 1)
    assert run.exhausted
    assert verdict(run) is None
    child_ended(run, "SUCCEEDED", 1)
    child_ended(run, "SUCCEEDED", 1)
    assert (run.succeeded, run.running, capacity(run)) == (5, 0, 0)
    assert verdict(run) == Verdict("SUCCEEDED")


def test_a_source_of_unknown_length() -> None:
    run = record()
    assert capacity(run) == 10_000
    child_started(run, 1)
    assert verdict(run) is None
    child_ended(run, "SUCCEEDED", 1)
    assert verdict(run) is None, "there may be more"
    source_ended(run)
    assert run.total == 1
    assert verdict(run) == Verdict("SUCCEEDED")


@pytest.mark.parametrize("fields", [{"total": 0}, {"total": None}])
def test_a_run_without_items(fields: dict[str, Any]) -> None:
    run = record(**fields)
    source_ended(run)
    assert verdict(run) == Verdict("SUCCEEDED")


@pytest.mark.parametrize(
    ("fields", "failures", "fails"),
    [
        ({}, 1, True),
        ({"tolerated_failure_count": 2}, 2, False),
        ({"tolerated_failure_count": 2}, 3, True),
        ({"tolerated_failure_percentage": 30.0}, 3, False),
        ({"tolerated_failure_percentage": 30.0}, 4, True),
        ({"tolerated_failure_count": 9, "tolerated_failure_percentage": 30.0}, 4, True),
        ({"tolerated_failure_count": 1, "tolerated_failure_percentage": 90.0}, 2, True),
        ({"tolerated_failure_percentage": 100.0}, 10, False),
    ],
)
def test_tolerated_failures(fields: dict[str, Any], failures: int, fails: bool) -> None:
    run = record(total=10, **fields)
    for _ in range(10):
        child_started(run, 1)
    for index in range(failures):
        child_ended(run, "FAILED" if index % 2 else "TIMED_OUT", 1)
    found = verdict(run)
    assert (found is not None and found.error == "States.ExceedToleratedFailureThreshold") is fails
    assert capacity(run) == 0


def test_input_of_a_child(drive: Any) -> None:
    definition = distributed(
        ItemsPath="$.items",
        ItemSelector={
            "i.$": "$$.Map.Item.Index",
            "v.$": "$$.Map.Item.Value",
            "k.$": "$$.Map.Item.Key",
            "s.$": "$$.Map.Item.Source",
            "run.$": "$$.Execution.Name",
            "base.$": "$.base",
            "outer.$": "$outer",
        },
    )
    definition["States"]["S"] = {"Type": "Pass", "Assign": {"outer": 9}, "Next": "M"}
    definition["StartAt"] = "S"
    run, found = started(drive, definition, {"items": {"a": 1}, "base": 2})
    ((given, items),) = child_inputs(run.program, found, source(Item("a", 1)))
    assert items == 1
    assert given.value == {
        "i": 0,
        "v": 1,
        "k": "a",
        "s": "STATE_DATA",
        "run": "run",
        "base": 2,
        "outer": 9,
    }


def test_input_of_a_child_without_selector_is_the_item(drive: Any) -> None:
    run, found = started(drive, distributed(), [{"x": 1}])
    assert [given.value for given, _ in child_inputs(run.program, found, source(Item(None, {"x": 1})))] == [{"x": 1}]
    assert found.context is None, "nothing is kept that nobody reads"
    with pytest.raises(StateFailed, match=r"DataLimitExceeded.*'M'"):
        list(child_inputs(run.program, found, source(Item(None, "x" * 300_000))))


def batches(run: Any, found: MapRun, *values: Any, **batcher: Any) -> list[tuple[Any, int]]:
    found.batcher = batcher
    items = source(*(Item(None, value) for value in values))
    return [(given.value, count) for given, count in child_inputs(run.program, found, items)]


def test_batches_are_closed_by_the_limit_that_comes_first(drive: Any) -> None:
    run, found = started(drive, distributed(), [0])
    assert batches(run, found, 1, 2, 3, MaxItemsPerBatch=2) == [({"Items": [1, 2]}, 2), ({"Items": [3]}, 1)]
    exactly = len('{"BatchInput":{"é":1},"Items":["é","é"]}'.encode())
    for most, sizes in ((exactly, [2, 1]), (exactly - 1, [1, 1, 1])):
        found_batches = batches(run, found, "é", "é", "é", MaxInputBytesPerBatch=most, BatchInput={"é": 1})
        assert [count for _, count in found_batches] == sizes
        assert all(given["BatchInput"] == {"é": 1} for given, _ in found_batches)


def test_memory_does_not_grow_with_the_number_of_batches(drive: Any) -> None:
    run, found = started(drive, distributed(ItemSelector={"v.$": "$$.Map.Item.Value"}), [0])
    found.batcher = {"MaxItemsPerBatch": 100, "BatchInput": "x"}

    def peak(count: int) -> int:
        items = (Item(None, {"n": number, "t": "x" * 100}) for number in range(count))
        tracemalloc.start()
        try:
            assert sum(size for _, size in child_inputs(run.program, found, items)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(10_000) < peak(1_000) + 50_000


def test_an_item_too_large_for_a_batch(drive: Any) -> None:
    run, found = started(drive, distributed(), [0])
    with pytest.raises(StateFailed, match=r"DataLimitExceeded.*'M' is too large for a batch of at most 20 bytes"):
        batches(run, found, "x" * 20, MaxInputBytesPerBatch=20)
    with pytest.raises(StateFailed, match="at most 262144 bytes"):
        batches(run, found, "x" * 262_144, MaxItemsPerBatch=1)


def test_what_a_failed_batch_counts(drive: Any) -> None:
    run = record(total=10, tolerated_failure_count=2, batcher={"MaxItemsPerBatch": 3})
    child_started(run, 3)
    assert (run.cursor, run.running, run.running_items) == (3, 1, 3)
    child_ended(run, "FAILED", 3)
    assert (run.failed, run.failed_items, run.running_items) == (1, 3, 0)
    found = verdict(run)
    assert found is not None
    assert found.status == "FAILED"


def test_output_of_a_map() -> None:
    assert map_output([Document({"a": 1}), Document(None)], "M").value == [{"a": 1}, None]
    assert map_output([], "M").text == "[]"
    with pytest.raises(StateFailed, match=r"States\.DataLimitExceeded.*'M'"):
        map_output((Document("x" * 1000) for _ in range(300)), "M")
    assert map_output((Document("x" * 1000) for _ in range(300)), "M", NO_LIMITS).size > 300_000
