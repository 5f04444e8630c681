"""State machines in templates of CloudFormation, SAM and CDK: where their definitions are, and what they say.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.lint.positions import Positions
from stepfunctions.lint.subject import Kind
from stepfunctions.lint.texts import INTRINSICS

TYPES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
_MEMBERS = ("Definition", "DefinitionString", "DefinitionUri", "DefinitionS3Location")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
TOKEN = "${Token}"
"""Stands for a value that is known when the template is deployed."""


@dataclass(frozen=True)
class Found:
    """A state machine of a template: its logical id, type, and the pointer and value of the member that defines it.

    ``member`` is None when it has none. ``substitutions``: names of DefinitionSubstitutions, None when a function
    makes them.
    """

    resource: str
    kind: Kind | None
    path: str
    member: str | None
    value: JSON = None
    substitutions: frozenset[str] | None = frozenset()


def is_template(document: JSON) -> bool:
    """Tell whether a document is a template and not a definition."""
    if not isinstance(document, dict) or "States" in document:
        return False
    return isinstance(document.get("Resources"), dict) or "AWSTemplateFormatVersion" in document


def machines_in(document: Mapping[str, Any]) -> Iterator[Found]:
    """Yield the state machines of a template."""
    resources = document.get("Resources")
    for name, resource in resources.items() if isinstance(resources, dict) else ():
        if not isinstance(resource, dict) or resource.get("Type") not in TYPES:
            continue
        properties = resource.get("Properties")
        given = properties if isinstance(properties, dict) else {}
        path = f"/Resources/{escape_pointer(name)}/Properties"
        member = next((one for one in _MEMBERS if one in given), None)
        kind = given.get("StateMachineType", given.get("Type", "STANDARD"))
        listed = given.get("DefinitionSubstitutions")
        substitutions = frozenset(listed if isinstance(listed, dict) else ())
        yield Found(
            resource=name,
            kind=kind if kind in ("STANDARD", "EXPRESS") else None,
            path=path if member is None else f"{path}/{member}",
            member=member,
            value=given.get(member) if member else None,
            substitutions=None if INTRINSICS & substitutions else substitutions,
        )


def without_intrinsics(value: JSON, path: str, opaque: set[str], top: bool = True) -> JSON:
    """Return a value with tokens for CloudFormation's functions; their pointers are added to ``opaque``."""
    if isinstance(value, dict):
        if len(value) == 1 and not top and next(iter(value)) in INTRINSICS:
            opaque.add(path)
            return TOKEN
        return {
            key: without_intrinsics(item, f"{path}/{escape_pointer(key)}", opaque, False) for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_intrinsics(item, f"{path}/{index}", opaque, False) for index, item in enumerate(value)]
    return value


@dataclass
class Pieces:
    """A text put together of strings of a file: each piece with the pointer and the offset where it stands there."""

    text: str = ""
    _starts: list[int] = field(default_factory=list)
    _places: list[tuple[str, int]] = field(default_factory=list)
    positions: Positions | None = None

    def add(self, text: str, path: str, offset: int = 0) -> None:
        """Add what begins at this character of a string of the file."""
        self._starts.append(len(self.text))
        self._places.append((path, offset))
        self.text += text

    def at(self, index: int) -> tuple[int, int]:
        """Return line and column in the file."""
        assert self.positions is not None
        if not self._starts:
            return self.positions.of("")
        number = max(0, bisect.bisect_right(self._starts, index) - 1)
        path, offset = self._places[number]
        return self.positions.inside(path, offset + index - self._starts[number])


def text_of(value: JSON, path: str, positions: Positions | None) -> Pieces | None:
    """Return the text that a DefinitionString is: a string, or Fn::Sub or Fn::Join of them. None: nobody can know."""
    pieces = Pieces(positions=positions)
    return pieces if _add(pieces, value, path) else None


def _add(pieces: Pieces, value: JSON, path: str) -> bool:
    if isinstance(value, str):
        pieces.add(value, path)
        return True
    if not isinstance(value, dict) or len(value) != 1:
        return False
    [(name, inner)] = value.items()
    below = path  # a short form has no member of its own in the file
    if name == "Fn::Sub":
        listed = isinstance(inner, list)
        text = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(text, str):
            _add_substituted(pieces, text, _first(pieces, below, name, "/0" if listed else ""))
            return True
    elif name == "Fn::Join" and isinstance(inner, list) and len(inner) == 2 and isinstance(inner[1], list):
        between, parts = inner
        where = _first(pieces, below, name, "/1")
        for index, part in enumerate(parts):
            if index and isinstance(between, str) and between:
                pieces.add(between, where)
            if not _add(pieces, part, f"{where}/{index}"):
                pieces.add(TOKEN, f"{where}/{index}")
        return True
    return False


def _first(pieces: Pieces, path: str, name: str, rest: str) -> str:
    """Return the pointer of what is inside a function, in its long form or, as YAML has it, in its short one."""
    long = f"{path}/{escape_pointer(name)}{rest}"
    return long if pieces.positions is None or pieces.positions.knows(long) else path + rest


def _add_substituted(pieces: Pieces, text: str, path: str) -> None:
    """Add the text of an Fn::Sub, in which ``${!name}`` stands for ``${name}``."""
    end = 0
    for found in _LITERAL.finditer(text):
        pieces.add(text[end : found.start()], path, end)
        pieces.add(f"${{{found[1]}}}", path, found.start())
        end = found.end()
    pieces.add(text[end:], path, end)
