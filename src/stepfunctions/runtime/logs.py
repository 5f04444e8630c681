"""What executions write into log groups, as loggingConfiguration says, in the words of CloudWatch Logs.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from typing import Any, Protocol

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent, render
from stepfunctions.engine.ports import Change
from stepfunctions.runtime.store import Store

_log = logging.getLogger(__name__)

_MOST = 248 * 1024
"""Bytes of an escaped input or output above which it is cut off."""
_FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERRORS = ("Failed", "TimedOut", "Aborted")


class LogSink(Protocol):
    """Where lines go."""

    def open(self, group_arn: str) -> None:
        """Make a log group that will be written into; nothing happens when there is one."""
        ...

    def write(self, group_arn: str, stream: str, lines: Sequence[tuple[int, str]], /) -> None:
        """Add lines, each with its time in milliseconds of the epoch."""
        ...


class MemoryLogs:
    """A LogSink that keeps the lines of each group in a list."""

    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = {}

    def open(self, group_arn: str) -> None:
        """See the port."""
        self.groups.setdefault(group_of(group_arn), [])

    def write(self, group_arn: str, _stream: str, lines: Sequence[tuple[int, str]], /) -> None:
        """See the port."""
        self.groups.setdefault(group_of(group_arn), []).extend(text for _, text in lines)


class ExecutionLog:
    """Writes the events of executions, after they were committed. A fault of the sink is logged, and no more."""

    def __init__(self, store: Store, sink: LogSink) -> None:
        self._store = store
        self._sink = sink
        self._known: dict[tuple[str, str | None], JSON] = {}
        """Settings by the ARNs of machine and version; None: nothing is logged."""
        self._lock = threading.Lock()

    def changed(self, machine_arn: str, settings: JSON) -> None:
        """Take notice of a machine's new settings; its log group is there afterwards."""
        with self._lock:
            for key in [key for key in self._known if key[0].partition("/")[0] == machine_arn]:
                del self._known[key]
        group = _group_arn((settings or {}).get("loggingConfiguration"))
        if group is not None:
            self._sink.open(group)

    def committed(self, changes: Collection[Change]) -> None:
        """Write what was committed: a watcher of the engine's core."""
        for change in changes:
            execution = change.execution
            settings = self._known.get((execution.machine_arn, execution.version_arn), self)
            if settings is self:
                settings = self._settings(execution)
            if settings is not None and change.events:
                self._write(execution, change.events, settings)

    def _write(self, execution: Execution, events: Sequence[HistoryEvent], settings: JSON) -> None:
        """Write those events of an execution that its machine's level asks for."""
        group = _group_arn(settings) or ""
        with_data = settings.get("includeExecutionData") is True
        lines = [
            (int(event.timestamp * 1000), line_of(execution, event, with_data))
            for event in events
            if is_logged(event.type, settings["level"])
        ]
        if not lines:
            return
        hour = datetime.fromtimestamp(events[0].timestamp, timezone.utc).strftime("%Y-%m-%d-%H")
        try:
            self._sink.write(group, f"states/{execution.machine_name}/{hour}/00000000", lines)
        except Exception:  # noqa: BLE001 - an execution goes on, whatever becomes of its log
            _log.exception("%s: events could not be logged in %s", execution.arn, group)

    def _settings(self, execution: Execution) -> JSON:
        machine_arn = execution.machine_arn.partition("/")[0]
        versions = self._store.published.versions(machine_arn) if execution.version_arn else ()
        found: Any = next((one for one in versions if one.arn == execution.version_arn), None)
        found = found or self._store.machines.get(machine_arn)
        settings = ((found.settings if found else None) or {}).get("loggingConfiguration")
        if _group_arn(settings) is None:
            settings = None
        with self._lock:
            self._known[execution.machine_arn, execution.version_arn] = settings
        return settings


def is_logged(event_type: str, level: str) -> bool:
    """Tell whether an event is logged at a level: ALL, ERROR, FATAL or OFF."""
    if level == "ERROR":
        return event_type.endswith(_ERRORS) or event_type == "FailStateEntered"
    return event_type in _FATAL if level == "FATAL" else level == "ALL"


def line_of(execution: Execution, event: HistoryEvent, with_data: bool) -> str:
    """Return the line of an event; numbers beside the details are texts, as CloudWatch shows them."""
    shown = render(event, with_data)
    details = next((dict(value) for name, value in shown.items() if name.endswith("EventDetails")), {})
    if not with_data:
        details.pop("parameters", None)
    for name in ("input", "output"):
        if name in details:
            details[name], cut = _shortened(details[name])
            details[f"{name}Details"] = {"truncated": cut}
    return dumps(
        {
            "details": details,
            "redrive_count": str(execution.redrive_count),
            "id": str(event.id),
            "type": event.type,
            "previous_event_id": str(event.previous_id),
            "event_timestamp": str(int(event.timestamp * 1000)),
            "execution_arn": execution.arn,
        }
    )


def group_of(arn: str) -> str:
    """Return the name of the log group that an ARN ending in ``:*`` names."""
    return arn.split(":")[6]


def _group_arn(settings: JSON) -> str | None:
    if not settings or settings.get("level", "OFF") == "OFF" or not settings.get("destinations"):
        return None
    arn: str = settings["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    return arn


def _shortened(text: str) -> tuple[str, bool]:
    cut = False
    while (size := len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))) > _MOST:
        text, cut = text[: len(text) * _MOST // size], True
    return text, cut
