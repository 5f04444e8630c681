"""The runner's core: what one cycle takes in, advances, commits and then does. Used under the runner's lock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator
from functools import partial

from stepfunctions.asl.document import Document
from stepfunctions.engine import redrive
from stepfunctions.engine.advance import advance
from stepfunctions.engine.execution import Execution, Status, Waiting
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.engine.messages import (
    CancelTask,
    CancelTimers,
    Command,
    Outcome,
    RedriveMapRun,
    Redriven,
    RunTask,
    SetTimer,
    Started,
    Stopped,
)
from stepfunctions.engine.ports import DELETING, Change, ItemSource, Pending, TaskCall
from stepfunctions.errors import DamagedData, DefinitionError
from stepfunctions.runtime.batch import Batch, Message, Watcher, awaited
from stepfunctions.runtime.dispatch import Dispatcher
from stepfunctions.runtime.jobs import Jobs
from stepfunctions.runtime.map_runs import MapRuns
from stepfunctions.runtime.programs import Programs
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.rows import bare
from stepfunctions.runtime.timers import Timers

_log = logging.getLogger(__name__)

_MESSAGES = 500
"""Messages, and likewise due timers, that one cycle takes in at most: what a transaction holds is bounded."""
_CHILDREN = 200
"""Child executions of Distributed Maps that one cycle starts at most."""
_GOING_ON = 4
"""Executions that go on after ``more`` in one cycle: up to 1,000 transitions each."""
_UNWRITABLE = (ArithmeticError, RecursionError, TypeError, ValueError)
"""What a store raises at data that it cannot hold, now or later."""
_BACKLOG = 1_000
"""Calls waiting for a thread above which no further child executions are started."""


class _Fault(Exception):
    """The engine itself failed at an execution."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        super().__init__(execution.arn)


