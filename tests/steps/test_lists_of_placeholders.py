"""A list that holds a placeholder, whatever else is in it, is what it says when the execution runs."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.inputs import StepInput
from stepfunctions.query.scope import Scope
from stepfunctions.query.template import compile_template
from stepfunctions.steps import Pass

_keys = st.text(max_size=6).filter(lambda key: not key.endswith(".$"))
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_values, max_size=4))
def test_the_list_is_what_was_written(items: list[Any]) -> None:
    step = Pass("p", parameters={"list": [*items, StepInput()["x"]]})
    evaluate = compile_template(step.to_dict()["Parameters"], "Parameters")
    scope = Scope(input={"x": "found"}, context=dict, variables={}, chance=random.Random)
    assert evaluate(scope) == {"list": [*items, "found"]}
