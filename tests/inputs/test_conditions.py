"""Conditions: rules of a Choice in JSONPath, expressions in JSONata, and the same truth in both."""

from __future__ import annotations

import copy
import json
import math
import pickle
import random
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stepfunctions import asl
from stepfunctions.asl.document import JSON
from stepfunctions.inputs import ExecutionInput, StepInput, jsonata, states, variable
from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.query.choice import compile_test
from stepfunctions.query.jsonata import compile_jsonata
from stepfunctions.query.scope import Scope
from stepfunctions.steps import Choice, ChoiceRule, Graph, Succeed

UTC = timezone.utc
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = {"n": float, "i": int, "s": str, "b": bool, "t": datetime}
x = StepInput()
typed = StepInput(schema=SCHEMA)


def loose(value: Any) -> Any:
    """Return a value that the type checker would not let through."""
    return value


def in_jsonpath(rule: BaseRule, value: JSON) -> bool:
    choice = Choice("C")
    choice.add_choice(rule, Succeed("S"))
    read = asl.parse(Graph(choice).to_dict()).states["C"]
    assert isinstance(read, asl.Choice)
    test = read.choices[0].test
    assert test is not None
    return compile_test(test)(scope(value))


def in_jsonata(rule: BaseRule, value: JSON) -> JSON:
    return compile_jsonata(rule.to_jsonata(), "Condition", "boolean")(scope(value))


def scope(value: JSON) -> Scope:
    return Scope(input=value, context=dict, variables={}, chance=lambda: random.Random(1))


@pytest.mark.parametrize(
    ("rule", "written", "in_jsonata"),
    [
        (x["a"] == 1, {"Variable": "$['a']", "NumericEquals": 1}, "$states.input.a = 1"),
        (x["a"] == 0.5, {"Variable": "$['a']", "NumericEquals": 0.5}, "$states.input.a = 0.5"),
        (x["a"] == "v", {"Variable": "$['a']", "StringEquals": "v"}, '$states.input.a = "v"'),
        (x["a"] == True, {"Variable": "$['a']", "BooleanEquals": True}, "$states.input.a = true"),  # noqa: E712
        (x["a"] == None, {"Variable": "$['a']", "IsNull": True}, "$states.input.a = null"),  # noqa: E711
        (x["a"] != 1, {"Not": {"Variable": "$['a']", "NumericEquals": 1}}, "$not($states.input.a = 1)"),
        (x["a"] < 1, {"Variable": "$['a']", "NumericLessThan": 1}, "$states.input.a < 1"),
        (x["a"] <= "b", {"Variable": "$['a']", "StringLessThanEquals": "b"}, '$states.input.a <= "b"'),
        (x["a"] > 1, {"Variable": "$['a']", "NumericGreaterThan": 1}, "$states.input.a > 1"),
        (0.9 <= x["a"], {"Variable": "$['a']", "NumericGreaterThanEquals": 0.9}, "$states.input.a >= 0.9"),  # noqa: SIM300
        (
            x["a"] >= NEW_YEAR,
            {"Variable": "$['a']", "TimestampGreaterThanEquals": "2026-01-01T00:00:00Z"},
            '$toMillis($states.input.a) >= $toMillis("2026-01-01T00:00:00Z")',
        ),
        (
            typed["t"] < "2026-01-01T00:00:00+01:00",
            {"Variable": "$['t']", "TimestampLessThan": "2026-01-01T00:00:00+01:00"},
            '$toMillis($states.input.t) < $toMillis("2026-01-01T00:00:00+01:00")',
        ),
        (
            typed["n"] > x["a"],
            {"Variable": "$['n']", "NumericGreaterThanPath": "$['a']"},
            "$states.input.n > $states.input.a",
        ),
        (
            x["a"] < x["b"],
            {
                "Or": [
                    {"Variable": "$['a']", "NumericLessThanPath": "$['b']"},
                    {"Variable": "$['a']", "StringLessThanPath": "$['b']"},
                ]
            },
            "$states.input.a < $states.input.b",
        ),
        (
            typed["b"] == variable("flag"),
            {"Variable": "$['b']", "BooleanEqualsPath": "$flag"},
            "$states.input.b = $flag",
        ),
        (x["a"].is_present(), {"Variable": "$['a']", "IsPresent": True}, "$exists($states.input.a)"),
        (x["a"].is_null(), {"Variable": "$['a']", "IsNull": True}, '$type($states.input.a) = "null"'),
        (
            ~x["a"].is_string(),
            {"Not": {"Variable": "$['a']", "IsString": True}},
            '$not($type($states.input.a) = "string")',
        ),
        (
            x["a"].matches("m-*"),
            {"Variable": "$['a']", "StringMatches": "m-*"},
            r"$contains($states.input.a, /^m-[\s\S]*$/)",
        ),
        (
            (x["a"] == 1) & (x["b"] == 2) & x["c"],
            {
                "And": [
                    {"Variable": "$['a']", "NumericEquals": 1},
                    {"Variable": "$['b']", "NumericEquals": 2},
                    {"Variable": "$['c']", "BooleanEquals": True},
                ]
            },
            "($states.input.a = 1) and ($states.input.b = 2) and ($states.input.c = true)",
        ),
        (
            x["a"] | ~x["b"],
            {
                "Or": [
                    {"Variable": "$['a']", "BooleanEquals": True},
                    {"Not": {"Variable": "$['b']", "BooleanEquals": True}},
                ]
            },
            "($states.input.a = true) or ($not($states.input.b = true))",
        ),
    ],
)
def test_what_conditions_compile_to(rule: BaseRule, written: JSON, in_jsonata: str) -> None:
    assert rule.to_dict() == written
    assert rule.to_jsonata() == in_jsonata


