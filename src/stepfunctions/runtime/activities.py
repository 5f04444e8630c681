"""Tasks of activities: they wait here until a worker asks for them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from stepfunctions.engine.ports import Integration, TaskCall
from stepfunctions.runtime.store.activities import ActivityStore

_LOOK = 1.0
"""Seconds after which a poll looks whether its worker is still there."""


class ActivityTasks:
    """An Integration: the tasks of activities that exist queue for workers, all others go to another integration."""

    def __init__(self, others: Integration, activities: ActivityStore) -> None:
        self._others = others
        self._activities = activities
        self._queues: dict[str, OrderedDict[str, TaskCall]] = {}
        self._ready = threading.Condition()
        self._polling: Counter[str] = Counter()
        self._closed = False
        self.begun: Callable[[str], None] = _ignore
        """Is told the key of each task of an activity that waits for its worker's answer from now on."""
        self.ended: Callable[[str], None] = _ignore
        """Is told the key of each that does so no longer, but for those that were answered."""

    def start(self, call: TaskCall) -> None:
        """Queue the task of an activity that exists; begin any other task."""
        if call.command.resource.kind != "activity" or not self._is_ours(call):
            self._others.start(call)
            return
        self.begun(call.key)
        with self._ready:
            self._queues.setdefault(call.command.resource.arn, OrderedDict())[call.key] = call
            self._ready.notify_all()

    def resume(self, call: TaskCall) -> None:
        """After a restart: queue it again, unless a worker took it, who answers with its token."""
        if not self._is_ours(call):
            self._others.resume(call)
        elif call.submitted is None:
            self.start(call)
        else:
            self.begun(call.key)

    def cancel(self, call: TaskCall) -> None:
        """Take the task out of its queue; a worker that has it learns from its next call."""
        if call.command.resource.kind == "activity":
            with self._ready:
                self._queues.get(call.command.resource.arn, OrderedDict()).pop(call.key, None)
            self.ended(call.key)
        self._others.cancel(call)

    def take(self, arn: str, seconds: float = 0.0, gone: Callable[[], bool] = lambda: False) -> TaskCall | None:
        """Return the activity's oldest task and forget it; None when none has come in ``seconds`` real seconds.

        Nor is one given to a worker that is ``gone``: it would be lost.
        """
        deadline = time.monotonic() + seconds
        with self._ready:
            self._polling[arn] += 1
            try:
                while not self._queues.get(arn) and not self._closed and not gone():
                    left = deadline - time.monotonic()
                    if left <= 0:
                        break
                    self._ready.wait(min(left, _LOOK))
                queue = self._queues.get(arn)
                if not queue or self._closed or gone():
                    return None
                _, call = queue.popitem(last=False)
                return call
            finally:
                self._polling[arn] -= 1

    def polling(self, arn: str) -> int:
        """Return how many workers wait for a task of the activity."""
        with self._ready:
            return self._polling[arn]

    def close(self) -> None:
        """Let go of every worker that waits."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def _is_ours(self, call: TaskCall) -> bool:
        resource = call.command.resource
        return resource.kind == "activity" and self._activities.get(resource.arn) is not None


def _ignore(key: str) -> None:
    del key
