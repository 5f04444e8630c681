"""The coordinator of Distributed Maps: it takes items from their source and makes child executions of them.

The decisions (how many at once, when it has failed, how it ends) are those of ``engine.map_run``. The runner
calls in from its one thread and commits what changed here together with the executions it concerns.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from stepfunctions.asl.document import Document, dumps
from stepfunctions.engine import map_run as rules
from stepfunctions.engine.execution import Execution, Status
from stepfunctions.engine.limits import AWS_LIMITS
from stepfunctions.engine.map_run import MapRun, Verdict
from stepfunctions.engine.messages import (
    Command,
    MapRunEnded,
    Outcome,
    RedriveMapRun,
    Redriven,
    Started,
    StartMapRun,
    StopMapRun,
)
from stepfunctions.engine.ports import ItemSource, MapRunStore
from stepfunctions.errors import StateFailed
from stepfunctions.runtime.results.records import lines, results_of, transformation

_log = logging.getLogger(__name__)

_RESULTS = 500
"""Results that one cycle writes to S3 at most."""


@dataclass(slots=True)
class _Active:
    """A map run at work."""

    run: MapRun
    parent: Execution
    children: set[str] = field(default_factory=set)
    """ARNs of the children that run."""
    inputs: Generator[tuple[Document, int], None, None] | None = None
    """The children's inputs, from the cursor on; opened when the first is wanted."""
    ending: Verdict | None = None
    """How it ends once no child runs any more."""
    export: Generator[None, None, Document] | None = None
    """The ResultWriter at work."""
    unsuccessful: Iterator[Execution] | None = None
    """The children that a redrive has still to look at."""
    again: RedriveMapRun | None = None
    """It is to be redriven once it is over."""


