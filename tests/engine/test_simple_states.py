"""Pass, Choice, Wait, Succeed, Fail: outputs and events."""

from __future__ import annotations

from typing import Any

import pytest


def one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **more}}


def test_pass_history_is_the_shape_of_aws(drive: Any) -> None:
    run = drive(one({"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True})).run()
    assert run.history() == [
        {
            "id": 1,
            "previousEventId": 0,
            "type": "ExecutionStarted",
            "executionStartedEventDetails": {
                "input": "{}",
                "inputDetails": {"truncated": False},
                "roleArn": "arn:aws:iam::123456789012:role/r",
            },
        },
        {
            "id": 2,
            "previousEventId": 0,
            "type": "PassStateEntered",
            "stateEnteredEventDetails": {"name": "S", "input": "{}", "inputDetails": {"truncated": False}},
        },
        {
            "id": 3,
            "previousEventId": 2,
            "type": "PassStateExited",
            "stateExitedEventDetails": {
                "name": "S",
                "output": '{"Arg1":"argument1"}',
                "outputDetails": {"truncated": False},
            },
        },
        {
            "id": 4,
            "previousEventId": 3,
            "type": "ExecutionSucceeded",
            "executionSucceededEventDetails": {"output": '{"Arg1":"argument1"}', "outputDetails": {"truncated": False}},
        },
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"a": {"b": 1}, "c": 2}),
        ({"InputPath": "$.a"}, {"b": 1}),
        ({"InputPath": None}, {}),
        ({"OutputPath": "$.c"}, 2),
        ({"OutputPath": None}, {}),
        ({"Result": 7}, 7),
        ({"Result": {"x.$": "$.not.read"}}, {"x.$": "$.not.read"}),
        ({"Result": 7, "ResultPath": "$.r"}, {"a": {"b": 1}, "c": 2, "r": 7}),
        ({"Result": 7, "ResultPath": "$.a.b"}, {"a": {"b": 7}, "c": 2}),
        ({"Result": 7, "ResultPath": None}, {"a": {"b": 1}, "c": 2}),
        ({"Parameters": {"x.$": "$.a.b", "y": "z"}}, {"x": 1, "y": "z"}),
        (
            {"InputPath": "$.a", "Parameters": {"x.$": "$.b"}, "ResultPath": "$.r"},
            {"a": {"b": 1}, "c": 2, "r": {"x": 1}},
        ),
        ({"Parameters": {"x.$": "$$.Execution.Input.c"}, "OutputPath": "$.x"}, 2),
        ({"InputPath": "$$.Execution.Name"}, "run"),
    ],
)
def test_pass_data_flow(drive: Any, fields: dict[str, Any], expected: Any) -> None:
    run = drive(one({"Type": "Pass", **fields, "End": True}), {"a": {"b": 1}, "c": 2}).run()
    assert run.status == "SUCCEEDED", run.execution.cause
    assert run.output == expected


def test_an_untouched_document_is_shared_not_copied(drive: Any) -> None:
    run = drive(one({"Type": "Pass", "Next": "T"}, T={"Type": "Succeed"}), {"a": 1}).run()
    payloads = [event.payload for event in run.events if event.payload is not None]
    assert len(payloads) == 6
    assert all(payload is payloads[1] for payload in payloads[1:]), "the first one is as it was written"


def test_context_object(drive: Any) -> None:
    run = drive(one({"Type": "Pass", "InputPath": "$$", "End": True}), {"input-value": 0}).run()
    assert run.output == {
        "Execution": {
            "Id": "arn:aws:states:us-east-1:123456789012:execution:machine:run",
            "Input": {"input-value": 0},
            "StartTime": "2023-11-14T22:13:20Z",
            "Name": "run",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": "arn:aws:states:us-east-1:123456789012:stateMachine:machine", "Name": "machine"},
        "State": {"Name": "S", "EnteredTime": "2023-11-14T22:13:20Z"},
    }


def test_a_path_that_leads_nowhere_fails_the_execution_with_the_words_of_aws(drive: Any) -> None:
    run = drive(one({"Type": "Pass", "InputPath": "$.NoSuchInputPath", "End": True})).run()
    assert run.status == "FAILED"
    assert run.execution.error == "States.Runtime"
    assert run.execution.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). "
        "Invalid path '$.NoSuchInputPath' : No results for path: $['NoSuchInputPath']"
    )
    assert run.chain()[-1] == (2, "ExecutionFailed")


