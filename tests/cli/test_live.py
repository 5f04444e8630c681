"""``run`` and ``executions watch`` on a real terminal: a live tree, and what is left when it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local

COMMAND = str(Path(sys.executable).with_name("stepfunctions"))
DEFINITION = {
    "StartAt": "Wait a bit",
    "States": {
        "Wait a bit": {"Type": "Wait", "Seconds": 1, "Next": "Double"},
        "Double": {"Type": "Pass", "Parameters": {"value.$": "States.MathAdd($.value, $.value)"}, "Next": "Enough?"},
        "Enough?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.value", "NumericGreaterThan": 10, "Next": "Done"}],
            "Default": "Too little",
        },
        "Done": {"Type": "Succeed"},
        "Too little": {"Type": "Fail", "Error": "TooLittle", "Cause": "it is not enough"},
    },
}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(cloud: LocalCloud, *arguments: str) -> tuple[int, str]:
    """Run a command with a pseudo-terminal as its standard error; its exit code and what was written there."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in {**os.environ, **cloud.env}.items() if name != "CI"}
    env.update(TERM="xterm-256color", COLUMNS="100", LINES="40")
    with subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=theirs, env=env) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        process.wait(60)
    return process.returncode, ESCAPES.sub("", written.decode())


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "double.asl.json"
    path.write_text(json.dumps(DEFINITION))
    return path


def test_a_run_is_drawn_while_it_runs_and_when_it_ended(cloud: LocalCloud, file: Path) -> None:
    given = ("--data-dir", str(cloud.data_dir), "--name", "good", "--input", '{"value": 7}')
    code, text = on_a_terminal(cloud, "run", str(file), *given)
    assert code == 0
    assert "● good  running" in text
    assert "● Wait a bit" in text
    last = text[text.rindex("✓ good") :]
    assert "✓ Done" in last
    assert "○ Too little" in last


def test_a_failed_run_says_how_to_see_it(cloud: LocalCloud, file: Path) -> None:
    given = ("--data-dir", str(cloud.data_dir), "--name", "bad", "--input", '{"value": 2}')
    code, text = on_a_terminal(cloud, "run", str(file), *given)
    assert code == 1
    assert "✕ Too little" in text
    assert "FAILED: TooLittle" in text
    assert "it is not enough" in text
    assert "stepfunctions report bad" in text
    code, text = on_a_terminal(cloud, "executions", "watch", "bad", "--data-dir", str(cloud.data_dir))
    assert code == 1
    assert "✕ bad  failed" in text
    assert "TooLittle" in text


def test_elsewhere_it_is_a_line_an_event(cloud: LocalCloud, file: Path) -> None:
    given = ["--data-dir", str(cloud.data_dir), "--name", "plain", "--input", '{"value": 7}']
    done = subprocess.run([COMMAND, "run", str(file), *given], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"value": 14}
    assert re.search(r"^\d\d:\d\d:\d\d SucceedStateEntered Done$", done.stderr, re.MULTILINE)
    watched = subprocess.run(
        [COMMAND, "executions", "watch", "plain", *given[:2], "--format", "jsonl"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(watched.stdout.splitlines()[-1])["type"] == "ExecutionSucceeded"
