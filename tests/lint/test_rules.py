"""Each rule: a definition that it refuses, at the right place; and one that all rules accept."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
import yaml

from stepfunctions import lint

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
RETRY: list[dict[str, Any]] = [{"ErrorEquals": ["States.ALL"]}]
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Retry": RETRY, "End": True}
PROCESSOR: dict[str, Any] = {"StartAt": "I", "States": {"I": PASS}}
JSONATA: dict[str, Any] = {**PASS, "QueryLanguage": "JSONata"}
WORK: dict[str, Any] = {**TASK, "QueryLanguage": "JSONata"}
DISTRIBUTED: dict[str, Any] = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PROCESSOR}

GOOD: dict[str, Any] = {
    "StartAt": "T",
    "States": {
        "T": {
            **TASK,
            "Parameters": {"FunctionName": "f", "Payload": {"x.$": "States.Format('{}', $.x[0])"}},
            "ResultPath": "$.made",
            "End": False,
            "Next": "M",
        },
        "M": {
            "Type": "Map",
            "ItemsPath": "$.made",
            "Label": "Routes",
            "ToleratedFailureCount": 1,
            "ItemProcessor": DISTRIBUTED,
            "Next": "C",
        },
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a['b']", "IsPresent": True, "Next": "T"}], "Default": "D"},
        "D": {"Type": "Succeed"},
    },
}

BAD: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("EXPRESSION_SYNTAX", "error", "/States/S/Parameters/a/0", {**TASK, "Parameters": {"a": [{"x.$": "$.a["}]}}),
    ("EXPRESSION_SYNTAX", "error", "/States/S/Parameters", {**TASK, "Parameters": {"x.$": "States.Fromat('{}')"}}),
    ("EXPRESSION_SYNTAX", "error", "/States/S/InputPath", {**PASS, "InputPath": "$..["}),
    ("EXPRESSION_SYNTAX", "error", "/States/S/ResultPath", {**PASS, "ResultPath": "$.a[*]"}),
    (
        "INTRINSIC_NESTING",
        "error",
        "/States/S/Parameters/list/0/v.$",
        {**PASS, "Parameters": {"list": [{"v.$": "States.Array(" * 11 + ")" * 11}]}},
    ),
    (
        "EXPRESSION_SYNTAX",
        "error",
        "/States/S/Choices/0/And/0/Not/Variable",
        {
            "Type": "Choice",
            "Default": "E",
            "Choices": [{"Next": "E", "And": [{"Not": {"Variable": "$.a[", "IsNull": True}}]}],
        },
    ),
    (
        "EXPRESSION_SYNTAX",
        "error",
        "/States/S/Choices/0/NumericEqualsPath",
        {"Type": "Choice", "Default": "E", "Choices": [{"Next": "E", "Variable": "$.a", "NumericEqualsPath": "$.b["}]},
    ),
    (
        "EXPRESSION_SYNTAX",
        "error",
        "/States/S/Choices/0/Assign",
        {
            "Type": "Choice",
            "Default": "E",
            "Choices": [{"Next": "E", "Variable": "$.a", "IsNull": True, "Assign": {"x.$": "$.b["}}],
        },
    ),
    ("EXPRESSION_SYNTAX", "error", "/States/S/Assign", {**TASK, "Assign": {"x.$": "States.Nothing()"}}),
    ("EXPRESSION_SYNTAX", "error", "/States/S/Credentials", {**TASK, "Credentials": {"RoleArn.$": "$.["}}),
    (
        "EXPRESSION_SYNTAX",
        "error",
        "/States/S/Catch/0/Assign",
        {**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "S", "Assign": {"x.$": "nothing"}}]},
    ),
    (
        "INVALID_JSONATA_EXPRESSION",
        "error",
        "/States/S/Output/a/0/b",
        {**JSONATA, "Output": {"a": [{"b": "{% 1 + %}"}]}},
    ),
    ("INVALID_JSONATA_EXPRESSION", "error", "/States/S/Output", {**JSONATA, "Output": "{% 1"}),
    ("INVALID_JSONATA_EXPRESSION", "error", "/States/S/Output", {**JSONATA, "Output": "{% $states.input.a ?? 1 %}"}),
    ("INVALID_JSONATA_EXPRESSION", "error", "/States/S/TimeoutSeconds", {**WORK, "TimeoutSeconds": "{% ( %}"}),
    (
        "INVALID_JSONATA_EXPRESSION",
        "error",
        "/States/S/Choices/0/Condition",
        {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Default": "E",
            "Choices": [{"Next": "E", "Condition": "{% $a = %}"}],
        },
    ),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "error", "/States/S/Output/v", {**JSONATA, "Output": {"v": "{% phone[0] %}"}}),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "error", "/States/S/Output", {**JSONATA, "Output": "{% $ %}"}),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "warning", "/States/S/Output", {**JSONATA, "Output": "{% $eval('1') %}"}),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "error", "/States/S/Output", {**JSONATA, "Output": "{% $states.result %}"}),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "error", "/States/S/Arguments", {**WORK, "Arguments": "{% $states.result %}"}),
    (
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "error",
        "/States/S/Assign/a",
        {**WORK, "Assign": {"a": "{% $states.errorOutput %}"}},
    ),
    (
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "error",
        "/States/S/Catch/0/Output/a",
        {**WORK, "Catch": [{"ErrorEquals": ["E"], "Next": "S", "Output": {"a": "{% $states.result %}"}}]},
    ),
    ("UNSUPPORTED_JSONATA_EXPRESSION", "warning", "/States/S/Output", {**JSONATA, "Output": "{% $states.inputs %}"}),
    ("NOT_EVALUATED", "warning", "/States/S/Output/a/x.$", {**JSONATA, "Output": {"a": {"x.$": "$.y"}}}),
    ("NOT_EVALUATED", "warning", "/States/S/Output", {**JSONATA, "Output": " {% 1 %} "}),
    ("NOT_EVALUATED", "warning", "/States/S/Parameters/a", {**PASS, "Parameters": {"a": "{% $states.input %}"}}),
    ("UNKNOWN_RESOURCE", "error", "/States/S/Resource", {**TASK, "Resource": "lambda"}),
    ("UNKNOWN_RESOURCE", "error", "/States/S/Resource", {**TASK, "Resource": "arn:aws:states:::lambda:invoke.sync"}),
    ("UNKNOWN_RESOURCE", "error", "/States/S/Resource", {**TASK, "Resource": "arn:aws:states:::sagemaker:train"}),
    (
        "UNKNOWN_RESOURCE",
        "error",
        "/States/S/Resource",
        {**TASK, "Resource": "arn:aws:states:::aws-sdk:glue:startJobRun.sync"},
    ),
    (
        "WRONG_REQUEST",
        "error",
        "/States/S/Parameters",
        {**TASK, "Resource": "arn:aws:states:::http:invoke", "Parameters": {"ApiEndpoint.$": "$.a"}},
    ),
    (
        "WRONG_REQUEST",
        "error",
        "/States/S/Arguments",
        {
            **JSONATA,
            "Type": "Task",
            "Resource": "arn:aws:states:::apigateway:invoke",
            "Arguments": {"ApiEndpoint": "a", "Method": "GET", "Nonsense": 1},
        },
    ),
    (
        "DISTRIBUTED_ONLY",
        "warning",
        "/States/S/ToleratedFailureCount",
        {"Type": "Map", "ItemProcessor": PROCESSOR, "ToleratedFailureCount": 1, "End": True},
    ),
    (
        "DISTRIBUTED_ONLY",
        "error",
        "/States/S/ItemBatcher",
        {"Type": "Map", "ItemProcessor": PROCESSOR, "ItemBatcher": {"MaxItemsPerBatch": 1}, "End": True},
    ),
    (
        "INVALID_LABEL_NAME",
        "error",
        "/States/S/Label",
        {"Type": "Map", "ItemProcessor": DISTRIBUTED, "Label": "a b", "End": True},
    ),
    (
        "PROCESSOR_LANGUAGE",
        "error",
        "/States/S/ItemProcessor",
        {"Type": "Map", "ItemProcessor": {**PROCESSOR, "QueryLanguage": "JSONPath"}, "End": True},
    ),
    (
        "UNKNOWN_SOURCE",
        "error",
        "/States/S/ItemReader/Resource",
        {"Type": "Map", "ItemProcessor": DISTRIBUTED, "ItemReader": {"Resource": "s3"}, "End": True},
    ),
    (
        "EXPRESSION_SYNTAX",
        "error",
        "/States/S/MaxConcurrencyPath",
        {"Type": "Map", "ItemProcessor": DISTRIBUTED, "MaxConcurrencyPath": "$$.Execution.Input.n", "End": True},
    ),
    ("NO_DOLLAR", "warning", "/States/S/Parameters/a/0/x", {**PASS, "Parameters": {"a": [{"x": "States.UUID()"}]}}),
    ("PASS_RESULT_IS_STATIC", "warning", "/States/S/Result/a/x.$", {**PASS, "Result": {"a": {"x.$": "$.a"}}}),
    ("NO_PATH", "warning", "/States/S/Cause", {"Type": "Fail", "Cause": "$.error"}),
    (
        "NO_PATH",
        "warning",
        "/States/S/Choices/0/And/0/Not/StringEquals",
        {
            "Type": "Choice",
            "Default": "E",
            "Choices": [{"Next": "E", "And": [{"Not": {"Variable": "$.a", "StringEquals": "$.b"}}]}],
        },
    ),
    ("MISSING_END_STATE", "error", None, {"Type": "Pass", "Next": "S"}),
    (
        "NO_DEFAULT",
        "warning",
        "/States/S",
        {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "E"}]},
    ),
]


GOOD_JSONATA: dict[str, Any] = {
    "StartAt": "T",
    "QueryLanguage": "JSONata",
    "States": {
        "T": {
            **TASK,
            "Arguments": {"FunctionName": "f", "Payload": {"x": "{% $states.input.x[price > 3].{'n': name} %}"}},
            "Output": "{% $map($states.result.Payload, function($v) { $v.y }) %}",
            "Assign": {"all": "{% $merge([$states.input, $states.result]) %}", "text": "no {% expression %}"},
            "TimeoutSeconds": "{% $states.context.State.RetryCount + 1 %}",
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": {"why": "{% $states.errorOutput.Cause & $states.input.x %}"},
                    "Assign": {"error": "{% $parse($states.errorOutput.Cause).x %}", "all": {}},
                    "Next": "C",
                }
            ],
            "End": False,
            "Next": "C",
        },
        "C": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $exists($states) and $not(false) %}", "Next": "D", "Output": "{% $all %}"}],
            "Default": "D",
        },
        "D": {"Type": "Succeed", "Output": {"id": "{% $uuid() & $string($random()) %}"}},
    },
}


@pytest.mark.parametrize("definition", [GOOD, GOOD_JSONATA], ids=["JSONPath", "JSONata"])
def test_a_good_definition_has_no_findings(definition: dict[str, Any]) -> None:
    assert lint.check(definition) == []
    assert lint.check(json.dumps(definition)) == []


def test_what_cannot_be_read_is_told_with_its_position() -> None:
    found = lint.check({"StartAt": "S", "States": {"S": {**JSONATA, "Output": {"v": "{% $states.input[1,2) %}"}}}})
    assert [finding.message for finding in found] == ['Expected "]", got ","']
    assert found[0].hint == """S0202: Expected "]", got "," (in '$states.input[1,2)', at character 16)."""


def test_each_name_at_the_top_level_is_told() -> None:
    found = lint.check({"StartAt": "S", "States": {"S": {**JSONATA, "Output": "{% aaa + bbb %}"}}})
    assert [finding.message for finding in found] == [
        "Reference to 'aaa' at the top level is not supported.",
        "Reference to 'bbb' at the top level is not supported.",
    ]
    assert found[0].hint == "Write $states.input.aaa."


OF_THE_REQUEST = ("MISSING_PARAMETER", "UNKNOWN_PARAMETER")
"""What the tasks above, which are about other things, do not care for."""


@pytest.mark.parametrize(("code", "severity", "path", "state"), BAD, ids=[f"{bad[0]}{bad[2]}" for bad in BAD])
def test_what_a_rule_finds(code: str, severity: str, path: str | None, state: dict[str, Any]) -> None:
    states = {"S": state, "E": PASS} if state["Type"] == "Choice" else {"S": state}
    found = [one for one in lint.check({"StartAt": "S", "States": states}) if one.rule not in OF_THE_REQUEST]
    assert [(finding.rule, finding.severity, finding.path) for finding in found] == [(code, severity, path)]
    assert found[0].rule in str(found[0])


def test_unreachable_states_are_found_also_inside_others() -> None:
    inner = {"StartAt": "I", "States": {"I": PASS, "Lost": PASS}}
    found = lint.check({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [inner], "End": True}}})
    assert [(finding.rule, finding.path) for finding in found] == [
        ("MISSING_TRANSITION_TARGET", "/States/P/Branches/0/States/Lost")
    ]
    island = {
        "StartAt": "I",
        "States": {"I": PASS, "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}},
    }
    found = lint.check(island)
    assert [(finding.rule, finding.path) for finding in found] == [
        ("UNREACHABLE_STATE", "/States/A"),
        ("UNREACHABLE_STATE", "/States/B"),
    ]


def test_a_loop_that_is_never_left() -> None:
    loop = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}
    found = lint.check({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [loop], "End": True}}})
    assert [(finding.rule, finding.severity, finding.path) for finding in found] == [
        ("NO_END", "warning", "/States/P/Branches/0")
    ]


def test_the_same_label_twice() -> None:
    both = {"Type": "Map", "ItemProcessor": DISTRIBUTED, "Label": "L"}
    other = {"ProcessorConfig": DISTRIBUTED["ProcessorConfig"], "StartAt": "J", "States": {"J": PASS}}
    found = lint.check(
        {"StartAt": "A", "States": {"A": {**both, "Next": "B"}, "B": {**both, "ItemProcessor": other, "End": True}}}
    )
    assert [(finding.rule, finding.path) for finding in found] == [("DUPLICATE_LABEL_NAME", "/States/B/Label")]


def test_a_definition_that_cannot_be_read_gets_those_findings_alone() -> None:
    found = lint.check('{"StartAt": "S"}')
    assert [finding.severity for finding in found] == ["error"]
    assert found[0].to_dict()["path"] == ""


def test_a_resource_with_a_substitution_is_left_alone() -> None:
    assert lint.check({"StartAt": "S", "States": {"S": {**TASK, "Resource": "${Function}"}}}) == []


def definition_of(example: str) -> dict[str, Any]:
    """The definition that an example is, or whose states it has."""
    given = yaml.safe_load(textwrap.dedent(example))
    return given if "States" in given else {"StartAt": next(iter(given)), "States": given}


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: str(rule.id))
def test_a_rule_finds_its_bad_example_and_not_its_good_one(rule: lint.Rule) -> None:
    assert rule.id in {finding.rule for finding in lint.check(definition_of(rule.bad))}
    assert [str(finding) for finding in lint.check(definition_of(rule.good))] == []
    assert rule.source.startswith("https://")
    for said in (rule.summary, rule.why):
        assert said.endswith("."), said
        assert "\n" not in said


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in lint.RULES]
    assert len(set(ids)) == len(ids)
