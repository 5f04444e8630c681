"""A Distributed Map as data: the record of a map run and the pure rules of its progress.

The runner holds the items' cursor and starts the child executions; every decision is made here:
how many may start, when too many have failed, when it is over, what a child gets as input.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Status
from stepfunctions.engine.limits import AWS_LIMITS, DATA_LIMIT, MAX_EVENTS, Limits, too_large
from stepfunctions.errors import StateFailed
from stepfunctions.query.scope import Scope

if TYPE_CHECKING:
    from stepfunctions.engine.execution import Execution
    from stepfunctions.engine.program import Program

REDRIVABLE_PERIOD = 14 * 86_400
"""Seconds after its end in which an execution can be redriven."""
MAX_CONCURRENCY = 10_000
"""What MaxConcurrency 0 (the default) means for a Distributed Map."""


STATE_DATA = "STATE_DATA"
"""``Map.Item.Source`` of items that come from the state's input."""


class Item(NamedTuple):
    """An item of a Distributed Map."""

    key: str | None
    """The key, when it is a member of an object."""
    value: JSON
    source: str = STATE_DATA
    """Where it comes from, as ``Map.Item.Source`` shows it: ``S3://bucket/key``, or ``STATE_DATA``."""


def map_item(index: int, value: JSON, key: str | None, source: str) -> dict[str, JSON]:
    """Return the context's Map.Item of one iteration."""
    named: dict[str, JSON] = {} if key is None else {"Key": key}
    return {"Index": index, "Value": value, **named, "Source": source}


def plain_input(value: JSON, key: str | None) -> JSON:
    """Return the input of an iteration without ItemSelector: the item, or the pair that a member of an object is.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
    """
    return value if key is None else {"Key": key, "Value": value}


@dataclass(slots=True, kw_only=True)
class MapRun:
    """One map run: a row. The engine makes it (StartMapRun), the runner's coordinator changes it."""

    arn: str
    """``arn:aws:states:<region>:<account>:mapRun:<machine>/<label>:<uuid>``"""
    execution_arn: str
    machine_arn: str
    branch: int
    attempt: int
    state: str
    label: str
    """The definition's Label, or one derived; children are ``…:execution:<machine>/<label>:<name>``."""
    region: str
    """The children's ``Execution.region`` (same ``definition_id`` as the parent)."""
    execution_type: str = "STANDARD"
    max_concurrency: int = 0
    """As written or read from its path; 0 = MAX_CONCURRENCY."""
    tolerated_failure_count: int | None = None
    tolerated_failure_percentage: float | None = None
    input: Document = field(default_factory=lambda: Document(None))
    """The Map's effective input: what ItemSelector's paths read."""
    items: Document | None = None
    """The items (array or object) when they come from the state's input; None when ``reader`` names them."""
    reader: JSON | None = None
    """Resolved ItemReader: ``{"Resource", "Parameters", "ReaderConfig"}``."""
    batcher: JSON | None = None
    """Resolved ItemBatcher."""
    writer: JSON | None = None
    """Resolved ResultWriter: ``{"Resource", "Parameters", "WriterConfig"}``."""
    context: JSON | None = None
    """The parent's context object, kept for an ItemSelector."""
    variables: dict[str, JSON] = field(default_factory=dict)
    """The parent's variables, kept for an ItemSelector; the children themselves see none."""
    status: str = Status.RUNNING
    started_at: float = 0.0
    stopped_at: float | None = None
    cursor: int = 0
    """How many items were given to children: the index of the next one."""
    total: int | None = None
    """The number of items, once known."""
    running: int = 0
    """Children, as the four below. A child has one item, or a batch."""
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    written: int = 0
    """Children whose results the ResultWriter wrote."""
    running_items: int = 0
    succeeded_items: int = 0
    failed_items: int = 0
    timed_out_items: int = 0
    aborted_items: int = 0
    written_items: int = 0
    error: str | None = None
    """Set once the items cannot be read: the run fails with this as soon as no child runs."""
    cause: str | None = None
    unwritten: bool = False
    """True of an aborted run whose results the ResultWriter has still to write."""
    redrive_count: int = 0
    redriven_at: float | None = None
    redrive_from: int = 0
    redrive_until: int = 0
    """The children that a redrive has still to look at: by the index of their first item, the latter one excluded."""
    pending_redrive: int = 0
    """Children that did not succeed and wait for their redrive; they are counted nowhere else."""
    pending_redrive_items: int = 0
    not_redrivable: int = 0
    """Children that did not succeed and cannot be redriven; they are also counted by their statuses."""
    not_redrivable_items: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether there is no item after ``cursor``."""
        return self.cursor == self.total

    @property
    def exports(self) -> bool:
        """Whether the results go to S3."""
        return bool(self.writer and self.writer.get("Resource"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A map run is over. FAILED: stop the children that still run; then deliver ``MapRunEnded``."""

    status: str
    error: str = ""
    cause: str = ""


