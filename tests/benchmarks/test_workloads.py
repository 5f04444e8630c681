"""The benchmarks run, in a tiny size: what they measure here is not looked at, what they check is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("key", ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"])
def test_each_workload_gives_its_output_and_the_whole_history_in_process(key: str) -> None:
    program = (
        "import json, inside, machines\n"
        f"workload = machines.WORKLOADS[{key!r}]().small()\n"
        "found = inside.measure(inside.open_client(workload), workload, rounds=1, executions=1)\n"
        "print(json.dumps([found['events'], workload.events]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    events, expected = json.loads(done.stdout)
    assert events == expected


@pytest.mark.local
@pytest.mark.parametrize("row", ["W1 server", "W6 server", "W8 growth", "W7 server", "W9 server", "history", "durable"])
def test_each_kind_of_row_is_measured(row: str) -> None:
    printed = run("workloads.py", "--small", "--only", row)
    assert row.split()[0] in printed


@pytest.mark.local
def test_the_soak_looks_at_the_memory() -> None:
    assert "executions of W7" in run("soak.py", "--minutes", "0.01", "--durability", "memory", "--any-growth")
