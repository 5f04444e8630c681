"""Placeholders: paths, schemas, and inputs checked against them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.inputs import ExecutionInput, Placeholder, StepInput
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.scope import Scope

SCHEMA = {"week": int, "where": {"bucket": str, "prefix": str}, "share": float}


@dataclass
class Where:
    bucket: str


@dataclass
class Fleet:
    week: int
    where: Where
    extra: Any = None


FLEET_JSON = {
    "type": "object",
    "properties": {
        "week": {"type": "integer", "minimum": 1},
        "where": {"type": "object", "properties": {"bucket": {"type": "string"}}, "required": ["bucket"]},
        "extra": {},
    },
    "required": ["week", "where"],
}


@pytest.mark.parametrize("schema", [Fleet, FLEET_JSON], ids=["dataclass", "json schema"])
def test_a_schema_may_be_a_class_or_a_json_schema(schema: Any) -> None:
    placeholder = ExecutionInput(schema=schema)
    assert placeholder["where"]["bucket"].to_jsonpath() == "$$.Execution.Input['where']['bucket']"
    assert (placeholder["week"].type, placeholder["where"]["bucket"].type) == (int, str)
    assert placeholder["extra"]["of any kind"].to_jsonpath() == "$$.Execution.Input['extra']['of any kind']"
    with pytest.raises(ValueError, match="has no 'wek'"):
        placeholder["wek"]
    assert placeholder.validate({"week": 1, "where": {"bucket": "b"}, "extra": [1]}) == (True, [], [])
    wrong = placeholder.validate({"week": "x", "where": {}})
    assert (wrong.valid, wrong.keys_missing, wrong.keys_type_mismatch) == (
        False,
        ["where.bucket"],
        [("week", int, str)],
    )
    assert ExecutionInput(schema=FLEET_JSON).validate({"week": 0, "where": {"bucket": "b"}}).keys_type_mismatch == [
        ("week", "at least 1", int)
    ]
    with pytest.raises(TypeError, match="no schema"):
        ExecutionInput(schema=int)


def test_a_path_is_made_of_names_and_indexes() -> None:
    assert ExecutionInput().to_jsonpath() == "$$.Execution.Input"
    assert ExecutionInput()["where"]["bucket"].to_jsonpath() == "$$.Execution.Input['where']['bucket']"
    assert StepInput()["items"][0]["x"].to_jsonpath() == "$['items'][0]['x']"


def test_a_schema_closes_the_collection() -> None:
    placeholder = ExecutionInput(schema=SCHEMA)
    assert placeholder["where"]["bucket"].type is str
    with pytest.raises(ValueError, match="has no 'wek'"):
        placeholder["wek"]
    with pytest.raises(ValueError, match="has the type int"):
        placeholder.get("week", str)
    assert placeholder.get_schema_as_dict() == SCHEMA


def test_without_a_schema_names_are_made_when_used() -> None:
    placeholder = StepInput()
    placeholder.get("n", float)
    placeholder["a"]["b"]
    assert placeholder.get_schema_as_dict() == {"n": float, "a": {"b": str}}
    assert placeholder.get_schema_as_json() == '{"n": "float", "a": {"b": "str"}}'


@pytest.mark.parametrize("name", [None, 1.5, True, ("a",)])
def test_a_name_is_a_string_or_an_integer(name: Any) -> None:
    with pytest.raises(ValueError, match="string or an integer"):
        ExecutionInput()[name]


def test_contains_is_about_identity() -> None:
    placeholder = ExecutionInput()
    inner = placeholder["a"]["b"]
    assert inner in placeholder
    assert placeholder.contains(inner)
    assert ExecutionInput()["a"]["b"] not in placeholder


@pytest.mark.parametrize(
    ("given_input", "valid", "missing", "mismatch"),
    [
        ({"week": 39, "where": {"bucket": "b", "prefix": "p"}, "share": 1, "more": None}, True, [], []),
        ({"week": "39", "where": {"bucket": "b"}}, False, ["where.prefix", "share"], [("week", int, str)]),
        ({"week": True, "where": [], "share": 0.5}, False, [], [("week", int, bool), ("where", dict, list)]),
    ],
)
def test_validate(given_input: Any, valid: bool, missing: list[str], mismatch: list[Any]) -> None:
    result = ExecutionInput(schema=SCHEMA).validate(given_input)
    assert (result.valid, result.keys_missing, result.keys_type_mismatch) == (valid, missing, mismatch)


def test_an_input_of_type_dict_may_hold_anything() -> None:
    placeholder = ExecutionInput(schema={"hyperparameters": dict})
    assert placeholder.validate({"hyperparameters": {"depth": 3}}).valid
    assert placeholder["hyperparameters"]["depth"].to_jsonpath() == "$$.Execution.Input['hyperparameters']['depth']"


def test_no_input_at_all_misses_everything() -> None:
    missing = ExecutionInput(schema=SCHEMA).validate(None).keys_missing
    assert missing == ["week", "where.bucket", "where.prefix", "share"]
    assert ExecutionInput().validate(None).valid


def test_placeholders_copy_pickle_and_refuse_iteration() -> None:
    placeholder = ExecutionInput(schema=SCHEMA)
    for twin in (copy.deepcopy(placeholder), pickle.loads(pickle.dumps(placeholder))):
        assert isinstance(twin, Placeholder)
        assert twin["where"]["bucket"].to_jsonpath() == placeholder["where"]["bucket"].to_jsonpath()
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(placeholder)


@given(st.lists(st.text(min_size=1, max_size=8) | st.integers(0, 3), min_size=1, max_size=4))
def test_a_path_finds_what_its_names_say(names: list[str | int]) -> None:
    value: Any = "found"
    for name in reversed(names):
        value = [None] * name + [value] if isinstance(name, int) else {name: value}
    placeholder: Placeholder = StepInput()
    for name in names:
        placeholder = placeholder[name]
    scope = Scope(input=value, context=dict, variables={}, chance=lambda: None)  # type: ignore[arg-type,return-value]
    assert compile_path(placeholder.to_jsonpath())(scope) == "found"
