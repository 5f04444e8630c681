"""The environments of a project's file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepfunctions.deploy.environments import Environment, environment_of, read_environments

GOOD = """
[environments.test]
account = "111122223333"
region = "eu-west-1"
schedules = false
parameters = {Subnets = ["subnet-1", "subnet-2"], Size = 3, On = true}

[environments.test.tags]
team = "delays"

[environments.prod]
region = "eu-west-1"
"""


def written(folder: Path, text: str, name: str = "stepfunctions.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_environments_are_read(tmp_path: Path) -> None:
    found = read_environments(written(tmp_path, GOOD))
    assert list(found) == ["local", "test", "prod"]
    assert found["test"] == Environment(
        name="test",
        account="111122223333",
        region="eu-west-1",
        schedules=False,
        parameters={"Subnets": "subnet-1,subnet-2", "Size": "3", "On": "true"},
        tags={"team": "delays"},
    )
    assert found["prod"].schedules


def test_pyproject_has_them_too(tmp_path: Path) -> None:
    text = "\n".join(line.replace("[environments.", "[tool.stepfunctions.environments.") for line in GOOD.splitlines())
    assert list(read_environments(written(tmp_path, text, "pyproject.toml"))) == ["local", "test", "prod"]


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "stepfunctions.toml").write_bytes(("\ufeff" + GOOD.replace("\n", "\r\n")).encode())
    assert list(read_environments(tmp_path)) == ["local", "test", "prod"]


def test_local_is_always_there(tmp_path: Path) -> None:
    assert read_environments(tmp_path) == {"local": Environment(name="local")}
    assert environment_of(written(tmp_path, "[environments.local]\nparameters = {A = 'b'}\n"), "local").parameters == {
        "A": "b"
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[environments.test]\nregoin = 'eu-west-1'\n", "there is no key 'regoin'; did you mean 'region'?"),
        ("[environments.test]\nx = 1\n", "there is no key 'x'; there are account, region"),
        ("[environments.test]\naccount = 111122223333\n", "account = 111122223333: write a text in quotation marks"),
        ("[environments.test]\naccount = '1'\n", "account = '1': write its 12 digits"),
        ("[environments.test]\nregion = 'europe'\n", "region = 'europe': write the name of a Region"),
        ("[environments.test]\nschedules = 'off'\n", "schedules = 'off': write true or false"),
        ("[environments.test]\nparameters = 'a'\n", "parameters must be a table of names and values"),
        ("[environments.test.tags]\na = {b = 'c'}\n", "tags must be a table of names and values"),
        ("[environments]\ntest = 1\n", "stepfunctions.toml, [environments.test] must be a table"),
        ("environments = 1\n", "[environments] must hold tables"),
        ("[environments.'a b']\n", "the name of an environment has at most 63 letters"),
        ("[environments", "stepfunctions.toml cannot be read"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_environments(written(tmp_path, text))


def test_an_environment_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no environment 'tset'; there are local, test, prod"):
        environment_of(written(tmp_path, GOOD), "tset")
