"""Files under the rules: definitions and templates, with the findings at the lines of the user's own file."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.document import JSON
from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import DefinitionError
from stepfunctions.lint.checking import check_machine
from stepfunctions.lint.finding import ERROR, SEVERITIES, Finding
from stepfunctions.lint.forms import (
    DEFINED_ELSEWHERE,
    INVALID_JSON_DESCRIPTION,
    NO_DEFINITION,
    NO_STATE_MACHINE,
    SCHEMA_VALIDATION_FAILED,
    UNKNOWN_SUBSTITUTION,
)
from stepfunctions.lint.positions import Lines, Positions
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.rules import RULES
from stepfunctions.lint.subject import Kind
from stepfunctions.lint.templates import TOKEN, Found, is_template, machines_in, text_of, without_intrinsics
from stepfunctions.lint.texts import INTRINSICS, Text, at, form_of, read_text

_FITTING: tuple[JSON, ...] = (TOKEN, 1, True, "$.token", {}, [], "{% $token %}", "2026-01-01T00:00:00Z")
"""What is tried in the place of a value that is known when the template is deployed, until the form allows it."""
_TOKEN_NAMES = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def check_file(path: Path | str, *, kind: Kind | None = None, rules: Iterable[Rule] = RULES) -> list[Finding]:
    """Return what is wrong with a definition or a template (CloudFormation, SAM, CDK's output) in JSON or YAML.

    Findings have file, line and column. ``kind``: STANDARD or EXPRESS, of a definition; a template says it itself.
    ``rules``: by default all. Raises OSError when the file cannot be read; broken contents are findings.
    """
    chosen = tuple(rules)
    found = [replace(finding, file=finding.file or str(path)) for finding in _file(Path(path), kind, chosen)]
    return sorted(found, key=lambda one: (one.file != str(path), SEVERITIES.index(one.severity), one.line or 0))


def _file(path: Path, kind: Kind | None, rules: tuple[Rule, ...]) -> Iterator[Finding]:
    read = _read(path)
    if read.positions is None or not is_template(read.value):
        yield from _definition(read, read.opaque, kind, rules)
        return
    yield from read.problems
    assert isinstance(read.value, dict)
    machines = list(machines_in(read.value))
    for machine in machines:
        for finding in _machine(machine, read, path, rules):
            yield replace(finding, resource=machine.resource)
    if not machines:
        yield _placed(read.positions, NO_STATE_MACHINE.at("/Resources", "The template has no state machine."))


def _read(path: Path) -> Text:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        message = f"The file is not UTF-8 text: byte {error.start} cannot be read."
        wrong = at(Lines(before), len(before), INVALID_JSON_DESCRIPTION.at("", message))
        return Text(None, None, (wrong,))
    return read_text(text, form_of(text, path.name))


def _machine(found: Found, read: Text, file: Path, rules: tuple[Rule, ...]) -> Iterator[Finding]:
    """Check one state machine of a template."""
    positions = read.positions
    assert positions is not None
    target = _file_of(found, file)
    if found.member is None:
        message, hint = "The state machine has no definition.", "Write DefinitionString, Definition or DefinitionUri."
        yield _placed(positions, NO_DEFINITION.at(found.path, message, hint))
    elif target is not None:
        if not target.is_file():
            message = f"The file '{found.value}' is not there."
            yield _placed(positions, NO_DEFINITION.at(found.path, message, f"It would be {target}."))
            return
        other = _read(target)
        for finding in (*_definition(other, other.opaque, found.kind, rules), *_unknown(found, other)):
            yield replace(finding, file=str(target))
    elif found.member == "Definition" and isinstance(found.value, dict) and not INTRINSICS & found.value.keys():
        opaque: set[str] = set()
        value = without_intrinsics(found.value, "", opaque)
        inner = Text(value, positions.below(found.path))
        yield from _definition(inner, frozenset(opaque), found.kind, rules)
        yield from _unknown(found, inner)
    else:
        pieces = text_of(found.value, found.path, positions) if found.member == "DefinitionString" else None
        if pieces is None:
            message = "The definition is not in this file, and is not looked at."
            yield _placed(positions, DEFINED_ELSEWHERE.at(found.path, message))
            return
        inner = read_text(pieces.text, form_of(pieces.text), pieces)
        yield from _definition(inner, inner.opaque, found.kind, rules)
        if isinstance(found.value, str):
            yield from _unknown(found, inner)


def _file_of(found: Found, template: Path) -> Path | None:
    """Return the file that a template names; CDK puts that of a location in S3 beside its template as an asset."""
    value = found.value
    if found.member == "DefinitionUri" and isinstance(value, str) and not value.startswith("s3://"):
        return template.parent / value
    if found.member == "DefinitionS3Location" and isinstance(value, dict) and isinstance(value.get("Key"), str):
        asset = template.parent / f"asset.{value['Key']}"
        return asset if asset.is_file() else None
    return None


def _definition(read: Text, opaque: frozenset[str], kind: Kind | None, rules: tuple[Rule, ...]) -> Iterator[Finding]:
    yield from read.problems
    if read.positions is None or any(finding.severity == ERROR for finding in read.problems):
        return
    machine, problems = parsed(read.value, opaque)
    checked = problems if machine is None else check_machine(machine, document=read.value, kind=kind, rules=rules)
    for finding in checked:
        if finding.path not in opaque:
            yield _placed(read.positions, finding)


def parsed(document: JSON, opaque: frozenset[str]) -> tuple[StateMachine | None, list[Finding]]:
    """Read a definition; values that nobody knows yet become what their place takes."""
    if not isinstance(document, dict):
        message = "The definition must be a JSON object."
        return None, [SCHEMA_VALIDATION_FAILED.at("", message)]
    tried = dict.fromkeys(opaque, 0)
    given = copy.deepcopy(document) if opaque else document
    while True:
        try:
            return parse(given), []
        except DefinitionError as error:
            again = False
            for problem in error.problems:
                path = problem.path or ""
                if path in tried and tried[path] < len(_FITTING):
                    _put(given, path, _FITTING[tried[path]])
                    tried[path] += 1
                    again = True
            if not again:
                return None, [Finding.of(problem) for problem in error.problems if problem.path not in opaque]


def _put(document: Any, pointer: str, value: JSON) -> None:
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for key in keys[:-1]:
        document = document[int(key) if isinstance(document, list) else key]
    document[int(keys[-1]) if isinstance(document, list) else keys[-1]] = copy.deepcopy(value)


def _unknown(found: Found, read: Text) -> Iterator[Finding]:
    """Find ``${Tokens}`` that DefinitionSubstitutions does not have."""
    if read.positions is None or found.substitutions is None:
        return
    waiting: list[tuple[str, JSON]] = [("", read.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}/{key.replace('~', '~0').replace('/', '~1')}", one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}/{index}", one) for index, one in enumerate(value)]
        elif isinstance(value, str) and value != TOKEN:
            for token in _TOKEN_NAMES.finditer(value):
                if token[1] not in found.substitutions:
                    message = f"DefinitionSubstitutions has no '{token[1]}': the text stays as it is."
                    note = UNKNOWN_SUBSTITUTION.at(path, message, "Add it.", offset=token.start())
                    yield _placed(read.positions, note)


def _placed(positions: Positions, finding: Finding) -> Finding:
    if finding.line is not None:
        return finding
    if finding.offset is not None and finding.path is not None:
        line, column = positions.inside(finding.path, finding.offset)
    else:
        line, column = positions.of(finding.path)
    return replace(finding, line=line, column=column)
