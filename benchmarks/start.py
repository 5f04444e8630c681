"""How long until something can be done: ``import stepfunctions``, and the server until it accepts calls."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import processes
from table import Row, show

ROUNDS = 7


USED = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, next(line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line))
"""
LIMITS = {"stepfunctions": (50, 25)}
"""Milliseconds of CPU and MiB that an import may cost."""


def interpreter(program: str) -> tuple[float, float]:
    """CPU milliseconds and most memory (MiB) of ``python -c program``, the best of some."""
    found = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", f"{program}\n{USED}"], check=True, capture_output=True, text=True
        ).stdout.split()
        found.append((float(done[0]) * 1000, int(done[1]) / 1024))
    return min(cpu for cpu, _ in found), min(memory for _, memory in found)


def rows() -> Iterator[Row]:
    """Imports above the bare interpreter, the server's start, and what it then holds; some seconds."""
    bare_cpu, bare_memory = interpreter("pass")
    for module in ("stepfunctions", "stepfunctions.steps", "stepfunctions.workflow"):
        cpu, memory = interpreter(f"import {module}")
        most_cpu, most_memory = LIMITS.get(module, (None, None))
        yield Row(f"import {module}", cpu - bare_cpu, "ms CPU", most_cpu, f"above the interpreter's {bare_cpu:.0f}")
        yield Row(
            "  its memory", memory - bare_memory, "MiB", most_memory, f"above the interpreter's {bare_memory:.0f}"
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
