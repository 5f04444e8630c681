"""The schemas of inputs: every way to write one gives the same fields and the same findings."""

from __future__ import annotations

import enum
import json
import pickle
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict

import pytest
from typing_extensions import NotRequired
from typing_extensions import TypedDict as ExtendedTypedDict

from stepfunctions.inputs.schemas import Schema, SchemaProblem, plain, read_schema

Weeks = NewType("Weeks", int)


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass
class Where:
    bucket: str
    prefix: str = ""


@dataclass
class Fleet:
    week: int
    where: Where
    share: float = 0.5
    routes: list[str] = field(default_factory=list)
    mode: Mode = Mode.FAST
    note: Optional[str] = None  # noqa: UP045 - what programs for older Pythons write


class WhereDict(TypedDict):
    bucket: str
    prefix: NotRequired[str]


class Extended(ExtendedTypedDict):
    a: int
    b: NotRequired[int]


class FleetDict(TypedDict, total=False):
    week: int
    where: WhereDict


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "week": {"type": "integer"},
        "where": {"$ref": "#/$defs/where"},
        "share": {"type": "number"},
    },
    "required": ["week", "where"],
    "$defs": {"where": {"type": "object", "properties": {"bucket": {"type": "string"}}, "required": ["bucket"]}},
}
TYPES = {"week": int, "where": {"bucket": str}}


@pytest.mark.parametrize("schema", [TYPES, JSON_SCHEMA, Fleet], ids=["types", "json schema", "dataclass"])
def test_every_form_finds_the_same(schema: Any) -> None:
    read = read_schema(schema)
    assert read.fields["week"] is int
    assert read.fields["where"]["bucket"] is str
    assert read.problems({"week": 39, "where": {"bucket": "b"}, "more": None}) == []
    problems = read.problems({"week": "one", "where": {}})
    assert [(one.key, one.kind, one.expected) for one in problems] == [
        ("week", "type", int),
        ("where.bucket", "missing", str),
    ]
    assert str(problems[0]) == "week: expected int, not 'one' (str)"
    assert str(problems[1]) == "where.bucket: missing, expected str"
    assert sorted(one.key for one in read.problems({"where": []})) == ["week", "where"]
    assert read.problems({"week": True, "where": {"bucket": "b"}})[0].given is True, "True is no int"
    assert json.dumps(read.document)
    assert pickle.loads(pickle.dumps(read)).problems({}) == read.problems({})


def test_a_schema_is_read_once() -> None:
    read = read_schema(TYPES)
    assert read_schema(read) is read


def test_what_is_a_json_schema() -> None:
    assert isinstance(read_schema({"type": "object"}), Schema)
    assert read_schema({"type": str}).fields == {"type": str}, "a key called type"
    assert read_schema({"type": {"name": str}}).fields == {"type": {"name": str}}
    assert read_schema({"properties": {"a": int}}).fields == {"properties": {"a": int}}
    assert read_schema({"properties": {"a": {"type": "integer"}}}).fields == {"a": int}
    assert read_schema({"$schema": "https://json-schema.org/draft/2020-12/schema"}).fields == {}
    assert read_schema({"a": dict, "b": list}).problems({"a": {"x": 1}, "b": [1]}) == []


