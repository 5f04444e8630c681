"""What the local cloud may use: sizes, the budget of the disk, the memory of jobs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.local.disk import Keeper, used
from stepfunctions.local.jobs import Processes, ProcessSpec
from stepfunctions.local.resources import shown, size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("2GB", 2_000_000_000),
        ("2G", 2_000_000_000),
        ("1.5 kib", 1536),
        ("512MiB", 512 * 1024**2),
        ("3tb", 3 * 10**12),
        (" 7 b ", 7),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1,5GB", "2X", "0", "1e9", "9" * 99])
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no size: write 500MB"):
        size_of(text)


@given(st.integers(1, 10**15))
def test_a_size_that_is_shown_can_be_read(size: int) -> None:
    assert size_of(shown(size)) == pytest.approx(size, rel=0.06, abs=60)


def finished(data_dir: Path, name: str, ended: float, state: str = "ENDED") -> Path:
    folder = data_dir / "jobs" / "training" / name
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "stdout.log").write_bytes(os.urandom(100_000))
    (folder / "job.json").write_text(json.dumps({"state": state}))
    os.utime(folder / "job.json", (ended, ended))
    return folder


def test_what_finished_jobs_left_goes_until_the_budget_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    young, old, running = (
        finished(tmp_path, "young", 3000.0),
        finished(tmp_path, "old", 1000.0),
        finished(tmp_path, "running", 500.0, "RUNNING"),
    )
    before = used(tmp_path)["total"]
    assert Keeper(tmp_path, before).look() == before
    assert Keeper(tmp_path, before - 1).look() < before
    assert [(one / "1").exists() for one in (young, old, running)] == [True, False, True]
    assert (old / "job.json").exists()
    assert "the folders of 1 finished jobs were removed" in caplog.text
    Keeper(tmp_path, 1).look()
    assert [(one / "1").exists() for one in (young, old, running)] == [False, False, True]
    assert "remove objects" in caplog.text


def test_a_job_that_wants_more_memory_than_it_may_have_fails_and_no_other(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "zygotes", 300_000_000)
    try:
        for megabytes, code in ((50, 0), (600, 1)):
            script = tmp_path / f"{megabytes}.py"
            script.write_text(f"data = b'x' * {megabytes * 1_000_000}; print(len(data))")
            out = tmp_path / f"{megabytes}.out"
            spec = ProcessSpec(argv=("python", str(script)), cwd=tmp_path, stdout=out, stderr=out)
            assert processes.launch(spec).wait(60).code == code
        assert "MemoryError" in (tmp_path / "600.out").read_text()
    finally:
        processes.close()
