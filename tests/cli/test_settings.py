"""The settings of ``stepfunctions local start`` in a project's file."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stepfunctions.cli.local import local, start
from stepfunctions.cli.settings import read_settings


def test_stepfunctions_toml_comes_before_pyproject(tmp_path: Path) -> None:
    assert read_settings(tmp_path, start) == {}
    (tmp_path / "pyproject.toml").write_text("[tool.stepfunctions.local]\nport = 1\n")
    assert read_settings(tmp_path, start) == {"port": 1}
    (tmp_path / "stepfunctions.toml").write_text("[other]\nx = 1\n")
    assert read_settings(tmp_path, start) == {"port": 1}
    text = '[local]\nport = 2\ndata-dir = "data"\nreal = ["s3", "glue"]\nno-limits = true\n'
    text += 'retention = 7\nclock = "jump"\n'
    (tmp_path / "stepfunctions.toml").write_text(text)
    assert read_settings(tmp_path, start) == {
        "port": 2,
        "data_dir": "data",
        "real": "s3,glue",
        "no_limits": True,
        "retention_days": 7,
        "clock_kind": "jump",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[local]\nmax-job = 4", "there is no setting 'max-job'; did you mean max-jobs?"),
        ("[local]\ncolour = 4", "there is no setting 'colour'; there are"),
        ('[local]\nport = "many"', "port = 'many'"),
        ("[local]\nport = 99999", "port = 99999"),
        ('[local]\ndurability = "some"', "durability = 'some'"),
        ('[local]\nno-limits = "yes"', "true or false"),
        ("local = 1", "must be a table"),
        ("[local", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "stepfunctions.toml").write_text(text)
    with pytest.raises(click.UsageError) as error:
        read_settings(tmp_path, start)
    assert told in error.value.message
    assert error.value.message.startswith("stepfunctions.toml")


def test_a_data_directory_is_every_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stepfunctions.toml").write_text('[local]\ndata-dir = "here"\nport = 0\n')
    told = CliRunner().invoke(local, ["status", "--format", "json"])
    assert str(tmp_path / "here") in told.output
    (tmp_path / "stepfunctions.toml").write_text("[local]\nprt = 0\n")
    wrong = CliRunner().invoke(local, ["status"])
    assert (wrong.exit_code, "did you mean port?" in wrong.output) == (2, True)


def test_the_command_line_and_the_environment_count_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stepfunctions.toml").write_text("[local]\nport = 70000\n")
    (tmp_path / "stepfunctions.toml").write_text("[local]\nport = 1\nmax-jobs = 3\nretention = 5\n")
    asked: dict[str, object] = {}
    monkeypatch.setattr("stepfunctions.local.server.run", lambda folder, **options: asked.update(options))
    monkeypatch.setattr("os._exit", lambda code: None)
    monkeypatch.setenv("STEPFUNCTIONS_LOCAL_MAX_JOBS", "4")
    monkeypatch.setenv("STEPFUNCTIONS_LOCAL_PORT", "2")
    done = CliRunner().invoke(local, ["start", "--port", "3"])
    assert done.exit_code == 0, done.output
    assert (asked["port"], asked["max_jobs"], asked["retention_days"]) == (3, 4, 5.0)