class MapRuns:
    """All map runs at work. Used by the engine thread only."""

    def __init__(self, source: ItemSource, store: MapRunStore) -> None:
        self._source = source
        self._store = store
        self.active: dict[str, _Active] = {}
        """Those at work, by ARN."""
        self.changed: dict[str, MapRun] = {}
        """Those to write with the next commit, by ARN."""
        self._stops: deque[str] = deque()
        self._over: deque[str] = deque()

    def obey(self, command: Command, parent: Execution, now: float) -> None:
        """Do what a command of ``parent`` says of a map run; other commands are not for here."""
        if isinstance(command, StartMapRun):
            self.begin(command.run, parent)
        elif isinstance(command, RedriveMapRun):
            self.redrive(command, parent, now)
        elif isinstance(command, StopMapRun):
            self.stop(command.map_run_arn, now)

    def begin(self, run: MapRun, parent: Execution) -> None:
        """Take up a new map run of ``parent``."""
        active = self.active[run.arn] = _Active(run, parent)
        self.changed[run.arn] = run
        self._judge(active)

    def resume(self, run: MapRun, parent: Execution, children: set[str]) -> None:
        """Take up a stored map run, whose ``children`` are the executions of it that still run."""
        active = self.active[run.arn] = _Active(run, parent, children)
        if run.status != Status.RUNNING:
            self._end(active, Verdict(run.status))
        else:
            self._judge(active)

    def stop(self, arn: str, now: float) -> None:
        """Abort a map run: nobody waits for its result any more."""
        active = self.active.get(arn)
        if active is not None:
            active.again = None
        if active is not None and active.run.status == Status.RUNNING:
            self._give_up_redrive(active.run)
            active.run.status = Status.ABORTED
            active.run.stopped_at = now
            active.run.unwritten = active.run.exports
            self.changed[arn] = active.run
            self._end(active, Verdict(Status.ABORTED))

    def redrive(self, command: RedriveMapRun, parent: Execution, now: float) -> None:
        """Go on with a run that did not succeed: at once, or when it is over, as it may still stop its children."""
        active = self.active.get(command.map_run_arn)
        if active is not None:
            active.again, active.parent = command, parent
            return
        run = self._store.get(command.map_run_arn)
        if run is None:
            raise LookupError(f"There is no Map Run {command.map_run_arn}")
        self._redriven(run, command, parent, now)

    def _redriven(self, run: MapRun, command: RedriveMapRun, parent: Execution, now: float) -> None:
        rules.redriven(run, command.attempt, now, self._store.children(run.arn))
        self.changed[run.arn] = run
        active = self.active[run.arn] = _Active(run, parent)
        self._judge(active)

    def live(self, arn: str) -> MapRun | None:
        """Return a map run at work, or None."""
        active = self.active.get(arn)
        return active.run if active else None

    def change(self, arn: str, act: Callable[[MapRun], None]) -> bool:
        """Change the settings of a run at work; False when there is none."""
        active = self.active.get(arn)
        if active is None:
            return False
        act(active.run)
        self.changed[arn] = active.run
        if active.ending is None:
            self._judge(active)
        return True

    def child_ended(self, child: Execution) -> None:
        """Count the end of a child execution."""
        active = self.active.get(child.parent_map_run_arn or "")
        if active is None or child.arn not in active.children:
            return
        active.children.discard(child.arn)
        rules.child_ended(active.run, child.status, child.item_count)
        self.changed[active.run.arn] = active.run
        if active.ending is None:
            self._judge(active)
        elif not active.children:
            self._over.append(active.run.arn)

    def next_children(self, now: float, budget: int) -> Iterator[tuple[Execution, Outcome]]:
        """Yield child executions and how they begin, at most ``budget``; the caller does it before it takes the next.

        One that is Redriven comes as it ended, and without branches.
        """
        working = [active for active in self.active.values() if active.ending is None]
        while working and budget > 0:
            for active in tuple(working):
                wanted = budget > 0 and active.ending is None and rules.capacity(active.run) > 0
                found = self._next(active, now) if wanted else None
                if found is None:
                    working.remove(active)
                    continue
                yield found
                budget -= 1

    def _next(self, active: _Active, now: float) -> tuple[Execution, Outcome] | None:
        if active.run.pending_redrive:
            return self._next_redriven(active), Redriven()
        child = self._next_child(active, now)
        return None if child is None else (child, Started())

    def _next_redriven(self, active: _Active) -> Execution:
        run = active.run
        if active.unsuccessful is None:
            active.unsuccessful = self._store.children(run.arn, run.redrive_from)
        child = next(child for child in active.unsuccessful if rules.waits_for_redrive(run, child))
        run.redrive_from = (child.item_index or 0) + 1
        rules.child_redriven(run, child)
        self.changed[run.arn] = run
        active.children.add(child.arn)
        return child

    def _give_up_redrive(self, run: MapRun) -> None:
        if run.pending_redrive:
            rules.redrive_given_up(run, self._store.children(run.arn, run.redrive_from))

    @property
    def pending(self) -> bool:
        """Whether there are children to stop, or runs that are over."""
        return bool(self._stops or self._over)

    def take_stops(self) -> Iterator[str]:
        """Remove and yield the children to stop, each once."""
        while self._stops:
            yield self._stops.popleft()

    def take_over(self, now: float) -> Iterator[tuple[Execution, MapRunEnded]]:
        """Remove and yield the parents of runs that are over, with the outcome; all children's ends are committed."""
        for _ in range(len(self._over)):
            arn = self._over.popleft()
            active = self.active.get(arn)
            if active is None or active.ending is None:
                continue
            ended = self._outcome(active, active.ending)
            if ended is None:
                self._over.append(arn)  # it goes on in the next cycle
                continue
            del self.active[arn]
            run = active.run
            run.unwritten = False
            self.changed[arn] = run
            if active.again is not None:
                self._redriven(run, active.again, active.parent, now)
            if run.status != Status.RUNNING or active.again is not None:
                continue  # aborted: nobody waits
            run.status, run.stopped_at = ended.status, now
            yield active.parent, ended

    def take_changed(self) -> list[MapRun]:
        """Return the runs to write with this commit."""
        changed, self.changed = self.changed, {}
        return list(changed.values())

    def close(self) -> None:
        """Close all sources and forget all runs."""
        for active in self.active.values():
            _close(active)
        self.active, self.changed, self._stops, self._over = {}, {}, deque(), deque()

    def _next_child(self, active: _Active, now: float) -> Execution | None:
        run, parent = active.run, active.parent
        try:
            if active.inputs is None:
                active.inputs = self._inputs(active)
            found = next(active.inputs, None)
            if found is None:
                rules.source_ended(run)
                self.changed[run.arn] = run
                self._judge(active)
                return None
            given, items = found
        except StateFailed as failure:
            self._fail(active, failure.error, failure.cause)
            return None
        except Exception as error:  # noqa: BLE001 - a fault of one source must not hold up every execution
            _log.exception("cannot take items of %s", run.arn)
            self._fail(active, "States.ItemReaderFailed", f"Cannot read items: {error!r}")
            return None
        child = _child(run, parent, given, items, now)
        rules.child_started(run, items)
        self.changed[run.arn] = run
        active.children.add(child.arn)
        return child

    def _fail(self, active: _Active, error: str, cause: str) -> None:
        active.run.error, active.run.cause = error, cause
        self.changed[active.run.arn] = active.run
        self._judge(active)

    def _judge(self, active: _Active) -> None:
        verdict = rules.verdict(active.run)
        if verdict is not None:
            self._end(active, verdict)

    def _end(self, active: _Active, verdict: Verdict) -> None:
        active.ending = verdict
        _close(active)
        self._give_up_redrive(active.run)
        if active.children:
            if active.run.execution_type != "EXPRESS":  # those complete
                self._stops.extend(active.children)
        else:
            self._over.append(active.run.arn)

    def _inputs(self, active: _Active) -> Generator[tuple[Document, int], None, None]:
        run, program = active.run, active.parent.program
        if program is None:
            raise RuntimeError(f"{active.parent.arn} has no program")
        return rules.child_inputs(program, run, self._source.items(run, run.cursor))

    def _outcome(self, active: _Active, verdict: Verdict) -> MapRunEnded | None:
        """Return how the run has ended; None while its results are being written."""
        run, output = active.run, None
        try:
            if run.exports:
                output = self._exported(active, verdict)
                if output is None:
                    return None
            elif verdict.status == Status.SUCCEEDED:
                output = self._collected(active)
        except StateFailed as failure:
            if verdict.status == Status.SUCCEEDED:
                verdict = Verdict(Status.FAILED, failure.error, failure.cause)
        if verdict.status == Status.SUCCEEDED:
            return MapRunEnded(run.branch, run.attempt, Status.SUCCEEDED, output)
        return MapRunEnded(run.branch, run.attempt, verdict.status, None, verdict.error, verdict.cause)

    def _collected(self, active: _Active) -> Document:
        """Return the results as the state's result."""
        run, program = active.run, active.parent.program
        form = transformation(run)
        if form == "COMPACT" and not (run.failed or run.timed_out or run.aborted):
            found = self._store.outputs(run.arn)
        else:
            found = (result for child in self._store.children(run.arn) for result in results_of(child, form))
        output = rules.map_output(found, run.state, program.limits if program else AWS_LIMITS)
        return Document("\n".join(dumps(result) for result in output.value)) if lines(run) else output

    def _exported(self, active: _Active, verdict: Verdict) -> Document | None:
        """Write some more results; returns the state's result when all are written."""
        run = active.run
        if active.export is None:
            unstarted = () if verdict.status == Status.SUCCEEDED else self._unstarted(active)
            active.export = self._source.export(run, self._store.children(run.arn), unstarted)
        try:
            for _ in range(_RESULTS):
                next(active.export)
        except StopIteration as end:
            output: Document = end.value
            return output
        except StateFailed:
            raise
        except Exception as error:
            _log.exception("cannot write the results of %s", run.arn)
            raise StateFailed("States.ResultWriterFailed", f"Cannot write results: {error!r}") from error
        return None

    def _unstarted(self, active: _Active) -> Iterator[tuple[Document, int]]:
        with closing(self._inputs(active)) as inputs:
            yield from inputs


def _close(active: _Active) -> None:
    for source in (active.inputs, active.export):
        if source is not None:
            source.close()
    active.inputs = active.export = None


def _child(run: MapRun, parent: Execution, given: Document, items: int, now: float) -> Execution:
    prefix = parent.arn.split(":execution:", 1)[0]
    kind, name = "execution", str(uuid.uuid4())
    if run.execution_type == "EXPRESS":
        kind, name = "express", f"{name}:{uuid.uuid4()}"
    return Execution(
        arn=f"{prefix}:{kind}:{parent.machine_name}/{run.label}:{name}",
        name=name,
        machine_arn=f"{parent.machine_arn}/{run.label}",
        machine_name=parent.machine_name,
        role_arn=parent.role_arn,
        input=given,
        started_at=now,
        definition_id=parent.definition_id,
        region=run.region,
        type=run.execution_type,
        parent_map_run_arn=run.arn,
        item_index=run.cursor,
        item_count=items,
        program=parent.program,
    )