@pytest.mark.parametrize(
    ("schema", "fields"),
    [
        ({"type": ["string", "null"]}, str),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, int),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, object),
        ({"allOf": [{"$ref": "#/$defs/n"}]}, float),
        ({"enum": ["a", "b"]}, str),
        ({"enum": ["a", 1]}, object),
        ({"const": 3}, int),
        ({"type": "array", "items": {"type": "string"}}, list),
        ({"type": "object"}, dict),
        ({}, object),
        (True, object),
        ({"$ref": "https://example.com/other"}, object),
        ({"$ref": "#/$defs/loop"}, {"again": dict}),
    ],
)
def test_the_type_of_a_field(schema: Any, fields: Any) -> None:
    definitions = {"n": {"type": "number"}, "loop": {"properties": {"again": {"$ref": "#/$defs/loop"}}}}
    assert read_schema({"properties": {"f": schema}, "$defs": definitions}).fields == {"f": fields}


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "integer", "minimum": 1}, 0, "f: expected at least 1, not 0 (int)"),
        ({"maximum": 52}, 53, "f: expected at most 52, not 53 (int)"),
        ({"exclusiveMinimum": 0}, 0, "f: expected more than 0, not 0 (int)"),
        ({"multipleOf": 5}, 7, "f: expected a multiple of 5, not 7 (int)"),
        ({"minLength": 2}, "", "f: expected at least 2 characters, not '' (str)"),
        ({"pattern": "^s3://"}, "b", "f: expected text that matches '^s3://', not 'b' (str)"),
        ({"format": "date"}, "soon", "f: expected text in the format 'date', not 'soon' (str)"),
        ({"enum": ["a", 1]}, "b", "f: expected one of \"a\", 1, not 'b' (str)"),
        ({"const": "a"}, "b", "f: expected 'a', not 'b' (str)"),
        ({"type": ["integer", "null"]}, "x", "f: expected int or None, not 'x' (str)"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "f: expected int or None, not 'x' (str)"),
        ({"anyOf": [{"type": "integer"}, {"minLength": 3}]}, "x", "f: expected at least 3 characters, not 'x' (str)"),
        ({"type": "array", "items": {"type": "string"}}, ["a", 1], "f.1: expected str, not 1 (int)"),
        (
            {"properties": {"depth": {}}, "additionalProperties": False},
            {"dept": 1},
            "f.dept: expected no such key (did you mean 'depth'?), not 1 (int)",
        ),
        ({"uniqueItems": True}, [1, 1], "f: expected what the schema says"),
        ({"type": "string"}, "x" * 5, None),
        ({"type": "string"}, ["x" * 200], "…"),
    ],
)
def test_what_is_wrong_is_said_plainly(schema: Any, value: Any, text: str | None) -> None:
    found = [str(one) for one in read_schema({"properties": {"f": schema}}).problems({"f": value})]
    assert found == [] if text is None else text in found[0]
    assert len(found) <= 1
    assert all(len(one) < 150 for one in found)


def test_a_json_schema_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"no JSON Schema: at properties\.f\.type: .* Did you mean 'string'\?"):
        read_schema({"properties": {"f": {"type": "strin"}}})
    with pytest.raises(ValueError, match="at required"):
        read_schema({"type": "object", "required": "week"})


def test_a_dataclass_says_more_than_types() -> None:
    read = read_schema(Fleet)
    assert read.fields["where"] == {"bucket": str, "prefix": str}
    assert (read.fields["share"], read.fields["routes"], read.fields["mode"], read.fields["note"]) == (
        float,
        list,
        str,
        str,
    )
    good = Fleet(39, Where("b"), mode=Mode.SLOW)
    assert read.problems(good) == []
    assert plain(good) == {
        "week": 39,
        "where": {"bucket": "b", "prefix": ""},
        "share": 0.5,
        "routes": [],
        "mode": "slow",
        "note": None,
    }
    bad = Fleet("39", Where("b"), routes=["a", 2], mode="medium", note=3)  # type: ignore[arg-type,list-item]
    assert [str(one) for one in read.problems(bad)] == [
        "week: expected int, not '39' (str)",
        "routes.1: expected str, not 2 (int)",
        'mode: expected one of "fast", "slow", not \'medium\' (str)',
        "note: expected str or None, not 3 (int)",
    ]


def test_typed_dicts_know_their_optional_keys() -> None:
    read = read_schema(FleetDict)
    assert read.problems({}) == []
    assert read.problems({"where": {"bucket": "b"}}) == []
    assert [one.key for one in read.problems({"where": {}})] == ["where.bucket"]
    assert [one.key for one in read_schema(Extended).problems({})] == ["a"]


