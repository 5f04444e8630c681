"""Documents: a value and its text, each made at most once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.asl import Document

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_text_and_value_are_the_same_thing(value: Any) -> None:
    document = Document(value)
    assert json.loads(document.text) == value
    assert Document.parse(document.text) == document
    assert document.size == len(document.text.encode())


def test_each_is_made_once() -> None:
    document = Document.parse('{"a": 1}')
    assert document.value is document.value
    assert document.text == '{"a": 1}'
    made = Document([1, "ü"])
    assert made.text is made.text
