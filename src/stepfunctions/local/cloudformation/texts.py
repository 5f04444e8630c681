"""A template's text: JSON, or YAML with CloudFormation's short forms.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from stepfunctions.errors import ServiceError

_PLAIN = {"Ref": "Ref", "Condition": "Condition"}
_DEEPEST = 60


def invalid(message: str) -> ServiceError:
    """Return CloudFormation's refusal of a template or a request."""
    return ServiceError("ValidationError", message)


class _Loader(yaml.SafeLoader):
    """Safe YAML without anchors' aliases, with dates as texts, and with short forms."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise invalid("Template format error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key)
            if not isinstance(name, (str, int, float, bool)):
                raise invalid("Template format error: every key of the template must be a string")
            if name in seen:
                raise invalid(f"Template format error: duplicate key '{name}' (line {key.start_mark.line + 1})")
            seen.add(name)
        found = super().construct_mapping(node, deep=deep)
        return {name if isinstance(name, str) else json.dumps(name): one for name, one in found.items()}


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = _PLAIN.get(suffix, f"Fn::{suffix}")
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parsed(text: str) -> dict[str, Any]:
    """Return a template's text as an object. Raises ServiceError (ValidationError) for anything else."""
    try:
        found = _json(text) if text.lstrip().startswith("{") else _yaml(text)
        if not isinstance(found, dict):
            raise invalid("Template format error: unsupported structure.")
        _check_depth(found, 0)
    except RecursionError:
        raise invalid("Template format error: the template is nested too deeply") from None
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        try:
            return _yaml(text)  # a flow mapping of YAML begins as JSON does
        except ServiceError:
            where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise invalid(f"Template format error: JSON not well-formed.{where}") from None


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from None
    except (yaml.YAMLError, ValueError, TypeError):
        raise invalid("Template format error: YAML not well-formed.") from None


def _check_depth(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise invalid("Template format error: the template is nested too deeply")
    if isinstance(value, dict):
        for one in value.values():
            _check_depth(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check_depth(one, depth + 1)