@dataclass
class Odd:
    weeks: Weeks
    named: Annotated[Literal["a", "b"], "why"]
    by_name: dict[str, float]
    pair: tuple[int, str]
    many: tuple[int, ...]
    day: date
    anything: Any
    either: int | list[int]
    inner: list[Where]
    again: list[Odd] | None = None


def test_annotations_of_every_kind() -> None:
    read = read_schema(Odd)
    good = Odd(Weeks(1), "a", {"x": 1}, (1, "x"), (1, 2), date(2026, 1, 2), object, 3, [Where("b")])
    good.anything = None
    good.again = [Odd(Weeks(2), "b", {}, (1, "x"), (), date(2026, 1, 2), {}, [1], [])]
    assert read.problems(good) == []
    bad = plain(good)
    bad |= {
        "named": "c",
        "by_name": {"x": "y"},
        "pair": [1],
        "many": ["x"],
        "day": "soon",
        "either": "x",
        "inner": [{}],
        "again": [{**plain(good.again[0]), "weeks": "x"}],
    }
    assert [one.key for one in read.problems(bad)] == [
        "named",
        "by_name.x",
        "pair",
        "many.0",
        "day",
        "either",
        "inner.0.bucket",
        "again.0.weeks",
    ]


@dataclass
class Unresolved:
    a: Missing  # type: ignore[name-defined]  # noqa: F821


@dataclass
class Formless:
    a: set[int]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (Unresolved, "annotations of Unresolved cannot be resolved: name 'Missing'"),
        (Formless, r"Formless\.a: .*set.* has no form in JSON"),
        (int, "int is no schema"),
        ("int", "A schema is a dict of types, .* not 'int'"),
        (7, "A schema is"),
    ],
)
def test_what_is_no_schema(schema: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        read_schema(schema)


class Model:
    """What this package uses of a pydantic model."""

    def __init__(self, week: int) -> None:
        self.week = week

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"type": "object", "properties": {"week": {"type": "integer"}}, "required": ["week"]}

    @classmethod
    def model_validate(cls, value: Any) -> Model:
        if value["week"] > 53:
            raise _Invalid
        return cls(value["week"])

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return {"week": self.week}


class _Invalid(ValueError):
    def errors(self) -> list[dict[str, Any]]:
        return [{"loc": ("week",), "msg": "Value error, a week of a year", "input": 99}]


def test_a_model_is_asked_for_its_schema_and_then_itself() -> None:
    read = read_schema(Model)
    assert read.fields == {"week": int}
    assert read.problems(Model(39)) == []
    assert [str(one) for one in read.problems({})] == ["week: missing, expected int"]
    assert [str(one) for one in read.problems(Model(99))] == [
        "week: expected what the model says (Value error, a week of a year), not 99 (int)"
    ]
    assert plain({"models": [Model(1)], "at": datetime(2026, 1, 2)}) == {
        "models": [{"week": 1}],
        "at": "2026-01-02T00:00:00",
    }


def test_real_models_of_pydantic() -> None:
    import pydantic

    model = pydantic.create_model("Fleet", week=(int, pydantic.Field(ge=1)), note=(Optional[str], None))  # noqa: UP045
    read = read_schema(model)
    assert read.fields == {"week": int, "note": str}
    assert read.problems(model(week=3)) == []
    assert [one.key for one in read.problems({"week": 0, "note": 3})] == ["week", "note"]


def test_no_input_is_an_empty_one() -> None:
    for schema in (TYPES, JSON_SCHEMA, Fleet):
        assert {one.kind for one in read_schema(schema).problems(None)} == {"missing"}
    assert read_schema(TYPES).problems([1]) == [SchemaProblem((), "type", dict, [1])]
    assert "the input: expected dict, not [1] (list)" in str(read_schema(Fleet).problems([1])[0])


def test_what_has_no_form_in_json_is_left_to_json() -> None:
    assert plain({1, 2}) == {1, 2}
    assert plain(Where) is Where
