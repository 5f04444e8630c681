"""The same work elsewhere: what merely writing a history costs, and moto's Step Functions.

    python benchmarks/peers.py [--moto]

*Floor*: the 202 events of a chain of 100 Pass states written to SQLite (WAL, one transaction) with ``json.dumps``
of each payload, and nothing else. Any engine that keeps a history pays about that.

*moto* (optional): its server runs the same definition with its state machine interpreter switched on, in a
throw-away virtual environment (``build/bench-moto``, made with pip). Both servers are driven by boto3 over HTTP in
the same way; what is compared is the CPU of the server process. Ours writes to disk and moto keeps all in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import processes
from runtime import STATES, chain
from table import Row, show

MOTO = "moto[server,stepfunctions]"
EXECUTIONS = 40
GIVEN = {"bucket": "flights", "key": "routes/JFK-LAX.csv", "week": 40}
ROLE = "arn:aws:iam::123456789012:role/bench"


def floor(folder: Path, executions: int = 100) -> float:
    """Microseconds of CPU a state, for writing the events only (best of three)."""
    best = float("inf")
    for number in range(3):
        with contextlib.closing(sqlite3.connect(folder / f"floor-{number}.db", isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(
                "CREATE TABLE events (execution INTEGER, id INTEGER, previous_id INTEGER, timestamp REAL,"
                " type TEXT, name TEXT, payload TEXT, PRIMARY KEY (execution, id)) WITHOUT ROWID"
            )
            before = time.process_time()
            for execution in range(executions):
                database.execute("BEGIN")
                database.executemany(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            execution,
                            event,
                            event - 1,
                            time.time(),
                            "PassStateEntered",
                            f"S{event // 2}",
                            json.dumps(GIVEN),
                        )
                        for event in range(2 * STATES + 2)
                    ],
                )
                database.execute("COMMIT")
            best = min(best, time.process_time() - before)
    return best * 1e6 / (executions * STATES)


def drive(client: Any) -> tuple[float, float]:
    """Run the chain through boto3: milliseconds of the server's CPU and of wall an execution, after one to warm up."""
    arn = client.create_state_machine(name="chain", definition=json.dumps(chain(STATES)), roleArn=ROLE)[
        "stateMachineArn"
    ]

    def once(name: str) -> None:
        execution = client.start_execution(stateMachineArn=arn, name=name, input=json.dumps(GIVEN))["executionArn"]
        while (status := client.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            time.sleep(0.02)
        assert status == "SUCCEEDED", status

    once("warm")
    cpu, wall = processes.cpu_seconds(), time.perf_counter()
    for number in range(EXECUTIONS):
        once(f"run-{number}")
    each = 1000 / EXECUTIONS
    return (processes.cpu_seconds() - cpu) * each, (time.perf_counter() - wall) * each


@contextlib.contextmanager
def moto_server(python: Path) -> Iterator[str]:
    """moto's server with its interpreter on; its endpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [python, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            config = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
            deadline = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{endpoint}/moto-api/config", data=config).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            yield endpoint
        finally:
            server.terminate()


def moto_python() -> Path:
    """The interpreter of the throw-away environment, made when it is not there."""
    folder = Path(__file__).parents[1] / "build" / "bench-moto"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", MOTO], check=True, capture_output=True)
        (folder / "ready").touch()
    return python


def rows(moto: bool = False) -> Iterator[Row]:
    """The floor, this server, and with ``moto`` moto's."""
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        lowest = floor(Path(folder))
        yield Row("floor: json.dumps and SQLite alone, a state", lowest, "µs CPU")
        with processes.local_cloud(Path(folder) / "cloud") as cloud:
            ours, wall = drive(cloud.client("stepfunctions"))
        yield Row("100 Pass states over HTTP: this server", ours, "ms CPU", None, f"{wall:.1f} ms wall, an execution")
        if moto:
            import boto3

            with moto_server(moto_python()) as endpoint:
                theirs, wall = drive(
                    boto3.client(
                        "stepfunctions",
                        endpoint_url=endpoint,
                        region_name="us-east-1",
                        aws_access_key_id="local",
                        aws_secret_access_key="local",
                    )
                )
            yield Row(
                "100 Pass states over HTTP: moto's server", theirs, "ms CPU", None, f"{wall:.1f} ms wall, an execution"
            )
            yield Row("moto's server / this server", theirs / ours, "x CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moto", action="store_true", help="measure moto too (installs it with pip)")
    show("Peers", rows(parser.parse_args().moto))


if __name__ == "__main__":
    main()