CHOICE = {
    "Type": "Choice",
    "Choices": [
        {"Variable": "$.n", "NumericLessThan": 10, "Next": "Small"},
        {"Variable": "$.n", "NumericLessThan": 100, "Next": "Medium"},
    ],
}


@pytest.mark.parametrize(("number", "state"), [(1, "Small"), (50, "Medium"), (500, "Large")])
def test_choice_takes_the_first_rule_that_matches(drive: Any, number: int, state: str) -> None:
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in ("Small", "Medium", "Large")}
    run = drive(one({**CHOICE, "Default": "Large"}, **ends), {"n": number}).run()
    assert run.output == state
    assert run.types()[1:3] == ["ChoiceStateEntered", "ChoiceStateExited"]


def test_choice_without_a_match_fails(drive: Any) -> None:
    ends = {name: {"Type": "Succeed"} for name in ("Small", "Medium")}
    run = drive(one(CHOICE, **ends), {"n": 500}).run()
    assert (run.status, run.execution.error) == ("FAILED", "States.Runtime")
    assert run.types() == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"Seconds": 30}, 30),
        ({"SecondsPath": "$.s"}, 12),
        ({"Seconds": 0}, 0),
        ({"Timestamp": "2023-11-14T22:14:20Z"}, 60),
        ({"TimestampPath": "$.t"}, 3600),
        ({"Timestamp": "2023-11-14T23:14:20+01:00"}, 60),
        ({"Timestamp": "2023-11-14T22:13:20.250Z"}, 0.25),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, 0),
    ],
)
def test_wait(drive: Any, fields: dict[str, Any], seconds: float) -> None:
    run = drive(
        one({"Type": "Wait", **fields, "OutputPath": "$.s", "End": True}), {"s": 12, "t": "2023-11-14T23:13:20Z"}
    )
    start = run.now
    run.run()
    assert run.types() == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    assert run.output == 12
    assert run.events[-1].timestamp - start == pytest.approx(seconds)
    assert not run.timers


@pytest.mark.parametrize("stored", [False, True])
def test_wait_keeps_its_effective_input(drive: Any, stored: bool) -> None:
    run = drive(one({"Type": "Wait", "Seconds": 5, "InputPath": "$.in", "End": True}), {"in": 7}, stored=stored).run()
    assert run.output == 7


@pytest.mark.parametrize("value", ["2023-11-14T22:14:20", "2023-11-14 22:14:20Z", 5, "2023-13-41T22:14:20Z"])
def test_wait_for_something_that_is_no_timestamp(drive: Any, value: Any) -> None:
    run = drive(one({"Type": "Wait", "TimestampPath": "$.start_at", "End": True}), {"start_at": value}).run()
    assert run.execution.error == "States.Runtime"
    assert run.execution.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). The TimestampPath parameter "
        f"does not reference a valid ISO-8601 extended offset date-time format string: $.start_at == {value}"
    )


@pytest.mark.parametrize("value", [1.5, "7", None, True, -1])
def test_wait_for_seconds_that_are_none(drive: Any, value: Any) -> None:
    run = drive(one({"Type": "Wait", "SecondsPath": "$.s", "End": True}), {"s": value}).run()
    assert run.execution.error == "States.Runtime"
    assert "SecondsPath" in run.execution.cause or "negative" in run.execution.cause


