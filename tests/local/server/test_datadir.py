from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.datadir import DataDir, ServerInfo, ask, running

HOLD = """
import sys
from stepfunctions.local.datadir import DataDir
with DataDir(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def info(path: Path, pid: int) -> ServerInfo:
    return ServerInfo(
        endpoint="http://127.0.0.1:1",
        pid=pid,
        region="us-east-1",
        account="123456789012",
        data_dir=str(path),
        started_at=1.0,
    )


def test_one_process_holds_it_and_its_end_frees_it(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "d")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LocalCloudError, match="in use already") as caught, DataDir(tmp_path / "d"):
            pass
        assert "\n" not in str(caught.value)
        holder.kill()
    with DataDir(tmp_path / "d") as again:
        assert again.path == tmp_path / "d"


def test_server_json_comes_with_publish_and_goes_at_the_end(tmp_path: Path) -> None:
    with DataDir(tmp_path) as directory:
        directory.publish(info(tmp_path, os.getpid()))
        assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "server.json", "server.lock"]
    assert not (tmp_path / "server.json").exists()


def written(**changed: object) -> str:
    return json.dumps({**asdict(info(Path("/d"), os.getpid())), **changed})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "{not json",
        "[" * 100_000,
        "\xff\xfe",
        written(pid="1"),
        written(pid=True),
        written(pid=-1),
        written(pid=10**20),
        written(endpoint=5),
        written(endpoint="http://[bad"),
        written(endpoint="http://127.0.0.1:99999"),
    ],
)
def test_a_server_json_that_is_nonsense_is_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text, encoding="latin-1")
    assert running(tmp_path) is None


def test_what_cannot_be_removed_or_written_is_one_line_and_frees_the_lock(tmp_path: Path) -> None:
    (tmp_path / "server.json").mkdir()
    with pytest.raises(LocalCloudError, match=r"^Cannot use the data directory .*: Is a directory$"), DataDir(tmp_path):
        pass
    (tmp_path / "server.json").rmdir()
    with DataDir(tmp_path) as directory:
        (tmp_path / "server.json").mkdir()
        with pytest.raises(LocalCloudError, match=r"^Cannot use the data directory .*: Is a directory$"):
            directory.publish(info(tmp_path, 1))


def test_a_left_over_server_json_is_no_server(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    directory.publish(info(tmp_path, os.getpid()))
    assert running(tmp_path) is None
    assert ask("http://127.0.0.1:1") is None


def test_a_folder_with_files_of_others_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with DataDir(tmp_path):
        assert not (tmp_path / ".gitignore").exists()


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalCloudError, match="Cannot use the data directory"), DataDir(tmp_path / "file"):
        pass
