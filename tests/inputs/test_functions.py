"""The 18 intrinsic functions: written once, the same value in both query languages."""

from __future__ import annotations

import copy
import hashlib
import pickle
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepfunctions.asl.document import JSON
from stepfunctions.errors import StateFailed
from stepfunctions.inputs import Expression, StepInput, states
from stepfunctions.query.intrinsic_functions import FUNCTIONS
from stepfunctions.query.intrinsics import compile_intrinsic
from stepfunctions.query.jsonata import compile_jsonata
from stepfunctions.query.scope import Scope
from stepfunctions.query.template import compile_expression

DATA: JSON = {
    "numbers": [3, 1, 2, 3],
    "sorted": [1, 2, 2, 3],
    "one": ["only"],
    "text": "a,b;;c",
    "json": '{"k": [1, null]}',
    "object": {"a": 1, "b": {"c": 2}},
    "two": 2,
    "name": 'it\'s \\ {x} "y" ü 😀',
    "yes": True,
    "nothing": None,
}
given_input = StepInput()
numbers, text, two, name = (given_input[key] for key in ("numbers", "text", "two", "name"))

CASES: dict[str, tuple[Expression, str, JSON]] = {
    "Array": (states.array(two, "x", name), "States.Array($['two'], 'x', $['name'])", [2, "x", DATA["name"]]),
    "ArrayPartition": (
        states.array_partition(numbers, two),
        "States.ArrayPartition($['numbers'], $['two'])",
        [[3, 1], [2, 3]],
    ),
    "ArrayContains": (states.array_contains(numbers, two), "States.ArrayContains($['numbers'], $['two'])", True),
    "ArrayRange": (states.array_range(1, 9, two), "States.ArrayRange(1, 9, $['two'])", [1, 3, 5, 7, 9]),
    "ArrayGetItem": (states.array_get_item(numbers, 2), "States.ArrayGetItem($['numbers'], 2)", 2),
    "ArrayLength": (states.array_length(numbers), "States.ArrayLength($['numbers'])", 4),
    "ArrayUnique": (states.array_unique(given_input["sorted"]), "States.ArrayUnique($['sorted'])", [1, 2, 3]),
    "Base64Encode": (states.base64_encode(text), "States.Base64Encode($['text'])", "YSxiOztj"),
    "Base64Decode": (states.base64_decode("YSxiOztj"), "States.Base64Decode('YSxiOztj')", "a,b;;c"),
    "Hash": (states.hash(text, "MD5"), "States.Hash($['text'], 'MD5')", hashlib.md5(b"a,b;;c").hexdigest()),
    "JsonMerge": (
        states.json_merge(given_input["object"], {"b": 3}),
        "States.JsonMerge($['object'], States.StringToJson('\\{\"b\": 3\\}'), false)",
        {"a": 1, "b": 3},
    ),
    "StringToJson": (states.string_to_json(given_input["json"]), "States.StringToJson($['json'])", {"k": [1, None]}),
    "JsonToString": (states.json_to_string(numbers), "States.JsonToString($['numbers'])", "[3,1,2,3]"),
    "MathRandom": (states.math_random(5, 6), "States.MathRandom(5, 6)", 5),
    "MathAdd": (states.math_add(two, -5), "States.MathAdd($['two'], -5)", -3),
    "StringSplit": (states.string_split(text, ",;"), "States.StringSplit($['text'], ',;')", ["a", "b", "c"]),
    "UUID": (states.uuid(), "States.UUID()", re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    "Format": (
        states.format("{} of it's {here}: {}", two, name),
        "States.Format('{} of it\\'s \\{here\\}: {}', $['two'], $['name'])",
        f"2 of it's {{here}}: {DATA['name']}",
    ),
}
"""Name -> a call, its text in JSONPath, its value for DATA."""


def scope(value: JSON = DATA) -> Scope:
    return Scope(input=value, context=dict, variables={}, chance=lambda: random.Random(7))


def in_jsonpath(expression: Expression, value: JSON = DATA) -> JSON:
    return compile_intrinsic(expression.to_jsonpath())(scope(value))


def in_jsonata(expression: Expression, value: JSON = DATA) -> JSON:
    return compile_jsonata(expression.to_jsonata())(scope(value))


def test_there_is_a_method_for_every_function() -> None:
    assert {f"States.{name}" for name in CASES} == set(FUNCTIONS)
    methods = {name for name in vars(type(states)) if not name.startswith("_")}
    assert {f"{call!r}".split("(")[0] for call, _, _ in CASES.values()} == {f"states.{name}" for name in methods}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_gives_one_value_in_both_languages(function: str) -> None:
    expression, written, value = CASES[function.removeprefix("States.")]
    assert expression.to_jsonpath() == written
    for found in (in_jsonpath(expression), in_jsonata(expression)):
        if isinstance(value, re.Pattern):
            assert value.fullmatch(found)
        else:
            assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("function", CASES)
def test_calls_copy_pickle_and_show_how_they_are_written(function: str) -> None:
    call = CASES[function][0]
    for twin in (copy.copy(call), copy.deepcopy(call), pickle.loads(pickle.dumps(call))):
        assert (twin.to_jsonpath(), twin.to_jsonata()) == (call.to_jsonpath(), call.to_jsonata())
        assert repr(twin) == repr(call)
    assert repr(states.json_merge({}, {})) == "states.json_merge({}, {})"


def test_calls_nest() -> None:
    call = states.format("{}-{}", states.array_length(states.string_split(text, ",")), states.math_add(two, 1) + 1)
    assert call.to_jsonpath() == (
        "States.Format('{}-{}', States.ArrayLength(States.StringSplit($['text'], ',')), "
        "States.MathAdd(States.MathAdd($['two'], 1), 1))"
    )
    assert in_jsonpath(call) == in_jsonata(call) == "2-4"


@pytest.mark.parametrize(
    ("separators", "value", "pieces"),
    [
        (",", "a", ["a"]),
        (",", ",,a,", ["a"]),
        (",", "", []),
        ("]^-", "a]b^c-d", ["a", "b", "c", "d"]),
        ("\\/", "a\\b/c", ["a", "b", "c"]),
        ("/\\", "a\\b/c", ["a", "b", "c"]),
        ("(,", "a(b,c", ["a", "b", "c"]),
        ("}{)", "a{b}c)d", ["a", "b", "c", "d"]),
    ],
)
def test_split_gives_an_array_of_what_is_between(separators: str, value: str, pieces: list[str]) -> None:
    call = states.string_split(given_input["v"], separators)
    assert in_jsonpath(call, {"v": value}) == in_jsonata(call, {"v": value}) == pieces


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.integers(-9, 9) | st.booleans() | st.none())
def test_any_text_is_a_template_and_an_argument(pattern: str, value: Any) -> None:
    pattern = pattern.replace("{}", "")
    for call, expected in (
        (states.format("{}" + pattern + "{}", given_input["v"], pattern), None),
        (states.array(pattern, given_input["v"]), [pattern, value]),
    ):
        found = in_jsonpath(call, {"v": value})
        assert found == in_jsonata(call, {"v": value})
        assert expected is None or found == expected
        if expected is None:
            assert found.endswith(pattern + pattern)


