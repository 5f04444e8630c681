"""Definitions made to break the reader: every one gets a DefinitionError that says where, never another exception."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from stepfunctions import asl
from stepfunctions.asl.files import read_definition
from stepfunctions.errors import DefinitionError

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
REGION: dict[str, Any] = {"StartAt": "I", "States": {"I": PASS}}


def machine(state: Any, **top: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state}, **top}


def found(definition: Any) -> dict[str | None, str]:
    with pytest.raises(DefinitionError) as caught:
        asl.parse(definition)
    return {problem.path: f"{problem.message} {problem.hint}".strip() for problem in caught.value.problems}


def _deep(levels: int) -> dict[str, Any]:
    test: dict[str, Any] = {"Variable": "$.x", "IsNull": True}
    for _ in range(levels):
        test = {"Not": test}
    return machine({"Type": "Choice", "Choices": [{**test, "Next": "S"}]})


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("[" * 100_000, "more than 300 levels"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "more than 300 levels"),
        (_deep(2_000), "more than 300 levels"),
        ('{"StartAt": NaN}', "NaN is no number of JSON"),
        ('{"StartAt": ' + "9" * 5_000 + "}", "is not JSON"),
        (machine({**PASS, "Result": math.nan}), "nan is no number of JSON"),
        (machine({**PASS, "Result": {1, 2}}), "type set cannot be written as JSON"),
        (machine({**PASS, "Result": b""}), "type bytes cannot be written as JSON"),
        ({"StartAt": "S", "States": {1: PASS}}, "The key 1 must be a string"),
        (machine(PASS, TimeoutSeconds=10**4_000), "an integer of more than 50 digits"),
        (machine({**TASK, "Retry": [{"ErrorEquals": ["E"], "BackoffRate": math.inf}]}), "inf is no number"),
    ],
    ids=range(11),
)
def test_what_no_definition_can_be(definition: Any, text: str) -> None:
    assert text in " ".join(found(definition).values())


def test_a_deep_but_possible_definition_is_read() -> None:
    asl.parse(_deep(200))


def test_many_aliases_are_not_followed_for_ever(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    assert "more than 1,000,000 values" in found(read_definition(path))[""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("StartAt: S\nStates:\n  1: {Type: Succeed}\n", "The key 1 at line 3, column 3 must be a string. Write it in"),
        ("StartAt: S\non: x\n", "The key True at line 2, column 1"),
        ("? [a]\n: 1\n", "must be a string"),
        ("a: 1\nb: 2\na: 3\n", "'a' is written more than once, the second time at line 3, column 1"),
        ("a: !Sub x\n", "at line 1, column 4"),
        ("a: \x00", "special characters are not allowed"),
        ("[" * 3_000, "nested too deeply"),
        ("- a\n", "must be a YAML mapping"),
    ],
)
def test_yaml_that_is_no_definition(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "machine.yaml"
    path.write_text(text)
    with pytest.raises(DefinitionError, match=message.replace("(", r"\(")):
        read_definition(path)


def test_yaml_merges_are_followed_and_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "machine.yml"
    path.write_text("base: &base {Type: Pass, End: true}\none:\n  <<: *base\n  End: false\nat: 2026-01-31\n")
    assert read_definition(path) == {"base": PASS, "one": {"Type": "Pass", "End": False}, "at": "2026-01-31"}


@pytest.mark.parametrize(
    ("state", "path", "text"),
    [
        ({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "/HeartbeatSeconds", "less than 'TimeoutSeconds' (5)"),
        ({**TASK, "Credentials": {}}, "/Credentials", "RoleArn"),
        ({**TASK, "Credentials": {"RoleArn": "r", "Role": "r"}}, "/Credentials", "RoleArn"),
        ({**TASK, "Assign": {"states": 1}}, "/Assign", "reserved"),
        ({**TASK, "Assign": {"a.b": 1}}, "/Assign", "no name of a variable"),
        ({**TASK, "Assign": {"a[0].$": "$.x"}}, "/Assign", "no name of a variable"),
        ({**TASK, "Assign": {"_a": 1}}, "/Assign", "no name of a variable"),
        ({**TASK, "Assign": {"a" * 81: 1}}, "/Assign", "more than 80 characters"),
        ({"Type": "Wait", "Timestamp": "2026-02-31T00:00:00Z", "End": True}, "/Timestamp", "must be a timestamp"),
        (
            {
                "Type": "Choice",
                "Default": "S",
                "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "S", "Assign": []}],
            },
            "/Choices/0/Assign",
            "must be an object",
        ),
        (
            {
                "Type": "Choice",
                "Default": "S",
                "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "S", "Comment": 1}],
            },
            "/Choices/0/Comment",
            "must be a string",
        ),
        (
            {"Type": "Map", "End": True, "ItemProcessor": {**REGION, "ProcessorConfig": 3}},
            "/ItemProcessor/ProcessorConfig",
            "must be an object, but is 3",
        ),
        (
            {"Type": "Map", "End": True, "ItemProcessor": {**REGION, "Comment": 3}},
            "/ItemProcessor/Comment",
            "must be a string",
        ),
        (
            {"Type": "Map", "End": True, "ItemProcessor": REGION, "ItemBatcher": {"BatchInput": {}}},
            "/ItemBatcher",
            "needs 'MaxItemsPerBatch'",
        ),
        ({"Type": "Map", "End": True, "ItemProcessor": REGION, "ResultWriter": {}}, "/ResultWriter", "'WriterConfig'"),
        (
            {
                "Type": "Map",
                "End": True,
                "ItemProcessor": REGION,
                "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"},
            },
            "/ResultWriter",
            "the bucket",
        ),
    ],
)
def test_what_aws_refuses(state: dict[str, Any], path: str, text: str) -> None:
    problems = found(machine(state))
    assert text in problems[f"/States/S{path}"]


@pytest.mark.parametrize(
    ("config", "path", "text"),
    [
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}, "", "These fields are required: [CSVHeaders]"),
        ({"InputType": "CSV", "CSVHeaders": ["a"]}, "/CSVHeaders", "needs the header location GIVEN"),
        (
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b", "a"]},
            "/CSVHeaders",
            "'a' is given more than once",
        ),
        ({"InputType": "CSV", "ManifestType": "S3_INVENTORY"}, "/InputType", "must not be written"),
        ({"Transformation": "LOAD_AND_FLATTEN"}, "", "These fields are required: [InputType]"),
        ({"InputType": "JSON", "MaxItems": -1}, "/MaxItems", "at least 0"),
    ],
)
def test_what_aws_refuses_of_a_reader(config: dict[str, Any], path: str, text: str) -> None:
    state = {
        "Type": "Map",
        "End": True,
        "ItemProcessor": REGION,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config},
    }
    assert text in found(machine(state))[f"/States/S/ItemReader/ReaderConfig{path}"]


def test_jsonata_has_no_dynamic_names() -> None:
    """In a payload ``b.$`` is a key like any other: recorded answers of the service have such keys in outputs."""
    definition = machine({**PASS, "Output": {"a": [{"b.$": "$.x"}]}, "Assign": {"c.$": "$.x"}}, QueryLanguage="JSONata")
    problems = found(definition)
    assert list(problems) == ["/States/S/Assign/c.$"]
    assert 'Write "c": "{% … %}"' in problems["/States/S/Assign/c.$"]


def test_what_real_workflows_write_is_accepted() -> None:
    """Forms found in public definitions that a stricter reader might refuse."""
    asl.parse(
        {
            "TimeoutSeconds": 172_800,
            "StartAt": 'Quorum "met"?',
            "States": {
                'Quorum "met"?': {
                    "Type": "Parallel",
                    "Parameters": {"uuid.$": "States.UUID()"},
                    "Branches": [
                        {
                            "StartAt": "a/b",
                            "States": {"a/b": {"Type": "Fail", "Error": "States.QuorumMet", "Comment": "c"}},
                        }
                    ],
                    "Catch": [{"ErrorEquals": ["States.QuorumMet"], "Comment": "c", "Next": "Every"}],
                    "Next": "Every",
                },
                "Every": {
                    "Type": "Map",
                    "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **REGION},
                    "ResultSelector": {"x.$": "$.[*].['bucket', 'key']"},
                    "Next": "Big",
                },
                "Big": {
                    "Type": "Map",
                    "Label": "Big",
                    "ItemBatcher": {"BatchInput": {}, "MaxItemsPerBatch": 500},
                    "ItemReader": {
                        "Resource": "arn:aws:states:::s3:listObjectsV2",
                        "Parameters": {"Bucket": "${Bucket}"},
                    },
                    "ItemProcessor": {
                        "States": {"J": PASS},
                        "StartAt": "J",
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                    },
                    "ToleratedFailurePercentage": 5,
                    "MaxConcurrency": 3_000,
                    "Next": "Ask",
                },
                "Ask": {
                    **TASK,
                    "Credentials": {"RoleArn.$": "$.role"},
                    "ResultPath": None,
                    "HeartbeatSeconds": 300,
                    "Assign": {"größe": 1, "token.$": "$$.Task.Token"},
                },
            },
        }
    )


def test_what_real_jsonata_workflows_write_is_accepted() -> None:
    asl.parse(
        {
            "StartAt": "S",
            "QueryLanguage": "JSONata",
            "States": {
                "S": {
                    "Type": "Map",
                    "Items": "{% $states.input.Items%}",
                    "Assign": {"taskId1": "{% $taskId %}"},
                    "ItemBatcher": {"MaxItemsPerBatch": "{% $n %}", "BatchInput": {"id": "{% $taskId %}"}},
                    "ItemProcessor": {**REGION, "QueryLanguage": "JSONata"},
                    "Next": "C",
                },
                "C": {
                    "Type": "Choice",
                    "Output": {"Id": "{% $states.input.Id %}"},
                    "Default": "T",
                    "Choices": [{"Next": "T", "Condition": "{% $states.input.n > 0 %}", "Comment": "some"}],
                },
                "T": {
                    **TASK,
                    "Arguments": {"ApiEndpoint": "{% 'e' & $states.input.id.S %}"},
                    "Credentials": "{% $role %}",
                },
            },
        }
    )


@pytest.mark.timeout(20)
def test_thousands_of_mistakes_are_told_in_time() -> None:
    states = {f"State number {number}": {"Type": "Pass", "Next": f"Stale number {number}"} for number in range(10_000)}
    problems = found({"StartAt": "State number 0", "States": states})
    assert len(problems) == 10_000
    assert "Did you mean" in problems["/States/State number 0/Next"]
    pairs = ",".join(f'"k{number}":1,"k{number}":2' for number in range(20_000))
    text = f'{{"StartAt":"S","States":{{"S":{{"Type":"Pass","End":true,"Result":{{{pairs}}}}}}}}}'
    assert len(found(text)) == 20_000
