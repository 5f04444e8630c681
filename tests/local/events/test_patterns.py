"""Event patterns: every operator, what AWS refuses, and properties."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.errors import ServiceError
from stepfunctions.local.events.index import Index

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "123456789012",
    "time": "2026-01-31T12:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:s3:::one", "arn:aws:s3:::two"],
    "detail": {
        "key": "raw/Jan/Data.CSV",
        "size": 300,
        "ratio": 0.5,
        "ok": True,
        "none": None,
        "empty": "",
        "ip": "10.0.0.33",
        "tags": ["a", "b", 3],
        "people": [{"first": "Anna", "last": "Smith"}, {"first": "Peter", "last": "Jones"}],
        "nothing": [],
    },
}


def detail(**members: Any) -> str:
    return json.dumps({"detail": members})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{"source": ["aws.s3"]}', True),
        ('{"source": ["aws.ec2", "aws.s3"], "region": ["us-east-1"]}', True),
        ('{"source": ["aws.s3"], "region": ["eu-west-1"]}', False),
        ('{"resources": ["arn:aws:s3:::two"]}', True),
        ('{"resources": ["arn:aws:s3:::three"]}', False),
        (detail(size=[300]), True),
        (detail(size=[300.0]), True),
        (detail(size=["300"]), False),
        (detail(ok=[True]), True),
        (detail(ok=[1]), False),
        (detail(size=[True]), False),
        (detail(none=[None]), True),
        (detail(empty=[None]), False),
        (detail(empty=[""]), True),
        (detail(tags=["b"]), True),
        (detail(tags=[3]), True),
        (detail(tags=["c"]), False),
        (detail(nothing=[None]), False),
        (detail(key=[{"prefix": "raw/"}]), True),
        (detail(key=[{"prefix": "RAW/"}]), False),
        (detail(key=[{"prefix": {"equals-ignore-case": "RAW/"}}]), True),
        (detail(key=[{"suffix": ".CSV"}]), True),
        (detail(key=[{"suffix": ".csv"}]), False),
        (detail(key=[{"suffix": {"equals-ignore-case": ".csv"}}]), True),
        (detail(key=[{"equals-ignore-case": "RAW/jan/data.csv"}]), True),
        (detail(size=[{"prefix": "3"}]), False),
        (detail(key=[{"wildcard": "raw/*/*.CSV"}]), True),
        (detail(key=[{"wildcard": "*Jan*"}]), True),
        (detail(key=[{"wildcard": "raw/*Data"}]), False),
        (detail(key=[{"wildcard": "raw\\*"}]), False),
        (detail(key=[{"wildcard": "raw/Jan/Data.CSV"}]), True),
        (detail(key=[{"anything-but": "x"}]), True),
        (detail(key=[{"anything-but": ["x", "raw/Jan/Data.CSV"]}]), False),
        (detail(size=[{"anything-but": 300}]), False),
        (detail(size=[{"anything-but": [1, 2]}]), True),
        (detail(size=[{"anything-but": "300"}]), True),
        (detail(ok=[{"anything-but": 1}]), True),
        (detail(key=[{"anything-but": {"prefix": "raw/"}}]), False),
        (detail(key=[{"anything-but": {"prefix": ["x", "y"]}}]), True),
        (detail(key=[{"anything-but": {"suffix": ".png"}}]), True),
        (detail(key=[{"anything-but": {"equals-ignore-case": ["RAW/JAN/DATA.CSV"]}}]), False),
        (detail(key=[{"anything-but": {"wildcard": "*/Jan/*"}}]), False),
        (detail(missing=[{"anything-but": "x"}]), False),
        (detail(tags=[{"anything-but": ["a", "b"]}]), True),
        (detail(size=[{"numeric": [">", 299, "<=", 300]}]), True),
        (detail(size=[{"numeric": ["<", 300]}]), False),
        (detail(ratio=[{"numeric": ["=", 5e-1]}]), True),
        (detail(ok=[{"numeric": ["=", 1]}]), False),
        (detail(ip=[{"cidr": "10.0.0.0/24"}]), True),
        (detail(ip=[{"cidr": "10.0.1.0/24"}]), False),
        (detail(ip=[{"cidr": "::/0"}]), False),
        (detail(key=[{"cidr": "10.0.1.0/24"}]), False),
        (detail(key=[{"exists": True}]), True),
        (detail(none=[{"exists": True}]), True),
        (detail(missing=[{"exists": True}]), False),
        (detail(missing=[{"exists": False}]), True),
        (detail(key=[{"exists": False}]), False),
        (detail(people=[{"exists": False}]), True),
        (detail(missing={"inner": [{"exists": False}]}), True),
        (detail(key={"inner": [{"exists": False}]}), True),
        (detail(people={"first": [{"exists": False}]}), False),
        (detail(missing=[{"exists": False}, "x"]), True),
        (detail(people={"first": ["Anna"]}), True),
        (detail(people={"first": ["Anna"], "last": ["Smith"]}), True),
        (detail(people={"first": ["Anna"], "last": ["Jones"]}), False),
        (json.dumps({"$or": [{"source": ["x"]}, {"detail": {"size": [300]}}]}), True),
        (json.dumps({"$or": [{"source": ["x"]}, {"detail": {"size": [301]}}]}), False),
        (detail(**{"$or": [{"size": [1]}, {"ok": [True], "key": [{"prefix": "raw"}]}]}), True),
        (json.dumps({"source": ["x"], "$or": [{"region": ["us-east-1"]}, {"source": ["aws.s3"]}]}), False),
        ('{"$or": {"a": ["b"]}}', False),
        ('{"Source": ["aws.s3"]}', False),
    ],
)
def test_what_matches(pattern: str, expected: bool) -> None:
    assert Pattern(pattern).matches(EVENT) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ('{"a": [NaN]}', "JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty patterns are not allowed"),
        ('{"a": {}}', "Empty objects are not allowed at 'a'"),
        ('{"source": "aws.s3"}', '"source" must be an object or an array'),
        ('{"detail": {"a": 1}}', "\"a\" must be an object or an array at 'detail'"),
        ('{"a": []}', "Empty arrays are not allowed at 'a'"),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"starts-with": "x"}]}', "Unrecognized match type starts-with"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed in match expression"),
        ('{"a": [{}]}', "Only one key allowed"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"prefix": {"wildcard": "x"}}]}', "Unsupported prefix pattern: wildcard"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match"),
        ('{"a": [{"numeric": [1]}]}', "Invalid member in numeric match: 1"),
        ('{"a": [{"numeric": ["!", 1]}]}', "Unrecognized numeric range operator: !"),
        ('{"a": [{"numeric": ["<"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": ["=", "1"]}]}', "Value of equals must be numeric"),
        ('{"a": [{"numeric": ["<", 1e10]}]}', "Value must be between"),
        ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "Too many elements in numeric expression"),
        ('{"a": [{"numeric": [">", 1, ">", 0]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 2, "<", 1]}]}', "Bottom must be less than top"),
        ('{"a": [{"cidr": "10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "10.0.0.0/99"}]}', "Malformed CIDR"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 1"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"wildcard": "a\\\\"}]}', "Invalid escape character at pos 1"),
        ('{"a": [{"anything-but": []}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": null}]}', "Inside anything but list"),
        ('{"a": [{"anything-but": [1, "x"]}]}', "mixed type is not supported"),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix not allowed"),
        ('{"a": [{"anything-but": {"prefix": []}}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": {}}]}', "Only one key allowed"),
        ('{"$or": [{"a": ["x"]}, {}]}', "Empty objects are not allowed"),
        ('{"a":' * 150 + '["x"]' + "}" * 150, "nested deeper than"),
        ('{"a":' * 5000, "JSON"),
        (json.dumps({f"k{i}": {"$or": [{"a": ["x"]}, {"b": ["y"]}]} for i in range(10)}), "combinations"),
    ],
)
def test_what_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(ServiceError) as caught:
        Pattern(pattern)
    assert caught.value.code == "InvalidEventPatternException"
    assert caught.value.message.startswith("Event pattern is not valid. Reason: ")
    assert reason in caught.value.message


scalars = st.one_of(st.text(max_size=4), st.integers(-5, 5), st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
operators = st.one_of(
    scalars,
    st.builds(lambda text: {"prefix": text}, st.text(max_size=2)),
    st.builds(lambda text: {"anything-but": text}, st.text(max_size=2)),
    st.builds(lambda low: {"numeric": [">", low]}, st.integers(-5, 5)),
    st.builds(lambda yes: {"exists": yes}, st.booleans()),
)
leaves = st.lists(operators, min_size=1, max_size=3)
patterns = st.recursive(
    st.dictionaries(st.sampled_from("abc"), leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), leaves | inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from("abc"), values, max_size=3), st.lists(patterns, max_size=6))
def test_an_index_finds_what_each_pattern_by_itself_matches(event: dict[str, Any], given_: list[Any]) -> None:
    compiled = [Pattern(json.dumps(pattern)) for pattern in given_]
    index = Index([(pattern, number) for number, pattern in enumerate(compiled)])
    assert index.matches(event) == [number for number, pattern in enumerate(compiled) if pattern.matches(event)]


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_wildcard_is_what_a_regular_expression_says(pattern: str, text: str) -> None:
    if "**" in pattern:
        return
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert Pattern(json.dumps({"a": [{"wildcard": pattern}]})).matches({"a": text}) is expected


@given(st.dictionaries(st.sampled_from("abc"), values, max_size=3), st.sampled_from("abc"))
def test_a_leaf_is_there_or_it_is_not(event: dict[str, Any], name: str) -> None:
    there = Pattern(json.dumps({name: [{"exists": True}]})).matches(event)
    absent = Pattern(json.dumps({name: [{"exists": False}]})).matches(event)
    assert there or absent


@given(
    st.text(max_size=40) | st.recursive(scalars, lambda i: st.lists(i) | st.dictionaries(st.text(), i)).map(json.dumps)
)
def test_no_text_is_more_than_refused(text: str) -> None:
    with contextlib.suppress(ServiceError):
        Pattern(text).matches(EVENT)
