"""Run a workload on a server of Step Functions, ours or a peer's, through boto3; and what that costs the server."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from compare import Peer
from machines import BUCKET, FUNCTION, KEY, Workload

ROLE = "arn:aws:iam::123456789012:role/bench"
_HANDLER = 'def handler(event, context):\n    return {"n": event["n"] + 1}\n'
_ENDS_WITHIN = 60.0


class Wrong(Exception):
    """An execution did not end as it must."""


class Late(Exception):
    """An execution takes too long to be measured."""


@dataclass(frozen=True)
class Cost:
    """What an execution cost: seconds of the server's CPU, seconds until all had ended, the server's peak in MiB."""

    cpu: float
    wall: float
    memory: float
    events: int = 0


def ours(durability: str) -> Peer:
    """The local cloud of this project, as one of the servers that :mod:`compare` starts."""
    start = (sys.executable, "-m", "stepfunctions.cli", "local", "start", "--port", "{port}", "--data-dir", "{folder}")
    return Peer("stepfunctions-sdk", command=(*start, "--durability", durability), health="/_local/status")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and those below it, to the nanosecond; without what has ended."""
    return sum(time.clock_gettime((~process << 3) | 2) for process in family(pid))


def peak_mib(pid: int) -> float:
    """The most that a process and those below it had resident, each at its own peak."""
    return _mib(pid, "VmHWM")


def resident_mib(pid: int) -> float:
    """What a process and those below it have resident now."""
    return _mib(pid, "VmRSS")


def _mib(pid: int, name: str) -> float:
    total = 0
    for process in family(pid):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        total += next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
    return total / 1024


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found, left = [], [pid]
    while left:
        process = left.pop()
        found.append(process)
        for thread in Path(f"/proc/{process}/task").iterdir():
            left += [int(child) for child in (thread / "children").read_text().split()]
    return found


def client(endpoint: str, service: str = "stepfunctions") -> Any:
    """A boto3 client of a server."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="local",
        config=Config(
            inject_host_prefix=False,
            retries={"total_max_attempts": 1},
            read_timeout=60,
            s3={"addressing_style": "path"},
        ),
    )


def prepare(endpoint: str, workload: Workload) -> str:
    """Make what a workload needs, and its state machine; return the ARN."""
    if workload.functions:
        _create_function(endpoint)
    if workload.items:
        s3 = client(endpoint, "s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=KEY, Body="".join(f'{{"n": {n}}}\n' for n in range(workload.items)).encode())
    made = client(endpoint).create_state_machine(
        name=f"bench-{uuid.uuid4().hex[:8]}", definition=json.dumps(workload.definition), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def _create_function(endpoint: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", _HANDLER)
    functions = client(endpoint, "lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python{}.{}".format(*sys.version_info),
        Role=ROLE,
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=FUNCTION)


def cost(endpoint: str, pid: int, workload: Workload, executions: int, rounds: int) -> Cost:
    """Run a workload so often, and return the least that one execution cost in any round; one more warms up.

    Raises Wrong when an execution does not end with the right output.
    """
    states = client(endpoint)
    machine = prepare(endpoint, workload)
    arn = _run(states, machine, workload, 1)[0]
    events = sum(
        len(page["events"]) for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)
    )
    found = []
    for _ in range(rounds):
        cpu, wall = cpu_seconds(pid), time.perf_counter()
        _run(states, machine, workload, executions)
        found.append(((cpu_seconds(pid) - cpu) / executions, (time.perf_counter() - wall) / executions))
    return Cost(min(cpu for cpu, _ in found), min(wall for _, wall in found), peak_mib(pid), events)


def read_back(endpoint: str, pid: int, workload: Workload) -> tuple[float, float]:
    """Run a workload once and read its history in pages of 1,000; seconds of the server's CPU and of wall for reading.

    Raises Wrong when events are missing.
    """
    states = client(endpoint)
    arn = _run(states, prepare(endpoint, workload), workload, 1)[0]
    cpu, wall = cpu_seconds(pid), time.perf_counter()
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": 1_000}
    )
    events = sum(len(page["events"]) for page in pages)
    if events != workload.events:
        raise Wrong(f"{events} events in the history, not {workload.events}")
    return cpu_seconds(pid) - cpu, time.perf_counter() - wall


def _run(states: Any, machine: str, workload: Workload, executions: int) -> list[str]:
    """Start executions, wait for their end and check their output."""
    given = json.dumps(workload.given)
    names = [f"run-{uuid.uuid4().hex}" for _ in range(executions)]
    arns = [states.start_execution(stateMachineArn=machine, name=name, input=given)["executionArn"] for name in names]
    for arn in reversed(arns):
        described = _ended(states, arn)
        if described["status"] != "SUCCEEDED" or not workload.output(json.loads(described["output"])):
            raise Wrong(
                f"{workload.what}: {described['status']} {described.get('cause', described.get('output'))!s:.200}"
            )
    return arns


def _ended(states: Any, arn: str) -> dict[str, Any]:
    """Wait for an end, asking ever more rarely: a question costs the server too."""
    begun = time.monotonic()
    while True:
        described: dict[str, Any] = states.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        waited = time.monotonic() - begun
        if waited > _ENDS_WITHIN:
            raise Late(f"> {_ENDS_WITHIN:.0f} s an execution")
        time.sleep(max(0.02, waited / 4))
