"""JSONPath. The document and the expressions of ROWS were answered by Jayway JsonPath itself.

Where its versions 2.0.0 and 2.10.0 differ, the case says which of them, or which recorded answer of the
service, is followed.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query import path_filter
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.path_tokens import InvalidPath, PathNotFound

DOCUMENT: dict[str, Any] = {
    "a": {"b": {"c": 7}, "l": [1, 2, 3]},
    "s": "str",
    "n": None,
    "e": [],
    "o": [{"x": 1, "y": "p"}, {"x": 2, "y": "q"}, {"x": 3}],
    "m": [{"v": [{"k": 1}, {"k": 2}]}, {"v": [{"k": 3}]}],
    "num": [5, 3, 9],
    "st": ["aa", "ab", "b"],
    "deep": {"x": 10},
}
FIRST, SECOND, THIRD = DOCUMENT["o"]
WITH_ODD_NAMES = {"h-y": {"z w": 4}, "it's": 5, "ä": 6, "a.b": 8}

DEFINITE = [
    ("$", DOCUMENT),
    ("$.a.b.c", 7),
    ("$['a']['b']", {"c": 7}),
    ("$.n", None),
    ("$.e", []),
    ("$.a.l[0]", 1),
    ("$.m[0].v[1].k", 2),
    ("$.o[ 0 ]", FIRST),
    ("$.s ", "str"),
    ("$['a'].b", {"c": 7}),
    ("$.['a'].['b']", {"c": 7}),
    ("$.o.[0]", FIRST),
    ("$.a.l[-1]", 3),  # later versions; 2.0.0 finds nothing
    ("$.a.l[-3]", 1),
    ("$.a['b','l']", {"b": {"c": 7}, "l": [1, 2, 3]}),
    ("$['a','s']", {"a": DOCUMENT["a"], "s": "str"}),
    ("$.o[0]['x','y']", FIRST),
    ("$.o[2]['x','y']", THIRD),
    ("$.a['b','zz']", {"b": {"c": 7}}),
    ("$.a['yy','zz']", {}),
    ("$['a'][ 'b' , 'l' ]", {"b": {"c": 7}, "l": [1, 2, 3]}),
    ("$.o[(@.length-1)]", THIRD),
    ("$.o[( @.length - 2 )].x", 2),
    ('$.a["b"]', {"c": 7}),  # later versions; 2.0.0 refuses double quotes
]

INDEFINITE = [
    ("$.a.l[-1:]", [3]),
    ("$.a.l[0,2]", [1, 3]),
    ("$.a.l[1:]", [2, 3]),
    ("$.a.l[:2]", [1, 2]),
    ("$.a.l[5:9]", []),
    ("$.a.l[*]", [1, 2, 3]),
    ("$.a.l[0, 2]", [1, 3]),
    ("$.a.l[0,9]", [1]),
    ("$.a.l[1:-1]", []),
    ("$.a.l[-2:-1]", [2]),
    ("$.a.l[-2:5]", [2, 3, 1, 2, 3]),
    ("$.a.l[:-1]", [1, 2]),
    ("$.a.l[:-9]", []),
    ("$.a.l[-9:]", [1, 2, 3]),
    ("$.e[*]", []),
    ("$.o[*].zz", []),
    ("$..zz", []),
    ("$.o[?(@.x>9)]", []),
    ("$.s[*]", []),
    ("$.n[*]", []),
    # Recorded answers of the service, and 2.0.0; 2.10.0 finds nothing.
    ("$.zz[*]", []),
    ("$.zz[1:5].v", []),
    ("$.zz.yy[:1].v", []),
    ("$.zz[?(@.x)]", []),
    ("$.o[*].x", [1, 2, 3]),
    ("$.o[*].y", ["p", "q"]),
    ("$.m[*].v[*].k", [1, 2, 3]),
    ("$.a.*", [{"c": 7}, [1, 2, 3]]),
    ("$.o[1,0].x", [2, 1]),
    ("$.*.b", [{"c": 7}]),
    ("$.a.*.c", [7]),
    ("$.o[?(@.x==2)]", [SECOND]),
    ("$.o[?(@.x==2)].y", ["q"]),
    ("$.o[?(@.x==2)]['x']", [2]),
    ("$.o[?(@.x==2 && @.y=='q')]", [SECOND]),
    ("$.o[?(@.x==2 && @.y=='p')]", []),
    ("$.o[?(@.x==2 || @.x==1)].x", [1, 2]),
    ("$.o[?(@.y)]", [FIRST, SECOND]),
    ("$.o[?(!@.y)]", [THIRD]),
    ("$.o[?(!(@.x==2))].x", [1, 3]),
    ("$.o[?(@.y!='p')]", [SECOND, THIRD]),
    ("$.o[?(@.y==null)]", []),
    ("$.num[?(@>4)]", [5, 9]),
    ("$.num[?(@>=5)]", [5, 9]),
    ("$.num[?(@<5)]", [3]),
    ("$.num[?(@<=3)]", [3]),
    ("$.o[?(@.x<$.deep.x)].x", [1, 2, 3]),
    ("$[?(@.x==$.deep.x)]", []),
    ("$.deep[?(@.x==$.deep.x)]", [{"x": 10}]),
    ("$.o[?(@.x>=2 && (@.y=='q' || @.x==3))].x", [2, 3]),
    ("$.o[?(@['x']==2)]", [SECOND]),
    ("$.o[?(2==@.x)]", [SECOND]),
    ("$.o[?(2<@.x)]", [THIRD]),
    ("$.o[?(@.x==2.0)]", [SECOND]),
    ("$.o[?(@.x==true)]", []),
    ("$.o[?(@.x===2)]", [SECOND]),
    ("$.o[?(@.x !== 2)].x", [1, 3]),
    ("$.o[?(@.y > 'p')]", [SECOND]),
    ("$.o[?(@.y < 5)]", []),
    ("$.o[?(@.x > '1')]", []),
    ("$.m[?(@.v[0].k==1)]", DOCUMENT["m"][:1]),
    ("$.m[?(@.v[9])]", []),
    ("$.m[?(@.v[?(@.k==3)])]", DOCUMENT["m"][1:]),
    ("$.m[?(@.v.length()==2)]", []),
    ("$.a.l[0:3:2]", [1, 2, 3]),  # the step is ignored
    ("$.o[*]['x','y']", [FIRST, SECOND, THIRD]),
    ("$.a['b','l'].c", [7]),
    ("$..x", [1, 2, 3, 10]),
    ("$..['x']", [1, 2, 3, 10]),
    ("$..['x','y']", [FIRST, SECOND]),
    ("$..[0]", [1, FIRST, DOCUMENT["m"][0], {"k": 1}, {"k": 3}, 5, "aa"]),
    ("$..[0].x", [1]),
    ("$..l[0]", [1]),
    ("$..[?(@.x>1)].x", [2, 3, 10]),
    ("$..o[*].x", [1, 2, 3]),
    ("$..o..x", [1, 2, 3]),
    ("$.a..c", [7]),
    ("$.*", list(DOCUMENT.values())),
    (
        "$.m..*",
        [DOCUMENT["m"][0], DOCUMENT["m"][1], [{"k": 1}, {"k": 2}], {"k": 1}, {"k": 2}, 1, 2, [{"k": 3}], {"k": 3}, 3],
    ),
    ("$.o[?(@.x=='2')]", [SECOND]),
    ("$.o[?('2'==@.x)]", [SECOND]),
    ("$.o[?(@.x=='zwei')]", []),
    ("$.o[?(@.y==q)]", [SECOND]),  # 2.0.0 and aws-samples; 2.10.0 refuses an unquoted word
    ("$.o[?(@.y=~/^Q$/i)]", [SECOND]),
    ("$.o[?(@.y=~ /q/)]", [SECOND]),
    ("$.st[?(@ =~ /a.*/)]", ["aa", "ab"]),
    ("$.st[?(@ =~ /a/)]", []),
    ("$.num[?(@ =~ /[39]/)]", [3, 9]),
    ("$.o[?(@.zz =~ /a/)]", []),
    ("$.[?(@.x==10)]", []),
    ("$.o.[?(@.x==2)]", [SECOND]),
    ("$.o.[*].['x','y']", [FIRST, SECOND, THIRD]),
    ("$[?(@.x==10)]", []),
    ("$.deep[?(@.x==10)]", [{"x": 10}]),
    ("$.deep[?(@.x==11)]", []),
    # later versions; 2.0.0 has neither double quotes nor these operators
    ('$.o[?(@.y=="q")]', [SECOND]),
    ("$.o[?(@.x in [1,3])]", [FIRST, THIRD]),
    ("$.o[?(@.x IN [1, 3])].x", [1, 3]),
    ("$.o[?(@.x nin [1,3])]", [SECOND]),
    ("$.o[?(@.y in ['q', 'z'])]", [SECOND]),
    ("$.o[?(@.y contains 'q')]", [SECOND]),
    ("$.m[?(@.v size 1)]", DOCUMENT["m"][1:]),
    ("$.m[?(@.v empty false)]", DOCUMENT["m"]),
    ("$[?(@.num contains 5)]", [DOCUMENT]),
    ("$[?(@.st subsetof ['aa','ab','b','c'])]", [DOCUMENT]),
    ("$[?(@.st anyof ['b'])]", [DOCUMENT]),
    ("$[?(@.st noneof ['b'])]", []),
    ("$[?(@.num all [3, 9])]", [DOCUMENT]),
    ("$.st[?(@ in $.st)]", ["aa", "ab", "b"]),
    ("$.num[?(@ == -5 || @ == 3e0)]", [3]),
]

MISSING = [
    ("$.zz", "No results for path: $['zz']"),
    ("$.a.zz.c", "Missing property in path $['a']['zz']"),
    ("$.zz['a','b']", "Missing property in path $['zz']"),
    ("$.a.l[9]", "No results for path: $['a']['l'][9]"),
    ("$.a.l[-9]", "No results for path: $['a']['l'][-9]"),
    ("$.a.l[9].x", "No results for path: $['a']['l'][9]['x']"),
    ("$.n[0]", "The path $['n'] is null"),
    # recorded answers of the service
    ("$.a.l.length()", "Property ['length()'] not found: functions are not supported"),
    ("$..x.sum()", "Property ['sum()'] not found: functions are not supported"),
]

NO_OBJECT = [
    ("$.s.c", "['c']", "$['s']", "java.lang.String"),
    ("$.n.x", "['x']", "$['n']", "null"),
    ("$.o.x", "['x']", "$['o']", "java.util.ArrayList"),
    ("$.num[0].x", "['x']", "$['num'][0]", "java.lang.Integer"),
    ("$.s['a','b']", "['a', 'b']", "$['s']", "java.lang.String"),
]

NOT_APPLICABLE = [
    ("$.s[0]", "Filter: [0] can only be applied to arrays. Current context is: str"),
    ("$.a.b[0]", "Filter: [0] can only be applied to arrays. Current context is: {c=7}"),
    ("$.deep[1:5]", "Filter: [1:5] can only be applied to arrays. Current context is: {x=10}"),
    ("$.deep[:5]", "Filter: [:5] can only be applied to arrays. Current context is: {x=10}"),
    ("$.s[0,1]", "Filter: [0,1] can only be applied to arrays. Current context is: str"),
    # 2.0.0: the index applies to each match, not to the list of matches
    ("$.o[?(@.x==2)][0]", "Filter: [0] can only be applied to arrays. Current context is: {x=2, y=q}"),
    ("$.s[?(@.x)]", "Filter: [?] can not be applied to primitives. Current context is: str"),
]

BAD_SYNTAX = [
    ("", 0),
    ("$.", 1),
    ("$.a.", 3),
    ("$..", 2),
    ("$.a...b", 5),
    ("$.a b", 4),
    ("$x y", 3),
    ("$.a[", 4),
    ("$.a[]", 4),
    ("$.a['b'", 7),
    ("$.a['b]", 4),
    ("$.a['b',]", 8),
    ("$.a[x]", 4),
    ("$.a[1.5]", 4),
    ("$.a[1,]", 4),
    ("$.a[--1]", 4),
    ("$.a[:]", 3),
    ("$.a[1:x]", 3),
    ("$.a[12345678901]", 4),
    ("$.o[0]x", 6),
    ("@.s", 0),
    (" $.s", 0),
    ("$*", 0),
    ("$$a", 2),
    ("$.a[?]", 5),
    ("$.a[?(@.b]", 9),
    ("$.o[?@.x==2]", 5),
    ("$.o[?(true)]", 6),
    ("$.o[?(@.x='2')]", 9),
    ("$.o[?(x==2)]", 6),
    ("$.o[?(@.x like 'a')]", 10),
    ("$.o[?(@.x in [1 2])]", 16),
    ("$.o[?(@.x =~ 'a')]", 6),
    ("$.o[?(@.x =~ /(/)]", 13),
    ("$.o[?(@.x =~ /a)]", 13),
    ("$.o[?(@.x ==)]", 12),
    ("$.a.length(1)", 11),
    ("$.a.length().b", 12),
    ("$.a..length()", 11),
    ("$.o[(@.length-0)]", 3),
    ("$.o[?((@.x)]", 11),
]


@pytest.mark.parametrize(("text", "expected"), DEFINITE)
def test_definite_path_gives_the_bare_value(text: str, expected: Any) -> None:
    path = compile_path(text)
    assert path.definite
    assert path.find(DOCUMENT) == expected


@pytest.mark.parametrize(("text", "expected"), INDEFINITE)
def test_indefinite_path_gives_a_list_of_matches(text: str, expected: Any) -> None:
    path = compile_path(text)
    assert not path.definite
    assert path.find(DOCUMENT) == expected


@pytest.mark.parametrize(("text", "message"), MISSING)
def test_missing_value_is_path_not_found_with_jayways_text(text: str, message: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        compile_path(text).find(DOCUMENT)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "names", "walked", "kind"), NO_OBJECT)
def test_field_of_something_that_is_no_object(text: str, names: str, walked: str, kind: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        compile_path(text).find(DOCUMENT)
    assert str(caught.value).startswith(
        f"Expected to find an object with property {names} in path {walked} but found '{kind}'."
    )


@pytest.mark.parametrize(("text", "message"), NOT_APPLICABLE)
def test_step_that_cannot_be_applied_is_an_invalid_path(text: str, message: str) -> None:
    with pytest.raises(InvalidPath) as caught:
        compile_path(text).find(DOCUMENT)
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "position"), BAD_SYNTAX)
def test_syntax_error_names_the_first_bad_character(text: str, position: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        compile_path(text)
    assert (caught.value.expression, caught.value.position) == (text, position)


@pytest.mark.parametrize(
    ("text", "expected"), [("$.h-y['z w']", 4), (r"$['it\'s']", 5), ('$["it\'s"]', 5), ("$.ä", 6), ("$['a.b']", 8)]
)
def test_odd_names(text: str, expected: int) -> None:
    assert compile_path(text).find(WITH_ODD_NAMES) == expected


def test_filter_compares_containers_and_booleans_as_json() -> None:
    items = [{"v": True}, {"v": 1}, {"v": [1]}, {"v": {"a": 1}}, {"v": None}]
    find = compile_path("$[?(@.v==$[0].v)]").find
    assert find(items) == [{"v": True}]
    assert compile_path("$[?(@.v==[1])]").find(items) == [{"v": [1]}]
    assert compile_path("$[?(@.v==null)]").find(items) == [{"v": None}]
    assert compile_path("$[?(@.v)]").find(items) == items


def test_reference_paths_are_precompiled_to_their_steps() -> None:
    assert compile_path("$.a[0]['b c']").keys == ("a", 0, "b c")
    assert compile_path("$").keys == ()
    for text in ("$.a[*]", "$..a", "$.a[0:1]", "$.a[0,1]", "$['a','b']", "$.a[?(@.b)]", "$.a.length()"):
        assert compile_path(text).keys is None


def test_roots(make_scope: Any) -> None:
    scope = make_scope({"x": 1}, context={"State": {"Name": "Train"}}, variables={"model": {"v": [4]}, "ü": 2})
    assert compile_path("$.x")(scope) == 1
    assert compile_path("$$.State.Name")(scope) == "Train"
    assert compile_path("$$")(scope) == {"State": {"Name": "Train"}}
    assert compile_path("$model.v[0]")(scope) == 4
    assert compile_path("$model['v'][*]")(scope) == [4]
    assert compile_path("$ü")(scope) == 2
    assert [compile_path(text).root for text in ("$.x", "$$.x", "$model.x", "$")] == ["$", "$$", "$model", "$"]


def test_variable_without_a_value_is_not_found(make_scope: Any) -> None:
    path = compile_path("$model.v")
    with pytest.raises(PathNotFound, match=r"^The variable '\$model' has no value$"):
        path(make_scope({}))
    with pytest.raises(PathNotFound):
        path.document(make_scope({}))


def test_context_is_built_only_by_a_path_that_reads_it(make_scope: Any) -> None:
    scope = make_scope({"x": 1})

    def forbidden() -> None:
        raise AssertionError("The context was built")

    scope.context = forbidden
    assert compile_path("$.x")(scope) == 1
    with pytest.raises(AssertionError):
        compile_path("$$.x")(scope)


def test_hostile_expressions_are_refused() -> None:
    with pytest.raises(QuerySyntaxError, match="at most 10,000 characters"):
        compile_path("$" + ".a" * 10_000)
    with pytest.raises(QuerySyntaxError, match="20 deep"):
        compile_path("$[?(" + "(" * 5_000)
    with pytest.raises(QuerySyntaxError, match="20 deep"):
        compile_path("$[?(" + "!" * 5_000)
    with pytest.raises(QuerySyntaxError, match="20 deep"):
        compile_path("$[?(@.a in " + "[" * 5_000)
    with pytest.raises(QuerySyntaxError, match="20 deep"):
        compile_path("$" + "[?(@" * 1_000)
    with pytest.raises(QuerySyntaxError, match="at most 80 characters"):
        compile_path("$" + "a" * 81)
    with pytest.raises(QuerySyntaxError, match="at most 100 digits"):
        compile_path("$[?(@.a == " + "1" * 5_000 + ")]")
    for pattern in ("(a+)+", "(a|a)*", "((ab)*c)*", "(a{2,}){3,}"):
        with pytest.raises(QuerySyntaxError, match="repeated group"):
            compile_path(f"$[?(@ =~ /{pattern}/)]")
    assert compile_path(r"$[?(@ =~ /(a|b)c+[(+]+\(*/)]").find(["ac(("]) == ["ac(("]
    assert compile_path("$" + "a" * 80).root == "$" + "a" * 80


def test_path_that_multiplies_its_matches_is_stopped() -> None:
    with pytest.raises(InvalidPath, match="more than"):
        compile_path("$" + "[0,0,0,0,0,0,0,0,0,0]" * 9).find([[[[[[[[[[1]]]]]]]]]])
    with pytest.raises(InvalidPath, match="more than"):
        compile_path("$..*..*..*..*").find([[[list(range(3000))] * 50] * 50])


def test_budget_counts_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"x": number} for number in range(100)]
    path = compile_path("$[?(@.x == 99)]")
    assert path.find(items) == [{"x": 99}]
    monkeypatch.setattr(path_filter, "MAX_VISITS", 100)
    with pytest.raises(InvalidPath):
        path.find(items)


def test_deep_documents_need_no_recursion() -> None:
    document: Any = {"x": 0}
    for _ in range(20_000):
        document = [document]
    assert compile_path("$..x").find(document) == [0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab*", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab'\\. [", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def places(document: Any, prefix: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every place of a document with its value."""
    found = [(prefix, document)]
    items = (
        document.items() if isinstance(document, dict) else (enumerate(document) if isinstance(document, list) else ())
    )
    for key, value in items:
        found += places(value, (*prefix, key))
    return found