EXCEEDED = "States.ExceedToleratedFailureThreshold"


def capacity(run: MapRun) -> int:
    """Return how many children of a run that goes on may be started now: 0 at its window or when no item is left."""
    room = min(run.max_concurrency or MAX_CONCURRENCY, MAX_CONCURRENCY) - run.running
    if run.pending_redrive:
        return max(room, 0)
    if run.total is not None:
        room = min(room, run.total - run.cursor)  # items: of batches, at most so many
    return max(room, 0)


def child_started(run: MapRun, items: int) -> None:
    """Count a child with this many items from the cursor on as running."""
    run.cursor += items
    _count(run, "running", items)


def source_ended(run: MapRun) -> None:
    """The source has no further item: the total is what was started."""
    run.total = run.cursor


def child_ended(run: MapRun, status: str, items: int) -> None:
    """Count one child's final status (SUCCEEDED, FAILED, TIMED_OUT, ABORTED) and its items."""
    _recount(run, "running", _COUNTER[status], items)


def _count(run: MapRun, name: str, items: int, children: int = 1) -> None:
    for counter, number in ((name, children), (f"{name}_items", items)):
        setattr(run, counter, getattr(run, counter) + number)


def _recount(run: MapRun, before: str, after: str, items: int) -> None:
    """Count one child, and its items, under another name."""
    for name, sign in ((before, -1), (after, 1)):
        _count(run, name, sign * items, sign)


_UNSUCCESSFUL = ("failed", "timed_out", "aborted")
_COUNTER = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed_out",
    Status.ABORTED: "aborted",
}


def verdict(run: MapRun) -> Verdict | None:
    """Return how the run ends, or None while it goes on. Call after source_ended and after child_ended.

    FAILED with ``States.ExceedToleratedFailureThreshold`` as soon as a tolerance is exceeded;
    SUCCEEDED when the source is exhausted and no child runs.
    """
    if run.error is not None:
        return Verdict(Status.FAILED, run.error, run.cause or "")
    if _exceeded(run):
        return Verdict(Status.FAILED, EXCEEDED, "The specified tolerated failure threshold was exceeded")
    if not run.running and not run.pending_redrive and run.exhausted:
        return Verdict(Status.SUCCEEDED)
    return None


def redriven(run: MapRun, attempt: int, now: float, children: Iterable[Execution]) -> None:
    """Let a run that did not succeed go on; ``children`` are all that it has. Their successes stay."""
    run.status, run.stopped_at, run.attempt = Status.RUNNING, None, attempt
    run.redrive_count += 1
    run.redriven_at = now
    run.error = run.cause = None
    run.redrive_from, run.redrive_until = 0, run.cursor
    for name in (*_UNSUCCESSFUL, "pending_redrive", "not_redrivable", "written"):
        for counter in (name, f"{name}_items"):
            setattr(run, counter, 0)
    for child in children:
        if waits_for_redrive(run, child):
            _count(run, "pending_redrive", child.item_count)
        elif child.status != Status.SUCCEEDED:
            for name in (_COUNTER[child.status], "not_redrivable"):
                _count(run, name, child.item_count)


def waits_for_redrive(run: MapRun, child: Execution) -> bool:
    """Tell whether a child of the run will be redriven, and was not yet."""
    if run.status != Status.RUNNING or child.status not in _COUNTER or child.status == Status.SUCCEEDED:
        return False
    assert child.item_index is not None
    if not run.redrive_from <= child.item_index < run.redrive_until:
        return False
    assert run.redriven_at is not None
    return redrivable(child, run.redriven_at)


def redrivable(execution: Execution, now: float) -> bool:
    """Tell whether an execution that did not succeed can be redriven: an Express one always, as it starts anew."""
    assert execution.stopped_at is not None
    young = now - execution.stopped_at <= REDRIVABLE_PERIOD
    return execution.type == "EXPRESS" or (young and execution.last_event_id < MAX_EVENTS - 1)


