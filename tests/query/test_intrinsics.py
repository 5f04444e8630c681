"""Intrinsic functions: recorded answers of the service, limits, errors, laws."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.intrinsic_functions import FUNCTIONS, INTEGERS
from stepfunctions.query.intrinsics import compile_intrinsic, is_intrinsic, nesting_of, parse_intrinsic
from stepfunctions.query.java import hash_code, hash_ordered
from stepfunctions.query.scope import Scope
from stepfunctions.query.values import same

MIXED = {"s": "text", "n": None, "one": 1, "f": 1.1, "o": {"Arg1": 1, "Arg2": []}, "t": True, "l": ["a", {"k": "v"}]}


def scope_of(input: Any, seed: int = 7) -> Scope:
    source = random.Random(seed)
    return Scope(
        input=input, context=lambda: {"Execution": {"Name": "run"}}, variables={"v": {"w": 3}}, chance=lambda: source
    )


def evaluate(text: str, input: Any = None) -> Any:
    return compile_intrinsic(text)(scope_of(input))


def failure(text: str, input: Any = None) -> StateFailed:
    with pytest.raises(StateFailed) as caught:
        evaluate(text, input)
    return caught.value


VALUES = [
    ("States.Array()", []),
    ("States.Array(1, 'a', true, null, $.one, States.Array())", [1, "a", True, None, 1, []]),
    ("States.Array( -1.5 , 2e3 )", [-1.5, 2000.0]),
    ("States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)", [[1, 2], [3, 4], [5]]),
    ("States.ArrayPartition(States.Array(), 4)", []),
    ("States.ArrayPartition(States.Array(1,2,3), 1.9)", [[1], [2], [3]]),
    ("States.ArrayContains(States.Array(1, 2), 2)", True),
    ("States.ArrayContains(States.Array(1, 2), '2')", True),
    ("States.ArrayContains(States.Array(true), 1)", False),
    ("States.ArrayContains(States.Array($.o), $.o)", True),
    ("States.ArrayContains(States.Array(), null)", False),
    ("States.ArrayRange(0, 9, 3)", [0, 3, 6, 9]),
    ("States.ArrayRange(0, 10, 3)", [0, 3, 6, 9]),
    ("States.ArrayRange(1, 9, 9)", [1]),
    ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
    ("States.ArrayRange(1, 3, -1)", []),
    ("States.ArrayRange(0.5, 3.6, 1)", [0, 1, 2, 3]),
    ("States.ArrayGetItem(States.Array('a', 'b'), 1)", "b"),
    ("States.ArrayGetItem(States.Array('a', 'b'), 0.5)", "a"),
    ("States.ArrayGetItem(States.Array(), 7)", None),
    ("States.ArrayLength($.l)", 2),
    (
        "States.ArrayUnique(States.Array(1, 2, 1, 1.0, true, '1', $.o, $.o, null, null))",
        [None, 1, "1", 2, MIXED["o"], True],
    ),
    ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
    ("States.Base64Encode('')", ""),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU')", "Data to encode"),
    ("States.Base64Encode('ü')", "w7w="),
    ("States.Base64Decode('-_8=')", "\ufffd\ufffd"),
    ("States.Base64Decode('*')", ""),
    ("States.Base64Decode('YWJjZ')", "abc"),
    ("States.Base64Decode('YW=Jj')", "a"),
    ("States.Hash($.o, 'MD5')", hashlib.md5(b'{"Arg1":1,"Arg2":[]}').hexdigest()),
    ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
    ("States.Hash('', 'MD5')", hashlib.md5(b"").hexdigest()),
    ("States.Hash('ü', 'SHA-256')", hashlib.sha256("ü".encode()).hexdigest()),
    ("States.Hash('x', 'SHA-384')", hashlib.sha384(b"x").hexdigest()),
    ("States.Hash('x', 'SHA-512')", hashlib.sha512(b"x").hexdigest()),
    ("States.JsonMerge($.o, $.p, false)", {"Arg1": {"x": 2}, "Arg2": []}),
    ("States.StringToJson('')", None),
    ("States.StringToJson(' ')", None),
    ("States.StringToJson('-0')", 0),
    ("States.StringToJson('[1, 2, \"HelloWorld\"]')", [1, 2, "HelloWorld"]),
    ("States.StringToJson('{\"number\": 20}')", {"number": 20}),
    ("States.JsonToString($.o)", '{"Arg1":1,"Arg2":[]}'),
    ("States.JsonToString($.s)", '"text"'),
    ("States.MathAdd(1.49, 1.5)", 3),
    ("States.MathAdd(1.5, 1.51)", 4),
    ("States.MathAdd(-1.49, -1.5)", -2),
    ("States.MathAdd(-9, 3)", -6),
    ("States.MathAdd(0.49999999999999994, 0)", 0),
    ("States.MathAdd(-2147483648.5, 0)", -2147483648),
    ("States.StringSplit('1,2,3,4,5', ',')", ["1", "2", "3", "4", "5"]),
    ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
    ("States.StringSplit(', , ,', ',')", [" ", " "]),
    ("States.StringSplit(',,,,', ',')", []),
    ("States.StringSplit(' ', ',')", [" "]),
    ("States.StringSplit('ab', '')", ["ab"]),
    ("States.Format('Hello, my name is {}.', 'Arnav')", "Hello, my name is Arnav."),
    ("States.Format('{}|{}|{}|{}|{}', $.s, $.n, $.one, $.f, $.t)", "text|null|1|1.1|true"),
    ("States.Format('fst={}', $.o)", "fst={Arg1=1, Arg2=[]}"),
    ("States.Format('{}', $.l)", "[a, {k=v}]"),
    ("States.Format('no placeholder')", "no placeholder"),
    (r"States.Format('\{\} {} \'\\', 1)", r"{} 1 '" + "\\"),
    (r"States.Format('\{ {} \}', 1)", "{ 1 }"),
    ("States.Format($.template, 'x')", "<x>"),
    ("States.Format('{}{}', 1e10, 123456.5)", "1.0E10123456.5"),
    ("States.Format('{}', 0.0001)", "1.0E-4"),
    ("States.Format('{}', 12345678.9)", "1.23456789E7"),
    ("States.Format('{}', $$.Execution.Name)", "run"),
    ("States.Format('{}', $v.w)", "3"),
    (r"States.Array('it\'s', 'a\\b', '\{\}')", ["it's", "a\\b", "{}"]),
    ("States.ArrayGetItem($.l[?(@.k == 'v, )')], 0)", {"k": "v, )"}),
    ("States.ArrayLength($['a,b'])", 1),
    ("States.Array($.l[*].k)", [["v", "v, )"]]),
]


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_value(text: str, expected: Any) -> None:
    document: dict[str, Any] = {**MIXED, "p": {"Arg1": {"x": 2}}, "template": "<{}>", "a,b": [0]}
    if "(@.k" in text or "[*].k" in text:
        document["l"] = [{"k": "v"}, {"k": "v, )"}]
    result = evaluate(text, document)
    assert result == expected
    assert type(result) is type(expected)


def test_every_function_is_there() -> None:
    assert len(FUNCTIONS) == 18
    assert {text.split("(")[0] for text, _ in VALUES} | {"States.UUID", "States.MathRandom"} == set(FUNCTIONS)


FAILURES = [
    ("States.ArrayPartition(1, 2)", "The first argument must be an array but is 1"),
    ("States.ArrayPartition(States.Array(1), 0)", "The second argument must be a positive integer but is 0"),
    ("States.ArrayPartition(States.Array(1), 'a')", 'The second argument must be a number but is "a"'),
    ("States.ArrayPartition(States.Array(1), true)", "The second argument must be a number but is true"),
    ("States.ArrayContains($.big, 1)", "The first argument has 262145 bytes; 262144 are allowed"),
    ("States.ArrayPartition($.big, 1)", "The first argument has 262145 bytes; 262144 are allowed"),
    ("States.ArrayRange(1, 1001, 0)", "The third argument, the step, must not be 0"),
    ("States.ArrayRange(0, 1000, 1)", "The range would have 1001 items; 1000 are allowed"),
    ("States.ArrayRange(-2147483648, 2147483647, 1)", "The range would have 4294967296 items; 1000 are allowed"),
    ("States.ArrayGetItem(States.Array(1), 1)", "The index 1 is outside of the array, which has 1 items"),
    ("States.ArrayGetItem(States.Array(1), -1)", "The index -1 is outside of the array, which has 1 items"),
    ("States.ArrayLength('abc')", 'The first argument must be an array but is "abc"'),
    ("States.Base64Encode(1)", "The first argument must be a string but is 1"),
    ("States.Base64Encode($.long)", "The first argument has 10001 characters; 10000 are allowed"),
    ("States.Base64Decode($.long)", "The first argument has 10001 characters; 10000 are allowed"),
    ("States.Hash($.long, 'MD5')", "The first argument has 10001 characters; 10000 are allowed"),
    (
        "States.Hash('a', 'SHA1')",
        'The second argument must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512 but is "SHA1"',
    ),
    (
        "States.JsonMerge($.object, $.object, true)",
        "The third argument must be false: only shallow merging is supported",
    ),
    ("States.JsonMerge($.object, 1, false)", "The second argument must be an object but is 1"),
    ("States.StringToJson('{')", 'The first argument is not valid JSON: "{"'),
    ("States.StringToJson('NaN')", 'The first argument is not valid JSON: "NaN"'),
    ("States.StringToJson($.deep)", 'The first argument is not valid JSON: "' + "[" * 199 + "…"),
    ("States.MathRandom(5, 5)", "The first argument, 5, must be smaller than the second, 5"),
    (
        "States.MathAdd(2147483648, 1)",
        "The first argument must be between -2147483648 and 2147483647 but is 2147483648",
    ),
    ("States.MathAdd(1, 1e999)", 'The second argument must be a number but is "Infinity"'),
    ("States.MathAdd(2147483647, 1)", "The sum must be between -2147483648 and 2147483647 but is 2147483648"),
    ("States.UUID(1)", "It takes 0 arguments but 1 were given"),
    ("States.ArrayLength()", "It takes 1 argument but 0 were given"),
    ("States.MathRandom(1)", "It takes 2 to 3 arguments but 1 were given"),
    ("States.Format()", "It takes at least 1 arguments but 0 were given"),
    ("States.Format('}')", "The template has a } that is no placeholder: write \\}"),
    ("States.Format($.brace)", "The template has a { that is no placeholder: write \\{"),
    ("States.Format('{}')", "The template has 1 placeholders but 0 values were given"),
    ("States.Format('{}', 1, 2)", "The template has 1 placeholders but 2 values were given"),
    ("States.Format(1)", "The first argument must be a string but is 1"),
]


@pytest.mark.parametrize(("text", "message"), FAILURES)
def test_failure_names_the_whole_call_and_the_reason(text: str, message: str) -> None:
    document = {"brace": "{", "long": "x" * 10_001, "big": ["x" * 262_141], "object": {}, "deep": "[" * 100_000}
    failed = failure(text, document)
    name = text.partition("(")[0]
    assert failed.error == "States.Runtime"
    assert failed.cause == f"The function '{text}' had the following error: Invalid arguments in {name}: {message}"


def test_limits_are_inclusive() -> None:
    assert len(evaluate("States.ArrayRange(1, 1000, 1)")) == 1000
    document = {"long": "x" * 10_000, "big": ["x" * 262_140]}
    assert evaluate("States.Base64Decode(States.Base64Encode('x'))") == "x"
    assert len(evaluate("States.Base64Encode($.long)", document)) == 13_336
    assert evaluate("States.ArrayContains($.big, 1)", document) is False


def test_missing_argument_is_a_runtime_error_with_the_recorded_text() -> None:
    failed = failure("States.Format('{}', $.nope)", {"other": 1})
    assert failed.error == "States.Runtime"
    assert failed.cause == (
        "The function 'States.Format('{}', $.nope)' had the following error: The JsonPath "
        "argument for the field '$.nope' could not be found in the input '{\"other\":1}'"
    )


def test_missing_argument_of_an_inner_call_names_the_whole_expression() -> None:
    text = "States.Array(States.JsonToString($$.nope))"
    assert failure(text, {}).cause.startswith(
        f"The function '{text}' had the following error: The JsonPath argument "
        "for the field '$$.nope' could not be found in the input '{\"Exec"
    )
    assert failure("States.Array($w)").cause.endswith("The variable '$w' has no value")


def test_argument_that_cannot_be_applied() -> None:
    failed = failure("States.Format('{}', $.other[0])", {"other": 1})
    assert (failed.error, failed.cause) == (
        "States.Runtime",
        "The function 'States.Format('{}', $.other[0])' had the following error: "
        "Filter: [0] can only be applied to arrays. Current context is: 1",
    )


SYNTAX = [
    ("States.Nope(1)", 0),
    ("States.Format", 13),
    ("States.Array(1", 14),
    ("States.Array(1,)", 15),
    ("States.Array(1 2)", 15),
    ("States.Array(abc)", 13),
    ("States.Array('a)", 13),
    ("States.Array(1) x", 16),
    ("States.Array($.)", 14),
    ("States.Array($.a[)", 17),
    ("States.Array(States.Nope())", 13),
    (r"States.Array('\n')", 14),
    ('States.Array("a")', 13),
    ("States.Array(True)", 13),
    ("States.", 0),
]


@pytest.mark.parametrize(("text", "position"), SYNTAX)
def test_syntax_error(text: str, position: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        compile_intrinsic(text)
    assert (caught.value.expression, caught.value.position) == (text, position)


def test_nesting_is_counted_and_has_an_end() -> None:
    ten = "States.Array(" * 10 + ")" * 10
    assert json.dumps(evaluate(ten)) == "[" * 10 + "]" * 10
    assert nesting_of(parse_intrinsic(ten)) == 10
    assert nesting_of(parse_intrinsic(f"States.Array(1, {ten}, States.UUID())")) == 11
    with pytest.raises(QuerySyntaxError, match="nested 100 deep"):
        compile_intrinsic("States.Array(" * 101 + ")" * 101)
    with pytest.raises(QuerySyntaxError, match="at most 100 digits"):
        compile_intrinsic("States.Array(" + "1" * 5_000 + ")")


def test_is_intrinsic() -> None:
    assert is_intrinsic("States.Format('')")
    assert not is_intrinsic("$.States")


def test_chance_comes_from_the_scope_alone() -> None:
    text = "States.Array(States.UUID(), States.MathRandom(1, 1000000))"
    assert evaluate(text) == evaluate(text)
    first, second = compile_intrinsic("States.UUID()"), scope_of(None)
    assert first(second) != first(second)
    assert uuid.UUID(first(second)).version == 4
    assert evaluate("States.MathRandom(0, 999, 3)") == compile_intrinsic("States.MathRandom(0, 999, 3)")(
        scope_of(None, seed=8)
    )


@given(st.integers(-50, 50), st.integers(1, 50), st.integers())
def test_random_is_in_its_range(start: int, width: int, seed: int) -> None:
    value = compile_intrinsic("States.MathRandom($.a, $.b)")(scope_of({"a": start, "b": start + width}, seed))
    assert start <= value < start + width


@given(st.text(max_size=50))
def test_base64_round_trip(text: str) -> None:
    assert evaluate("States.Base64Decode(States.Base64Encode($))", text) == text
    assert base64.b64decode(evaluate("States.Base64Encode($)", text)).decode() == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_json_round_trip(value: Any) -> None:
    assert evaluate("States.StringToJson(States.JsonToString($))", value) == value


@given(st.lists(json_values, max_size=20), st.integers(1, 7))
def test_partition_concatenated_is_the_array(array: list[Any], size: int) -> None:
    parts = evaluate("States.ArrayPartition($.array, $.size)", {"array": array, "size": size})
    assert [item for part in parts for item in part] == array
    assert all(len(part) == size for part in parts[:-1])
    assert all(1 <= len(part) <= size for part in parts)


@given(st.lists(json_values, max_size=8).map(lambda items: items + items[::-1]))
def test_unique_keeps_each_value_once(array: list[Any]) -> None:
    unique = evaluate("States.ArrayUnique($)", array)
    for item in array:
        assert sum(same(kept, item) for kept in unique) == 1


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, 0),
        (True, 1231),
        (False, 1237),
        (7, 7),
        (-1, 0xFFFFFFFF),
        (2**31, 0x80000000),
        (2**31 + 1, 0x80000001),
        (-(2**31) - 1, 0x80000000),
        (1.5, 1073217536),
        ("", 0),
        ("a", 97),
        ("Hello World!", 3325867549),
        ("😀", 1772899),
        ([1, 2], 994),
        ([2, 1], 1024),
        ({"a": 1, "b": 2}, (97 ^ 1) + (98 ^ 2)),
        ({}, 0),
    ],
)
def test_hash_codes_of_java(value: Any, code: int) -> None:
    assert hash_code(value) == code


def test_the_order_of_a_set_in_java() -> None:
    assert hash_ordered([16, 0, 1]) == [16, 0, 1]
    assert hash_ordered([17, 16, 33, 1, 2]) == [16, 17, 33, 1, 2]
    assert hash_ordered(list(range(12, 24))) == [*range(16, 24), *range(12, 16)]
    assert hash_ordered(list(range(20, 33))) == [32, *range(20, 32)]


@given(st.lists(st.text("ab{}\\' ", max_size=4), min_size=1, max_size=4))
def test_format_puts_the_values_between_the_pieces(pieces: list[str]) -> None:
    template = "{}".join(
        piece.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}").replace("'", "\\'") for piece in pieces
    )
    values = [f"<{number}>" for number in range(len(pieces) - 1)]
    expected = pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
    arguments = "".join(f", $[{number}]" for number in range(len(values)))
    assert evaluate(f"States.Format('{template}'{arguments})", values) == expected


@given(st.lists(st.text("ab", min_size=1, max_size=3), max_size=6), st.text(",;", min_size=1, max_size=3))
def test_split_undoes_join(words: list[str], separators: str) -> None:
    assert evaluate("States.StringSplit($[0], $[1])", [separators[0].join(words), separators]) == words


@given(st.integers(INTEGERS[0], INTEGERS[-1]), st.integers(INTEGERS[0], INTEGERS[-1]))
def test_add(left: int, right: int) -> None:
    if left + right in INTEGERS:
        assert evaluate("States.MathAdd($[0], $[1])", [left, right]) == left + right
    else:
        assert "The sum must be between" in failure("States.MathAdd($[0], $[1])", [left, right]).cause


def bad_position(text: str) -> int:
    """Where a text is refused; 0 when it is not."""
    try:
        compile_intrinsic(text)
    except QuerySyntaxError as error:
        return error.position
    return 0


@given(st.text("States.Array(),'$\\{}1 ", max_size=20))
def test_any_text_compiles_or_is_a_syntax_error_in_the_text(text: str) -> None:
    assert 0 <= bad_position("States.Array(" + text) <= len(text) + 13
