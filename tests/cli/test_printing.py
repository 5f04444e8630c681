"""What commands print of other people's text steers no terminal; as JSON it means what it meant."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

import stepfunctions.cli
from stepfunctions.cli import main, printing
from stepfunctions.local import leftovers
from stepfunctions.runtime.inprocess import LocalClient

CLEAR = "\x1b[2J\x1b]0;title\x07\x9b2J\u202e"
STEERS = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
NAME = f"Give up{CLEAR}"
CAUSE = f"first{CLEAR}\nstatus:        SUCCEEDED"
DEFINITION = {"StartAt": NAME, "States": {NAME: {"Type": "Fail", "Error": f"Bad{CLEAR}", "Cause": CAUSE}}}
WRONG = {"StartAt": NAME, "States": {NAME: {"Type": f"Nothing{CLEAR}"}, f"Never{CLEAR}": {"Type": "Succeed"}}}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> LocalClient:
    made = LocalClient({})
    role = "arn:aws:iam::123456789012:role/r"
    machine = made.create_state_machine(name="machine", definition=json.dumps(DEFINITION), roleArn=role)
    given = json.dumps({"text": CLEAR}, ensure_ascii=False)
    made.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input=given)
    made.run_until_idle()

    @contextmanager
    def own(*_: Any) -> Iterator[LocalClient]:
        yield made

    for module in ("executions", "graph", "report", "run"):
        found = importlib.import_module(f"stepfunctions.cli.{module}")
        for what, stands in (("client_of", lambda *_: made), ("client_or_own_cloud", own)):
            if hasattr(found, what):
                monkeypatch.setattr(found, what, stands)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, definition in (("machine", DEFINITION), ("wrong", WRONG)):
        (tmp_path / f"{name}.asl.json").write_text(json.dumps(definition), encoding="utf-8")
    return tmp_path


def printed(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main.run(list(arguments))
    return code, *capfd.readouterr()


def steers(text: str) -> set[str]:
    return set(text.replace("\n", "")) & STEERS


COMMANDS = [
    ("executions", "show", "e"),
    ("executions", "show", "e\x1b[2J"),
    ("executions", "list"),
    ("executions", "watch", "e"),
    ("graph", "DIR/machine.asl.json", "--execution", "e"),
    ("graph", "DIR/machine.asl.json\x1b[2J"),
    ("graph", "DIR/wrong.asl.json"),
    ("validate", "DIR/wrong.asl.json"),
    ("validate", "DIR/wrong.asl.json", "--format", "github"),
    ("run", "DIR/wrong.asl.json"),
    ("run", "DIR/machine.asl.json", "--name", "again"),
    ("iam", "DIR/machine.asl.json", "--format", "policy"),
    ("estimate", "DIR/machine.asl.json"),
    ("export", "cloudformation", "DIR/machine.asl.json", "--format", "json"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("client")
def test_no_command_steers_the_terminal(
    arguments: tuple[str, ...], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out, err = printed(capfd, *(one.replace("DIR", str(folder)) for one in arguments))
    assert code in (0, 1, 2)
    assert out + err
    assert "Traceback" not in err
    assert "fault of stepfunctions" not in err
    assert steers(out + err) == set()


def test_the_lines_of_a_log_steer_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "job.log"
    log.write_bytes(f"one{CLEAR}\n\x1b[31mred\x1b[0m\n50%\r100%\nlast".encode() + b"\xff\xc3\x28")
    monkeypatch.setattr(leftovers, "logs", lambda _: {"job": [log]})
    code, out, err = printed(capfd, "local", "logs", "job", "--data-dir", str(tmp_path))
    assert (code, err) == (0, "")
    assert steers(out) == set()
    assert out.splitlines()[1:4] == ["red", "50%", "100%"]
    assert out.startswith("one\ufffd]0;title")


@pytest.mark.usefixtures("client")
def test_a_cause_is_no_line_of_the_commands_own(capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = printed(capfd, "executions", "show", "e")
    assert [line for line in out.splitlines() if line.startswith("status:")] == ["status:        FAILED"]
    assert "               status:        SUCCEEDED" in out
    _, _, err = printed(capfd, "executions", "watch", "e")
    assert not any(line.startswith("status:") for line in err.splitlines())


@pytest.mark.parametrize("arguments", [("executions", "show", "e"), ("executions", "list")], ids=" ".join)
@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.usefixtures("client")
def test_json_is_ascii_and_means_the_same(
    arguments: tuple[str, ...], form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = printed(capfd, *arguments, "--format", form)
    assert out.isascii()
    assert steers(out) == set()
    values = [json.loads(out)] if form == "json" else [json.loads(line) for line in out.splitlines()]
    if arguments[1] == "show":
        events = values[0]["events"] if form == "json" else values
        assert events[-1]["executionFailedEventDetails"]["cause"] == CAUSE


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_findings_as_json_have_letters_as_they_are_and_escapes_for_the_rest(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = f"Zürich {CLEAR}\x7f"
    path = tmp_path / "machine.asl.json"
    path.write_text(json.dumps({"StartAt": name, "States": {name: {"Type": "Nothing"}}}), encoding="utf-8")
    _, out, _ = printed(capfd, "validate", str(path), "--format", form)
    assert "Zürich" in out
    assert steers(out) == set()
    values = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
    assert any(name in value["path"] for value in values if value["path"])


def test_a_letter_that_a_stream_does_not_have_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        printing.say("✓ Zürich \ud800")
        printing.say_json({"city": "Zürich", "half": "\ud800"}, ascii_only=False)
        stream.seek(0)
        assert stream.read() == '? Z?rich ?\n{"city": "Z\\u00fcrich", "half": "\\ud800"}\n'


def test_colours_of_the_commands_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(click, "echo", lambda text, **_: said.append(text))
    printing.say("a: ", ("\x1b[2Jerror", "red"), " b\x1b[0m")
    assert said == ["a: \x1b[31merror\x1b[0m b"]


def test_everything_is_printed_in_one_place() -> None:
    folder = Path(stepfunctions.cli.__file__).parent
    for path in sorted(folder.glob("*.py")):
        if path.name == "printing.py":
            continue
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {ast.unparse(call) for call in calls}
        assert not names & {"click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write"}, path.name