def written(keys: tuple[str | int, ...]) -> str:
    """A path in bracket notation."""
    quoted = [key.replace("\\", "\\\\").replace("'", "\\'") if isinstance(key, str) else key for key in keys]
    return "$" + "".join(f"['{key}']" if isinstance(key, str) else f"[{key}]" for key in quoted)


@given(json_values)
def test_every_place_of_a_document_is_found_by_its_path(document: Any) -> None:
    before = copy.deepcopy(document)
    for keys, value in places(document):
        path = compile_path(written(keys))
        assert path.keys == keys
        assert path.find(document) is value
    assert document == before


@given(json_values)
def test_deep_wildcard_finds_every_place_but_the_root(document: Any) -> None:
    found = compile_path("$..*").find(document)
    assert sorted(map(repr, found)) == sorted(repr(value) for keys, value in places(document) if keys)


def outcome(text: str) -> tuple[str, int]:
    """How a path ends on the document, and the position of a syntax error."""
    try:
        path = compile_path(text)
    except QuerySyntaxError as error:
        return "bad", error.position
    try:
        found = path.find(DOCUMENT)
    except (PathNotFound, InvalidPath):
        return "missing", 0
    return "value" if path.definite or isinstance(found, list) else "no list", 0


@given(st.text("$.@[]()?*',:01ab!=~/& |<\\", max_size=25))
def test_any_text_has_a_value_or_is_missing_or_is_a_syntax_error_in_the_text(text: str) -> None:
    kind, position = outcome("$" + text)
    assert kind in ("bad", "missing", "value")
    assert 0 <= position <= len(text) + 1