def test_random_numbers_are_in_their_range() -> None:
    for seed in range(20):
        drawn = Scope(input={"n": 4}, context=dict, variables={}, chance=lambda seed=seed: random.Random(seed))  # type: ignore[misc]
        call = states.math_random(1, given_input["n"])
        assert compile_intrinsic(call.to_jsonpath())(drawn) in (1, 2, 3)
        assert compile_jsonata(call.to_jsonata())(drawn) in (1, 2, 3)
    assert states.math_random(1, 2, 7).to_jsonpath() == "States.MathRandom(1, 2, 7)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: states.format("{} {}", 1), ValueError, "has 2 places '{}', but 1 values are given"),
        (
            lambda: states.format(two, 1),  # type: ignore[arg-type]
            TypeError,
            "template of states.format() is a string, not a StepInput",
        ),
        (
            lambda: states.hash(text, "MD6"),
            ValueError,
            "'MD6' is no algorithm of States.Hash. Write one of: MD5, SHA-1",
        ),
        (lambda: states.array({1, 2}), TypeError, "states.array() takes expressions and JSON values, not a set"),
        (lambda: states.array([[object()]]), TypeError, "not a object"),
        (lambda: states.json_merge({"a": {1}}, {}), TypeError, "states.json_merge() takes expressions"),
        (lambda: states.array(text == "a"), TypeError, "not a Comparison"),
        (lambda: states.math_add(float("inf"), 1), ValueError, "states.math_add() takes finite numbers, not inf"),
        (
            lambda: states.array({"a": text}).to_jsonpath(),
            ValueError,
            "it has none for dicts. Build it in a Pass state",
        ),
        (lambda: states.nothing(), AttributeError, "no attribute 'nothing'"),  # type: ignore[attr-defined]
        (lambda: states.uuid(1), TypeError, "positional argument"),  # type: ignore[call-arg]
    ],
)
def test_what_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_a_dict_with_an_expression_is_an_argument_in_jsonata() -> None:
    call = states.json_to_string({"a": [text, 1.5, None], "b'\"": True})
    assert in_jsonata(call) == '{"a":["a,b;;c",1.5,null],"b\'\\"":true}'