def test_wait_longer_than_the_service_can(drive: Any) -> None:
    run = drive(one({"Type": "Wait", "Timestamp": "2999-01-01T00:00:00Z", "End": True})).run()
    assert run.execution.cause.endswith("Wait state delay is too long")


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        ({"Error": "E", "Cause": "why"}, "E", "why"),
        ({"ErrorPath": "$.e", "CausePath": "States.Format('because {}', $.e)"}, "from input", "because from input"),
        ({}, None, None),
    ],
)
def test_fail(drive: Any, fields: dict[str, Any], error: str | None, cause: str | None) -> None:
    run = drive(one({"Type": "Fail", **fields}), {"e": "from input"}).run()
    assert run.types() == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    assert (run.status, run.execution.error, run.execution.cause) == ("FAILED", error, cause)
    details = {key: value for key, value in (("error", error), ("cause", cause)) if value}
    assert run.history()[-1]["executionFailedEventDetails"] == details


def test_succeed_filters_its_output(drive: Any) -> None:
    run = drive(one({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}), {"a": {"b": 5}}).run()
    assert run.output == 5
    assert run.types()[1:3] == ["SucceedStateEntered", "SucceedStateExited"]


def test_variables_are_seen_from_the_next_state_on(drive: Any) -> None:
    run = drive(
        one(
            {"Type": "Pass", "Assign": {"count": 1, "who.$": "$.name"}, "Next": "T"},
            T={"Type": "Pass", "Assign": {"count": 2}, "Parameters": {"seen.$": "$count"}, "Next": "U"},
            U={"Type": "Pass", "Parameters": {"count.$": "$count", "who.$": "$who"}, "End": True},
        ),
        {"name": "Ada"},
    ).run()
    assert run.output == {"count": 2, "who": "Ada"}
    assert run.history()[4]["stateExitedEventDetails"]["output"] == '{"seen":1}'
    assert run.history()[2]["stateExitedEventDetails"]["assignedVariables"] == {"count": "1", "who": '"Ada"'}


def test_choice_rule_assigns_instead_of_the_state(drive: Any) -> None:
    choice = {
        "Type": "Choice",
        "Assign": {"v": "state"},
        "Default": "End",
        "Choices": [{"Variable": "$.go", "BooleanEquals": True, "Assign": {"v": "rule"}, "Next": "End"}],
    }
    end = {"Type": "Pass", "InputPath": "$v", "End": True}
    assert drive(one(choice, End=end), {"go": True}).run().output == "rule"
    assert drive(one(choice, End=end), {"go": False}).run().output == "state"


def test_output_over_256_kib_fails_the_state(drive: Any) -> None:
    double = {"a.$": "$.a", "b.$": "$.a"}
    run = drive(one({"Type": "Pass", "Parameters": double, "End": True}), {"a": "x" * 200_000}).run()
    assert run.execution.error == "States.DataLimitExceeded"
    assert run.execution.cause == (
        "The state/task 'S' returned a result with a size exceeding the maximum number of bytes service limit."
    )
    assert run.types() == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


def test_what_a_pass_leaves_out_is_still_checked(drive: Any) -> None:
    run = drive(one({"Type": "Pass", "InputPath": "$.missing", "Result": 7, "End": True})).run()
    assert run.execution.error == "States.Runtime"


def test_a_literal_timestamp_that_is_no_day_is_named_in_the_error(drive: Any) -> None:
    run = drive(one({"Type": "Wait", "TimestampPath": "$.at", "End": True}), {"at": "2026-02-30T00:00:00Z"}).run()
    assert run.execution.cause.endswith(
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
        "$.at == 2026-02-30T00:00:00Z"
    )


@pytest.mark.parametrize("offset", ["Z", "+05:30", "-00:30"])
def test_a_wait_until_a_moment_with_an_offset(drive: Any, offset: str) -> None:
    from datetime import datetime, timezone

    run = drive(
        one({"Type": "Wait", "TimestampPath": "$.at", "End": True}), {"at": f"2030-01-01T00:00:00.250{offset}"}
    ).run()
    moment = datetime.fromisoformat(f"2030-01-01T00:00:00.250000{offset.replace('Z', '+00:00')}")
    assert run.status == "SUCCEEDED"
    assert run.now == pytest.approx(moment.astimezone(timezone.utc).timestamp(), abs=1e-5)


