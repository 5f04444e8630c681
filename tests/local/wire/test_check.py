from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.model import ShapeResolver, StructureShape

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.check import check_request, coerce
from stepfunctions.local.wire.models import operation_model

SHAPES = {
    "Input": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"},
            "Count": {"shape": "Count"},
            "Size": {"shape": "Double"},
            "At": {"shape": "Time"},
            "Data": {"shape": "Blob"},
            "On": {"shape": "Bool"},
            "Kind": {"shape": "Kind"},
            "Parts": {"shape": "Parts"},
            "Labels": {"shape": "Labels"},
            "One": {"shape": "One"},
        },
    },
    "Name": {"type": "string", "min": 1, "max": 5, "pattern": "[a-z]+"},
    "Count": {"type": "integer", "min": 0, "max": 9},
    "Double": {"type": "double"},
    "Time": {"type": "timestamp"},
    "Blob": {"type": "blob"},
    "Bool": {"type": "boolean"},
    "Kind": {"type": "string", "enum": ["A", "B"]},
    "Parts": {"type": "list", "member": {"shape": "Input"}, "max": 2},
    "Labels": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Text"}},
    "Text": {"type": "string"},
    "One": {"type": "structure", "union": True, "members": {"X": {"shape": "Text"}, "Y": {"shape": "Text"}}},
}
INPUT = ShapeResolver(SHAPES).get_shape_by_name("Input")
assert isinstance(INPUT, StructureShape)


def check(**params: Any) -> dict[str, Any]:
    assert isinstance(INPUT, StructureShape)
    return check_request({"Name": "abc", **params}, INPUT)


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(ServiceError, match="'name' is no text: it has half of a surrogate pair") as refused:
        check(Name="\ud800")
    assert refused.value.code == "SerializationException"


def test_a_pattern_of_ascii_is_checked() -> None:
    operation = operation_model("stepfunctions", "StartExecution")
    assert operation is not None
    check_request({"stateMachineArn": "a", "traceHeader": "Root=1"}, operation.input_shape)
    with pytest.raises(ServiceError, match="traceHeader"):
        check_request({"stateMachineArn": "a", "traceHeader": "é"}, operation.input_shape)


@pytest.mark.parametrize(
    ("member", "given", "got"),
    [
        ("Count", 3.0, 3),
        ("Size", 2, 2),
        ("Data", "é", "é".encode()),
        ("Data", bytearray(b"x"), b"x"),
        ("At", 86400, datetime(1970, 1, 2, tzinfo=timezone.utc)),
        ("At", "1970-01-02T00:00:00Z", datetime(1970, 1, 2, tzinfo=timezone.utc)),
        ("At", datetime(1970, 1, 2, 2, tzinfo=timezone(timedelta(hours=2))), datetime(1970, 1, 2, tzinfo=timezone.utc)),
        ("Parts", ({"Name": "x", "On": None},), [{"Name": "x"}]),
        ("Labels", {"k": "v", "none": None}, {"k": "v"}),
    ],
)
def test_values_come_in_one_form(member: str, given: Any, got: Any) -> None:
    checked = check(**{member: given})[member]
    assert checked == got
    assert type(checked) is type(got)


def test_null_is_the_same_as_absent() -> None:
    assert check(Count=None, Labels=None) == {"Name": "abc"}


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"Count": "3"}, "'count' must be an integer; found a string"),
        ({"Count": True}, "'count' must be an integer; found a boolean"),
        ({"Count": 1.5}, "'count' must be an integer; found a number"),
        ({"On": "true"}, "'on' must be a boolean; found a string"),
        ({"Size": "1"}, "'size' must be a number"),
        ({"At": "yesterday-ish"}, "'at' must be a timestamp"),
        ({"At": 6.8e16}, "'at' must be a timestamp"),
        ({"At": "0001-01-01T00:00:00+14:00"}, "'at' must be a timestamp"),
        ({"Data": 1}, "'data' must be bytes"),
        ({"Parts": {}}, "'parts' must be an array; found an object"),
        ({"Parts": [{"Name": 1}]}, "'parts.1.member.name' must be a string"),
        ({"Labels": []}, "'labels' must be an object"),
        ({"Naem": 1}, 'Unknown parameter in input: "Naem", must be one of: Name, Count'),
        ({"Parts": [{"Name": "x", "Z": 1}]}, 'Unknown parameter in parts.1.member: "Z"'),
    ],
)
def test_wrong_types_and_unknown_members_are_refused(params: dict[str, Any], where: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check(**params)
    assert caught.value.code == "SerializationException"
    assert where in caught.value.message


@pytest.mark.parametrize(
    ("params", "constraint"),
    [
        (
            {"Name": "toolong"},
            "Value 'toolong' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5",
        ),
        ({"Name": ""}, "Member must have length greater than or equal to 1"),
        (
            {"Name": "AB"},
            "Value 'AB' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
        ),
        ({"Name": None}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        (
            {"Count": 10},
            "Value '10' at 'count' failed to satisfy constraint: Member must have value less than or equal to 9",
        ),
        ({"Kind": "C"}, "Member must satisfy enum value set: [A, B]"),
        (
            {"Parts": [{"Name": "x"}] * 3},
            "Value '[…]' at 'parts' failed to satisfy constraint: Member must have length less than or equal to 2",
        ),
        ({"Parts": [{}]}, "Value null at 'parts.1.member.name' failed"),
        ({"One": {}}, "Exactly one of X, Y must be set in 'one'"),
        ({"One": {"X": "", "Y": ""}}, "Exactly one of X, Y must be set in 'one'"),
    ],
)
def test_broken_constraints_are_named_as_aws_names_them(params: dict[str, Any], constraint: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check(**params)
    assert caught.value.code == "ValidationException"
    assert constraint in caught.value.message


def test_real_names_pass_the_patterns_of_the_real_models() -> None:
    operation = operation_model("sagemaker", "CreateTrainingJob")
    assert operation is not None
    _, problems = coerce(
        {"TrainingJobName": "train-2026-01-01", "RoleArn": "arn:aws:iam::123456789012:role/Sage"}, operation.input_shape
    )
    assert [problem for problem in problems if "pattern" in problem] == []
    _, problems = coerce({"TrainingJobName": "train_2026"}, operation.input_shape)
    assert any("trainingJobName" in problem and "pattern" in problem for problem in problems)


def test_an_operation_without_input_takes_nothing() -> None:
    assert check_request({}, None) == {}
    with pytest.raises(ServiceError, match=r"must be one of: \(none\)"):
        check_request({"X": 1}, None)
