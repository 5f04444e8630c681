"""What is built is the package, the whole package and nothing else; and the core works where only the core is."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parent.parent.parent

PROGRAM = '''
"""What a user writes, checked strictly."""
from __future__ import annotations

from typing import Any

import stepfunctions
from stepfunctions import asl
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Catch, Chain, Choice, ChoiceRule, Fail, Graph, LambdaStep, Map, Pass, Retry, Succeed
from stepfunctions.workflow import Execution, Workflow


def build(limit: float) -> Graph:
    given = ExecutionInput(schema={"week": int})
    failed = Fail("Failed", error="TooBad")
    train = LambdaStep("Train", parameters={"FunctionName": "train", "Payload": {"week": given["week"]}},
                       retry=Retry(error_equals=["States.TaskFailed"], max_attempts=2), timeout_seconds=60,
                       catch=[Catch(failed, error_equals=["States.ALL"], result_path="$.error")])
    good = Choice("Good?")
    good.add_choice(ChoiceRule.NumericLessThan("$.Payload.mae", limit), Succeed("Done"))
    good.default_choice(failed)
    each = Map("Each", iterator=Pass("One"), items_path="$.items", max_concurrency=2)
    return Graph(Chain([each, train, good]), comment="typed")


def names(machine: asl.StateMachine) -> list[str]:
    return [found.name for found in asl.walk(machine)]


def main() -> None:
    stepfunctions.set_stream_logger()
    definition = build(5.0)
    assert names(definition.to_machine()) == ["Each", "Train", "Good?", "Failed", "Done", "One"]
    workflow = Workflow("typed", definition, role="arn:aws:iam::123456789012:role/x")
    mocks: dict[str, Any] = {"Train": {"Payload": {"mae": 4.0}}}
    execution: Execution = workflow.run({"items": [1, 2], "week": 39}, mocks=mocks)
    print(execution.get_output(wait=True))


main()
'''
WRONG = """
from stepfunctions.steps import Map, Pass, Task

Pass("p", reslt=1)
Task("t", resource="r", timeout_seconds=[1])
Pass("p").next("q")
Map("m", max_concurency=2)
"""


def run(
    *command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, check=False, env=env, cwd=cwd
    )


def _must(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tool_environment: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a wheel and a source archive, built by the back end of pyproject.toml without isolation."""
    python = tool_environment("build", "hatchling>=1.25") / "bin" / "python"
    out = tmp_path_factory.mktemp("dist")
    _must(run(python, "-m", "hatchling", "build", "-t", "sdist", "-d", out, cwd=ROOT))
    _must(
        run(
            python,
            "-m",
            "pip",
            "wheel",
            ROOT,
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--quiet",
            "--wheel-dir",
            out,
        )
    )
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("stepfunctions_sdk-*-py3-none-any.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what its metadata asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("core") / "venv"
    _must(run(sys.executable, "-m", "venv", folder))
    _must(
        run(
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--constraint",
            ROOT / "requirements.lock",
            wheel,
        )
    )
    return folder


def _sources() -> set[str]:
    return {
        f"stepfunctions/{path.relative_to(ROOT / 'src' / 'stepfunctions')}"
        for path in (ROOT / "src" / "stepfunctions").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        metadata = archive.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
    package = {name for name in names if ".dist-info/" not in name}
    assert package == _sources()
    assert "stepfunctions/py.typed" in package
    assert {name.rpartition("/")[2] for name in names - package} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "LICENSE",
    }
    assert "Requires-Dist: httptools" in metadata
    assert all("extra ==" in line for line in metadata.splitlines() if line.startswith("Requires-Dist: httptools"))


def test_the_source_archive_builds_the_same_wheel(
    built: Path, wheel: Path, tmp_path: Path, tool_environment: Callable[..., Path]
) -> None:
    (source,) = built.glob("stepfunctions_sdk-*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "src/stepfunctions/py.typed"} <= names
    assert not [
        name
        for name in names
        if name.startswith((".venv", ".git/", ".stepfunctions", ".hypothesis")) or "__pycache__" in name
    ]
    python = tool_environment("build", "hatchling>=1.25") / "bin" / "python"
    _must(
        run(
            python,
            "-m",
            "pip",
            "wheel",
            source,
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--quiet",
            "--wheel-dir",
            tmp_path,
        )
    )
    with zipfile.ZipFile(tmp_path / wheel.name) as again, zipfile.ZipFile(wheel) as first:
        assert {item.filename: item.CRC for item in again.infolist()} == {
            item.filename: item.CRC for item in first.infolist()
        }


def test_the_core_works_without_the_extras(installed: Path, bare_environment: dict[str, str], tmp_path: Path) -> None:
    strict = {**bare_environment, "PYTHONWARNINGS": "error"}
    python, command = installed / "bin" / "python", installed / "bin" / "stepfunctions"
    absent = "import importlib.util as u; print([n for n in ('httptools', 'pandas') if u.find_spec(n)])"
    assert _must(run(python, "-c", absent, cwd=tmp_path)).strip() == "[]"
    for module in ("stepfunctions", "stepfunctions.steps", "stepfunctions.workflow", "stepfunctions.lint"):
        _must(run(python, "-c", f"import {module}", env=strict, cwd=tmp_path))
    assert "validate" in _must(run(command, "--help", env=strict, cwd=tmp_path))
    assert "start" in _must(run(command, "local", "--help", env=strict, cwd=tmp_path))
    version = _must(run(python, "-c", "import stepfunctions; print(stepfunctions.__version__)", cwd=tmp_path)).strip()
    assert version in _must(run(command, "--version", env=strict, cwd=tmp_path))
    good, bad = tmp_path / "good.asl.json", tmp_path / "bad.asl.json"
    good.write_text(json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}))
    bad.write_text(json.dumps({"StartAt": "T", "States": {"S": {"Type": "Succeed"}}}))
    _must(run(command, "validate", good, env=strict, cwd=tmp_path))
    refused = run(command, "validate", bad, env=strict, cwd=tmp_path)
    assert refused.returncode == 1
    assert "/StartAt" in refused.stdout + refused.stderr


def test_the_server_says_in_one_line_what_to_install(
    installed: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(
        installed / "bin" / "stepfunctions",
        "local",
        "start",
        "--port",
        "0",
        "--data-dir",
        tmp_path / "data",
        env=bare_environment,
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "pip install 'stepfunctions-sdk[local]'" in line
    assert not (tmp_path / "data").exists()


def test_a_typed_program_is_checked_against_the_installed_package(
    installed: Path, bare_environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    python = installed / "bin" / "python"
    mypy: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        python,
        "--config-file",
        "/dev/null",
    ]
    done = run(*mypy, "program.py", env=bare_environment, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = run(*mypy, "wrong.py", env=bare_environment, cwd=tmp_path)
    assert [line.split(":")[1] for line in wrong.stdout.splitlines() if ": error:" in line] == ["4", "5", "6", "7"], (
        wrong.stdout
    )
    ran = run(
        python,
        "program.py",
        env={**bare_environment, "PYTHONWARNINGS": "error", "AWS_REGION": "us-east-1"},
        cwd=tmp_path,
    )
    assert "mae" in _must(ran)
