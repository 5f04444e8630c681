"""From nothing to the first finished execution: W9, through the server and in process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import machines
import servers
import traffic

_ENDS_WITHIN = 30.0
_IN_PROCESS = """
import json, resource, sys
from stepfunctions.runtime.inprocess import run_in_process
found = run_in_process(json.loads(sys.argv[1]), json.loads(sys.argv[2]))
assert found["status"] == "SUCCEEDED", found
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True)
class First:
    """Seconds of CPU and of wall until the first execution had ended, and MiB resident then."""

    cpu: float
    wall: float
    memory: float


def of_server() -> First:
    """Start ``stepfunctions local start``, create a machine and run it, with a client that costs the server little."""
    with tempfile.TemporaryDirectory() as folder:
        command = [part.format(port=0, folder=folder) for part in servers.ours("memory").command]
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None
                endpoint = server.stdout.readline().removeprefix("Ready: ").strip()
                ask = traffic.connect("raw", endpoint)
                created = ask("CreateStateMachine", _creation())
                traffic.run(ask, created["stateMachineArn"], machines.short().output)
                return First(
                    servers.cpu_seconds(server.pid), time.perf_counter() - begun, servers.resident_mib(server.pid)
                )
            finally:
                server.terminate()


def _creation() -> dict[str, str]:
    return {"name": "first", "definition": json.dumps(machines.short().definition), "roleArn": servers.ROLE}


def in_process() -> First:
    """Start Python, import, run one execution without a server, and end."""
    short, begun = machines.short(), time.perf_counter()
    program = [sys.executable, "-c", _IN_PROCESS, json.dumps(short.definition), json.dumps(short.given)]
    done = subprocess.run(program, check=True, capture_output=True, text=True, timeout=_ENDS_WITHIN, cwd=Path.home())
    cpu, memory = json.loads(done.stdout)
    return First(cpu, time.perf_counter() - begun, memory)
