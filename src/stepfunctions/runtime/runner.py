"""The runner: one thread owns all open executions, commits what the engine says, then does it.

A cycle takes what came in (outcomes, due timers, items of Distributed Maps), advances the executions it
concerns, writes all of it in one transaction, and only then runs the commands and answers the callers. So what
anyone was told survives a kill, and a kill at any point only repeats commands, which integrations recognise
by their key.

The same cycle runs without a thread: until :meth:`Runner.start` is called, callers drive it themselves
(:meth:`Runner.pump`, :meth:`Runner.drive`), which is what in-process runs and most tests do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import Outcome, Redriven, Started
from stepfunctions.engine.ports import DELETING, Clock, Integration, ItemSource, Machine
from stepfunctions.errors import LocalCloudError
from stepfunctions.runtime.activities import ActivityTasks
from stepfunctions.runtime.batch import Message, Observer, telling
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.core import Core
from stepfunctions.runtime.dispatch import Dispatcher
from stepfunctions.runtime.logs import ExecutionLog, LogSink
from stepfunctions.runtime.store import Store

_log = logging.getLogger(__name__)

_PAUSE = 1.0
"""Seconds to wait after a commit that failed before trying again."""


class Runner:
    """Runs the executions of a store. All public methods may be called from any thread.

    ``workers`` threads call the integration; 0: the engine's own thread does, for integrations that never block.
    ``limits`` are what executions may use: AWS's, unless others are given. ``logs`` gets the events that state
    machines log. ``behind`` tells how many calls wait in the integration itself.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        integration: Integration,
        items: ItemSource,
        *,
        workers: int = 16,
        limits: Limits = AWS_LIMITS,
        logs: LogSink | None = None,
        behind: Callable[[], int] = lambda: 0,
    ) -> None:
        self.limits = limits
        self._store = store
        self._clock = clock
        self._wake = threading.Event()
        self.integration = integration
        self.activities = ActivityTasks(integration, store.activities)
        self.log = None if logs is None else ExecutionLog(store, logs)
        self._dispatcher = Dispatcher(self.activities, workers, self._wake.set, behind)
        self._core = Core(store, self._dispatcher, items, self.report, self._call_back, limits)
        if self.log is not None:
            self._core.watchers.append(self.log.committed)
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._callbacks: dict[str, list[Callable[[], None]]] = {}
        self._callbacks_lock = threading.Lock()
        self._stopped = threading.Event()
        self._waiting: set[threading.Event] = set()
        """Of callers in wait_for: set when their execution has ended, or this has stopped."""

    def start(self) -> None:
        """Take up every open execution of the store and run in a thread of its own until :meth:`stop`."""
        self.recover()
        self._thread = threading.Thread(target=self._loop, name="stepfunctions-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the cycle at work. Open executions stay open in the store; their tasks are not cancelled.

        Whoever waits for an execution does so no longer.
        """
        self._stopping = True
        self.activities.close()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._dispatcher.close()
        with self._lock:
            self._core.close()
            self._refuse_waiting()
        with self._callbacks_lock:
            self._stopped.set()
            for waiting in self._waiting:
                waiting.set()

    def recover(self) -> None:
        """Load every open execution, and do again what was committed but has no outcome yet."""
        with self._lock:
            for call in self._core.reload(self._clock.now()):
                self._dispatcher.resume(call)

    def begin(self, execution: Execution) -> Execution | None:
        """Start an execution. Returns None once it is committed, or the one that has this ARN already.

        Raises LookupError or DefinitionError when the definition it names is not stored or cannot be read.
        """
        existing = self._ask(Message(execution.arn, Started(), new=execution))
        return existing if isinstance(existing, Execution) else None

    @property
    def open(self) -> int:
        """How many executions are open, children of map runs too."""
        return len(self._core.live)

    def role_of(self, arn: str) -> str | None:
        """Return the role that an open execution runs under; None when it is not open."""
        execution = self._core.live.get(arn)
        return None if execution is None else execution.role_arn

    @property
    def backlog(self) -> int:
        """How many calls of tasks wait for their turn."""
        return self._dispatcher.backlog

    def redrive(self, arn: str, token: str | None = None) -> float | None:
        """Let an execution that had ended go on where it did not end well; returns when.

        None when it runs, or nothing was kept of it. ``token`` is remembered with the execution.
        """
        answer = self._ask(Message(arn, Redriven(), token=token))
        return answer if isinstance(answer, float) else None

    def tell(self, arn: str, outcome: Outcome) -> bool:
        """Deliver an outcome; returns, once it is committed, whether the execution waited for it."""
        return bool(self._ask(Message(arn, outcome)))

    def report(self, arn: str, outcome: Outcome) -> None:
        """Deliver an outcome and do not wait: what an integration's ``call.report`` does."""
        self._core.inbox.append(Message(arn, outcome))
        if not self._wake.is_set():
            self._wake.set()

    def machine_changed(self, machine: Machine) -> None:
        """Learn whether a state machine is being deleted: its executions then fail when they would enter a state."""
        if machine.status == DELETING:
            self._core.deleting.add(machine.arn)
        else:
            self._core.deleting.discard(machine.arn)

    def change_map_run(self, arn: str, change: Callable[[MapRun], None]) -> bool:
        """Change the settings of a running map run; False when it does not run (any more)."""
        return bool(self._ask(Message(arn, act=change)))

    def on_end(self, arn: str, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, soon after the execution has ended; at once when it has, or is unknown.

        It may run in the engine's thread, so it must be quick and must not wait for the runner.
        """
        with self._callbacks_lock:
            self._callbacks.setdefault(arn, []).append(callback)
        execution = self._store.executions.load(arn, branches=False)
        if execution is None or execution.ended:
            self._call_back(arn)

    def observe(self, observer: Observer) -> None:
        """Tell an observer of each execution that began, was redriven or ended, with its status, once committed.

        It is called in the engine's own thread: it must neither block nor raise, nor keep the execution.
        """
        self._core.watchers.append(telling(observer))

    def wait_for(self, arn: str, timeout: float | None = None) -> bool:
        """Block until the execution has ended; False when ``timeout`` real seconds were not enough, or after a stop.

        Without a thread this drives the execution; False may then also mean that it waits for someone else.
        """
        if self._thread is None:
            return self.drive(arn, timeout)
        ended, woken = threading.Event(), threading.Event()

        def wake() -> None:
            ended.set()
            woken.set()

        with self._callbacks_lock:
            self._waiting.add(woken)
        try:
            self.on_end(arn, wake)
            if not self._stopped.is_set():
                woken.wait(timeout)
            return ended.is_set()
        finally:
            with self._callbacks_lock:
                self._waiting.discard(woken)

    def step(self) -> bool:
        """Do one cycle, at most one commit, in the caller's thread; returns whether there was anything to do."""
        with self._lock:
            return self._core.cycle(self._clock.now())

    def pump(self) -> bool:
        """Do what can be done now, in the caller's thread; returns whether there was anything."""
        did = False
        with self._lock:
            while self._core.cycle(self._clock.now()):
                did = True
        return did

    def drive(self, arn: str | None = None, timeout: float | None = None) -> bool:
        """Run in the caller's thread until the execution (None: every one) has ended or waits for someone else.

        A ManualClock is moved to the timer that is due next, other clocks are waited for. Returns whether the
        execution (every one) has ended; False also after ``timeout`` real seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self._wake.clear()
            self.pump()
            if not self._core.live if arn is None else arn not in self._core.live:
                return True
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            due = self._core.timers.next_due()
            if self._dispatcher.busy:
                self._wake.wait(left)
            elif due is None:
                return False
            elif isinstance(self._clock, ManualClock):
                self._clock.advance_to(due)
            else:
                self._clock.wait(due if left is None else min(due, self._clock.now() + left), self._wake)

    @property
    def idle(self) -> bool:
        """Whether no execution is open."""
        return not self._core.live

    def next_due(self) -> float | None:
        """Return when the next timer is due, as epoch seconds; None when there is none."""
        with self._lock:
            return self._core.timers.next_due()

    def _ask(self, message: Message) -> object:
        reply: Future[object] = Future()
        message.reply = reply
        self._core.inbox.append(message)
        self._wake.set()
        if self._stopping:  # looked at last: stop() may have emptied the inbox just before
            self._refuse_waiting()
        if self._thread is None or self._thread is threading.current_thread():
            with self._lock:
                while not reply.done():
                    self._core.cycle(self._clock.now())
        return reply.result()

    def _refuse_waiting(self) -> None:
        with self._lock:
            while self._core.inbox:
                reply = self._core.inbox.popleft().reply
                if reply is not None and not reply.done():
                    reply.set_exception(_stopped())

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                with self._lock:
                    busy = self._core.cycle(self._clock.now())
                    due = self._core.timers.next_due()
            except Exception:  # noqa: BLE001 - whatever kept the store from committing, the engine must go on
                _log.exception("the engine could not commit; it tries again in a second")
                self._wake.wait(_PAUSE)
                continue
            if not busy:
                self._clock.wait(due, self._wake)

    def _call_back(self, arn: str) -> None:
        with self._callbacks_lock:
            callbacks = self._callbacks.pop(arn, ())
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the engine goes on, whatever a listener does
                _log.exception("a callback at the end of %s failed", arn)


def _stopped() -> LocalCloudError:
    return LocalCloudError("The Step Functions service was stopped.")
