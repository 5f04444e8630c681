"""Choice rules: all operators, values of every kind, paths that lead to nothing."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.asl.choice import OPERATORS, And, Comparison, Not, Or, Test
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.choice import compile_pattern, compile_test
from stepfunctions.query.timestamps import epoch_seconds, parse_timestamp

EARLY, LATE = "2016-03-14T01:59:00Z", "2016-03-14T02:00:00.5Z"
SAME_AS_EARLY = "2016-03-14T03:59:00.000+02:00"
ONE_OF_EACH: dict[str, Any] = {
    "string": "b",
    "number": 5,
    "float": 5.5,
    "true": True,
    "false": False,
    "null": None,
    "time": EARLY,
    "array": [],
    "object": {},
}
ORDERS = {
    "Equals": (False, True, False),
    "LessThan": (True, False, False),
    "GreaterThan": (False, False, True),
    "LessThanEquals": (True, True, False),
    "GreaterThanEquals": (False, True, True),
}
LADDERS = {"String": ("a", "b", "b!"), "Numeric": (-1, 5, 5.5), "Timestamp": ("2016-01-01T00:00:00Z", EARLY, LATE)}


def comparison(operator: str, value: Any, variable: str = "$.v") -> Comparison:
    return Comparison(variable=variable, operator=operator, value=value)


@pytest.fixture
def holds(make_scope: Any) -> Any:
    def evaluate(test: Test, input: Any, **scope: Any) -> bool:
        result = compile_test(test)(make_scope(input, **scope))
        assert isinstance(result, bool)
        return result

    return evaluate


ORDERED = [(kind, order, found) for kind in LADDERS for order in ORDERS for found in range(3)]


@pytest.mark.parametrize(("kind", "order", "found"), ORDERED)
def test_ordered_comparison_with_a_constant_and_with_a_path(holds: Any, kind: str, order: str, found: int) -> None:
    value, middle = LADDERS[kind][found], LADDERS[kind][1]
    expected = ORDERS[order][found]
    assert holds(comparison(kind + order, middle), {"v": value}) is expected
    assert holds(comparison(kind + order + "Path", "$.w"), {"v": value, "w": middle}) is expected


def test_all_operators_are_tested() -> None:
    ordered = {kind + order + path for kind in LADDERS for order in ORDERS for path in ("", "Path")}
    others = {
        "BooleanEquals",
        "BooleanEqualsPath",
        "StringMatches",
        "IsNull",
        "IsPresent",
        "IsNumeric",
        "IsString",
        "IsBoolean",
        "IsTimestamp",
    }
    assert ordered | others == set(OPERATORS)
    assert len(OPERATORS) == 39


@pytest.mark.parametrize(
    ("operator", "kinds"),
    [
        ("IsNull", {"null"}),
        ("IsString", {"string", "time"}),
        ("IsNumeric", {"number", "float"}),
        ("IsBoolean", {"true", "false"}),
        ("IsTimestamp", {"time"}),
        ("IsPresent", set(ONE_OF_EACH)),
    ],
)
def test_type_tests(holds: Any, operator: str, kinds: set[str]) -> None:
    for name, value in ONE_OF_EACH.items():
        assert holds(comparison(operator, True), {"v": value}) is (name in kinds)
        assert holds(comparison(operator, False), {"v": value}) is (name not in kinds)


@pytest.mark.parametrize(
    "operator", sorted(name for name in OPERATORS if name.startswith(("String", "Numeric", "Timestamp", "Boolean")))
)
def test_comparison_of_different_kinds_is_false(holds: Any, operator: str) -> None:
    kind = next(kind for kind in ("String", "Numeric", "Timestamp", "Boolean") if operator.startswith(kind))
    fitting = {
        "String": ("string", "time"),
        "Numeric": ("number", "float"),
        "Timestamp": ("time",),
        "Boolean": ("true", "false"),
    }[kind]
    constant = {"String": "b", "Numeric": 5, "Timestamp": EARLY, "Boolean": True}[kind]
    for name, value in ONE_OF_EACH.items():
        if name not in fitting:
            if operator.endswith("Path"):
                assert holds(comparison(operator, "$.w"), {"v": value, "w": constant}) is False
                assert holds(comparison(operator, "$.w"), {"v": constant, "w": value}) is False
                assert holds(comparison(operator, "$.w"), {"v": value, "w": value}) is False
            else:
                assert holds(comparison(operator, constant), {"v": value}) is False


def test_boolean_equals(holds: Any) -> None:
    for left in (True, False):
        for right in (True, False):
            assert holds(comparison("BooleanEquals", right), {"v": left}) is (left == right)
            assert holds(comparison("BooleanEqualsPath", "$.w"), {"v": left, "w": right}) is (left == right)


def test_numbers_compare_by_value(holds: Any) -> None:
    assert holds(comparison("NumericEquals", 5), {"v": 5.0})
    assert not holds(comparison("NumericEquals", 9007199254740993), {"v": 9007199254740992})


def test_timestamps_are_instants(holds: Any) -> None:
    assert holds(comparison("TimestampEquals", EARLY), {"v": SAME_AS_EARLY})
    assert not holds(comparison("StringEquals", EARLY), {"v": SAME_AS_EARLY})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", (0, "")),
        ("1970-01-01T00:00:01.50Z", (1, "5")),
        ("1970-01-01T00:00:00+01:30", (-5400, "")),
        ("1969-12-31T23:00:00-01:00", (0, "")),
        ("2016-12-31T23:59:60Z", (1483228800, "")),
        ("0001-01-01T00:00:00Z", (-62135596800, "")),
        ("2024-02-29T12:00:00.123456789123Z", (1709208000, "123456789123")),
        ("2016-12-05 21:29:29Z", None),
        ("2016-12-05t21:29:29Z", None),
        ("2016-12-05T21:29:29z", None),
        ("2016-12-05T21:29:29", None),
        ("2016-12-05T21:29Z", None),
        ("2016-13-05T21:29:29Z", None),
        ("2023-02-29T00:00:00Z", None),
        ("2016-12-05T24:00:00Z", None),
        ("2016-12-05T21:60:00Z", None),
        ("2016-12-05T21:29:29.Z", None),
        ("2016-12-05T21:29:29+0100", None),
        ("2016-12-05", None),
        ("", None),
        ("2016-12-05T21:29:29Z\n", None),
        ("２016-12-05T21:29:29Z", None),
        ("0000-01-01T00:00:00Z", None),
    ],
)
def test_timestamps(text: str, expected: Any) -> None:
    assert parse_timestamp(text) == expected


def test_epoch_seconds() -> None:
    assert epoch_seconds("1970-01-01T00:00:01.25Z") == 1.25
    assert epoch_seconds("1969-12-31T23:59:59.5Z") == -0.5
    assert epoch_seconds("soon") is None


@pytest.mark.parametrize("operator", sorted(set(OPERATORS) - {"IsPresent"}))
def test_variable_that_leads_to_nothing_fails_the_state(holds: Any, operator: str) -> None:
    kind = OPERATORS[operator]
    value = "$.v" if kind.endswith("path") else {"string": "a", "numeric": 1, "timestamp": EARLY, "boolean": True}[kind]
    documents: list[dict[str, Any]] = [{}, {"x": "no object"}, {"x": []}]
    for document in documents:
        with pytest.raises(StateFailed) as caught:
            holds(comparison(operator, value, "$.x.y"), {"v": 1, **document})
        assert caught.value.error == "States.Runtime"
        assert caught.value.cause == (
            "Invalid path '$.x.y': The choice state's condition path references an invalid value."
        )


def test_other_path_that_leads_to_nothing_fails_the_state(holds: Any) -> None:
    with pytest.raises(StateFailed, match=r"Invalid path '\$\.w': The choice state's condition path"):
        holds(comparison("NumericEqualsPath", "$.w"), {"v": 1})


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("$.a", True),
        ("$.n", True),
        ("$.zz", False),
        ("$.a.b", False),
        ("$.l[0]", True),
        ("$.l[1]", False),
        ("$.a[0]", False),
        ("$$.Task.Token", False),
        ("$$.State", True),
        ("$known", True),
        ("$unknown", False),
        ("$.l[*]", True),
        ("$.e[*]", False),
        ("$.zz[*]", False),
    ],
)
def test_is_present(holds: Any, variable: str, expected: bool) -> None:
    document = {"a": 1, "n": None, "l": [0], "e": []}
    scope: dict[str, Any] = {"context": {"State": {}}, "variables": {"known": None}}
    assert holds(comparison("IsPresent", True, variable), document, **scope) is expected
    assert holds(comparison("IsPresent", False, variable), document, **scope) is not expected


def test_and_or_not_stop_at_the_first_that_decides(holds: Any) -> None:
    present, missing = comparison("IsPresent", True), comparison("NumericEquals", 1, "$.missing")
    assert holds(Or(tests=(present, missing)), {"v": 1}) is True
    assert holds(And(tests=(Not(test=present), missing)), {"v": 1}) is False
    assert holds(And(tests=(present, comparison("NumericEquals", 1))), {"v": 1}) is True
    assert holds(Or(tests=(Not(test=present), Not(test=present))), {"v": 1}) is False
    with pytest.raises(StateFailed):
        holds(And(tests=(present, missing)), {"v": 1})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-1.txt", True),
        ("log-*.txt", "log-.txt", True),
        ("log-*.txt", "log-1.txt2", False),
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "ba", False),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("ab*ba", "aba", False),
        ("a**b", "ab", True),
        ("a?", "ab", False),
        ("[a]", "[a]", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"\\*", "\\x", True),
        (r"\\\*", "\\*", True),
        (r"\\\*", "\\x", False),
        (r"a\x", r"a\x", True),
        ("a\\", "a\\", True),
        ("*\n*", "a\nb", True),
    ],
)
def test_string_matches(holds: Any, pattern: str, text: str, expected: bool) -> None:
    assert holds(comparison("StringMatches", pattern), {"v": text}) is expected


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_string_matches_agrees_with_the_standard_librarys_patterns(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(text) is fnmatch.fnmatchcase(text, pattern)


@given(st.text(max_size=8))
def test_escaped_text_matches_itself_alone(text: str) -> None:
    matches = compile_pattern(text.replace("\\", "\\\\").replace("*", "\\*"))
    assert matches(text)
    assert not matches(text + "x")


def test_many_stars_take_no_exponential_time() -> None:
    assert compile_pattern("*a" * 2_000 + "*b")("a" * 100_000) is False


@pytest.mark.parametrize(
    "test",
    [
        comparison("StringEqualsPath", "$."),
        comparison("IsNull", True, "$.a["),
    ],
)
def test_wrong_path_is_a_syntax_error(test: Test) -> None:
    with pytest.raises(QuerySyntaxError):
        compile_test(test)
