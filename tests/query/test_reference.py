"""Reference paths: where ResultPath writes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.reference import compile_reference

NAMES = st.sampled_from(["a", "b", "it's", "x.y"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
STEPS = st.lists(NAMES | st.integers(0, 2), max_size=4).map(
    lambda keys: "$" + "".join(f"[{key}]" if isinstance(key, int) else f"[{key!r}]" for key in keys)
)


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        ("$", {"a": 1}, "new"),
        ("$.b", {"a": 1}, {"a": 1, "b": "new"}),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.a.b.c", {}, {"a": {"b": {"c": "new"}}}),
        ("$['x y'].z", {"a": 1}, {"a": 1, "x y": {"z": "new"}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, "new", 3]}),
        ("$.a[0].b", {"a": [{"c": 1}]}, {"a": [{"c": 1, "b": "new"}]}),
        ("$[0]", [1, 2], ["new", 2]),
    ],
)
def test_put(text: str, document: Any, expected: Any) -> None:
    assert compile_reference(text).put(document, "new") == expected


def test_put_keeps_the_order_of_fields() -> None:
    assert list(compile_reference("$.b").put({"a": 1, "b": 2, "c": 3}, 4)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("$.a", "text"),
        ("$.a", None),
        ("$.a", [1]),
        ("$.a.b", {"a": 1}),
        ("$.a.b", {"a": None}),
        ("$.a[0]", {"a": []}),
        ("$.a[3]", {"a": [1, 2, 3]}),
        ("$.a[0]", {}),
        ("$.a[0]", {"a": {"0": 1}}),
    ],
)
def test_put_where_it_cannot_apply_fails_the_state(text: str, document: Any) -> None:
    with pytest.raises(StateFailed) as caught:
        compile_reference(text).put(document, 1)
    assert caught.value.error == "States.ReferencePathConflict"


def test_cause_is_the_recorded_one() -> None:
    with pytest.raises(StateFailed) as caught:
        compile_reference("$.someTaskResult").put("input1", {})
    assert caught.value.cause == 'Unable to apply ReferencePath $.someTaskResult to input "input1"'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "$$.a",
        "$name.a",
        "$.a[*]",
        "$..a",
        "$.a[0:1]",
        "$.a[?(@.b)]",
        "$['a','b']",
        "$.a.length()",
        "$.a[-1]",
        "$.",
        "$" + ".a" * 101,
    ],
)
def test_other_paths_are_refused(text: str) -> None:
    with pytest.raises(QuerySyntaxError):
        compile_reference(text)


@given(STEPS, VALUES, VALUES)
def test_get_after_put_gives_the_value_and_nothing_else_changes(text: str, document: Any, value: Any) -> None:
    before = copy.deepcopy(document)
    reference = compile_reference(text)
    try:
        result = reference.put(document, value)
    except StateFailed:
        result = document
    else:
        assert compile_path(text).find(result) is value
        assert reference.put(result, value) == result
        # Beside the way to the place everything is shared, not copied.
        old, new = document, result
        for key in reference.keys:
            if isinstance(old, dict) and isinstance(key, str):
                assert all(new[name] is old[name] for name in old if name != key)
                old = old.get(key)
            elif isinstance(old, list):
                assert all(new[index] is old[index] for index in range(len(old)) if index != key)
                old = old[int(key)]
            new = new[key]
    assert document == before


@given(STEPS, VALUES)
def test_put_of_what_is_there_changes_nothing(text: str, document: Any) -> None:
    try:
        value = compile_path(text).find(document)
    except LookupError:
        return
    assert compile_reference(text).put(document, value) == document
