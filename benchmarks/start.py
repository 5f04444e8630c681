"""How long until something can be done: ``import stepfunctions``, and the server until it accepts calls."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import processes
from table import Row, show

ROUNDS = 7


def interpreter(program: str) -> float:
    """Wall milliseconds of ``python -c program``, the best of some."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        found.append((time.perf_counter() - began) * 1000)
    return min(found)


def rows() -> Iterator[Row]:
    """Imports above the bare interpreter, the server's start, and what it then holds; some seconds."""
    bare = interpreter("pass")
    for module in ("stepfunctions", "stepfunctions.steps", "stepfunctions.workflow"):
        yield Row(
            f"import {module}",
            interpreter(f"import {module}") - bare,
            "ms",
            None,
            f"above the interpreter's {bare:.0f} ms",
        )
    found = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder, processes.local_cloud(Path(folder)) as cloud:
            found.append(cloud.seconds_to_ready * 1000)
            resident = processes.status_mib(cloud.pid, "VmRSS")
    yield Row("local start until Ready", min(found), "ms", None, f"{resident:.0f} MiB resident then")


def main() -> None:
    processes.adopt_orphans()
    show("Start", rows())


if __name__ == "__main__":
    main()
