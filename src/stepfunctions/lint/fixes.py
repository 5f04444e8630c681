"""What can be mended without asking: deprecated forms, edited in the text so that the rest of it stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from stepfunctions.lint.checking import check_machine
from stepfunctions.lint.deprecated import DEPRECATED_ITERATOR, DEPRECATED_LAMBDA_ARN, DEPRECATED_MAP_PARAMETERS
from stepfunctions.lint.files import parsed
from stepfunctions.lint.finding import Finding
from stepfunctions.lint.positions import Positions
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.templates import is_template, machines_in, without_intrinsics
from stepfunctions.lint.texts import form_of, read_text

_NOT_PLAIN = ("Parameters", "ResultSelector", "ResultPath", "OutputPath")
_INVOKE = "arn:aws:states:::lambda:invoke"
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_YAML_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s,}\n]+")


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def fix_file(path: Path | str) -> int:
    """Mend what is mechanical in a definition's or a template's file; return how many findings were.

    ``Iterator`` becomes ``ItemProcessor``, ``Parameters`` of a Map ``ItemSelector``, and a Task with a function's ARN
    and no fields for its data calls ``lambda:invoke``. Definitions inside strings are left alone. Raises OSError.
    """
    file = Path(path)
    text = original = file.read_bytes().decode("utf-8", "surrogateescape")
    fixed = 0
    while True:
        edits = sorted(set(_edits(text, file.name)), reverse=True)
        if not edits:
            break
        for edit in edits:
            text = text[: edit.start] + edit.text + text[edit.end :]
        fixed += len(edits)
    if text != original:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return fixed


def _edits(text: str, name: str) -> Iterator[_Edit]:
    skipped = len(text) - len(text.removeprefix("\ufeff"))
    body = text[skipped:]
    form = form_of(body, name)
    read = read_text(body, form)
    if read.positions is None or not isinstance(read.value, dict):
        return
    found = [("", read.value)]
    if is_template(read.value):
        found = [
            (one.path, one.value)
            for one in machines_in(read.value)
            if one.member == "Definition" and isinstance(one.value, dict)
        ]
    for prefix, value in found:
        opaque: set[str] = set()
        document = without_intrinsics(value, "", opaque)
        machine, _ = parsed(document, frozenset(opaque) | read.opaque)
        if machine is None:
            continue
        positions = read.positions.below(prefix)
        for finding in check_machine(machine, document=document, rules=[rule for rule, _ in _FIXES]):
            fix = next(fix for rule, fix in _FIXES if rule.id == finding.rule)
            for edit in fix(body, positions, finding, form):
                yield _Edit(edit.start + skipped, edit.end + skipped, edit.text)


Fix = Callable[[str, Positions, Finding, str], Iterator[_Edit]]


def _renamed(to: str) -> Fix:
    """Return the fix that gives a member another name."""

    def fix(text: str, positions: Positions, finding: Finding, form: str) -> Iterator[_Edit]:
        place = positions.place(finding.path or "")
        key = (_JSON_STRING if form == "json" else re.compile(r"\"?\w+\"?")).match(text, place.key) if place else None
        if key is not None:
            yield _Edit(key.start(), key.end(), f'"{to}"' if key[0].startswith('"') else to)

    return fix


def _invoked(text: str, positions: Positions, finding: Finding, form: str) -> Iterator[_Edit]:
    """Call a function by the integration, where nothing else of the state has to change with it."""
    path = finding.path or ""
    state = path.rpartition("/")[0]
    place = positions.place(path)
    if place is None or any(positions.knows(f"{state}/{name}") for name in _NOT_PLAIN):
        return
    value = (_JSON_STRING if form == "json" else _YAML_VALUE).match(text, place.value)
    if value is None:
        return
    arn = json.loads(value[0]) if value[0].startswith('"') else value[0].strip("'")
    before = text[text.rfind("\n", 0, place.key) + 1 : place.key]
    own_line = not before.strip()
    between = f"\n{before}" if own_line else " "
    if form == "json":
        parts = [
            f'"{_INVOKE}"',
            f'"Parameters": {{"FunctionName": {json.dumps(arn)}, "Payload.$": "$"}}',
            '"OutputPath": "$.Payload"',
        ]
        yield _Edit(value.start(), value.end(), f",{between}".join(parts))
    else:
        parts = [_INVOKE, f'Parameters: {{FunctionName: "{arn}", Payload.$: $}}', "OutputPath: $.Payload"]
        yield _Edit(value.start(), value.end(), (between if own_line else ", ").join(parts))


_FIXES: tuple[tuple[Rule, Fix], ...] = (
    (DEPRECATED_ITERATOR, _renamed("ItemProcessor")),
    (DEPRECATED_MAP_PARAMETERS, _renamed("ItemSelector")),
    (DEPRECATED_LAMBDA_ARN, _invoked),
)
