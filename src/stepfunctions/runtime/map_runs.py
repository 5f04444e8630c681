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
from stepfunctions.engine.map_run import MapRun, Verdict
from stepfunctions.engine.messages import MapRunEnded
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


class MapRuns:
    """All map runs at work. Used by the engine thread only."""

    def __init__(self, source: ItemSource, store: MapRunStore) -> None:
        self._source = source
        self._store = store
        self._active: dict[str, _Active] = {}
        self._changed: dict[str, MapRun] = {}
        self._stops: deque[str] = deque()
        self._over: deque[str] = deque()

    def begin(self, run: MapRun, parent: Execution) -> None:
        """Take up a new map run of ``parent``."""
        active = self._active[run.arn] = _Active(run, parent)
        self._changed[run.arn] = run
        self._judge(active)

    def resume(self, run: MapRun, parent: Execution, children: set[str]) -> None:
        """Take up a stored map run, whose ``children`` are the executions of it that still run."""
        active = self._active[run.arn] = _Active(run, parent, children)
        if run.status != Status.RUNNING:
            self._end(active, Verdict(run.status))
        else:
            self._judge(active)

    def stop(self, arn: str, now: float) -> None:
        """Abort a map run: nobody waits for its result any more."""
        active = self._active.get(arn)
        if active is not None and active.run.status == Status.RUNNING:
            active.run.status = Status.ABORTED
            active.run.stopped_at = now
            self._changed[arn] = active.run
            self._end(active, Verdict(Status.ABORTED))

    def live(self, arn: str) -> MapRun | None:
        """Return a map run at work, or None."""
        active = self._active.get(arn)
        return active.run if active else None

    def change(self, arn: str, act: Callable[[MapRun], None]) -> bool:
        """Change the settings of a run at work; False when there is none."""
        active = self._active.get(arn)
        if active is None:
            return False
        act(active.run)
        self._changed[arn] = active.run
        if active.ending is None:
            self._judge(active)
        return True

    def child_ended(self, child: Execution) -> None:
        """Count the end of a child execution."""
        active = self._active.get(child.parent_map_run_arn or "")
        if active is None or child.arn not in active.children:
            return
        active.children.discard(child.arn)
        rules.child_ended(active.run, child.status, rules.items_in(active.run, child.input))
        self._changed[active.run.arn] = active.run
        if active.ending is None:
            self._judge(active)
        elif not active.children:
            self._over.append(active.run.arn)

    def next_children(self, now: float, budget: int) -> Iterator[Execution]:
        """Yield new child executions, at most ``budget``; the caller starts each before it takes the next."""
        working = [active for active in self._active.values() if active.ending is None]
        while working and budget > 0:
            for active in tuple(working):
                wanted = budget > 0 and active.ending is None and rules.capacity(active.run) > 0
                child = self._next_child(active, now) if wanted else None
                if child is None:
                    working.remove(active)
                    continue
                yield child
                budget -= 1

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
            active = self._active.get(arn)
            if active is None or active.ending is None:
                continue
            ended = self._outcome(active, active.ending)
            if ended is None:
                self._over.append(arn)  # it goes on in the next cycle
                continue
            del self._active[arn]
            run = active.run
            self._changed[arn] = run
            if run.status != Status.RUNNING:
                continue  # aborted: nobody waits
            run.status, run.stopped_at = ended.status, now
            yield active.parent, ended

    def take_changed(self) -> list[MapRun]:
        """Return the runs to write with this commit."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def close(self) -> None:
        """Close all sources and forget all runs."""
        for active in self._active.values():
            _close(active)
        self._active, self._changed, self._stops, self._over = {}, {}, deque(), deque()

    def _next_child(self, active: _Active, now: float) -> Execution | None:
        run, parent = active.run, active.parent
        try:
            if active.inputs is None:
                active.inputs = self._inputs(active)
            found = next(active.inputs, None)
            if found is None:
                rules.source_ended(run)
                self._changed[run.arn] = run
                self._judge(active)
                return None
            given, items = found
        except StateFailed as failure:
            self._end(active, Verdict(Status.FAILED, failure.error, failure.cause))
            return None
        except Exception as error:  # noqa: BLE001 - a fault of one source must not hold up every execution
            _log.exception("cannot take items of %s", run.arn)
            self._end(active, Verdict(Status.FAILED, "States.ItemReaderFailed", f"Cannot read items: {error!r}"))
            return None
        child = _child(run, parent, given, now)
        rules.child_started(run, items)
        self._changed[run.arn] = run
        active.children.add(child.arn)
        return child

    def _judge(self, active: _Active) -> None:
        verdict = rules.verdict(active.run)
        if verdict is not None:
            self._end(active, verdict)

    def _end(self, active: _Active, verdict: Verdict) -> None:
        active.ending = verdict
        _close(active)
        if active.children:
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
                output = self._collected(run)
        except StateFailed as failure:
            if verdict.status == Status.SUCCEEDED:
                verdict = Verdict(Status.FAILED, failure.error, failure.cause)
        if verdict.status == Status.SUCCEEDED:
            return MapRunEnded(run.branch, run.attempt, Status.SUCCEEDED, output)
        return MapRunEnded(run.branch, run.attempt, verdict.status, None, verdict.error, verdict.cause)

    def _collected(self, run: MapRun) -> Document:
        """Return the results as the state's result."""
        form = transformation(run)
        found = (result for child in self._store.children(run.arn) for result in results_of(child, form))
        output = rules.map_output(found)
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

    def _unstarted(self, active: _Active) -> Iterator[Document]:
        with closing(self._inputs(active)) as inputs:
            for given, _ in inputs:
                yield given


def _close(active: _Active) -> None:
    for source in (active.inputs, active.export):
        if source is not None:
            source.close()
    active.inputs = active.export = None


def _child(run: MapRun, parent: Execution, given: Document, now: float) -> Execution:
    prefix = parent.arn.split(":execution:", 1)[0]
    name = str(uuid.uuid4())
    machine = f"{parent.machine_name}/{run.label}"
    return Execution(
        arn=f"{prefix}:execution:{machine}:{name}",
        name=name,
        machine_arn=f"{parent.machine_arn}/{run.label}",
        machine_name=machine,
        role_arn=parent.role_arn,
        input=given,
        started_at=now,
        definition_id=parent.definition_id,
        region=run.region,
        type=run.execution_type,
        parent_map_run_arn=run.arn,
        item_index=run.cursor,
        program=parent.program,
    )
