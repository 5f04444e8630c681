from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions.cli.main import COMMANDS, cli, run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_command_of_the_table_exists_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    for name in COMMANDS:
        assert name in listed
        assert run([name, "--help"]) == 0
    assert run(["local", "--help"]) == 0
    for name in ("start", "stop", "status", "env", "backup", "vacuum", "image"):
        assert run(["local", name, "--help"]) == 0
    assert cli.name == "cli"


def test_the_listed_commands_are_said_in_whole_sentences(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for group in ([], ["local"], ["local", "image"], ["executions"]):
        assert run([*group, "--help"]) == 0
        assert "..." not in capsys.readouterr().out.replace("[ARGS]...", "")


def test_nothing_running_is_a_negative_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in ("status", "env", "stop"):
        assert run(["local", command]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "stepfunctions local start --data-dir .stepfunctions" in printed.err
    assert run(["local", "status", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"running": False, "data_dir": str(tmp_path / ".stepfunctions")}
    assert not (tmp_path / ".stepfunctions").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["local", "nonsense"],
        ["local", "start", "--port", "99999"],
        ["local", "start", "--max-jobs", "0"],
        ["local", "status", "--format", "xml"],
        ["local", "image", "add", "x", "--folder", "nowhere"],
        ["local", "image", "add", "x", "--folder", ".", "--family", "cobol"],
    ],
)
def test_a_usage_error_is_2_without_a_traceback(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_image_is_added_and_known_from_then_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "container").mkdir()
    (tmp_path / "container" / "train.py").write_text("print('trained')")
    uri = "1.dkr.ecr.us-east-1.amazonaws.com/team/model:2"
    assert run(["local", "image", "add", uri, "--folder", "container"]) == 0
    assert "team/model" in capsys.readouterr().out
    from stepfunctions.local import images

    runtime = images.resolve(tmp_path / ".stepfunctions", "team/model:3")
    assert runtime.folder is not None
    assert (runtime.folder / "train.py").read_text() == "print('trained')"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("stepfunctions, version 3.")


def test_a_fault_of_ours_is_one_message_and_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_path: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("stepfunctions.cli.local.running", broken)
    assert run(["local", "status"]) == 3
    printed = capsys.readouterr().err
    assert printed.startswith("Error: ZeroDivisionError: division by zero")
    assert "Traceback" not in printed
    monkeypatch.setenv("STEPFUNCTIONS_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["local", "status"])