def test_conditions_that_only_jsonata_has() -> None:
    rule = (states.array_length(x["a"]) > 3) & (x["n"] * 2 >= x["m"]) & jsonata("$now() > 'x'")
    assert rule.to_jsonata() == (
        "($count($states.input.a) > 3) and (($states.input.n * 2) >= $states.input.m) and ($now() > 'x')"
    )
    with pytest.raises(ValueError, match=r"compares paths, not the result of a function \(States.ArrayLength"):
        rule.to_dict()
    assert "$count" in repr(rule)


def test_not_twice_is_the_condition_itself() -> None:
    rule = x["a"] == 1
    assert ~~rule is rule


# ------------------------------------------------------------------ the same truth

_texts = st.text(st.characters(codec="utf-8"), max_size=4)
_times = st.integers(-3, 3).map(lambda hours: NEW_YEAR + timedelta(hours=hours))
_zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(minutes=90))])
DATA = st.fixed_dictionaries(
    {
        "n": st.integers(-3, 3) | st.floats(-3, 3),
        "i": st.integers(-3, 3),
        "s": _texts,
        "b": st.booleans(),
        "t": st.builds(lambda time, zone: time.astimezone(zone).isoformat(), _times, _zones),
        "null": st.none(),
        "list": st.lists(st.integers(0, 2), max_size=2),
    },
    optional={"maybe": st.integers(0, 1) | st.none() | _texts | st.booleans()},
)
CONSTANTS: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-3, 3) | st.floats(-3, 3),
    "i": st.integers(-3, 3),
    "s": _texts,
    "b": st.booleans(),
    "t": st.builds(datetime.astimezone, _times, _zones),
}
_ORDERS = [lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a > b, lambda a, b: a >= b]
_EQUALS = [lambda a, b: a == b, lambda a, b: a != b]
_patterns = st.lists(st.sampled_from(["*", "\\*", "\\\\", "a", ".", "[", "/", "é", "\n", "^$", "😀", "\\"]), max_size=4)


