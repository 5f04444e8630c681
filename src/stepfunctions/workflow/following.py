"""How an execution is watched: how often the service is asked, and which events are new."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.workflow.clients import pages

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 5.0
_SHORTENED_SECONDS = 1.0
_GROWTH = 1.5
_LONGEST_HISTORY = 25_000
_NEWEST = 100
"""Events that a page from the end has: mostly more than happened since the last question."""


@dataclass(slots=True)
class Pauses:
    """The seconds between two questions: few at first, then more, until ``timeout`` seconds are over."""

    timeout: float | None
    _pause: float = _FIRST_SECONDS
    _began: float = field(default_factory=lambda: time.monotonic())

    def next(self) -> float | None:
        """Return how long to wait now; None when the time is over."""
        pause = self._pause
        self._pause = min(pause * _GROWTH, _LONGEST_SECONDS)
        if self.timeout is None:
            return pause
        left = self._began + self.timeout - time.monotonic()
        return min(pause, left) if left > 0 else None

    def shorten(self) -> None:
        """Something happened: ask again sooner, but not so often that many waits use up the quota of the API."""
        self._pause = max(min(self._pause, _SHORTENED_SECONDS), self._pause / _GROWTH)


class History:
    """The events of one execution, each given once by :meth:`fresh`."""

    def __init__(self, client: Any, execution_arn: str) -> None:
        self._call = client.get_execution_history
        self._arn = execution_arn
        self._seen = 0

    def all(self, reverse_order: bool = False) -> Iterator[dict[str, Any]]:
        """Yield every event there is."""
        return pages(self._call, "events", sys.maxsize, executionArn=self._arn, reverseOrder=reverse_order)

    def fresh(self) -> Iterator[dict[str, Any]]:
        """Yield the events that were not given before, in order.

        The first time that is the whole history; later ones are read from its end, so that a long history costs little.
        """
        for event in self._newest() if self._seen else self.all():
            if event["id"] > self._seen:
                self._seen = event["id"]
                yield event

    def _newest(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self._call(executionArn=self._arn, reverseOrder=True, maxResults=_NEWEST, **token)
            found += [event for event in page["events"] if event["id"] > self._seen]
            if not page.get("nextToken") or not page["events"] or page["events"][-1]["id"] <= self._seen + 1:
                return found[::-1]
            token = {"nextToken": page["nextToken"]}


def failed_state(client: Any, execution_arn: str) -> str | None:
    """Return the state that the end of an execution followed from; None when the history does not tell.

    Events name the one before them, so of several branches only the one that failed is followed.
    """
    wanted: int | None = None
    for event in pages(
        client.get_execution_history, "events", _LONGEST_HISTORY, executionArn=execution_arn, reverseOrder=True
    ):
        if wanted not in (None, event["id"]):
            continue
        details = event.get("stateEnteredEventDetails")
        if details:
            return str(details["name"])
        failed = event.get("evaluationFailedEventDetails")
        if failed:  # in a history it may follow the state before
            return str(failed["state"])
        wanted = event.get("previousEventId", 0)
        if not wanted:  # nothing caused it: it was stopped, or took too long
            return None
    return None
