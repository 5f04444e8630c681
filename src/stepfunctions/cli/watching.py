"""How commands show an execution as it runs: a live tree on a terminal, else a line an event."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from stepfunctions.cli.printing import say, say_json
from stepfunctions.errors import WaitTimeout
from stepfunctions.workflow import Execution, ExecutionStatus
from stepfunctions.workflow.clients import Clients
from stepfunctions.workflow.following import History, Pauses
from stepfunctions.workflow.lists import iso_time

_LONGEST_PAUSE = 1.0
_LOOK = 1.0
"""Seconds between two questions about Map Runs and logs."""
_LINES = 5


def watch(execution: Execution, form: str, timeout: float | None = None, *, aws: bool = False) -> None:
    """Show an execution until it has ended, or for so many seconds.

    ``form``: ``jsonl`` prints its events to standard output; ``text`` shows it on standard error; ``json`` waits.
    """
    if form == "text" and sys.stderr.isatty() and not os.environ.get("CI"):
        _live(execution, timeout, aws)
        return
    try:
        for event in execution.events(follow=True, timeout=timeout):
            if form == "jsonl":
                say_json(event, default=iso_time)
            elif form == "text":
                say(event_line(event), err=True)
    except WaitTimeout:
        return


def event_line(event: dict[str, Any]) -> str:
    """Return an event as one line: time, type, and the state or error it is about."""
    from stepfunctions.visual.text import line_of

    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("Details")), {})
    words = [event["type"], details.get("name") or details.get("resource") or ""]
    if details.get("error"):
        cause = " ".join(details.get("cause", "").split())[:200]
        words.append(f"{details['error']}: {cause}" if cause else details["error"])
    return f"{event['timestamp']:%H:%M:%S} {line_of(' '.join(word for word in words if word))}"


def _live(execution: Execution, timeout: float | None, aws: bool) -> None:
    """Draw the tree four times a second, and ask the service ever less often while nothing happens."""
    from rich.console import Console
    from rich.live import Live

    from stepfunctions.visual.terminal import Tree

    tree = Tree(execution.workflow.definition.to_dict(), execution.name)
    history, pauses = History(execution.client, execution.execution_arn), Pauses(timeout)
    beside = Beside(execution.client, aws)
    with Live(tree, console=Console(stderr=True), refresh_per_second=4, vertical_overflow="crop"):
        while True:
            ended = execution.describe()["status"] != ExecutionStatus.Running.value
            fresh = list(history.fresh())
            tree.take(fresh)
            beside.look(tree, now=ended)
            if ended:
                tree.end(execution.known_status.value)
                return
            if fresh:
                pauses.shorten()
            pause = pauses.next()
            if pause is None:
                return
            time.sleep(min(pause, _LONGEST_PAUSE))


class Beside:
    """What is asked beside the history: the counts of Map Runs, and the log of what runs. A refusal is no matter."""

    def __init__(self, client: Any, aws: bool) -> None:
        import boto3

        session = None if aws else boto3.Session("local", "local", region_name=client.meta.region_name)
        self._client = client
        self._services = Clients(session, client, "watch").client
        self._next = 0.0

    def look(self, tree: Any, *, now: bool) -> None:
        """Ask, unless it was asked less than a second ago."""
        from stepfunctions.visual.report.jobs import find
        from stepfunctions.visual.runs import map_counts

        if time.monotonic() < self._next and not now:
            return
        history = tree.history
        if any(event["type"] == "MapRunStarted" for event in history.events):
            tree.count(map_counts(self._client, history.events))
        running = [job for job in find(history.spans) if job.end is None and job.sources]
        if running and not now:
            job = running[-1]
            tree.log(f"{job.kind} {job.name}", self._tail(*job.sources[0], job.start))
        else:
            tree.log("", ())
        self._next = time.monotonic() + _LOOK

    def _tail(self, group: str, stream: str, start: float | None) -> list[str]:
        from botocore.exceptions import BotoCoreError, ClientError

        request: dict[str, Any] = {"logGroupName": group, **({"logStreamNamePrefix": stream} if stream else {})}
        if start is not None and not stream:
            request["startTime"] = int(start)
        try:
            events = self._services("logs").filter_log_events(**request)["events"]
        except (BotoCoreError, ClientError):
            return []
        return [str(event["message"]).rstrip() for event in events[-_LINES:]]
