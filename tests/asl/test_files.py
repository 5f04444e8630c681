"""Definitions in files: JSON and YAML give the same, and what is neither is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions import asl
from stepfunctions.asl.files import read_definition
from stepfunctions.errors import DefinitionError

DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Timestamp": "2026-01-02T03:04:05Z", "End": True}}}
YAML = """\
# a comment
StartAt: A
States:
  A:
    Type: Wait
    Timestamp: 2026-01-02T03:04:05Z
    End: true
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(DEFINITION)),
        ("a.asl", json.dumps(DEFINITION)),
        ("a.asl.json", json.dumps(DEFINITION)),
        ("a.yaml", YAML),
        ("a.YML", YAML),
        ("a.yml", json.dumps(DEFINITION)),
        ("bom.json", b"\xef\xbb\xbf" + json.dumps(DEFINITION).encode()),
        ("bom.yaml", b"\xef\xbb\xbf" + YAML.encode()),
    ],
)
def test_json_and_yaml_give_the_same(tmp_path: Path, name: str, text: str | bytes) -> None:
    assert read_definition(write(tmp_path, name, text)) == DEFINITION


def test_a_part_of_a_yaml_file_may_be_shared(tmp_path: Path) -> None:
    shared = read_definition(
        write(tmp_path, "a.yaml", "a: &retry\n- {ErrorEquals: [States.ALL]}\nb: *retry\nc: {<<: {x: 1}, y: 2}\n")
    )
    assert shared["a"] == shared["b"]
    assert shared["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"a": 1,}', "line 1"),
        ("a.json", '{"a": 1, "a": 2}', "'a'"),
        ("a.json", "[1]", "object"),
        ("a.json", b"\xff\xfe{}", "is not UTF-8 text: byte 0 cannot be read"),
        ("a.yaml", "a: [1", "The definition is not YAML: "),
        ("a.yaml", "a: 1\nb: 2\na: 3\n", "The key 'a' is written more than once, the second time at line 3, column 1."),
        ("a.yaml", "a:\n  - b: 1\n    b: 2\n", "at line 3, column 5"),
        ("a.yaml", "1: x\n", "The key 1 at line 1, column 1 must be a string. Write it in quotation marks."),
        ("a.yaml", "on: x\n", "must be a string"),
        ("a.yaml", "? [1, 2]\n: x\n", "must be a string"),
        ("a.yaml", "a: !Sub '${x}'\n", "'!Sub' at line 1, column 4"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "at line 2"),
        ("a.yaml", "a: \x00\n", "The definition is not YAML: "),
        ("a.yaml", "", "must be a YAML mapping"),
        ("a.yaml", "- a\n", "must be a YAML mapping"),
        ("a.yaml", "a: " + "[" * 3000, "nested too deeply"),
    ],
)
def test_what_is_no_definition_is_told_with_its_place(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_definition(write(tmp_path, name, text))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (".nan", "nan is no number of JSON"),
        ("!!binary aGk=", "cannot be written as JSON"),
        ("&a {b: *a}", "has an alias inside of what it names"),
    ],
)
def test_what_yaml_has_and_json_has_not_is_refused_when_it_is_read(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        asl.parse(read_definition(write(tmp_path, "a.yaml", f"StartAt: {value}\n")))
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_definition(tmp_path / "none.json")
    with pytest.raises(IsADirectoryError):
        read_definition(tmp_path)


@pytest.mark.parametrize("result", ["&r [*r, *r]", "&r {a: {b: *r}}"])
def test_an_alias_inside_of_what_it_names_is_refused(tmp_path: Path, result: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"StartAt: A\nStates: {{A: {{Type: Pass, End: true, Result: {result}}}}}\n")
    with pytest.raises(DefinitionError, match="has an alias inside of what it names"):
        read_definition(path)


def test_an_alias_beside_what_it_names_is_no_loop(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("StartAt: A\nStates: {A: {Type: Pass, End: true, Result: [&r [1], *r, {a: *r}]}}\n")
    assert read_definition(path)["States"]["A"]["Result"] == [[1], [1], {"a": [1]}]
