"""Environments of their own for tools that are no dependency: made once, kept in the repository's folder."""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
_DEADLINE = 60.0


def run(
    *command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it wrote and its exit code."""
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=env,
        cwd=cwd,
        timeout=600,
        check=False,
        **more,
    )


def make_environment(folder: Path, *arguments: str | Path) -> None:
    """Make a virtual environment and install into it."""
    for command in (
        [sys.executable, "-m", "venv", "--clear", folder],
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments],
    ):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def tool_environment() -> Callable[..., Path]:
    """Return the folder of an environment ``.venv-<name>`` with packages, made when it is not there."""

    def get(name: str, *packages: str) -> Path:
        folder = ROOT / f".venv-{name}"
        ready = folder / ".ready"
        wanted = "\n".join(packages)
        with open(f"{folder}.lock", "w") as lock:  # of several processes one makes it
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists() or ready.read_text() != wanted:
                make_environment(folder, *packages)
                ready.write_text(wanted)
        return folder

    return get


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a user who has nothing of AWS set up and nothing of ours on the path."""
    home = tmp_path_factory.mktemp("home")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "STEPFUNCTIONS_", "COV_")) and name != "VIRTUAL_ENV"
    }
    return {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, bare_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A real server; the value is the environment that ``stepfunctions local env`` tells a shell to set."""
    cli = [sys.executable, "-c", "from stepfunctions.cli.main import main; main()", "local"]
    data = ["--data-dir", str(tmp_path_factory.mktemp("cloud") / "data")]
    process = subprocess.Popen(
        [*cli, "start", "--port", "0", *data], stdout=subprocess.PIPE, text=True, env=bare_environment
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], _DEADLINE)[0], "the server printed nothing"
        assert process.stdout.readline().startswith("Ready: http://127.0.0.1:")
        exports = run("sh", "-c", 'eval "$("$@")" && env', "sh", *cli, "env", *data, env=bare_environment)
        assert exports.returncode == 0, exports.stderr
        pairs = (line.partition("=") for line in exports.stdout.splitlines())
        yield {**bare_environment, **{name: value for name, _, value in pairs if name.startswith("AWS_")}}
    finally:
        process.terminate()
        code = process.wait(_DEADLINE)
        process.stdout.close()
    assert code == 0
