"""Parallel and inline Map: order, windows, failures, and the chains of events that AWS was seen to write."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.engine.messages import CancelTask, Started, Stopped, TaskFailed, TaskSucceeded

INVOKE = "arn:aws:states:::lambda:invoke"


def branch(name: str, **state: Any) -> dict[str, Any]:
    flow = {} if state["Type"] == "Fail" else {"End": True}
    return {"StartAt": name, "States": {name: {**flow, **state}}}


def work(name: str, **fields: Any) -> dict[str, Any]:
    return branch(name, Type="Task", Resource=INVOKE, **fields)


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Parallel", "Branches": list(branches), "End": True, **fields},
            **({"Caught": {"Type": "Pass", "End": True}} if "Catch" in fields else {}),
        },
    }


def map_of(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "StartAt": "M",
        "States": {
            "M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields},
            **({"Caught": {"Type": "Pass", "End": True}} if "Catch" in fields else {}),
        },
    }


# --- Parallel -------------------------------------------------------------------------------------------


def test_results_stand_in_the_order_of_the_branches(drive: Any) -> None:
    run = drive(parallel(branch("Slow", Type="Wait", Seconds=60), branch("Fast", Type="Pass", Result="fast")), 1)
    run.run()
    assert run.output == [1, "fast"]
    assert run.chain() == [
        (0, "ExecutionStarted"),
        (0, "ParallelStateEntered"),
        (2, "ParallelStateStarted"),
        (3, "WaitStateEntered"),
        (3, "PassStateEntered"),
        (5, "PassStateExited"),
        (4, "WaitStateExited"),
        (7, "ParallelStateSucceeded"),
        (7, "ParallelStateExited"),
        (9, "ExecutionSucceeded"),
    ]
    assert not run.rows


def test_parameters_and_result_fields_of_a_parallel(drive: Any) -> None:
    run = drive(
        parallel(
            branch("A", Type="Pass"),
            branch("B", Type="Pass", InputPath="$.v"),
            InputPath="$.in",
            Parameters={"v.$": "$.x"},
            ResultSelector={"b.$": "$[1]"},
            ResultPath="$.r",
            OutputPath="$.r.b",
        ),
        {"in": {"x": [1, 2]}},
    ).run()
    assert run.output == [1, 2]


def test_one_failing_branch_aborts_the_others(drive: Any) -> None:
    run = drive(
        parallel(
            work("A", TimeoutSeconds=50),
            work("B"),
            branch("C", Type="Wait", Seconds=9),
            Catch=[{"ErrorEquals": ["Boom"], "ResultPath": "$.e", "Next": "Caught"}],
        ),
        {"k": 1},
    )
    run.send(Started())
    b = next(command for command in run.tasks.values() if command.state == "B")
    run.send(TaskFailed(b.branch, b.attempt, "Boom", "why"))
    assert run.output == {"k": 1, "e": {"Error": "Boom", "Cause": "why"}}
    failed = run.types().index("TaskFailed") + 1
    assert run.chain()[failed:] == [
        (failed, "TaskStateAborted"),
        (failed, "TaskStateAborted"),
        (failed, "WaitStateAborted"),
        (failed, "ParallelStateFailed"),
        (failed + 4, "ParallelStateExited"),
        (failed + 5, "PassStateEntered"),
        (failed + 6, "PassStateExited"),
        (failed + 7, "ExecutionSucceeded"),
    ]
    assert [command.state for command in run.all_commands(CancelTask)] == ["A"]
    assert not run.timers


def test_an_outcome_for_an_aborted_branch_is_ignored(drive: Any) -> None:
    definition = parallel(work("A"), work("B"), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}])
    definition["States"]["Caught"] = {"Type": "Wait", "Seconds": 100, "End": True}
    run = drive(definition)
    run.send(Started())
    first, second = run.tasks.values()
    run.send(TaskFailed(first.branch, first.attempt, "Boom", ""))
    events = len(run.events)
    run.send(TaskSucceeded(second.branch, second.attempt, run.execution.input))
    assert len(run.events) == events
    assert run.status == "RUNNING"


def test_retry_of_a_parallel_runs_all_branches_again(drive: Any, answers: Any) -> None:
    run = drive(
        parallel(work("A"), branch("B", Type="Pass"), Retry=[{"ErrorEquals": ["Boom"], "IntervalSeconds": 3}]),
        {},
        script={"A": [answers.fails("Boom"), answers.ok(1)]},
    ).run()
    assert run.output == [1, {}]
    again = run.types().index("ParallelStateStarted", 3)
    assert run.chain()[again] == (run.types().index("TaskFailed") + 1, "ParallelStateStarted")
    assert "ParallelStateFailed" not in run.types()


def test_branches_see_outer_variables_and_lose_their_own(drive: Any) -> None:
    inner = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"mine.$": "$outer"}, "Next": "J"},
            "J": {"Type": "Pass", "Parameters": {"got.$": "$mine"}, "End": True},
        },
    }
    definition = {
        "StartAt": "S",
        "States": {
            "S": {"Type": "Pass", "Assign": {"outer": 5}, "Next": "P"},
            "P": {"Type": "Parallel", "Branches": [inner], "Next": "T"},
            "T": {"Type": "Pass", "Parameters": {"gone.$": "$mine"}, "End": True},
        },
    }
    run = drive(definition).run()
    assert run.history()[10]["stateExitedEventDetails"]["output"] == '[{"got":5}]'
    assert run.execution.error == "States.Runtime"


def test_nested_failure_goes_outwards_until_something_catches_it(drive: Any) -> None:
    deep = [branch("F", Type="Fail", Error="Deep"), branch("W", Type="Wait", Seconds=5)]
    inner = branch("Inner", Type="Parallel", Branches=deep)
    run = drive(
        parallel(inner, branch("X", Type="Wait", Seconds=5), Catch=[{"ErrorEquals": ["Deep"], "Next": "Caught"}])
    ).run()
    assert run.output == {"Error": "Deep", "Cause": ""}
    assert run.types().count("ParallelStateFailed") == 2
    assert not run.timers


# --- inline Map -------------------------------------------------------------------------------------------


def test_map_chain_with_a_window_of_one_as_recorded_of_aws(drive: Any) -> None:
    run = drive(map_of(branch("Item", Type="Pass"), MaxConcurrency=1), [1, "Hello"]).run()
    assert run.chain() == [
        (0, "ExecutionStarted"),
        (0, "MapStateEntered"),
        (2, "MapStateStarted"),
        (3, "MapIterationStarted"),
        (4, "PassStateEntered"),
        (5, "PassStateExited"),
        (6, "MapIterationSucceeded"),
        (6, "MapIterationStarted"),
        (8, "PassStateEntered"),
        (9, "PassStateExited"),
        (10, "MapIterationSucceeded"),
        (11, "MapStateSucceeded"),
        (11, "MapStateExited"),
        (13, "ExecutionSucceeded"),
    ]
    assert run.find("MapStateStarted") == {"length": 2}
    assert run.find("MapIterationStarted") == {"name": "M", "index": 0}
    assert run.output == [1, "Hello"]


def test_map_that_breaks_as_recorded_of_aws(drive: Any) -> None:
    check = {
        "StartAt": "Is3",
        "States": {
            "Is3": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "Break"}],
                "Default": "Item",
            },
            "Item": {"Type": "Pass", "End": True},
            "Break": {"Type": "Fail", "Error": "SomeFailure", "Cause": "c"},
        },
    }
    run = drive(map_of(check, MaxConcurrency=1), [1, 3, 4]).run()
    assert run.chain()[8:] == [
        (8, "MapIterationSucceeded"),
        (8, "MapIterationStarted"),
        (10, "ChoiceStateEntered"),
        (11, "ChoiceStateExited"),
        (12, "FailStateEntered"),
        (13, "MapIterationFailed"),
        (13, "MapStateFailed"),
        (15, "ExecutionFailed"),
    ]
    assert (run.execution.error, run.execution.cause) == ("SomeFailure", "c")


def test_map_retry_as_recorded_of_aws(drive: Any) -> None:
    run = drive(
        map_of(branch("F", Type="Fail", Error="E"), Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]), [1]
    ).run()
    assert run.chain()[2:] == [
        (2, "MapStateStarted"),
        (3, "MapIterationStarted"),
        (4, "FailStateEntered"),
        (5, "MapIterationFailed"),
        (5, "MapStateStarted"),
        (7, "MapIterationStarted"),
        (8, "FailStateEntered"),
        (9, "MapIterationFailed"),
        (9, "MapStateFailed"),
        (11, "ExecutionFailed"),
    ]


def test_map_iterations_start_together_and_a_timeout_aborts_the_rest(drive: Any, answers: Any) -> None:
    run = drive(map_of(work("L", TimeoutSeconds=5)), [1, 2, 3], script={"L": [answers.silent]}).run()
    assert run.chain()[3:6] == [(3, "MapIterationStarted")] * 3
    timed_out = run.types().index("TaskTimedOut") + 1
    assert run.chain()[timed_out:] == [
        (timed_out, "MapIterationFailed"),
        (timed_out, "TaskStateAborted"),
        (timed_out, "TaskStateAborted"),
        (timed_out, "MapIterationAborted"),
        (timed_out, "TaskStateAborted"),
        (timed_out, "MapIterationAborted"),
        (timed_out, "MapStateFailed"),
        (timed_out + 7, "ExecutionFailed"),
    ]
    assert run.history()[timed_out + 3]["mapIterationAbortedEventDetails"] == {"name": "M", "index": 1}


@pytest.mark.parametrize(
    ("fields", "count", "width"),
    [
        ({}, 100, 40),
        ({"MaxConcurrency": 0}, 50, 40),
        ({"MaxConcurrency": 7}, 50, 7),
        ({"MaxConcurrency": 500}, 100, 40),
        ({"MaxConcurrencyPath": "$.w"}, 9, 3),
        ({"MaxConcurrency": 9}, 4, 4),
    ],
)
def test_the_window(drive: Any, fields: dict[str, Any], count: int, width: int) -> None:
    run = drive(map_of(work("L"), ItemsPath="$.items", **fields), {"items": list(range(count)), "w": 3})
    run.send(Started())
    assert len(run.tasks) == width
    while not run.execution.ended:
        assert len(run.tasks) <= width
        run.answer()
    assert len(run.output) == count
    assert not run.rows


def test_item_selector_sees_the_effective_input_and_the_item(drive: Any) -> None:
    run = drive(
        map_of(
            branch("I", Type="Pass"),
            InputPath="$.in",
            ItemsPath="$.list",
            ItemSelector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "b.$": "$.base"},
        ),
        {"in": {"list": ["x", "y"], "base": 7}},
    ).run()
    assert run.output == [{"i": 0, "v": "x", "b": 7}, {"i": 1, "v": "y", "b": 7}]


def test_the_old_names_iterator_and_parameters(drive: Any) -> None:
    run = drive(
        {
            "StartAt": "M",
            "States": {
                "M": {
                    "Type": "Map",
                    "Iterator": branch("I", Type="Pass"),
                    "Parameters": {"v.$": "$$.Map.Item.Value"},
                    "End": True,
                }
            },
        },
        [1],
    ).run()
    assert run.output == [{"v": 1}]


def test_parameters_of_a_parallel_over_256_kib(drive: Any) -> None:
    double = {"a.$": "$.a", "b.$": "$.a"}
    run = drive(
        {
            "StartAt": "P",
            "States": {
                "P": {"Type": "Parallel", "Parameters": double, "End": True, "Branches": [branch("I", Type="Pass")]}
            },
        },
        {"a": "x" * 200_000},
    ).run()
    assert run.execution.error == "States.DataLimitExceeded"
    assert "PassStateEntered" not in run.types()


def test_an_object_is_mapped_by_its_members(drive: Any) -> None:
    run = drive(
        map_of(branch("I", Type="Pass", Parameters={"k.$": "$.Key", "v.$": "$.Value"}), ItemsPath="$.o"),
        {"o": {"a": 1, "b": 2}},
    ).run()
    assert run.output == [{"k": "a", "v": 1}, {"k": "b", "v": 2}]


def test_an_iteration_over_a_member_gets_the_pair(drive: Any) -> None:
    run = drive(map_of(branch("I", Type="Pass")), {"a": 1, "b": None}).run()
    assert run.output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": None}]
    run = drive(map_of(branch("I", Type="Pass"), ItemSelector={"v.$": "$$.Map.Item.Value"}), {"a": 1}).run()
    assert run.output == [{"v": 1}]


def test_the_items_are_there_also_after_a_load(drive: Any) -> None:
    inner = branch("W", Type="Wait", Seconds=1)
    selector = {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}
    run = drive(map_of(inner, ItemSelector=selector, MaxConcurrency=1), ["a", "b"], stored=True).run()
    assert run.output == [{"v": "a", "i": 0}, {"v": "b", "i": 1}]


def test_no_items(drive: Any) -> None:
    run = drive(map_of(branch("I", Type="Pass")), []).run()
    assert run.output == []
    assert run.types()[1:5] == ["MapStateEntered", "MapStateStarted", "MapStateSucceeded", "MapStateExited"]


@pytest.mark.parametrize("items", [5, None, "text", True])
def test_items_that_are_no_array(drive: Any, items: Any) -> None:
    run = drive(map_of(branch("I", Type="Pass"), ItemsPath="$.x"), {"x": items}).run()
    assert run.execution.cause == (
        "An error occurred while executing the state 'M' (entered at the event id #2). "
        'Reference path "$.x" must point to array.'
    )


def test_an_item_selector_that_fails_later_stops_the_others(drive: Any) -> None:
    run = drive(
        map_of(
            work("L"),
            MaxConcurrency=2,
            ItemSelector={"n.$": "States.StringToJson($$.Map.Item.Value)"},
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        ),
        ["1", "2", "{"],
    )
    run.send(Started())
    run.answer()
    assert run.execution.ended
    assert len(run.all_commands(CancelTask)) == 1
    exited = run.types().index("TaskStateExited") + 1
    assert run.chain()[exited : exited + 3] == [
        (exited, "MapIterationSucceeded"),
        (exited, "TaskStateAborted"),
        (exited, "MapIterationAborted"),
    ]
    assert run.chain()[-1][0] in (exited, len(run.events) - 1)


def test_stop_in_the_middle_of_a_map(drive: Any) -> None:
    run = drive(map_of(work("L")), [1, 2, 3])
    run.send(Started())
    run.send(Stopped())
    assert run.status == "ABORTED"
    assert len(run.all_commands(CancelTask)) == 3
    assert run.history()[-1]["executionAbortedEventDetails"] == {}


def test_the_end_of_a_child_does_not_rewrite_its_parents_row(drive: Any) -> None:
    run = drive(map_of(work("L")), list(range(30)))
    run.send(Started())
    before = run.rows[1]
    run.rows[1] = "untouched"
    run.answer()
    assert run.rows[1] == "untouched"
    run.rows[1] = before


def test_a_map_of_maps(drive: Any) -> None:
    inner = {
        "StartAt": "In",
        "States": {
            "In": {
                "Type": "Map",
                "ItemProcessor": branch("I", Type="Pass"),
                "ItemSelector": {"v.$": "$$.Map.Item.Value"},
                "End": True,
            }
        },
    }
    run = drive(map_of(inner), [[1, 2], [], [3]], stored=True).run()
    assert run.output == [[{"v": 1}, {"v": 2}], [], [{"v": 3}]]
