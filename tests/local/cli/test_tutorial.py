"""The tutorial, done as it says: its files written, its commands typed, against a real server."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.local

TUTORIAL = Path(__file__).resolve().parents[3] / "docs" / "tutorial.md"
DEADLINE = 60.0


def section(text: str, number: int) -> str:
    return text.split(f"\n## {number}. ")[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def test_the_tutorial_can_be_done(tmp_path: Path) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    (tmp_path / "tutorial.py").write_text(blocks(section(text, 1), "python")[0])
    for name, code in zip(("train.py", "create_function.py"), blocks(section(text, 4), "python"), strict=True):
        (tmp_path / name).write_text(code)
    checks = "".join(blocks(section(text, 2), "console"))
    start, *rest = blocks(section(text, 4), "console")
    assert start.startswith("$ stepfunctions local start\n")
    commands = [line[2:] for line in (checks + "".join(rest)).splitlines() if line.startswith("$ ")]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STEPFUNCTIONS_"))}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    with subprocess.Popen(
        ["stepfunctions", "local", "start", "--port", "0"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert select.select([server.stdout], [], [], DEADLINE)[0], "the server printed nothing"
            assert server.stdout.readline().startswith("Ready: http://127.0.0.1:")
            done = subprocess.run(
                ["bash", "-e", "-u", "-c", "\n".join(commands)],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
        finally:
            server.terminate()
            assert server.wait(DEADLINE) == 0
    assert done.returncode == 0, done.stderr
    assert "tutorial.py:workflow: 0 errors, 0 warnings\n" in done.stdout
    assert '{\n  "mae": 11.0\n}\n' in done.stdout
    assert re.search(r"^SUCCEEDED .* retrain-route/first$", done.stdout, flags=re.M)
    assert "Stopped: http://127.0.0.1:" in done.stdout
    assert (tmp_path / "first.svg").read_text() != (tmp_path / "tutorial.svg").read_text()
    logs = (tmp_path / ".stepfunctions" / "lambda" / "logs" / "train").iterdir()
    assert any("training a model for JFK-LAX" in log.read_text() for log in logs)