def test_an_index_that_is_not_there_is_an_error_in_both_languages() -> None:
    call = states.array_get_item(numbers, 9)
    for run in (in_jsonpath, in_jsonata):
        with pytest.raises(StateFailed):
            run(call)


# ------------------------------------------------------------------ trees of calls

TREE = {"n": 7, "m": -2, "s": "a-b c", "t": "ü\n\"'{}\\", "numbers": [3, 1, 3], "texts": ["x", "", "x y"]}
_ascii = st.text(st.characters(codec="ascii"), max_size=9) | st.just(given_input["s"])
_integers: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.integers(-9, 9)
        | st.sampled_from([given_input["n"], given_input["m"]])
        | st.builds(states.math_add, _integers, _integers)
        | st.builds(lambda a, b: a + 1 - b, st.sampled_from([given_input["n"], given_input["m"]]), st.integers(-9, 9))
        | st.builds(states.array_length, _lists)
        | st.builds(
            lambda items, at: states.array_get_item(states.array(*items), at % len(items)),
            _some,
            st.integers(0, 3),
        )
    )
)
_strings: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.text(st.characters(codec="utf-8"), max_size=4).filter(lambda text: "$" not in text)
        | st.sampled_from([given_input["s"], given_input["t"]])
        | st.builds(lambda a, b: states.format("{}-{}", a, b), _strings, _integers | _strings)
        | st.builds(states.base64_encode, _ascii)
        | st.builds(lambda text: states.base64_decode(states.base64_encode(text)), _ascii)
        | st.builds(states.hash, _strings, st.sampled_from(["MD5", "SHA-256"]))
        | st.builds(states.json_to_string, _lists)
    )
)
_some: st.SearchStrategy[Any] = st.lists(_integers, min_size=1, max_size=3)
_lists: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.sampled_from([given_input["numbers"], given_input["texts"]])
        | st.builds(lambda items: states.array(*items), st.lists(_integers | _strings, max_size=3))
        | st.builds(
            lambda first, count: states.array_range(first, first + count, 2), st.integers(-3, 3), st.integers(0, 5)
        )
        | st.builds(states.array_partition, _lists, st.integers(1, 3))
        | st.builds(states.string_split, _strings, st.sampled_from([" ", "-", "ab"]))
        | st.builds(lambda items: states.string_to_json(states.json_to_string(items)), _lists)
    )
)


def nesting(value: Any) -> int:
    return 1 + max(map(nesting, value.parts()), default=0) if isinstance(value, Expression) else 0


@settings(max_examples=200)
@given((_integers | _strings | _lists).filter(lambda value: isinstance(value, Expression) and nesting(value) < 8))
def test_a_tree_of_calls_gives_one_value_in_both_languages(expression: Expression) -> None:
    path = expression.to_jsonpath()
    found = compile_expression(path, "x")(scope(TREE))
    assert in_jsonata(expression, TREE) == found
    assert compile_expression(copy.deepcopy(expression).to_jsonpath(), "x")(scope(TREE)) == found