@st.composite
def comparisons(draw: Any) -> BaseRule:
    kind = draw(st.sampled_from([*CONSTANTS, "types", "mixed", "pattern", "maybe"]))
    placeholder = draw(st.sampled_from([x, typed]))
    if kind == "types":
        value = x[draw(st.sampled_from([*SCHEMA, "null", "list"]))]
        tests = (
            value.is_present,
            value.is_null,
            value.is_string,
            value.is_numeric,
            value.is_boolean,
            value.is_timestamp,
        )
        found: BaseRule = draw(st.sampled_from(tests))()
        return found
    if kind == "mixed":  # equality of values of different types
        other = draw(st.sampled_from([*SCHEMA, "null"]))
        value = draw(CONSTANTS[draw(st.sampled_from("nisb"))] | st.none())
        return draw(st.sampled_from(_EQUALS))(x[other], value)  # type: ignore[no-any-return]
    if kind == "pattern":
        return x["s"].matches("".join(draw(_patterns)))
    if kind == "maybe":
        present = x["maybe"].is_present()
        return (
            present & (x["maybe"] == draw(st.integers(0, 1) | _texts | st.none())) if draw(st.booleans()) else ~present
        )
    operators = _EQUALS if kind == "b" else _EQUALS + _ORDERS
    left = typed[kind] if kind == "t" else placeholder[kind]
    right = draw(CONSTANTS[kind] | st.just(typed[kind]) | (st.just(x["n" if kind == "i" else kind])))
    return draw(st.sampled_from(operators))(left, right)  # type: ignore[no-any-return]


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a: ~a, inner)
        | st.builds(lambda rules: ChoiceRule.And(rules), st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)


@given(CONDITIONS, DATA)
@example(x["s"].matches("a*\\*"), {"s": "ab\n*"})
@example(x["s"].matches(""), {"s": ""})
@example(x["s"].matches("\\\\*"), {"s": "\\["})
@example(x["s"].matches("a\\(*"), {"s": "a\\("})
def test_a_condition_has_one_truth_in_both_languages(rule: BaseRule, value: JSON) -> None:
    assert in_jsonpath(rule, value) is in_jsonata(rule, value)


@given(st.sampled_from(_ORDERS + _EQUALS), st.integers(-3, 3) | st.floats(-3, 3), st.integers(-3, 3))
def test_a_comparison_of_numbers_is_pythons(operator: Any, left: float, right: int) -> None:
    for rule in (operator(x["a"], right), operator(typed["n"], x["b"]), operator(x["a"], x["b"])):
        value = {"a": left, "b": right, "n": left}
        assert in_jsonpath(rule, value) is in_jsonata(rule, value) is operator(left, right)


@given(st.sampled_from(_ORDERS + _EQUALS), _times, _times, _zones)
def test_a_comparison_of_timestamps_is_pythons(operator: Any, left: datetime, right: datetime, zone: timezone) -> None:
    value = {"t": left.astimezone(zone).isoformat(), "u": right.isoformat()}
    for rule in (operator(x["t"], right), operator(typed["t"], x["u"]), operator(typed["t"], right.isoformat())):
        assert in_jsonpath(rule, value) is in_jsonata(rule, value) is operator(left, right)


@pytest.mark.parametrize("operator", [name for name in asl.OPERATORS if not name.startswith("Is")])
def test_a_rule_by_its_operator_has_one_truth_too(operator: str) -> None:
    values: dict[str, list[Any]] = {
        "string": ["a", "b", "a*"],
        "numeric": [1, 2.5, -1],
        "boolean": [True, False],
        "timestamp": ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", "2025-01-01T00:00:00.5Z"],
    }
    kind, _, path = asl.OPERATORS[operator].partition(" ")
    for left in values[kind]:
        for right in values[kind]:
            rule = getattr(ChoiceRule, operator)(x["a"], x["b"] if path else right)
            assert in_jsonpath(rule, {"a": left, "b": right}) is in_jsonata(rule, {"a": left, "b": right})


@pytest.mark.parametrize("operator", [name for name in asl.OPERATORS if name.startswith("Is")])
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("value", [None, True, 1, "a", "2026-01-01T00:00:00Z", [], {}])
def test_a_test_of_the_type_has_one_truth_too(operator: str, wanted: bool, value: JSON) -> None:
    rule = getattr(ChoiceRule, operator)(x["a"], wanted)
    assert in_jsonpath(rule, {"a": value}) is in_jsonata(rule, {"a": value})


