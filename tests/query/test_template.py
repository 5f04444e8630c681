"""Payload templates and expressions of JSONPath states."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.template import MAX_DEPTH, compile_expression, compile_template

CONSTANTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=12,
)


def test_expressions_at_any_depth_lists_included(make_scope: Any) -> None:
    template = compile_template(
        {
            "fixed": {"x": [1, 2]},
            "a.$": "$.v",
            "deep": [{"b.$": "$.w[*]"}, 3, [{"c.$": "$$.State.Name"}]],
            "id.$": "States.Format('{}-{}', $.v, $name)",
        },
        "Parameters",
    )
    scope = make_scope({"v": 1, "w": [2, 3]}, context={"State": {"Name": "S"}}, variables={"name": "m"})
    assert template(scope) == {"fixed": {"x": [1, 2]}, "a": 1, "deep": [{"b": [2, 3]}, 3, [{"c": "S"}]], "id": "1-m"}


def test_fields_keep_the_order_in_which_they_are_written(make_scope: Any) -> None:
    template = compile_template({"z.$": "$", "a": 1, "m.$": "$", "b": 2}, "Parameters")
    assert list(template(make_scope(0))) == ["z", "a", "m", "b"]


def test_each_evaluation_makes_a_new_object_and_shares_the_constants(make_scope: Any) -> None:
    payload = {"big": {"x": 1}, "a.$": "$"}
    template, scope = compile_template(payload, "Parameters"), make_scope(1)
    first, second = template(scope), template(scope)
    assert first is not second
    assert first["big"] is second["big"] is payload["big"]


@given(CONSTANTS)
def test_payload_without_expressions_is_a_constant(payload: Any) -> None:
    assert compile_template(payload, "Parameters")(None) is payload  # type: ignore[arg-type]


@given(CONSTANTS, CONSTANTS)
def test_template_never_changes_payload_or_input(make_scope: Any, constant: Any, value: Any) -> None:
    payload = {"c": constant, "l": [constant, {"v.$": "$.value"}]}
    before = copy.deepcopy((payload, value))
    result = compile_template(payload, "Parameters")(make_scope({"value": value}))
    assert result == {"c": constant, "l": [constant, {"v": value}]}
    assert (payload, value) == before


def test_text_that_only_looks_like_a_path_is_a_constant(make_scope: Any) -> None:
    assert compile_template({"a": "$.x", "b$": "$.x"}, "Parameters")(make_scope({})) == {"a": "$.x", "b$": "$.x"}


def failure(text: str, field: str, scope: Any) -> tuple[str, str]:
    with pytest.raises(StateFailed) as caught:
        compile_expression(text, field)(scope)
    return caught.value.error, caught.value.cause


def test_missing_path_has_the_recorded_cause(make_scope: Any) -> None:
    with pytest.raises(StateFailed) as caught:
        compile_template({"p": [{"value.$": "$.x"}]}, "Parameters")(make_scope({"y": "ü"}))
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == (
        "The JSONPath '$.x' specified for the field 'value.$' could not be found in the input '{\"y\":\"ü\"}'"
    )


@pytest.mark.parametrize(
    ("text", "field", "cause"),
    [
        ("$.x", "InputPath", "Invalid path '$.x' : No results for path: $['x']"),
        ("$.x.y", "OutputPath", "Invalid path '$.x.y' : Missing property in path $['x']"),
        (
            "$.x",
            "TimeoutSecondsPath",
            "The JSONPath '$.x' specified for the field 'TimeoutSecondsPath' could not be found in "
            "the input '{\"a\":1}'",
        ),
        (
            "$$.x",
            "a.$",
            "The JSONPath '$$.x' specified for the field 'a.$' could not be found in the input '{\"c\":2}'",
        ),
        (
            "$v.x",
            "a.$",
            "The JSONPath '$v.x' specified for the field 'a.$' could not be found in the input '{\"d\":3}'",
        ),
        ("$w.x", "a.$", "The variable '$w' has no value"),
        ("$.a[0]", "a.$", "Invalid path '$.a[0]' : Filter: [0] can only be applied to arrays. Current context is: 1"),
    ],
)
def test_failure_of_an_expression(make_scope: Any, text: str, field: str, cause: str) -> None:
    scope = make_scope({"a": 1}, context={"c": 2}, variables={"v": {"d": 3}})
    assert failure(text, field, scope) == ("States.Runtime", cause)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("$.chunks", "chunks"),
        ("$.discovery.objects", "objects"),
        ("$.zz.objects", "zz"),
        ("$.list[4]", "4"),
        ("$.discovery[0]", "0"),
    ],
)
def test_items_path_that_leads_to_nothing_has_the_recorded_error(make_scope: Any, text: str, step: str) -> None:
    document = {"discovery": {"statusCode": 500}, "list": [1]}
    assert failure(text, "ItemsPath", make_scope(document)) == (
        "States.ReferencePathConflict",
        f'Unable to apply step "{step}" to input {{"discovery":{{"statusCode":500}},"list":[1]}}',
    )


def test_expression_is_a_path_or_an_intrinsic_function(make_scope: Any) -> None:
    assert compile_expression("$.a", "InputPath")(make_scope({"a": 1})) == 1
    assert compile_expression("States.Format('{}', $.a)", "CausePath")(make_scope({"a": 1})) == "1"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"a.$": 1}, "must be a STRING"),
        ({"a.$": {"b": 1}}, "must be a STRING"),
        ({"a.$": None}, "must be a STRING"),
        ({"a.$": "x"}, "begins with"),
        ({"a.$": ""}, "begins with"),
        ({"a.$": "a.b"}, "begins with"),
        ({"a.$": "$."}, "must not end"),
        ({"a.$": "States.Nope()"}, "no intrinsic function"),
        ({"a": 1, "a.$": "$"}, "'a' is given twice"),
        ([{"x": [{"a.$": "$", "a": {"b.$": "$"}}]}], "'a' is given twice"),
    ],
)
def test_syntax_error(payload: Any, message: str) -> None:
    with pytest.raises(QuerySyntaxError, match=message):
        compile_template(payload, "Parameters")


def test_depth_is_limited(make_scope: Any) -> None:
    payload: Any = {"a.$": "$"}
    for _ in range(MAX_DEPTH - 1):
        payload = [payload]
    result = compile_template(payload, "Parameters")(make_scope(5))
    for _ in range(MAX_DEPTH - 1):
        [result] = result
    assert result == {"a": 5}
    with pytest.raises(QuerySyntaxError, match="nested"):
        compile_template([payload], "Parameters")
