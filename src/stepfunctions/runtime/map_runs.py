"""The coordinator of Distributed Maps: it takes items from their source and makes child executions of them.

The decisions (how many at once, when it has failed, how it ends) are those of ``engine.map_run``. The runner
calls in from its one thread and commits what changed here together with the executions it concerns.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine import map_run as rules
from stepfunctions.engine.execution import Execution, Status
from stepfunctions.engine.map_run import MapRun, Verdict
from stepfunctions.engine.messages import MapRunEnded
from stepfunctions.engine.ports import ItemSource, MapRunStore
from stepfunctions.errors import StateFailed

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Active:
    """A map run at work."""

    run: MapRun
    parent: Execution
    children: set[str] = field(default_factory=set)
    """ARNs of the children that run."""
    items: Iterator[tuple[str | None, JSON]] | None = None
    """The source, opened at the cursor when the first item is wanted."""
    ending: Verdict | None = None
    """How it ends once no child runs any more."""


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
        missing = "ItemBatcher" if run.batcher else "ResultWriter" if run.writer else None
        if missing:
            cause = f"{missing} is not supported by the local engine yet; leave it out of the state '{run.state}'."
            self._end(active, Verdict(Status.FAILED, "States.Runtime", cause))
        else:
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
        rules.child_ended(active.run, child.status)
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
            active = self._active.pop(arn, None)
            if active is None or active.ending is None:
                continue
            run = active.run
            if run.status != Status.RUNNING:
                continue  # aborted: nobody waits
            ended = self._outcome(run, active.ending)
            run.status, run.stopped_at = ended.status, now
            self._changed[arn] = run
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
            if active.items is None:
                active.items = self._source.items(run, run.cursor)
            found = next(active.items, None)
            if found is None:
                rules.source_ended(run)
                self._changed[run.arn] = run
                self._judge(active)
                return None
            if parent.program is None:
                raise RuntimeError(f"{parent.arn} has no program")
            key, item = found
            given = rules.child_input(parent.program, run, item, run.cursor, key, _source_of(run))
        except StateFailed as failure:
            self._end(active, Verdict(Status.FAILED, failure.error, failure.cause))
            return None
        except Exception as error:  # noqa: BLE001 - a fault of one source must not hold up every execution
            _log.exception("cannot take items of %s", run.arn)
            self._end(active, Verdict(Status.FAILED, "States.ItemReaderFailed", f"Cannot read items: {error!r}"))
            return None
        child = _child(run, parent, given, now)
        rules.child_started(run)
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

    def _outcome(self, run: MapRun, verdict: Verdict) -> MapRunEnded:
        if verdict.status == Status.SUCCEEDED:
            try:
                output = rules.map_output(self._store.outputs(run.arn))
                return MapRunEnded(run.branch, run.attempt, Status.SUCCEEDED, output)
            except StateFailed as failure:
                verdict = Verdict(Status.FAILED, failure.error, failure.cause)
        return MapRunEnded(run.branch, run.attempt, verdict.status, None, verdict.error, verdict.cause)


def _close(active: _Active) -> None:
    close = getattr(active.items, "close", None)
    if close is not None:
        close()
    active.items = None


def _source_of(run: MapRun) -> str:
    if run.reader is None:
        return "STATE_DATA"
    where = run.reader.get("Parameters") or run.reader.get("Arguments") or {}
    return f"S3://{where.get('Bucket')}/{where.get('Key', where.get('Prefix', ''))}"


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