def test_a_rule_of_a_path_written_as_text_is_jsonpath_only() -> None:
    for rule in (ChoiceRule.NumericEquals("$.a", 1), ChoiceRule.NumericEqualsPath(x["a"], "$.b")):
        with pytest.raises(
            ValueError, match=r"The rule NumericEquals(Path)? of the path '\$\.[ab]' stands in a state of J"
        ):
            rule.to_jsonata()


# ------------------------------------------------------------------ in Python

CONDITIONS_OF_ALL_CLASSES: list[BaseRule] = [
    x["a"] == 1,
    x["a"] != NEW_YEAR,
    x["a"].is_present(),
    x["a"].matches("*"),
    (x["a"] > 1) & (x["b"] > 1),
    ChoiceRule.StringEquals("$.a", "b"),
    ChoiceRule.Not(ChoiceRule.IsNull("$.a", True)),
]


@pytest.mark.parametrize("rule", CONDITIONS_OF_ALL_CLASSES, ids=repr)
def test_conditions_copy_pickle_and_show_themselves(rule: BaseRule) -> None:
    for twin in (copy.copy(rule), copy.deepcopy(rule), pickle.loads(pickle.dumps(rule))):
        assert twin.to_dict() == rule.to_dict()
        assert repr(twin) == repr(rule)
    json.dumps(rule.to_dict())
    with pytest.raises(TypeError, match="Combine conditions with & "):
        bool(rule)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: (x["a"] > 1) and (x["b"] > 1), TypeError, "Combine conditions with & (and), | (or) and ~ (not)"),
        (lambda: 1 < x["a"] < 3, TypeError, "Combine conditions with & (and)"),
        (
            lambda: x["a"] > 1 & x["b"],
            TypeError,
            "& combines conditions, not a condition and 1. Write each comparison in",
        ),
        (lambda: (x["a"] > 1) | None, TypeError, "| combines conditions, not a condition and None"),
        (lambda: (x["a"] > 1) & "x", TypeError, "& combines conditions, not a condition and 'x'"),
        (lambda: x["a"] > [1], TypeError, "is compared with a list. Compare it with a str, int, float, bool, datetime"),
        (lambda: x["a"] == {"k": 1}, TypeError, "is compared with a dict"),
        (lambda: x["a"] > None, TypeError, "'>' has no meaning for None: compare it with == or !="),
        (lambda: x["a"] > True, TypeError, "'>' has no meaning for True"),
        (lambda: x["a"] > datetime(2026, 1, 1), TypeError, "has no time zone: write datetime(…, tzinfo=timezone.utc)"),
        (lambda: x["a"] > date(2026, 1, 1), TypeError, "compared with a date. Compare it with"),
        (lambda: x["a"] > math.nan, ValueError, "is compared with nan, which no JSON value is"),
        (lambda: typed["t"] > "yesterday", ValueError, "'yesterday'. Write a timestamp such as '2026-01-31T12:00:00Z'"),
        (lambda: x["a"].matches(loose(3)), TypeError, "A pattern is a string such as 'model-*', not a int"),
        (lambda: ChoiceRule.And([]), ValueError, "And takes at least one rule"),
        (lambda: ChoiceRule.Or(loose([x["a"]])), ValueError, "Or takes rules, not StepInput"),
        (lambda: ChoiceRule.Not(loose("x")), ValueError, "Not takes a rule, not str"),
        (lambda: ChoiceRule.NumericEquals(states.array_length(x), 1), ValueError, "not the result of a function"),
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_values_of_subclasses_compare_as_what_they_are() -> None:
    class Score(float):
        pass

    assert (x["a"] >= Score(0.5)).to_dict() == {"Variable": "$['a']", "NumericGreaterThanEquals": 0.5}


def test_inputs_of_the_execution_can_be_compared() -> None:
    assert (ExecutionInput()["n"] == 3).to_dict() == {"Variable": "$$.Execution.Input['n']", "NumericEquals": 3}
