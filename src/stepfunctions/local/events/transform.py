"""What a target gets of an event: the whole, a part, a constant text, or a template filled in.

User guide: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from stepfunctions.errors import QuerySyntaxError
from stepfunctions.local.events.records import invalid
from stepfunctions.query.jsonpath import Path, compile_path
from stepfunctions.query.path_tokens import PathNotFound

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_TOKEN = re.compile(r'\\.|"|' + _PLACEHOLDER.pattern, re.DOTALL)
_RESERVED = "aws.events."
_MOST_VARIABLES = 100
_MEMBERS = ("Input", "InputPath", "InputTransformer")
PREDEFINED = frozenset(
    f"{_RESERVED}{name}" for name in ("rule-arn", "rule-name", "event", "event.json", "event.ingestion-time")
)


def check_input(target: Mapping[str, Any]) -> None:
    """Refuse (``ValidationException``) a target that says in a wrong way what it gets."""
    where = f"for target {target['Id']}"
    if sum(member in target for member in _MEMBERS) > 1:
        raise invalid(f"Only one of Input, InputPath, or InputTransformer must be provided {where}.")
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except (ValueError, RecursionError) as error:
            raise invalid(f"JSON syntax error in input {where} : {error}") from None
    if "InputPath" in target:
        _checked_path(target["InputPath"], f"InputPath {where}")
    if "InputTransformer" in target:
        _check_transformer(target["InputTransformer"], where)


def _check_transformer(transformer: Mapping[str, Any], where: str) -> None:
    paths = transformer.get("InputPathsMap", {})
    if len(paths) > _MOST_VARIABLES:
        raise invalid(f"InputPathsMap {where} has more than {_MOST_VARIABLES} variables.")
    for path in paths.values():
        _checked_path(path, f"InputPathsMap {where}")
    template = transformer["InputTemplate"]
    unknown = {name for name in _PLACEHOLDER.findall(template) if name not in paths and name not in PREDEFINED}
    if unknown:
        raise invalid(f"InputTemplate {where} has variables that InputPathsMap lacks: {', '.join(sorted(unknown))}.")
    if template.lstrip()[:1] in ("{", "["):
        try:
            json.loads(_filled(template, dict.fromkeys([*paths, *PREDEFINED])))
        except (ValueError, RecursionError) as error:
            raise invalid(f"Invalid InputTemplate {where} : {error}") from None


def _checked_path(path: str, what: str) -> None:
    try:
        if _path(path).root != "$":
            raise invalid(f"Invalid {what}: {path} does not begin with '$.'.")
    except QuerySyntaxError as error:
        raise invalid(f"Invalid {what}: {error}") from None


def text_for(target: Mapping[str, Any], event: Mapping[str, Any], *, rule_arn: str, ingested: float) -> str:
    """Return the text that a target gets of an event. ``ingested``: when the event came, seconds of the epoch."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return _json(_found(target["InputPath"], event))
    if "InputTransformer" not in target:
        return _json(event)
    transformer = target["InputTransformer"]
    template = transformer["InputTemplate"]
    paths = transformer.get("InputPathsMap", {})
    values: dict[str, Any] = {}
    for name in set(_PLACEHOLDER.findall(template)):
        values[name] = _found(paths[name], event, "") if name in paths else _predefined(name, event, rule_arn, ingested)
    return _filled(template, values)


def _predefined(name: str, event: Mapping[str, Any], rule_arn: str, ingested: float) -> Any:
    what = name.removeprefix(_RESERVED)
    if what == "rule-arn":
        return rule_arn
    if what == "rule-name":
        return rule_arn.rsplit("/", 1)[-1]
    if what == "event.ingestion-time":
        moment = datetime.fromtimestamp(ingested, timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return {key: value for key, value in event.items() if what == "event.json" or key != "detail"}


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Put the values where their names stand.

    Between quotes a value is text, escaped so that what holds it stays JSON. Elsewhere in a JSON template it is
    JSON itself; in a template that is plain text, a string is put in as it is.
    """
    plain = template.lstrip()[:1] not in ("{", "[", '"')
    quoted = False

    def put(found: re.Match[str]) -> str:
        nonlocal quoted
        name = found[1]
        if name is None:
            quoted ^= found[0] == '"' and not plain
            return found[0]
        value = values[name]
        if not quoted:
            return value if plain and isinstance(value, str) else _json(value)
        return json.dumps(value if isinstance(value, str) else _json(value), ensure_ascii=False)[1:-1]

    return _TOKEN.sub(put, template)


def _found(path: str, event: Mapping[str, Any], default: Any = None) -> Any:
    try:
        return _path(path).find(dict(event))
    except PathNotFound:
        return default


@functools.lru_cache(maxsize=1024)
def _path(text: str) -> Path:
    return compile_path(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