def test_half_of_a_surrogate_pair_stays_an_escape(drive: Any) -> None:
    run = drive(
        one({"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($.text)"}, "End": True}),
        {"text": '"\\ud800 é"'},
    ).run()
    assert run.status == "SUCCEEDED"
    assert run.execution.output.text == '{"x":"\\ud800 é"}'
    assert run.execution.output.text.encode()


def test_an_error_can_be_stored_whatever_characters_it_has(drive: Any) -> None:
    run = drive(one({"Type": "Fail", "Error": "E\ud800", "Cause": "\udfffé"})).run()
    assert (run.execution.error, run.execution.cause) == ("E?", "?é")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ResultSelector": {"x.$": "States.JsonToString($)"}},
        {"ResultSelector": {"x.$": "States.ArrayUnique($)"}},
        {"ResultSelector": {"x.$": "States.Format('{}', $)"}},
    ],
)
def test_data_nested_too_deeply_fails_the_state(drive: Any, more: dict[str, Any]) -> None:
    value: list[Any] = []
    for _ in range(200_000):
        value = [value]
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **more, "End": True}
    run = drive(one(task), {}, {"S": [value]}).run()
    assert (run.status, run.execution.error) == ("FAILED", "States.Runtime")
    assert "nested too deeply" in run.execution.cause
    while value:  # taken apart here: freeing it at once would recurse
        value = value.pop()


def test_what_one_assign_sets_may_have_256_kib(drive: Any) -> None:
    half = {"a.$": "$.a", "b.$": "$.a"}
    run = drive(one({"Type": "Pass", "Assign": half, "End": True}), {"a": "x" * 130_000}).run()
    assert run.status == "SUCCEEDED"
    run = drive(one({"Type": "Pass", "Assign": half, "End": True}), {"a": "x" * 131_072}).run()
    assert run.execution.error == "States.DataLimitExceeded"


LOOP = one(
    {"Type": "Choice", "Default": "S", "Choices": [{"Variable": "$.stop", "BooleanEquals": True, "Next": "Done"}]},
    Done={"Type": "Succeed"},
)


def test_a_deep_loop_does_not_recurse_and_a_standard_history_ends_at_25000_events(drive: Any) -> None:
    run = drive(LOOP, {"stop": False}).run()
    assert run.status == "FAILED"
    assert len(run.events) == 25_000
    assert run.events[-1].type == "ExecutionFailed"
    assert run.execution.cause == "The execution reached the maximum number of history events (25000)."
    assert run.steps > 12, "a call enters at most 1,000 states"


def test_an_endless_express_loop_can_be_stopped(drive: Any) -> None:
    from stepfunctions.engine.advance import advance
    from stepfunctions.engine.messages import Started, Stopped

    run = drive(LOOP, {"stop": False}, type="EXPRESS")
    step = advance(run.execution, Started(), run.now)
    for _ in range(30):
        assert step.more
        assert len(step.events) <= 2001
        step = advance(run.execution, None, run.now)
    step = advance(run.execution, Stopped("Enough", "really"), run.now)
    assert not step.more
    assert [event.type for event in step.events] == ["ExecutionAborted"]
    assert (run.status, run.execution.error, run.execution.cause) == ("ABORTED", "Enough", "really")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000.25, "2023-11-14T22:13:20.250Z"),
        (1_700_000_000.0004, "2023-11-14T22:13:20Z"),
    ],
)
def test_times_of_the_context_object_have_milliseconds_or_none(seconds: float, text: str) -> None:
    from stepfunctions.engine.context import timestamp

    assert timestamp(seconds) == text
