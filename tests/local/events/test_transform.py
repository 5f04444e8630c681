"""Input transformers: a JSON template stays JSON, whatever the event has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.local.events.transform import check_input, text_for

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def filled(template: str, detail: dict[str, Any], **paths: str) -> str:
    target = {"Id": "t", "InputTransformer": {"InputTemplate": template, "InputPathsMap": paths}}
    check_input(target)
    event = {"id": "1", "source": "s", "detail": detail}
    return text_for(target, event, rule_arn="arn:aws:events:us-east-1:123456789012:rule/b/r", ingested=1.5)


@given(values)
def test_a_value_is_json_outside_of_quotes_and_text_inside(value: Any) -> None:
    found = json.loads(filled('{"value": <v>, "text": "<v>!"}', {"v": value}, v="$.detail.v"))
    assert found["value"] == value
    compact = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert found["text"] == f"{compact}!"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<v> and <o>", 'x"y and {"k":1}'),
        ('"<v>"', '"x\\"y"'),
        ('"line \\"one\\" <v>"', '"line \\"one\\" x\\"y"'),
        ("[<o>, <none>]", '[{"k":1}, ""]'),
        ('{"r": "<aws.events.rule-name>"}', '{"r": "r"}'),
        ('{"r": <aws.events.rule-arn>}', '{"r": "arn:aws:events:us-east-1:123456789012:rule/b/r"}'),
        ('"<aws.events.event.ingestion-time>"', '"1970-01-01T00:00:01.500Z"'),
        ("<aws.events.event>", '{"id":"1","source":"s"}'),
        ('{"e": <aws.events.event.json>}', '{"e": {"id":"1","source":"s","detail":{"v":"x\\"y","o":{"k":1}}}}'),
    ],
)
def test_templates(template: str, expected: str) -> None:
    paths = {"v": "$.detail.v", "o": "$.detail.o", "none": "$.detail.none"}
    assert filled(template, {"v": 'x"y', "o": {"k": 1}}, **paths) == expected
