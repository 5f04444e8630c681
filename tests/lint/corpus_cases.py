"""The definitions of ``corpus/``: as files, with what lint has to say of each.

A case has the text of a file (``json``, ``yaml``, ``template``, ``template_json``) or, shorter, only the ``states`` of
a YAML definition whose first state is the start (``query``: the machine's QueryLanguage). ``«1»`` in a text is no part
of it: the first expected finding stands there. ``variants`` are texts that stand for ``<x>``, one case each.
``expect`` has ``RULE severity /path`` (``-``: no path), with ``@line:column`` where no mark can stand.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml

FOLDER = Path(__file__).parent / "corpus"
NAMES = {"json": "case.asl.json", "yaml": "case.asl.yaml", "template": "template.yaml", "template_json": "t.json"}
_KEY = re.compile('"[^"]*"|[^:]+')
_MARK = re.compile("«([0-9])»")

Expected: TypeAlias = tuple[str, str, str | None, int | None, int | None]
"""Rule, severity, path, line, column."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file, or a few: the first is the one to check."""

    name: str
    page: str
    files: dict[str, str]
    kind: Literal["STANDARD", "EXPRESS"] | None
    expected: tuple[Expected, ...]

    def write(self, folder: Path) -> Path:
        """Write the files and return the first one's path."""
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder / next(iter(self.files))


def corpus(which: str) -> list[Case]:
    """The cases of ``valid`` or ``invalid``."""
    return [case for file in sorted((FOLDER / which).glob("*.yaml")) for case in _cases(file)]


def _cases(file: Path) -> Iterator[Case]:
    topic = yaml.safe_load(file.read_text(encoding="utf-8"))
    for given in topic["cases"]:
        for variant, text in given.get("variants", {"": ""}).items():
            name = f"{file.stem}/{given['name']}" + (f"/{variant}" if variant else "")
            yield _case(name, given.get("page", topic["page"]), given, str(text))


def _case(name: str, page: str, given: dict[str, Any], variant: str) -> Case:
    texts = {name: text.replace("<x>", variant) for name, text in _texts(given, variant).items()}
    marks: dict[int, tuple[int, int]] = {}
    files = {}
    for file, text in texts.items():
        files[file] = _MARK.sub("", text)
        for line, content in enumerate(text.split("\n"), 1):
            for mark in _MARK.finditer(content):
                marks[int(mark[1])] = line, len(_MARK.sub("", content[: mark.start()])) + 1
    expected = (_expected(said, marks.get(index)) for index, said in enumerate(given.get("expect", ()), 1))
    return Case(name=name, page=page, files=files, kind=given.get("type"), expected=tuple(expected))


def _texts(given: dict[str, Any], variant: str) -> dict[str, str]:
    """The texts of a case's files, with their marks."""
    if "states" in given:
        start = _MARK.sub("", given["states"].split("\n")[0]).replace("<x>", variant)
        first = _KEY.match(start)
        head = f"QueryLanguage: {given['query']}\n" if "query" in given else ""
        states = textwrap.indent(given["states"], "  ")
        return {NAMES["yaml"]: f"StartAt: {first[0] if first else ''}\n{head}States:\n{states}"}
    form = next(form for form in NAMES if form in given)
    return {NAMES[form]: given[form], **given.get("files", {})}


def _expected(said: str, mark: tuple[int, int] | None) -> Expected:
    rule, severity, path = said.split(" ", 2)
    path, _, place = path.partition(" @")
    if place:
        line, column = place.split(":")
        mark = int(line), int(column)
    return rule, severity, {"-": None, "/": ""}.get(path, path), *(mark or (None, None))
