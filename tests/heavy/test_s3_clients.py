"""Clients of S3 that data scientists use, as they are on PyPI, against a real local server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.heavy.conftest import run

pytestmark = [pytest.mark.heavy, pytest.mark.local, pytest.mark.timeout(900)]

PANDAS = """
import json, pandas, s3fs
fs = s3fs.S3FileSystem()
fs.mkdir("pandas-data")
frame = pandas.DataFrame({"n": range(50_000), "text": ["é, \\n"] * 50_000})
frame.to_csv("s3://pandas-data/in/frame.csv", index=False)
frame.to_parquet("s3://pandas-data/in/frame.parquet")
with fs.open("pandas-data/big.bin", "wb", block_size=5 * 2**20) as file:
    for _ in range(12):
        file.write(b"x" * 2**20)
fs.copy("pandas-data/big.bin", "pandas-data/copy.bin")
with fs.open("pandas-data/copy.bin", "rb") as file:
    file.seek(-5, 2)
    end = file.read()
same = pandas.read_csv("s3://pandas-data/in/frame.csv").equals(frame)
same &= pandas.read_parquet("s3://pandas-data/in/frame.parquet", columns=["n"])["n"].equals(frame["n"])
names = fs.find("pandas-data")
fs.rm("pandas-data", recursive=True)
print(json.dumps({"same": bool(same), "end": end.decode(), "names": names, "left": fs.exists("pandas-data")}))
"""
ARROW = """
import json, os, urllib.parse
import pyarrow, pyarrow.dataset, pyarrow.parquet
from pyarrow.fs import FileSelector, S3FileSystem
address = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
fs = S3FileSystem(
    endpoint_override=address.netloc, scheme="http", region=os.environ["AWS_REGION"], allow_bucket_creation=True,
    allow_bucket_deletion=True,
)
fs.create_dir("arrow-data")
table = pyarrow.table({"part": ["a", "b"] * 5000, "n": range(10_000)})
pyarrow.dataset.write_dataset(
    table, "arrow-data/set", filesystem=fs, format="parquet", partitioning=["part"],
    existing_data_behavior="delete_matching",
)
found = pyarrow.dataset.dataset("arrow-data/set", filesystem=fs, partitioning=["part"]).to_table()
with fs.open_output_stream("arrow-data/big.bin") as out:
    for _ in range(30):
        out.write(b"y" * 2**20)
with fs.open_input_file("arrow-data/big.bin") as file:
    size = file.size()
    middle = file.read_at(3, offset=2**20).decode()
names = sorted(one.path for one in fs.get_file_info(FileSelector("arrow-data", recursive=True)) if one.is_file)
fs.move("arrow-data/big.bin", "arrow-data/moved.bin")
fs.delete_dir("arrow-data")
print(json.dumps({"sum": sum(found["n"].to_pylist()), "size": size, "middle": middle, "names": names}))
"""
DUCKDB = """
import json, os, urllib.parse
from pathlib import Path
import duckdb, duckdb_ext, s3fs
s3fs.S3FileSystem().mkdir("duck-data")
address = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
base = duckdb.connect()
(extension,) = Path(duckdb_ext.__path__[0]).rglob("httpfs.duckdb_extension")
base.execute(f"LOAD '{extension}'")
base.execute(f"CREATE SECRET (TYPE s3, KEY_ID 'local', SECRET 'local', ENDPOINT '{address.netloc}', USE_SSL false,"
             " URL_STYLE 'path')")
base.execute("COPY (SELECT range AS n FROM range(100000)) TO 's3://duck-data/n.parquet'")
print(json.dumps({"sum": base.execute("SELECT sum(n) FROM 's3://duck-data/*.parquet'").fetchone()[0]}))
"""


@pytest.fixture(scope="module")
def python(tool_environment: Callable[..., Path], local_cloud: dict[str, str]) -> Callable[[str], Any]:
    """Run a program in an environment with the clients; return the JSON that it prints."""
    folder = tool_environment(
        "s3-clients", "s3fs>=2024.6", "pandas>=2.2", "pyarrow>=16", "duckdb==1.4.4", "duckdb-ext-httpfs"
    )

    def run_python(program: str) -> Any:
        done = run(folder / "bin" / "python", "-c", program, env=local_cloud)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_python


def test_pandas_with_s3fs(python: Callable[[str], Any]) -> None:
    assert python(PANDAS) == {
        "same": True,
        "end": "xxxxx",
        "names": [
            "pandas-data/big.bin",
            "pandas-data/copy.bin",
            "pandas-data/in/frame.csv",
            "pandas-data/in/frame.parquet",
        ],
        "left": False,
    }


def test_pyarrow(python: Callable[[str], Any]) -> None:
    found = python(ARROW)
    assert found.pop("names") == [
        "arrow-data/big.bin",
        "arrow-data/set/a/part-0.parquet",
        "arrow-data/set/b/part-0.parquet",
    ]
    assert found == {"sum": 49_995_000, "size": 30 * 2**20, "middle": "yyy"}


def test_duckdb(python: Callable[[str], Any]) -> None:
    assert python(DUCKDB) == {"sum": 4_999_950_000}


def test_the_aws_cli(tool_environment: Callable[..., Path], local_cloud: dict[str, str], tmp_path: Path) -> None:
    program = tool_environment("awscli", "awscli>=1.40,<2") / "bin" / "aws"

    def aws(*arguments: str | Path) -> str:
        done: subprocess.CompletedProcess[str] = run(program, *arguments, env=local_cloud)
        assert done.returncode == 0, done.stderr
        return done.stdout

    source, back = tmp_path / "source", tmp_path / "back"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "é +&.txt").write_text("odd name")
    (source / "large.bin").write_bytes(bytes(range(256)) * 4096 * 12)
    (source / "skip.tmp").write_text("no")
    aws("s3", "mb", "s3://cli-data")
    aws("s3api", "put-bucket-versioning", "--bucket", "cli-data", "--versioning-configuration", "Status=Enabled")
    first = aws("s3", "sync", source, "s3://cli-data/in", "--exclude", "*.tmp")
    assert first.count("upload:") == 2
    assert aws("s3", "sync", source, "s3://cli-data/in", "--exclude", "*.tmp") == ""
    aws("s3", "cp", "s3://cli-data/in", "s3://cli-data/copy", "--recursive")
    aws("s3", "sync", "s3://cli-data/copy", back)
    assert (back / "large.bin").read_bytes() == (source / "large.bin").read_bytes()
    assert (back / "deep" / "er" / "é +&.txt").read_text() == "odd name"
    aws("s3", "sync", "--delete", back / "deep", "s3://cli-data/in")
    assert "large.bin" not in aws("s3", "ls", "--recursive", "s3://cli-data/in")
    kept = json.loads(aws("s3api", "list-object-versions", "--bucket", "cli-data", "--prefix", "in/large.bin"))
    assert [len(kept[part]) for part in ("Versions", "DeleteMarkers")] == [1, 1]
    assert aws("s3", "presign", "s3://cli-data/copy/large.bin").startswith("http://127.0.0.1")
