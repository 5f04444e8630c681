"""What the corpus says of 2.3.0 is what 2.3.0 says: its programs run there, in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]
COMPAT = Path(__file__).resolve().parent.parent / "compat"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tool_environment: Callable[..., Path], bare_environment: dict[str, str]) -> Run:
    pins = [line for line in (COMPAT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    python = tool_environment("2.3.0", *pins) / "bin" / "python"

    def run_there(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *map(str, arguments)],
            env={**bare_environment, "SAGEMAKER_SUPPRESS_V2_WARNING": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run_there


def test_2_3_0_gives_what_is_recorded(run: Run) -> None:
    done = run(COMPAT / "record.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "2.3.0 gives what is recorded."


def test_2_3_0_has_the_names_that_are_recorded(run: Run, tmp_path: Path) -> None:
    done = run(shutil.copy(COMPAT / "record_names.py", tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "names.json").read_text() == (COMPAT / "names.json").read_text()
