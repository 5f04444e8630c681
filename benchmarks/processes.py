"""What a tree of processes costs, the dead ones included, and a local cloud to measure. Linux only (/proc).

**CPU.** The kernel adds the times of a child to its parent's when the parent waits for it. This process makes
itself a *child subreaper*, so whatever is orphaned below it becomes its own child and not init's: nothing leaves
the tree. Then the sum, over every live descendant, of its own times and of those it has waited for, and this
process's own waited-for children, is the CPU of everything that ever ran below it, no matter how it ended.

**Memory.** The sum of the proportional set sizes (PSS) of every descendant: a page shared by a zygote and its
forks counts once.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024
COMMAND = str(Path(sys.executable).with_name("stepfunctions"))


def adopt_orphans() -> None:
    """From now on, orphaned descendants become children of this process. Call before starting anything."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def descendants() -> dict[int, list[str]]:
    """Every process below this one -> the fields of its ``/proc/<pid>/stat`` after the name (state is the first)."""
    stats: dict[int, list[str]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                stats[int(entry)] = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
    below: dict[int, list[str]] = {}
    parents = {os.getpid()}
    while parents:
        children = {pid: fields for pid, fields in stats.items() if int(fields[1]) in parents}
        below.update(children)
        parents = set(children)
    return below


def cpu_seconds() -> float:
    """CPU seconds of everything that has ever run below this process (see above); exact to some hundredths."""
    ticks = sum(int(fields[index]) for fields in descendants().values() for index in (11, 12, 13, 14))
    waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / TICKS + waited_for.ru_utime + waited_for.ru_stime


def machine_cpu_seconds() -> float:
    """CPU seconds that all CPUs of the machine have been busy with anything since it started."""
    ticks = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    idle, guest = ticks[3] + ticks[4], sum(ticks[8:])  # guests are in the user's time already
    return (sum(ticks) - idle - guest) / TICKS


def pss_mib(pid: int) -> float:
    """MiB of one process, shared pages divided among those who share them; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for text in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if text.startswith("Pss:"):
                return int(text.split()[1]) / 1024
    return 0.0


def status_mib(pid: int, name: str) -> float:
    """MiB of a field of ``/proc/<pid>/status``: VmRSS now, VmHWM at most."""
    for text in Path(f"/proc/{pid}/status").read_text().splitlines():
        if text.startswith(f"{name}:"):
            return int(text.split()[1]) / 1024
    raise LookupError(name)


@dataclass
class Samples:
    """Looks at the tree again and again while a block runs: ``with Samples() as samples: ...``.

    ``cpu`` is a list of (epoch seconds, CPU seconds); ``peak_mib`` the largest sum of PSS, ``peak_processes`` what
    that was made of; ``others`` how many CPUs everything outside the tree kept busy on average.
    """

    every_seconds: float = 0.25
    cpu: list[tuple[float, float]] = field(default_factory=list)
    peak_mib: float = 0.0
    peak_processes: int = 0
    others: float = 0.0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)

    def __enter__(self) -> Samples:
        self.cpu.append((time.time(), cpu_seconds()))
        self._machine = machine_cpu_seconds()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.cpu.append((time.time(), cpu_seconds()))
        busy, wall = machine_cpu_seconds() - self._machine, self.cpu[-1][0] - self.cpu[0][0]
        self.others = max(0.0, busy - self.seconds) / wall

    def _run(self) -> None:
        while not self._stop.wait(self.every_seconds):
            self.cpu.append((time.time(), cpu_seconds()))
            pids = descendants()
            total = sum(pss_mib(pid) for pid in pids)
            if total > self.peak_mib:
                self.peak_mib, self.peak_processes = total, len(pids)

    @property
    def seconds(self) -> float:
        """CPU seconds between the beginning and the end of the block."""
        return self.cpu[-1][1] - self.cpu[0][1]

    def between(self, begin: float, end: float) -> float:
        """CPU seconds between two moments (epoch seconds), exact to one sample."""
        return self._at(end) - self._at(begin)

    def _at(self, moment: float) -> float:
        return min(self.cpu, key=lambda sample: abs(sample[0] - moment))[1]


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud."""

    pid: int
    endpoint: str
    data_dir: Path
    seconds_to_ready: float

    @property
    def env(self) -> dict[str, str]:
        """What its clients need in their environment."""
        printed = subprocess.run(
            [COMMAND, "local", "env", "--format", "json", "--data-dir", str(self.data_dir)],
            check=True,
            capture_output=True,
        )
        env: dict[str, str] = json.loads(printed.stdout)
        return env

    def client(self, service: str) -> Any:
        """Make a boto3 client of it."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )


@contextlib.contextmanager
def local_cloud(data_dir: Path) -> Iterator[LocalCloud]:
    """Start the local cloud of a data directory; it is stopped, and all it started waited for, at the end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with (
        (data_dir / "server.log").open("ab") as log,
        subprocess.Popen(
            [COMMAND, "local", "start", "--port", "0", "--data-dir", str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            first = server.stdout.readline()
            ready = time.perf_counter() - began
            if not first.startswith("Ready: "):
                raise RuntimeError(f"The local cloud did not start: {(data_dir / 'server.log').read_text()}")
            yield LocalCloud(server.pid, first.removeprefix("Ready: ").strip(), data_dir, ready)
        finally:
            server.terminate()
    wait_for_orphans()


def wait_for_orphans(seconds: float = 20.0) -> None:
    """Wait for what a stopped server left (its zygotes end by themselves), and reap it."""
    deadline = time.monotonic() + seconds
    while descendants() and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.02)
