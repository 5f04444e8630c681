"""A local cloud that is killed and started again, its user who asks again, and what must be true of its histories."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from stepfunctions.engine.messages import RunTask
from stepfunctions.runtime.store.sqlite import SqliteStore

COMMAND = Path(sys.executable).with_name("stepfunctions")
ARMED = Path(__file__).with_name("armed.py")
ROLE = "arn:aws:iam::123456789012:role/r"
SECONDS = 150.0
ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class JobRow:
    """A job as ``jobs.db`` has it; ``begun``: a process of this attempt was recorded."""

    state: str
    attempt: int
    begun: bool


class KillableCloud:
    """A server process on one data directory and one port. ``start`` after ``kill`` is what a user would do.

    ``fault``: one of :mod:`tests.crash.armed` that the program has.
    """

    def __init__(self, data_dir: Path, fault: str = "") -> None:
        self.data_dir = data_dir
        self.fault = fault
        self.log = data_dir / "server.log"
        self._port = "0"
        self._server: subprocess.Popen[str] | None = None

    def start(self, point: str = "", number: int = 1, *, ready: bool = True) -> None:
        """Start the server and wait until it accepts requests.

        With a ``point`` of :mod:`tests.crash.armed` it kills itself when it gets there for the ``number``-th time.
        """
        self.data_dir.mkdir(exist_ok=True)
        point = point or self.fault
        program = [sys.executable, str(ARMED), point, str(number)] if point else [str(COMMAND)]
        command = [*program, "local", "start", "--port", self._port, "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        if ready:
            assert self.is_ready(), self.log.read_text()[-5000:]

    def is_ready(self) -> bool:
        """Wait until it accepts requests; False when it has ended instead."""
        assert self._server is not None
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line:
            return False
        assert line.startswith("Ready: "), line
        self._port = line.strip().rpartition(":")[2]
        return True

    def kill(self, *, everything: bool) -> None:
        """SIGKILL the server; ``everything``: and each process below it, as when a machine goes down."""
        assert self._server is not None
        below = descendants(self._server.pid) if everything else []
        self._server.kill()
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reap()

    def killed_itself(self, seconds: float) -> bool:
        """Wait until it has killed itself at its point; False when it did not get there in time."""
        assert self._server is not None
        try:
            code = self._server.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        assert code == -signal.SIGKILL, self.log.read_text()[-5000:]
        self._reap()
        return True

    def stop(self) -> None:
        """SIGTERM, if it runs."""
        if self._server is not None:
            self._server.terminate()
            self._reap()

    def _reap(self) -> None:
        assert self._server is not None
        assert self._server.stdout is not None
        self._server.wait(30)
        self._server.stdout.close()
        self._server = None

    def client(self, service: str, **settings: Any) -> Any:
        """Make a boto3 client."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self._port}",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            **settings,
        )

    def env(self) -> dict[str, str]:
        """Return what clients need in their environment."""
        command = [str(COMMAND), "local", "env", "--format", "json", "--data-dir", str(self.data_dir)]
        env: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return env

    @contextlib.contextmanager
    def as_killed(self, name: str) -> Iterator[Path]:
        """A copy of a database of a killed server: to read the file itself would write its log into it."""
        with tempfile.TemporaryDirectory() as folder:
            for path in self.data_dir.glob(f"{name}*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, folder)
            yield Path(folder) / name

    def training_jobs(self) -> dict[str, JobRow]:
        """Read the queue of training jobs that a killed server left."""
        with self.as_killed("jobs.db") as path, contextlib.closing(sqlite3.connect(path)) as database:
            rows = database.execute("SELECT key, state, attempt FROM jobs WHERE kind = 'training'").fetchall()
        folder = self.data_dir / "jobs" / "training"
        return {
            key: JobRow(state, attempt, _was_begun(folder / key / str(attempt) / "process.json"))
            for key, state, attempt in rows
        }

    def open_tasks(self) -> tuple[int, list[RunTask]]:
        """How many executions were open when the server was killed, and their tasks without an outcome."""
        with self.as_killed("stepfunctions.db") as path, contextlib.closing(SqliteStore(path)) as store:
            pending = [store.executions.pending(arn) for arn in store.executions.open_arns()]
        return len(pending), [task for one in pending for task, _ in one.tasks]


def _was_begun(record: Path) -> bool:
    """Whether a process was recorded; one without an id is the note that none is to be begun any more."""
    return record.exists() and json.loads(record.read_bytes())["pid"] > 0


def descendants(pid: int) -> list[int]:
    """Every process below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    below, wave = [], {pid}
    while wave:
        wave = {child for child, parent in parents.items() if parent in wave}
        below += sorted(wave)
    return below


class Trainings:
    """Which training jobs kills have hit, and which attempts must be the last of their job."""

    def __init__(self) -> None:
        self.in_flight: Counter[str] = Counter()
        """Training job -> the kills in which it was neither queued nor ended."""
        self.attempts: dict[str, int] = {}
        """Training job -> the attempt that must be its last: ended, or running on without its server."""

    def note(self, jobs: Mapping[str, JobRow], *, everything: bool) -> None:
        """After a kill, of ``everything`` or of the server alone."""
        for name, job in jobs.items():
            assert job.attempt == self.attempts.get(name, job.attempt), f"{name} ran again after an earlier kill"
            if job.state in ("RUNNING", "FINISHING"):
                self.in_flight[name] += 1
            if job.state == "ENDED" or (job.begun and not everything):
                self.attempts[name] = job.attempt
            else:
                self.attempts.pop(name, None)

    def check(self, jobs: Mapping[str, JobRow]) -> int:
        """Only what was in flight has run again. Returns how many attempts were repetitions."""
        again = {name: job.attempt - 1 for name, job in jobs.items() if job.attempt > 1}
        assert all(count <= self.in_flight[name] for name, count in again.items()), (again, self.in_flight)
        assert {name: jobs[name].attempt for name in self.attempts} == self.attempts
        return sum(again.values())


class User:
    """Asks again what a kill left without an answer."""

    def __init__(self, cloud: KillableCloud, bucket: str) -> None:
        from botocore.config import Config

        self.cloud, self.bucket = cloud, bucket

        config = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=70)
        self.states, self.s3 = (cloud.client(service, config=config) for service in ("stepfunctions", "s3"))
        self.over = threading.Event()
        self.faults: list[BaseException] = []

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Repeat a call until it is answered; its errors are raised."""
        from botocore.exceptions import BotoCoreError

        deadline = time.monotonic() + SECONDS
        while True:
            try:
                answer = call()
                if not _is_torn(answer):
                    return answer
            except BotoCoreError:
                if time.monotonic() > deadline or self.over.is_set():
                    raise
            time.sleep(0.05)

    def create(self, name: str, definition: dict[str, Any]) -> str:
        """Create a state machine; its ARN."""
        arn: str = self.ask(
            lambda: self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        )["stateMachineArn"]
        return arn

    def start(self, machine: str, name: str, input: Any) -> str:
        """Start an execution; its ARN. Asked again, it is the same one, which may have ended meanwhile."""
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            self.ask(lambda: self.states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(input)))
        except self.states.exceptions.ExecutionAlreadyExists:
            assert json.loads(self.described(arn)["input"]) == input
        return arn

    def put(self, key: str, body: str = "") -> None:
        """Write an object."""
        self.ask(lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode()))

    def get(self, key: str) -> str:
        """Read an object."""
        return str(self.ask(lambda: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()))

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects."""
        return [
            found["Key"]
            for page in self.pages("list_objects_v2", "Contents", Bucket=self.bucket, Prefix=prefix)
            for found in page
        ]

    def pages(self, operation: str, member: str, **request: Any) -> list[list[dict[str, Any]]]:
        """Every page of a list."""
        client = self.s3 if operation.startswith("list_objects") else self.states
        pages = client.get_paginator(operation)
        return self.ask(lambda: [page.get(member, []) for page in pages.paginate(**request)])

    def history(self, arn: str) -> list[dict[str, Any]]:
        """All events of an execution."""
        return list(itertools.chain(*self.pages("get_execution_history", "events", executionArn=arn)))

    def described(self, arn: str) -> dict[str, Any]:
        """DescribeExecution."""
        found: dict[str, Any] = self.ask(lambda: self.states.describe_execution(executionArn=arn))
        return found

    def beside(self, work: Callable[[], None]) -> None:
        """Do something over and over in a thread until it is over."""

        def repeat() -> None:
            try:
                while not self.over.is_set():
                    work()
            except BaseException as error:  # noqa: BLE001 - the test shows it
                if not self.over.is_set():
                    self.faults.append(error)

        threading.Thread(target=repeat, daemon=True).start()

    def succeed(self, token: str, output: Any) -> None:
        """SendTaskSuccess; a token may be of no use any more."""
        with contextlib.suppress(self.states.exceptions.TaskTimedOut, self.states.exceptions.TaskDoesNotExist):
            self.ask(lambda: self.states.send_task_success(taskToken=token, output=json.dumps(output)))


def _is_torn(answer: object) -> bool:
    """Whether the server was killed between the head and the body of its answer, which botocore takes for empty."""
    if not isinstance(answer, dict) or set(answer) != {"ResponseMetadata"}:
        return False
    return int(answer["ResponseMetadata"]["HTTPHeaders"].get("content-length", 0)) > len("{}")


def check_history(events: list[dict[str, Any]]) -> Counter[str]:
    """Events 1 to n, each after its cause; each redrive after an end. Returns how often each type is there."""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert all(event.get("previousEventId", 0) < event["id"] for event in events)
    assert all(earlier["timestamp"] <= later["timestamp"] for earlier, later in itertools.pairwise(events))
    types = Counter(event["type"] for event in events)
    assert events[0]["type"] == "ExecutionStarted"
    assert types["ExecutionStarted"] == 1
    assert events[-1]["type"] in ENDS
    assert sum(types[end] for end in ENDS) == types["ExecutionRedriven"] + 1
    for before, event in itertools.pairwise(events):
        assert (event["type"] == "ExecutionRedriven") <= (before["type"] in ENDS)
    return types


def written(user: User, result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The results of a map run by status; each file is whole, and as its manifest says."""
    where = result["ResultWriterDetails"]["Key"]
    manifest = json.loads(user.get(where))
    assert manifest["MapRunArn"] == result["MapRunArn"]
    found: dict[str, list[dict[str, Any]]] = {}
    for status, files in manifest["ResultFiles"].items():
        found[status] = []
        for file in files:
            text = user.get(file["Key"])
            assert len(text.encode()) == file["Size"]
            found[status] += json.loads(text)
    return found
