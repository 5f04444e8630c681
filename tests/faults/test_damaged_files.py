"""A database that is damaged: the server does not start on it, and says which file it is and what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.conftest import Faulty

from stepfunctions.errors import LocalCloudError
from stepfunctions.runtime.store import connections
from stepfunctions.runtime.store.sqlite import SqliteStore

PAGE = 4096
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "another file": lambda _: b"no database at all " * PAGE,
    "cut short": lambda content: content[: len(content) // 2],
    "all pages but the first": lambda content: content[:PAGE] + b"\xff" * (len(content) - PAGE),
}


@pytest.mark.parametrize("service", ["ecs", "glue", "jobs", "lambda", "sagemaker", "stepfunctions"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named_and_others_are_left_alone(
    service: str, damage: Callable[[bytes], bytes], open_cloud: Callable[..., Faulty], tmp_path: Path
) -> None:
    cloud = open_cloud()
    cloud.run(cloud.machine({"P": {"Type": "Pass"}}))
    cloud.cloud.service("sagemaker")
    cloud.cloud.service("ecs")
    cloud.cloud.service("glue")
    cloud.cloud.service("lambda")
    cloud.cloud.stop()
    path = tmp_path / "data" / f"{service}.db"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.raises(LocalCloudError, match=rf"/{service}\.db is damaged .*: restore it from a backup") as caught:
        open_cloud()
    assert "\n" not in str(caught.value)
    path.write_bytes(whole)
    assert open_cloud()("ListStateMachines")["stateMachines"][0]["name"] == "m"


def test_a_file_that_another_program_locks_is_no_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    path = tmp_path / "states.db"
    SqliteStore(path).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LocalCloudError, match="End the program that writes to it"):
            SqliteStore(path)
    SqliteStore(path).close()


def test_a_path_that_is_no_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="unable to open database file"):
        SqliteStore(tmp_path)
