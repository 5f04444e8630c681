"""The two ways into the engine: a client in this process, and boto3 over a socket to the local cloud's server."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.conformance.scripted import ScriptedTasks

from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.inprocess import LocalClient

_PATIENCE = 20.0


class InProcess:
    """LocalClient: no socket, no thread; time jumps.

    ``restarts``: after every commit the engine forgets all that is not stored, as if it was killed.
    """

    name = "in process"

    def __init__(self, restarts: bool = False) -> None:
        self._restarts = restarts
        self.tasks = ScriptedTasks()
        self.client: Any = LocalClient(tasks=self.tasks)
        self.wire = False

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Make an object that item readers find."""
        self.client.objects.put(bucket, key, body)

    def object_keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket's objects."""
        keys: list[str] = self.client.objects.keys(bucket)
        return keys

    def get_object(self, bucket: str, key: str) -> bytes:
        """Return an object's content."""
        content: bytes = self.client.objects.get(bucket, key)
        return content

    def log_messages(self, group: str) -> list[str]:
        """Return what executions wrote into a log group, in order."""
        messages: list[str] = self.client.logs.get(group, [])
        return messages

    def wait(self, arn: str) -> None:
        """Run until the execution has ended or waits for someone outside."""
        while self._restarts and self._until_due():
            pass
        self.client.run_until_idle(_PATIENCE)

    def _until_due(self) -> bool:
        """Do all that can be done now, with restarts, then let time jump; returns False when nothing is due."""
        runner, executions = self.client.runner, self.client.api.service.store.executions
        runner.recover()
        with patch.object(executions, "commit", wraps=executions.commit) as commit:
            while runner.step():
                if commit.called:
                    commit.reset_mock()
                    runner.recover()
        due = runner.next_due()
        if due is not None:
            self.client.clock.advance_to(due)
        return due is not None


ENGINE = "stepfunctions-engine"
"""The name of the engine's thread: the one whose timers count."""


class JumpingClock(ManualClock):
    """Jumps to what is due next as soon as the engine has nothing to do: scripted tasks take no time."""

    def wait(self, until: float | None, wake: threading.Event) -> None:
        if until is None:
            wake.wait()
        elif threading.current_thread().name != ENGINE:  # metrics that are handed over, and such
            super().wait(until, wake)
        elif not wake.is_set():
            self.advance_to(until)


class OverHttp:
    """boto3 over a real socket to a local cloud whose tasks are scripted."""

    name = "over HTTP"

    def __init__(self, data_dir: Path, port: int, clock: JumpingClock, tasks: ScriptedTasks, cloud: Any) -> None:
        import boto3
        from botocore.config import Config

        self.tasks = tasks
        self.wire = True
        self._cloud = cloud
        options: dict[str, Any] = {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "region_name": "us-east-1",
            "aws_access_key_id": "123456789012",
            "aws_secret_access_key": "local",
            "config": Config(
                inject_host_prefix=False, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        }
        self.client = boto3.client("stepfunctions", **options)
        self._s3 = boto3.client("s3", **options)
        self._logs = boto3.client("logs", **options)
        self._buckets: set[str] = set()

    def _bucket(self, bucket: str) -> None:
        if bucket not in self._buckets:
            self._s3.create_bucket(Bucket=bucket)
            self._buckets.add(bucket)

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Make an object that item readers find."""
        self._bucket(bucket)
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def object_keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket's objects."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def get_object(self, bucket: str, key: str) -> bytes:
        """Return an object's content."""
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def log_messages(self, group: str) -> list[str]:
        """Return what executions wrote into a log group, in order."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNamePrefix="states/"
        )
        return [event["message"] for page in pages for event in page["events"]]

    def wait(self, arn: str) -> None:
        """Wait until the execution has ended, or nothing more happens to it by itself."""
        api = self._cloud.service("stepfunctions").api
        runner = api.service.runner
        deadline = time.monotonic() + _PATIENCE
        while not runner.wait_for(arn, 0.2):
            runner.pump()
            if runner.next_due() is None:
                return
            assert time.monotonic() < deadline, f"{arn} runs longer than {_PATIENCE} seconds"


@contextmanager
def over_http(data_dir: Path) -> Iterator[OverHttp]:
    """Serve a local cloud with scripted tasks on a free port of the loopback address."""
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.datadir import ServerInfo
    from stepfunctions.local.http_server import HttpServer
    from stepfunctions.local.server import Application
    from stepfunctions.local.stepfunctions import StepFunctions

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    tasks = ScriptedTasks()
    clock = JumpingClock(time.time())
    services = {"stepfunctions": lambda cloud: StepFunctions(cloud, tasks, poll_seconds=0.1)}
    cloud = Cloud(data_dir, clock=clock, endpoint=f"http://127.0.0.1:{port}", services=services)
    info = ServerInfo(
        endpoint=cloud.endpoint or "", pid=0, region=cloud.region, account=cloud.account, data_dir=".", started_at=0.0
    )
    server = HttpServer(Application(cloud, info))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve(listening)), daemon=True)
    with cloud:
        thread.start()
        try:
            yield OverHttp(data_dir, port, clock, tasks, cloud)
        finally:
            loop.call_soon_threadsafe(server.stop)
            thread.join(_PATIENCE)
            loop.close()
            listening.close()


def dumps(value: Any) -> str:
    """Return the JSON text of a document, compact, as AWS writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
