"""The door to the query languages."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query.language import LANGUAGES, Language


def test_jsonpath(make_scope: Any) -> None:
    jsonpath: Language = LANGUAGES["JSONPath"]
    scope = make_scope({"a": {"b": 2}})
    assert jsonpath.name == "JSONPath"
    assert jsonpath.template({"x.$": "$.a", "y": 1}, "Parameters")(scope) == {"x": {"b": 2}, "y": 1}
    assert jsonpath.expression("$.a.b", "InputPath")(scope) == 2
    with pytest.raises(QuerySyntaxError):
        jsonpath.expression("{% $states.input %}", "InputPath")


def test_jsonata(make_scope: Any) -> None:
    jsonata: Language = LANGUAGES["JSONata"]
    scope = make_scope({"a": {"b": 2}})
    assert jsonata.name == "JSONata"
    assert jsonata.template({"x": "{% $states.input.a %}", "y": "$.a"}, "Arguments")(scope) == {
        "x": {"b": 2},
        "y": "$.a",
    }
    assert jsonata.expression("{% $states.input.a.b %}", "Seconds", "number")(scope) == 2
    with pytest.raises(QuerySyntaxError):
        jsonata.expression("$.a.b", "Seconds")
