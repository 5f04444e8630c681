"""Expressions: what they compile to in both query languages, and what they are in Python."""

from __future__ import annotations

import copy
import math
import pickle
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.asl.document import JSON
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.inputs import (
    ExecutionInput,
    Expression,
    MapItem,
    Placeholder,
    StepInput,
    context,
    error,
    jsonata,
    result,
    states,
    variable,
)
from stepfunctions.inputs.expressions import expressions_in, holds_jsonata
from stepfunctions.query.jsonata import compile_jsonata
from stepfunctions.query.scope import Scope
from stepfunctions.query.template import compile_expression

CONTEXT: JSON = {
    "Execution": {"Id": "arn", "Input": {"a": [1]}, "Name": "n", "RoleArn": "r", "StartTime": "s", "RedriveCount": 0}
    | {"RedriveTime": "t"},
    "State": {"EnteredTime": "e", "Name": "S", "RetryCount": 2},
    "StateMachine": {"Id": "m", "Name": "mn"},
    "Task": {"Token": "token"},
    "Map": {"Item": {"Index": 3, "Value": {"route": "x"}, "Key": "k", "Source": "STATE_DATA"}},
}
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
AWKWARD = [
    "it's",
    'a "b"',
    "a.b",
    "a b",
    "ü",
    "日本",
    "😀",
    "a`b",
    "``",
    "and",
    "null",
    "$",
    "a\\b",
    "\\'",
    "[0]",
    "a\nb",
    "1",
]


def both(expression: Expression, value: JSON = None, **variables: JSON) -> tuple[JSON, JSON]:
    """Return what an expression gives in JSONPath and in JSONata."""
    states = {"result": value, "errorOutput": value}
    scope = Scope(value, lambda: CONTEXT, variables, lambda: random.Random(1), states=states)
    return compile_expression(expression.to_jsonpath(), "x")(scope), compile_jsonata(expression.to_jsonata())(scope)


@pytest.mark.parametrize(
    ("expression", "path", "in_jsonata"),
    [
        (ExecutionInput(), "$$.Execution.Input", "$states.context.Execution.Input"),
        (ExecutionInput()["a"][0], "$$.Execution.Input['a'][0]", "$states.context.Execution.Input.a[0]"),
        (StepInput()["a b"], "$['a b']", "$states.input.`a b`"),
        (MapItem()["route"], "$$.Map.Item.Value['route']", "$states.context.Map.Item.Value.route"),
        (MapItem().index, "$$.Map.Item.Index", "$states.context.Map.Item.Index"),
        (MapItem().key, "$$.Map.Item.Key", "$states.context.Map.Item.Key"),
        (MapItem().source, "$$.Map.Item.Source", "$states.context.Map.Item.Source"),
        (variable("x"), "$x", "$x"),
        (variable("größe")["a"]["it's"], "$größe.a['it\\'s']", "$größe.a.`it's`"),
        (result["Payload"][0], "$.Payload[0]", "$states.result.Payload[0]"),
        (error["Cause"], "$.Cause", "$states.errorOutput.Cause"),
        (context.execution.id, "$$.Execution.Id", "$states.context.Execution.Id"),
        (context.execution.input["a"], "$$.Execution.Input.a", "$states.context.Execution.Input.a"),
        (context.state.retry_count, "$$.State.RetryCount", "$states.context.State.RetryCount"),
        (context.state_machine.name, "$$.StateMachine.Name", "$states.context.StateMachine.Name"),
        (context.task.token, "$$.Task.Token", "$states.context.Task.Token"),
        (variable("x") + 1, "States.MathAdd($x, 1)", "$x + 1"),
        (variable("x") - 1, "States.MathAdd($x, -1)", "$x - 1"),
        (1 + variable("x") + variable("y"), "States.MathAdd(States.MathAdd(1, $x), $y)", "(1 + $x) + $y"),
    ],
)
def test_what_expressions_compile_to(expression: Expression, path: str, in_jsonata: str) -> None:
    assert (expression.to_jsonpath(), expression.to_jsonata()) == (path, in_jsonata)


def test_the_context_object_has_all_that_aws_tells() -> None:
    found = {
        name: both(value)
        for part in (context.execution, context.state, context.state_machine, context.task, context.map.item)
        for name, value in ((f"{type(part).__name__}.{name}", getattr(part, name)) for name in vars(type(part)))
        if isinstance(value, Expression)
    }
    leaves = sum(
        len(part)
        for part in (*map(CONTEXT.get, ("Execution", "State", "StateMachine", "Task")), CONTEXT["Map"]["Item"])
    )
    assert len(found) == leaves
    assert all(one == other for one, other in found.values())
    assert found["ExecutionContext.input"][0] == {"a": [1]}


@pytest.mark.parametrize("key", AWKWARD)
def test_any_key_is_found_in_both_languages(key: str) -> None:
    value = {key: [{key: "found"}]}
    assert both(StepInput()[key][0][key], value) == ("found", "found")
    assert both(variable("v")[key][0][key], None, v=value) == ("found", "found")
    assert both(result[key][0][key], value) == ("found", "found")


