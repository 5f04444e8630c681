"""A template as text that a person can read: YAML with CloudFormation's short forms, or JSON.

User guide: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_LONG = "Fn::"
_WIDTH = 100
"""Characters of a line of a definition."""


def to_json(template: Mapping[str, Any]) -> str:
    """Return the JSON of a template, in its order."""
    return json.dumps(template, indent=2, ensure_ascii=False) + "\n"


def to_yaml(template: Mapping[str, Any]) -> str:
    """Return the YAML of a template, in its order: ``!Ref``, ``!Sub``, ``!GetAtt``, and texts of lines as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """A dumper of our own, so that the program's other YAML looks as before."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
            return super().increase_indent(flow, False)

        def choose_scalar_style(self) -> Any:
            """Write a text behind a tag without quotation marks where YAML allows it: PyYAML's hook."""
            event: Any = self.event
            tagged = event.tag.startswith("!") and not event.style
            return (
                "" if tagged and self.analyze_scalar(event.value).allow_block_plain else super().choose_scalar_style()
            )

    Dumper.add_representer(str, _text)
    Dumper.add_representer(dict, _mapping)
    Dumper.add_representer(_Row, _row)
    text = yaml.dump(_rows(_plain(template)), Dumper=Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return _spaced(str(text))


def compact(value: Any, indent: str = "") -> str:
    """Return JSON in lines, as ``json.dumps(value, indent=2)`` does, but what fits into a line stays in one."""
    if not isinstance(value, (Mapping, list, tuple)) or not value:
        return json.dumps(value, ensure_ascii=False)
    if "States" not in value:
        line = json.dumps(value, ensure_ascii=False)
        if len(indent) + len(line) <= _WIDTH and not _deep(value):
            return line
    inner = indent + "  "
    if isinstance(value, Mapping):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {compact(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + compact(item, inner) for item in value) + f"\n{indent}]"


def _deep(value: Any) -> bool:
    """Tell whether objects stand in objects of a value."""
    items = value.values() if isinstance(value, Mapping) else value
    return any(isinstance(item, Mapping) for item in items) and isinstance(value, Mapping)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


class _Row(dict[str, Any]):
    """What one key of a Mapping gives: written in one line."""


def _rows(template: dict[str, Any]) -> dict[str, Any]:
    mappings = template.get("Mappings", {})
    rows = {name: {key: _Row(values) for key, values in table.items()} for name, table in mappings.items()}
    return {**template, "Mappings": rows} if rows else template


def _spaced(text: str) -> str:
    """Return YAML with an empty line before each section and each resource."""
    lines: list[str] = []
    section = ""
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if line and not indent:
            section = line
        first_of_section = bool(lines) and lines[-1] == section
        starts = line.endswith(":") and indent == 2 and section == "Resources:" and not first_of_section
        if lines and line and ((not indent and line.endswith(":")) or starts):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _text(dumper: Any, data: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


def _mapping(dumper: Any, data: dict[str, Any]) -> Any:
    if len(data) == 1:
        (name, value), *_ = data.items()
        if name == "Ref":
            return dumper.represent_scalar("!Ref", value)
        if name.startswith(_LONG):
            return _short(dumper, name.removeprefix(_LONG), value)
    return _plain_mapping(dumper, data)


def _plain_mapping(dumper: Any, data: dict[str, Any]) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data)


def _row(dumper: Any, data: dict[str, Any]) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


def _short(dumper: Any, name: str, value: Any) -> Any:
    if name == "GetAtt" and isinstance(value, list):
        return dumper.represent_scalar("!GetAtt", ".".join(value))
    if isinstance(value, str):
        return dumper.represent_scalar(f"!{name}", value, style="|" if "\n" in value else None)
    if isinstance(value, list):
        flow = all(isinstance(item, str) or (isinstance(item, dict) and "Ref" in item) for item in value)
        return dumper.represent_sequence(f"!{name}", value, flow_style=flow)
    return dumper.represent_mapping(f"!{name}", value)
