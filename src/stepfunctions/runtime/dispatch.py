"""Hand committed commands to the integration, on a few threads or on the caller's."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable

from stepfunctions.engine.messages import TaskFailed
from stepfunctions.engine.ports import Integration, TaskCall

_log = logging.getLogger(__name__)

_Job = tuple[TaskCall, Callable[[TaskCall], None]]


class Dispatcher:
    """Calls of one integration. A cancel never overtakes the start of its task.

    ``workers`` threads make the calls; 0 means that they run at once in the thread that asks, for
    integrations that do not block. ``drained`` is called when a thread has nothing more to do. ``behind`` tells how
    many calls wait in the integration itself.
    """

    def __init__(
        self, integration: Integration, workers: int, drained: Callable[[], None], behind: Callable[[], int] = lambda: 0
    ) -> None:
        self._integration = integration
        self._workers = workers
        self._drained = drained
        self._behind = behind
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._ready = threading.Condition()
        self._queue: OrderedDict[str, _Job] = OrderedDict()
        self._at_work: set[str] = set()
        self._cancel_after: dict[str, TaskCall] = {}
        self._stopping = False

    @property
    def backlog(self) -> int:
        """How many calls wait for a thread."""
        return len(self._queue) + self._behind()

    @property
    def busy(self) -> bool:
        """Whether a call is at work or waits for a thread."""
        with self._ready:
            return bool(self._queue or self._at_work)

    def start(self, call: TaskCall) -> None:
        """Begin a task."""
        act = self._integration.start
        if self._workers:
            self._submit(call, act)
        else:
            self._call(call, act)

    def resume(self, call: TaskCall) -> None:
        """Attach to a task after a restart, or begin it."""
        self._submit(call, self._integration.resume)

    def cancel(self, call: TaskCall) -> None:
        """Cancel a task: one that still queues is never begun."""
        with self._ready:
            if call.key in self._at_work:
                self._cancel_after[call.key] = call
                return
            queued = self._queue.pop(call.key, None)
            if queued is not None and queued[1] == self._integration.start:
                return
        self._submit(call, self._integration.cancel)

    def close(self, timeout: float = 5.0) -> None:
        """Begin nothing more; wait for calls at work, each at most ``timeout`` seconds."""
        with self._ready:
            self._stopping = True
            self._queue.clear()
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    def _submit(self, call: TaskCall, act: Callable[[TaskCall], None]) -> None:
        if not self._workers:
            self._call(call, act)
            return
        with self._ready:
            if self._stopping:
                return
            self._queue[call.key] = (call, act)
            if self._idle < len(self._queue) and len(self._threads) < self._workers:
                name = f"stepfunctions-task-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._ready.notify()

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._queue:
                    if self._stopping:
                        return
                    self._idle += 1
                    self._ready.wait()
                    self._idle -= 1
                _, (call, act) = self._queue.popitem(last=False)
                self._at_work.add(call.key)
            self._call(call, act)
            with self._ready:
                self._at_work.discard(call.key)
                late = self._cancel_after.pop(call.key, None)
                drained = not self._queue
            if late is not None:
                self._call(late, self._integration.cancel)
            if drained:
                self._drained()

    def _call(self, call: TaskCall, act: Callable[[TaskCall], None]) -> None:
        try:
            act(call)
        except Exception as error:  # noqa: BLE001 - an integration's fault must end its task, not a worker
            _log.exception("integration failed at %s", call.key)
            command = call.command
            cause = f"{type(error).__name__}: {error}"
            call.report(TaskFailed(command.branch, command.attempt, "States.TaskFailed", cause, "start"))