@given(st.lists(KEYS | st.integers(0, 2), min_size=1, max_size=4))
def test_any_path_leads_where_its_names_say(names: list[str | int]) -> None:
    value: JSON = "found"
    for name in reversed(names):
        value = [f"other {index}" for index in range(name)] + [value] if isinstance(name, int) else {name: value}
    placeholder: Any = StepInput()
    reference: Any = variable("v")
    for name in names:
        placeholder, reference = placeholder[name], reference[name]
    assert both(placeholder, value) == ("found", "found")
    assert both(reference, None, v=value) == ("found", "found")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (variable("a") + 2, 9),
        (variable("a") - 2, 5),
        (2 + variable("a") - 1 - variable("b") * 1, 3),
        ((variable("a") - 2) * (variable("b") + 1), 30),
        (variable("a") / 2 - (1 - variable("b")), 7.5),
        (10 - variable("a") - -3, 6),
        (1 / variable("b") * 10, 2),
        (1.5 * variable("a"), 10.5),
    ],
)
def test_arithmetic_in_jsonata_is_pythons(expression: Expression, value: float) -> None:
    scope = Scope(None, dict, {"a": 7, "b": 5}, lambda: random.Random(1))
    assert compile_jsonata(expression.to_jsonata())(scope) == pytest.approx(value)


def test_sums_of_integers_are_the_same_in_jsonpath() -> None:
    assert both(variable("a") + 2 - 5 + variable("b"), a=7, b=5) == (9, 9)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            variable("a") * 2,
            "JSONPath has no '*' ($a * 2): it adds and subtracts integers alone. Write the state in JSON",
        ),
        (variable("a") / 2, "JSONPath has no '/'"),
        (2 - variable("a"), "JSONPath has no '-' (2 - $a)"),
        (variable("a") + 0.5, "JSONPath adds integers alone ($a + 0.5)"),
        (
            jsonata("$now()"),
            "jsonata('$now()') stands in a state of JSONPath. Give the state, or the whole workflow, query",
        ),
        (states.math_add(jsonata("1"), 1), "stands in a state of JSONPath"),
    ],
)
def test_what_jsonpath_cannot_say(expression: Expression, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        expression.to_jsonpath()


@pytest.mark.parametrize("operand", ["x", None, True, [1], object()])
def test_only_numbers_are_computed_with(operand: Any) -> None:
    message = r"computes with numbers and expressions, not with .* states\.format"
    with pytest.raises(TypeError, match=message):
        variable("a") + operand
    with pytest.raises(TypeError, match=message):
        operand * variable("a")
    with pytest.raises(ValueError, match="computes with finite numbers, not with nan"):
        variable("a") + math.nan


def test_jsonata_is_parsed_when_written() -> None:
    assert jsonata("{% $count($states.input.items) %}").to_jsonata() == "$count($states.input.items)"
    assert jsonata(" 1 + 1 ").to_jsonata() == "1 + 1"
    with pytest.raises(QuerySyntaxError, match=r"\(in '\$count\(', at character 8\)"):
        jsonata("$count(")
    with pytest.raises(QuerySyntaxError):
        jsonata("")


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "states", "_x", "x" * 81, None, 3, True])
def test_what_is_no_name_of_a_variable(name: Any) -> None:
    with pytest.raises(ValueError, match="is no name of a variable: write a letter, then letters, digits and _"):
        variable(name)


@pytest.mark.parametrize("name", [None, 1.5, True, ("a",), StepInput()])
def test_what_is_no_name_of_a_member(name: Any) -> None:
    for expression in (StepInput(), variable("x")):
        with pytest.raises(ValueError, match="must be a string or an integer"):
            expression[name]


def test_members_may_have_a_type() -> None:
    assert (variable("x", int).type, variable("x").get("a", str).type, variable("x")["a"].type) == (int, str, None)
    assert context.execution.name.type is str


ALL: list[Expression] = [
    ExecutionInput(schema={"a": int}),
    StepInput()["x"],
    MapItem(),
    variable("x")["y"],
    context.execution.name,
    result,
    error["Cause"],
    variable("x") + 1,
    jsonata("$now()"),
    states.format("{}", variable("x")),
]


@pytest.mark.parametrize("expression", ALL, ids=repr)
def test_expressions_copy_pickle_and_show_themselves(expression: Expression) -> None:
    for twin in (copy.copy(expression), copy.deepcopy(expression), pickle.loads(pickle.dumps(expression))):
        assert type(twin) is type(expression)
        assert twin.to_jsonata() == expression.to_jsonata()
        assert repr(twin) == repr(expression)
        assert repr(expression) in str(expression)


@pytest.mark.parametrize("expression", ALL, ids=repr)
def test_expressions_are_known_by_identity(expression: Expression) -> None:
    assert {expression: 1}[expression] == 1
    assert expression in {expression}
    assert expression in [expression]
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(expression)
    with pytest.raises(TypeError, match="has no length"):
        len(expression)


def test_a_placeholder_is_true_as_in_2_3_0_so_that_programs_can_ask_whether_they_were_given_one() -> None:
    assert ExecutionInput()["job"]
    assert StepInput()


def test_a_comparison_of_placeholders_has_no_truth() -> None:
    with pytest.raises(TypeError, match="true or false only when the execution runs"):
        bool(ExecutionInput() == None)  # noqa: E711
    with pytest.raises(TypeError, match="true or false only when the execution runs"):
        bool(StepInput()["a"] != "x")
    assert StepInput()["a"] not in ExecutionInput(), "of a Placeholder, `in` asks what is inside it"


def test_expressions_know_what_they_are_made_of() -> None:
    a, b = StepInput()["a"], jsonata("$now()")
    value = {"k": [states.format("{}", a + 1), {"l": (a > b) & ~(a == 1)}], "n": 1}
    found = list(expressions_in(value))
    assert [type(one).__name__ for one in found] == [
        "Call",
        "Arithmetic",
        "StepInput",
        "StepInput",
        "Jsonata",
        "StepInput",
    ]
    assert holds_jsonata(value)
    assert not holds_jsonata({"k": [a, "x"]})


def test_placeholders_of_a_subclass_have_its_template() -> None:
    class Custom(Placeholder):
        json_str_template = "$.custom{}"

    assert Custom()["a"].to_jsonpath() == "$.custom['a']"