def child_redriven(run: MapRun, child: Execution) -> None:
    """Count a child that waited for its redrive as running."""
    _recount(run, "pending_redrive", "running", child.item_count)


def redrive_given_up(run: MapRun, children: Iterable[Execution]) -> None:
    """The run ends before all were redriven: count those that still wait by their statuses."""
    for child in children:
        if waits_for_redrive(run, child):
            _count(run, _COUNTER[child.status], child.item_count)
    run.redrive_until = run.pending_redrive = run.pending_redrive_items = 0


def _exceeded(run: MapRun) -> bool:
    """Tell whether more items failed than are tolerated. With neither tolerance written, none is.

    A percentage over 0 is of all items, so it counts once their number is known.
    """
    failures = run.failed_items + run.timed_out_items + run.aborted_items
    count, percentage = run.tolerated_failure_count, run.tolerated_failure_percentage
    if not failures:
        return False
    if count is None and percentage is None:
        return True
    if count is not None and failures > count:
        return True
    if not percentage:
        return percentage is not None
    return run.total is not None and failures * 100 > percentage * run.total


def child_inputs(
    program: Program, run: MapRun, items: Generator[Item, None, None]
) -> Generator[tuple[Document, int], None, None]:
    """Yield the inputs of the children from the cursor on, each with how many items it has; closes ``items``.

    Raises StateFailed when ItemSelector fails or an input is over 256 KiB.
    """
    with closing(items):
        selected = (selected_item(program, run, item, index) for index, item in enumerate(items, run.cursor))
        if run.batcher is not None:
            yield from _batches(run, run.batcher, selected, program.limits.payload)
            return
        for document in selected:
            program.limits.check_size(document, run.state)
            yield document, 1


def _batches(
    run: MapRun, batcher: dict[str, JSON], selected: Iterable[Document], most: int | None
) -> Generator[tuple[Document, int], None, None]:
    """Yield ``{"BatchInput": …, "Items": […]}`` with as many items as both limits allow.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    fixed = f'"BatchInput":{Document(batcher["BatchInput"]).text},' if "BatchInput" in batcher else ""
    most_items = batcher.get("MaxItemsPerBatch")
    most_bytes = batcher.get("MaxInputBytesPerBatch", most)
    head, tail = f'{{{fixed}"Items":[', "]}"
    least = len(head.encode()) + len(tail)
    texts: list[str] = []
    size = least
    for document in selected:
        full = most_bytes is not None and size + 1 + document.size > most_bytes
        if texts and (full or len(texts) == most_items):
            yield Document.parse(f"{head}{','.join(texts)}{tail}"), len(texts)
            texts, size = [], least
        if most_bytes is not None and size + document.size > most_bytes:
            raise StateFailed(
                DATA_LIMIT,
                f"An item of the state '{run.state}' is too large for a batch of at most {most_bytes} bytes.",
            )
        size += document.size + bool(texts)
        texts.append(document.text)
    if texts:
        yield Document.parse(f"{head}{','.join(texts)}{tail}"), len(texts)


def selected_item(program: Program, run: MapRun, item: Item, index: int) -> Document:
    """Return the item as it is, or what ItemSelector makes of it."""
    node = program.regions[run.region].parent
    assert node is not None
    document = Document(plain_input(item.value, item.key))
    if node.work.selector is not None:
        context = {**(run.context or {}), "Map": {"Item": map_item(index, item.value, item.key, item.source)}}
        chance = Random(repr((run.arn, index)))
        # The time is that of the run's start, so that a child that is started again gets the same input.
        scope = Scope(run.input.value, lambda: context, run.variables, lambda: chance, run.started_at)
        document = Document(node.work.selector(scope))
    return document


def map_output(results: Iterable[Document], state: str, limits: Limits = AWS_LIMITS) -> Document:
    """Return the Map's result: the children's results in item order, as one array.

    Raises StateFailed(States.DataLimitExceeded) when it is over 256 KiB, without reading further.
    """
    texts: list[str] = []
    size = 2
    for output in results:
        size += output.size + bool(texts)
        if limits.payload is not None and size > limits.payload:
            raise too_large(state)
        texts.append(output.text)
    return Document.parse(f"[{','.join(texts)}]")
