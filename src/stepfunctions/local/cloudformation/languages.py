"""``Fn::ForEach``, the part of the transform AWS::LanguageExtensions that makes a template larger.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.local.cloudformation.texts import invalid

_PREFIX = "Fn::ForEach::"
_MOST = 10_000


def expanded(body: dict[str, Any]) -> dict[str, Any]:
    """Return a template with each Fn::ForEach replaced by what it stands for. Raises ServiceError."""
    declared = body.get("Parameters")
    lists = {
        name: str(one["Default"]).split(",")
        for name, one in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(one, dict) and "Default" in one and one.get("Type") == "CommaDelimitedList"
    }
    made: dict[str, Any] = _expand(body, {}, lists)
    return made


def _expand(value: Any, names: Mapping[str, str], lists: Mapping[str, list[str]]) -> Any:
    if isinstance(value, str):
        return _put(value, names)
    if isinstance(value, list):
        return [_expand(one, names, lists) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in names:
        return names[value["Ref"]]
    made: dict[str, Any] = {}
    for key, one in value.items():
        pairs = _loop(key, one, names, lists) if key.startswith(_PREFIX) else [(_put(key, names), one, names)]
        for name, content, known in pairs:
            made[name] = _expand(content, known, lists)
            if len(made) > _MOST:
                raise invalid(f"Template error: Fn::ForEach makes more than {_MOST} members")
    return made


def _loop(
    key: str, given: Any, names: Mapping[str, str], lists: Mapping[str, list[str]]
) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    where = f"Template error: {key} must be a list of an identifier, a collection and an object"
    if not isinstance(given, list) or len(given) != 3 or not isinstance(given[0], str):
        raise invalid(where)
    identifier, collection, content = given
    if isinstance(collection, dict) and isinstance(name := collection.get("Ref"), str) and name in lists:
        collection = lists[name]
    collection = _expand(collection, names, lists)
    if not isinstance(collection, list) or not isinstance(content, dict):
        raise invalid(where)
    for one in collection:
        known = {**names, identifier: str(one)}
        for name, inner in content.items():
            if name.startswith(_PREFIX):
                yield from _loop(name, inner, known, lists)
            else:
                yield _put(name, known), inner, known


def _put(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
        text = text.replace(f"&{{{name}}}", "".join(char for char in value if char.isalnum()))
    return text
