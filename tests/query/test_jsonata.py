"""JSONata as Step Functions has it: values, functions, failures, limits."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonata import at_the_top, compile_jsonata, plain, reads_of
from stepfunctions.query.jsonata_functions import MEMORY
from stepfunctions.query.jsonata_template import compile_field, compile_payload, expressions_in
from stepfunctions.query.scope import Scope

MakeScope = Callable[..., Scope]

INPUT: dict[str, Any] = {
    "title": "Book",
    "price": 1.0,
    "id": 1_234_567_890_123_456_789,
    "items": [{"name": "a", "price": 2}, {"name": "b", "price": 5}, {"name": "c", "price": 9}],
    "one": [{"name": "a"}],
    "empty": [],
    "nothing": None,
    "text": '{"a": [1, null]}',
    "deep": {"list": [{"x": [{"y": 1}, {"y": 2}]}]},
}

VALUES: list[tuple[str, Any]] = [
    # paths
    ("$states.input.title", "Book"),
    ("$states.input.items.name", ["a", "b", "c"]),
    ("$states.input.items[0]", {"name": "a", "price": 2}),
    ("$states.input.items[-1].name", "c"),
    ("$states.input.items[price > 2].name", ["b", "c"]),
    ("$states.input.deep.list.x.y", [1, 2]),
    ("$states.input.empty", []),
    ("$states.input.nothing", None),
    ("$states.context.Execution.Name", "run"),
    ("$states.result.Payload", {"ok": True}),
    ("$threshold", 3),
    ("$setting.mode", "fast"),
    # a filter that matches one gives the item; [] keeps the array
    ("$states.input.items[price > 5]", {"name": "c", "price": 9}),
    ("$states.input.items[price > 5][]", [{"name": "c", "price": 9}]),
    ("$states.input.one.name", "a"),
    # operators and functions
    ("'Hello ' & $states.input.title", "Hello Book"),
    ("$sum($states.input.items.price)", 16),
    ("$count($states.input.items[price < $threshold])", 1),
    ("($states.input.items.{'n': name, 'p': price * 2})[1]", {"n": "b", "p": 10}),
    ("$map($states.input.items, function($v, $i) { $i & $v.name })", ["0a", "1b", "2c"]),
    ("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))", 3_628_800),
    ("$exists($states.input.missing)", False),
    ("$exists($states.input.nothing)", True),
    ("$type($states.input.nothing)", "null"),
    ("$string(1/3)", "0.333333333333333"),
    ("$merge([$states.input.one[0], {'b': 1}])", {"name": "a", "b": 1}),
    ("$replace('a:b', /(?:a)/, 'x')", "x:b"),
    ("$toMillis('2026-01-31T12:00:00Z') < $toMillis('2026-02-01T00:00:00Z')", True),
    ("null", None),
    ("10 / 4", 2.5),
    ("1e3", 1000),
    # what people measured on the service, where implementations differ
    ("($map([1], function($x) { $x }))[]", 1),
    ("$map([1], function($x) { $x })[]", [1]),
    ("$append([], $map([], function($x) { $x })[])", []),
    ("$count([$states.input.items])", 3),
    ("$count([[$states.input.items]])", 1),
    ("$states.input.items[[1..1]].name", "b"),
    ("$states.input.items[1.5].name", "b"),
    ("$keys($states.input.items[0])", ["name", "price"]),
    ("$keys($states.input.one[0])", "name"),
    ("$boolean([0])", False),
    ("$sum([])", 0),
    ("$round(2.5) & $round(2.675, 2) & $round(25, -1)", "22.6820"),
    ("$floor(-1.5) & $ceil(-1.5)", "-2-1"),
    ("$substring('hello', -10, 2)", "he"),
    ("$trim('  a  b\t\nc ')", "a b c"),
    ("$pad('a', 6.5, 'xy')", "axyxyx"),
    ("$replace('aa', 'a', 'b', 0)", "aa"),
    ("$distinct([1, true, 1])", [1, True]),
    ("$join([])", ""),
    ("$string(1e20) & $string(1e21) & $string(1e-7)", "1000000000000000000001e+211e-7"),
    ("$toMillis('2026-01-31T12:00:00')", 1_769_860_800_000),
    # numbers: whole ones have no fraction; read alone, none loses a digit
    ("$states.input.price", 1),
    ("$states.input.id", 1_234_567_890_123_456_789),
    # the functions of Step Functions
    ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
    ("$partition([0], 4)", [[0]]),
    ("$partition([1, 2, 3])", [[1, 2, 3]]),
    ("$partition([1, 2, 3, 4, 5], 2.9)", [[1, 2], [3, 4], [5]]),
    ("$range(0, 10, 2)", [0, 2, 4, 6, 8, 10]),
    ("$range(10, 0, -5)", [10, 5, 0]),
    ("$range(-1.7, 2.9, 1.9)", [-1, 0, 1, 2]),
    ("$range(3, 3, 1)", 3),
    ("$append([], $range(3, 1, 1))", []),
    ("$count($range(1, 360145, 1))", 360_145),
    ("$hash('Hello', 'MD5')", "8b1a9953c4611296a827abf8c47804d7"),
    ("$hash('Hello', 'SHA-1')", "f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0"),
    ("$hash('Hello', 'SHA-256')", "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"),
    ("$length($hash('Hello', 'SHA-384'))", 96),
    ("$length($hash('Hello', 'SHA-512'))", 128),
    ("$random(42)", 0.7275636800328681),
    ("$random(0.9)", 0.730967787376657),
    ("$parse($states.input.text)", {"a": [1, None]}),
    ("$parse($states.input.text).a[0]", 1),
    ("$exists($parse('null'))", True),
    ("$map(['{\"a\":1}', '{\"a\":2}'], $parse).a", [1, 2]),
    ("$length($uuid())", 36),
    ("$uuid() = $uuid()", False),
    ("$now()", "2023-11-14T22:13:20.250Z"),
    ("$millis()", 1_700_000_000_250),
]

THROWN: list[tuple[str, str]] = [
    ("$states.input.title()", "T1006: Attempted to invoke a non-function"),
    ("$eval('1 + 1')", "T1006: Attempted to invoke a non-function"),
    ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
    ("$split('a', 'b', -1)", "D3020: Third argument of split function must evaluate to a positive number"),
    ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
    ("$single([1, 2], function($x) { true })", "D3138: The $single() function expected exactly 1 matching result."),
    ("$error('no')", "D3137: no"),
    ("$parse('{')", "D3137: Invalid JSON"),
    ("$parse('')", "D3137: Invalid JSON"),
    ('$parse(\'{"a":1,"a":2}\')', "D3137: Invalid JSON"),
    ("$parse('1e400')", "D3137: Invalid JSON"),
    ("$parse('NaN')", "D3137: Invalid JSON"),
    ("$parse(null)", 'T0410: Argument 1 of function "parse" does not match function signature'),
    ("$parse('{}', 1)", 'T0410: Argument 2 of function "parse" does not match function signature'),
    ("$partition([1], -1)", "D3137: Second argument must be zero or greater"),
    ("$range('0', 4, 1)", 'T0410: Argument 1 of function "range" does not match function signature'),
    ("$range(0, 4, 1, 2)", 'T0410: Argument 4 of function "range" does not match function signature'),
    ("$range(1)", 'T0410: Argument 2 of function "range" does not match function signature'),
    ("$hash('a', 'md5')", "D3137: Second argument must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
    ("$hash('a', 5)", 'T0410: Argument 2 of function "hash" does not match function signature'),
    ("$uuid('x')", 'T0410: Argument 1 of function "uuid" does not match function signature'),
    ("$random(1, 2)", 'T0410: Argument 2 of function "random" does not match function signature'),
    ("$random('1')", 'T0410: Argument 1 of function "random" does not match function signature'),
    # a variable hides the function of its name
    ("$length('abc')", "T1006: Attempted to invoke a non-function"),
    ("$parse2($length)", "T1006: Attempted to invoke a non-function"),
]

NOTHING = [
    "$states.input.missing",
    "$missing",
    "$states.errorOutput",
    "$states.input.items[price > 100]",
    "$filter([1], function($x) { false })",
    "$partition([], 2)",
    "$partition([1], 0)",
    "$partition([1], -0.5)",
    "$range(1, 5)",
    "$range(1, 5, 0)",
    "$range(5, 1, 1)",
    "$hash('a')",
    "$parse()",
]

STACK = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
RECURSION = "($f := function($x) {{ $x <= 0 ? 0 : 1 + $f($x - 1) }}; $f({}))"
DOUBLING = "($f := function($s, $n) {{ $n = 0 ? $s : $f($s & $s, $n - 1) }}; $length($f('x', {})))"

WITHIN: list[tuple[str, Any]] = [
    (RECURSION.format(31), 31),
    ("1" + "+1" * 99, 100),
    ("(" * 99 + "1" + ")" * 99, 1),
    ("1" + "~>$string" * 99, "1"),
    ("[1..873782] ~> $count()", 873_782),
    (DOUBLING.format(22), 4_194_304),
]
"""What the service was seen to take; the next larger one of each is in OVER."""

OVER: list[tuple[str, str]] = [
    (RECURSION.format(32), STACK),
    ("1" + "+1" * 100, STACK),
    ("(" * 100 + "1" + ")" * 100, STACK),
    ("1" + "~>$string" * 100, STACK),
    ("[1..873783] ~> $count()", MEMORY),
    (DOUBLING.format(23), MEMORY),
    ("$range(1, 360146, 1)", MEMORY),
    ("$range(1, 1000000000, 1)", MEMORY),
]


@pytest.fixture
def scope(make_scope: MakeScope) -> Scope:
    return make_scope(
        INPUT,
        context={"Execution": {"Name": "run"}},
        variables={"threshold": 3, "setting": {"mode": "fast"}, "length": 1},
        states={"result": {"Payload": {"ok": True}}},
    )


def cause(expression: str, scope: Scope, field: str = "Output") -> str:
    with pytest.raises(StateFailed) as caught:
        compile_jsonata(expression, field)(scope)
    assert caught.value.error == "States.QueryEvaluationError"
    assert caught.value.location == field
    return caught.value.cause


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[case[0] for case in VALUES])
def test_values(expression: str, value: Any, make_scope: MakeScope, scope: Scope) -> None:
    if "$length" in expression:  # a variable of this name is in the scope of all others
        scope = make_scope(INPUT)
    found = compile_jsonata(expression, "Output")(scope)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("expression", "text"), THROWN, ids=[case[0] for case in THROWN])
def test_what_is_thrown(expression: str, text: str, scope: Scope) -> None:
    said = cause(expression, scope, "Output/a")
    prefix = f"The JSONata expression '{expression}' specified for the field 'Output/a'"
    assert said.startswith(f"{prefix} threw an error during evaluation. {text}")


@pytest.mark.parametrize("expression", NOTHING)
def test_what_gives_nothing(expression: str, scope: Scope) -> None:
    assert cause(expression, scope) == (
        f"The JSONata expression '{expression}' specified for the field 'Output' returned nothing (undefined)."
    )


@pytest.mark.parametrize("expression", ["function($x) { $x }", "$sum", "/ab/", "$uuid"])
def test_what_is_no_json(expression: str, scope: Scope) -> None:
    assert cause(expression, scope).endswith("returned an unsupported result type.")


@pytest.mark.parametrize(("expression", "value"), WITHIN, ids=range(len(WITHIN)))
def test_within_the_limits(expression: str, value: Any, make_scope: MakeScope) -> None:
    assert compile_jsonata(expression)(make_scope({})) == value


@pytest.mark.parametrize(("expression", "text"), OVER, ids=range(len(OVER)))
def test_over_the_limits(expression: str, text: str, make_scope: MakeScope) -> None:
    assert cause(expression, make_scope({})).endswith(f"threw an error during evaluation: {text}")


def test_an_endless_loop_is_stopped(make_scope: MakeScope, monkeypatch: pytest.MonkeyPatch) -> None:
    from stepfunctions.query import jsonata

    monkeypatch.setattr(jsonata, "LIMITS", {**jsonata.LIMITS, "timeout": 0.05})
    said = cause("($f := function($x) { $f($x + 1) }; $f(1))", make_scope({}))
    assert said.endswith("threw an error during evaluation: Expression evaluation timeout: Check for infinite loop")


def test_data_that_is_nested_very_deeply(make_scope: MakeScope) -> None:
    value: Any = []
    for _ in range(3_000):
        value = [value]
    assert "nested more than" in cause("$count($states.input)", make_scope(value))
    assert "Invalid JSON" in cause("$parse($states.input)", make_scope("[" * 100_000 + "]" * 100_000))


def test_an_integer_that_is_no_double(make_scope: MakeScope) -> None:
    assert compile_jsonata("$states.input.n")(make_scope({"n": 10**400})) == 10**400
    assert "too large" in cause("$states.input.n + 1", make_scope({"n": 10**400}))


@pytest.mark.parametrize(
    ("expected", "expression", "text"),
    [
        ("array", "1", "Expected 'array', but was 'number' for value: 1"),
        ("array", "'string'", "Expected 'array', but was 'string' for value: \"string\""),
        ("array", "{'foo': 'bar'}", "Expected 'array', but was 'object' for value: {\"foo\":\"bar\"}"),
        ("array", "null", "Expected 'array', but was 'null' for value: null"),
        ("array or object", "true", "Expected 'array', but was 'boolean' for value: true"),
        ("boolean", "'true'", "Expected 'boolean', but was 'string' for value: \"true\""),
        ("number", "[1]", "Expected 'number', but was 'array' for value: [1]"),
        ("string", "1.5", "Expected 'string', but was 'number' for value: 1.5"),
    ],
)
def test_a_value_of_another_type(expected: str, expression: str, text: str, make_scope: MakeScope) -> None:
    with pytest.raises(StateFailed) as caught:
        compile_jsonata(expression, "Items", expected)(make_scope({}))
    prefix = f"The JSONata expression '{expression}' specified for the field 'Items'"
    assert caught.value.cause == f"{prefix} returned an unexpected result type. {text}"


def test_values_of_the_type_that_is_expected(make_scope: MakeScope) -> None:
    scope = make_scope({"a": [1], "o": {"x": 1}})
    assert compile_jsonata("$states.input.a", "Items", "array")(scope) == [1]
    assert compile_jsonata("$states.input.o", "Items", "array or object")(scope) == {"x": 1}
    assert compile_jsonata("1 = 1", "Condition", "boolean")(scope) is True


def test_a_long_value_is_cut_in_the_error(make_scope: MakeScope) -> None:
    with pytest.raises(StateFailed) as caught:
        compile_jsonata("$states.input", "Seconds", "number")(make_scope("x" * 100_000))
    assert len(caught.value.cause) < 2_000


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1/0", "Infinity"),
        ("-1/0", "-Infinity"),
        ("1e308 + 1e308", "Infinity"),
        ("-1e308 - 1e308", "-Infinity"),
        ("1e308 * -10", "-Infinity"),
        ("1e308 / 1e-308", "Infinity"),
        ("[1/0, {'k': -2/0, 'l': [5/0]}]", ["Infinity", {"k": "-Infinity", "l": ["Infinity"]}]),
        ("$map([2, 0, 4], function($v) { 1/$v })", [0.5, "Infinity", 0.25]),
        ("$states.input.items.(price / (price - 5))", [-0.6666666666666666, "Infinity", 2.25]),
        ("'é😀' & (1/0 = 1/0)", "é😀true"),
        ("$exists(1/0)", True),
        ("(1/0) + 1", None),
        ("1/0 > 5", None),
        ("$string({'a': 1/0})", None),
        ("'x' & 1/0", None),
        ("$abs(1/0)", None),
        ("1 + 1/0 + 'a'", None),
        ("$count([1..30].(1/($ - $)))", 30),
        ("$parseInteger('xyz', '000')", "NaN"),
        ("$parseInteger('12', '00')", 12),
        ("[$parseInteger('x', 'w')]", ["NaN"]),
        ("$exists($parseInteger($missing, '0'))", False),
    ],
)
def test_numbers_that_json_does_not_have(expression: str, value: Any, scope: Scope) -> None:
    if value is None:
        assert "threw an error during evaluation" in cause(expression, scope)
    else:
        assert compile_jsonata(expression)(scope) == value


def test_the_words_about_a_number_that_json_does_not_have(scope: Scope) -> None:
    assert cause("1 + 1/0", scope).endswith("D1001: Number out of range: null")
    assert cause("'x' & 1/0", scope).endswith("D3001: Attempting to invoke string function on Infinity or NaN")


def test_no_end_of_operations_that_overflow(scope: Scope) -> None:
    many = ", ".join(f"{number}/0" for number in range(1, 30))
    assert cause(f"[{many}]", scope).endswith("D1001: Number out of range: null")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        (r"""{'it\'s': "it's", "q": 'say "x"'}""", {"it's": "it's", "q": 'say "x"'}),
        (r"""['\n', 'a\\']""", ["\n", "a\\"]),
        (r'"\"\'"', None),
    ],
)
def test_single_quotes_in_json_text(text: str, value: Any, make_scope: MakeScope) -> None:
    scope = make_scope(text)
    if value is None:
        assert "Invalid JSON" in cause("$parse($states.input)", scope)
    else:
        assert compile_jsonata("$parse($states.input)")(scope) == value


@pytest.mark.parametrize(
    ("expression", "name"),
    [("phone", "phone"), ("a[0].b & c", "a"), ("$ + 1", "$"), ("$$.x", "x"), ("{'k': `a b`}", "a b")],
)
def test_names_at_the_top(expression: str, name: str) -> None:
    assert at_the_top(reads_of(expression), expression)[0] == name


# --- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "position", "text"),
    [
        ("$states.input[1,2)", 15, 'S0202: Expected "]", got ","'),
        ("1 + ", 4, "S0207: Unexpected end of expression"),
        ("", 0, "S0207"),
        ("'abc", 0, "S0101"),
        ("$a ?? 1", 3, "The operator ?? is newer than JSONata 2.0.6"),
        ("$a ?: 1", 3, "The operator ?: is newer than JSONata 2.0.6"),
        ("'??' & $f(/a??/) & ($a ?? 1)", 23, "The operator ??"),
        ("($a / $b) ?: 3 / 2", 10, "The operator ?:"),
        ("'\ud800'", 1, "half of a surrogate pair"),
    ],
)
def test_what_cannot_be_read(expression: str, position: int, text: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        reads_of(expression)
    assert (caught.value.expression, caught.value.position) == (expression, position)
    assert text in caught.value.message
    with pytest.raises(QuerySyntaxError):
        compile_jsonata(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "'a ?? b ?: c'",
        '"a ?? b"',
        "/* why ?? */ 1",
        "`a ?? b`",
        "/a??(?:b)/",
        "$match($a, /[/]??/)",
        "function($x)<n?:n> { $x }(1)",
        "λ($x, $y)<s?n?:s> { $x }",
        "$a ? $b : $c",
        "$a?$b:$c",
        "$x / 2 ? 1 : 3 / $y",
    ],
)
def test_question_marks_that_are_no_operators(expression: str) -> None:
    reads_of(expression)


def test_what_an_expression_reads() -> None:
    found = reads_of("phone & $states.input.a.b & $v & $uuid()")
    assert found.input == {"phone": True}
    assert found.variables["states"] == {"input": {"a": {"b": True}}}
    assert found.variables["v"] is True
    assert not found.evaluates
    assert reads_of("$eval('1')").evaluates


def test_the_context_is_built_only_when_it_is_read(make_scope: MakeScope) -> None:
    scope = make_scope({"a": 1})

    def no_context() -> Any:
        raise AssertionError("nobody reads it")

    scope.context = no_context
    for expression in ("$states.input.a + 1", "$states.input.a", "$states.input"):
        compile_jsonata(expression)(scope)
    with pytest.raises(AssertionError):
        compile_jsonata("$states")(scope)


def test_nothing_that_is_not_read_is_converted(make_scope: MakeScope) -> None:
    """What the library cannot convert shows what reaches it."""
    scope = make_scope({"a": {"b": [1, 2], "c": object()}, "d": object()}, variables={"x": object(), "y": 2})
    assert compile_jsonata("$sum($states.input.a.b) + $y")(scope) == 5
    assert "cannot be converted" in cause("$string($states.input.a)", scope)


def test_what_is_drawn_is_the_same_in_a_replay(make_scope: MakeScope) -> None:
    draw = compile_jsonata("{'id': [$uuid(), $uuid()], 'number': $random(), 'order': $shuffle([1..20])}")
    first, again, other = (draw(make_scope({}, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert not set(first["id"]) & set(other["id"])
    assert first["number"] != other["number"]
    assert first["order"] != other["order"]
    assert uuid.UUID(first["id"][0]).version == 4
    assert 0 <= first["number"] < 1
    assert sorted(first["order"]) == list(range(1, 21))


def test_an_expression_is_shared_by_threads(make_scope: MakeScope) -> None:
    evaluate = compile_jsonata("$sum($map($states.input, function($x) { $x * 2 })) + $count($parse('[1,2]'))")

    def run(number: int) -> Any:
        return evaluate(make_scope(list(range(number))))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(1, 200))) == [number * (number - 1) + 2 for number in range(1, 200)]


def test_the_library_is_loaded_by_the_first_expression() -> None:
    code = (
        "import sys, stepfunctions.query.language as l; assert 'jlens' not in sys.modules;"
        "l.LANGUAGES['JSONata'].template({'a': 1}, 'Output'); assert 'jlens' not in sys.modules;"
        "l.LANGUAGES['JSONata'].template('{% 1 %}', 'Output'); assert 'jlens' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- payloads -----------------------------------------------------------------------------------------------


def test_expressions_at_any_depth_of_a_payload(scope: Scope) -> None:
    payload = {
        "a": "{% $states.input.title %}",
        "b": [1, "{%$threshold%}", {"c": "{% $states.input.items[0].name %}", "d": None}],
        "x.$": "$.y",
        "text": " {% states.input %} ",
        "path": "$states.input",
        "part": "a {% 1 %}",
        "e": {},
        "z": "{% null %}",
    }
    assert compile_payload(payload, "Output")(scope) == {
        **payload,
        "a": "Book",
        "b": [1, 3, {"c": "a", "d": None}],
        "z": None,
    }
    assert list(compile_payload(payload, "Output")(scope)) == list(payload)
    assert compile_payload("{% $threshold %}", "Output")(scope) == 3


@pytest.mark.parametrize("payload", [{"a": [1, {"b": None}]}, [], "text", 1.5, None, True])
def test_a_constant_payload_is_given_as_it_is(payload: Any, scope: Scope) -> None:
    assert compile_payload(payload, "Output")(scope) is payload


@pytest.mark.parametrize(
    ("payload", "field", "where"),
    [
        ("{% $no %}", "Output", "Output"),
        ({"v": "{% $no %}"}, "Output", "Output/v"),
        ({"a": {"b": [[1, "{% $no %}"]]}}, "Output", "Output/a/b[0][1]"),
        ({"0": "{% $no %}"}, "Catch[0]/Assign", "Catch[0]/Assign/0"),
        (["{% $no %}"], "Choices[12]/Output", "Choices[12]/Output[0]"),
    ],
)
def test_an_error_names_the_place_in_the_payload(payload: Any, field: str, where: str, scope: Scope) -> None:
    with pytest.raises(StateFailed) as caught:
        compile_payload(payload, field)(scope)
    assert caught.value.location == where
    assert f"specified for the field '{where}'" in caught.value.cause


def test_a_payload_that_cannot_be_read() -> None:
    for payload in ({"a": "{% 1"}, {"a": ["{% 1 + %}"]}):
        with pytest.raises(QuerySyntaxError):
            compile_payload(payload, "Output")


def test_fields_of_one_expression(scope: Scope) -> None:
    assert compile_field("{% $threshold %}", "Seconds", "number")(scope) == 3
    assert list(expressions_in({"a/b": ["x", "{% 1 %}"], "c": "{% 2"})) == [("/a~1b/1", "{% 1 %}"), ("/c", "{% 2")]


# --- any JSON -----------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(-(2**53), 2**53),
    st.just(1e300),
    st.text(st.characters(exclude_categories=["Cs"])),
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_a_value_goes_through_the_library_unchanged(value: Any) -> None:
    scope = Scope({"v": value}, dict, {"v": value}, lambda: None)  # type: ignore[arg-type,return-value]
    walked = compile_jsonata("$states.input.v")(scope)
    computed = compile_jsonata("$lookup($states.input, 'v')")(scope)
    assert walked == value
    assert plain(computed) == plain(value)
    assert compile_jsonata("$string($v) = $string($states.input.v)")(scope) is True
    written = compile_jsonata("$parse($string({'v': $v})).v")(scope)
    assert written == plain(value) or _has_long_fraction(value)


def _has_long_fraction(value: Any) -> bool:
    """Tell whether $string cuts digits off: it writes fifteen."""
    if isinstance(value, float):
        return float(f"{value:.15g}") != value
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return any(map(_has_long_fraction, parts))


@given(JSON_VALUES)
def test_a_constant_payload_has_its_own_value(value: Any) -> None:
    scope = Scope(None, dict, {}, lambda: None)  # type: ignore[arg-type,return-value]
    if not any(True for _ in expressions_in(value)):
        assert compile_payload(value, "Output")(scope) is value


@given(st.text(alphabet="$ab.[]()'\"{}%?:/*+ 1,&|~>\n", max_size=30))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    error = None
    try:
        compile_jsonata(text)
    except QuerySyntaxError as caught:
        error = caught
    assert error is None or 0 <= error.position <= len(text)
