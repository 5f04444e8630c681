"""How often the local cloud waits for the disk: fsync and fdatasync, counted by strace."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import machines
import servers
import traffic

TRACE = ("strace", "--follow-forks", "--trace=fsync,fdatasync", "--output")


def available() -> bool:
    """Tell whether strace is installed."""
    return shutil.which(TRACE[0]) is not None


def each_execution(durability: str, executions: int) -> float:
    """Run W7's executions from its clients; return how often the server waited for the disk for one of them."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "strace"
        command = [part.format(port=0, folder=f"{folder}/data") for part in servers.ours(durability).command]
        traced = [*TRACE, str(log), *command]
        with subprocess.Popen(traced, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tracer:
            assert tracer.stdout is not None
            endpoint = tracer.stdout.readline().removeprefix("Ready: ").strip()
            server = servers.family(tracer.pid)[1]
            try:
                traffic.run(traffic.connect("raw", endpoint), servers.prepare(endpoint, machines.short()), bool)
                before = _count(log)
                traffic.measure("raw", endpoint, server, executions)
                return (_count(log) - before) / executions
            finally:
                subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(server)], check=False)


def _count(log: Path) -> int:
    return log.read_text().count("sync(")