class Core:
    """All open executions, their timers and map runs."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        items: ItemSource,
        report: Callable[[str, Outcome], None],
        ended: Callable[[str], None],
        limits: Limits = AWS_LIMITS,
    ) -> None:
        self.watchers: list[Watcher] = []
        """Called with what was committed. They must neither block nor raise."""
        self.inbox: deque[Message] = deque()
        self.timers = Timers()
        self.live: dict[str, Execution] = {}
        self.deleting: set[str] = set()
        """ARNs of state machines whose executions must enter no state any more."""
        self._store = store
        self._programs = Programs(store.machines, limits)
        self._dispatcher = dispatcher
        self._map_runs = MapRuns(items, store.map_runs)
        self._report = report
        self._ended = ended
        self._more: dict[str, None] = {}
        self._jobs = Jobs()
        self._faults: dict[str, int] = {}
        self._careful = 0
        """How many things still to take in one by one, to find the execution whose data cannot be written."""
        self._stale = False

    def reload(self, now: float) -> list[TaskCall]:
        """Forget everything and read the open executions from the store; returns the calls of their open tasks."""
        self._map_runs.close()
        self.timers = Timers()
        self._jobs = Jobs()
        self._more.clear()
        self.live.clear()
        calls: list[TaskCall] = []
        waits: dict[str, Pending] = {}
        for arn in self._store.executions.open_arns():
            try:
                execution, pending = self._load(arn), self._store.executions.pending(arn)
            except DamagedData as error:
                execution, pending = self._damaged(arn, error), Pending([], [], [])
            if execution is None:
                continue
            self.live[arn] = execution
            if execution.ready:  # it stopped where advance said "more"
                self._more[arn] = None
            waits[arn] = pending
            for timer in sorted(pending.timers, key=lambda one: _since(execution, one.branch)):
                self.timers.set(arn, timer)
            for task, submitted in sorted(pending.tasks, key=lambda one: _since(execution, one[0].branch)):
                calls.append(self._call(arn, task, submitted))
                if submitted is not None:
                    self._jobs.submitted(arn, task.branch, task.attempt, submitted)
        for arn in {execution.machine_arn.partition("/")[0] for execution in self.live.values()}:
            machine = self._store.machines.get(arn)
            if machine is not None and machine.status == DELETING:
                self.deleting.add(arn)
        self._reload_map_runs(waits, now)
        self._stale = False
        return calls

    def cycle(self, now: float) -> bool:
        """Take in, advance, commit, act. Returns False when there was nothing to do, and nothing is left to do now.

        When the commit fails nothing has happened: what came in is in the inbox again, callers that wait
        are told the error, and it is raised. Data that no store can hold fails its execution only.
        """
        if self._stale:
            self.reload(now)
        batch = Batch()
        try:
            for _ in self._take_in(batch, now):
                if self._careful and batch.changes:
                    self._careful -= 1
                    break
            runs = self._map_runs.take_changed() if self._map_runs.changed else []
            if batch.changes or runs:
                self._store.executions.commit(list(batch.changes.values()), runs)
        except _Fault as fault:
            self._undo(batch, None)
            self._blame(fault.execution, fault.__cause__)
            return True
        except _UNWRITABLE as error:
            self._undo(batch, None if batch.changes else error)
            self._suspect(batch, error)
            return True
        except Exception as error:
            self._undo(batch, error)
            raise
        self._act(batch)
        return bool(batch.changes or runs or batch.messages or self._more or self._map_runs.pending)

    def close(self) -> None:
        """Close the sources of all map runs."""
        self._map_runs.close()

    # --- taking in --------------------------------------------------------------------------------------

    def _take_in(self, batch: Batch, now: float) -> Iterator[None]:
        """Take in one thing after the other. What was not taken when the caller stops comes in the next cycle."""
        if self._map_runs.pending:
            for parent, end in self._map_runs.take_over(now):
                self._advance(batch, parent, end, now)
                yield
            for arn in self._map_runs.take_stops():
                if arn in self.live:
                    self._advance(batch, self.live[arn], Stopped(), now)
                    yield
        for arn, fired in self.timers.take(self.live, now, _MESSAGES):
            if arn in self.live:
                self._advance(batch, self.live[arn], fired, now)
                yield
        for arn in tuple(self._more)[:_GOING_ON] if self._more else ():
            del self._more[arn]
            if arn in self.live:
                self._advance(batch, self.live[arn], None, now)
                yield
        for _ in range(min(_MESSAGES, len(self.inbox))):
            message = self.inbox.popleft()
            batch.messages.append(message)
            self._handle(batch, message, now)
            yield
        if self._map_runs.active and self._dispatcher.backlog < _BACKLOG:
            for child, outcome in self._map_runs.next_children(now, _CHILDREN):
                if isinstance(outcome, Started):
                    self.live[child.arn] = child
                    self._advance(batch, child, outcome, now)
                elif self._redrive(batch, Message(child.arn, outcome), now) is None:
                    self._map_runs.child_ended(child)
                yield

    def _handle(self, batch: Batch, message: Message, now: float) -> None:
        try:
            answer = self._answer(batch, message, now)
        except (DefinitionError, DamagedData, LookupError) as error:
            if message.reply is not None:
                message.reply.set_exception(error)
                message.reply = None
        else:
            if message.reply is not None:
                batch.answers.append((message.reply, answer))

    def _answer(self, batch: Batch, message: Message, now: float) -> object:
        if message.act is not None:
            return self._map_runs.change(message.arn, message.act)
        if isinstance(message.outcome, Redriven):
            return self._redrive(batch, message, now)
        execution = self.live.get(message.arn)
        if message.new is not None:
            existing = execution or self._store.executions.load(message.arn, branches=False)
            if existing is not None:
                return bare(existing)
            execution = bare(message.new)
            execution.program = self._programs.get(execution.definition_id)
            self.live[message.arn] = execution
            self._advance(batch, execution, message.outcome, now)
            return None
        if execution is None or execution.ended or not awaited(execution, message.outcome):
            batch.late.append(message)
            return False
        self._advance(batch, execution, message.outcome, now)
        return True

    def _redrive(self, batch: Batch, message: Message, now: float) -> float | None:
        execution = None if message.arn in self.live else self._load(message.arn)
        if execution is None or not execution.ended or not redrive.is_possible(execution):
            return None
        redrive.revive(execution, now, message.token)
        self.live[message.arn] = execution
        self.timers.longest = 0.0  # it may have been started long ago
        self._advance(batch, execution, message.outcome, now)
        return now

    def _advance(self, batch: Batch, execution: Execution, outcome: Outcome | None, now: float) -> None:
        if execution.ended:
            return
        try:
            deleted = bool(self.deleting) and execution.machine_arn.partition("/")[0] in self.deleting
            step = advance(execution, outcome, now, deleted)
        except Exception as error:
            raise _Fault(execution) from error
        if step.more:
            self._more[execution.arn] = None
        if not (step.events or step.commands or execution.dirty or execution.removed):
            return
        change = batch.changes.get(execution.arn)
        if change is None:
            change = batch.changes[execution.arn] = Change(execution, step.events, step.commands)
        else:
            change.events += step.events
            change.commands += step.commands
        if outcome is not None:
            change.taken.append(outcome)
        for command in step.commands:
            if not isinstance(command, RunTask):
                self._map_runs.obey(command, execution, now)
        if execution.status != Status.RUNNING and execution.parent_map_run_arn is not None:
            self._map_runs.child_ended(execution)

    # --- after the commit -------------------------------------------------------------------------------

    def _act(self, batch: Batch) -> None:
        """Log the events, set the timers, answer the callers; then run the tasks, which may come back."""
        for watch in self.watchers:
            watch(batch.changes.values())
        for change in batch.changes.values():
            self._settle(change)
        for reply, answer in batch.answers:
            reply.set_result(answer)
        for message in batch.late:
            late = self._jobs.late(message.arn, message.outcome)
            if late is not None:
                self._dispatcher.cancel(self._call(message.arn, *late))
        for arn, change in batch.changes.items():
            if change.commands:
                self._dispatch(arn, change.commands)
            if arn not in self.live:
                self._jobs.forget(arn)

    def _dispatch(self, arn: str, commands: list[Command]) -> None:
        """Run the tasks of a change that it did not cancel as well, and cancel others."""
        cancelled: Collection[tuple[int, int]] = ()
        if len(commands) > 1:
            cancelled = {(one.branch, one.attempt) for one in commands if isinstance(one, CancelTask)}
        for command in commands:
            if isinstance(command, RunTask):
                if (command.branch, command.attempt) not in cancelled:
                    self._dispatcher.start(self._call(arn, command))
            elif isinstance(command, CancelTask):
                self._dispatcher.cancel(self._call(arn, *self._jobs.cancelled(arn, command)))

    def _settle(self, change: Change) -> None:
        arn = change.execution.arn
        for outcome in change.taken:
            self._jobs.taken(arn, outcome)
        if change.execution.ended:
            self.timers.forget(arn)
            self.live.pop(arn, None)
            self._more.pop(arn, None)
            self._ended(arn)
            return
        for command in change.commands:
            if isinstance(command, SetTimer):
                self.timers.set(arn, command)
            elif isinstance(command, CancelTimers):
                self.timers.cancel(arn, command.branch)

    def _call(self, arn: str, task: RunTask, submitted: Document | None = None) -> TaskCall:
        return TaskCall(f"{arn}/{task.branch}/{task.attempt}", task, arn, submitted, partial(self._report, arn))

    # --- loading and faults -----------------------------------------------------------------------------

    def _load(self, arn: str) -> Execution | None:
        if self._faults.get(arn, 0) > 1:
            return None
        execution = self._store.executions.load(arn)
        if execution is None or not self._programs.attach(execution):
            return None
        for event in self._store.executions.history(arn, limit=1, reverse=True):
            execution.latest = event.timestamp
        return execution

    def _damaged(self, arn: str, error: DamagedData) -> Execution | None:
        """End an execution that cannot be read as a whole. Returns it without its branches, None if not even that."""
        _log.error("%s is stopped: %s", arn, error)
        execution = self._store.executions.load(arn, branches=False)
        if execution is None or not self._programs.attach(execution):
            return None
        self.inbox.appendleft(Message(arn, Stopped("States.Runtime", str(error))))
        return execution

    def _reload_map_runs(self, waits: dict[str, Pending], now: float) -> None:
        children: dict[str, set[str]] = {run.arn: set() for pending in waits.values() for run in pending.map_runs}
        for execution in self.live.values():
            if execution.parent_map_run_arn is not None:
                children.setdefault(execution.parent_map_run_arn, set()).add(execution.arn)
        for aborted in self._store.map_runs.unwritten():
            children.setdefault(aborted.arn, set())
        for run_arn, arns in children.items():
            try:
                run = self._store.map_runs.get(run_arn)
            except DamagedData as error:
                _log.error("the children of %s go on without it: %s", run_arn, error)
                continue
            parent = run and (self.live.get(run.execution_arn) or self._load(run.execution_arn))
            if run and parent:
                self._map_runs.resume(run, parent, arns)
        for execution in self.live.values():  # redrives that waited for the end of what was at work
            for branch in execution.branches.values():
                if branch.waiting is Waiting.MAP_RUN and branch.map_run_arn is not None:
                    run = self._store.map_runs.get(branch.map_run_arn)
                    if run is not None and run.status != Status.RUNNING:
                        command = RedriveMapRun(branch.id, branch.attempt, run.arn)
                        self._map_runs.redrive(command, execution, now)

    def _undo(self, batch: Batch, error: Exception | None) -> None:
        """Put back what came in, and load everything anew before the next cycle."""
        self._stale = True
        if error is not None:
            for message in batch.messages:
                if message.reply is not None and not message.reply.done():
                    message.reply.set_exception(error)
            batch.messages = [message for message in batch.messages if message.reply is None]
        self.inbox.extendleft(reversed(batch.messages))

    def _suspect(self, batch: Batch, error: Exception) -> None:
        """Something in this batch cannot be written: find out whose it is, then end that execution."""
        if len(batch.changes) > 1:
            self._careful = 2 * _MESSAGES
            return
        for change in batch.changes.values():
            self._careful = 0
            self._blame(change.execution, error)

    def _blame(self, execution: Execution, error: BaseException | None) -> None:
        """Nothing can be done with an execution: end it. What failed while being ended is left alone from then on."""
        arn = execution.arn
        _log.error("internal error at %s", arn, exc_info=error)
        self._faults[arn] = self._faults.get(arn, 0) + 1
        for message in [message for message in self.inbox if message.arn == arn]:
            self.inbox.remove(message)
            if message.reply is not None:
                message.reply.set_exception(RuntimeError(f"internal error at {arn}: {error!r}"))
        stop = Stopped("States.Runtime", f"Internal error of the local engine: {error!r}")
        self.inbox.appendleft(Message(arn, stop))
        run_arn = execution.parent_map_run_arn
        run = self._map_runs.live(run_arn) if run_arn else None
        if run is not None:
            self.inbox.appendleft(Message(run.execution_arn, stop))


def _since(execution: Execution, branch: int) -> int:
    """Return the event after which a branch waits: what began at the same time goes on in the order it began."""
    found = execution.branches.get(branch)
    return 0 if found is None else found.last_event
