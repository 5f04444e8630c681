"""The door to the query languages."""

from __future__ import annotations

from typing import Any

import pytest

from stepfunctions.errors import DefinitionError, QuerySyntaxError
from stepfunctions.query.language import Language, language


def test_jsonpath(make_scope: Any) -> None:
    jsonpath: Language = language("JSONPath")
    scope = make_scope({"a": {"b": 2}})
    assert jsonpath.name == "JSONPath"
    assert jsonpath.template({"x.$": "$.a", "y": 1}, "Parameters")(scope) == {"x": {"b": 2}, "y": 1}
    assert jsonpath.expression("$.a.b", "InputPath")(scope) == 2
    with pytest.raises(QuerySyntaxError):
        jsonpath.expression("{% $states.input %}", "InputPath")


def test_jsonata(make_scope: Any) -> None:
    jsonata: Language = language("JSONata")
    scope = make_scope({"a": {"b": 2}})
    assert jsonata.name == "JSONata"
    assert jsonata.template({"x": "{% $states.input.a %}", "y": "$.a"}, "Arguments")(scope) == {
        "x": {"b": 2},
        "y": "$.a",
    }
    assert jsonata.expression("{% $states.input.a.b %}", "Seconds", "number")(scope) == 2
    with pytest.raises(QuerySyntaxError):
        jsonata.expression("$.a.b", "Seconds")


def test_unknown_language() -> None:
    with pytest.raises(DefinitionError, match="no query language 'SQL'") as caught:
        language("SQL")
    assert caught.value.problems[0].path == "/QueryLanguage"
