"""The old ``stepfunctions`` 2.3.0 drives the local server with its own ``Workflow``, in an environment of its own."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.local, pytest.mark.timeout(900)]
HERE = Path(__file__).resolve().parent
HANDLER = "def handler(event, context):\n    return {'doubled': event['n'] * 2}\n"


def _function(folder: Path) -> Path:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("app.py", HANDLER)
    path = folder / "app.zip"
    path.write_bytes(archive.getvalue())
    return path


def test_a_program_of_2019(tool_environment: Callable[..., Path], local_cloud: dict[str, str], tmp_path: Path) -> None:
    requirements = (HERE.parent / "compat" / "requirements.txt").read_text().splitlines()
    python = tool_environment("2.3.0", *[line for line in requirements if not line.startswith("#")]) / "bin" / "python"
    program = shutil.copy(HERE / "old_workflow.py", tmp_path)  # beside nothing of ours
    done = subprocess.run(
        [str(python), str(program), str(_function(tmp_path))],
        env=local_cloud,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "good": {"large": True},
        "bad": "FAILED",
        "events": [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ],
        "executions": ["bad", "good"],
        "workflows": ["old"],
        "attached": "old",
        "stopped": "ABORTED",
    }
