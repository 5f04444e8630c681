"""Texts of definitions and templates: their values, where they stand, and what makes them unreadable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from stepfunctions.asl.codec import loads, on_every_python
from stepfunctions.asl.document import JSON
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.errors import DefinitionError, Problem
from stepfunctions.lint.finding import ERROR, Finding
from stepfunctions.lint.forms import DUPLICATE_KEY, INVALID_YAML_DESCRIPTION, UNKNOWN_TAG
from stepfunctions.lint.positions import DEEPEST, MERGE, Lines, Positions, Source, composed, merged

INTRINSICS = frozenset(
    ("Ref", "Condition", *(f"Fn::{name}" for name in (
        "And", "Base64", "Cidr", "Contains", "Equals", "FindInMap", "ForEach", "GetAtt", "GetAZs", "If", "ImportValue",
        "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform",
    )))
)  # fmt: skip
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html"""
_UNQUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{[^}"\n]*\}', re.DOTALL)
_YAML = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Text:
    """A text that was read. ``value`` is None when it could not be; ``opaque``: pointers of ``${Tokens}`` unquoted."""

    value: JSON
    positions: Positions | None
    problems: tuple[Finding, ...] = ()
    opaque: frozenset[str] = frozenset()


def read_text(text: str, form: str, source: Source | None = None) -> Text:
    """Read JSON or YAML (``form``). ``source`` knows where the characters stand in the user's file."""
    where = source or Lines(text)
    return _json(text, where) if form == "json" else _yaml(text, where)


def form_of(text: str, name: str = "") -> str:
    """Return ``json`` or ``yaml``: what a file's name ends with, else what its text begins with."""
    if name.lower().endswith((".yaml", ".yml")):
        return "yaml"
    return "json" if name.lower().endswith(".json") or text.lstrip().startswith(("{", "[")) else "yaml"


def at(source: Source, index: int, finding: Finding) -> Finding:
    """Return a finding with the line and column of a character."""
    line, column = source.at(index)
    return replace(finding, line=line, column=column)


def _json(text: str, source: Source) -> Text:
    readable, tokens = _with_numbers(text)
    try:
        value = loads(readable)
    except DefinitionError as error:
        return _unreadable(readable, error, source)
    positions = Positions(readable, "json", source)
    return Text(value, positions, opaque=positions.beginning_at(tokens) if tokens else frozenset())


def _with_numbers(text: str) -> tuple[str, frozenset[int]]:
    """Return a JSON text with numbers in the place of ``${Tokens}`` outside strings, and where they stand."""
    found: set[int] = set()

    def number(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return match[0]
        found.add(match.start())
        return "1".ljust(len(match[0]))

    return (_UNQUOTED.sub(number, text), frozenset(found)) if "${" in text else (text, frozenset())


def _unreadable(text: str, error: DefinitionError, source: Source) -> Text:
    """Return why a JSON text cannot be read, at the character where that is clear, else at the value."""
    try:
        json.loads(text)
    except json.JSONDecodeError as wrong:
        index = on_every_python(wrong).pos
        return Text(None, None, tuple(at(source, index, Finding.of(one)) for one in error.problems))
    except (RecursionError, ValueError):
        return Text(None, None, tuple(at(source, 0, Finding.of(one)) for one in error.problems))
    nan = re.search(r'(?<!["\w])-?(?:NaN|Infinity)(?!["\w])', text)
    if nan is not None and not any(one.path for one in error.problems):
        return Text(None, None, tuple(at(source, nan.start(), Finding.of(one)) for one in error.problems))
    try:
        positions = Positions(text, "json", source)
    except RecursionError:
        return Text(None, None, tuple(at(source, 0, Finding.of(one)) for one in error.problems))
    found = []
    for problem in error.problems:
        line, column = positions.of(problem.path)
        found.append(replace(Finding.of(problem), line=line, column=column))
    return Text(None, None, tuple(found))


def _yaml(text: str, source: Source) -> Text:
    import yaml

    def failed(message: str, index: int = 0, hint: str = "") -> Text:
        return Text(None, None, (at(source, index, INVALID_YAML_DESCRIPTION.at("", message, hint)),))

    try:
        root = composed(text)
        positions = Positions(text, "yaml", source)
        reader = _Nodes(source)
        value = reader.value(root, "", 0) if root is not None else None
    except RecursionError:
        return failed("The text is nested too deeply.")
    except DefinitionError as error:
        return Text(None, None, tuple(at(source, 0, Finding.of(problem)) for problem in error.problems))
    except yaml.YAMLError as error:
        if isinstance(error, yaml.reader.ReaderError):
            said = f"The text is not YAML: it has the character U+{error.character:04X}."
            return failed(said, max(0, text.find(chr(error.character))))
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        hint = "Indent with spaces." if "\\t" in what or "tab" in what else ""
        return failed(f"The text is not YAML: {what}.", mark.index if mark is not None else 0, hint)
    wrong = any(finding.severity == ERROR for finding in reader.problems)
    return Text(None if wrong else value, positions, tuple(reader.problems))


class _Nodes:
    """Makes values of YAML nodes: what JSON can say, and CloudFormation's functions in their long form."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Finding] = []
        self._source = source
        self._values = 0

    def value(self, node: Any, path: str, depth: int) -> JSON:
        """Return a node's value. Raises DefinitionError for one that is too deep or too large."""
        self._values += 1
        if depth > DEEPEST:
            raise RecursionError
        if self._values > 1_000_000:
            said = "The text has more than 1,000,000 values, aliases followed."
            raise DefinitionError([Problem(path="", message=said, code="INVALID_YAML_DESCRIPTION")])
        if node.tag.startswith("!") and node.tag != "!":
            return self._tagged(node, path, depth)
        if node.tag.startswith(f"{_YAML}python/"):
            message = "Tags of Python have no value in JSON."
            self._tell(node, INVALID_YAML_DESCRIPTION.at(path, message, "Write the value itself."))
        return self._untagged(node, path, depth)

    def _untagged(self, node: Any, path: str, depth: int) -> JSON:
        if node.id == "mapping":
            return self._mapping(node, path, depth)
        if node.id == "sequence":
            return [self.value(one, f"{path}/{index}", depth + 1) for index, one in enumerate(node.value)]
        return _scalar(node)

    def _tagged(self, node: Any, path: str, depth: int) -> JSON:
        short = node.tag[1:]
        name = short if short in ("Ref", "Condition") else f"Fn::{short}"
        inner = node.value if node.id == "scalar" else self._untagged(node, path, depth + 1)
        if name not in INTRINSICS:
            message = f"The tag {node.tag} is no function of CloudFormation."
            self._tell(node, UNKNOWN_TAG.at(path, message, "Its value is not looked at."))
            name = "Fn::Transform"
        if name == "Fn::GetAtt" and isinstance(inner, str):
            inner = inner.split(".", 1)
        return {name: inner}

    def _mapping(self, node: Any, path: str, depth: int) -> dict[str, JSON]:
        made: dict[str, JSON] = {}
        own: set[str] = set()
        for key, value in node.value:
            if key.tag == MERGE:
                for one in merged(value):
                    found = self.value(one, path, depth + 1)
                    made = {**(found if isinstance(found, dict) else {}), **made}
                continue
            name = _scalar(key) if key.id == "scalar" else None
            if not isinstance(name, str):
                message = f"The key {key.value if key.id == 'scalar' else 'here'} must be a string."
                hint = "Write it in quotation marks."
                self._tell(key, INVALID_YAML_DESCRIPTION.at(path, message, hint))
                continue
            where = f"{path}/{escape_pointer(name)}"
            if name in own:
                self._tell(key, DUPLICATE_KEY.at(where, f"The key '{name}' is written more than once.", "Rename one."))
            own.add(name)
            made[name] = self.value(value, where, depth + 1)
        return made

    def _tell(self, node: Any, finding: Finding) -> None:
        self.problems.append(at(self._source, node.start_mark.index, finding))


def _scalar(node: Any) -> JSON:
    make = _makers().get(node.tag.removeprefix(_YAML))
    if make is None:  # text; dates are texts too
        return node.value
    try:
        return make(node)
    except ValueError:
        return node.value


@cache
def _makers() -> Mapping[str, Callable[[Any], JSON]]:
    import yaml

    safe = yaml.constructor.SafeConstructor()
    return {
        "bool": safe.construct_yaml_bool,
        "float": safe.construct_yaml_float,
        "int": safe.construct_yaml_int,
        "null": safe.construct_yaml_null,
    }
