"""A container as a process: its image's files, its command and environment, and how it ended."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images
from stepfunctions.local.ecs.records import EcsTables, TaskRow
from stepfunctions.local.ecs.tasks import task_shape
from stepfunctions.local.jobs import Exit, Job, JobRefused, ProcessSpec
from stepfunctions.local.services import Call
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

KIND = "ecs"
_LONGEST_REASON = 1024


def job_key(task: str, container: str) -> str:
    """Return the key of a container's job."""
    return f"{task}/{container}"


class Ends:
    """Who wants to know that a task has stopped."""

    def __init__(self, tables: EcsTables) -> None:
        self._tables = tables
        self._lock = threading.Lock()
        self._callbacks: dict[str, list[Callable[[], None]]] = {}

    def add(self, task_id: str, callback: Callable[[], None]) -> None:
        """Call back once a task has stopped; at once when it already has, or is unknown."""
        with self._lock:
            task = self._tables.task(task_id)
            if task is not None and task.stopped is None:
                self._callbacks.setdefault(task_id, []).append(callback)
                return
        callback()

    def tell(self, task_id: str) -> None:
        """Say that a task has stopped."""
        with self._lock:
            callbacks = self._callbacks.pop(task_id, [])
        for callback in callbacks:
            callback()


class ContainerOwner:
    """Prepares and finishes the processes of containers."""

    def __init__(self, cloud: Cloud, tables: EcsTables, ends: Ends) -> None:
        self._cloud = cloud
        self._tables = tables
        self._ends = ends

    def prepare(self, job: Job) -> ProcessSpec:
        """Copy the image's files to a working directory of its own; run entryPoint and command there."""
        task, container = self._planned(job)
        if task is None:
            raise JobRefused(f"there is no task for {job.key}")
        self._tables.container_pulled(task.id, self._cloud.clock.now())
        try:
            runtime = images.resolve(self._cloud.data_dir, container["image"])
        except LocalCloudError as error:
            raise JobRefused(f"CannotPullContainerError: {error}") from error
        argv = (*container["entry_point"], *container["command"])
        if not argv:
            raise JobRefused(
                f"CannotStartContainerError: the container '{container['name']}' has no command, and "
                f"what stands for its image here has none either: write command or entryPoint into "
                f"the task definition"
            )
        work = job.folder / "work"
        if runtime.folder is None:
            work.mkdir()
        else:
            shutil.copytree(runtime.folder, work)
        stdout, stderr = job.folder / "stdout.log", job.folder / "stderr.log"
        self._follow(task.id, container, stdout, stderr)
        return ProcessSpec(
            argv=argv,
            cwd=work,
            env={
                **self._cloud.client_env(task.plan.get("role")),
                "AWS_EXECUTION_ENV": f"AWS_ECS_{task.launch_type}",
                **container["environment"],
            },
            family=runtime.family,
            stdout=stdout,
            stderr=stderr,
        )

    def _follow(self, task: str, container: dict[str, Any], *files: Path) -> None:
        """Have the log driver awslogs do its work: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html"""
        log = container.get("log") or {}
        if log.get("logDriver") == "awslogs":
            options = log["options"]
            stream = "/".join(filter(None, (options.get("awslogs-stream-prefix"), container["name"], task)))
            self._cloud.service("logs").follow(options["awslogs-group"], stream, *files)

    def started(self, job: Job) -> None:
        """Note that the container runs."""
        task, name = job.key.split("/", 1)
        self._tables.container_started(task, name, self._cloud.clock.now())
        self._announce(task)

    def finish(self, job: Job, exit: Exit) -> None:
        """Write how the container ended. An essential one, or one that could not start, stops the whole task."""
        task, container = self._planned(job)
        if task is None:
            return
        code, reason = _outcome(exit)
        now = self._cloud.clock.now()
        if exit.refused is not None:
            self._tables.stop_task(task.id, "TaskFailedToStart", exit.refused, now)
        elif container["essential"]:
            self._tables.stop_task(task.id, "EssentialContainerExited", "Essential container in task exited", now)
        ended = self._tables.container_stopped(task.id, container["name"], code, reason, now)
        if ended:
            self._announce(task.id)
            self._ends.tell(task.id)
        elif exit.refused is not None or container["essential"]:
            for other in task.plan["containers"]:
                if other["name"] != container["name"]:
                    self._cloud.jobs.stop(KIND, job_key(task.id, other["name"]))

    def _announce(self, task_id: str) -> None:
        """Put "ECS Task State Change" on the bus.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
        """
        task = self._tables.task(task_id)
        if task is None or not self._cloud.has("events"):
            return
        call = Call(operation="", request_id="", account=self._cloud.account, region=self._cloud.region)
        shape = json.loads(json.dumps(task_shape(task, call), default=_time_text))
        detail = {**shape, "updatedAt": _time_text(moment(self._cloud.clock.now()))}
        self._cloud.publish("aws.ecs", "ECS Task State Change", detail, [detail["taskArn"]])

    def _planned(self, job: Job) -> tuple[TaskRow | None, dict[str, Any]]:
        task_id, name = job.key.split("/", 1)
        task = self._tables.task(task_id)
        planned = [] if task is None else [one for one in task.plan["containers"] if one["name"] == name]
        return (task, planned[0]) if planned else (None, {})


def _time_text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _outcome(exit: Exit) -> tuple[int | None, str | None]:
    """Return a container's exitCode and reason; the reason of a failure is the end of its stderr."""
    if exit.refused is not None:
        return None, exit.refused[:_LONGEST_REASON]
    code = exit.code if exit.signal is None else 128 + exit.signal
    tail = exit.stderr_tail.strip()[-_LONGEST_REASON:]
    return code, tail if code and tail else None
