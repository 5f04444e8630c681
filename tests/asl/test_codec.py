"""Reading definitions: what is accepted comes back unchanged, what is wrong is named with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions import asl
from stepfunctions.asl.fields import ABSENT, FieldSpec, Kind, Nested, declared_fields
from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import DefinitionError

PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def machine(state: dict[str, Any], **states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **states}}


def problems(definition: Any) -> dict[str | None, str]:
    with pytest.raises(DefinitionError) as caught:
        asl.parse(definition)
    return {problem.path: f"{problem.message} {problem.hint}".strip() for problem in caught.value.problems}


EVERY_STATE: dict[str, Any] = {
    "Comment": "every state and nearly every field",
    "Version": "1.0",
    "TimeoutSeconds": 3600,
    "StartAt": "Prepare",
    "States": {
        "Prepare": {
            "Type": "Pass",
            "Comment": "begin",
            "Result": {"week": 39},
            "ResultPath": "$.given",
            "InputPath": None,
            "OutputPath": "$",
            "Parameters": {"a.$": "$.b"},
            "Next": "Train",
        },
        "Train": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Parameters": {"TrainingJobName.$": "$.name"},
            "ResultSelector": {"uri.$": "$.ModelArtifacts"},
            "ResultPath": None,
            "TimeoutSeconds": 60,
            "HeartbeatSecondsPath": "$.beat",
            "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/other"},
            "Retry": [
                {
                    "ErrorEquals": ["A", "B"],
                    "IntervalSeconds": 15,
                    "BackoffRate": 4.0,
                    "MaxAttempts": 2,
                    "MaxDelaySeconds": 60,
                    "JitterStrategy": "FULL",
                    "Comment": "gently",
                },
                {"ErrorEquals": ["States.ALL"]},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed", "ResultPath": "$.error"}],
            "Next": "Better",
        },
        "Better": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.mae", "NumericLessThanPath": "$.champion", "Next": "Pause", "Comment": "promote"},
                {
                    "And": [
                        {"Not": {"Variable": "$.x", "IsPresent": True}},
                        {
                            "Or": [
                                {"Variable": "$.t", "TimestampLessThan": "2026-01-31T00:00:00Z"},
                                {"Variable": "$.s", "StringMatches": "a*"},
                            ]
                        },
                    ],
                    "Next": "Pause",
                },
            ],
            "Default": "Fan",
        },
        "Pause": {"Type": "Wait", "SecondsPath": "$.pause", "Next": "Fan"},
        "Fan": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": True}}},
                {"Comment": "right", "StartAt": "Right", "States": {"Right": {"Type": "Succeed"}}},
            ],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.routes",
            "MaxConcurrency": 3,
            "Iterator": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "Next": "Spread",
        },
        "Spread": {
            "Type": "Map",
            "Label": "Routes",
            "ToleratedFailurePercentage": 5.5,
            "ToleratedFailureCountPath": "$.tolerated",
            "MaxConcurrencyPath": "$.width",
            "ItemSelector": {"route.$": "$$.Map.Item.Value"},
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "GIVEN",
                    "CSVHeaders": ["origin", "dest"],
                    "MaxItems": 10,
                },
                "Parameters": {"Bucket": "b", "Key.$": "$.key"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"week.$": "$.week"}},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b"},
                "WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Two",
                "States": {"Two": {"Type": "Pass", "End": True}},
            },
            "Next": "Done",
        },
        "Done": {"Type": "Succeed", "OutputPath": "$.result"},
        "Failed": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "States.Format('{}', $.error.Cause)"},
    },
}

JSONATA: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"x": "{% $states.input %}"},
            "Output": "{% $states.result %}",
            "Assign": {"seen": True},
            "TimeoutSeconds": "{% 60 %}",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Pick"}],
            "Next": "Pick",
        },
        "Pick": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $seen %}", "Assign": {"a": 1}, "Output": {}, "Next": "Each"}],
        },
        "Each": {
            "Type": "Map",
            "Items": "{% [1..3] %}",
            "ItemProcessor": {
                "StartAt": "Inner",
                "States": {"Inner": {"Type": "Pass", "Output": "{% 1 %}", "End": True}},
            },
            "End": True,
        },
    },
}


@pytest.mark.parametrize("definition", [EVERY_STATE, JSONATA], ids=["JSONPath", "JSONata"])
def test_what_is_read_is_written_back(definition: dict[str, Any]) -> None:
    assert asl.dump(asl.parse(definition)) == definition
    assert asl.dump(asl.parse(json.dumps(definition))) == definition


def test_null_is_not_absent() -> None:
    parsed = asl.parse(machine({"Type": "Pass", "ResultPath": None, "Result": None, "End": True}))
    state = parsed.states["S"]
    assert isinstance(state, asl.Pass)
    assert state.result_path is None
    assert state.result is None
    assert state.parameters is ABSENT


def test_walk_visits_inner_states_with_their_pointers() -> None:
    located = {found.name: found.path for found in asl.walk(asl.parse(EVERY_STATE))}
    assert located["Right"] == "/States/Fan/Branches/1/States/Right"
    assert located["One"] == "/States/Each/Iterator/States/One"
    assert located["Two"] == "/States/Spread/ItemProcessor/States/Two"


@pytest.mark.parametrize(
    ("state", "path", "text"),
    [
        ({"Type": "Pas", "End": True}, "/States/S/Type", "Did you mean 'Pass'?"),
        ({"End": True}, "/States/S", "These fields are required: [Type]"),
        ({"Type": "Pass"}, "/States/S", "one of the following fields: [Next, End] Write"),
        ({"Type": "Pass", "Next": "S", "End": True}, "/States/S", "only be one of the following fields: [Next, End]"),
        ({"Type": "Pass", "Next": "T"}, "/States/S/Next", "Missing 'Next' target: T Write"),
        (
            {"Type": "Pass", "End": True, "ResultPth": "$"},
            "/States/S",
            "'ResultPth' is not supported Did you mean 'ResultPath'?",
        ),
        ({"Type": "Pass", "End": True, "Retry": []}, "/States/S", "Field 'Retry' is not supported"),
        ({"Type": "Pass", "End": True, "InputPath": "x"}, "/States/S/InputPath", "begins with $"),
        ({"Type": "Task", "End": True}, "/States/S", "These fields are required: [Resource]"),
        ({"Type": "Task", "Resource": "r", "End": True, "TimeoutSeconds": 0}, "/States/S/TimeoutSeconds", "at least 1"),
        (
            {"Type": "Task", "Resource": "r", "End": True, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"},
            "/States/S",
            "only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]",
        ),
        ({"Type": "Task", "Resource": "r", "End": True, "Arguments": {}}, "/States/S", "Write 'Parameters'"),
        (
            {"Type": "Task", "Resource": "r", "End": True, "Retry": [{"ErrorEquals": []}]},
            "/States/S/Retry/0/ErrorEquals",
            "non-empty array of strings",
        ),
        (
            {"Type": "Task", "Resource": "r", "End": True, "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]},
            "/States/S/Retry/0/ErrorEquals/0",
            "must appear alone",
        ),
        (
            {
                "Type": "Task",
                "Resource": "r",
                "End": True,
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}],
            },
            "/States/S/Retry/0/ErrorEquals/0",
            "last entry",
        ),
        (
            {"Type": "Task", "Resource": "r", "End": True, "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]},
            "/States/S/Retry/0/BackoffRate",
            "at least 1",
        ),
        (
            {"Type": "Task", "Resource": "r", "End": True, "Catch": [{"ErrorEquals": ["X"], "Next": "Nowhere"}]},
            "/States/S/Catch/0/Next",
            "Missing 'Next' target: Nowhere",
        ),
        (
            {"Type": "Wait", "End": True},
            "/States/S",
            "one of the following fields: [Seconds, Timestamp, SecondsPath, TimestampPath]",
        ),
        (
            {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-31T00:00:00Z", "End": True},
            "/States/S",
            "only be one of the following fields: [Seconds, Timestamp]",
        ),
        (
            {"Type": "Wait", "Timestamp": "2016-12-05 21:29:29Z", "End": True},
            "/States/S/Timestamp",
            "2026-01-31T12:00:00Z",
        ),
        ({"Type": "Choice", "Choices": []}, "/States/S/Choices", "must not be empty"),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEqual": 1, "Next": "S"}]},
            "/States/S/Choices/0",
            "exactly one operator",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": "1", "Next": "S"}]},
            "/States/S/Choices/0/NumericEquals",
            "must be a number",
        ),
        (
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "TimestampEquals": "2016-12-05 21:29:29Z", "Next": "S"}],
            },
            "/States/S/Choices/0/TimestampEquals",
            "String does not match RFC3339 timestamp",
        ),
        (
            {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True}]},
            "/States/S/Choices/0",
            "These fields are required: [Next]",
        ),
        ({"Type": "Map", "End": True}, "/States/S", "one of the following fields: [ItemProcessor, Iterator]"),
        (
            {
                "Type": "Map",
                "End": True,
                "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "I", "States": {"I": PASS}},
            },
            "/States/S/ItemProcessor/ProcessorConfig",
            "These fields are required: [ExecutionType]",
        ),
        (
            {
                "Type": "Map",
                "End": True,
                "ToleratedFailurePercentage": 101,
                "Iterator": {"StartAt": "I", "States": {"I": PASS}},
            },
            "/States/S/ToleratedFailurePercentage",
            "at most 100",
        ),
        ({"Type": "Parallel", "End": True, "Branches": []}, "/States/S/Branches", "must not be empty"),
        (
            {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "S", "States": {"S": PASS}}]},
            "/States/S/Branches/0/States/S",
            "is used already at /States/S",
        ),
        ({"Type": "Succeed", "Next": "S"}, "/States/S", "Field 'Next' is not supported"),
        (
            {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
            "/States/S",
            "only be one of the following fields: [Error, ErrorPath]",
        ),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Parameters": {}, "End": True},
            "/States/S",
            "Write 'Arguments' instead.",
        ),
        ("Pass", "/States/S", "must be an object"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(state: Any, path: str, text: str) -> None:
    found = problems(machine(state))
    assert path in found, found
    assert text in found[path]


@pytest.mark.parametrize(
    ("definition", "path", "text"),
    [
        ({"States": {"S": PASS}}, "", "These fields are required: [StartAt]"),
        ({"StartAt": "T", "States": {"S": PASS}}, "/StartAt", "Missing 'Next' target: T"),
        ({"StartAt": "S", "States": {}}, "/States", "at least one state"),
        (
            {"StartAt": "S", "States": {"S": PASS}, "TimeoutSecond": 1},
            "",
            "Did you mean 'TimeoutSeconds'?",
        ),
        ({"StartAt": "S" * 81, "States": {"S" * 81: PASS}}, "/States/" + "S" * 81, "80-character limit"),
        ([], None, "must be a valid JSON object"),
        (
            {
                "QueryLanguage": "JSONata",
                "StartAt": "S",
                "States": {"S": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}},
            },
            "/States/S",
            "can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        ),
    ],
)
def test_what_is_wrong_with_the_whole(definition: Any, path: str | None, text: str) -> None:
    assert text in problems(definition)[path]


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        asl.parse(machine({"Type": "Task", "Next": "Nowhere", "Foo": 1}))
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [
        ("/States/S", "Field 'Foo' is not supported"),
        ("/States/S", "These fields are required: [Resource]"),
        ("/States/S/Next", "Missing 'Next' target: Nowhere"),
    ]
    assert "/States/S: Field 'Foo' is not supported\n" in str(caught.value)
    assert str(caught.value).endswith("Missing 'Next' target: Nowhere. Write the name of a state of the same 'States'.")


def test_a_name_written_twice_is_refused_with_its_place() -> None:
    text = '{"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}, "S": {"Type": "Succeed"}}}'
    assert "state name 'S' is written more than once" in problems(text)["/States/S"]


def test_malformed_json_names_line_and_column() -> None:
    assert "line 2, column 3" in problems('{"StartAt": "S",\n  oops}')[""]


def _fields() -> list[tuple[str, FieldSpec]]:
    classes: list[type[Any]] = [
        StateMachine,
        *asl.STATE_TYPES.values(),
        asl.Retrier,
        asl.Catcher,
        asl.ItemReader,
        asl.ItemBatcher,
        asl.ResultWriter,
        asl.ReaderConfig,
        asl.WriterConfig,
        asl.ProcessorConfig,
    ]
    return [(f"{cls.__name__}.{field.attribute}", field.spec) for cls in classes for field in declared_fields(cls)]


@pytest.mark.parametrize(("name", "spec"), _fields(), ids=[name for name, _ in _fields()])
def test_a_fields_attribute_is_its_wire_name_in_snake_case(name: str, spec: FieldSpec) -> None:
    pascal = "".join(part.upper() if part == "csv" else part.capitalize() for part in name.split(".")[1].split("_"))
    assert pascal == spec.wire


@pytest.mark.parametrize(("name", "spec"), _fields(), ids=[name for name, _ in _fields()])
def test_every_field_refuses_a_value_of_a_wrong_type(name: str, spec: FieldSpec) -> None:
    if isinstance(spec.kind, Nested) or spec.kind.name == "any":
        return
    wrong: Any = 17 if spec.kind.name not in ("integer", "number") else "many"
    assert isinstance(spec.kind, Kind)
    assert spec.kind.problem(wrong) is not None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
_words = st.sampled_from(
    [
        "Type",
        "Pass",
        "Task",
        "Map",
        "Choice",
        "Wait",
        "StartAt",
        "States",
        "Next",
        "End",
        "Choices",
        "Iterator",
        "ItemProcessor",
        "Retry",
        "Catch",
        "Branches",
        "Parallel",
        "$",
        "S",
        "And",
        "Not",
    ]
)
_shaped = st.recursive(
    _words | st.booleans() | st.integers(-1, 3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(_words, _shaped, max_size=6) | _json)
def test_no_input_makes_it_crash(definition: Any) -> None:
    if isinstance(definition, str):
        return
    try:
        parsed = asl.parse(definition)
    except DefinitionError:
        return
    assert asl.dump(parsed) == definition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,  }', "Expecting property name enclosed in double quotes at line 1, column 11"),
        ('{"a": [1,\n]}', "Expecting value at line 2, column 1"),
    ],
)
def test_a_comma_too_many_is_the_same_on_every_python(text: str, said: str) -> None:
    with pytest.raises(DefinitionError) as error:
        asl.loads(text)
    assert said in str(error.value)
